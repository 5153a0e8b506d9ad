// Paths through the graph as chains of concepts, each arrow with how its relation reads.
import { conceptAddress } from "./api.js";
import { make } from "./dom.js";

export const drawPaths = (paths) => make("ol", {}, paths.map((path) => make("li", { class: "path" }, stop(path.steps[0].left), path.steps.flatMap((step) => [arrow(step), stop(step.right)]))));

const stop = (concept) => make("a", { class: "stop concept-link", "data-kind": concept.kind, href: conceptAddress(concept.curie), title: concept.kind }, concept.name);

const arrow = (step) => make("span", { class: "step", title: `${step.sources.join(", ")}; confidence ${step.confidence.toFixed(2)}` }, step.phrase, make("span", { class: "unseen" }, ` (${step.sources.join(", ")})`));
