// What several pages show: kinds, concepts, bars, downloads, and what went wrong.
import { address, conceptAddress } from "./api.js";
import { announce, fill, make } from "./dom.js";
import { many } from "./words.js";

/** A kind as a colored dot and its word. */
export const kindMark = (kind, { plural = false } = {}) => make("span", { class: "kind", "data-kind": kind }, plural ? many(kind) : kind);

/** The name of a concept, leading to its page; free text leads nowhere. */
export const conceptLink = (concept) =>
  concept.curie ? make("a", { class: "concept-link", href: conceptAddress(concept.curie) }, concept.name) : make("span", {}, `“${concept.name}”`);

/** A small bar for a share of 1; the number stands beside it in words. */
export const bar = (share) => make("span", { class: "bar", "aria-hidden": "true", vars: { "--share": Math.max(0, Math.min(1, share)) } });

/** Links to the same answer as TSV and as JSON, to be kept in a file of that name. */
export function downloads(path, query, name, formats = ["TSV", "JSON"]) {
  const file = name.replace(/[^\w.-]+/g, "-");
  return make("span", { class: "actions" }, formats.map((label) => make("a",
    { class: "button", href: address(path, { ...query, format: label === "TSV" ? "tsv" : null }), download: `${file}.${label.toLowerCase()}` }, label, make("span", { class: "unseen" }, ` of ${name}`))));
}

/** What the two marks of ties mean. */
export const tieLegend = (known, predicted) => make("span", { class: "legend-line small" }, make("span", { class: "tie known" }, known), make("span", { class: "tie" }, predicted));

/** A mark without its word, which is there for those who listen. */
export const tieMark = (known) => make("span", { class: known ? "tie known mark-only" : "tie mark-only" }, make("span", { class: "unseen" }, known ? "known tie" : "predicted"));

/** A link that copies a text. */
export function copier(text, label) {
  const button = make("button", { type: "button", class: "bare small", onclick: async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "copied";
    announce(`${text} copied`);
    setTimeout(() => { button.textContent = label; }, 1500);
  } }, label);
  return button;
}

/** Shows in `place` what the work gives back; while it lasts that something is on its way, and where it fails why. */
export async function showing(place, work, { what = "Loading", lead } = {}) {
  fill(place, make("p", { class: "loading" }, `${what} …`));
  place.setAttribute("aria-busy", "true");
  try {
    fill(place, await work());
  } catch (error) {
    if (error.name === "AbortError") return;
    fill(place, problemNote(error, lead));
  } finally {
    place.removeAttribute("aria-busy");
  }
}

const TITLES = {
  UnknownConcept: "There is no such concept here", AmbiguousConcept: "Several concepts are called so", UnknownPrefix: "There is no such prefix", BadIdentifier: "That is no identifier",
  TooManyRequests: "Too many questions at once", Overloaded: "The service is busy", NotAuthorized: "The service does not know your key",
};

/** A refusal as a sentence, with the nearest names as links; where these lead is the page's to say, by (CURIE or name, refusal). */
export function problemNote(error, lead = leadTo) {
  const others = [...error.candidates ?? [], ...error.near ?? []].map((each) => (typeof each === "string" ? each : each.curie));
  const sentence = error.message.split("; nearest:")[0];
  return make("div", { class: "note wrong", role: "alert" },
    make("h2", {}, TITLES[error.type] ?? (error.title || "Something went wrong on this page")),
    make("p", {}, sentence.charAt(0).toUpperCase() + sentence.slice(1), /[.?!]$/.test(sentence) ? "" : "."),
    others.length ? make("p", { class: "quiet" }, error.candidates?.length ? "Which one do you mean?" : "Did you mean one of these?") : null,
    others.length ? make("ul", {}, others.slice(0, 12).map((text) => make("li", {}, make("a", { class: "chip", href: lead(curieOf(text) ?? text, error) }, text)))) : null);
}

/** The CURIE with which a text begins, if it does. */
const curieOf = (text) => text.match(/^[a-z][\w.]*:[^\s,;]+/i)?.[0];

const leadTo = (text) => (curieOf(text) ? conceptAddress(text) : address("/", { q: text }));
