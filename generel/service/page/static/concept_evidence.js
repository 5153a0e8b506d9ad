// The evidence that a concept is in: each relation as a sentence with its source, license and confidence, a page at a time.
import { ask } from "./api.js";
import { announce, fill, make } from "./dom.js";
import { conceptLink, downloads, kindMark, showing } from "./parts.js";
import { count, KINDS, many } from "./words.js";

const AT_ONCE = 15;

export async function showEvidence(place, concept) {
  const path = `/v1/concepts/${encodeURIComponent(concept.curie)}/relations`;
  const list = make("div");
  const only = make("select", { id: "evidence-kind" }, make("option", { value: "" }, "any kind"));
  const { kinds } = await ask("/v1/kinds");
  only.append(...KINDS.filter((kind) => kinds.includes(kind)).map((kind) => make("option", { value: kind }, many(kind))));
  const show = (offset = 0) => showing(list, async () => {
    const query = { kind: only.value, limit: AT_ONCE, offset };
    const { relations, total, next } = await ask(path, { query });
    announce(`${total} relations`);
    if (!total) return make("p", { class: "quiet" }, only.value ? `No source ties it to ${many(only.value)}.` : "No source says anything of it; its neighbors come from its names alone.");
    return [
      make("div", { class: "table", tabindex: "0", role: "region", "aria-labelledby": "evidence-title" }, evidenceTable(relations)),
      make("div", { class: "pager" },
        offset ? make("button", { type: "button", class: "button", onclick: () => show(offset - AT_ONCE) }, "← Back") : null,
        next ? make("button", { type: "button", class: "button", onclick: () => show(offset + AT_ONCE) }, "More →") : null,
        make("span", { class: "small quiet" }, `${count(offset + 1)}–${count(offset + relations.length)} of ${count(total)}`),
        downloads(path, { kind: only.value, limit: 1000 }, `evidence of ${concept.curie}`)),
    ];
  });
  only.addEventListener("change", () => show());
  fill(place, make("div", { class: "section-head" }, make("h2", { id: "evidence-title" }, "Evidence"), make("label", { class: "small actions" }, "with", only)), list);
  await show();
}

/** A table of relations as a concept sees them. */
export function evidenceTable(relations) {
  return make("table", {},
    make("thead", {}, make("tr", {}, ["Relation", "Concept"].map((text) => make("th", { scope: "col" }, text)), make("th", { scope: "col", class: "wide" }, "Kind"), make("th", { scope: "col" }, "Source"), make("th", { scope: "col", class: "wide" }, "License"), make("th", { scope: "col", class: "number wide" }, "Confidence"))),
    make("tbody", {}, relations.map((each) => make("tr", {},
      make("td", { class: "quiet" }, each.phrase), make("td", {}, conceptLink(each.concept)), make("td", { class: "wide" }, kindMark(each.concept.kind)),
      make("td", {}, each.url ? make("a", { href: each.url, rel: "noreferrer" }, each.source) : each.source, make("span", { class: "quiet small wide" }, ` ${each.source_version}`)),
      make("td", { class: "small wide" }, each.license), make("td", { class: "number wide" }, each.confidence.toFixed(2))))));
}
