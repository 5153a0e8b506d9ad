"""The figures drawn: recall@k, whether percentiles can be trusted, and cosines beside effects; PNG files beside the report.

matplotlib comes with the factory; its drawing is kept to this file, which is imported only when a report is written.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from generel.concepts.atomic import write_beside
from training.evaluate.effect_size import EffectBin
from training.evaluate.metrics import realistic_ranks
from training.evaluate.outcomes import Outcome

RECALL_FILE, RELIABILITY_FILE, EFFECTS_FILE = "recall.png", "reliability.png", "effects.png"
# Colors that people with any color vision tell apart (Okabe and Ito), ours first.
COLORS = ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7", "#999999", "#F0E442", "#000000")
FURTHEST = 1000
MOST_KINDS = 6


def draw_recall(outcomes: Sequence[Outcome], path: Path, *, titles: Mapping[tuple[str, str, str], str]) -> None:
    """Recall@k of every method for k from 1 to 1,000, one panel a set of questions; nothing where none of `titles` was asked.

    Args:
        titles: of the panels by (protocol, predicate, kinds), in the order of the panels.
    """
    panels = {key: [each for each in outcomes if _key(each) == key] for key in titles}
    panels = {key: found for key, found in panels.items() if found}
    if not panels:
        return
    figure, axes = plt.subplots(1, len(panels), figsize=(4.5 * len(panels), 4), squeeze=False, sharey=True, layout="constrained")
    for ax, (key, found) in zip(axes[0], panels.items(), strict=True):
        for outcome, color in zip(found, COLORS * 2, strict=False):
            k, recall = recall_curve(outcome)
            ax.plot(k, recall, color=color, label=outcome.method, linewidth=2 if outcome.method.startswith("generel") else 1)
        _label(ax, title=f"{titles[key]}\n{len(found[0].questions.candidates):,} candidates", x="k", y="recall@k")
        ax.set_xscale("log")
    axes[0][0].legend(fontsize=7)
    _save(figure, path)


def draw_reliability(stated: Mapping[str, NDArray[np.float64]], held_out: Mapping[str, NDArray[np.float64]], path: Path) -> None:
    """The share of fresh random pairs below each percentile that the space states: on the diagonal where percentiles can be trusted.

    Args:
        stated: percentiles of fresh random pairs, by pair of kinds.
        held_out: percentiles of held-out true pairs, by pair of kinds: the farther below the diagonal the better. The pairs of kinds with
            most of them are drawn.
    """
    if not stated:
        return
    shown = sorted(stated, key=lambda kinds: (-len(held_out.get(kinds, ())), kinds))[:MOST_KINDS]
    figure, ax = plt.subplots(figsize=(5, 5.5), layout="constrained")
    ax.plot([0, 100], [0, 100], color="#999999", linewidth=1, linestyle=":")
    grid = np.linspace(0, 100, 201)
    for kinds, color in zip(shown, COLORS, strict=False):
        ax.plot(grid, 100 * np.searchsorted(np.sort(stated[kinds]), grid, "right") / len(stated[kinds]), color=color, linewidth=1, label=f"{kinds}, random")
        if kinds in held_out:
            true = np.sort(held_out[kinds])
            ax.plot(grid, 100 * np.searchsorted(true, grid, "right") / len(true), color=color, linewidth=1.5, linestyle="--", label=f"{kinds}, held out")
    _label(ax, title="Can percentiles be trusted?", x="stated percentile", y="pairs at or below it, %")
    ax.legend(fontsize=7, loc="upper left")
    _save(figure, path)


def draw_effects(bins: Mapping[str, Sequence[EffectBin]], path: Path, *, unit: str) -> None:
    """The mean cosine of variant and trait by the size of the effect, for each method; nothing where there are no effects in that unit."""
    if not any(bins.values()):
        return
    figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
    for (method, found), color in zip(bins.items(), COLORS, strict=False):
        if found:
            cosines = np.array([each.cosine for each in found])
            errors = np.abs(cosines[:, 1:] - cosines[:, :1]).T
            ax.errorbar([each.size for each in found], cosines[:, 0], yerr=errors, color=color, label=method, marker="o", markersize=3, linewidth=1)
    _label(ax, title=f"Cosine of variant and trait by the size of the effect\n{sum(each.n for each in next(iter(bins.values()))):,} pairs", x=f"|beta|, {unit}", y="mean cosine")
    ax.legend(fontsize=7)
    _save(figure, path)


def recall_curve(outcome: Outcome) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """k from 1 to 1,000 (or all candidates), and the share of answers whose rank is at most k."""
    ranks = np.sort(realistic_ranks(outcome.ranks))
    k = np.unique(np.geomspace(1, min(FURTHEST, len(outcome.questions.candidates)), 60).astype(np.int64))
    return k, np.searchsorted(ranks, k, "right") / len(ranks)


def _key(outcome: Outcome) -> tuple[str, str, str]:
    return outcome.questions.protocol, outcome.questions.predicate, outcome.questions.kinds


def _label(ax: Axes, *, title: str, x: str, y: str) -> None:
    ax.set(xlabel=x, ylabel=y)
    ax.set_title(title, fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)


def _save(figure: Figure, path: Path) -> None:
    with write_beside(path) as temporary:
        # No date and no version of the library, so that equal figures are equal files.
        figure.savefig(temporary, format="png", dpi=120, metadata={"Software": None})
    plt.close(figure)
