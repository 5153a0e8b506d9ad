"""Identity: components by hand, the laws, and a plain loop beside the fast way."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from small_graphs import concepts_of, mappings_of, reasons_of

from generel.concepts.prefixes import BY_NAME
from kg.identity import TRUST, Identity, identify

XREF = "oboInOwl:hasDbXref"


def canonical(identity: Identity) -> dict[tuple[str, str], str]:
    """The curie by (kind, alias), of members and merges."""
    both = pl.concat([identity.members.select("kind", "alias", "curie"), identity.merges.select("kind", "alias", "curie")])
    return {(kind, alias): curie for kind, alias, curie in both.rows()}


def test_equivalent_concepts_are_named_by_the_lowest_rank() -> None:
    """MONDO names the disease that OMIM and Orphanet describe too, though MONDO is joined to neither end of their mapping alone."""
    concepts = concepts_of(("orphanet:558", "Marfan syndrome"), ("omim:154700", "MARFAN SYNDROME"), ("mondo:0007947", "Marfan syndrome"))
    mappings = mappings_of(("omim:154700", "orphanet:558"), ("mondo:0007947", "orphanet:558"))
    identity = identify(concepts, mappings)
    assert identity.merges.rows() == [("disease", "omim:154700", "mondo:0007947"), ("disease", "orphanet:558", "mondo:0007947")]
    assert identity.set_aside.is_empty()


def test_two_concepts_of_one_prefix_are_never_merged() -> None:
    """A mapping that would bring two MONDO concepts together is set aside, the more confident one is used."""
    concepts = concepts_of(("mondo:0000001", "one"), ("mondo:0000002", "two"), ("omim:100001", "both"))
    mappings = mappings_of(("mondo:0000001", "omim:100001", 0.5), ("mondo:0000002", "omim:100001", 0.9))
    identity = identify(concepts, mappings)
    assert identity.merges.rows() == [("disease", "omim:100001", "mondo:0000002")]
    assert reasons_of(identity.set_aside) == {"mondo:0000001 skos:exactMatch omim:100001": "would merge two concepts of prefix mondo"}


def test_exact_match_beats_a_cross_reference_of_equal_confidence() -> None:
    """hasDbXref is trusted less than exactMatch."""
    concepts = concepts_of(("mondo:0000001", "one"), ("mondo:0000002", "two"), ("omim:100001", "x"))
    mappings = mappings_of(("mondo:0000001", "omim:100001", 1.0, XREF), ("mondo:0000002", "omim:100001", 1.0, "skos:exactMatch"))
    assert identify(concepts, mappings).merges.rows() == [("disease", "omim:100001", "mondo:0000002")]


def test_of_equally_trusted_mappings_the_one_between_namesakes_is_used() -> None:
    """An equal name settles what confidence and predicate leave open."""
    concepts = concepts_of(("mondo:0000001", "Influenza"), ("mondo:0000002", "Cold", ["Common cold"]), ("omim:100001", "common-cold"))
    mappings = mappings_of(("mondo:0000001", "omim:100001"), ("mondo:0000002", "omim:100001"))
    assert identify(concepts, mappings).merges.rows() == [("disease", "omim:100001", "mondo:0000002")]


def test_what_both_are_called_first_beats_a_synonym_of_one() -> None:
    """A drug that counts its salt's name among its own is the drug, not the salt, though the salt comes first by the alphabet."""
    concepts = concepts_of(("mondo:0000001", "warfarin sodium"), ("mondo:0000002", "warfarin"), ("omim:100001", "Warfarin", ["warfarin sodium"]))
    mappings = mappings_of(("mondo:0000001", "omim:100001"), ("mondo:0000002", "omim:100001"))
    assert identify(concepts, mappings).merges.rows() == [("disease", "omim:100001", "mondo:0000002")]


def test_a_code_leads_to_the_concept_that_claims_it_best() -> None:
    """Codes do not join concepts: the weaker claim is set aside and both concepts stay."""
    concepts = concepts_of(("mondo:0000001", "one"), ("omim:100001", "two"))
    mappings = mappings_of(("mondo:0000001", "umls:C0000001", 0.9), ("omim:100001", "umls:C0000001", 0.4))
    identity = identify(concepts, mappings)
    assert identity.merges.rows() == [("disease", "umls:C0000001", "mondo:0000001")]
    assert reasons_of(identity.set_aside) == {"omim:100001 skos:exactMatch umls:C0000001": "the code names another concept with more confidence"}


def test_a_code_claimed_equally_by_two_concepts_leads_nowhere() -> None:
    """Nothing is guessed: both claims are set aside."""
    concepts = concepts_of(("mondo:0000001", "one"), ("mondo:0000002", "two"))
    mappings = mappings_of(("mondo:0000001", "icd10cm:A00"), ("mondo:0000002", "icd10cm:A00"))
    identity = identify(concepts, mappings)
    assert identity.merges.is_empty()
    assert set(reasons_of(identity.set_aside).values()) == {"several concepts claim the code equally"}


def test_a_code_claimed_twice_within_a_component_is_its_alias() -> None:
    """Two concepts that are one do not dispute a code."""
    concepts = concepts_of(("mondo:0000001", "one"), ("omim:100001", "one"))
    mappings = mappings_of(("mondo:0000001", "omim:100001"), ("mondo:0000001", "umls:C0000001"), ("omim:100001", "umls:C0000001"))
    assert identify(concepts, mappings).merges.rows() == [("disease", "omim:100001", "mondo:0000001"), ("disease", "umls:C0000001", "mondo:0000001")]


def test_a_code_reached_through_a_code_leads_to_its_concept() -> None:
    """Chains of codes are followed outwards from the concept."""
    mappings = mappings_of(("mondo:0000001", "umls:C0000001"), ("umls:C0000001", "snomedct:111111"))
    assert ("disease", "snomedct:111111", "mondo:0000001") in identify(concepts_of(("mondo:0000001", "one")), mappings).merges.rows()


def test_a_shared_code_never_joins_two_kinds() -> None:
    """One UMLS code serves a disease and a phenotype at once."""
    concepts = concepts_of(("mondo:0000001", "Headache"), ("hp:0002315", "Headache"))
    mappings = pl.concat([mappings_of(("mondo:0000001", "umls:C0018681")), mappings_of(("hp:0002315", "umls:C0018681"), kind="phenotype")])
    identity = identify(concepts, mappings)
    assert identity.merges.rows() == [("disease", "umls:C0018681", "mondo:0000001"), ("phenotype", "umls:C0018681", "hp:0002315")]


def test_words_that_do_not_say_the_same_are_set_aside() -> None:
    """A broader match, a mapping to itself, and one between strangers are of no use, and say why."""
    mappings = mappings_of(
        ("mondo:0000001", "omim:100001", 1.0, "skos:broadMatch"), ("mondo:0000001", "mondo:0000001"), ("umls:C0000001", "icd10cm:A00")
    )
    identity = identify(concepts_of(("mondo:0000001", "one"), ("omim:100001", "two")), mappings)
    assert identity.merges.is_empty()
    assert reasons_of(identity.set_aside) == {
        "mondo:0000001 skos:broadMatch omim:100001": "the mapping does not say that both are the same",
        "mondo:0000001 skos:exactMatch mondo:0000001": "maps an identifier to itself",
        "umls:C0000001 skos:exactMatch icd10cm:A00": "neither end leads to a concept",
    }


CURIES = [f"{prefix}:{number}" for prefix in ("mondo", "omim", "orphanet", "umls", "icd10cm") for number in (1, 2, 3)]
MAPPING = st.tuples(st.sampled_from(CURIES), st.sampled_from(CURIES), st.sampled_from([1.0, 0.5]), st.sampled_from([XREF, "skos:exactMatch"]))
WORLD = st.tuples(
    st.lists(st.sampled_from([curie for curie in CURIES if curie.startswith(("mondo", "omim", "orphanet"))]), unique=True, min_size=1),
    st.lists(MAPPING, max_size=14, unique_by=lambda row: (row[0], row[1], row[3])),
)


def world_of(drawn: tuple[list[str], list[tuple]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    concepts, mappings = drawn
    return concepts_of(*[(curie, f"name {curie}") for curie in concepts]), mappings_of(*mappings)


def identify_slowly(concepts: pl.DataFrame, mappings: pl.DataFrame) -> dict[str, str]:
    """The curie of each alias, by looking at one mapping after the other; of one kind, without equal names."""
    known = set(concepts["curie"])
    rows = [(-row["confidence"], TRUST[row["predicate"].split(":")[1]], *sorted((row["subject"], row["object"]))) for row in mappings.rows(named=True)]
    sets = {curie: {curie} for curie in known}
    for _, _, left, right in sorted(rows):
        if left in known and right in known and sets[left] is not sets[right]:
            prefixes = [member.split(":")[0] for member in sets[left] | sets[right]]
            if len(prefixes) == len(set(prefixes)):
                joined = sets[left] | sets[right]
                sets.update(dict.fromkeys(joined, joined))
    curie = {member: min(members, key=lambda each: (BY_NAME[each.split(":")[0]].rank, each)) for member, members in sets.items()}
    disputed: set[str] = set()
    while True:
        claims: dict[str, list[tuple]] = {}
        for confidence, trust, left, right in rows:
            for code, via in ((left, right), (right, left)):
                if code not in curie and code not in disputed and via in curie:
                    claims.setdefault(code, []).append((confidence, trust, curie[via]))
        if not claims:
            return curie
        for code, claimed in claims.items():
            best = {each[2] for each in claimed if each[:2] == min(claimed)[:2]}
            if len(best) == 1:
                curie[code] = best.pop()
            else:
                disputed.add(code)


@given(WORLD)
def test_identity_is_what_a_plain_loop_finds(drawn: tuple[list[str], list[tuple]]) -> None:
    """Every alias leads where the slow way leads it, and nowhere else."""
    concepts, mappings = world_of(drawn)
    found = canonical(identify(concepts, mappings))
    assert {alias: curie for (_, alias), curie in found.items()} == identify_slowly(concepts, mappings)


@given(WORLD, st.randoms())
def test_the_order_of_rows_does_not_matter(drawn: tuple[list[str], list[tuple]], random: object) -> None:
    """Shuffled concepts and mappings, and mappings the other way round, give the same identity."""
    concepts, mappings = world_of(drawn)
    shuffled = [frame[random.sample(range(frame.height), frame.height)] for frame in (concepts, mappings)]
    first, second = identify(concepts, mappings), identify(*shuffled)
    assert first.members.equals(second.members) and first.merges.equals(second.merges) and first.set_aside.equals(second.set_aside)


@given(WORLD)
def test_laws_of_components(drawn: tuple[list[str], list[tuple]]) -> None:
    """Each alias leads to one curie, a canonical one leads to itself, and no component has two concepts of a prefix."""
    concepts, mappings = world_of(drawn)
    identity = identify(concepts, mappings)
    assert identity.merges.select("kind", "alias").is_duplicated().sum() == 0
    assert not set(identity.merges["alias"]) & set(identity.merges["curie"])
    for members in identity.members.group_by("curie").agg("alias")["alias"]:
        prefixes = [alias.split(":")[0] for alias in members]
        assert len(prefixes) == len(set(prefixes))


@given(WORLD)
def test_each_mapping_is_used_or_set_aside(drawn: tuple[list[str], list[tuple]]) -> None:
    """A mapping whose two ends do not lead to one concept is in SET_ASIDE, and no other is."""
    concepts, mappings = world_of(drawn)
    identity = identify(concepts, mappings)
    ends = canonical(identity)
    used = {
        " ".join((row["subject"], row["predicate"], row["object"]))
        for row in mappings.rows(named=True)
        if row["subject"] != row["object"] and ends.get(("disease", row["subject"]), 1) == ends.get(("disease", row["object"]), 2)
    }
    rows = {" ".join(row) for row in mappings.select("subject", "predicate", "object").rows()}
    assert set(identity.set_aside["key"]) == rows - used
