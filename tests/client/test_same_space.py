"""One class over a space on the disk and the same space behind a service: the same methods, records, numbers and errors."""

import io

import numpy as np
import polars as pl
import pytest

from generel.client.remote_space import RemoteSpace
from generel.concepts.errors import (
    AmbiguousConcept,
    BadIdentifier,
    BadInput,
    BadTable,
    NotPermitted,
    Overloaded,
    UnknownConcept,
    UnknownPrefix,
)
from generel.query.added_input import NewConcept
from generel.query.added_vectors import fold_in
from generel.query.records import Concept
from tests.client.conftest import Space

SIMVASTATIN = Concept("chebi:9150", "drug", "simvastatin")
SLCO1B1 = Concept("hgnc:10959", "gene", "SLCO1B1")
INFARCTION = Concept("mondo:0005068", "disease", "myocardial infarction")


class TestSpace:
    """Values are read off `tests.worlds`."""

    def test_resolve(self, space: Space) -> None:
        """A name, its row and what else it names; with a kind, only that."""
        resolved = space.resolve("heart attack")
        assert (resolved.concept, resolved.row, resolved.how) == (INFARCTION, 8, "synonym")
        assert resolved.also == (Concept("hp:0001658", "phenotype", "Myocardial infarction"),)
        assert "taken as mondo:0005068" in resolved.note
        assert space.resolve("heart attack", as_kind="phenotype").concept.curie == "hp:0001658"
        assert space.resolve("sore muscles").is_text

    def test_lookup(self, space: Space) -> None:
        """Synonyms, kinds, meaning."""
        assert [(match.concept.curie, match.how, match.score) for match in space.lookup("statin")] == [("chebi:9150", "synonym", 1.0), ("chebi:39548", "synonym", 1.0)]
        assert [match.concept.curie for match in space.lookup("heart attack", 1, ["phenotype"])] == ["hp:0001658"]
        assert [match.how for match in space.lookup("weak muscle", 1, by_meaning=True)] == ["meaning"]
        assert space.lookup("weak muscle", by_meaning=False) == []

    def test_concept_and_kinds(self, space: Space) -> None:
        """By any identifier, not by name."""
        assert space.concept("DRUGBANK:DB00641") == space.concept("chebi:9150") == SIMVASTATIN
        assert space.kinds() == ["variant", "gene", "disease", "phenotype", "drug"]
        with pytest.raises(UnknownConcept):
            space.concept("simvastatin")

    def test_neighbors(self, space: Space) -> None:
        """Order, numbers, options, pages."""
        found = space.neighbors("simvastatin", 2)
        assert [(each.concept.curie, each.rank, each.percentile) for each in found] == [("chebi:39548", 1, 100.0), ("dbsnp:rs4149056", 2, 100.0)]
        assert found[0].cosine == pytest.approx(18 / 340**0.5, abs=1e-6)
        assert space.neighbors("simvastatin", 2, offset=1)[0] == found[1]
        assert [each.concept.curie for each in space.neighbors("simvastatin", 1, "gene")] == ["hgnc:10959"]
        assert [each.concept.curie for each in space.neighbors("simvastatin", 1, relation="targets", exclude_known=True)] == ["hgnc:1516"]
        assert [each.concept.curie for each in space.neighbors("simvastatin", min_score=0.97)] == ["chebi:39548", "dbsnp:rs4149056"]
        assert space.neighbors(space.resolve("heart attack"), 1) == space.neighbors("mondo:0005068", 1)

    def test_neighbors_of_many(self, space: Space) -> None:
        """In their order, texts among them; none for none."""
        one, text, again = space.neighbors_of_many(["BRCA1", "sore muscles", "BRCA1"], 2)
        assert one == again == space.neighbors("BRCA1", 2)
        assert text == space.neighbors("sore muscles", 2) and text[0].percentile is None
        assert space.neighbors_of_many([]) == []
        with pytest.raises(ValueError, match="put it in a list"):
            space.neighbors_of_many("BRCA1")

    def test_relatedness(self, space: Space) -> None:
        """Both ways, and to a text."""
        there = space.relatedness("simvastatin", "SLCO1B1")
        assert (there.left, there.right) == (SIMVASTATIN, SLCO1B1)
        assert there.cosine == pytest.approx(16 / 17, abs=1e-6) and there.p_value is not None
        assert space.relatedness("simvastatin", "sore muscles").p_value is None

    def test_relatedness_of_pairs(self, space: Space) -> None:
        """A wrong pair has a note, and the frame its columns, whatever it holds."""
        pairs = pl.DataFrame({"left": ["simvastatin", "rs1", "simvastatin"], "right": ["SLCO1B1", "BRCA1", "sore muscles"]})
        frame = space.relatedness_of_pairs(pairs)
        assert frame["left_curie"].to_list() == ["chebi:9150", None, "chebi:9150"]
        assert frame["right_curie"].to_list() == ["hgnc:10959", "hgnc:1100", None]
        assert frame["cosine"].to_list() == [pytest.approx(16 / 17, abs=1e-6), None, pytest.approx(4 / 17**0.5, abs=1e-6)]
        assert frame["note"].to_list()[0] == frame["note"].to_list()[2] == "" and frame["note"][1].startswith("UnknownConcept")
        assert space.relatedness_of_pairs(pairs.clear()).schema == frame.schema
        with pytest.raises(BadTable, match="right"):
            space.relatedness_of_pairs(pairs.drop("right"))

    def test_vectors(self, space: Space) -> None:
        """Of concepts and texts, float32; of none, none."""
        np.testing.assert_array_equal(space.embed(["muscle", "heart"]), np.array([[0, 1, 0], [1, 0, 0]], np.float32))
        assert space.vectors(["BRCA1"]).tolist() == [[0, 0, 1]] and space.vectors(["BRCA1"]).dtype == np.float32
        assert space.embed([]).shape == space.vectors([]).shape == (0, 3)
        with pytest.raises(UnknownConcept):
            space.vectors(["sore muscles"])

    def test_frame(self, space: Space) -> None:
        """All concepts by row, or those of some kinds."""
        frame = space.frame()
        assert frame.schema == pl.Schema({"curie": pl.String(), "kind": pl.String(), "name": pl.String(), "vector": pl.Array(pl.Float32, 3)})
        assert (frame.height, frame.row(3)) == (12, ("hgnc:1100", "gene", "BRCA1", [0.0, 0.0, 1.0]))
        assert space.frame("drug")["name"].to_list() == ["simvastatin", "atorvastatin", "warfarin"]
        assert space.frame(["drug", "gene"])["kind"].to_list() == ["gene"] * 3 + ["drug"] * 3
        assert (space.frame("pathway").schema, space.frame("pathway").height) == (frame.schema, 0)
        with pytest.raises(BadInput, match="unknown kind 'sock'"):
            space.frame("sock")
        with pytest.raises(ValueError, match="leave `kinds` out"):
            space.frame([])

    def test_evidence(self, space: Space) -> None:
        """RELATIONS, whichever way they are asked for."""
        rows = space.evidence("mondo:0005068", "simvastatin")
        assert rows.select("subject", "predicate", "source").rows() == [("chebi:9150", "treats", "cpic"), ("chebi:9150", "treats", "pharmgkb")]
        assert space.evidence("BRCA1", "CAT").schema == rows.schema and not space.evidence("BRCA1", "CAT").height

    def test_explain(self, space: Space) -> None:
        """All of it, words included."""
        told = space.explain("simvastatin", "SLCO1B1", k=2)
        assert [(each.predicate, each.title) for each in told.relations] == [("targets", "PharmGKB")]
        assert told.paths[0].steps[0].degrees and set(told.shared_neighbors)
        (words,) = space.explain("sore muscle", "rs4149056").attributions
        assert words.attribution.words[0][:2] == (0, 4)

    def test_manifest(self, space: Space) -> None:
        """What the release says of itself."""
        assert (space.manifest.name, space.manifest.dims, space.manifest.n_concepts) == ("world", 3, 12)

    @pytest.mark.parametrize(
        ("query", "error"),
        [("hgnc:1099", UnknownConcept), ("nope:1", UnknownPrefix), ("hgnc:x", BadIdentifier), ("MI", AmbiguousConcept), ("...", BadInput)],
    )
    def test_errors(self, space: Space, query: str, error: type[Exception]) -> None:
        """The class, its message and its fields."""
        with pytest.raises(error) as raised:
            space.neighbors(query)
        assert type(raised.value) is error and (query in str(raised.value))
        if isinstance(raised.value, AmbiguousConcept):
            assert raised.value.candidates == ("mondo:0005068 myocardial infarction", "mondo:0007254 breast cancer")

    def test_wrong_arguments(self, space: Space) -> None:
        """As they fail for a space on the disk."""
        with pytest.raises(ValueError, match="k is 0"):
            space.neighbors("BRCA1", 0)
        with pytest.raises(BadInput, match="unknown kind 'sock'"):
            space.lookup("BRCA1", kinds=["sock"])
        with pytest.raises(BadInput, match="unknown relation 'cures'"):
            space.neighbors("BRCA1", relation="cures")
        with pytest.raises(BadInput, match="cosines lie between"):
            space.neighbors("BRCA1", min_score=2)


class TestChanges:
    """Adding to a space of one's own, on the disk or behind a service."""

    NEW = NewConcept("MONDO:0999999", "disease", "muscle wasting", ("MW",), "Of late.", (("^treats", "chebi:9150"),))
    VARIANT = NewConcept("rs999999999", "variant", ties=(("variant_of_gene", "hgnc:10959"),))
    AS_CONCEPT = Concept("mondo:0999999", "disease", "muscle wasting")

    def test_added_concepts_are_there(self, own_space: Space) -> None:
        """Found, near, tied, counted and with a vector of their names and ties; gone when they are removed."""
        assert own_space.add([self.NEW, self.VARIANT]) == [self.AS_CONCEPT, Concept("dbsnp:rs999999999", "variant", "rs999999999")]
        assert own_space.concept("mondo:0999999") == own_space.resolve("MW").concept == self.AS_CONCEPT
        assert own_space.evidence("MW", "simvastatin").select("subject", "source").rows() == [("chebi:9150", "added")]
        text, tie = own_space.embed(["muscle wasting", "MW"]), own_space.vectors(["simvastatin"])
        np.testing.assert_allclose(own_space.vectors(["MW"]), [fold_in(text, tie, share=0.3)], atol=1e-6)
        first, second = own_space.added
        assert (first.curie, first.name, first.synonyms, first.definition, first.ties) == ("mondo:0999999", "muscle wasting", ("MW",), "Of late.", (("chebi:9150", "treats", "mondo:0999999"),))
        assert second.ties == (("dbsnp:rs999999999", "variant_of_gene", "hgnc:10959"),)
        assert own_space.frame()["curie"].to_list()[12:] == ["mondo:0999999", "dbsnp:rs999999999"]
        assert own_space.remove("mondo:0999999") == [self.AS_CONCEPT]
        with pytest.raises(UnknownConcept):
            own_space.concept("mondo:0999999")
        assert [each.curie for each in own_space.added] == ["dbsnp:rs999999999"]
        assert own_space.frame().height == 13 and own_space.add([]) == []

    def test_wrong_changes_are_refused_alike(self, own_space: Space) -> None:
        """All that is wrong, in the same words; nothing is changed."""
        with pytest.raises(BadInput, match=r"nothing was added, 2 things are wrong: concept 1 \(hgnc:1100\).*unknown kind 'sock'"):
            own_space.add([NewConcept("hgnc:1100", "gene", "BRCA1"), NewConcept("mondo:0999997", "sock", "x")])
        with pytest.raises(UnknownConcept, match="among what was added"):
            own_space.remove("hgnc:1100")
        assert own_space.frame().height == 12


def test_changes_that_a_service_does_not_take_say_why(remote: RemoteSpace) -> None:
    """The error of the service, with its way out."""
    with pytest.raises(NotPermitted, match="generel serve --writable"):
        remote.add(TestChanges.NEW)


def test_a_frame_is_of_one_release(monkeypatch: pytest.MonkeyPatch, remote: RemoteSpace) -> None:
    """In pages of five, put together; where another space is taken up in between, from the start again, and not for ever."""
    monkeypatch.setattr("generel.client.vector_pages.ROWS_AT_ONCE", 5)
    whole = remote.frame()
    real, pages = remote._connection.get_file, []

    def turn(path: str, media_type: str, **options: object) -> bytes:
        page = real(path, media_type, **options)
        pages.append(options["offset"])
        said = {**pl.read_parquet_metadata(io.BytesIO(page)), "space": "another" if len(pages) <= turns else "this"}
        stream = io.BytesIO()
        pl.read_parquet(io.BytesIO(page)).write_parquet(stream, metadata={name: said[name] for name in ("space", "total")})
        return stream.getvalue()

    monkeypatch.setattr(remote._connection, "get_file", turn)
    turns = 1
    assert remote.frame().equals(whole) and pages == [0, 5, 0, 5, 10]
    pages.clear()
    monkeypatch.setattr("generel.client.pages.ATTEMPTS", 1)
    with pytest.raises(Overloaded, match="other releases"):
        remote.frame()


def test_whole_records_are_equal(local: Space, remote: Space) -> None:
    """Every record of either compares equal to that of the other, to the last digit."""
    for ask in (
        lambda space: space.neighbors("simvastatin"), lambda space: space.explain("simvastatin", "SLCO1B1"), lambda space: space.relatedness("CAT", "sore muscles"),
        lambda space: space.resolve("heart attack"), lambda space: space.lookup("my"), lambda space: space.explain("sore muscle", "BRCA1", words=True),
    ):
        assert ask(local) == ask(remote)
    pairs = pl.DataFrame({"left": ["simvastatin", "nope:1"], "right": ["SLCO1B1", "BRCA1"]})
    assert local.relatedness_of_pairs(pairs).equals(remote.relatedness_of_pairs(pairs))
    assert local.evidence("simvastatin", "SLCO1B1").equals(remote.evidence("simvastatin", "SLCO1B1"))
    assert local.manifest == remote.manifest
    assert local.frame().equals(remote.frame())
