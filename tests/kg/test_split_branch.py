"""The part `branch`, whole branches of diseases, and cold concepts without near-copies."""

import random
from dataclasses import replace

import polars as pl
import pytest
from small_graphs import concepts_of, graph_of, relations_of

from generel.concepts.tables import MERGES
from kg.graph import AssembledGraph
from kg.split import Split, SplitSettings, make_split
from kg.split.branch import LARGEST, SMALLEST, below
from kg.split.copies import without_numbers
from kg.split.leaks import BELOW_BRANCH, SAME_PAIR, TOUCHES_COLD, find_leaks

BRANCHES = SplitSettings(test=0.1, validation=0.05, smallest=1, cold_diseases=0, cold_genes=0, cold_phenotypes=0, cold_variants=0, branch_share=0.3)
WORDS = ["acute", "pain", "chronic", "of", "heart", "left", "renal", "skin", "early", "late", "juvenile", "bone", "small"]


def random_graph(seed: int, *, n: int = 300) -> AssembledGraph:
    """Diseases in a hierarchy where many have two parents, with phenotypes and genes."""
    rng = random.Random(seed)
    diseases, phenotypes, genes = ([f"{prefix}{number}" for number in range(count)] for prefix, count in (("mondo:", n), ("hp:", 20), ("hgnc:", 20)))
    lines = {f"{diseases[child]} is_a {diseases[rng.randrange(max(1, child // 3))]}" for child in range(1, n) for _ in range(rng.choice([1, 1, 2]))}
    lines |= {f"{disease} has_phenotype {phenotype}" for disease in diseases for phenotype in rng.sample(phenotypes, 3)}
    ties = {(rng.choice(genes), disease) for disease in diseases}
    lines |= {f"{gene} gene_of_disease {disease}" for gene, disease in ties}
    lines |= {f"{gene} gene_of_phenotype {line.split()[2]}" for gene, disease in ties for line in lines if line.startswith(f"{disease} has_phenotype")}
    names = [(curie, " ".join(rng.sample(WORDS, 4)), [curie]) for curie in diseases]
    return graph_of(concepts_of(*names, *[(curie, curie) for curie in phenotypes + genes]), relations_of(*sorted(lines)))


def rows_of(split: Split) -> list[tuple[str, str, str, str]]:
    return split.relations.select("subject", "predicate", "object", "part").rows()


@pytest.mark.parametrize("seed", range(3))
def test_a_branch_is_whole_and_unseen(seed: int) -> None:
    """By plain loops: all kinds of a member are members, nothing of a member is trained on, and the share is kept."""
    graph = random_graph(seed)
    split = make_split(graph, settings=BRANCHES)
    members = set(split.concepts.filter(part="cold")["curie"])
    assert SMALLEST <= len(members) <= 90
    for subject, predicate, object_, part in rows_of(split):
        if predicate == "is_a" and object_ in members:
            assert subject in members
        assert (part in ("branch", "withheld")) or not {subject, object_} & members
        assert part != "branch" or {subject, object_} & members
    assert set(split.names.filter(pl.col("curie").is_in(list(members)))["part"]) == {"cold"}
    assert any(part == "branch" for *_, part in rows_of(split))
    assert find_leaks(split, graph, settings=BRANCHES).is_empty()


def test_without_a_share_there_is_no_branch() -> None:
    """The setting is off by default, and a share that no branch fits into holds nothing out."""
    for share in (0, 0.01):
        split = make_split(random_graph(1), settings=replace(BRANCHES, branch_share=share))
        assert "branch" not in split.relations["part"].to_list() and set(split.concepts["part"]) == {"train"}


def hierarchy(*, extra: tuple[str, ...] = (), names: dict[str, str] | None = None) -> AssembledGraph:
    """One branch of 25 below mondo:1, and 80 others below mondo:0."""
    lines = [f"mondo:{n} is_a mondo:1" for n in range(2, 26)] + [f"mondo:{n} is_a mondo:0" for n in range(100, 181)] + ["mondo:1 is_a mondo:0", *extra]
    lines += [f"mondo:{n} has_phenotype hp:{n % 3}" for n in [*range(26), *range(100, 181)]]
    relations = relations_of(*lines)
    ends = sorted({*relations["subject"], *relations["object"]})
    return graph_of(concepts_of(*[(curie, (names or {}).get(curie, f"thing {curie}")) for curie in ends]), relations)


QUARTER = replace(BRANCHES, test=0, validation=0, smallest=0, branch_share=0.25)


def test_a_kind_of_something_outside_goes_in_with_its_branch() -> None:
    """mondo:5 is a kind of mondo:100 too; its row up to it is held out with all others of the branch."""
    parts = {(subject, object_): part for subject, predicate, object_, part in rows_of(make_split(hierarchy(extra=("mondo:5 is_a mondo:100",)), settings=QUARTER)) if predicate == "is_a"}
    assert parts["mondo:5", "mondo:100"] == parts["mondo:5", "mondo:1"] == parts["mondo:1", "mondo:0"] == "branch"
    assert parts["mondo:100", "mondo:0"] == "train"


def test_a_member_with_a_namesake_outside_is_neither_seen_nor_asked() -> None:
    """mondo:5 has the words of mondo:100, so its relations are withheld; its siblings are asked about."""
    graph = hierarchy(names={"mondo:5": "gouty arthritis", "mondo:100": "Arthritis, gouty"})
    split = make_split(graph, settings=QUARTER)
    parts = {(subject, predicate): part for subject, predicate, _, part in rows_of(split)}
    assert parts["mondo:5", "has_phenotype"] == parts["mondo:5", "is_a"] == "withheld"
    assert parts["mondo:6", "has_phenotype"] == "branch"
    assert find_leaks(split, graph, settings=QUARTER).is_empty()


def test_a_member_with_a_numbered_sibling_outside_counts_as_copied_where_near_copies_are_excluded() -> None:
    """'gout 2' inside and 'gout type 1' outside: asked about unless the settings forbid it."""
    graph = hierarchy(names={"mondo:5": "gout 2", "mondo:100": "gout type 1"})
    for setting, part in (("allowed", "branch"), ("excluded", "withheld")):
        rows = rows_of(make_split(graph, settings=replace(QUARTER, near_copies=setting)))
        assert {at for subject, predicate, _, at in rows if (subject, predicate) == ("mondo:5", "has_phenotype")} == {part}


def test_walks_end_in_circles_and_at_the_limit() -> None:
    """A circle of is_a rows is walked once; what is larger than any branch is not walked to its end."""
    assert below("a", {"a": ["b"], "b": ["a", "c"]}, most=9) == {"a", "b", "c"}
    assert len(below("0", {str(n): [str(n + 1)] for n in range(1000)}, most=LARGEST)) == LARGEST + 1


PLANTED = {
    "a relation of a member": ("mondo:5 has_phenotype hp:2", TOUCHES_COLD),
    "the same pair": ("mondo:5 has_clinical_course hp:2", SAME_PAIR),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_is_found(name: str) -> None:
    """Each is reported as what it is."""
    line, leak = PLANTED[name]
    graph = hierarchy()
    split = make_split(graph, settings=QUARTER)
    row = pl.DataFrame([(*line.split(), "train", 1.0)], schema=split.relations.schema, orient="row")
    planted = replace(split, relations=pl.concat([split.relations, row]).unique(["subject", "predicate", "object"], keep="last"))
    assert leak in find_leaks(planted, graph, settings=QUARTER)["leak"].to_list()


def test_a_branch_with_a_hole_is_found() -> None:
    """mondo:5, a kind of mondo:1, counts as known while its branch is held out."""
    graph = hierarchy()
    split = make_split(graph, settings=QUARTER)
    known = pl.when(pl.col("curie") == "mondo:5").then(pl.lit("train")).otherwise("part")
    holed = replace(split, concepts=split.concepts.with_columns(part=known), names=split.names.with_columns(part=known))
    assert BELOW_BRANCH in find_leaks(holed, graph, settings=QUARTER)["leak"].to_list()


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        ("1 marfan syndrome type", "marfan syndrome"), ("2a ehlers danlos", "ehlers danlos"), ("cone iv rod", "cone rod"), ("b hepatitis", "hepatitis"),
        ("x2 y", ""), ("disease p450", "disease p450"), ("vitamin", "vitamin"), ("", ""),
    ],
)
def test_numbers_and_what_announces_them_do_not_count(words: str, rest: str) -> None:
    """Arabic, Roman, and letters; a word that merely holds a number stays."""
    assert pl.select(without_numbers(pl.lit(words))).item() == rest


def test_near_copies_are_not_cold_where_they_are_excluded() -> None:
    """'gout 1' and 'gout type 2' are siblings, mondo:4 and hp:9 share an identifier: only mondo:3 remains."""
    concepts = concepts_of(("mondo:1", "gout 1"), ("mondo:2", "gout type 2"), ("mondo:3", "flu"), ("mondo:4", "fever"), ("hp:1", "Pain"), ("hp:9", "Febris"))
    relations = relations_of(*[f"mondo:{n} has_phenotype hp:1" for n in (1, 2, 3, 4)])
    merges = pl.DataFrame([("disease", "umls:C0000009", "mondo:4"), ("phenotype", "umls:C0000009", "hp:9")], schema=MERGES.columns, orient="row")
    graph = graph_of(concepts, relations, merges=merges)
    cold = {how: make_split(graph, settings=replace(BRANCHES, branch_share=0, cold_diseases=1.0, near_copies=how)).concepts.filter(part="cold")["curie"].to_list() for how in ("allowed", "excluded")}
    assert cold == {"allowed": ["mondo:1", "mondo:2", "mondo:3", "mondo:4"], "excluded": ["mondo:3"]}
