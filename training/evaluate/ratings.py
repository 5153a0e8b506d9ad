"""Does the cosine of two terms agree with how related people say they are? Any file of rated pairs, as UMNSRS is one.

The terms are texts that the methods embed, not concepts: a pair is never left out because a term is not in the space. Raters agree with
each other only so far, so no method reaches 1.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from generel.concepts.errors import BadTable, NotThere
from generel.index.normalize import normalize
from kg.curies import BLANKS
from kg.sources.rows import REPLACEMENT, read_lines
from training.evaluate.bootstrap import bootstrap
from training.evaluate.measures import Measure
from training.evaluate.metrics import Reals
from training.evaluate.pair_figures import level, pearson, spearman
from training.evaluate.scorers import ROUNDING

PROTOCOL = "ratings"
# Texts to (n, dims), unit norm or zero.
Embedder = Callable[[list[str]], NDArray[np.float32]]
CORRELATIONS = {"Spearman": (spearman, stats.spearmanr), "Pearson": (pearson, stats.pearsonr)}
COLUMNS = 3
# A correlation of fewer pairs says nothing.
FEWEST = 3


class RatedPairs(NamedTuple):
    """Pairs of terms in file order with their (n,) ratings, and the numbers of the lines that could not be read."""

    left: list[str]
    right: list[str]
    ratings: Reals
    malformed: list[int]


def read_ratings(path: Path) -> RatedPairs:
    """The pairs of a file `term TAB term TAB rating`; further columns are not read.

    A first line whose third field is no number is a header. Any other line without two terms and a finite number is malformed.

    Raises:
        NotThere: no file at `path`.
        BadTable: hardly a line that can be read.
    """
    if not path.is_file():
        raise NotThere(f"{path} is not there; it should hold pairs of terms with a rating, between tabs")
    field = pl.col("text").str.split("\t").list
    left, right, rating = (field.get(place, null_on_oob=True).str.strip_chars(BLANKS) for place in range(COLUMNS))
    rows = read_lines(path).with_columns(left=left, right=right, rating=rating.cast(pl.Float64, strict=False), fields=field.len())
    if rows.height and rows["fields"][0] >= COLUMNS and rows["rating"][0] is None:
        rows = rows.slice(1)
    sound = (pl.col("left") != "") & (pl.col("right") != "") & pl.col("rating").is_finite() & ~pl.col("text").str.contains(REPLACEMENT, literal=True)
    good, bad = rows.filter(sound.fill_null(False)), rows.filter(~sound.fill_null(False))
    if good.height < FEWEST:
        raise BadTable(f"{path} has {good.height} lines of two terms and a number between tabs, and {bad.height:,} others; a correlation needs {FEWEST}")
    return RatedPairs(good["left"].to_list(), good["right"].to_list(), good["rating"].to_numpy(), bad["line"].to_list())


def measure_ratings(path: Path, embedders: Mapping[str, Embedder], *, resamples: int, seed: int, known: Collection[str] = frozenset()) -> list[Measure]:
    """Spearman and Pearson of the cosine with the rating for each method, intervals over pairs; of all pairs, then of those of two known terms.

    Args:
        embedders: by the name of the method; each is asked once for all distinct terms.
        known: names that training has read, as `normalize` writes them.

    Raises:
        NotThere, BadTable: as `read_ratings`.
    """
    pairs, about = read_ratings(path), path.name.partition(".")[0]
    groups = {about: np.arange(len(pairs.ratings))}
    both = np.flatnonzero([normalize(left) in known and normalize(right) in known for left, right in zip(pairs.left, pairs.right, strict=True)])
    groups |= {f"{about}, both terms known": both} if len(both) >= FEWEST else {}
    cosines = {method: level(cosines_of_texts(embed, pairs.left, pairs.right), resolution=ROUNDING) for method, embed in embedders.items()}
    return [
        measure for name, at in groups.items() for method, each in cosines.items()
        for measure in _correlate(name, method, each[at], pairs.ratings[at], note=_note(pairs.malformed), resamples=resamples, seed=seed)
    ]


def _correlate(about: str, method: str, cosines: Reals, ratings: Reals, *, note: str, resamples: int, seed: int) -> Iterator[Measure]:
    for metric, (figure, test) in CORRELATIONS.items():
        interval = bootstrap(partial(figure, cosines, ratings), len(cosines), resamples=resamples, seed=seed)
        p_value = float(test(cosines, ratings).pvalue) if np.ptp(cosines) and np.ptp(ratings) else 1.0
        yield Measure(PROTOCOL, about, method, metric, len(cosines), interval, p_value, note)


def cosines_of_texts(embed: Embedder, left: Sequence[str], right: Sequence[str]) -> NDArray[np.float32]:
    """(n,) cosine of each pair of texts; each distinct text is embedded once."""
    texts = sorted({*left, *right})
    row = {text: place for place, text in enumerate(texts)}
    vectors = embed(texts)
    cosines: NDArray[np.float32] = np.einsum("ij,ij->i", vectors[[row[text] for text in left]], vectors[[row[text] for text in right]])
    return cosines


def _note(malformed: Sequence[int]) -> str:
    if not malformed:
        return ""
    first = ", ".join(map(str, malformed[:5]))
    return f"{len(malformed):,} lines are not two terms and a number and are left out: line {first}{' …' if len(malformed) > 5 else ''}"
