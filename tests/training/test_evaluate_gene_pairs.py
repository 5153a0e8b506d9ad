"""Gene pairs: files, thresholds and rates by hand, figures beside scikit-learn, planted signals, and random spaces."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, average_precision_score, roc_auc_score

from generel.concepts.errors import BadTable, NotThere
from tests.training.evaluate_world import random_unit
from training.evaluate import gene_pairs
from training.evaluate.gene_pairs import (
    RATES,
    GenePairs,
    best_threshold,
    gene_rates,
    measure_gene_pairs,
    pair_features,
    read_gene_pairs,
)
from training.evaluate.measures import Measure

GENES = {"TP53": 0, "MDM2": 1, "ATM": 2}
N_GENES = 60


def write(folder: Path, pairs: Sequence[str], labels: Sequence[str]) -> tuple[Path, Path]:
    """The two files, the pairs compressed."""
    text, label = folder / "pairs.txt.gz", folder / "labels.txt"
    text.write_bytes(gzip.compress("".join(f"{pair}\n" for pair in pairs).encode()))
    label.write_text("".join(f"{each}\n" for each in labels))
    return text, label


def of(left: Sequence[int], right: Sequence[int], labels: Sequence[bool]) -> GenePairs:
    """Pairs all of whose genes are known."""
    return GenePairs(np.array(left), np.array(right), np.array(labels, dtype=bool), 0, 0)


def coin_pairs(*, n: int, seed: int, genes: int = N_GENES) -> GenePairs:
    """Random pairs, true or false by the toss of a coin."""
    rng = np.random.default_rng(seed)
    return of(rng.integers(0, genes, n), rng.integers(0, genes, n), rng.random(n) < 0.5)


def figures(measures: Sequence[Measure], method: str) -> dict[str, Measure]:
    """The measures of a method by metric."""
    return {each.metric: each for each in measures if each.method == method}


def test_pairs_and_labels_are_read_side_by_side(tmp_path: Path) -> None:
    """Genes become rows; a pair with an unknown gene, and a line that is no pair or no label, are counted."""
    pairs = ("TP53 MDM2", "ATM\tTP53", "TP53 OR4F5", "TP53", "ATM MDM2", "MDM2 MDM2")
    read = read_gene_pairs(*write(tmp_path, pairs, ("1", "0", "1", "1", "yes", "0")), resolve=GENES.get)
    assert (read.left.tolist(), read.right.tolist(), read.labels.tolist()) == ([0, 2, 1], [1, 0, 1], [True, False, False])
    assert (read.unresolved, read.malformed) == (1, 2)


def test_files_of_different_lengths_are_refused(tmp_path: Path) -> None:
    """A label would belong to another pair."""
    with pytest.raises(BadTable, match=r"pairs\.txt\.gz has 2 lines and .*labels\.txt 1, or blank ones elsewhere; each pair needs its label"):
        read_gene_pairs(*write(tmp_path, ("TP53 MDM2", "TP53 ATM"), ("1",)), resolve=GENES.get)
    with pytest.raises(BadTable, match="or blank ones elsewhere"):
        read_gene_pairs(*write(tmp_path, ("TP53 MDM2", "", "TP53 ATM"), ("1", "0", "")), resolve=GENES.get)
    with pytest.raises(NotThere, match=r"none\.txt is not there"):
        read_gene_pairs(tmp_path / "none.txt", tmp_path / "labels.txt", resolve=GENES.get)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=12))
def test_no_threshold_is_better_than_the_best(rows: list[tuple[int, bool]]) -> None:
    """Whatever the ties, calling all above it true is right as often as any cut can be."""
    scores, labels = np.array([score for score, _ in rows], dtype=np.float64), np.array([label for _, label in rows])
    best = max(((scores > cut) == labels).sum() for cut in np.arange(-0.5, 6))
    assert ((scores > best_threshold(scores, labels)) == labels).sum() == best


def test_gene_rates_are_log_odds_by_hand() -> None:
    """Half of the training pairs are true, so .5 is added to each count: TP53 3 true 1 false: log(3.5/1.5); MDM2 1 and 2: log(1.5/2.5)."""
    train = of([0, 0, 0, 0, 1, 2], [1, 2, 2, 1, 2, 2], [True, True, True, False, False, False])
    asked = of([0, 2, 5], [1, 5, 6], [True, True, True])
    atm = np.log((2 + 0.5) / (3 + 0.5))
    assert gene_rates(train, asked) == pytest.approx([np.log(3.5 / 1.5) + np.log(1.5 / 2.5), atm, 0.0])


def test_the_order_of_a_pair_does_not_matter() -> None:
    """|a - b| and a * b are the same both ways."""
    vectors, pairs = random_unit(N_GENES, dims=4, seed=0), coin_pairs(n=20, seed=1)
    turned = pairs._replace(left=pairs.right, right=pairs.left)
    features = pair_features(vectors, pairs)
    assert np.array_equal(features, pair_features(vectors, turned))
    a, b = vectors[pairs.left[3]], vectors[pairs.right[3]]
    assert features[3].tolist() == [*np.abs(a - b).tolist(), *(a * b).tolist()]


def test_figures_of_the_cosine_are_those_of_scikit_learn() -> None:
    """AUROC and AP of the cosine; accuracy at the threshold that is best on the training pairs."""
    vectors, train, valid = random_unit(N_GENES, dims=4, seed=0), coin_pairs(n=300, seed=1), coin_pairs(n=100, seed=2)
    found = figures(measure_gene_pairs(train, valid, {"any": vectors}, about="pairs", train_limit=300, resamples=20, seed=0), "any")
    known, asked = ((vectors[each.left] * vectors[each.right]).sum(axis=1) for each in (train, valid))
    assert found["AUROC"].interval.value == pytest.approx(roc_auc_score(valid.labels, asked))
    assert found["AP"].interval.value == pytest.approx(average_precision_score(valid.labels, asked))
    held = {frozenset(pair) for pair in zip(valid.left.tolist(), valid.right.tolist(), strict=True)}
    fresh = np.array([frozenset(pair) not in held for pair in zip(train.left.tolist(), train.right.tolist(), strict=True)])
    threshold = best_threshold(known[fresh].astype(np.float64), train.labels[fresh])
    assert found["accuracy"].interval.value == pytest.approx(accuracy_score(valid.labels, asked > threshold))
    assert found["AUROC"].n == 100


def test_pairs_that_are_asked_about_are_not_trained_on() -> None:
    """The note counts the training pairs that are left, in either order."""
    train, valid = coin_pairs(n=300, seed=1), coin_pairs(n=100, seed=2)
    leaked = GenePairs(*(np.concatenate((a, b)) for a, b in ((train.left, valid.right), (train.right, valid.left), (train.labels, ~valid.labels))), 0, 0)
    vectors = {"any": random_unit(N_GENES, dims=4, seed=0)}
    plain, with_leak = (measure_gene_pairs(each, valid, vectors, about="", train_limit=999, resamples=20, seed=0) for each in (train, leaked))
    assert plain == with_leak
    unknown = valid._replace(unresolved=7, malformed=2)
    note = measure_gene_pairs(train, unknown, {}, about="", train_limit=50, resamples=20, seed=0)[0].note
    assert "the classifier has 50 of" in note and note.endswith("7 of 109 pairs have a gene without a vector; 2 lines are no pair")


def test_a_cosine_that_knows_the_pairs_is_perfect() -> None:
    """Genes of one family share a vector; true pairs are those inside a family."""
    train, valid = coin_pairs(n=400, seed=1), coin_pairs(n=200, seed=2)
    families = np.eye(4, dtype=np.float32)[np.arange(N_GENES) % 4]
    train, valid = (each._replace(labels=each.left % 4 == each.right % 4) for each in (train, valid))
    found = measure_gene_pairs(train, valid, {"families": families}, about="", train_limit=400, resamples=20, seed=0)
    for method in ("families", "families + logistic regression"):
        assert {metric: each.interval.value for metric, each in figures(found, method).items()} == {"AUROC": 1.0, "AP": 1.0, "accuracy": 1.0}


def test_what_only_pairs_can_tell_is_told_by_the_classifier_alone() -> None:
    """True pairs agree in one coordinate of many, and genes of either sign are in as many: the cosine hardly sees it."""
    vectors = random_unit(N_GENES, dims=16, seed=0)
    train, valid = coin_pairs(n=1500, seed=1), coin_pairs(n=300, seed=2)
    train, valid = (each._replace(labels=(vectors[each.left, 0] > 0) == (vectors[each.right, 0] > 0)) for each in (train, valid))
    found = measure_gene_pairs(train, valid, {"any": vectors}, about="", train_limit=1500, resamples=20, seed=0)
    assert figures(found, "any + logistic regression")["AUROC"].interval.value > 0.9
    assert figures(found, "any")["AUROC"].interval.value < 0.75


def test_genes_that_are_often_in_true_pairs_are_known_by_their_rates() -> None:
    """Pairs are true by their first gene: the rates know it, and are at chance where no gene was met before."""
    train, valid = coin_pairs(n=2000, seed=1), coin_pairs(n=300, seed=2)
    train, valid = (each._replace(labels=each.left % 2 == 0, right=each.left) for each in (train, valid))
    met = valid._replace(right=valid.right[::-1].copy())
    unmet = valid._replace(left=valid.left + N_GENES, right=valid.right + N_GENES)
    areas = [measure_gene_pairs(train, asked, {}, about="", train_limit=9, resamples=20, seed=0)[0] for asked in (met, unmet)]
    assert [(area.method, area.metric) for area in areas] == [(RATES, "AUROC")] * 2
    assert areas[0].interval.value > 0.8 and list(areas[1].interval) == [0.5] * 3


def test_a_random_space_is_at_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 20 random spaces nearly all have chance inside, cosine and classifier alike."""
    monkeypatch.setattr(gene_pairs, "STRENGTHS", (1e-2,))
    train, valid = coin_pairs(n=200, seed=1, genes=40), coin_pairs(n=200, seed=2, genes=40)
    vectors = {str(seed): random_unit(N_GENES, dims=4, seed=seed) for seed in range(20)}
    measures = measure_gene_pairs(train, valid, vectors, about="", train_limit=300, resamples=100, seed=0)
    chance = {"AUROC": 0.5, "AP": valid.labels.mean(), "accuracy": 0.5}
    for end in ("", " + logistic regression"):
        for metric, expected in chance.items():
            asked = [each.interval for each in measures if each.metric == metric and each.method in {name + end for name in vectors}]
            assert sum(each.low <= expected <= each.high for each in asked) >= 17


def test_pairs_of_one_sort_are_no_question() -> None:
    """Only true pairs tell nothing."""
    nobody = np.empty(0, dtype=np.int64)
    for asked in (of([0], [1], [True]), GenePairs(nobody, nobody, np.empty(0, dtype=bool), 9, 0)):
        assert measure_gene_pairs(coin_pairs(n=50, seed=1), asked, {}, about="", train_limit=9, resamples=9, seed=0) == []
