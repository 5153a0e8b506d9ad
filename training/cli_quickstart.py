"""`generel quickstart`: everything once, from nothing to answers; and again in seconds, because every step keeps what it made."""

from collections.abc import Iterable

import click

from generel.cli.output import write_records
from generel.cli.progress import RichProgress
from generel.concepts.home import Home
from generel.query.space import EmbeddingSpace
from kg.build import build as build_graph
from kg.recipe import read_recipe as read_build_recipe
from training.cli import train_and_load
from training.recipe import read_recipe

# A few questions that people have asked of such a space: what is asked, of which kinds, and what for.
NEIGHBOR_QUESTIONS = (
    ("rs4149056", ("drug", "gene"), "A variant of SLCO1B1: which drugs and genes are near?"),
    ("warfarin", ("variant", "gene"), "A drug: which variants and genes are near?"),
    ("heart attack", ("disease", "gene", "drug"), "Said as a patient says it: which diseases, genes and drugs are near?"),
    ("FBN1", ("phenotype",), "A gene: which phenotypes are near?"),
)
PAIR_QUESTIONS = (("rs4149056", "simvastatin"), ("FBN1", "Marfan syndrome"), ("warfarin", "Marfan syndrome"))


@click.command(short_help="From nothing to answers: fetch, build, train, load, ask.")
@click.option("--offline", is_flag=True, help="Use what was fetched before, and no network.")
def quickstart(offline: bool) -> None:
    """Fetch the starter sources, build the graph, train a space, load it, and answer a handful of questions.

    What is done already is reused: the second run takes seconds.

    Example: generel quickstart
    """
    progress, home = RichProgress(), Home.from_environment()
    build_graph(read_build_recipe("starter"), home=home, offline=offline, progress=progress)
    train_and_load(read_recipe("starter"), go_on=True)
    ask(EmbeddingSpace.open(home.spaces / "starter"))


def ask(space: EmbeddingSpace) -> None:
    """Print the answers to the questions above to stdout."""
    for query, kinds, title in NEIGHBOR_QUESTIONS:
        records = [record for kind in kinds for record in _neighbors(space, query, kind)]
        write_records(records, format="table", columns=("kind", "name", "curie", "cosine", "percentile"), title=f"{title}  ({query})")
    pairs = [space.relatedness(left, right) for left, right in PAIR_QUESTIONS]
    records = [
        {"left": pair.left.name, "right": pair.right.name, "cosine": f"{pair.cosine:.3f}", "percentile": f"{pair.percentile:.2f}", "p_value": f"{pair.p_value:.2g}"}
        for pair in pairs
    ]
    write_records(records, format="table", columns=("left", "right", "cosine", "percentile", "p_value"), title="How related are they, among random pairs of their kinds?")


def _neighbors(space: EmbeddingSpace, query: str, kind: str) -> Iterable[dict[str, object]]:
    for neighbor in space.neighbors(query, k=5, kinds=[kind]):
        concept = neighbor.concept
        yield {"kind": concept.kind, "name": concept.name, "curie": concept.curie, "cosine": f"{neighbor.cosine:.3f}", "percentile": f"{neighbor.percentile:.2f}"}
