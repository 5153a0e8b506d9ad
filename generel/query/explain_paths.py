"""The shortest supported paths between two concepts, and what both are tied to in the same way.

Fewer steps come first. Among paths of one length the score decides:

    score(path) = product over its steps of  confidence * (d_left * d_right) ** -0.4

where d_left and d_right say to how many concepts the ends of the step are tied by the same predicate in the same direction. That is the
path degree product of Himmelstein and Baranzini (PLoS Computational Biology 2015, e1004259), with their damping exponent, times the evidence:
a path over a gene of two diseases says more than one over a word that three thousand share. Between two concepts tied in several ways
the best step is taken.

Tables are sifted with polars; networkx walks only the few ties that can lie on a path of at most three steps.
"""

import itertools
from collections.abc import Callable, Collection, Iterable

import polars as pl

from generel.concepts.predicates import BY_NAME, PREDICATES
from generel.query.explain_records import Path, SharedTies, Step
from generel.query.records import Concept

DAMPING = 0.4
# A third step is looked for only where there are too few paths of two, and among so many of the best middle ties for each path wanted.
MIDDLES_A_PATH = 10
SYMMETRIC = [predicate.name for predicate in PREDICATES if predicate.symmetric]
WAY = ["predicate", "forward"]
Say = Callable[[str], Concept]


def find_paths(relations: pl.DataFrame, left: str, right: str, k: int, *, say: Say) -> list[Path]:
    """At most k paths of two or three steps from `left` to `right`, best first; none goes through a concept twice.

    Args:
        relations: RELATIONS, all of them.
        left, right: CURIEs, not the same.
        say: the concept of a CURIE.
    """
    import networkx as nx

    steps = _steps_of_two(relations, left, right)
    if steps.filter(near=left)["far"].n_unique() < k:
        steps = pl.concat([steps, _steps_of_three(relations, left, right, k)]).unique(["near", "far", *WAY], maintain_order=True)
    graph = nx.DiGraph()
    for row in steps.sort("factor", "predicate", descending=[False, True]).iter_rows(named=True):
        graph.add_edge(row["near"], row["far"], row=row)
    if left not in graph or right not in graph:
        return []
    walks = nx.all_simple_paths(graph, left, right, cutoff=3)
    paths = [[graph.edges[edge]["row"] for edge in itertools.pairwise(walk)] for walk in walks]
    ranked = sorted(((_score(rows), rows) for rows in paths), key=lambda each: (len(each[1]), -each[0], [row["far"] for row in each[1]]))
    return [Path(tuple(_step(row, say) for row in rows), score) for score, rows in ranked[:k]]


def find_shared_ties(relations: pl.DataFrame, left: str, right: str, k: int, *, say: Say) -> list[SharedTies]:
    """By predicate and direction what both concepts are tied to, at most k each; where fewer are shared by chance alone comes first.

    The order is by the product of how many each is tied to, over how many are shared, ascending.
    """
    rows = _directed(relations, [left, right]).select("near", *WAY, "far").unique().filter(~pl.col("far").is_in([left, right]))
    counts = rows.group_by(*WAY).agg(n_left=(pl.col("near") == left).sum(), n_right=(pl.col("near") == right).sum())
    shared = rows.filter(near=left).join(rows.filter(near=right), on=[*WAY, "far"])
    degrees = _degrees(_directed(relations, shared["far"].unique().to_list())).rename({"near": "far", "degree": "popularity"})
    shared = shared.join(_opposite(degrees), on=["far", *WAY], how="left").sort("popularity", "far")
    found = []
    for (predicate, forward), group in shared.group_by(*WAY):
        count = counts.filter(predicate=predicate, forward=forward).row(0, named=True)
        concepts = tuple(say(curie) for curie in group["far"].head(k))
        found.append(SharedTies(str(predicate), phrase(str(predicate), forward=bool(forward)), count["n_left"], count["n_right"], group.height, concepts))
    return sorted(found, key=lambda ties: (ties.n_left * ties.n_right / ties.n_shared, ties.predicate, ties.phrase))


def phrase(predicate: str, *, forward: bool) -> str:
    """How a predicate reads from subject to object, or the other way."""
    return BY_NAME[predicate].phrase if forward else BY_NAME[predicate].inverse_phrase


def _steps_of_two(relations: pl.DataFrame, left: str, right: str) -> pl.DataFrame:
    """The steps from `left` to each concept in the middle and from there to `right`, with their factors."""
    ends = _directed(relations, [left, right])
    of_left, of_right = (set(ends.filter(near=end)["far"]) for end in (left, right))
    middles = (of_left & of_right) - {left, right}
    around = _directed(relations, [left, right, *middles])
    on_paths = (pl.col("near") == left) & pl.col("far").is_in(middles) | pl.col("near").is_in(middles) & (pl.col("far") == right)
    return _factors(around.filter(on_paths), _degrees(around))


def _steps_of_three(relations: pl.DataFrame, left: str, right: str, k: int) -> pl.DataFrame:
    """The steps of the best paths over two concepts in the middle."""
    ends = _directed(relations, [left, right])
    of_left, of_right = (set(ends.filter(near=end)["far"]) - {left, right} for end in (left, right))
    around = _directed(relations, [left, right, *(of_left | of_right)])
    degrees = _degrees(around)
    first = _factors(around.filter(near=left).filter(pl.col("far").is_in(of_left)), degrees)
    last = _factors(around.filter(far=right).filter(pl.col("near").is_in(of_right)), degrees)
    middle = _factors(around.filter(pl.col("near").is_in(of_left), pl.col("far").is_in(of_right), pl.col("near") != pl.col("far")), degrees)
    before = first.group_by(near=pl.col("far")).agg(before=pl.col("factor").max())
    after = last.group_by(far=pl.col("near")).agg(after=pl.col("factor").max())
    whole = middle.join(before, on="near").join(after, on="far").with_columns(whole=pl.col("factor") * pl.col("before") * pl.col("after"))
    best = whole.sort(["whole", "near", "far", "predicate"], descending=[True, False, False, False]).head(MIDDLES_A_PATH * k)
    return pl.concat([
        first.filter(pl.col("far").is_in(best["near"].implode())), best.select(first.columns), last.filter(pl.col("near").is_in(best["far"].implode())),
    ])


def _directed(relations: pl.DataFrame, concepts: Collection[str]) -> pl.DataFrame:
    """The rows that touch these concepts, once for each of them: `near` one of them, `far` the other end, `forward` from subject to object.

    Both directions of a symmetric predicate are forward.
    """
    wanted = pl.Series("near", list(concepts), dtype=pl.String).unique().implode()
    rest = ["predicate", "source", "confidence"]
    out = relations.filter(pl.col("subject").is_in(wanted)).select(*rest, near="subject", far="object", forward=pl.lit(True))
    into = relations.filter(pl.col("object").is_in(wanted)).select(*rest, near="object", far="subject", forward=pl.col("predicate").is_in(SYMMETRIC))
    return pl.concat([out, into.select(out.columns)])


def _degrees(around: pl.DataFrame) -> pl.DataFrame:
    """To how many concepts each `near` is tied in each way; `around` must hold all rows of it."""
    return around.group_by("near", *WAY).agg(degree=pl.col("far").n_unique().cast(pl.Int64))


def _opposite(degrees: pl.DataFrame) -> pl.DataFrame:
    """The same table for reading a tie from its other end: what is forward there is backward here, but for symmetric predicates."""
    return degrees.with_columns(forward=~pl.col("forward") | pl.col("predicate").is_in(SYMMETRIC))


def _factors(rows: pl.DataFrame, degrees: pl.DataFrame) -> pl.DataFrame:
    """One row a tie and way: its sources, confidence, the degrees of both ends, and its factor in a path's score."""
    steps = rows.group_by("near", "far", *WAY).agg(sources=pl.col("source").unique().sort(), confidence=1 - (1 - pl.col("confidence")).product())
    far = _opposite(degrees).rename({"near": "far", "degree": "d_right"})
    steps = steps.join(degrees.rename({"degree": "d_left"}), on=["near", *WAY]).join(far, on=["far", *WAY])
    return steps.with_columns(factor=pl.col("confidence") * (pl.col("d_left") * pl.col("d_right")).cast(pl.Float64) ** -DAMPING)


def _score(rows: Iterable[dict]) -> float:
    score = 1.0
    for row in rows:
        score *= row["factor"]
    return score


def _step(row: dict, say: Say) -> Step:
    return Step(
        say(row["near"]), row["predicate"], phrase(row["predicate"], forward=row["forward"]), say(row["far"]), tuple(row["sources"]), row["confidence"],
        (row["d_left"], row["d_right"]),
    )
