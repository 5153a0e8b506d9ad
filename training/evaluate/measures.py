"""Figures that are no ranking: a correlation, an accuracy, an area under a curve; one row a method and metric.

A protocol that asks "which of these is it?" gives `outcomes.Row`; every other one gives these.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from training.evaluate.metrics import Interval


@dataclass(frozen=True)
class Measure:
    """One method's figure on one thing asked.

    Attributes:
        protocol: of settings.PROTOCOLS.
        about: what was asked about: a trait, a library, a task; 'all' where they are pooled.
        method: who answered.
        metric: 'Spearman', 'accuracy', 'AUROC' and so on.
        n: how many pairs, genes or terms the figure is of.
        interval: the figure with its 95 % interval.
        p_value: of the figure against chance, None where it has none.
        note: what a reader has to know of this figure; empty where nothing.
    """

    protocol: str
    about: str
    method: str
    metric: str
    n: int
    interval: Interval
    p_value: float | None = None
    note: str = ""


def to_records(measures: Sequence[Measure]) -> list[dict[str, object]]:
    """A column each, for programs; the figure is `value`, its interval `low` and `high`."""
    return [
        {
            "protocol": each.protocol, "about": each.about, "method": each.method, "metric": each.metric, "n": each.n,
            "value": each.interval.value, "low": each.interval.low, "high": each.interval.high, "p_value": each.p_value, "note": each.note,
        }
        for each in measures
    ]
