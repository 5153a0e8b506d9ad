"""`generel genesets`: what completes a list of genes, which sets are like it, what a gene does, what a list is enriched in.

Numpy and polars are imported when a command runs; training joins by entry point (`generel.genesets`), present where it is installed.
"""

import re
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from generel.cli.main import unavailable
from generel.cli.output import Record, format_option, tell, write_records
from generel.cli.percentiles import percentile_of
from generel.cli.queries import STDIN, k_option
from generel.concepts.errors import NotThere

if TYPE_CHECKING:
    from generel.apps.gene_names import NamedGenes
    from generel.apps.gene_sets import Annotation, Completion, Enrichment, GeneSetModel, SimilarSet

GROUP = "generel.genesets"
SHOWN_IN_TABLE = 4
BETWEEN_GENES = re.compile(r"[\n\r\t,;]+")
# A date that a spreadsheet made may hold a blank; anything else with blanks is several genes.
LIKE_A_DATE = re.compile(r"\d[\d:. /-]*|\d{1,2} [A-Za-z]{3,}( \d+)?|[A-Za-z]{3,} \d{1,4}")
OF_SETS = ("library", "set", "name", "n_genes", "auroc", "average_precision")
Command = TypeVar("Command", bound=Callable[..., Any])


class GeneSetCommands(click.Group):
    """The commands below, and those that join."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The joined ones first: a model has to be trained before it is asked."""
        return [*sorted(_joined()), *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command; one that cannot be imported says why when it is run."""
        point = _joined().get(cmd_name)
        if point is None:
            return super().get_command(ctx, cmd_name)
        try:
            joined: click.Command = point.load()
        except ImportError as error:
            return unavailable(f"genesets {cmd_name}", error)
        return joined


def _joined() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


@click.group(cls=GeneSetCommands, short_help="Complete, compare, annotate and test lists of genes.")
def genesets() -> None:
    """Complete lists of genes, find sets like them, say what a gene does, and what a list is enriched in.

    Genes are symbols (former ones too), Ensembl, NCBI Gene or HGNC identifiers; those that the model does not have are counted and named.

    Example: generel genesets complete BRCA1 BRCA2 PALB2 RAD51
    """


model_option = click.option("--model", metavar="NAME", help="The gene-set model, by name or path; else GENEREL_GENE_SETS, else the only one there is.")
library_option = click.option("--library", "libraries", metavar="NAME", multiple=True, help="Only sets of this library; may be given several times.")


def genes_argument(command: Command) -> Command:
    """The list of genes: arguments, --file, or standard input; the command gets `genes` and `file`."""
    command = click.option("--file", type=click.Path(path_type=Path), help="File with the genes, one a line or between tabs, commas, semicolons or blanks.")(command)
    return click.argument("genes", nargs=-1, metavar="[GENE]...")(command)


@genesets.command(short_help="Find the genes that a list lacks most.")
@genes_argument
@model_option
@k_option
@format_option
def complete(genes: tuple[str, ...], file: Path | None, model: str | None, k: int, format: str) -> None:
    """The genes that complete the list, best first.

    The score is in standard deviations above the mean gene; the percentile says how many of a hundred genes score lower. Without a
    GENE, or with '-', the genes are read from standard input.

    Example: generel genesets complete BRCA1 BRCA2 PALB2 -k 20
    """
    opened, found = _open_and_find(model, genes, file)
    write_records((_of_completion(each) for each in opened.complete(found, k)), format=format, columns=("rank", "score", "percentile", "curie", "symbol"))


@genesets.command(short_help="Write a list's vector.")
@genes_argument
@model_option
@format_option
def embed(genes: tuple[str, ...], file: Path | None, model: str | None, format: str) -> None:
    """The vector of the list, of unit length; vectors of one model can be compared by their cosine.

    Example: generel genesets embed BRCA1 BRCA2 PALB2 --format jsonl
    """
    opened, found = _open_and_find(model, genes, file)
    vector = opened.embed(found).tolist()
    shown = [*vector[:SHOWN_IN_TABLE], "…"] if format == "table" else vector
    write_records([{"n_genes": len(set(found.rows[found.known].tolist())), "vector": shown}], format=format)


@genesets.command(short_help="Find the sets that are most like a list.")
@genes_argument
@model_option
@library_option
@k_option
@format_option
def similar(genes: tuple[str, ...], file: Path | None, model: str | None, libraries: tuple[str, ...], k: int, format: str) -> None:
    """The sets whose vectors are nearest to the list's, best first; they need not share a gene with it.

    Example: generel genesets similar --file my-genes.txt --library "MSigDB Hallmark 7.0"
    """
    opened, found = _open_and_find(model, genes, file)
    records = (_of_similar(each) for each in opened.similar(found, k, libraries=libraries or None))
    write_records(records, format=format, columns=("rank", "cosine", "n_shared", "jaccard", *OF_SETS))


@genesets.command(short_help="Predict which sets a gene belongs to.")
@click.argument("gene")
@model_option
@library_option
@click.option("--new", "only_new", is_flag=True, help="Leave out the sets that have the gene already.")
@k_option
@format_option
def annotate(gene: str, model: str | None, libraries: tuple[str, ...], only_new: bool, k: int, format: str) -> None:
    """The sets that GENE most likely belongs to: its predicted functions, best first.

    'auroc' and 'average_precision' say how well a model that had not seen the set's library found the hidden half of this very set;
    'library_auroc' is the mean over the library. A set without these figures was not measured: be careful.

    Example: generel genesets annotate TMEM97 --new --library "GO Biological Process 2021"
    """
    from generel.apps.gene_sets import GeneSetModel

    records = (_of_annotation(each) for each in GeneSetModel.open(model).annotate(gene, k, libraries=libraries or None, only_new=only_new))
    write_records(records, format=format, columns=("rank", "score", "percentile", "known", *OF_SETS, "library_auroc", "library_average_precision"))


@genesets.command(short_help="Test which sets a list is enriched in.")
@genes_argument
@model_option
@library_option
@click.option("--background", type=click.Path(path_type=Path), help="File with all genes that could have been in the list; the default is every gene of the model.")
@click.option("--fdr", type=click.FloatRange(0, 1), default=0.05, show_default=True, help="Largest false discovery rate that is shown.")
@click.option("--minimum", type=click.IntRange(min=1), default=5, show_default=True, help="Sets with fewer genes in the background are not tested.")
@format_option
def enrich(
    genes: tuple[str, ...], file: Path | None, model: str | None, libraries: tuple[str, ...], background: Path | None, fdr: float, minimum: int, format: str
) -> None:
    """The sets that have more of the list's genes than chance would give them: Fisher's exact test, one-sided, beside the model's cosine.

    The false discovery rate is Benjamini and Hochberg's, over all sets of a library that were tested.

    Example: generel genesets enrich --file hits.txt --background measured.txt --fdr 0.01
    """
    opened, found = _open_and_find(model, genes, file)
    against = opened.find(read_genes((), background), where=str(background)) if background else None
    if against is not None:
        _tell_all(against.sentences(), where=str(background))
    tested = opened.enrich(found, background=against, libraries=libraries or None, minimum=minimum)
    n_background = len(set(against.rows[against.known].tolist())) if against is not None else opened.n_genes
    tell(f"the background is {n_background:,} genes: {'all of the model; give those that could have been in the list with --background' if background is None else background}")
    columns = ("fdr", "p_value", "n_shared", "n_set", "n_list", "odds_ratio", "cosine", *OF_SETS, "genes")
    write_records((_of_enrichment(each) for each in tested if each.fdr <= fdr), format=format, columns=columns)


def read_genes(arguments: Sequence[str], file: Path | None) -> list[str]:
    """The genes of the arguments, the file, or standard input.

    Raises:
        click.UsageError: arguments and a file, or none and stdin is a terminal.
        NotThere: no such file.
    """
    if arguments and file is not None:
        raise click.UsageError("give genes as arguments or with --file, not both")
    if arguments and list(arguments) != [STDIN]:
        return split_genes("\n".join(arguments))
    if file is not None and str(file) != STDIN:
        if not file.is_file():
            raise NotThere(f"there is no file {file} with genes")
        return split_genes(file.read_text(encoding="utf-8-sig", errors="replace"))
    if not arguments and file is None and sys.stdin.isatty():
        raise click.UsageError("give genes, a file with --file, or one a line on standard input")
    return split_genes(sys.stdin.read())


def split_genes(text: str) -> list[str]:
    """The names in a text, between line ends, tabs, commas, semicolons or blanks; quotation marks go."""
    parts = [part.strip().strip("\"'").strip() for part in BETWEEN_GENES.split(text)]
    return [name for part in parts for name in ([part] if LIKE_A_DATE.fullmatch(part) else part.split())]


def _open_and_find(model: str | None, genes: tuple[str, ...], file: Path | None) -> tuple["GeneSetModel", "NamedGenes"]:
    from generel.apps.gene_sets import GeneSetModel

    given = read_genes(genes, file)
    opened = GeneSetModel.open(model)
    where = str(file) if file is not None else "the list"
    found = opened.find(given, where=where)
    _tell_all(found.sentences(), where=where)
    return opened, found


def _tell_all(sentences: Sequence[str], *, where: str) -> None:
    for sentence in sentences:
        tell(f"{where}: {sentence}")


def _of_completion(each: "Completion") -> Record:
    return {"rank": each.rank, "score": each.score, "percentile": percentile_of(each.percentile), "curie": each.gene.curie, "symbol": each.gene.symbol}


def _of_set(each: "SimilarSet | Annotation | Enrichment") -> Record:
    return {column: getattr(each.gene_set, column) for column in OF_SETS}


def _of_similar(each: "SimilarSet") -> Record:
    return {"rank": each.rank, "cosine": each.cosine, "n_shared": each.n_shared, "jaccard": each.jaccard, **_of_set(each)}


def _of_annotation(each: "Annotation") -> Record:
    figures = {"library_auroc": each.figures.auroc, "library_average_precision": each.figures.average_precision}
    return {"rank": each.rank, "score": each.score, "percentile": percentile_of(each.percentile), "known": each.known, **_of_set(each), **figures}


def _of_enrichment(each: "Enrichment") -> Record:
    return {
        "fdr": each.fdr, "p_value": each.p_value, "n_shared": each.n_shared, "n_set": each.n_set, "n_list": each.n_list,
        "odds_ratio": each.odds_ratio, "cosine": each.cosine, **_of_set(each), "genes": list(each.genes),
    }
