"""How well genes are ranked for sets that nobody told of, by their names alone (zero-shot): Markdown tables on stdout.

    PYTHONPATH=. python tests/benchmarks/gene_properties.py --space open_go --build open --out terms.tsv
    PYTHONPATH=. python tests/benchmarks/gene_properties.py --space starter --sets h.all.v7.0.symbols.gmt wikipathways_2015.gmt.gz

Sets are the pathways of a build, by library, or those of GMT files; a space that was told of no pathway is trained by the recipe `open_go`. AUROC
is of the members of a set among all genes of the space (or, with `--among library`, among those that some set of the library has), over the sets
with at least 10 members. *Ahead* is the mean difference to the raw language model on the same sets; intervals are over sets, as if no two shared genes.

Methods that read nothing but the set's name: the space's cosine of name and gene, the raw language model's (of the gene's symbol and full name, or
of its summary too), shared words (TF-IDF). *Votes* are those of the known terms for their genes, the
more the nearer a term is to the name; *both* joins them with the cosines. How much is
known of each gene, whatever the set, is the floor. A set that a known term nearly is (Jaccard of .3 and more) is easier, so the others are told apart.
The cross-validated properties themselves are printed by `generel genes score`.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.apps.gene_names import GeneNames
from generel.apps.gene_ranking import join_votes
from generel.apps.gene_text import LongTexts, read_gene_texts
from generel.apps.term_votes import KnownTerms
from generel.concepts.home import Home
from generel.concepts.kinds import Kind
from generel.concepts.tables import SPACE_CONCEPTS, read_table
from generel.index.space_folder import CONCEPTS_FILE, VECTORS_FILE
from generel.index.vectors_file import VectorsFile
from generel.query.space import EmbeddingSpace
from kg.build import find_build
from training.evaluate.gene_properties import text_terms
from training.evaluate.gene_set_halves import figures_of_ranking
from training.gene_sets.gmt_stream import Faults, library_name, stream_gmt

Floats = NDArray[np.float32]
Score = Callable[[Sequence[str]], Floats]
LEAST_MEMBERS, UNLIKE, A_BLOCK = 10, 0.3, 100
RAW, FLOOR = "raw encoder, names", "number of relations"


@dataclass(frozen=True)
class Library:
    """The sets of a library: their names as words, and the rows of their members among the genes of the space."""

    name: str
    sets: list[str]
    members: list[NDArray[np.int64]]


def main() -> None:
    """Print the tables; write the figure of each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="starter")
    parser.add_argument("--sets", type=Path, nargs="+", default=[], help="GMT files")
    parser.add_argument("--build", help="the pathways of this build")
    parser.add_argument("--without", nargs="+", default=[], help="libraries of the build to leave out, such as one that it has twice")
    parser.add_argument("--limit", type=int, default=0, help="sets of each library, drawn at random; 0 for all")
    parser.add_argument("--among", choices=("all", "library"), default="all", help="which genes are ranked")
    parser.add_argument("--raw", choices=("none", "names", "summaries"), default="names", help="what of all genes the raw language model reads: names take minutes, summaries half an hour")
    parser.add_argument("--out", type=Path, help="a TSV with the figures of each set")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with EmbeddingSpace.open(options.space) as space:
        genes = read_table(space.folder / CONCEPTS_FILE, SPACE_CONCEPTS).filter(kind=Kind.GENE.value)
        known = KnownTerms.open(space.folder)
        print(f"{options.space} ranks {genes.height:,} genes and was told those of {known.say()}.\n")
        libraries = [*(library_of_gmt(path, space.folder, genes) for path in options.sets), *(libraries_of_build(options.build, genes) if options.build else [])]
        scores = dict(scorers(space, genes, known, raw=options.raw))
        drawn = [draw(library, limit=options.limit, seed=options.seed) for library in libraries if library.sets and library.name not in options.without]
        figures = pl.concat([figures_of(library, scores, known, among=options.among) for library in drawn])
    for title, rows in (("All sets", figures), (f"Sets that are no known term's, Jaccard below {UNLIKE}", figures.filter(pl.col("jaccard") < UNLIKE))):
        print(f"{title}\n\n{as_markdown(summarize(rows))}\n")
    if options.out:
        figures.write_csv(options.out, separator="\t")


def library_of_gmt(path: Path, folder: Path, genes: pl.DataFrame) -> Library:
    """The sets of a file that have enough known genes."""
    names, places = GeneNames.open(folder), {row: place for place, row in enumerate(genes["row"].to_list())}
    found = {line.name: sorted({places[int(row)] for row in names.find(gene.partition(",")[0] for gene in line.genes).rows if int(row) in places}) for line in stream_gmt(path, faults=Faults())}
    return library_of(library_name(path), {readable(name): members for name, members in found.items()})


def libraries_of_build(name: str, genes: pl.DataFrame) -> Iterator[Library]:
    """The pathways of a build, a library each."""
    build = find_build(name, home=Home.from_environment())
    pathways = build.concepts.filter(kind=Kind.PATHWAY.value).select(set="curie").unique()
    rows = build.gene_sets.join(pathways, on="set", how="semi").join(genes.select("curie").with_row_index("place"), left_on="gene", right_on="curie")
    by_set = rows.group_by("library", "set").agg(pl.col("name").min(), pl.col("place").unique().sort()).sort("library", "set")
    for (library,), sets in by_set.group_by("library", maintain_order=True):
        yield library_of(str(library), {readable(each): places for each, places in sets.select("name", "place").iter_rows()})


def library_of(name: str, sets: Mapping[str, Sequence[int]]) -> Library:
    """Of those with enough members; of two of one name the last is kept."""
    kept = {each: np.array(members, dtype=np.int64) for each, members in sorted(sets.items()) if len(members) >= LEAST_MEMBERS}
    return Library(name, list(kept), list(kept.values()))


def readable(name: str) -> str:
    """A set's name as words: 'HALLMARK_APICAL_JUNCTION' is 'apical junction', what follows '%' or '(GO:' is no name."""
    said = name.partition("%")[0].partition(" (GO:")[0]
    words = said if " " in said else said.replace("_", " ")
    return words.removeprefix("HALLMARK ").lower() if words != said or words.startswith("HALLMARK ") else words


def draw(library: Library, *, limit: int, seed: int) -> Library:
    """So many of its sets."""
    chosen = np.sort(np.random.default_rng(seed).permutation(len(library.sets))[: limit or None]).tolist()
    return Library(library.name, [library.sets[place] for place in chosen], [library.members[place] for place in chosen])


def scorers(space: EmbeddingSpace, genes: pl.DataFrame, known: KnownTerms, *, raw: str) -> Iterator[tuple[str, Score]]:
    """By the name of a method, what gives (names, genes) scores for names."""
    vectors = VectorsFile.open(space.folder / VECTORS_FILE).vectors[genes["row"].to_numpy()]
    told_of = read_gene_texts(space.folder)
    summaries = [told_of.get(row, "") for row in genes["row"].to_list()]
    relations = genes["n_relations"].to_numpy().astype(np.float32)
    yield "generel, cosine", lambda names: space.embed(names) @ vectors.T
    yield "generel, votes", lambda names: known.vote(space.embed(names))
    yield "generel, both", lambda names: join_votes((found := space.embed(names)) @ vectors.T, known.vote(found))
    if raw != "none":
        encoder, home = LongTexts.open(space.folder), Home.from_environment()
        texts = [f"{name}: {(synonyms or [''])[0]}" for name, synonyms in genes.select("name", "synonyms").iter_rows()]
        named, terms = encoder.read_once(texts, home=home), known.with_vectors(encoder.read_once(known.names, home=home))
        yield RAW, lambda names: encoder.read_once(names, home=home) @ named.T
        yield "raw encoder, votes", lambda names: terms.vote(encoder.read_once(names, home=home))
    if raw == "summaries":
        told = encoder.read_once(summaries, home=home)
        yield "raw encoder, summaries", lambda names: encoder.read_once(names, home=home) @ told.T
    yield "words", lambda names: shared_words(names, summaries)
    yield FLOOR, lambda names: np.repeat(relations[None, :], len(names), axis=0)


def shared_words(names: Sequence[str], texts: Sequence[str]) -> Floats:
    """(names, texts) cosine of their TF-IDF."""
    terms = text_terms([*names, *texts])
    product: Floats = (terms[: len(names)] @ terms[len(names) :].T).toarray()
    return product


def figures_of(library: Library, scores: Mapping[str, Score], known: KnownTerms, *, among: str) -> pl.DataFrame:
    """A row a set and method."""
    ranked = np.unique(np.concatenate(library.members)) if among == "library" else np.arange(known.n_genes)
    members = [np.searchsorted(ranked, each) for each in library.members]
    twins, overlaps = nearest_known(library.members, known)
    frames = []
    for method, score in scores.items():
        areas = np.empty((len(members), 2))
        for start in range(0, len(members), A_BLOCK):
            lines = score(library.sets[start : start + A_BLOCK])[:, ranked]
            for place, line in enumerate(lines, start):
                areas[place] = figures_of_ranking(np.sort(line), line[members[place]])
        frames.append(pl.DataFrame({"set": library.sets, "members": [len(each) for each in members], "method": method, "auroc": areas[:, 0], "ap": areas[:, 1], "nearest_known_term": twins, "jaccard": overlaps}))
    return pl.concat(frames).select(pl.lit(library.name).alias("library"), pl.all())


def nearest_known(members: Sequence[NDArray[np.int64]], known: KnownTerms) -> tuple[list[str], NDArray[np.float64]]:
    """Of each set the known term that shares most genes with it, and the share of the genes of either that both have."""
    ends = np.cumsum([0, *map(len, members)])
    asked = csr_array((np.ones(ends[-1]), np.concatenate(members), ends), shape=(len(members), known.n_genes))
    ties = csr_array((np.ones(len(known.tied_terms)), (known.tied_terms, known.tied_genes)), shape=(len(known.names), known.n_genes))
    both = (asked @ ties.T).toarray()
    overlaps = both / (asked.sum(axis=1)[:, None] + ties.sum(axis=1)[None, :] - both)
    best = overlaps.argmax(axis=1)
    return [known.names[place] for place in best], overlaps.max(axis=1)


def summarize(figures: pl.DataFrame) -> pl.DataFrame:
    """A row a library and method, methods in the order of the figures."""
    area, raw = pl.col("auroc"), figures.filter(method=RAW).select("library", "set", raw="auroc")
    ahead = area - pl.col("raw")
    return figures.join(raw, on=["library", "set"], how="left", maintain_order="left").group_by("library", "method", maintain_order=True).agg(
        pl.len().alias("sets"), _with_reach(area).alias("mean AUROC"), _with_reach(ahead).alias("ahead"),
        *(area.quantile(part, "linear").round(3).alias(name) for part, name in ((0.25, "quarter below"), (0.5, "median"), (0.75, "quarter above"))),
        *((area > bar).mean().round(2).alias(f"above {bar}") for bar in (0.6, 0.7, 0.8)), pl.col("ap").mean().round(3).alias("mean AP"),
    )


def _with_reach(column: pl.Expr) -> pl.Expr:
    """'mean ± half of the 95% interval'; empty where there are no figures."""
    return pl.format("{} ± {}", column.mean().round(3), (1.96 * column.std() / column.count().sqrt()).round(3)).fill_null("")


def as_markdown(table: pl.DataFrame) -> str:
    """The table, a line a row."""
    lines = [table.columns, ["---"] * table.width, *([str(value) for value in row] for row in table.iter_rows())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
