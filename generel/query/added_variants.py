"""The vector of a variant that training never saw, composed as training composes others.

    vector = normalize( sum over sorts s of  weight_s * normalize( sum over ties i of sort s of  w_i * h_i ) )

The sorts: its own traits and drugs, its genes, what other variants of these genes are tied to, and what its linkage partners are tied to; the
weights are those of the space's manifest. Where it lies is not asked here: name its gene, or a variant that it is linked with.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from generel.concepts.kinds import KINDS, Kind
from generel.index.freshness import ties_are_made_from
from generel.query.added_vectors import normalize

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
GENE, VARIANT = KINDS.index(Kind.GENE.value), KINDS.index(Kind.VARIANT.value)
# As in training: of what others tell, so many ties are kept.
MOST_TOLD = 64
OWN, GENES, GENE_PROFILE, LINKAGE = "own", "genes", "gene_profile", "linkage"
# For a space whose manifest does not say: every tie of its own alike, nothing that others tell.
PLAIN = {OWN: 1.0, GENES: 1.0}


def compose_variant(space: "EmbeddingSpace", ties: Mapping[str, Floats]) -> Floats:
    """(dims,) float32 unit norm: the vector of a variant with these ties; zeros without any.

    Args:
        ties: the vectors of what it is tied to, by CURIE; concepts of the space or added ones.
    """
    weights = {str(sort): float(weight) for sort, weight in space.manifest.raw.get("composition", PLAIN).items()}
    total = np.zeros(space.manifest.dims, dtype=np.float32)
    for sort, direction in _directions(space, ties).items():
        total += weights.get(sort, 0.0) * direction
    return normalize(total)


def _directions(space: "EmbeddingSpace", ties: Mapping[str, Floats]) -> dict[str, Floats]:
    """One unit vector a sort that has something to show."""
    known = {curie: space.names.by_curie(curie) for curie in ties}
    kinds = {curie: found.kind if found else "" for curie, found in known.items()}
    rows = {kind.value: [found.row for curie, found in known.items() if found and kinds[curie] == kind] for kind in (Kind.GENE, Kind.VARIANT)}
    directions = {
        OWN: _sum(vector for curie, vector in ties.items() if kinds[curie] not in (Kind.GENE, Kind.VARIANT)),
        GENES: _sum(vector for curie, vector in ties.items() if kinds[curie] == Kind.GENE),
    }
    if ties_are_made_from(space.names, space.manifest):
        of_genes = [row for gene in rows[Kind.GENE.value] for row in _tied(space, gene, VARIANT)]
        directions[GENE_PROFILE] = _told(space, of_genes, genes_too=False)
        directions[LINKAGE] = _told(space, rows[Kind.VARIANT.value], genes_too=True)
    return {sort: normalize(direction) for sort, direction in directions.items() if direction is not None}


def _sum(vectors: Iterable[Floats]) -> Floats | None:
    found = list(vectors)
    return np.sum(found, axis=0, dtype=np.float32) if found else None


def _tied(space: "EmbeddingSpace", row: int, *kinds: int) -> list[int]:
    """The rows of these kinds (of all but variants, where none is named) that the evidence ties to a row."""
    others = space.names.ties(row).astype(np.int64)
    others = others[others < len(space.names.kinds)]
    theirs = space.names.kinds[others]
    return others[np.isin(theirs, kinds) if kinds else theirs != VARIANT].tolist()


def _told(space: "EmbeddingSpace", variants: Iterable[int], *, genes_too: bool) -> Floats | None:
    """The sum of what these variants are tied to, each by log(1 + how many of them), the strongest alone; None if they tell nothing."""
    things = [row for variant in variants for row in _tied(space, variant) if genes_too or space.names.kinds[row] != GENE]
    if not things:
        return None
    rows, counts = np.unique(np.array(things, dtype=np.int64), return_counts=True)
    strongest = np.argsort(-counts, kind="stable")[:MOST_TOLD]
    told: Floats = np.log1p(counts[strongest]).astype(np.float32) @ space.store.fetch(rows[strongest])
    return told
