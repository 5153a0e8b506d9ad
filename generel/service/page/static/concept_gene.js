// What the gene-set model predicts of a gene, library by library. How far to trust it stands beside: the AUROC with which a model that had
// not seen the library found the hidden half of its sets, and of this very set. Where the service has no such model, the section stays away.
import { ask } from "./api.js";
import { fill, make } from "./dom.js";
import { bar, downloads, tieLegend, tieMark } from "./parts.js";
import { count } from "./words.js";

const AT_ONCE = 8;

export async function showFunctions(place, concept) {
  const path = `/v1/genes/${encodeURIComponent(concept.curie)}`;
  let page;
  if (!(await ask("/v1/space")).gene_sets) return;
  try {
    page = await ask(path, { query: { k: AT_ONCE } });
  } catch (error) {
    // The model has other genes than the space.
    if ([404, 422].includes(error.status)) return;
    throw error;
  }
  if (!page.libraries.length) return;
  place.hidden = false;
  fill(place, make("div", { class: "section-head" }, make("h2", {}, "Predicted functions"), tieLegend("in the set already", "predicted")),
    make("div", { class: "cards broad" }, page.libraries.map(library)),
    make("p", { class: "actions" }, downloads(path, { k: 1000 }, `functions of ${concept.name}`)));
}

const library = ({ figures, functions }) => make("div", { class: "card" },
  make("h3", {}, figures.library, make("span", { class: "small quiet" }, `${count(figures.n_sets)} sets, ${reliability(figures.auroc)}`)),
  make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Set"), make("th", { scope: "col", class: "number" }, "Percentile"), make("th", { scope: "col", class: "number", title: "How well the hidden half of this very set was found by a model that had not seen the library" }, "AUROC"))),
    make("tbody", {}, functions.map((each) => make("tr", {},
      make("td", {}, tieMark(each.known), " ", each.gene_set.name, make("span", { class: "small quiet wide" }, ` ${count(each.gene_set.n_genes)} genes`)),
      make("td", { class: "number" }, each.percentile.toFixed(1)),
      make("td", { class: "number" }, each.gene_set.auroc === null ? "–" : [bar((each.gene_set.auroc - 0.5) * 2), each.gene_set.auroc.toFixed(2)]))))));

const reliability = (auroc) => (auroc === null ? "not measured" : `AUROC ${auroc.toFixed(2)} unseen`);
