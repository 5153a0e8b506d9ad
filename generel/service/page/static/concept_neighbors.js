// What is near a concept: a short list for each kind, or one kind in full. A neighbor is *known* where the evidence ties it to the
// concept, else *predicted*. Which is which is asked, not counted from a list of relations that may be long: a neighbor that is gone
// once the known ones are left out is known. By a relation the likeliest answers come first, and known means known by that relation.
import { ask, root } from "./api.js";
import { announce, fill, make } from "./dom.js";
import { bar, conceptLink, downloads, kindMark, problemNote, showing, tieLegend, tieMark } from "./parts.js";
import { cosine, KINDS, many, percentile } from "./words.js";

const IN_CARD = 6;
const IN_TABLE = 25;

export async function showNeighbors(place, concept) {
  const [{ kinds }, { relations }] = await Promise.all([ask("/v1/kinds"), ask("/v1/relations", { query: { kind: concept.kind } })]);
  const present = KINDS.filter((kind) => kinds.includes(kind));
  const tabs = make("div", { class: "tabs", role: "group", "aria-label": "Kinds of neighbors" });
  const list = make("div", { "aria-live": "off" });
  const by = make("select", { id: "relation" }, make("option", { value: "" }, "whatever the relation"), relations.map(({ relation, phrase }) => make("option", { value: relation }, `${phrase} …`)));
  fill(place,
    make("div", { class: "section-head" }, make("h2", { id: "neighbors-title" }, "Nearest concepts"), relations.length ? make("label", { class: "small actions" }, "that it", by) : null, tieLegend("known tie", "predicted")),
    tabs, list);

  const show = async () => {
    const state = stateOf(present, relations);
    by.value = state.relation ?? "";
    const answers = relations.find(({ relation }) => relation === state.relation)?.answers ?? present;
    fill(tabs, tab("all kinds", null, state), present.filter((kind) => answers.includes(kind)).map((kind) => tab(kindMark(kind, { plural: true }), kind, state)), unknownOnly(state));
    await (state.kind || state.fresh || state.relation ? showTable(list, concept, state) : showCards(list, concept, present, go));
  };
  const go = (changes) => {
    const wanted = { ...stateOf(present, relations), from: 0, ...changes };
    const query = new URLSearchParams(Object.entries({ relation: wanted.relation, kind: wanted.kind, new: wanted.fresh ? "1" : null, from: wanted.from || null }).filter(([, value]) => value));
    history.pushState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
    return show();
  };
  const tab = (label, kind, state) => make("button", { type: "button", "aria-pressed": String(state.kind === kind), onclick: async () => { await go({ kind }); tabs.querySelector('[aria-pressed="true"]')?.focus(); } }, label);
  const unknownOnly = (state) => make("button", { type: "button", "aria-pressed": String(state.fresh), onclick: async () => { await go({ fresh: !state.fresh }); tabs.lastElementChild.focus(); } }, "predicted only");
  by.addEventListener("change", () => go({ relation: by.value || null, kind: null }));
  addEventListener("popstate", show);
  place.addEventListener("turn", (event) => go({ from: event.detail }));
  await show();
}

function stateOf(kinds, relations) {
  const query = new URLSearchParams(location.search);
  const relation = relations.find((each) => each.relation === query.get("relation"));
  const kind = (relation?.answers ?? kinds).includes(query.get("kind")) ? query.get("kind") : null;
  return { relation: relation?.relation ?? null, kind, fresh: query.get("new") === "1", from: Math.max(0, Number.parseInt(query.get("from"), 10) || 0) };
}

/** The neighbors asked for, each with whether it is known. */
async function neighborsOf(concept, { relation = null, kind, k, from = 0, fresh = false }) {
  const query = { query: concept.curie, relation, kind, k, offset: from, exclude_known: fresh || null };
  if (fresh) {
    const { neighbors, next } = await ask("/v1/neighbors", { query });
    return { neighbors: neighbors.map((each) => ({ ...each, known: false })), next, query };
  }
  // Of the first `from + k` neighbors those that are unknown are among as many unknown ones.
  const [all, unknown] = await Promise.all([ask("/v1/neighbors", { query }), ask("/v1/neighbors", { query: { ...query, offset: 0, k: Math.min(1000, from + k), exclude_known: true } })]);
  const predicted = new Set(unknown.neighbors.map((each) => each.concept.curie));
  return { neighbors: all.neighbors.map((each) => ({ ...each, known: !predicted.has(each.concept.curie) })), next: all.next, query };
}

async function showCards(place, concept, kinds, go) {
  const cards = kinds.map((kind) => make("div", { class: "card", "data-kind": kind }, make("h3", {}, kindMark(kind, { plural: true }), make("button", { type: "button", class: "bare small", onclick: () => go({ kind }) }, "more", make("span", { class: "unseen" }, ` ${many(kind)}`))), make("p", { class: "loading" }, "…")));
  fill(place, make("div", { class: "cards" }, cards));
  await Promise.all(kinds.map(async (kind, index) => {
    const waiting = cards[index].lastElementChild;
    try {
      const { neighbors } = await neighborsOf(concept, { kind, k: IN_CARD });
      waiting.replaceWith(neighbors.length ? make("ol", { class: "near-list" }, neighbors.map((each) => make("li", {}, tieMark(each.known), conceptLink(each.concept), number(each)))) : make("p", { class: "quiet small" }, "none"));
    } catch (error) {
      waiting.replaceWith(problemNote(error));
    }
  }));
}

const number = (each) => make("span", { class: "number", title: each.percentile === null ? null : `more alike than ${percentile(each.percentile)}% of random pairs of these kinds` }, bar(each.cosine), cosine(each.cosine));

function showTable(place, concept, { relation, kind, fresh, from }) {
  return showing(place, async () => {
    const { neighbors, next, query } = await neighborsOf(concept, { relation, kind, k: IN_TABLE, from, fresh });
    announce(`${neighbors.length} ${kind ? many(kind) : "concepts"}`);
    if (!neighbors.length) return make("p", { class: "quiet" }, "There are no such neighbors.");
    const turn = (label, to, rel) => make("button", { type: "button", class: "button", rel, onclick: () => place.dispatchEvent(new CustomEvent("turn", { detail: to, bubbles: true })) }, label);
    return [
      make("div", { class: "table", tabindex: "0", role: "region", "aria-labelledby": "neighbors-title" }, make("table", {}, headings(), make("tbody", {}, neighbors.map((each) => row(each, concept))))),
      make("div", { class: "pager" }, from ? turn("← Back", Math.max(0, from - IN_TABLE)) : null, next ? turn("More →", from + IN_TABLE) : null, downloads("/v1/neighbors", { ...query, k: 1000, offset: null }, `neighbors of ${concept.curie}`)),
    ];
  }, { what: "Looking around" });
}

const headings = () => make("thead", {}, make("tr", {},
  make("th", { scope: "col", class: "number wide", title: "By cosine and by how often the concept is an answer to such a question; of a relation by all that told its answers" }, "Rank"), make("th", { scope: "col" }, "Concept"), make("th", { scope: "col", class: "wide" }, "Kind"), make("th", { scope: "col", class: "number" }, "Cosine"),
  make("th", { scope: "col", class: "number wide", title: "Share of random pairs of the same two kinds that are less alike, in percent" }, "Percentile"), make("th", { scope: "col" }, "Tie"), make("th", { scope: "col" }, make("span", { class: "unseen" }, "Explanation"))));

const row = (each, concept) => make("tr", { "data-kind": each.concept.kind },
  make("td", { class: "number quiet wide" }, String(each.rank)), make("td", {}, conceptLink(each.concept)), make("td", { class: "wide" }, kindMark(each.concept.kind)),
  make("td", { class: "number" }, bar(each.cosine), cosine(each.cosine)), make("td", { class: "number wide" }, percentile(each.percentile)),
  make("td", {}, make("span", { class: each.known ? "tie known" : "tie" }, each.known ? "known" : "predicted")),
  make("td", { class: "number" }, make("a", { class: "small", href: `${root}/compare?a=${encodeURIComponent(concept.curie)}&b=${encodeURIComponent(each.concept.curie)}` }, "why?", make("span", { class: "unseen" }, ` ${each.concept.name}`))));
