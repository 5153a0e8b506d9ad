// What is served: the space, what it is made of, under which licenses, and how well it does.
import { ask } from "./api.js";
import { fill, make } from "./dom.js";
import { bar, downloads, kindMark, problemNote } from "./parts.js";
import { count, KINDS, predicate } from "./words.js";

async function show() {
  const space = await ask("/v1/space");
  document.title = `About the space ${space.name} · generel`;
  document.getElementById("name").textContent = `The space “${space.name}”`;
  fill(document.getElementById("facts"), facts(space));
  fill(document.getElementById("counts"), countsOf(space));
  fill(document.getElementById("figures"), figuresOf(space.figures));
  fill(document.getElementById("sources"), make("div", { class: "section-head" }, make("h2", {}, "Sources and licenses"), downloads("/v1/space", {}, `space ${space.name}`, ["JSON"])), space.sources.map(source));
  // An address that ends in #sources was looked for before it was there.
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

const facts = (space) => make("dl", { class: "facts" }, [
  ["Released", new Date(space.created).toLocaleDateString("en", { dateStyle: "long" })],
  ["Concepts", count(space.n_concepts) + (space.added ? `, ${count(space.added)} of them added here` : "")],
  ["Relations", count(space.n_relations)],
  ["Dimensions", `${space.dims}, compared by ${space.metric}`],
  ["Searched by", space.store],
  ["Free text", space.has_encoder ? "can be asked" : "cannot be asked: the space has no encoder"],
  ["Digest", make("span", { class: "mono" }, space.digest)],
].map(([term, value]) => [make("dt", {}, term), make("dd", {}, value)]));

function countsOf({ counts }) {
  const most = Math.max(...Object.values(counts));
  return [make("h2", {}, "Concepts by kind"), make("table", {}, make("thead", { class: "unseen" }, make("tr", {}, make("th", { scope: "col" }, "Kind"), make("th", { scope: "col" }, "Concepts"))),
    make("tbody", {}, KINDS.filter((kind) => counts[kind]).map((kind) => make("tr", { "data-kind": kind }, make("th", { scope: "row" }, kindMark(kind, { plural: true })), make("td", { class: "number" }, bar(counts[kind] / most), count(counts[kind]))))))];
}

/** Figures are what evaluation at release wrote: numbers by name, and tables of them by group. */
function figuresOf(figures) {
  const numbers = Object.entries(figures).filter(([, value]) => typeof value === "number");
  if (!numbers.length) return [];
  return [make("h2", {}, "How well it does"), make("p", { class: "quiet small" }, "Mean reciprocal rank on relations that were held out while it was trained, by predicate."),
    make("table", {}, make("thead", { class: "unseen" }, make("tr", {}, make("th", { scope: "col" }, "Predicate"), make("th", { scope: "col" }, "Figure"))),
      make("tbody", {}, numbers.map(([name, value]) => make("tr", {}, make("th", { scope: "row" }, predicate(name)), make("td", { class: "number" }, bar(value), value.toFixed(3))))))];
}

const source = (each) => make("article", { class: "source" },
  make("h3", {}, each.homepage ? make("a", { href: each.homepage, rel: "noreferrer" }, each.title || each.name) : each.title || each.name, each.synthetic ? " (synthetic: no real patients)" : ""),
  make("p", { class: "small" }, make("strong", {}, each.license), ` · version ${each.version}`),
  each.citation ? make("p", { class: "small quiet" }, each.citation) : null);

show().catch((error) => fill(document.getElementById("facts"), problemNote(error)));
