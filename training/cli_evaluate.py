"""`generel evaluate`: how good a released space is, beside what costs nothing."""

from importlib.util import find_spec
from pathlib import Path

import click

from generel.cli.output import format_option, tell, write_records
from generel.cli.progress import RichProgress
from generel.concepts.home import Home
from generel.query.find_space import find_space
from training.evaluate.settings import OF_FILES, PARTS, PROTOCOLS, RIVALS, Settings


@click.command(short_help="Measure how good a space is on what was held out.")
@click.argument("space", required=False, metavar="[SPACE]")
@click.option("--protocol", "protocols", type=click.Choice(PROTOCOLS), multiple=True, help="What to ask; may be given several times; the default is all.")
@click.option("--part", type=click.Choice(PARTS), default=Settings.part, show_default=True, help="Which held-out rows to ask about.")
@click.option("--queries", type=click.IntRange(min=1), default=Settings.queries, show_default=True, help="At most so many questions a predicate and pair of kinds; more are sampled.")
@click.option("--seed", type=click.IntRange(min=0), default=Settings.seed, show_default=True, help="Of samples and intervals.")
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A folder with relatedness/, gene_properties/, cells/ and gene_sets/: rated terms, gene pairs, labeled genes and cells, and a library of gene sets where the build was made without it.")
@click.option("--ratings", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True, help="Pairs of terms with a rating, three columns between tabs; may be given several times.")
@click.option("--cell-label", default="", metavar="COLUMN", help="The column of obs that says what a cell is.")
@click.option("--rival", "rivals", type=click.Choice(list(RIVALS)), multiple=True, help="Train this as well, on the same rows, and ask it the same (extra 'rivals'; node2vec by PecanPy's own command, see below); may be given several times.")
@click.option("--rival-seconds", type=click.FloatRange(min=1), default=Settings.rival_seconds, show_default=True, help="Training time of each rival that has a clock.")
@click.option("--compare", "other", metavar="SPACE", help="Another space of the same build: print the differences to it, with paired intervals, instead of the table.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for evaluation.json and evaluation.md; the default is 'evaluation' in the run's folder.")
@format_option
def evaluate(space: str | None, protocols: tuple[str, ...], part: str, queries: int, seed: int, data: Path | None, ratings: tuple[Path, ...], cell_label: str, rivals: tuple[str, ...], rival_seconds: float, other: str | None, out: Path | None, format: str) -> None:
    """How good SPACE (a name or a folder; the default is as everywhere) is at what its training never saw.

    Held-out relations, relations of concepts that were kept out altogether, and held-out synonyms are asked; every answer
    is ranked among all concepts of its kind. The raw language model, votes, popularity and TF-IDF answer the same questions
    in the same table, and every figure has its 95 % interval. The folder of the report also gets the same figures by groups (well- and
    less-studied, rare and common, near and far from what was trained), and pictures.

    A rival is trained before anything is asked: graph embeddings (transe, complex, rotate, node2vec), or the space's own language model fine-tuned
    by sentence-transformers, or a table of its token vectors. PecanPy needs an environment of its own: put its command on the PATH,
    or name it in GENEREL_PECANPY.

    Example: generel evaluate starter --protocol relations --queries 500
    """
    # torch and scikit-learn come with these; `generel --help` imports this module and should not pay for them.
    from training.evaluate.comparison import compare
    from training.evaluate.examination import evaluate as examine
    from training.evaluate.measures import to_records as measures_to_records
    from training.evaluate.reliability import RELIABILITY
    from training.evaluate.report import (
        measures_to_table,
        summarize_headlines,
        tell_rivals,
        to_records,
        to_table,
        write_comparison,
        write_report,
    )

    if rivals and other is not None:
        raise click.UsageError("--rival and --compare are two questions: a rival knows nothing of either space; ask them one after the other")
    home = Home.from_environment()
    of_files: tuple[str, ...] = OF_FILES if data else ("ratings",) if ratings else ()
    if data and not protocols and find_spec("anndata") is None:
        tell("labeled cells are left out: anndata is not installed; pip install 'generel[cells]'")
        of_files = tuple(name for name in of_files if name != "cells")
    settings = Settings(protocols=protocols or (*Settings.protocols, *of_files), data=data, ratings=ratings, cell_label=cell_label, part=part, queries=queries, rivals=rivals, rival_seconds=rival_seconds, seed=seed)
    evaluation = examine(find_space(space, home=home), home=home, settings=settings, progress=RichProgress())
    if other is not None:
        beside = examine(find_space(other, home=home), home=home, settings=settings, progress=RichProgress())
        differences = write_comparison(compare(evaluation.outcomes, beside.outcomes, settings=settings))
        write_records(differences, format=format)
        tell(f"'left' is {evaluation.facts['space']['name']}, 'right' is {beside.facts['space']['name']}; methods whose answers do not differ are left out")
        return
    folder = out or home.runs / evaluation.facts["space"]["name"] / "evaluation"
    write_report(evaluation, folder)
    measures = [each for each in evaluation.measures if each.protocol != RELIABILITY]
    # Programs read one table: rankings, or the other figures where nothing else was asked.
    if evaluation.rows:
        write_records((to_table if format == "table" else to_records)(evaluation.rows), format=format)
    if measures and (format == "table" or not evaluation.rows):
        write_records((measures_to_table if format == "table" else measures_to_records)(measures), format=format)
    if not evaluation.rows and not measures:
        tell(f"the build holds nothing out for {' and '.join(settings.protocols)} (part {part}), so there was nothing to ask")
    for kind, n in evaluation.facts["space"]["concepts_without_vector"].items():
        tell(f"{n:,} concepts of kind {kind} have no vector in the space; what is asked of them is answered at chance")
    for sentence in (*summarize_headlines(evaluation.rows), *tell_rivals(evaluation)):
        tell(sentence)
    tell(f"written to {folder}")
    if evaluation.failed:
        raise evaluation.failed[0]
