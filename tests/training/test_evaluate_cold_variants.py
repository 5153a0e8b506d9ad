"""Variants that training never saw, folded in by their genes."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from generel.concepts.tables import VARIANTS
from tests.training.evaluate_world import random_unit
from tests.training.test_evaluate_time_and_locus import split_of
from training.evaluate.cold_variants import cold_variant_questions, fold_in, fold_into_space, show_genes
from training.evaluate.effect_size import EffectBin
from training.evaluate.metrics import Interval
from training.evaluate.pictures import draw_effects
from training.evaluate.space import SpaceVectors

# rs9 and rs10 are cold: rs9 lies in a gene that rs1 tells of, rs10 in one that nothing tells of; the gene of rs11 is cold itself.
WORLD = """
dbsnp:rs1 variant_associated_with mondo:1 train
dbsnp:rs1 variant_of_gene hgnc:1 train
dbsnp:rs1 variant_associated_with mondo:2 train
dbsnp:rs9 variant_of_gene hgnc:1 cold
dbsnp:rs9 variant_of_gene hgnc:2 cold
dbsnp:rs9 variant_associated_with mondo:1 cold
dbsnp:rs9 affects_dosage chebi:1 cold
dbsnp:rs10 variant_of_gene hgnc:3 cold
dbsnp:rs10 variant_associated_with mondo:1 cold
dbsnp:rs11 variant_of_gene hgnc:4 cold
dbsnp:rs11 variant_associated_with mondo:1 cold
hgnc:4 gene_of_disease mondo:2 cold
hgnc:2 gene_of_disease mondo:2 train
hgnc:3 gene_of_disease mondo:2 train
"""
COLD = ("dbsnp:rs9", "dbsnp:rs10", "dbsnp:rs11", "hgnc:4")


def world():
    return split_of(WORLD, cold=COLD)


def test_only_gene_rows_of_cold_variants_are_shown() -> None:
    """Their traits and drugs stay hidden, and so does a gene that is cold itself."""
    split, shown = world(), show_genes(world())
    changed = [(split.curies[a], p, split.curies[b]) for (a, p, b, was), now in zip(split.relations.select("subject", "predicate", "object", "part").rows(), shown.relations["part"], strict=True) if was != now]
    assert sorted(changed) == [("dbsnp:rs10", "variant_of_gene", "hgnc:3"), ("dbsnp:rs9", "variant_of_gene", "hgnc:1"), ("dbsnp:rs9", "variant_of_gene", "hgnc:2")]


def test_a_cold_variant_is_asked_about_if_its_gene_tells_something() -> None:
    """rs9 alone; its trait is ranked among all traits of training."""
    shown = show_genes(world())
    (questions,) = cold_variant_questions(shown, limit=9, seed=0)
    assert [shown.curies[number] for number in questions.queries] == ["dbsnp:rs9"]
    assert [shown.curies[number] for number in questions.candidates] == ["mondo:1", "mondo:2"] and questions.protocol == "cold-variants"


def test_a_cold_variant_is_the_mean_of_its_genes() -> None:
    """At unit norm; one without a known gene stays without a vector, and all others keep theirs."""
    shown = show_genes(world())
    number = {curie: place for place, curie in enumerate(shown.curies)}
    vectors = random_unit(shown.n_concepts, dims=4, seed=1)
    cold = [number[curie] for curie in ("dbsnp:rs9", "dbsnp:rs10", "dbsnp:rs11")]
    vectors[cold] = 0
    folded = fold_in(vectors, shown)
    mean = vectors[number["hgnc:1"]] + vectors[number["hgnc:2"]]
    assert folded[cold[0]] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert folded[cold[1]] == pytest.approx(vectors[number["hgnc:3"]], abs=1e-6) and not folded[cold[2]].any()
    others = np.setdiff1d(np.arange(shown.n_concepts), cold)
    assert (folded[others] == vectors[others]).all()
    before = SpaceVectors(vectors, np.zeros((len(vectors), 10), np.float32), ~vectors.any(axis=1))
    space = fold_into_space(before, shown, weights={}, variants=VARIANTS.empty(), window=100)
    assert np.flatnonzero(space.missing).tolist() == [cold[2]]


def test_a_cold_variant_is_composed_as_training_composes() -> None:
    """Of its genes, of what others of these are tied to, and of its locus: rs9 of both genes and of what rs1 has, by the weights of the sorts; rs11 of rs1's traits, near which it lies."""
    shown = show_genes(world())
    number = {curie: place for place, curie in enumerate(shown.curies)}
    vectors = random_unit(shown.n_concepts, dims=4, seed=1)
    cold = [number[curie] for curie in ("dbsnp:rs9", "dbsnp:rs10", "dbsnp:rs11")]
    vectors[cold] = 0
    row = {"build": "GRCh38", "chromosome": "1", "reference_allele": None, "alternate_allele": "A", "consequence": None, "source": "by hand", "source_version": "1"}
    variants = pl.DataFrame([{**row, "variant": "dbsnp:rs1", "position": 1000}, {**row, "variant": "dbsnp:rs11", "position": 1100}], schema=VARIANTS.empty().schema)
    weights = {"own": 5.0, "genes": 0.5, "gene_profile": 2.0, "locus": 3.0, "linkage": 1.0}
    before = SpaceVectors(vectors, np.zeros((len(vectors), 10), np.float32), ~vectors.any(axis=1))
    folded = fold_into_space(before, shown, weights=weights, variants=variants, window=100)
    genes, traits = (unit(sum(vectors[number[curie]] for curie in curies)) for curies in (("hgnc:1", "hgnc:2"), ("mondo:1", "mondo:2")))
    assert folded.vectors[cold[0]] == pytest.approx(unit(0.5 * genes + 2 * traits), abs=1e-5)
    assert folded.vectors[cold[1]] == pytest.approx(vectors[number["hgnc:3"]], abs=1e-5)
    assert folded.vectors[cold[2]] == pytest.approx(traits, abs=1e-5)
    assert not folded.missing[cold].any()


def unit(vector: np.ndarray) -> np.ndarray:
    """At unit norm."""
    return vector / np.linalg.norm(vector)


def test_effects_are_drawn_and_none_is_no_picture(tmp_path: Path) -> None:
    """Bins of two methods give a PNG; a space without effects in that unit has none."""
    bins = {"generel cosine": [EffectBin(10, 0.1, Interval(0.2, 0.1, 0.3)), EffectBin(10, 0.4, Interval(0.3, 0.2, 0.4))], "raw encoder": []}
    draw_effects(bins, tmp_path / "effects.png", unit="log odds")
    assert (tmp_path / "effects.png").read_bytes().startswith(b"\x89PNG")
    draw_effects({"generel cosine": []}, tmp_path / "none.png", unit="log odds")
    assert not (tmp_path / "none.png").exists()
