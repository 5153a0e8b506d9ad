"""`generel genesets train`: from GMT files, or the gene sets of a build, to a gene-set model."""

import dataclasses
from pathlib import Path

import click

from generel.apps.gene_sets.model_folder import find_model
from generel.cli.progress import RichProgress
from training.gene_sets.settings import LOSSES, STARTS, Settings

DEFAULTS = Settings()


@click.command(short_help="Train a gene-set model on GMT files.")
@click.argument("gmts", nargs=-1, metavar="[GMT]...", type=click.Path(path_type=Path))
@click.option("--out", required=True, metavar="NAME", help="Name of the model, kept in GENEREL_HOME/gene_sets, or a folder's path.")
@click.option("--space", metavar="NAME", help="Space that says what the genes are called, and where their vectors may start from.")
@click.option("--build", metavar="NAME", help="Build whose gene sets are learned as well, and that says what the genes are called where no space does.")
@click.option("--without", metavar="LIBRARY", multiple=True, help="Library of the build to leave out; may be given several times.")
@click.option("--start", type=click.Choice(STARTS), default=DEFAULTS.start, show_default=True, help="The genes' vectors before training: of their sets and texts, the space's, or random.")
@click.option("--loss", type=click.Choice(LOSSES), default=DEFAULTS.loss, show_default=True, help="How hidden genes are compared with the others.")
@click.option("--passes", type=click.FloatRange(min=0, min_open=True), default=DEFAULTS.passes, show_default=True, help="Passes over all sets, at most.")
@click.option("--dims", type=click.IntRange(min=1), default=DEFAULTS.dims, show_default=True, help="Numbers in a vector; a space's vectors have their own.")
@click.option("--minimum", type=click.IntRange(min=2), default=DEFAULTS.minimum, show_default=True, help="Sets with fewer known genes are left out.")
@click.option("--maximum", type=click.IntRange(min=2), default=DEFAULTS.maximum, show_default=True, help="Sets with more genes are left out.")
@click.option("--seed", type=int, default=DEFAULTS.seed, show_default=True, help="Of every random draw.")
@click.option("--measure/--no-measure", default=True, show_default=True, help="Train once more without each library, and see how well its sets are completed.")
@click.option("--resume", is_flag=True, help="Go on where an interrupted training of this model stopped.")
def train(
    gmts: tuple[Path, ...], out: str, space: str | None, build: str | None, without: tuple[str, ...], start: str, loss: str, passes: float, dims: int,
    minimum: int, maximum: int, seed: int, measure: bool, resume: bool,
) -> None:
    """Train a model on the sets of GMT files, plain or gzipped: a random part of a set goes in, the rest is to come out.

    Each file is a library, called as the file is. With --space or --build, genes are known by all their names and identifiers, and names that
    mean none are counted and named; without, every name that stands in two sets is a gene. Each library's figures, which `generel genesets
    annotate` shows, come from a model trained without it and without its near copies.

    Example: generel genesets train hallmark.gmt go_bp.gmt.gz --space open --out mine
    """
    # Torch and scikit-learn are imported here and not above: `--help` should not wait for them.
    from training.gene_sets.pipeline import train_model
    from training.gene_sets.sources import find_identities, find_libraries

    settings = dataclasses.replace(DEFAULTS, start=start, loss=loss, passes=passes, dims=dims, minimum=minimum, maximum=maximum, seed=seed)
    libraries, known = find_libraries(gmts, build=build, without=without), find_identities(space=space, build=build)
    progress = RichProgress()
    folder = train_model(libraries, known, out=find_model(out), settings=settings, measure=measure, resume=resume, progress=progress)
    progress.say(f"Wrote {folder}")
