"""New concepts as people write them: what is taken, and that everything wrong is said at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.concepts.errors import BadInput, BadTable, UnknownConcept
from generel.concepts.kinds import KINDS
from generel.index.added_file import AddedConcept
from generel.query.added_input import NewConcept, check_new, read_new_concepts
from generel.query.records import Concept

KNOWN = {
    "hgnc:10959": Concept("hgnc:10959", "gene", "SLCO1B1"), "mondo:0005068": Concept("mondo:0005068", "disease", "myocardial infarction"),
    "chebi:9150": Concept("chebi:9150", "drug", "simvastatin"),
}


def find(curie: str) -> Concept:
    """A concept of these three, by its CURIE in either case."""
    if curie.lower() not in KNOWN:
        raise UnknownConcept(curie)
    return KNOWN[curie.lower()]


def check(*new: NewConcept) -> list[AddedConcept]:
    """`check_new` among the three."""
    return check_new(new, find=find)


def test_a_file_is_read_by_its_header() -> None:
    """Columns in any order, some left out; blank lines pass; a byte order mark is no part of the first name."""
    content = "\ufeffkind\tcurie\tties\tname\tsynonyms\ndisease\tmondo:1\tis_a mondo:2|^treats chebi:3\ta\tb|c d\n\nvariant\trs1\t\t\t\n"
    assert read_new_concepts(content.encode(), name="new.tsv") == [
        NewConcept("mondo:1", "disease", "a", ("b", "c d"), "", (("is_a", "mondo:2"), ("^treats", "chebi:3")), "new.tsv, line 2"),
        NewConcept("rs1", "variant", where="new.tsv, line 4"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; its first line should name columns, of curie, kind"),
        (b"\n \n", "is empty"),
        (b"name\n", "the column 'curie' is missing; the column 'kind' is missing"),
        (b"curie\tkind\tcolour\n", "the column 'colour' means nothing; the columns are curie, kind, name, synonyms, definition, ties"),
        (b"curie\tkind\tkind\n", "a column occurs twice"),
        (b"curie\tkind\n\xff\n", "is not UTF-8 text"),
    ],
)
def test_a_file_of_another_form_is_refused(content: bytes, message: str) -> None:
    """With the file's name and what the columns are."""
    with pytest.raises(BadTable, match=r"new\.tsv") as refusal:
        read_new_concepts(content, name="new.tsv")
    assert message in str(refusal.value)


def test_all_lines_with_other_numbers_of_cells_are_named() -> None:
    """Two lines, one sentence."""
    with pytest.raises(BadInput, match=r"2 things are wrong: new.tsv, line 2: 1 cells instead of 2; new.tsv, line 4: 3 cells instead of 2"):
        read_new_concepts(b"curie\tkind\nrs1\nrs2\tvariant\nrs3\tvariant\tx\n", name="new.tsv")


def test_kinds_decide_which_end_of_a_tie_is_the_subject() -> None:
    """A disease cannot be the subject of `treats` or `gene_of_disease`, so it is their object; of `is_a` it is the subject unless ^ says otherwise."""
    ties = (("treats", "CHEBI:9150"), ("gene_of_disease", "hgnc:10959"), ("is_a", "mondo:0005068"), ("^is_a", "mondo:0005068"), ("^is_a", "mondo:0005068"))
    (new,) = check(NewConcept("MONDO:0999999", "disease", "a new one", ties=ties))
    assert new == AddedConcept("mondo:0999999", "disease", "a new one", ties=(
        ("chebi:9150", "treats", "mondo:0999999"), ("hgnc:10959", "gene_of_disease", "mondo:0999999"),
        ("mondo:0999999", "is_a", "mondo:0005068"), ("mondo:0005068", "is_a", "mondo:0999999"),
    ))


def test_a_symmetric_tie_has_the_smaller_curie_first() -> None:
    """Whichever way it was given."""
    for word in ("resembles", "^resembles"):
        (new,) = check(NewConcept("mondo:0000001", "disease", "a", ties=((word, "mondo:0005068"),)))
        assert new.ties == (("mondo:0000001", "resembles", "mondo:0005068"),)


def test_a_tie_may_lead_to_an_earlier_line() -> None:
    """And not to a later one."""
    first = NewConcept("mondo:0000001", "disease", "a")
    second = NewConcept("mondo:0000002", "disease", "b", ties=(("is_a", "mondo:0000001"),))
    assert [each.curie for each in check(first, second)] == ["mondo:0000001", "mondo:0000002"]
    with pytest.raises(BadInput, match="no concept is called 'mondo:0000001'"):
        check(second, first)


def test_without_a_name_the_identifier_stands_in_and_is_not_text() -> None:
    """As for variants."""
    (new,) = check(NewConcept("rs5", "variant", ties=(("variant_of_gene", "hgnc:10959"),)))
    assert (new.name, new.text) == ("rs5", False)
    assert check(NewConcept("mondo:0000001", "disease", synonyms=("b",)))[0].name == "b"


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (NewConcept("mondo:0000001", "diseas", "a"), "unknown kind 'diseas', did you mean 'disease'?"),
        (NewConcept("modno:0000001", "disease", "a"), "did you mean 'mondo'?"),
        (NewConcept("mondo:1", "disease", "a"), "is not an identifier of mondo"),
        (NewConcept("hgnc:1", "disease", "a"), "hgnc does not name a disease, but a gene"),
        (NewConcept("mondo:0005068", "disease", "a"), "mondo:0005068 is there already: mondo:0005068 myocardial infarction (disease)"),
        (NewConcept("mondo:0000001", "disease"), "neither a name nor a tie"),
        (NewConcept("mondo:0000001", "disease", "–"), "a name has neither letter nor digit"),
        (NewConcept("mondo:0000001", "disease", "a", ties=(("treat", "chebi:9150"),)), "unknown predicate 'treat', did you mean 'treats'?"),
        (NewConcept("mondo:0000001", "disease", "a", ties=(("treats", "chebi:1"),)), "no concept is called 'chebi:1'"),
        (NewConcept("mondo:0000001", "disease", "a", ties=(("is_a", ""),)), "is not a CURIE"),
        (NewConcept("mondo:0000001", "disease", "a", ties=(("is_a", "mondo:0000001"),)), "it is tied to itself, mondo:0000001"),
        (NewConcept("mondo:0000001", "disease", "a", ties=(("targets", "hgnc:10959"),)), "'targets' leads from drug to gene, not between a disease and a gene"),
        (NewConcept("mondo:0000001", "disease", "a", ties=(("is_a", "chebi:9150"),)), "of one kind, not between a disease and a drug"),
        (NewConcept("mondo:0000001", "disease", "a", ties=(("^has_phenotype", "hgnc:10959"),)), "in this direction"),
    ],
)
def test_each_wrong_thing_has_its_sentence(new: NewConcept, message: str) -> None:
    """With where it stands."""
    with pytest.raises(BadInput) as refusal:
        check(new)
    assert message in str(refusal.value)
    assert "concept 1 (" in str(refusal.value)


def test_everything_wrong_is_said_at_once() -> None:
    """Seven things in three lines: five are told, two are counted; the same CURIE twice is one of them."""
    new = [
        NewConcept("rs1", "gen", where="n.tsv, line 2"), NewConcept("x:1", "y", ties=(("z", "w"),), where="n.tsv, line 3"),
        NewConcept("rs1", "variant", "a", ties=(("treats", "chebi:7"), ("targets", "hgnc:10959")), where="n.tsv, line 4"),
    ]
    with pytest.raises(BadInput, match=r"nothing was added, 7 things are wrong: n\.tsv, line 2: unknown kind 'gen'.*; and 2 more$") as refusal:
        check(*new)
    assert "n.tsv, line 3: 'x' in 'x:1' is not a known prefix" in str(refusal.value)


@given(st.lists(st.builds(NewConcept, st.text(max_size=12), st.sampled_from([*KINDS, "x"]), st.text(max_size=5), ties=st.lists(
    st.tuples(st.sampled_from(["is_a", "^treats", "resembles", ""]), st.sampled_from([*KNOWN, "x", ""])), max_size=3).map(tuple)), max_size=4))
def test_whatever_is_given_it_is_taken_or_refused_with_a_sentence(new: list[NewConcept]) -> None:
    """No other exception, and what is taken has canonical, distinct CURIEs."""
    try:
        taken = check(*new)
    except BadInput as refusal:
        assert "nothing was added" in str(refusal)
    else:
        assert len({each.curie for each in taken}) == len(taken) == len(new)
