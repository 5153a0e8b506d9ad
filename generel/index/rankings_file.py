"""How answers to a relation are ranked: `rankings.json`, the weights of the features of `generel.query.ranking_features`.

They were learned on held-out relations when the space was released. A relation asked from its other end has weights of its own: what tells the
drugs of a disease is not what tells the diseases of a drug.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import Corrupt

Weights = NDArray[np.float64]
FEATURES = ("cosine", "popularity", "vote", "sharing", "likeness")


@dataclass(frozen=True)
class Rankings:
    """The weights of a space.

    Attributes:
        by_relation: by relation, then by the kind that asks: one weight a feature, at least 0, in the order of FEATURES.
        others: of relations and kinds that had too few held-out relations to learn from.
    """

    by_relation: Mapping[str, Mapping[str, tuple[float, ...]]]
    others: tuple[float, ...]

    def weights(self, relation: str, *, asking: str) -> Weights:
        """(features,) for the answers of this relation to a query of that kind."""
        return np.array(self.by_relation.get(relation, {}).get(asking, self.others))


def write_rankings(path: Path, rankings: Rankings) -> None:
    """Write the weights, rounded to what they are worth."""

    def name(weights: tuple[float, ...]) -> dict[str, float]:
        return {feature: round(weight, 4) for feature, weight in zip(FEATURES, weights, strict=True)}

    relations = {relation: {kind: name(weights) for kind, weights in sorted(kinds.items())} for relation, kinds in sorted(rankings.by_relation.items())}
    path.write_text(json.dumps({"others": name(rankings.others), "relations": relations}, indent=1) + "\n", encoding="utf-8")


def read_rankings(path: Path) -> Rankings | None:
    """The weights of a space; None where it was released without.

    Raises:
        Corrupt: the file is not what `write_rankings` writes.
    """
    if not path.is_file():
        return None
    try:
        raw = json.loads(path.read_bytes())
        by_relation = {relation: {kind: _weights(named) for kind, named in kinds.items()} for relation, kinds in raw["relations"].items()}
        return Rankings(by_relation, _weights(raw["others"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Corrupt(f"{path} cannot be read ({error!r}); release the space again or copy it anew") from error


def _weights(named: Mapping[str, float]) -> tuple[float, ...]:
    return tuple(float(named[feature]) for feature in FEATURES)
