"""All that a split may hold out, at once and at random: every row is in one part, and nothing leaks."""

import random
from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_graphs import associations_of, concepts_of, graph_of, relations_of, variants_of

from generel.concepts.errors import BadRecipe
from generel.concepts.tables import ASSOCIATIONS
from kg.graph import AssembledGraph
from kg.recipe import parse_recipe
from kg.split import SplitSettings, make_split
from kg.split.leaks import find_leaks
from kg.ties import relations_of_associations

WORDS = ["gout", "heart", "renal", "skin", "early", "late", "1", "2", "type"]


def random_graph(seed: int) -> AssembledGraph:
    """Diseases in a hierarchy, variants with places, dated associations, drugs and genes, and genes that say the same."""
    rng = random.Random(seed)
    diseases, phenotypes, genes, drugs, variants = ([f"{prefix}{n}" for n in range(count)] for prefix, count in (("mondo:", 90), ("hp:", 8), ("hgnc:", 10), ("chebi:", 4), ("dbsnp:rs", 25)))
    lines = {f"{diseases[n]} is_a {diseases[rng.randrange(max(1, n // 3))]}" for n in range(1, 90)}
    lines |= {f"{disease} has_phenotype {rng.choice(phenotypes)}" for disease in diseases}
    lines |= {f"{rng.choice(genes)} gene_of_disease {disease}" for disease in diseases}
    lines |= {f"{rng.choice(genes)} gene_associated_with {disease}" for disease in diseases[:30]}
    lines |= {f"{variant} variant_of_gene {rng.choice(genes)}" for variant in variants}
    lines |= {f"{end} affects_{what} {rng.choice(drugs)}" for end in variants + genes for what in ("dosage", "toxicity") if rng.random() < 0.5}
    lines |= {" in_linkage_with ".join(sorted(rng.sample(variants, 2))) for _ in range(6)}
    composed = {(left.split()[0], right.split()[2]) for left in lines for right in lines if " gene_of_disease " in left and right.startswith(f"{left.split()[2]} has_phenotype")}
    lines |= {f"{gene} gene_of_phenotype {phenotype}" for gene, phenotype in composed}
    pairs = [(variant, rng.choice(diseases), f"study{n}", rng.choice([5.0, 8.0, 20.0])) for variant in variants for n in range(rng.randrange(4))]
    days = [date(2010, 1, 1) + timedelta(days=rng.randrange(4000)) if rng.random() < 0.9 else None for _ in pairs]
    dated = associations_of(*pairs).with_columns(pl.Series("date", days, dtype=pl.Date)) if pairs else ASSOCIATIONS.empty()
    relations = pl.concat([relations_of(*sorted(lines)), relations_of_associations(dated, least_neg_log10_p=7.3)])
    ends = sorted({*relations["subject"], *relations["object"]})
    concepts = concepts_of(*[(curie, " ".join(rng.sample(WORDS, 3)) if curie in diseases else curie, [f"{curie} itself"]) for curie in ends])
    return graph_of(concepts, relations, associations=dated, variants=variants_of(*((variant, rng.randrange(30_000)) for variant in variants if rng.random() < 0.8)))


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10_000), st.floats(0, 0.3), st.sampled_from(["", "2012-01-01", "2016-01-01"]), st.sampled_from([0, 0.1, 0.4]), st.integers(1, 3),
    st.sampled_from([0, 0.3, 0.5]), st.sampled_from(["allowed", "excluded"]),
)
def test_no_split_leaks(seed: int, cold: float, after: str, locus_share: float, locus_kb: int, branch_share: float, near_copies: str) -> None:
    """Whatever the graph and whatever is held out together."""
    how = SplitSettings(
        seed=seed, test=0.1, validation=0.05, smallest=1, cold_diseases=cold, cold_genes=cold, cold_phenotypes=cold, cold_variants=cold,
        near_copies=near_copies, after=after, locus_share=locus_share, locus_kb=locus_kb, branch_share=branch_share,
    )
    graph = random_graph(seed)
    split = make_split(graph, settings=how)
    assert find_leaks(split, graph, settings=how).is_empty()
    assert split.relations.select("subject", "predicate", "object").is_unique().all()
    assert split.relations.height == graph.relations.select("subject", "predicate", "object").n_unique()


def test_settings_that_are_off_change_nothing() -> None:
    """The distance alone, or the day without a later pair, holds nothing out."""
    graph = random_graph(3)
    plain = SplitSettings(smallest=1, cold_diseases=0.1)
    first, second = (make_split(graph, settings=how) for how in (plain, replace(plain, locus_kb=3, after="2030-01-01")))
    assert first.relations.equals(second.relations) and first.names.equals(second.names) and first.concepts.equals(second.concepts)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"after": "July 2015"}, r"'after' in \[split\] should be a date as in '2015-07-09', not 'July 2015'"),
        ({"after": "20150709"}, "'after' .* should be a date"),
        ({"after": date(2015, 7, 9)}, "'after' .* should be a text"),
        ({"near_copies": "none"}, "'near_copies' .* should be 'allowed' or 'excluded', not 'none'"),
        ({"locus_kb": 0}, "'locus_kb' .* should be 1 or more, not 0"),
        ({"locus_kb": 0.5}, "'locus_kb' .* should be a whole number"),
        ({"locus_share": 5}, "'locus_share' .* is a share between 0 and 0.5"),
        ({"branch_share": -1}, "'branch_share' .* is a share between 0 and 0.5"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(setting: dict, sentence: str) -> None:
    """The message has the setting and the value."""
    with pytest.raises(BadRecipe, match=sentence):
        parse_recipe({"sources": ["hpo"], "split": setting}, name="mine", where="mine.toml")


def test_settings_reach_the_split() -> None:
    """A recipe that has them all is read as it stands."""
    given = {"after": "2015-07-09", "locus_share": 0.03, "locus_kb": 1000, "branch_share": 0.05, "near_copies": "excluded"}
    assert parse_recipe({"sources": ["hpo"], "split": given}, name="mine", where="mine.toml").split == SplitSettings(**given)
