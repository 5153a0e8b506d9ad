"""A split of sixteen concepts whose questions and answers can be listed by hand, and larger random ones for laws.

Heart attack shows chest pain (training), seizure (test) and short stature (validation); kidney failure is cold; rs1 lies in INS
and affects two drugs, one of them in two ways (test); rs2 is cold and so has no training tie at all.
"""

import numpy as np
import polars as pl

from generel.concepts.tables import SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS
from training.evaluate.questions import Questions
from training.evaluate.split import NumberedSplit, number_split

# CURIE, kind, part, preferred name; in the order of the CURIEs, so that the place is the number.
CONCEPTS = (
    ("chebi:1", "drug", "train", "warfarin"),
    ("chebi:2", "drug", "train", "statin"),
    ("chebi:3", "drug", "train", "insulin"),
    ("dbsnp:rs1", "variant", "train", "rs1"),
    ("dbsnp:rs2", "variant", "cold", "rs2"),
    ("hgnc:1", "gene", "train", "INS"),
    ("hgnc:2", "gene", "train", "ATK"),
    ("hp:0000001", "phenotype", "train", "chest pain"),
    ("hp:0000002", "phenotype", "train", "seizure"),
    ("hp:0000003", "phenotype", "train", "short stature"),
    ("hp:0000004", "phenotype", "train", "kidney pain"),
    ("hp:0000005", "phenotype", "train", "muscle pain"),
    ("mondo:0000001", "disease", "train", "heart attack"),
    ("mondo:0000002", "disease", "train", "heart failure"),
    ("mondo:0000003", "disease", "train", "short stature syndrome"),
    ("mondo:0000004", "disease", "cold", "kidney failure"),
)
RELATIONS = (
    ("mondo:0000001", "has_phenotype", "hp:0000001", "train"),
    ("mondo:0000001", "has_phenotype", "hp:0000002", "test"),
    ("mondo:0000001", "has_phenotype", "hp:0000003", "validation"),
    ("mondo:0000002", "has_phenotype", "hp:0000001", "train"),
    ("mondo:0000002", "has_phenotype", "hp:0000002", "train"),
    ("mondo:0000002", "has_phenotype", "hp:0000004", "test"),
    ("mondo:0000003", "has_phenotype", "hp:0000003", "train"),
    ("mondo:0000004", "has_phenotype", "hp:0000001", "cold"),
    ("mondo:0000004", "has_phenotype", "hp:0000004", "cold"),
    ("mondo:0000001", "is_a", "mondo:0000002", "test"),
    ("mondo:0000003", "is_a", "mondo:0000002", "train"),
    ("mondo:0000003", "is_a", "mondo:0000004", "cold"),
    ("dbsnp:rs1", "variant_of_gene", "hgnc:1", "train"),
    ("dbsnp:rs1", "affects_toxicity", "chebi:2", "train"),
    ("dbsnp:rs1", "affects_efficacy", "chebi:1", "test"),
    ("dbsnp:rs1", "affects_toxicity", "chebi:1", "test"),
    ("dbsnp:rs2", "affects_toxicity", "chebi:3", "cold"),
    ("hgnc:1", "affects_dosage", "chebi:1", "train"),
    ("hp:0000001", "occurs_with", "hp:0000002", "train"),
    ("hp:0000002", "occurs_with", "hp:0000004", "test"),
)
SYNONYMS = (
    ("chebi:1", "blood thinner", "synonym", "train"),
    ("mondo:0000001", "cardiac infarction", "synonym", "train"),
    ("mondo:0000001", "heart infarction", "synonym", "test"),
    ("mondo:0000002", "cardiac insufficiency", "synonym", "validation"),
    ("mondo:0000002", "The heart fails.", "definition", "train"),
    ("mondo:0000004", "renal failure", "synonym", "cold"),
    ("hp:0000003", "small height", "synonym", "test"),
    ("hp:0000005", "small height", "synonym", "train"),
)
FAMILIES = {"pharmacogenetics": ("affects_efficacy", "affects_toxicity", "affects_dosage")}
NUMBER = {curie: place for place, (curie, *_) in enumerate(CONCEPTS)}


def tables() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """SPLIT_CONCEPTS, SPLIT_NAMES and SPLIT_RELATIONS of the world."""
    names = [(curie, name, "name", part) for curie, _, part, name in CONCEPTS]
    return (
        pl.DataFrame([(curie, kind, part) for curie, kind, part, _ in CONCEPTS], schema=SPLIT_CONCEPTS.columns, orient="row"),
        pl.DataFrame([*names, *SYNONYMS], schema=SPLIT_NAMES.columns, orient="row"),
        pl.DataFrame([(*row, 1.0) for row in RELATIONS], schema=SPLIT_RELATIONS.columns, orient="row"),
    )


def world() -> NumberedSplit:
    """The world as numbers."""
    return number_split(*tables())


def curies(numbers: np.ndarray) -> list[str]:
    """The CURIEs of the world's concepts with these numbers."""
    return [CONCEPTS[number][0] for number in numbers.tolist()]


def hidden_of(questions: Questions, query: int) -> list[str]:
    """The CURIEs of the candidates hidden from one question."""
    return curies(questions.candidates[questions.hidden[[query]].nonzero()[1]])


def random_split(seed: int, *, n: int = 60, ties: int = 6) -> NumberedSplit:
    """`n` diseases, a tenth of them cold, each with some of `n` phenotypes; a fifth of the rows of the others are test; two names each."""
    rng = np.random.default_rng(seed)
    diseases, phenotypes = ([f"{prefix}:{number:07d}" for number in range(1, n + 1)] for prefix in ("mondo", "hp"))
    cold = set(diseases[: n // 10])
    concepts = [(curie, "disease", "cold" if curie in cold else "train") for curie in diseases] + [(curie, "phenotype", "train") for curie in phenotypes]
    relations = [
        (disease, "has_phenotype", phenotypes[place], "cold" if disease in cold else "test" if rng.random() < 0.2 else "train", 1.0)
        for disease in diseases for place in rng.choice(n, ties, replace=False).tolist()
    ]
    names = [(curie, f"name of {curie}", "name", part) for curie, _, part in concepts]
    names += [(curie, f"other word for {curie}", "synonym", "cold" if part == "cold" else "test") for curie, _, part in concepts]
    return number_split(
        pl.DataFrame(concepts, schema=SPLIT_CONCEPTS.columns, orient="row"),
        pl.DataFrame(names, schema=SPLIT_NAMES.columns, orient="row"),
        pl.DataFrame(relations, schema=SPLIT_RELATIONS.columns, orient="row"),
    )


def random_unit(n: int, *, dims: int, seed: int | list[int]) -> np.ndarray:
    """(n, dims) float32, unit norm, in all directions alike."""
    vectors = np.random.default_rng(seed).normal(size=(n, dims))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
