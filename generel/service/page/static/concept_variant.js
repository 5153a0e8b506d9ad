// What a geneticist asks of a variant first: which genes it is tied to, which traits and which drugs, and how sure the source is. What
// several rows say of the same concept stands together.
import { ask } from "./api.js";
import { fill, make } from "./dom.js";
import { bar, conceptLink, showing } from "./parts.js";
import { count } from "./words.js";

const GROUPS = [["Genes", ["gene"]], ["Traits", ["disease", "phenotype"]], ["Drugs", ["drug"]]];
const AT_ONCE = 200;
const SHOWN = 8;

export function showVariant(place, concept) {
  place.hidden = false;
  const body = make("div");
  fill(place, make("div", { class: "section-head" }, make("h2", {}, "What this variant is tied to"), make("span", { class: "small" }, "with the source's confidence")), body);
  return showing(body, async () => {
    const found = await Promise.all(GROUPS.map(([, kinds]) => ask(`/v1/concepts/${encodeURIComponent(concept.curie)}/relations`, { query: { kind: kinds, limit: AT_ONCE } })));
    const groups = GROUPS.map(([title], index) => [title, together(found[index].relations)]).filter(([, ties]) => ties.length);
    if (!groups.length) return make("p", { class: "quiet" }, "No source ties it to a gene, a trait or a drug; it lies where its neighbors put it.");
    return make("div", { class: "cards" }, groups.map(([title, ties]) => make("div", { class: "card" },
      make("h3", {}, title, make("span", { class: "quiet small" }, ties.length > SHOWN ? `${SHOWN} of ${count(ties.length)}` : count(ties.length))), make("ul", { class: "tied" }, ties.slice(0, SHOWN).map(line)))));
  });
}

/** The relations by concept, the surest first; of each phrase its best confidence. */
function together(relations) {
  const byCurie = new Map();
  for (const { concept, phrase, confidence, source, license } of relations) {
    const tie = byCurie.get(concept.curie) ?? { concept, phrases: new Set(), sources: new Map(), confidence: 0 };
    tie.phrases.add(phrase);
    tie.sources.set(source, license);
    tie.confidence = Math.max(tie.confidence, confidence);
    byCurie.set(concept.curie, tie);
  }
  return [...byCurie.values()].sort((left, right) => right.confidence - left.confidence || right.phrases.size - left.phrases.size);
}

const line = ({ concept, phrases, sources, confidence }) => make("li", { "data-kind": concept.kind }, conceptLink(concept), make("span", { class: "number" }, bar(confidence), confidence.toFixed(2)),
  make("span", { class: "how small quiet" }, [...phrases].join("; "), ` (${[...sources].map(([source, license]) => `${source}, ${license}`).join("; ")})`));
