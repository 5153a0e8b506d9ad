// The page of a concept: what it is, what is near it, and by what evidence. `?relation=…&kind=…&new=1&from=…` is the state of its neighbors.
import { ask, root } from "./api.js";
import { fill, make } from "./dom.js";
import { showNeighbors } from "./concept_neighbors.js";
import { showEvidence } from "./concept_evidence.js";
import { showFunctions } from "./concept_gene.js";
import { showVariant } from "./concept_variant.js";
import { copier, kindMark, problemNote } from "./parts.js";
import { count } from "./words.js";

const NAMES_AT_ONCE = 8;
const head = document.getElementById("head");
const aside = document.getElementById("about-concept");
const curie = decodeURIComponent(location.pathname.slice(`${root}/concept/`.length));

async function show() {
  let card;
  try {
    card = await ask(`/v1/concepts/${encodeURIComponent(curie)}`);
  } catch (error) {
    document.title = `${curie} · generel`;
    document.getElementById("sections").hidden = true;
    return fill(head, make("h1", {}, curie), problemNote(error));
  }
  const { concept } = card;
  document.title = `${concept.name} · generel`;
  // A name that differs from what was asked (another database's identifier) gets the address of its own.
  if (concept.curie !== curie) history.replaceState(null, "", `${root}/concept/${encodeURIComponent(concept.curie).replaceAll("%3A", ":")}${location.search}`);
  fill(head, ...headOf(card));
  fill(aside, ...asideOf(card));
  const kind = document.getElementById("kind-section");
  await Promise.all([
    showNeighbors(document.getElementById("neighbors"), concept),
    showEvidence(document.getElementById("evidence"), concept),
    concept.kind === "gene" ? showFunctions(kind, concept) : concept.kind === "variant" ? showVariant(kind, concept) : null,
  ]);
}

function headOf({ concept, definition, added, n_relations: ties, identifiers }) {
  return [
    make("div", { class: "ids" }, kindMark(concept.kind), make("span", { class: "mono" }, concept.curie), copier(concept.curie, "copy"), added ? make("span", { class: "small quiet" }, "added to this space after its release") : null),
    make("h1", {}, concept.name),
    definition ? make("p", { class: "definition" }, definition) : null,
    make("p", { class: "actions" },
      make("a", { class: "button", href: `${root}/compare?a=${encodeURIComponent(concept.curie)}` }, "Compare with …"),
      make("a", { class: "button", href: `${root}/map?at=${encodeURIComponent(concept.curie)}` }, "Show on the map"),
      identifiers[0]?.url ? make("a", { class: "button", href: identifiers[0].url, rel: "noreferrer" }, `At ${identifiers[0].curie.split(":")[0]} ↗`) : null,
      make("span", { class: "small quiet" }, ties === 1 ? "tied to 1 concept" : `tied to ${count(ties)} concepts`)),
  ];
}

function asideOf({ names, identifiers, source }) {
  return [
    names.length ? make("section", { "aria-labelledby": "names-title" }, make("h2", { id: "names-title" }, "Also called"), cut(names.map((name) => make("li", {}, name)))) : null,
    make("section", { "aria-labelledby": "ids-title" }, make("h2", { id: "ids-title" }, "Identifiers"), cut(identifiers.map(({ curie: id, url }) => make("li", { class: "mono" }, url ? make("a", { href: url, rel: "noreferrer" }, id) : id)))),
    make("section", { "aria-labelledby": "source-title" }, make("h2", { id: "source-title" }, "Named by"), make("p", {}, source, " · ", make("a", { href: `${root}/about#sources` }, "licenses"))),
  ].filter(Boolean);
}

/** A list of which the rest comes when it is asked for. */
function cut(items) {
  const list = make("ul", {}, items.slice(0, NAMES_AT_ONCE));
  if (items.length <= NAMES_AT_ONCE + 1) return make("ul", {}, items);
  const more = make("button", { type: "button", class: "bare small", onclick: () => { list.append(...items.slice(NAMES_AT_ONCE)); more.remove(); } }, `${count(items.length - NAMES_AT_ONCE)} more`);
  return make("div", {}, list, more);
}

show();
