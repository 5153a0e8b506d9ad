"""What folding in is worth: trained concepts are taken for new, and rank the ties that were held out of training.

    python tests/benchmarks/folding_in.py open

Each asking concept's vector is made anew by `generel.query.added_vectors.fold_in`, of its training names and of the vectors of what it is
tied to by training rows, and asks the split's test questions ("which of all concepts of the answer's kind?") in the place of its stored
one. The ratio is that of the two MRR over the same questions, with an interval over resampled questions. One thing it cannot show: the
concepts it is tied to were trained together with it. Concepts kept out of training altogether are asked by `generel evaluate` as 'cold'.
"""

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generel.cli.output import write_records
from generel.concepts.home import Home
from generel.concepts.kinds import KINDS
from generel.concepts.tables import SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS, read_table
from generel.query.added_vectors import SHARE_OF_TIES, SHARES, fold_in
from generel.query.space import EmbeddingSpace
from training.evaluate.bootstrap import draw_times
from training.evaluate.metrics import realistic_ranks
from training.evaluate.questions import Questions, relation_questions
from training.evaluate.ranking import rank_answers
from training.evaluate.scorers import Cosine
from training.evaluate.space import read_space
from training.evaluate.split import NumberedSplit, number_split

TEXTS_AT_ONCE = 1024
# As many names as training reads of a concept at most.
NAMES = 8
WAYS: dict[str, float | None] = {"text only": 0.0, "share .15": 0.15, "share .3": 0.3, "share .5": 0.5, "share .7": 0.7, "ties only": 1.0, "as `add` does": None}
Floats = NDArray[np.float32]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", default="starter", nargs="?", help="a space of GENEREL_HOME and the build of the same name")
    parser.add_argument("--limit", type=int, default=300, help="questions a predicate and pair of kinds, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resamples", type=int, default=1000)
    options = parser.parse_args()
    home = Home.from_environment()
    build, folder = home.builds / options.name, home.spaces / options.name
    split = number_split(*(read_table(build / f"{table.name.lower()}.parquet", table) for table in (SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS)))
    rows = measure(split, folder, limit=options.limit, seed=options.seed, resamples=options.resamples)
    columns = ("asking kind", "questions", "trained MRR", *WAYS)
    write_records(rows, format="table", columns=columns, title=f"{options.name}: MRR of folded concepts over that of trained ones (95 % interval)")


def measure(split: NumberedSplit, folder: Path, *, limit: int, seed: int, resamples: int) -> Iterator[dict[str, object]]:
    """A row a kind and one for all: MRR when trained, and the ratio of each way of folding in."""
    space = read_space(folder, split=split)
    asked = [each for each in relation_questions(split, part="test", limit=limit, seed=seed, families={}) if len(each.queries)]
    asking = np.unique(np.concatenate([each.queries for each in asked]))
    asking = asking[~space.missing[asking]]
    names = embed_names(folder, split, asking)
    neighbors = split.training_neighbors()
    ties = [space.vectors[neighbors.indices[neighbors.indptr[concept] : neighbors.indptr[concept + 1]]] for concept in asking]
    kinds = [KINDS[code] for code in split.kind_numbers[asking]]
    of_way = {way: fold(space.vectors, asking, names, ties, kinds, share=share) for way, share in WAYS.items()}
    trained = [reciprocal_ranks(each, space.vectors, space.vectors) for each in asked]
    folded = {way: [reciprocal_ranks(each, vectors, space.vectors) for each in asked] for way, vectors in of_way.items()}
    for kind in [*dict.fromkeys(each.kinds.partition("-")[0] for each in asked), "all"]:
        chosen = [at for at, each in enumerate(asked) if kind in ("all", each.kinds.partition("-")[0])]
        before = np.concatenate([trained[at] for at in chosen])
        ratios = {way: say_ratio(before, np.concatenate([ranks[at] for at in chosen]), resamples=resamples, seed=seed) for way, ranks in folded.items()}
        yield {"asking kind": kind, "questions": len(before), "trained MRR": f"{before.mean():.3f}", **ratios}


def embed_names(folder: Path, split: NumberedSplit, asking: NDArray[np.int64]) -> list[Floats]:
    """The (names, dims) vectors of each concept's names, the preferred one first."""
    texts, offsets = split.training_names(asking)
    of_concept = [texts[start : min(end, start + NAMES)] for start, end in itertools.pairwise(offsets)]
    distinct = sorted({text for each in of_concept for text in each})
    with EmbeddingSpace.open(folder, with_added=False) as space:
        vectors = np.concatenate([space.embed(distinct[start : start + TEXTS_AT_ONCE]) for start in range(0, len(distinct), TEXTS_AT_ONCE)])
    row = {text: at for at, text in enumerate(distinct)}
    return [vectors[[row[text] for text in each]] for each in of_concept]


def fold(
    vectors: Floats, asking: NDArray[np.int64], names: list[Floats], ties: list[Floats], kinds: list[str], *, share: float | None
) -> Floats:
    """The vectors with those of the asking concepts folded in; a share of None is what `add` takes for the kind."""
    folded = vectors.copy()
    for concept, text, tied, kind in zip(asking, names, ties, kinds, strict=True):
        taken = SHARES.get(kind, SHARE_OF_TIES) if share is None else share
        folded[concept] = fold_in(text, tied, share=taken)
    return folded


def reciprocal_ranks(questions: Questions, asking: Floats, answering: Floats) -> NDArray[np.float64]:
    """(q,) one over the rank of each answer."""
    return 1 / realistic_ranks(rank_answers(Cosine(asking, answering), questions))


def say_ratio(before: NDArray[np.float64], after: NDArray[np.float64], *, resamples: int, seed: int) -> str:
    """The ratio of the means and the interval of it over resampled questions."""
    drawn = np.concatenate([(times @ after) / np.maximum(times @ before, 1e-12) for times in draw_times(len(before), resamples=resamples, seed=seed)])
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{after.mean() / before.mean():.2f} ({low:.2f}–{high:.2f})"


if __name__ == "__main__":
    main()
