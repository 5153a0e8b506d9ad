"""A tiny build of twenty-four concepts, as the three tables of a split and the graph they come from.

Read it like a textbook: four genes with their variant, the drugs those matter for, the diseases, and what is seen in them. One disease
is cold (kept out altogether), one variant has only held-out ties, 'statin' names two drugs, and some relations are held out.
"""

from dataclasses import replace

import numpy as np
import polars as pl
import torch

from generel.concepts.kinds import KINDS
from generel.concepts.tables import CONCEPTS, MERGES, RELATIONS, SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS, VARIANTS
from generel.model.bag import Bags, make_bags
from generel.model.tower import TowerShape
from training.corpus import Corpus, make_corpus
from training.losses import ALONE
from training.model import ConceptModel
from training.recipe import OptimizerSettings, Recipe, SamplingSettings, TowerSettings
from training.trainer import make_tasks
from training.workers import Workers

# CURIE, kind, part, names: the preferred one first, then synonyms; '!' marks a synonym that is held out for tests.
PEOPLE: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("dbsnp:rs4149056", "variant", "train", ("rs4149056",)),
    ("dbsnp:rs7903146", "variant", "train", ("rs7903146",)),
    ("dbsnp:rs9923231", "variant", "train", ("rs9923231",)),
    ("dbsnp:rs429358", "variant", "train", ("rs429358",)),
    ("dbsnp:rs1", "variant", "train", ("rs1",)),
    ("hgnc:10959", "gene", "train", ("SLCO1B1", "LST-1", "OATP1B1", "OATP-C")),
    ("hgnc:11641", "gene", "train", ("TCF7L2", "TCF4")),
    ("hgnc:23663", "gene", "train", ("VKORC1",)),
    ("hgnc:613", "gene", "train", ("APOE", "apolipoprotein E")),
    ("hgnc:2623", "gene", "train", ("CYP2C9",)),
    ("chebi:10033", "drug", "train", ("warfarin", "Coumadin")),
    ("chebi:9150", "drug", "train", ("simvastatin", "Zocor", "statin")),
    ("chebi:39548", "drug", "train", ("atorvastatin", "Lipitor", "statin")),
    ("chebi:6801", "drug", "train", ("metformin",)),
    ("mondo:0005015", "disease", "train", ("diabetes mellitus", "!sugar diabetes")),
    ("mondo:0005148", "disease", "train", ("type 2 diabetes mellitus", "NIDDM", "adult-onset diabetes", "type 2 diabetes")),
    ("mondo:0004975", "disease", "train", ("Alzheimer disease", "Alzheimer dementia")),
    ("mondo:0005068", "disease", "train", ("myocardial infarction", "heart attack")),
    ("mondo:0005439", "disease", "cold", ("familial hypercholesterolemia", "type II hyperlipidemia")),
    ("hp:0003074", "phenotype", "train", ("Hyperglycemia", "high blood sugar")),
    ("hp:0002354", "phenotype", "train", ("Memory impairment", "forgetfulness")),
    ("hp:0003326", "phenotype", "train", ("Myalgia", "muscle pain")),
    ("hp:0001892", "phenotype", "train", ("Abnormal bleeding",)),
    ("hp:0003124", "phenotype", "train", ("Hypercholesterolemia",)),
)
# Subject, predicate, object by preferred name; part; weight.
TIES: tuple[tuple[str, str, str, str, float], ...] = (
    ("rs4149056", "variant_of_gene", "SLCO1B1", "train", 1.0),
    ("rs7903146", "variant_of_gene", "TCF7L2", "train", 1.0),
    ("rs9923231", "variant_of_gene", "VKORC1", "train", 1.0),
    ("rs429358", "variant_of_gene", "APOE", "train", 1.0),
    ("rs1", "variant_of_gene", "APOE", "test", 1.0),
    ("rs4149056", "affects_toxicity", "simvastatin", "train", 0.9),
    ("rs4149056", "affects_efficacy", "simvastatin", "train", 0.4),
    ("rs4149056", "affects_toxicity", "atorvastatin", "train", 0.5),
    ("rs9923231", "affects_dosage", "warfarin", "train", 0.9),
    ("rs7903146", "affects_efficacy", "metformin", "validation", 0.5),
    ("rs429358", "affects_efficacy", "atorvastatin", "train", 0.3),
    ("rs7903146", "variant_associated_with", "type 2 diabetes mellitus", "train", 1.0),
    ("rs7903146", "variant_associated_with", "Hyperglycemia", "train", 0.6),
    ("rs429358", "variant_associated_with", "Alzheimer disease", "train", 1.0),
    ("rs429358", "variant_associated_with", "Hypercholesterolemia", "validation", 0.7),
    ("rs429358", "variant_associated_with", "familial hypercholesterolemia", "cold", 0.7),
    ("SLCO1B1", "affects_toxicity", "simvastatin", "train", 0.8),
    ("VKORC1", "affects_dosage", "warfarin", "train", 0.8),
    ("CYP2C9", "affects_dosage", "warfarin", "train", 0.9),
    ("APOE", "gene_of_disease", "Alzheimer disease", "train", 1.0),
    ("TCF7L2", "gene_of_disease", "type 2 diabetes mellitus", "train", 0.8),
    ("APOE", "gene_of_disease", "familial hypercholesterolemia", "cold", 0.5),
    ("TCF7L2", "gene_of_phenotype", "Hyperglycemia", "train", 0.5),
    ("APOE", "gene_of_phenotype", "Hypercholesterolemia", "withheld", 0.5),
    ("warfarin", "targets", "VKORC1", "train", 1.0),
    ("warfarin", "treats", "myocardial infarction", "train", 0.7),
    ("simvastatin", "treats", "myocardial infarction", "train", 0.7),
    ("atorvastatin", "treats", "myocardial infarction", "test", 0.7),
    ("metformin", "treats", "type 2 diabetes mellitus", "train", 1.0),
    ("metformin", "treats", "diabetes mellitus", "train", 0.9),
    ("type 2 diabetes mellitus", "is_a", "diabetes mellitus", "train", 1.0),
    ("diabetes mellitus", "has_phenotype", "Hyperglycemia", "train", 1.0),
    ("type 2 diabetes mellitus", "has_phenotype", "Hyperglycemia", "train", 1.0),
    ("Alzheimer disease", "has_phenotype", "Memory impairment", "train", 1.0),
    ("myocardial infarction", "has_phenotype", "Myalgia", "train", 0.2),
    ("myocardial infarction", "has_phenotype", "Hypercholesterolemia", "train", 0.4),
    ("diabetes mellitus", "has_phenotype", "Hypercholesterolemia", "validation", 0.4),
    ("familial hypercholesterolemia", "has_phenotype", "Hypercholesterolemia", "cold", 1.0),
)
CURIES: dict[str, str] = {names[0]: curie for curie, _, _, names in PEOPLE}
PHARMACOGENETICS = ("affects_efficacy", "affects_toxicity", "affects_dosage")
DIMS = 8


def split_concepts() -> pl.DataFrame:
    """SPLIT_CONCEPTS of the world."""
    rows = [(curie, kind, part) for curie, kind, part, _ in PEOPLE]
    return pl.DataFrame(rows, schema=SPLIT_CONCEPTS.columns, orient="row").sort("curie")


def split_names() -> pl.DataFrame:
    """SPLIT_NAMES of the world."""
    rows = [
        (curie, name.removeprefix("!"), "synonym" if place else "name", "test" if name.startswith("!") else part)
        for curie, _, part, names in PEOPLE
        for place, name in enumerate(names)
    ]
    return pl.DataFrame(rows, schema=SPLIT_NAMES.columns, orient="row").sort("curie", "name")


def split_relations() -> pl.DataFrame:
    """SPLIT_RELATIONS of the world."""
    rows = [(CURIES[subject], predicate, CURIES[object_], part, weight) for subject, predicate, object_, part, weight in TIES]
    return pl.DataFrame(rows, schema=SPLIT_RELATIONS.columns, orient="row").sort("subject", "predicate", "object")


def graph() -> dict[str, pl.DataFrame]:
    """CONCEPTS, MERGES and RELATIONS of the world, as a release takes them."""
    concepts = [
        (curie, kind, names[0], [name.removeprefix("!") for name in names[1:]], None, "by hand", "1")
        for curie, kind, _, names in PEOPLE
    ]
    relations = [(CURIES[a], predicate, CURIES[b], "by hand", "1", "CC0-1.0", weight) for a, predicate, b, _, weight in TIES]
    merges = [("gene", "ncbigene:10599", "hgnc:10959"), ("variant", "dbsnp:rs2", "dbsnp:rs1")]
    return {
        "CONCEPTS": pl.DataFrame(concepts, schema=CONCEPTS.columns, orient="row"),
        "RELATIONS": pl.DataFrame(relations, schema=RELATIONS.columns, orient="row"),
        "MERGES": pl.DataFrame(merges, schema=MERGES.columns, orient="row"),
    }


def world_recipe(**changes: object) -> Recipe:
    """Twelve steps of few draws, of which the last six cool, all tasks with at least two relations; `changes` replace settings of the recipe or of its sampling."""
    sampling = SamplingSettings(anchors=6, negatives=3, smallest_task=2, context_share=0.5)
    recipe = Recipe(
        name="world", build="world", seed=7, steps=12, checkpoint_every=4, validate_every=6, families={"pharmacogenetics": PHARMACOGENETICS},
        tower=TowerSettings(hidden=6, n_pairs=32), sampling=sampling, optimizer=OptimizerSettings(tokens=0.1, residuals=0.1, cooldown=0.5),
    )
    of_recipe = {key: value for key, value in changes.items() if key in Recipe.__dataclass_fields__}
    of_sampling = {key: value for key, value in changes.items() if key not in of_recipe}
    return replace(recipe, **({"sampling": replace(sampling, **of_sampling)} | of_recipe))  # type: ignore[arg-type]


def world_corpus(recipe: Recipe | None = None, *, with_positions: bool = False) -> Corpus:
    """The corpus of the world; nobody knows where its variants lie unless asked for."""
    return make_corpus(split_concepts(), split_names(), split_relations(), recipe=recipe or world_recipe(), variants=variants() if with_positions else None)


def variants() -> pl.DataFrame:
    """VARIANTS of the world: rs429358 and rs1 lie 500 base pairs from each other, the others nowhere near anything."""
    places = {"rs4149056": ("12", 21_178_615), "rs7903146": ("10", 112_998_590), "rs9923231": ("16", 31_096_368), "rs429358": ("19", 44_908_684), "rs1": ("19", 44_909_184)}
    rows = [(CURIES[name], "GRCh38", chromosome, place, "C", "T", None, "by hand", "1") for name, (chromosome, place) in places.items()]
    return pl.DataFrame(rows, schema=VARIANTS.columns, orient="row")


def number_of(corpus: Corpus, name: str) -> int:
    """The number of the concept with this preferred name."""
    return corpus.curies.index(CURIES[name])


def known_pairs() -> set[tuple[str, str]]:
    """The CURIEs of all training relations, in both directions."""
    pairs = {(CURIES[a], CURIES[b]) for a, _, b, part, _ in TIES if part == "train"}
    return pairs | {(b, a) for a, b in pairs}


def word_bags(strings: list[str], *, n_tokens: int = 64, n_pairs: int = 32) -> Bags:
    """Bags of the strings, with a token for every distinct word; two stand for [CLS] and [SEP]."""
    words = sorted({word for string in strings for word in string.lower().split()})
    ids = [[0, *(2 + words.index(word) for word in string.lower().split()), 1] for string in strings]
    return make_bags(ids, n_tokens=n_tokens, n_pairs=n_pairs)


def world_model(recipe: Recipe | None = None, corpus: Corpus | None = None, *, workers: Workers = ALONE) -> ConceptModel:
    """An untrained model of the world; its text features are random and the same at every call."""
    recipe = recipe or world_recipe()
    corpus = corpus or world_corpus(recipe)
    features = np.random.default_rng(3).normal(size=(len(corpus.texts.strings), DIMS)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    shape = TowerShape(DIMS, recipe.tower.hidden, 64, recipe.tower.n_pairs, recipe.tower.bag_scale)
    return ConceptModel(
        torch.from_numpy(features), word_bags(corpus.texts.strings), shape=shape, written=np.flatnonzero(~corpus.is_composed), tasks=make_tasks(corpus, recipe),
        recipe=recipe, workers=workers,
    )


def kinds_of(corpus: Corpus) -> list[str]:
    """The kind of every concept of the corpus."""
    return [KINDS[number] for number in corpus.kind_numbers]
