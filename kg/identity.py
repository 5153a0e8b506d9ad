"""Identity: which identifiers mean one concept, and which of them names it.

Within each kind apart, *concepts* (identifiers with a row in CONCEPTS) that mappings join become one component, named by its
member of the lowest prefix rank. Mappings are taken in a fixed order – confidence, then the predicate's trust, then whether
both ends share their first name, or any name, then alphabetically – and one that would put two concepts of the same prefix into one component is
set aside. *Codes* (identifiers that only serve as cross-references: ICD, UMLS, CAS, alternative ids) never join two
concepts: a code goes to the one concept that claims it best, and to none if several claim it equally well.
"""

from dataclasses import dataclass

import polars as pl

from generel.concepts.prefixes import BY_NAME
from generel.concepts.tables import MERGES
from kg.curies import prefix_of
from kg.harvest import count_set_aside
from kg.spelling import normalized

# How far a mapping's word is to be trusted where confidences are equal; words that are not here do not say "the same".
TRUST: dict[str, int] = {
    "alt_id": 0, "replaced_by": 0, "exactMatch": 0, "sameAs": 0, "equivalentTo": 0, "hasDbXref": 1, "xref": 1,
}
LAST_RANK = 1000
# What two identifiers have in common: no name, some name (the drug has a salt's name among its synonyms), or what both are called first.
NO_NAME, ANY_NAME, FIRST_NAME = 0, 1, 2
TO_ITSELF = "maps an identifier to itself"
NOT_THE_SAME = "the mapping does not say that both are the same"
TAKEN_CODE = "the code names another concept with more confidence"
DISPUTED_CODE = "several concepts claim the code equally"
NO_CONCEPT = "neither end leads to a concept"
MERGING = "would merge two concepts of prefix {}"


@dataclass(frozen=True)
class Identity:
    """Who is who.

    Attributes:
        members: `kind, alias, curie`: every concept's identifier, the canonical ones included, and what it is called now.
        merges: MERGES: members that changed their name, and codes; each (kind, alias) leads to one curie.
        set_aside: SET_ASIDE: mappings that were not used.
    """

    members: pl.DataFrame
    merges: pl.DataFrame
    set_aside: pl.DataFrame


def identify(concepts: pl.DataFrame, mappings: pl.DataFrame) -> Identity:
    """The components of all concepts, and where every other identifier leads.

    The order of rows of neither table matters.

    Args:
        concepts: CONCEPTS of all sources; one identifier may have rows of several sources and kinds.
        mappings: MAPPINGS of all sources.
    """
    known = concepts.select("kind", alias="curie").unique()
    edges = _rank_mappings(mappings, known=known, names=_names_of(concepts))
    usable = edges.filter(pl.col("reason").is_null())
    members, refused = _join_concepts(known, usable.filter("left_known", "right_known"))
    codes, unused = _assign_codes(members, usable.filter(~(pl.col("left_known") & pl.col("right_known"))))
    renamed = members.filter(pl.col("alias") != pl.col("curie"))
    return Identity(
        members=members.sort("kind", "alias"),
        merges=pl.concat([renamed, codes]).select(*MERGES.columns).sort(MERGES.key),
        set_aside=_as_set_aside(pl.concat([edges.filter(pl.col("reason").is_not_null()).select(refused.columns), refused, unused])),
    )


def prefix_rank(curies: pl.Expr) -> pl.Expr:
    """The rank of each CURIE's prefix; LAST_RANK where its prefix never names a concept by itself."""
    ranks = {name: LAST_RANK if prefix.rank is None else prefix.rank for name, prefix in BY_NAME.items()}
    return prefix_of(curies).replace_strict(ranks, default=LAST_RANK, return_dtype=pl.Int64)


def trust_of(predicate: pl.Expr) -> pl.Expr:
    """The place in TRUST of a mapping's word, 0 the most trusted; null where it does not say that both are the same."""
    return predicate.str.extract(r"([^:]*)$", 1).replace_strict(TRUST, default=None, return_dtype=pl.Int64)


def _names_of(concepts: pl.DataFrame) -> pl.DataFrame:
    """`kind, curie, names, preferred`, normalized: all names and synonyms of an identifier, and what sources call it first."""
    texts = concepts.select("kind", "curie", first="name", name=pl.concat_list(pl.col("name"), pl.col("synonyms"))).explode("name")
    texts = texts.with_columns(normalized(texts["name"]).alias("name"), normalized(texts["first"]).alias("first")).filter(pl.col("name") != "")
    return texts.group_by("kind", "curie").agg(names=pl.col("name").unique(), preferred=pl.col("first").filter(pl.col("first") != "").unique())


def _rank_mappings(mappings: pl.DataFrame, *, known: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """The mappings in the order in which they are taken, with `left < right` and a reason not to use them.

    `standing` counts from 0, the most trusted first, and is equal for mappings that are equally trusted.
    """
    flagged = known.with_columns(known=pl.lit(True))
    edges = mappings.with_columns(
        left=pl.min_horizontal("subject", "object"),
        right=pl.max_horizontal("subject", "object"),
        trust=trust_of(pl.col("predicate")),
    )
    for side in ("left", "right"):
        edges = edges.join(flagged.rename({"alias": side, "known": f"{side}_known"}), on=["kind", side], how="left")
        edges = edges.with_columns(pl.col(f"{side}_known").fill_null(False))
    edges = edges.join(_namesakes(edges, names), on=["kind", "left", "right"], how="left").with_columns(
        pl.col("share_name").fill_null(NO_NAME),
        reason=pl.when(pl.col("left") == pl.col("right")).then(pl.lit(TO_ITSELF)).when(pl.col("trust").is_null()).then(pl.lit(NOT_THE_SAME)),
    )
    order = ["share_name", "kind", "left", "right", "source", "predicate", "subject", "object"]
    edges = edges.sort("confidence", "trust", *order, descending=[True, False, True, *[False] * (len(order) - 1)])
    return edges.with_columns(standing=pl.struct("confidence", "trust").rle_id())


def _namesakes(edges: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """`kind, left, right, share_name` of the pairs of concepts that have a name in common: FIRST_NAME or ANY_NAME."""
    pairs = edges.filter("left_known", "right_known").select("kind", "left", "right").unique()
    for side in ("left", "right"):
        pairs = pairs.join(names.rename({"curie": side, "names": f"{side}_names", "preferred": f"{side}_preferred"}), on=["kind", side])
    shared, first = (pl.col(f"left_{which}").list.set_intersection(f"right_{which}").list.len() > 0 for which in ("names", "preferred"))
    return pairs.filter(shared).select("kind", "left", "right", share_name=pl.when(first).then(FIRST_NAME).otherwise(ANY_NAME))


class Components:
    """Disjoint sets of nodes; each set holds at most one node of a prefix."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._prefixes: dict[str, set[str]] = {}

    def find(self, node: str) -> str:
        """The node that stands for the set of `node`."""
        root = node
        while (above := self._parent.get(root, root)) != root:
            root = above
        while node != root:
            self._parent[node], node = root, self._parent.get(node, node)
        return root

    def clash(self, left: str, right: str) -> str:
        """The alphabetically first prefix that both sets have; empty if they may be joined, or are one already."""
        left, right = self.find(left), self.find(right)
        return "" if left == right else min(self._prefixes_of(left) & self._prefixes_of(right), default="")

    def join(self, left: str, right: str) -> None:
        """Make the two sets one."""
        left, right = self.find(left), self.find(right)
        if left != right:
            self._prefixes[left] = self._prefixes_of(left) | self._prefixes_of(right)
            self._parent[right] = left

    def _prefixes_of(self, root: str) -> set[str]:
        return self._prefixes.get(root) or {root.partition(":")[0]}


def _join_concepts(known: pl.DataFrame, edges: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The members of all components, and the edges that would have merged two concepts of one prefix, with the reason."""
    components: dict[str, Components] = {kind: Components() for kind in known["kind"].unique()}
    reasons: list[str | None] = []
    for kind, left, right in edges.select("kind", "left", "right").iter_rows():
        clash = components[kind].clash(left, right)
        reasons.append(MERGING.format(clash) if clash else None)
        if not clash:
            components[kind].join(left, right)
    refused = edges.with_columns(reason=pl.Series(reasons, dtype=pl.String)).filter(pl.col("reason").is_not_null())
    roots = [components[kind].find(alias) for kind, alias in known.select("kind", "alias").iter_rows()]
    members = known.with_columns(root=pl.Series(roots, dtype=pl.String), rank=prefix_rank(pl.col("alias")))
    members = members.with_columns(curie=pl.col("alias").sort_by("rank", "alias").first().over("kind", "root"))
    return members.select("kind", "alias", "curie"), refused


def _assign_codes(members: pl.DataFrame, edges: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Which concept each code leads to (`kind, alias, curie`), and the edges that were of no use, with the reason.

    Claims are settled from the concepts outwards: a code that a concept claims itself does not ask what other codes say.
    """
    columns = ["kind", "alias", "curie"]
    codes, disputed = members.clear(), members.select("kind", "alias").clear()
    claims = pl.concat([edges.with_columns(alias=pl.col(code), via=pl.col(other)) for code, other in (("left", "right"), ("right", "left"))])
    claims = claims.join(members, on=["kind", "alias"], how="anti")
    reached = members
    while not reached.is_empty():
        new = claims.join(reached.select("kind", "curie", via="alias"), on=["kind", "via"])
        new = new.join(codes, on=["kind", "alias"], how="anti").join(disputed, on=["kind", "alias"], how="anti")
        best = new.filter(pl.col("standing") == pl.col("standing").min().over("kind", "alias"))
        settled = best.group_by("kind", "alias").agg(pl.col("curie").unique())
        reached = settled.filter(pl.col("curie").list.len() == 1).with_columns(pl.col("curie").list.first()).select(columns)
        disputed = pl.concat([disputed, settled.filter(pl.col("curie").list.len() > 1).select("kind", "alias")])
        codes = pl.concat([codes, reached])
    return codes.sort("kind", "alias"), _unused(edges, ends=pl.concat([members, codes]), disputed=disputed)


def _unused(edges: pl.DataFrame, *, ends: pl.DataFrame, disputed: pl.DataFrame) -> pl.DataFrame:
    """The edges whose two ends do not lead to one concept, with the reason."""
    marked = disputed.with_columns(disputed=pl.lit(True))
    for side in ("left", "right"):
        edges = edges.join(ends.rename({"alias": side, "curie": f"{side}_curie"}), on=["kind", side], how="left")
        edges = edges.join(marked.rename({"alias": side, "disputed": f"{side}_disputed"}), on=["kind", side], how="left")
    reason = (
        pl.when(pl.col("left_disputed") | pl.col("right_disputed")).then(pl.lit(DISPUTED_CODE))
        .when(pl.col("left_curie").is_null() & pl.col("right_curie").is_null()).then(pl.lit(NO_CONCEPT))
        .when(pl.col("left_curie") != pl.col("right_curie")).then(pl.lit(TAKEN_CODE))
    )
    added = [f"{side}_{what}" for side in ("left", "right") for what in ("curie", "disputed")]
    return edges.with_columns(reason=reason).filter(pl.col("reason").is_not_null()).drop(added)


def _as_set_aside(edges: pl.DataFrame) -> pl.DataFrame:
    key = pl.concat_str("subject", "predicate", "object", separator=" ")
    return count_set_aside(edges.select("source", "reason", table=pl.lit("MAPPINGS"), key=key))
