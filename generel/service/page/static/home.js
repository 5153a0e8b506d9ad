// The first page: a search field, and what a search finds. `?q=…&kind=…&from=…` is the state of a search.
import { address, ask, conceptAddress } from "./api.js";
import { combobox } from "./combobox.js";
import { announce, fill, make } from "./dom.js";
import { conceptLink, downloads, kindMark, showing } from "./parts.js";
import { count, HOW, KINDS, many } from "./words.js";

const EXAMPLES = ["simvastatin", "SLCO1B1", "type 2 diabetes mellitus", "rs7903146", "seizure", "myocardial infarction", "rs4149056", "BRCA1"];
const AT_ONCE = 20;
const results = document.getElementById("results");
const field = document.getElementById("q");

async function showResults() {
  const state = new URLSearchParams(location.search);
  const text = (state.get("q") ?? "").trim(), kinds = state.getAll("kind").filter((kind) => KINDS.includes(kind)), from = Number.parseInt(state.get("from"), 10) || 0;
  document.body.classList.toggle("searched", text !== "");
  document.title = text ? `${text} · generel` : "generel";
  field.value = text;
  if (!text) return fill(results);
  await showing(results, async () => {
    const query = { q: text, kind: kinds, limit: AT_ONCE, offset: from };
    const { matches, next } = await ask("/v1/concepts", { query });
    announce(`${matches.length} concepts found`);
    return [
      make("div", { class: "section-head" }, make("h2", {}, matches.length ? `Concepts called “${text}” or much like it` : `Nothing is called “${text}”`), matches.length ? downloads("/v1/concepts", query, `search ${text}`) : null),
      await kindFilter(text, kinds),
      matches.length ? make("ol", {}, matches.map(result)) : make("p", { class: "quiet" }, kinds.length ? "Look among all kinds, or try other words." : "Try fewer or other words, a symbol, or an identifier such as rs7903146."),
      pager(text, kinds, from, next),
    ];
  }, { what: "Searching" });
}

function result(match) {
  const { concept, matched, how } = match;
  const said = matched.toLowerCase() === concept.name.toLowerCase() && how !== "meaning" ? null : how === "meaning" ? `${HOW.meaning}, cosine ${match.score.toFixed(2)}` : `${HOW[how] ?? how}: ${matched}`;
  return make("li", {}, make("span", { class: "name" }, conceptLink(concept)), kindMark(concept.kind),
    make("span", { class: "small quiet" }, make("span", { class: "mono" }, concept.curie), said ? ` · ${said}` : null));
}

async function kindFilter(text, chosen) {
  const { kinds } = await ask("/v1/kinds");
  const link = (label, kind, on) => make("a", { class: "chip", href: address("/", { q: text, kind }), "aria-current": on ? "true" : null }, label);
  return make("nav", { class: "tabs", "aria-label": "Only one kind" }, link("all kinds", null, !chosen.length), KINDS.filter((kind) => kinds.includes(kind)).map((kind) => link(kindMark(kind, { plural: true }), kind, chosen.includes(kind))));
}

function pager(text, kind, from, next) {
  if (!from && !next) return null;
  return make("nav", { class: "pager", "aria-label": "Pages" },
    from ? make("a", { class: "button", rel: "prev", href: address("/", { q: text, kind, from: Math.max(0, from - AT_ONCE) }) }, "← Back") : null,
    next ? make("a", { class: "button", rel: "next", href: address("/", { q: text, kind, from: from + AT_ONCE }) }, "More →") : null);
}

/** Only examples that this space has are offered; each is one small question. */
async function showExamples() {
  const known = await Promise.all(EXAMPLES.map(async (text) => {
    const { matches } = await ask("/v1/concepts", { query: { q: text, limit: 1, meaning: "no" } });
    return matches[0] && ["curie", "name", "synonym"].includes(matches[0].how) ? [text, matches[0].concept] : null;
  }));
  const offered = known.filter(Boolean).slice(0, 5);
  if (offered.length) fill(document.getElementById("examples"), make("span", { class: "quiet small" }, "Try"), offered.map(([text, concept]) => make("a", { class: "chip", href: conceptAddress(concept.curie) }, kindDot(concept.kind), text)));
}

const kindDot = (kind) => {
  const mark = kindMark(kind);
  return fill(mark, make("span", { class: "unseen" }, kind));
};

async function showCounts() {
  const { counts } = await ask("/v1/space");
  fill(document.getElementById("counts"), KINDS.filter((kind) => counts[kind]).map((kind) => make("li", {}, make("strong", {}, count(counts[kind])), " ", kindMark(kind, { plural: counts[kind] !== 1 }))));
  document.getElementById("counts").setAttribute("aria-label", `In this space: ${KINDS.filter((kind) => counts[kind]).map(many).join(", ")}`);
}

combobox(field.closest(".search"), {
  onChoose: (concept) => location.assign(conceptAddress(concept.curie)),
  onText: (text) => {
    history.pushState(null, "", address("/", { q: text }));
    showResults();
  },
});
document.querySelector("form.search").addEventListener("submit", (event) => event.preventDefault());
addEventListener("popstate", showResults);
showResults();
if (!document.body.classList.contains("searched")) Promise.allSettled([showExamples(), showCounts()]);
