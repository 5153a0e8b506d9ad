// Two concepts compared: how related they are, in words, and what speaks for it. `?a=…&b=…` is the state.
import { address, ask } from "./api.js";
import { combobox } from "./combobox.js";
import { drawPaths } from "./compare_paths.js";
import { announce, fill, make } from "./dom.js";
import { bar, conceptLink, downloads, kindMark, problemNote, showing } from "./parts.js";
import { cosine, count, many, oneIn, percentile, pValue } from "./words.js";

const fields = { a: document.getElementById("a"), b: document.getElementById("b") };
const asked = {};
const verdict = document.getElementById("verdict");
const why = document.getElementById("why");

async function show() {
  const query = new URLSearchParams(location.search);
  for (const side of ["a", "b"]) asked[side] = query.get(side) ?? "";
  for (const side of ["a", "b"]) await nameOf(side);
  fill(why);
  if (!asked.a || !asked.b) {
    document.title = "Compare two concepts · generel";
    return fill(verdict, make("p", { class: "quiet" }, "Name two concepts of any kinds: a drug and a disease, a variant and a trait, two genes. Words that are no name are read for what they mean."));
  }
  await showing(verdict, async () => {
    const related = await ask("/v1/relatedness", { query: { a: asked.a, b: asked.b } });
    document.title = `${related.left.name} and ${related.right.name} · generel`;
    for (const [side, concept] of [["a", related.left], ["b", related.right]]) fields[side].value = concept.name;
    announce(sentence(related));
    return said(related);
  }, { what: "Comparing", lead: inItsPlace });
  if (!verdict.querySelector("[role=alert]")) await showing(why, async () => explained(await ask("/v1/explain", { query: { a: asked.a, b: asked.b, k: 6 } })), { what: "Looking for reasons" });
}

/** The comparison with something else in the place of what was refused. */
const inItsPlace = (text, { query }) => address("/compare", query === asked.b ? { a: asked.a, b: text } : { a: text, b: asked.b });

/** A CURIE in the address is shown by its name. */
async function nameOf(side) {
  const text = asked[side];
  fields[side].value = text;
  if (!/^[a-z][\w.]*:\S+$/i.test(text)) return;
  try {
    fields[side].value = (await ask(`/v1/concepts/${encodeURIComponent(text)}`)).concept.name;
  } catch { /* The comparison says what is wrong with it. */ }
}

function words(related) {
  if (related.percentile === null) return "Compared by meaning";
  if (related.p_value <= 0.001) return "Closely related";
  if (related.p_value <= 0.01) return "Related";
  if (related.p_value <= 0.05) return "Somewhat related";
  return "Not more related than chance";
}

function sentence(related) {
  if (related.percentile === null) return `${words(related)}: cosine ${cosine(related.cosine)}.`;
  const kinds = related.left.kind === related.right.kind ? `pairs of ${many(related.left.kind)}` : `${related.left.kind}–${related.right.kind} pairs`;
  if (related.p_value > 0.05) return `${words(related)}: ${percentile(related.percentile)}% of random ${kinds} are less alike.`;
  return `${words(related)}: more alike than ${percentile(related.percentile)}% of random ${kinds}; about one in ${oneIn(related.p_value)} is as alike.`;
}

function said(related) {
  return make("div", {},
    make("p", { class: "actions" }, conceptLink(related.left), kindMark(related.left.kind), make("span", { class: "quiet" }, "and"), conceptLink(related.right), kindMark(related.right.kind)),
    make("p", { class: "say" }, sentence(related)),
    related.percentile === null ? make("p", { class: "quiet" }, "Free text is not calibrated, so there is no percentile.") : gauge(related),
    make("dl", { class: "facts" },
      make("dt", {}, "Cosine"), make("dd", {}, related.cosine.toFixed(4).replace("-", "−")),
      related.percentile === null ? null : [make("dt", {}, "Percentile"), make("dd", {}, percentile(related.percentile)), make("dt", {}, "p-value"), make("dd", {}, pValue(related.p_value))]),
    make("p", { class: "actions" }, downloads("/v1/relatedness", { a: asked.a, b: asked.b }, `relatedness of ${asked.a} and ${asked.b}`)));
}

// The percentile on a scale where every step to the right is ten times rarer.
function gauge({ percentile: value, p_value: p }) {
  const decades = 4;
  const share = Math.min(1, Math.max(0, -Math.log10(Math.max(p, 1e-9)) / decades));
  return make("figure", { class: "gauge", role: "img", "aria-label": `Percentile ${percentile(value)}` },
    make("div", { class: "scale" }, make("span", { class: "needle", vars: { "--share": share } })),
    make("div", { class: "ticks", "aria-hidden": "true" }, ["any pair", "1 in 10", "1 in 100", "1 in 1,000", "1 in 10,000"].map((text) => make("span", {}, text))));
}

function explained(explanation) {
  const section = (title, note, ...body) => make("section", {}, make("div", { class: "section-head" }, make("h2", {}, title), note ? make("span", { class: "small" }, note) : null), ...body);
  const { relations, paths, shared_ties: ties, shared_neighbors: near, attributions } = explanation;
  const { left, right } = explanation.relatedness;
  return [
    ...attributions.map((each) => section(`Words that count in “${each.of.name}”`, `toward ${each.toward.name}`, wordsOf(each.attribution))),
    section("What sources say of the two", null, relations.length ? direct(relations) : make("p", { class: "quiet" }, "No source ties them to each other directly. What follows is indirect.")),
    paths.length ? section("Ways from one to the other", "best supported first", drawPaths(paths)) : null,
    ties.length ? section("Ties that both have", "the rarest first", sharedTies(ties, left, right)) : null,
    Object.values(near).some((list) => list.length) ? section("Near both", "with the cosine to each", sharedNeighbors(near, left, right)) : null,
    make("p", { class: "actions" }, downloads("/v1/explain", { a: asked.a, b: asked.b }, `explanation of ${asked.a} and ${asked.b}`, ["JSON"])),
  ].filter(Boolean);
}

const direct = (relations) => make("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Direct relations" }, make("table", {},
  make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Relation"), make("th", { scope: "col" }, "Source"), make("th", { scope: "col", class: "wide" }, "License"), make("th", { scope: "col", class: "number wide" }, "Confidence"))),
  make("tbody", {}, relations.map((each) => make("tr", {},
    make("td", {}, conceptLink(each.subject), make("span", { class: "quiet" }, ` ${each.phrase} `), conceptLink(each.object)),
    make("td", {}, each.homepage ? make("a", { href: each.homepage, rel: "noreferrer" }, each.title || each.source) : each.title || each.source, make("span", { class: "small quiet wide" }, ` ${each.source_version}`)),
    make("td", { class: "small wide" }, each.license), make("td", { class: "number wide" }, each.confidence.toFixed(2)))))));

const sharedTies = (ties, left, right) => make("ul", {}, ties.map((each) => make("li", { class: "path" },
  make("div", {}, make("strong", {}, `Both: ${each.phrase} `), each.concepts.map((concept, index) => [index ? ", " : "", conceptLink(concept)]),
    each.n_shared > each.concepts.length ? ` and ${count(each.n_shared - each.concepts.length)} more` : "",
    make("div", { class: "small quiet" }, `${count(each.n_shared)} shared, of ${count(each.n_left)} of ${left.name} and ${count(each.n_right)} of ${right.name}`)))));

const sharedNeighbors = (near, left, right) => make("div", { class: "cards" }, Object.entries(near).filter(([, list]) => list.length).map(([kind, list]) => make("div", { class: "card", "data-kind": kind },
  make("h3", {}, kindMark(kind, { plural: true })),
  make("table", {}, make("thead", { class: "unseen" }, make("tr", {}, make("th", { scope: "col" }, "Concept"), make("th", { scope: "col" }, `Cosine to ${left.name}`), make("th", { scope: "col" }, `Cosine to ${right.name}`))),
    make("tbody", {}, list.map((each) => make("tr", {}, make("td", {}, conceptLink(each.concept)), make("td", { class: "number" }, bar(each.cosine_left), cosine(each.cosine_left)), make("td", { class: "number" }, bar(each.cosine_right), cosine(each.cosine_right)))))))));

// Words that bring the text nearer are marked, the more the stronger; the title has the number.
function wordsOf({ text, words: spans }) {
  const strongest = Math.max(...spans.map(([, , weight]) => Math.abs(weight)), 1e-9);
  const letters = [...text];
  return make("p", { class: "words" }, spans.map(([start, end, weight], index) => [index ? " " : "", weight > 0 ? make("mark", { title: `adds ${weight.toFixed(3)}`, vars: { "--share": weight / strongest } }, letters.slice(start, end).join("")) : letters.slice(start, end).join("")]).flat());
}

for (const side of ["a", "b"]) {
  const go = (text) => {
    asked[side] = text;
    // What was typed on the other side and not sent counts, too.
    history.pushState(null, "", address("/compare", { a: asked.a, b: asked.b }));
    show();
  };
  combobox(fields[side].closest(".search"), { onChoose: (concept) => go(concept.curie), onText: go });
}
document.getElementById("swap").addEventListener("click", () => {
  history.pushState(null, "", address("/compare", { a: asked.b, b: asked.a }));
  show();
});
document.getElementById("pair").addEventListener("submit", (event) => event.preventDefault());
addEventListener("popstate", show);
show().catch((error) => fill(verdict, problemNote(error)));
