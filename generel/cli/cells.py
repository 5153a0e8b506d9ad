"""`generel cells`: single cells in the space of concepts.

numpy, scipy and anndata come with what is imported inside the commands, so that `generel --help` does not pay for them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generel.cli.extras import ExtraGroup
from generel.cli.output import FOLDER_IS_MADE, Record, count, format_option, tell, write_records
from generel.cli.progress import RichProgress
from generel.cli.queries import space_option
from generel.concepts.errors import BadInput
from generel.concepts.home import Home
from generel.concepts.kinds import KINDS
from generel.query.find_space import find_space

if TYPE_CHECKING:
    import numpy as np

    from generel.apps.cells.embed import Embedded
    from generel.apps.cells.expression import Weighing
    from generel.apps.cells.files import CellFile
    from generel.apps.gene_names import NamedGenes
    from generel.query.space import EmbeddingSpace

WEIGHTS = ("variable", "expression", "equal", "z-score")
# Columns of `obs` under which clusters and labels of cells commonly stand.
USUAL = ("cell_type", "celltype", "leiden", "louvain", "bulk_labels", "classified", "label")
KINDS_OF_CELLS = ("anatomy", "disease")

in_argument = click.argument("file", metavar="IN.h5ad", type=click.Path(dir_okay=False, path_type=Path))
layer_option = click.option("--layer", default="", metavar="NAME", help="Where log-normalized expression stands: a layer, or 'raw'; the default is X.")
column_option = click.option("--genes", "gene_column", default="", metavar="COLUMN", help="The column of var with symbols or identifiers of genes; the default is its index.")
top_option = click.option("--top", type=click.IntRange(min=1), help="A cell is the mean of so many genes: those it expresses most, or that weigh most by --weights; 200 where only weights are given.")
weights_option = click.option(
    "--weights", type=click.Choice(WEIGHTS),
    help="What a gene counts: how far it is from its mean among the cells, the more so the more variable it is (variable; the default without --top); or of the top genes alone, its expression (the default with --top), all the same, or how far it is above its mean.",
)
counts_option = click.option("--normalize", is_flag=True, help="The expression is raw counts: bring them to 10,000 a cell and take log(1 + x).")
log_option = click.option("--log", is_flag=True, help="The expression is normalized but not logarithmic: take log(1 + x).")
seed_option = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of folds, starts and random vectors.")


@click.group(cls=ExtraGroup, extra="cells", short_help="Embed, read and score single cells.")
def cells() -> None:
    """Single cells (AnnData, .h5ad) as vectors of the space: how far their variable genes are from the mean cell, or their top genes' mean.

    Example: generel cells embed pbmc.h5ad out.h5ad
    """


@cells.command(short_help="Write the vectors of cells to obsm['X_generel'].")
@in_argument
@click.argument("out", metavar="OUT.h5ad", type=click.Path(dir_okay=False, path_type=Path))
@top_option
@weights_option
@counts_option
@log_option
@layer_option
@column_option
@space_option
def embed(file: Path, out: Path, top: int | None, weights: str | None, normalize: bool, log: bool, layer: str, gene_column: str, space: str | None) -> None:
    """Each cell's vector as obsm['X_generel'] of a copy of IN.h5ad.

    It is the sum of the vectors of the genes that vary, each times how far the cell is from the gene's mean among the cells; with --top, the
    mean of the vectors of its TOP genes at unit norm, to be compared with concepts of the space. Cells are read by blocks: a million need no more
    memory than a thousand. Genes may be symbols, Ensembl identifiers (with or without version), NCBI Gene or HGNC identifiers; those that are
    not in the space are counted and named. Then, in Python:
    sc.pp.neighbors(adata, use_rep="X_generel"). A folder of OUT.h5ad that is not there is made.

    Example: generel cells embed counts.h5ad out.h5ad --normalize
    """
    from generel.apps.cells.embed import KEY, GeneVectors, embed_file

    weighing = _weighing(top, weights, normalize=normalize, log=log)
    done = embed_file(file, out, GeneVectors.open(find_space(space)), weighing=weighing, layer=layer, gene_column=gene_column, progress=RichProgress())
    _tell_genes(done.genes)
    _tell_empty(done)
    tell(f"wrote {count(done.n_cells, 'cell')} to {out}, their vectors in obsm['{KEY}']")


@cells.command(short_help="Say which concepts each cluster is like.")
@in_argument
@click.option("--cluster", default="", metavar="COLUMN", help=f"The column of obs with the clusters; the default is the first there is of {', '.join(USUAL)}.")
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, help=f"Concepts of this kind; may be given several times; the default is {' and '.join(KINDS_OF_CELLS)}.")
@click.option("--label", "labels", multiple=True, metavar="TEXT", help="Rank these texts instead of concepts, such as 'natural killer cell'; may be given several times.")
@click.option("--labels", "label_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of such texts, one a line.")
@click.option("-k", type=click.IntRange(min=1), default=3, show_default=True, help="How many answers a cluster and kind.")
@counts_option
@log_option
@layer_option
@column_option
@space_option
@format_option
def annotate(
    file: Path, cluster: str, kinds: tuple[str, ...], labels: tuple[str, ...], label_file: Path | None, k: int, normalize: bool, log: bool, layer: str, gene_column: str,
    space: str | None, format: str,
) -> None:
    """Concepts, or the texts given with --label, ranked for each cluster by the genes that mark it.

    The score says by how many standard errors these genes are nearer to the concept than genes of the file are in general.
    Cell types are concepts of the kind anatomy, in spaces that have that kind.

    Example: generel cells annotate pbmc.h5ad --cluster louvain --label "B cell" --label monocyte --label "natural killer cell"
    """
    from generel.apps.cells.annotate import MARKERS_NAMED, find_markers, rank_for_clusters
    from generel.apps.cells.embed import GeneVectors
    from generel.apps.cells.files import labels_of, open_cells
    from generel.query.space import EmbeddingSpace

    texts = [*labels, *(_lines(label_file) if label_file else ())]
    with EmbeddingSpace.open(space) as opened, open_cells(file, layer=layer) as read:
        genes = GeneVectors.open(opened.folder)
        candidates = list(_candidates(opened, texts=texts, kinds=kinds))
        clusters, names, known = labels_of(read, cluster, usual=USUAL)
        expression, named = _expression(read, genes, _weighing(None, None, normalize=normalize, log=log), gene_column=gene_column)
        markers = find_markers(expression[known], clusters, n_clusters=len(names))
        vectors = genes.of(named)
        ranked = [(described, rank_for_clusters(markers, vectors, rows)) for described, rows in candidates]
        records = [
            {"cluster": names[number], "rank": rank, "score": float(scores[number, place]), **described[place], "markers": [named.given[gene] for gene in markers[number].genes[:MARKERS_NAMED].tolist()]}
            for number in range(len(names)) for described, scores in ranked
            for rank, place in enumerate((-scores[number]).argsort(kind="stable")[:k].tolist(), 1)
        ]
    _tell_genes(named)
    write_records(records, format=format)


@cells.command(short_help="Score the vectors of cells beside PCA.")
@in_argument
@click.option("--label", "label", default="", metavar="COLUMN", help=f"The column of obs that says what a cell is; the default is the first there is of {', '.join(USUAL)}.")
@weights_option
@top_option
@click.option("--text/--no-text", default=False, show_default=True, help="Also the vectors of the language model alone, from what is written about each gene (minutes, the first time).")
@click.option("--repetitions", type=click.IntRange(min=1), default=5, show_default=True, help="Of folds and of k-means.")
@click.option("--umap", "picture", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=f"Draw the cells as the space sees them: a .png, .svg or .pdf. {FOLDER_IS_MADE}")
@counts_option
@log_option
@layer_option
@column_option
@seed_option
@space_option
@format_option
def score(
    file: Path, label: str, weights: str | None, top: int | None, text: bool, repetitions: int, picture: Path | None, normalize: bool, log: bool, layer: str, gene_column: str, seed: int, space: str | None,
    format: str,
) -> None:
    """How well the cells' vectors tell their labels apart, beside PCA of the expression, both together, and vectors drawn at random.

    Accuracy of the 15 nearest cells (5 folds), adjusted Rand index and adjusted mutual information of k-means, and average silhouette width.

    Example: generel cells score pbmc.h5ad --label cell_type --umap cells.png
    """
    from generel.apps.cells.embed import GeneVectors
    from generel.apps.cells.files import labels_of, open_cells
    from generel.apps.cells.picture import FORMATS, draw_cells, lay_out
    from generel.apps.cells.score import SPACE, TEXT, compare_embeddings, score_embeddings

    if picture is not None and picture.suffix not in FORMATS:
        raise click.UsageError(f"--umap {picture}: the name must end in {', '.join(FORMATS)}")
    folder, progress, weighing = find_space(space), RichProgress(), _weighing(top, weights, normalize=normalize, log=log)
    genes = GeneVectors.open(folder)
    with open_cells(file, layer=layer) as read:
        numbers, names, known = labels_of(read, label, usual=USUAL)
        expression, named = _expression(read, genes, weighing, gene_column=gene_column)
    vectors = {SPACE: genes.of(named)}
    if text:
        vectors[TEXT] = _text_vectors(named, folder, progress=progress)
    methods = compare_embeddings(expression[known], vectors, weighing=weighing, seed=seed)
    scores = score_embeddings(methods, numbers, repetitions=repetitions, seed=seed, progress=progress)
    _tell_genes(named)
    write_records([vars(each) for each in scores], format=format, title=f"{len(numbers):,} cells, {len(names)} labels; {weighing.say()}")
    if picture is not None:
        with progress.task("Lay the cells out"):
            places = lay_out(methods[SPACE], seed=seed)
        draw_cells(places, numbers, names, picture, title=f"{file.name} in the space '{genes.space}'")
        tell(f"drew {len(numbers):,} cells to {picture}")


def _weighing(top: int | None, weights: str | None, *, normalize: bool, log: bool) -> "Weighing":
    """What a cell is made of: its variable genes, or, where only their number is given, the genes it expresses most."""
    from generel.apps.cells.expression import EXPRESSION, VARIABLE, Weighing

    return Weighing(top or Weighing.top, weights or (EXPRESSION if top else VARIABLE), normalize=normalize, log=log)


def _expression(read: "CellFile", genes: Any, weighing: Any, *, gene_column: str) -> "tuple[Any, NamedGenes]":
    """(cells, genes) prepared expression in memory, and the genes of its columns."""
    from generel.apps.cells.expression import prepare

    named = genes.names.find(read.genes(gene_column))
    named.require_some(where=read.where)
    return prepare(read.expression(), weighing, where=read.where), named


def _candidates(space: "EmbeddingSpace", *, texts: list[str], kinds: tuple[str, ...]) -> "Iterator[tuple[list[Record], np.ndarray]]":
    """What clusters may be called, ranked apart: the texts, or the concepts of each kind; with (candidates, dims) vectors."""
    from generel.concepts.tables import SPACE_CONCEPTS, read_table
    from generel.index.space_folder import CONCEPTS_FILE, VECTORS_FILE
    from generel.index.vectors_file import VectorsFile

    if texts:
        yield [{"curie": "", "kind": "text", "name": text} for text in texts], space.embed(texts)
        return
    there = [kind for kind in kinds or KINDS_OF_CELLS if space.manifest.counts.get(kind)]
    if lacking := [kind for kind in kinds if kind not in there]:
        raise BadInput(f"the space '{space.manifest.name}' has no concepts of kind {' or '.join(lacking)}; give texts with --label, or another --kind")
    concepts = read_table(space.folder / CONCEPTS_FILE, SPACE_CONCEPTS)
    vectors = VectorsFile.open(space.folder / VECTORS_FILE).vectors
    for kind in there:
        own = concepts.filter(kind=kind)
        described: list[Record] = list(own.select("curie", "kind", "name").to_dicts())
        yield described, vectors[own["row"].to_numpy()]


def _text_vectors(named: "NamedGenes", folder: Path, *, progress: RichProgress) -> "np.ndarray":
    """(genes, dims) the language model's vectors of what is written about each gene, zeros for genes that the space does not know."""
    import numpy as np

    from generel.apps.gene_text import LongTexts, read_gene_texts

    texts = read_gene_texts(folder)
    rows = named.rows[named.known].tolist()
    encoded = LongTexts.open(folder).read_once([texts[row] for row in rows], home=Home.from_environment(), progress=progress)
    vectors = np.zeros((len(named.rows), encoded.shape[1]), dtype=np.float32)
    vectors[named.known] = encoded
    return vectors


def _lines(path: Path) -> list[str]:
    texts = [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    if not texts:
        raise BadInput(f"{path} is empty; it should hold a label a line")
    return texts


def _tell_genes(named: "NamedGenes") -> None:
    for sentence in named.sentences():
        tell(sentence)


def _tell_empty(done: "Embedded") -> None:
    if done.n_empty:
        tell(f"{done.n_empty:,} cells express no gene of the space; their vector is zero")
