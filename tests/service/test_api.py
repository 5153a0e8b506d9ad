"""What each page answers, against the space itself; values are those of `tests.worlds`."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient

from generel.query.space import EmbeddingSpace
from generel.service import answers
from tests.worlds import WordEmbedder

SIMVASTATIN = {"curie": "chebi:9150", "kind": "drug", "name": "simvastatin"}
ATORVASTATIN = {"curie": "chebi:39548", "kind": "drug", "name": "atorvastatin"}
SLCO1B1 = {"curie": "hgnc:10959", "kind": "gene", "name": "SLCO1B1"}
INFARCTION = {"curie": "mondo:0005068", "kind": "disease", "name": "myocardial infarction"}


@pytest.fixture(scope="module")
def space(world_folder: Path) -> EmbeddingSpace:
    """The world itself."""
    return EmbeddingSpace.open(world_folder, embedder=WordEmbedder())


def test_neighbors_have_the_cosines_of_the_space(client: TestClient) -> None:
    """(1, 4, 0) and (2, 4, 0) have the cosine 18 / sqrt(17 * 20); names and numbers come unrounded."""
    said = client.get("/v1/neighbors", params={"query": "simvastatin", "k": 1}).json()
    assert said["query"] == {"query": "simvastatin", "concept": SIMVASTATIN, "how": "name", "also": [], "near": []}
    assert said["note"] == ""
    (neighbor,) = said["neighbors"]
    assert neighbor["concept"] == ATORVASTATIN
    assert neighbor["cosine"] == pytest.approx(18 / 340**0.5, abs=1e-6)
    assert neighbor["cosine"] == float(np.float32(neighbor["cosine"]))
    assert (neighbor["rank"], neighbor["percentile"]) == (1, 100.0)


def test_options_of_neighbors_reach_the_space(client: TestClient) -> None:
    """Kinds, a relation, what is known, a least cosine."""

    def found(**options: object) -> list[str]:
        said = client.get("/v1/neighbors", params={"query": "simvastatin", **options}).json()
        return [each["concept"]["curie"] for each in said["neighbors"]]

    assert found(kind=["gene", "phenotype"], k=2) == ["hgnc:10959", "hp:0003326"]
    assert found(relation="targets", exclude_known="true", k=2) == ["hgnc:1516", "hgnc:1100"]
    assert found(min_score=0.97) == ["chebi:39548", "dbsnp:rs4149056"]


def test_pages_of_neighbors_follow_each_other(client: TestClient) -> None:
    """The address of the next page goes on where this one ended; the last one has none."""
    whole = client.get("/v1/neighbors", params={"query": "BRCA1", "k": 11}).json()
    first = client.get("/v1/neighbors", params={"query": "BRCA1", "k": 6}).json()
    second = client.get(first["next"]).json()
    assert first["neighbors"] + second["neighbors"] == whole["neighbors"]
    assert second["next"] is None


def test_a_text_is_read_and_said_to_be_one(client: TestClient) -> None:
    """'sore muscles' names nothing, is embedded, and the note says so."""
    said = client.get("/v1/neighbors", params={"query": "sore muscles", "k": 1}).json()
    assert said["query"]["how"] == "text" and said["note"].startswith("'sore muscles' is no name in this space and is read as free text")
    assert said["neighbors"][0]["concept"]["curie"] == "dbsnp:rs4149056" and said["neighbors"][0]["percentile"] is None


def test_many_queries_are_answered_in_their_order(client: TestClient, space: EmbeddingSpace) -> None:
    """Names and texts, mixed."""
    said = client.post("/v1/neighbors", json={"queries": ["BRCA1", "sore muscles", "BRCA1"], "k": 2}).json()["results"]
    assert [each["query"]["how"] for each in said] == ["name", "text", "name"]
    expected = space.neighbors_of_many(["BRCA1", "sore muscles", "BRCA1"], 2)
    assert [[n["concept"]["curie"] for n in each["neighbors"]] for each in said] == [[n.concept.curie for n in each] for each in expected]


def test_lookup_finds_names_synonyms_and_beginnings(client: TestClient) -> None:
    """'statin' is a synonym of two drugs; 'sim' begins a name; kinds sift."""
    said = client.get("/v1/concepts", params={"q": "statin"}).json()
    assert [(each["concept"], each["how"], each["score"]) for each in said["matches"]] == [(SIMVASTATIN, "synonym", 1.0), (ATORVASTATIN, "synonym", 1.0)]
    assert said["query"] == "statin" and said["next"] is None
    begun = client.get("/v1/concepts", params={"q": "sim", "meaning": "no"}).json()["matches"]
    assert [(each["concept"]["curie"], each["matched"], each["how"]) for each in begun] == [("chebi:9150", "simvastatin", "prefix")]
    assert client.get("/v1/concepts", params={"q": "heart attack", "kind": "phenotype"}).json()["matches"][0]["concept"]["curie"] == "hp:0001658"


def test_lookup_by_meaning_when_asked(client: TestClient) -> None:
    """No name is like it; with meaning, the concepts nearest to it are found."""
    assert client.get("/v1/concepts", params={"q": "weak muscle", "meaning": "no"}).json()["matches"] == []
    found = client.get("/v1/concepts", params={"q": "weak muscle", "meaning": "yes", "limit": 1}).json()["matches"]
    assert [(each["concept"]["curie"], each["how"]) for each in found] == [("dbsnp:rs4149056", "meaning")]


def test_pages_of_lookup_show_nothing_twice(client: TestClient) -> None:
    """Three concepts begin with 'm' or are called so; pages of one."""
    seen, url = [], "/v1/concepts?q=my&limit=1&meaning=no"
    while url and len(seen) < 10:
        page = client.get(url).json()
        seen += [each["concept"]["curie"] for each in page["matches"]]
        url = page["next"]
    whole = client.get("/v1/concepts?q=my&limit=10&meaning=no").json()["matches"]
    assert sorted(seen) == sorted(each["concept"]["curie"] for each in whole) and len(seen) == len(set(seen)) == 3


def test_a_concept_says_what_it_is(client: TestClient) -> None:
    """By CURIE in another spelling, by another database's identifier, by that one's address in the web."""
    said = client.get("/v1/concepts/CHEBI:9150").json()
    assert said == {
        "concept": SIMVASTATIN, "names": ["Zocor", "statin"], "definition": None, "n_relations": 3, "source": "by hand", "added": False,
        "identifiers": [
            {"curie": "chebi:9150", "url": "https://www.ebi.ac.uk/chebi/CHEBI:9150"}, {"curie": "drugbank:DB00641", "url": "https://go.drugbank.com/drugs/DB00641"},
        ],
    }
    assert client.get("/v1/concepts/drugbank:DB00641").json() == said
    assert client.get("/v1/concepts/https://go.drugbank.com/drugs/DB00641").json() == said
    assert client.get("/v1/concepts/simvastatin").status_code == 404


def test_relations_of_a_concept_from_both_ends(client: TestClient) -> None:
    """Two sources say that simvastatin treats infarction; each is a row of its own."""
    said = client.get("/v1/concepts/chebi:9150/relations").json()
    assert [(each["predicate"], each["direction"], each["concept"]["curie"], each["source"]) for each in said["relations"]] == [
        ("affects_toxicity", "in", "dbsnp:rs4149056", "pharmgkb"), ("targets", "out", "hgnc:10959", "pharmgkb"),
        ("treats", "out", "mondo:0005068", "cpic"), ("treats", "out", "mondo:0005068", "pharmgkb"),
    ]
    assert (said["total"], said["next"]) == (4, None)
    assert said["relations"][2] == {
        "predicate": "treats", "direction": "out", "phrase": "treats", "concept": INFARCTION, "source": "cpic", "source_version": "1", "license": "CC0-1.0",
        "confidence": 1.0, "url": "",
    }
    page = client.get("/v1/concepts/chebi:9150/relations", params={"predicate": "treats", "limit": 1}).json()
    assert (len(page["relations"]), page["total"]) == (1, 2) and client.get(page["next"]).json()["relations"][0]["source"] == "pharmgkb"
    assert client.get("/v1/concepts/chebi:9150/relations", params={"kind": "gene"}).json()["total"] == 1
    assert client.get("/v1/concepts/hgnc:1516/relations").json() == {"relations": [], "total": 0, "next": None}


def test_relatedness_of_one_pair_and_of_many(client: TestClient, space: EmbeddingSpace) -> None:
    """One wrong pair of many has a note; of one, it is the answer."""
    said = client.get("/v1/relatedness", params={"a": "simvastatin", "b": "SLCO1B1"}).json()
    expected = space.relatedness("simvastatin", "SLCO1B1")
    assert said == {"left": SIMVASTATIN, "right": SLCO1B1, "cosine": expected.cosine, "percentile": expected.percentile, "p_value": expected.p_value}
    many = client.post("/v1/relatedness", json={"pairs": [["simvastatin", "SLCO1B1"], ["rs1", "BRCA1"], ["simvastatin", "sore muscles"]]}).json()["results"]
    assert many[0] == {**said, "note": None}
    assert many[1]["cosine"] is None and many[1]["note"].startswith("UnknownConcept: no concept is called 'rs1'")
    assert many[2]["right"] == {"curie": "", "kind": "text", "name": "sore muscles"} and many[2]["percentile"] is None
    assert many[2]["cosine"] == pytest.approx(4 / 17**0.5, abs=1e-6)
    assert client.get("/v1/relatedness", params={"a": "rs1", "b": "BRCA1"}).status_code == 404


def test_explanations_and_evidence_name_their_sources(client: TestClient) -> None:
    """The direct relation, and RELATIONS as they are."""
    said = client.get("/v1/explain", params={"a": "simvastatin", "b": "SLCO1B1", "k": 2}).json()
    assert [(each["predicate"], each["source"], each["title"]) for each in said["relations"]] == [("targets", "pharmgkb", "PharmGKB")]
    assert said["relatedness"]["left"] == SIMVASTATIN
    assert [(each["predicate"], each["phrase"]) for each in said["paths"][0]["steps"]] == [
        ("affects_toxicity", "has its toxicity affected by"), ("variant_of_gene", "lies in or near"),
    ]
    rows = client.get("/v1/evidence", params={"a": "mondo:0005068", "b": "simvastatin"}).json()["relations"]
    assert [(row["subject"], row["predicate"], row["object"], row["source"]) for row in rows] == [
        ("chebi:9150", "treats", "mondo:0005068", "cpic"), ("chebi:9150", "treats", "mondo:0005068", "pharmgkb"),
    ]


def test_words_of_a_text_are_weighed(client: TestClient) -> None:
    """Of 'sore muscle', the muscle counts."""
    (said,) = client.get("/v1/explain", params={"a": "sore muscle", "b": "rs4149056"}).json()["attributions"]
    weights = {said["attribution"]["text"][start:end]: weight for start, end, weight in said["attribution"]["words"]}
    assert weights["muscle"] > weights["sore"]


def test_vectors_of_texts_and_concepts(client: TestClient, space: EmbeddingSpace) -> None:
    """Numbers are the float32 of the space, to the last bit."""
    said = client.post("/v1/vectors", json={"curies": ["BRCA1", "chebi:9150"]}).json()
    assert said["dims"] == 3
    np.testing.assert_array_equal(np.array(said["vectors"], np.float32), space.vectors(["BRCA1", "chebi:9150"]))
    assert client.post("/v1/embed", json={"texts": ["muscle", "heart", "muscle"]}).json()["vectors"] == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


def test_the_space_says_what_it_is_made_of(client: TestClient, space: EmbeddingSpace) -> None:
    """Counts, licenses, the store in use; the manifest is whole."""
    said = client.get("/v1/space").json()
    assert (said["name"], said["n_concepts"], said["dims"], said["store"]) == ("world", 12, 3, "edge")
    assert said["counts"] == {"variant": 2, "gene": 3, "drug": 3, "disease": 2, "phenotype": 2}
    assert [(source["name"], source["license"]) for source in said["sources"]] == [("pharmgkb", "CC-BY-SA-4.0"), ("cpic", "CC0-1.0")]
    assert client.get("/v1/manifest").json() == dict(space.manifest.raw)
    assert client.get("/v1/kinds").json() == {"kinds": ["variant", "gene", "disease", "phenotype", "drug"]}


def test_resolve_gives_the_record_of_the_space(client: TestClient) -> None:
    """Words that name a disease before a phenotype."""
    said = client.get("/v1/resolve", params={"query": "heart attack"}).json()
    assert (said["concept"], said["row"], said["how"]) == (INFARCTION, 8, "synonym")
    assert [each["curie"] for each in said["also"]] == ["hp:0001658"]
    assert client.get("/v1/resolve", params={"query": "heart attack", "as_kind": "phenotype"}).json()["concept"]["curie"] == "hp:0001658"


def test_tables_for_whoever_asks_for_them(client: TestClient) -> None:
    """By parameter or by header; numbers keep all their digits."""
    table = client.get("/v1/neighbors", params={"query": "simvastatin", "k": 1, "format": "tsv"})
    assert table.headers["content-type"] == "text/tab-separated-values; charset=utf-8"
    cosine = client.get("/v1/neighbors", params={"query": "simvastatin", "k": 1}).json()["neighbors"][0]["cosine"]
    assert table.text == f"rank\tcosine\tpercentile\tcurie\tkind\tname\n1\t{cosine!r}\t100.0\tchebi:39548\tdrug\tatorvastatin\n"
    by_header = client.get("/v1/neighbors", params={"query": "simvastatin", "k": 1}, headers={"Accept": "text/tab-separated-values"})
    assert by_header.text == table.text
    assert by_header.headers["etag"] != client.get("/v1/neighbors", params={"query": "simvastatin", "k": 1}).headers["etag"]
    assert client.get("/v1/relatedness?a=BRCA1&b=CAT&format=tsv").text.splitlines()[0].startswith("left_curie\tleft_kind\tleft_name\tright_curie")
    assert client.get("/v1/concepts/chebi:9150/relations?format=tsv").text.count("\n") == 5


def test_tags_save_the_work(client: TestClient) -> None:
    """The same question has the same tag, and is not answered twice; another question has another."""
    first = client.get("/v1/neighbors?query=BRCA1")
    again = client.get("/v1/neighbors?query=BRCA1", headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert client.get("/v1/neighbors?query=CAT", headers={"If-None-Match": first.headers["etag"]}).status_code == 200
    assert "etag" not in client.post("/v1/vectors", json={"curies": ["BRCA1"]}).headers


@pytest.mark.parametrize(
    "path",
    ["/", "/concept/chebi:9150", "/v1/neighbors?query=BRCA1", "/v1/neighbors?query=BRCA1&format=tsv", "/v1/space", "/v1/vectors", "/v1/map", "/docs", "/openapi.json", "/healthz", "/metrics",
     "/v1/concepts/hgnc:1099", "/v1/neighbors?k=0", "/nothing", "/v1/embed"],
)
def test_head_answers_what_get_would_without_a_body(client: TestClient, path: str) -> None:
    """Status and headers, tag and length among them, on pages and failures alike; the same where the answer is packed."""
    for packing in ("identity", "gzip"):
        got, head = (client.request(method, path, headers={"Accept-Encoding": packing, "X-Request-ID": "the-same-id"}) for method in ("GET", "HEAD"))
        assert (head.status_code, head.content) == (got.status_code, b"") and got.content
        headers = [{name: value for name, value in each.headers.items() if path != "/metrics" or name != "content-length"} for each in (got, head)]
        assert headers[0] == headers[1]


def test_head_of_what_is_known_is_not_worked_out(client: TestClient) -> None:
    """304 by the tag that GET gave; counted as HEAD, by its page."""
    tag = client.get("/v1/neighbors?query=CAT").headers["etag"]
    assert client.head("/v1/neighbors?query=CAT", headers={"If-None-Match": tag}).status_code == 304
    assert 'generel_requests_total{method="HEAD",page="/v1/neighbors",status="304"}' in client.get("/metrics").text


def test_pages_of_vectors_hold_every_concept_once(client: TestClient, space: EmbeddingSpace) -> None:
    """By row, five at a time, with the numbers of the space; kinds sift, and the last page has no next."""
    concepts, vectors, url = [], [], "/v1/vectors?limit=5"
    while url:
        page = client.get(url).json()
        assert (page["total"], page["dims"], len(page["concepts"])) == (12, 3, len(page["vectors"])) and page["space"] == client.get("/v1/space").json()["tag"]
        concepts, vectors, url = concepts + page["concepts"], vectors + page["vectors"], page["next"]
    assert [concept["curie"] for concept in concepts] == space.frame()["curie"].to_list()
    np.testing.assert_array_equal(np.array(vectors, np.float32), space.frame()["vector"].to_numpy())
    drugs = client.get("/v1/vectors?kind=drug&kind=variant").json()
    assert ([concept["kind"] for concept in drugs["concepts"]], drugs["next"]) == (["variant"] * 2 + ["drug"] * 3, None)
    assert client.get("/v1/vectors?offset=12").json()["concepts"] == []
    assert client.get("/v1/vectors?limit=1001").status_code == 422


def test_a_page_of_vectors_is_a_file_of_parquet_for_whoever_asks(client: TestClient, space: EmbeddingSpace) -> None:
    """By header or parameter, with a tag of its own; its metadata say where to go on. A page beyond the last has the columns and no rows."""
    by_header = client.get("/v1/vectors?limit=5", headers={"Accept": "application/vnd.apache.parquet"})
    assert by_header.headers["content-type"] == "application/vnd.apache.parquet"
    assert by_header.headers["etag"] != client.get("/v1/vectors?limit=5").headers["etag"]
    page = client.get("/v1/vectors?limit=5&format=parquet").content
    assert pl.read_parquet(io.BytesIO(page)).equals(space.frame().head(5))
    said = pl.read_parquet_metadata(io.BytesIO(page))
    assert (said["total"], said["next"], said["space"]) == ("12", "/v1/vectors?limit=5&format=parquet&offset=5", client.get("/v1/space").json()["tag"])
    beyond = pl.read_parquet(io.BytesIO(client.get("/v1/vectors?format=parquet&offset=99").content))
    assert (beyond.schema, beyond.height) == (space.frame().schema, 0)


def test_the_document_describes_what_is_answered(client: TestClient) -> None:
    """Every answer of the room has the fields that the OpenAPI document gives its record."""
    document = client.get("/openapi.json").json()
    for path, name in (("/v1/neighbors?query=BRCA1", "Neighbors"), ("/v1/concepts?q=statin", "Matches"), ("/v1/space", "SpaceCard"), ("/v1/concepts/BRCA1/relations", "")):
        schema = document["components"]["schemas"].get(name)
        if schema:
            assert set(client.get(path).json()) == set(schema["properties"])
    assert set(document["components"]["schemas"]["TakenAs"]["properties"]) == {"query", "concept", "how", "also", "near"}
    assert document["paths"]["/v1/neighbors"]["get"]["responses"]["404"]["content"]["application/problem+json"]
    assert answers.Neighbors.__doc__ and answers.Neighbors.__doc__ == document["components"]["schemas"]["Neighbors"]["description"]


def test_the_reference_asks_nothing_of_other_sites(client: TestClient) -> None:
    """The page names every path and loads only its own style."""
    page = client.get("/docs").text
    assert all(path in page for path in ("GET /v1/neighbors", "POST /v1/relatedness", "GET /v1/concepts/{curie}"))
    assert "<script" not in page and "//" not in page.partition("</head>")[0]
    assert client.get("/docs/reference.css").headers["content-type"].startswith("text/css")


def test_health_and_numbers(client: TestClient) -> None:
    """Up, ready, and counted by page and not by what was asked."""
    assert client.get("/healthz").json()["status"] == "up"
    assert client.get("/readyz").json()["status"] == "ready"
    client.get("/v1/relatedness?a=BRCA1&b=CAT")
    client.get("/nothing/here")
    numbers = client.get("/metrics").text
    assert 'generel_requests_total{method="GET",page="/v1/relatedness",status="200"}' in numbers
    assert 'generel_requests_total{method="GET",page="other",status="404"}' in numbers
    assert "generel_space_concepts 12.0" in numbers and "nothing" not in numbers
