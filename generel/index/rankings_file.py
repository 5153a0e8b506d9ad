"""How answers to a relation are ranked: `rankings.json`, the weights of the features of `generel.query.ranking_features`.

They were learned on held-out relations when the space was released. A relation asked from its other end has weights of its own: what tells the
drugs of a disease is not what tells the diseases of a drug.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import Corrupt

Weights = NDArray[np.float64]
FEATURES = ("cosine", "popularity", "vote", "sharing", "likeness", "degree")
# What a release from before it was a feature has no weight for: it counts nothing there.
LATER = {"degree": 0.0}
# What is known of a query: answers to the relation; ties, but none by it; nothing.
Standing = Literal["tied", "unanswered", "new"]


@dataclass(frozen=True)
class Weighing:
    """One sort of query's weights.

    Attributes:
        by_relation: by relation, then by the kind that asks: one weight a feature, at least 0, in the order of FEATURES.
        others: of relations and kinds that had too few held-out relations to learn from.
    """

    by_relation: Mapping[str, Mapping[str, tuple[float, ...]]]
    others: tuple[float, ...]

    def weights(self, relation: str, *, asking: str) -> Weights:
        """(features,) for the answers of this relation to a query of that kind."""
        return np.array(self.by_relation.get(relation, {}).get(asking, self.others))


@dataclass(frozen=True)
class Rankings:
    """The weights of a space, by the standing of the query."""

    tied: Weighing
    unanswered: Weighing
    new: Weighing

    def weights(self, relation: str, *, asking: str, standing: Standing) -> Weights:
        """(features,) for the answers of this relation to a query of that kind."""
        by_standing: dict[Standing, Weighing] = {"tied": self.tied, "unanswered": self.unanswered, "new": self.new}
        return by_standing[standing].weights(relation, asking=asking)


def standing_of(*, has_ties: bool, has_answers: bool) -> Standing:
    """What is known of a query with or without ties, and with or without ties by the relation."""
    return "tied" if has_answers else "unanswered" if has_ties else "new"


def write_rankings(path: Path, rankings: Rankings) -> None:
    """Write the weights, rounded to what they are worth."""
    content = {"tied": _spell(rankings.tied), "unanswered": _spell(rankings.unanswered), "new": _spell(rankings.new)}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_rankings(path: Path) -> Rankings | None:
    """The weights of a space; None where it was released without.

    One from before the unanswered had weights of their own gives them those of the tied.

    Raises:
        Corrupt: the file is not what `write_rankings` writes.
    """
    if not path.is_file():
        return None
    try:
        raw = json.loads(path.read_bytes())
        return Rankings(_read(raw["tied"]), _read(raw.get("unanswered", raw["tied"])), _read(raw["new"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Corrupt(f"{path} cannot be read ({error!r}); release the space again or copy it anew") from error


def _spell(weighing: Weighing) -> dict[str, object]:
    def name(weights: tuple[float, ...]) -> dict[str, float]:
        return {feature: round(weight, 4) for feature, weight in zip(FEATURES, weights, strict=True)}

    relations = {relation: {kind: name(weights) for kind, weights in sorted(kinds.items())} for relation, kinds in sorted(weighing.by_relation.items())}
    return {"others": name(weighing.others), "relations": relations}


def _read(raw: Mapping[str, Any]) -> Weighing:
    def weights(named: Mapping[str, float]) -> tuple[float, ...]:
        return tuple(float({**LATER, **named}[feature]) for feature in FEATURES)

    by_relation = {relation: {kind: weights(named) for kind, named in kinds.items()} for relation, kinds in raw["relations"].items()}
    return Weighing(by_relation, weights(raw["others"]))
