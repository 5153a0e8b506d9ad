"""How well genes are ranked for sets that nobody told of, by their names alone (zero-shot): one Markdown table on stdout.

    PYTHONPATH=. python tests/benchmarks/gene_properties.py --space starter --sets h.all.v7.0.symbols.gmt wikipathways_2015.gmt.gz

AUROC of the members of each set among all genes of the space, as a mean over the sets with at least 10 known members, with its interval
over sets: by the cosine of the name's vector and the genes', by the raw language model, and by how much is known of each gene, whatever the
set (the floor). A space that has a set's own library among its sources has seen these memberships, and the table says so.
The cross-validated properties themselves are printed by `generel genes score`.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from generel.apps.gene_names import GeneNames
from generel.apps.gene_ranking import auroc
from generel.apps.gene_text import LongTexts
from generel.concepts.tables import SPACE_CONCEPTS, read_table
from generel.index.space_folder import CONCEPTS_FILE, VECTORS_FILE
from generel.index.vectors_file import VectorsFile
from generel.query.space import EmbeddingSpace
from training.gene_sets.gmt_stream import Faults, library_name, stream_gmt

LEAST_MEMBERS = 10
# Sources of spaces, by a word of the file's name.
SOURCES = {"h.all": "hallmark", "wikipathways": "wikipathways", "GO_Biological_Process": "go_bp_2021", "Reactome": "reactome"}


def readable(name: str) -> str:
    """A set's name as words: 'HALLMARK_APICAL_JUNCTION' is 'apical junction', what follows '%' or '(GO:' is no name."""
    words = name.partition("%")[0].partition(" (GO:")[0].removeprefix("HALLMARK_")
    return words.replace("_", " ").lower() if "_" in words and " " not in words else words


def rank_sets(space: EmbeddingSpace, path: Path, *, limit: int, raw: bool, seed: int) -> Iterator[tuple[str, ...]]:
    """A row a method."""
    genes = read_table(space.folder / CONCEPTS_FILE, SPACE_CONCEPTS).filter(kind="gene")
    rows, names = genes["row"].to_numpy(), GeneNames.open(space.folder)
    sets = {line.name: np.isin(rows, names.find(gene.partition(",")[0] for gene in line.genes).rows) for line in stream_gmt(path, faults=Faults())}
    asked = [name for name, members in sets.items() if members.sum() >= LEAST_MEMBERS]
    asked = sorted(np.random.default_rng(seed).permutation(asked)[:limit].tolist())
    texts = [readable(name) for name in asked]
    scores = {
        "generel": space.embed(texts) @ VectorsFile.open(space.folder / VECTORS_FILE).vectors[rows].T,
        "number of relations": np.repeat(genes["n_relations"].to_numpy().astype(np.float32)[None, :], len(texts), axis=0),
    }
    if raw:
        encoder = LongTexts.open(space.folder)
        named = [f"{name}: {(synonyms or [''])[0]}" for name, synonyms in genes.select("name", "synonyms").iter_rows()]
        scores["raw encoder"] = encoder.read(texts) @ encoder.read(named).T
    seen = [source for word, source in SOURCES.items() if word.lower() in path.name.lower() and source in {each["name"] for each in space.manifest.sources}]
    for method, matrix in scores.items():
        areas = np.array([auroc(line, sets[name]) for line, name in zip(matrix, asked, strict=True)], dtype=np.float64)
        reach = 1.96 * areas.std(ddof=1) / np.sqrt(len(areas))
        yield library_name(path), f"{len(asked):,}", method, f"{areas.mean():.3f} ± {reach:.3f}", f"{np.median(areas):.3f}", "seen in training" if seen and method == "generel" else ""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="starter")
    parser.add_argument("--sets", type=Path, nargs="+", required=True, help="GMT files")
    parser.add_argument("--limit", type=int, default=300, help="sets of each file")
    parser.add_argument("--raw", action=argparse.BooleanOptionalAction, default=True, help="the raw language model too: minutes for all genes")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    columns = ("library", "sets", "method", "mean AUROC", "median", "note")
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    with EmbeddingSpace.open(options.space) as space:
        for path in options.sets:
            for row in rank_sets(space, path, limit=options.limit, raw=options.raw, seed=options.seed):
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
