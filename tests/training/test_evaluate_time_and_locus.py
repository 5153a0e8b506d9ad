"""Questions about what became known later, whole loci and whole branches; and the sums that rival a model there, beside plain loops."""

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
import pytest

from generel.concepts.tables import SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS
from tests.training.evaluate_world import random_unit
from training.evaluate.metrics import per_query, summarize
from training.evaluate.questions import Questions
from training.evaluate.ranking import rank_answers
from training.evaluate.scorers import Cosine, Degree
from training.evaluate.split import NumberedSplit, number_split
from training.evaluate.time_and_locus_questions import (
    branch_questions,
    later_questions,
    later_unseen_questions,
    locus_questions,
)
from training.evaluate.variant_scorers import (
    Profile,
    SharedTies,
    Term,
    TraitBarycenter,
    WeightedSum,
    known_variant_scorers,
    unseen_variant_scorers,
)
from training.evaluate.variant_ties import variant_ties

KINDS = {"dbsnp": "variant", "hgnc": "gene", "mondo": "disease", "hp": "phenotype", "go": "process", "chebi": "drug"}
# rs1 and rs2 have known traits, rs3 to rs6 have none, rs7 and rs8 are of a held-out locus; mondo:9 is the branch that is held out.
WORLD = """
dbsnp:rs1 variant_associated_with mondo:1 train
dbsnp:rs1 variant_associated_with hp:5 later
dbsnp:rs1 variant_associated_with mondo:2 later
dbsnp:rs1 variant_associated_with mondo:4 later
dbsnp:rs1 variant_of_gene hgnc:1 train
dbsnp:rs2 variant_associated_with mondo:1 train
dbsnp:rs2 variant_associated_with mondo:2 train
dbsnp:rs2 variant_associated_with hp:5 train
dbsnp:rs2 variant_of_gene hgnc:1 train
dbsnp:rs3 variant_associated_with mondo:1 later
dbsnp:rs3 variant_of_gene hgnc:1 train
dbsnp:rs4 variant_associated_with mondo:1 later
dbsnp:rs4 variant_of_gene hgnc:2 train
dbsnp:rs5 variant_associated_with mondo:1 later
dbsnp:rs5 variant_of_gene hgnc:1 test
dbsnp:rs6 variant_associated_with mondo:1 later
dbsnp:rs6 variant_of_gene hgnc:1 train
dbsnp:rs6 affects_dosage chebi:1 train
dbsnp:rs7 variant_associated_with mondo:1 locus
dbsnp:rs7 variant_associated_with mondo:4 locus
dbsnp:rs7 variant_of_gene hgnc:1 train
dbsnp:rs7 affects_dosage chebi:1 locus
dbsnp:rs7 affects_toxicity chebi:1 locus
dbsnp:rs7 affects_dosage chebi:2 locus
dbsnp:rs8 variant_associated_with mondo:1 locus
dbsnp:rs8 affects_dosage chebi:1 locus
mondo:1 has_phenotype hp:5 train
mondo:9 has_phenotype hp:5 branch
mondo:9 has_phenotype hp:6 branch
mondo:9 is_a mondo:1 branch
hgnc:2 gene_of_disease mondo:9 branch
"""


def split_of(text: str, *, cold: tuple[str, ...] = ()) -> NumberedSplit:
    rows = [tuple(line.split()) for line in text.strip().splitlines()]
    curies = sorted({end for subject, _, object_, _ in rows for end in (subject, object_)})
    concepts = [(curie, KINDS[curie.partition(":")[0]], "cold" if curie in cold else "train") for curie in curies]
    return number_split(
        pl.DataFrame(concepts, schema=SPLIT_CONCEPTS.columns, orient="row"),
        pl.DataFrame([(curie, f"the {curie}", "name", part) for curie, _, part in concepts], schema=SPLIT_NAMES.columns, orient="row"),
        pl.DataFrame([(*row, 1.0) for row in rows], schema=SPLIT_RELATIONS.columns, orient="row"),
    )


def world() -> NumberedSplit:
    return split_of(WORLD, cold=("mondo:9",))


def asked(questions: Questions) -> list[str]:
    curies = world().curies
    return [f"{curies[query]} {curies[answer]}" for query, answer in zip(questions.queries.tolist(), questions.answers.tolist(), strict=True)]


def hidden(questions: Questions, query: int) -> list[str]:
    return [world().curies[number] for number in questions.candidates[questions.hidden[[query]].nonzero()[1]]]


def test_later_pairs_are_asked_if_variant_and_trait_have_associations_in_training() -> None:
    """rs1's two known traits are asked for among all three, of two kinds; mondo:4 is no trait of training; the other answer and the known trait are hidden."""
    (questions,) = later_questions(world(), limit=9, seed=0)
    assert asked(questions) == ["dbsnp:rs1 hp:5", "dbsnp:rs1 mondo:2"]
    assert [world().curies[number] for number in questions.candidates] == ["hp:5", "mondo:1", "mondo:2"]
    assert [hidden(questions, query) for query in (0, 1)] == [["mondo:1", "mondo:2"], ["hp:5", "mondo:1"]]
    assert (questions.protocol, questions.predicate, questions.kinds, questions.drawn_from) == ("gwas-time", "variant_associated_with", "variant-trait", 2)


def test_an_unseen_variant_is_asked_by_its_gene_alone() -> None:
    """rs3 lies in a gene of known variants. rs4's gene has none, rs5's gene is not in training, rs6 has a drug: they are not asked."""
    (questions,) = later_unseen_questions(world(), limit=9, seed=0)
    assert (asked(questions), questions.protocol) == (["dbsnp:rs3 mondo:1"], "gwas-time-unseen")
    assert hidden(questions, 0) == []


def test_a_locus_is_asked_for_traits_and_for_drugs() -> None:
    """rs7 lies in a known gene, rs8 in none; mondo:4 and chebi:2 are nothing that training has seen, and hidden all the same."""
    families = {"pharmacogenetics": ("affects_dosage", "affects_toxicity")}
    found = list(locus_questions(world(), limit=9, seed=0, families=families))
    assert [(each.protocol, each.predicate, each.kinds, asked(each)) for each in found] == [
        ("locus", "variant_associated_with", "variant-trait", ["dbsnp:rs7 mondo:1"]),
        ("locus", "affects_dosage", "variant-drug", ["dbsnp:rs7 chebi:1"]),
        ("locus", "affects_toxicity", "variant-drug", ["dbsnp:rs7 chebi:1"]),
        ("locus", "pharmacogenetics", "variant-drug", ["dbsnp:rs7 chebi:1"]),
    ]
    assert hidden(found[1], 0) == ["chebi:2"]


def test_a_branch_is_asked_for_what_training_has_seen() -> None:
    """mondo:9 asks for its phenotype hp:5 and its parent; hp:6 has never been seen, and its gene is not what it asks for."""
    found = list(branch_questions(world(), limit=9, seed=0, families={}))
    assert [(each.protocol, each.predicate, asked(each)) for each in found] == [("branch", "has_phenotype", ["mondo:9 hp:5"]), ("branch", "is_a", ["mondo:9 mondo:1"])]
    assert hidden(found[0], 0) == ["hp:6"]


def test_without_such_parts_nothing_is_asked() -> None:
    """A split without the settings has no such questions."""
    plain = split_of("dbsnp:rs1 variant_associated_with mondo:1 train\ndbsnp:rs1 variant_of_gene hgnc:1 train")
    assert list(later_questions(plain, limit=9, seed=0)) == list(later_unseen_questions(plain, limit=9, seed=0)) == []
    assert list(locus_questions(plain, limit=9, seed=0, families={})) == list(branch_questions(plain, limit=9, seed=0, families={})) == []


def random_split(seed: int, *, variants: int = 60, traits: int = 25) -> NumberedSplit:
    """Variants in genes with traits, a third of the pairs later; some variants have no known trait."""
    rng = np.random.default_rng(seed)
    lines = []
    for variant in range(variants):
        genes = rng.choice(15, rng.integers(1, 3), replace=False)
        lines += [f"dbsnp:rs{variant} variant_of_gene hgnc:{gene} train" for gene in genes]
        unseen = rng.random() < 0.3
        for trait in rng.choice(traits, rng.integers(1, 5), replace=False):
            lines.append(f"dbsnp:rs{variant} variant_associated_with mondo:{trait} {'later' if unseen or rng.random() < 0.3 else 'train'}")
    return split_of("\n".join(lines))


@pytest.mark.parametrize("seed", range(3))
def test_the_sums_are_those_of_plain_loops(seed: int) -> None:
    """Each score counted by hand over the training rows, for every query and candidate."""
    split = random_split(seed)
    ties, vectors = variant_ties(split), random_unit(split.n_concepts, dims=5, seed=seed)
    train = [row for row in split.relations.select("subject", "predicate", "object", "part").rows() if row[3] == "train"]
    traits = [(variant, trait) for variant, predicate, trait, _ in train if predicate == "variant_associated_with"]
    genes = [(variant, gene) for variant, predicate, gene, _ in train if predicate == "variant_of_gene"]
    of = {variant: [trait for each, trait in traits if each == variant] for variant, _ in genes}
    inside = {variant: [gene for each, gene in genes if each == variant] for variant, _ in genes}
    of_gene = {gene: [trait for variant, trait in traits if gene in inside[variant]] for _, gene in genes}
    popular = {trait: sum(each == trait for _, each in traits) for _, trait in traits}
    least = {trait: popular[trait] / (max(popular.values()) + 1) for trait in popular}
    (questions,) = later_questions(split, limit=99, seed=0)
    scorers = known_variant_scorers(ties, vectors)
    scores = {name: scorer.scores(questions.queries, questions.candidates) for name, scorer in scorers.items()}
    for row, variant in enumerate(questions.queries.tolist()):
        mean = sum(vectors[trait] for trait in of[variant])
        for column, trait in enumerate(questions.candidates.tolist()):
            shared_genes = sum(trait in known and each in known for each in of[variant] for known in of_gene.values())
            shared_variants = sum(trait in known and each in known for each in of[variant] for known in of.values())
            own = sum(of_gene[gene].count(trait) for gene in inside[variant])
            expected = {
                "trait popularity": popular[trait],
                "raw encoder, barycenter of known traits": mean @ vectors[trait] / np.linalg.norm(mean),
                "traits sharing genes": shared_genes + least[trait],
                "traits sharing variants": shared_variants + least[trait],
                "profile of own genes": own + least[trait],
            }
            for name, score in expected.items():
                assert scores[name][row, column] == pytest.approx(score, abs=1e-5), name
    (questions,) = later_unseen_questions(split, limit=99, seed=0)
    scores = {name: scorer.scores(questions.queries, questions.candidates) for name, scorer in unseen_variant_scorers(ties, vectors).items()}
    for row, variant in enumerate(questions.queries.tolist()):
        context = [trait for gene in inside[variant] for trait in of_gene[gene]]
        mean = sum(vectors[trait] for trait in context)
        for column, trait in enumerate(questions.candidates.tolist()):
            shared = sum(trait in known and each in known for each in context for known in of_gene.values())
            assert scores["raw encoder, barycenter of the genes' traits"][row, column] == pytest.approx(mean @ vectors[trait] / np.linalg.norm(mean), abs=1e-5)
            assert scores["profile of own genes"][row, column] == pytest.approx(context.count(trait) + least[trait], abs=1e-5)
            assert scores["traits sharing genes with the genes' traits"][row, column] == pytest.approx(shared + least[trait], abs=1e-4)


def test_a_weighted_sum_adds_standardized_scores() -> None:
    """Counts 0, 1 and 3 are log 1, 2 and 4, evenly spaced: -1.225, 0 and 1.225 deviations from their mean; as they stand they are not, and a constant adds nothing."""
    counts = Degree(np.array([0, 1, 3], dtype=np.float32))
    constant = Degree(np.array([7, 7, 7], dtype=np.float32))
    query, candidates = np.array([0]), np.arange(3)
    assert WeightedSum([Term(counts, 2.0), Term(constant, 9.0)]).scores(query, candidates)[0] == pytest.approx([-2.449, 0, 2.449], abs=1e-3)
    assert WeightedSum([Term(counts, 1.0, is_count=False)]).scores(query, candidates)[0] == pytest.approx([-1.069, -0.267, 1.336], abs=1e-3)


def test_the_methods_see_training_rows_only() -> None:
    """With all later rows gone every score is as before, and a variant of which nothing is known has the score of popularity alone."""
    split = random_split(4)
    (questions,) = later_unseen_questions(split, limit=99, seed=0)
    known = NumberedSplit(split.curies, split.kind_numbers, split.cold, split.relations.filter(part="train"), split.names)
    vectors = random_unit(split.n_concepts, dims=5, seed=1)
    for make in (known_variant_scorers, unseen_variant_scorers):
        before, after = (make(variant_ties(each), vectors) for each in (split, known))
        for name in before:
            assert np.array_equal(before[name].scores(questions.queries, questions.candidates), after[name].scores(questions.queries, questions.candidates)), name
    ties = variant_ties(split)
    blank = [Profile(ties.traits, ties.gene_traits, ties.popularity), SharedTies(ties.traits, ties.gene_traits, ties.popularity)]
    for scorer in blank:
        assert (scorer.scores(questions.queries, questions.candidates) < 1).all()
    assert not TraitBarycenter(vectors, ties.traits).scores(questions.queries, questions.candidates).any()


@pytest.mark.parametrize("ask", [later_questions, later_unseen_questions])
def test_random_spaces_are_at_chance(ask: Callable[..., Iterator[Questions]]) -> None:
    """Of twenty random spaces the 95 % intervals of sixteen at least hold an AUROC of .5, and their mean is .5."""
    split = random_split(11, variants=400)
    (questions,) = ask(split, limit=500, seed=0)
    aurocs = []
    for seed in range(20):
        vectors = random_unit(split.n_concepts, dims=32, seed=seed)
        aurocs.append(summarize(per_query(rank_answers(Cosine(vectors, vectors), questions)), resamples=300, seed=0).auroc)
    assert sum(each.low <= 0.5 <= each.high for each in aurocs) >= 16
    assert np.mean([each.value for each in aurocs]) == pytest.approx(0.5, abs=0.02)


def test_a_sample_is_the_same_twice() -> None:
    """Limited questions are drawn by seed, in order, of how many is said."""
    split = random_split(6)
    (whole,), (one,), (two,) = (list(later_questions(split, limit=limit, seed=3)) for limit in (999, 7, 7))
    rows = list(zip(one.queries.tolist(), one.answers.tolist(), strict=True))
    assert len(rows) == 7 and rows == sorted(rows) and rows == list(zip(two.queries.tolist(), two.answers.tolist(), strict=True))
    assert set(rows) < set(zip(whole.queries.tolist(), whole.answers.tolist(), strict=True)) and one.drawn_from == whole.n
