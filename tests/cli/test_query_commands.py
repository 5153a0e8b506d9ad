"""The query commands on the world of twelve: what goes to stdout, what to stderr, and the exit code."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from generel.cli import embed as embed_module
from generel.query.meaning import FLOOR_FILE
from generel.query.space import EmbeddingSpace
from tests.cli.conftest import Run
from tests.worlds import WordEmbedder, world_vectors


def rows(tsv: str) -> list[list[str]]:
    """The cells of TSV output, header first."""
    return [line.split("\t") for line in tsv.splitlines()]


@pytest.fixture
def with_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Free text goes to the embedder of three words instead of the space's encoder."""
    monkeypatch.setattr("generel.query.space.open_embedder", lambda folder: WordEmbedder())


def test_neighbors_of_one_query(run: Run) -> None:
    """A header and a line a neighbor; nothing but data on stdout, nothing on stderr."""
    result = run("neighbors", "rs4149056", "--kind", "drug", "-k", "2")
    assert rows(result.stdout) == [
        ["rank", "cosine", "percentile", "curie", "kind", "name"],
        ["1", "0.970142", "100", "chebi:9150", "drug", "simvastatin"],
        ["2", "0.894427", "80", "chebi:39548", "drug", "atorvastatin"],
    ]
    assert (result.stderr, result.exit_code) == ("", 0)


def test_neighbors_of_several_kinds_as_json(run: Run) -> None:
    """--kind twice; one object a line."""
    result = run("neighbors", "warfarin", "--kind", "disease", "--kind", "phenotype", "-k", "2", "--format", "jsonl")
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"rank": 1, "cosine": 0.997055, "percentile": 100.0, "curie": "mondo:0005068", "kind": "disease", "name": "myocardial infarction"},
        {"rank": 2, "cosine": 0.948683, "percentile": 100.0, "curie": "hp:0001658", "kind": "phenotype", "name": "Myocardial infarction"},
    ]


def test_neighbors_as_a_table(run: Run) -> None:
    """For people: four digits, columns aligned, no tabs."""
    result = run("neighbors", "rs4149056", "-k", "1", "--kind", "drug", "--format", "table")
    assert "simvastatin" in result.stdout and "0.9701" in result.stdout
    assert "\t" not in result.stdout


def test_several_queries_say_whose_neighbors_they_are(run: Run) -> None:
    """Arguments or lines of stdin, with the query and what it was taken as before each neighbor."""
    expected = [
        ["query", "taken_as", "rank", "cosine", "percentile", "curie", "kind", "name"],
        ["heart attack", "mondo:0005068", "1", "0.997055", "100", "chebi:10033", "drug", "warfarin"],
        ["CAT", "hgnc:1516", "1", "0.948683", "100", "hgnc:1100", "gene", "BRCA1"],
    ]
    for result in (
        run("neighbors", "-k", "1", "heart attack", "CAT"),
        run("neighbors", "-k", "1", stdin="heart attack\n\n  CAT \n"),
        run("neighbors", "-k", "1", "-", stdin="heart attack\nCAT"),
    ):
        assert rows(result.stdout) == expected
        assert result.exit_code == 0


def test_what_a_query_was_taken_as_is_told(run: Run) -> None:
    """On stderr, for one query; --as chooses another meaning."""
    result = run("neighbors", "heart attack", "-k", "1")
    assert "generel: 'heart attack' is taken as mondo:0005068 myocardial infarction (disease, by synonym); it could also be hp:0001658" in result.stderr
    chosen = run("neighbors", "heart attack", "-k", "1", "--as", "phenotype")
    assert "taken as hp:0001658" in chosen.stderr


def test_exact_and_edge_agree(run: Run) -> None:
    """--exact changes nothing on a small space."""
    assert run("neighbors", "CAT", "--exact").stdout == run("neighbors", "CAT").stdout


@pytest.mark.usefixtures("with_words")
def test_free_text_says_that_it_is_read_as_text(run: Run) -> None:
    """No percentile, and a sentence on stderr; among several queries 'text' stands where the CURIE would."""
    result = run("neighbors", "a broken heart", "-k", "1")
    assert rows(result.stdout)[1] == ["1", "1", "", "hp:0001658", "phenotype", "Myocardial infarction"]
    assert "'a broken heart' is no name in this space and is read as free text" in result.stderr
    several = run("neighbors", "-k", "1", stdin="a broken heart\n")
    assert rows(several.stdout)[1][:3] == ["a broken heart", "text", "1"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["neighbors", "rs4149065"], 65, "generel: UnknownConcept: no concept is called 'rs4149065'; nearest: dbsnp:rs4149056 rs4149056"),
        (["neighbors", "statin"], 65, "generel: AmbiguousConcept: 'statin' names 2 concepts: chebi:9150 simvastatin"),
        (["neighbors", "MODNO:0005148"], 65, "generel: UnknownPrefix: 'MODNO' in 'MODNO:0005148' is not a known prefix; did you mean 'mondo'?"),
        (["neighbors", "CAT", "--space", "nope"], 66, "generel: NotThere: there is no space 'nope'; the spaces in"),
        (["relatedness", "rs1", "CAT"], 65, "generel: UnknownConcept: no concept is called 'rs1'"),
        (["relatedness", "--pairs", "nope.tsv"], 66, "generel: NotThere: there is no file nope.tsv with pairs"),
        (["info", "nope"], 66, "generel: NotThere"),
        (["load", "nope"], 66, "generel: NotThere"),
        (["neighbors", "CAT", "--kind", "protein"], 2, "Invalid value for '--kind'"),
        (["neighbors", "CAT", "-k", "0"], 2, "Invalid value for '-k'"),
        (["relatedness", "CAT"], 2, "give two queries, or a file of pairs with --pairs"),
        (["relatedness", "CAT", "BRCA1", "--pairs", "x"], 2, "give two queries"),
        (["embed", "CAT", "--out", "x.csv"], 2, "must end in .npy or .parquet"),
        (["nope"], 2, "No such command 'nope'"),
    ],
)
def test_failures_are_a_sentence_and_an_exit_code(run: Run, arguments: list[str], code: int, message: str) -> None:
    """Nothing on stdout, no traceback."""
    result = run(*arguments)
    assert (result.stdout, result.exit_code) == ("", code)
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_one_bad_query_of_many_does_not_stop_the_others(run: Run) -> None:
    """The good ones are answered, the bad ones told, and the exit code is the first failure's."""
    result = run("neighbors", "-k", "1", stdin="CAT\nrs1\nMODNO:1\nwarfarin\n")
    assert [row[0] for row in rows(result.stdout)] == ["query", "CAT", "warfarin"]
    assert result.stderr.count("generel: ") == 2
    assert result.exit_code == 65


def test_lookup_says_how_each_was_found(run: Run) -> None:
    """Best first; with several texts the text comes first."""
    assert rows(run("lookup", "statin").stdout) == [
        ["curie", "kind", "name", "how", "matched", "score"],
        ["chebi:9150", "drug", "simvastatin", "synonym", "statin", "1"],
        ["chebi:39548", "drug", "atorvastatin", "synonym", "statin", "1"],
    ]
    several = run("lookup", "-k", "1", "warfrin", "rs41")
    assert rows(several.stdout)[1:] == [
        ["warfrin", "chebi:10033", "drug", "warfarin", "fuzzy", "warfarin", "0.933333"],
        ["rs41", "dbsnp:rs4149056", "variant", "rs4149056", "prefix", "rs4149056", "0.444444"],
    ]


def test_lookup_of_nothing_is_an_answer(run: Run) -> None:
    """Only the header, a sentence, and no failure."""
    result = run("lookup", "qqqqqq")
    assert rows(result.stdout) == [["curie", "kind", "name", "how", "matched", "score"]]
    assert "nothing in the space 'world' is called anything like 'qqqqqq'" in result.stderr
    assert result.exit_code == 0


def test_relatedness_of_two(run: Run) -> None:
    """16/17 and the highest of nine pairs."""
    result = run("relatedness", "simvastatin", "SLCO1B1")
    assert rows(result.stdout) == [
        ["left_curie", "left", "right_curie", "right", "cosine", "percentile", "p_value"],
        ["chebi:9150", "simvastatin", "hgnc:10959", "SLCO1B1", "0.941176", "100", "0.111111"],
    ]


PAIRS = "left\tright\tnote\nsimvastatin\tSLCO1B1\tx\nrs1\tCAT\ty\n"


@pytest.mark.parametrize("from_stdin", [False, True])
def test_relatedness_of_a_file_of_pairs(run: Run, tmp_path: Path, from_stdin: bool) -> None:
    """One line a pair, in order; with --keep-going a pair with an unknown end says so and does not fail."""
    (tmp_path / "pairs.tsv").write_text(PAIRS)
    given = ("--pairs", "-") if from_stdin else ("--pairs", str(tmp_path / "pairs.tsv"))
    result = run("relatedness", *given, "--keep-going", stdin=PAIRS if from_stdin else None)
    lines = rows(result.stdout)
    assert lines[0] == ["left", "right", "left_curie", "right_curie", "cosine", "percentile", "p_value", "note"]
    assert lines[1] == ["simvastatin", "SLCO1B1", "chebi:9150", "hgnc:10959", "0.941176", "100.0", "0.111111", ""]
    assert lines[2][:7] == ["rs1", "CAT", "", "hgnc:1516", "", "", ""]
    assert lines[2][7].startswith("UnknownConcept")
    assert "no score for 1 of 2 pairs" in result.stderr
    assert result.exit_code == 0


@pytest.mark.parametrize("from_stdin", [False, True])
def test_bad_pairs_are_named_before_anything_is_scored(run: Run, tmp_path: Path, from_stdin: bool) -> None:
    """Nothing on stdout; the lines of all that mean nothing on stderr."""
    (tmp_path / "pairs.tsv").write_text(PAIRS)
    name = "standard input" if from_stdin else str(tmp_path / "pairs.tsv")
    result = run("relatedness", "--pairs", "-" if from_stdin else name, stdin=PAIRS if from_stdin else None)
    assert (result.stdout, result.exit_code) == ("", 65)
    assert f"BadTable: 1 of 2 pairs in {name} cannot be scored: line 3: UnknownConcept: no concept is called 'rs1'" in result.stderr


@pytest.mark.parametrize("suffix", ["tsv", "csv", "parquet"])
def test_scored_pairs_are_written_to_a_file(run: Run, tmp_path: Path, suffix: str) -> None:
    """The same table in each format; nothing on stdout."""
    (tmp_path / "pairs.csv").write_text('left,right\n"chebi:1,2",CAT\nsimvastatin,SLCO1B1\n')
    out = tmp_path / f"scored.{suffix}"
    result = run("relatedness", "--pairs", str(tmp_path / "pairs.csv"), "--keep-going", "--out", str(out))
    assert (result.stdout, result.exit_code) == ("", 0)
    read = {"tsv": lambda: pl.read_csv(out, separator="\t", quote_char=None), "csv": lambda: pl.read_csv(out), "parquet": lambda: pl.read_parquet(out)}
    scored = read[suffix]()
    assert scored["left"].to_list() == ["chebi:1,2", "simvastatin"]
    assert scored["cosine"].round(4).to_list() == [None, 0.9412]
    assert "wrote 2 pairs to" in result.stderr


def test_pairs_without_a_header_are_refused(run: Run, tmp_path: Path) -> None:
    """The columns that the file has are named; a name that says nothing, and options without a file, are told."""
    (tmp_path / "pairs.tsv").write_text("CAT\tBRCA1\nCAT\tBRCA1\n")
    result = run("relatedness", "--pairs", str(tmp_path / "pairs.tsv"))
    assert "BadTable: the pairs lack the columns left, right; they have CAT, BRCA1" in result.stderr
    assert result.exit_code == 65
    assert "must end in .tsv, .csv, .parquet" in run("relatedness", "--pairs", "x", "--out", "y.xlsx").stderr
    assert "go with --pairs" in run("relatedness", "CAT", "BRCA1", "--keep-going").stderr


def test_neighbors_by_relation_and_without_what_is_known(run: Run) -> None:
    """simvastatin treats the infarction by the evidence, so of what it may treat the cancer and the phenotypes stay."""
    first = [row[-1] for row in rows(run("neighbors", "simvastatin", "--relation", "treats", "-k", "1").stdout)[1:]]
    assert first == ["Myalgia"]
    known = rows(run("neighbors", "simvastatin", "--relation", "treats", "--exclude-known").stdout)[1:]
    assert {row[3] for row in known} == {"hp:0003326", "hp:0001658", "mondo:0007254"}
    assert [row[3] for row in rows(run("neighbors", "heart attack", "--relation", "treats", "--min-score", "0.9").stdout)[1:]] == ["chebi:10033"]
    page = rows(run("neighbors", "rs4149056", "--kind", "drug", "-k", "1", "--offset", "1").stdout)[1:]
    assert [(row[0], row[-1]) for row in page] == [("2", "atorvastatin")]


def test_a_relation_that_does_not_fit_is_said(run: Run, tmp_path: Path) -> None:
    """For one query an error; of several in a file only that one fails."""
    assert "BadInput: unknown relation 'treat'; did you mean treats" in run("neighbors", "warfarin", "--relation", "treat").stderr
    single = run("neighbors", "CAT", "--relation", "treats")
    assert "BadInput: 'treats' joins drug with disease or phenotype; hgnc:1516 CAT is a gene" in single.stderr
    assert (single.stdout, single.exit_code) == ("", 65)
    (tmp_path / "queries.txt").write_text("CAT\n\nwarfarin\n")
    several = run("neighbors", "--file", str(tmp_path / "queries.txt"), "--relation", "treats", "-k", "1")
    assert [row[0] for row in rows(several.stdout)] == ["query", "warfarin"]
    assert several.exit_code == 65
    assert "there is no file nope.txt with queries" in run("neighbors", "--file", "nope.txt").stderr
    assert "give queries, or a file" in run("neighbors", "CAT", "--file", str(tmp_path / "queries.txt")).stderr
    (tmp_path / "latin1.txt").write_bytes("Sj\xf6gren".encode("latin-1"))
    assert "is not UTF-8 text" in run("neighbors", "--file", str(tmp_path / "latin1.txt")).stderr


def test_lookup_by_meaning_says_what_is_far(run: Run, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hearts are near something; any other text points as nonsense does, and both commands say so."""

    class Hearts(WordEmbedder):
        WORDS = (("heart", (1, 0, 0)), ("", (0, 1, -1)))

    monkeypatch.setattr("generel.query.space.open_embedder", lambda folder: Hearts())
    (own_home / "spaces/world/index" / FLOOR_FILE).unlink(missing_ok=True)
    near = run("lookup", "broken hearted", "-k", "1", "--meaning", home=own_home)
    assert rows(near.stdout)[1] == ["hp:0001658", "phenotype", "Myocardial infarction", "meaning", "Myocardial infarction", "1"]
    assert near.stderr == ""
    for result in (run("lookup", "zzz qqq", "--meaning", home=own_home), run("neighbors", "zzz qqq", home=own_home)):
        assert "'zzz qqq' is far from anything in this space: its nearest concept has cosine 0.89, and texts of random letters reach 0.89" in result.stderr
    assert rows(run("lookup", "broken hearted", "--no-meaning").stdout)[1:] == []


@pytest.mark.usefixtures("with_words")
def test_embed_writes_stored_vectors_and_words(run: Run) -> None:
    """A concept's stored vector, else the words'; --as-text takes the words in any case."""
    result = run("embed", "BRCA1", "a broken heart")
    assert rows(result.stdout) == [
        ["query", "taken_as", "kind", "name", "vector"],
        ["BRCA1", "hgnc:1100", "gene", "BRCA1", "0,0,1"],
        ["a broken heart", "text", "text", "a broken heart", "1,0,0"],
    ]
    assert rows(run("embed", "heart attack", "--as-text").stdout)[1][1] == "text"
    assert json.loads(run("embed", "BRCA1", "--format", "jsonl").stdout)["vector"] == [0.0, 0.0, 1.0]


def test_embed_writes_files(run: Run, tmp_path: Path) -> None:
    """A matrix, or a table that says what was taken as what; nothing on stdout."""
    result = run("embed", "warfarin", "CAT", "--out", str(tmp_path / "v.npy"))
    assert result.stdout == "" and "wrote 2 vectors of 3 numbers" in result.stderr
    assert np.load(tmp_path / "v.npy").tolist() == world_vectors()[[7, 4]].tolist()
    assert run("embed", "warfarin", "CAT", "--out", str(tmp_path / "v.parquet")).exit_code == 0
    table = pl.read_parquet(tmp_path / "v.parquet")
    assert table.drop("vector").rows() == [("warfarin", "chebi:10033", "drug", "warfarin"), ("CAT", "hgnc:1516", "gene", "CAT")]
    assert table["vector"].to_list() == world_vectors()[[7, 4]].tolist()


def test_a_long_vector_is_cut_in_a_table() -> None:
    """People see the first four numbers."""
    from generel.query.records import Concept, Resolved

    part = ([Resolved("x", Concept("", "text", "x"), -1, "text")], np.arange(6, dtype=np.float32)[None])
    (record,) = embed_module._records(iter([part]), "table")
    assert record["vector"] == [0, 1, 2, 3, "…"]


def test_info_says_counts_sources_and_licenses(run: Run, home: Path) -> None:
    """As fields; as a table; and the whole manifest as JSON."""
    fields = dict(row for row in rows(run("info").stdout) if len(row) == 2)
    assert fields["counts.drug"] == "3"
    assert fields["n_concepts"] == "12"
    assert fields["index"] == "edge, quantization none, recall@10 1.000 (1.000 of one kind) against the exact scan"
    assert fields["sources.pharmgkb.license"] == "CC-BY-SA-4.0"
    assert fields["figures.mrr"] == "0.5"
    table = run("info", "world", "--format", "table").stdout
    assert "Relling 2011" in table and "Embedding space 'world'" in table
    raw = json.loads(run("info", "--format", "jsonl").stdout)
    assert raw["files"]["vectors.safetensors"]["bytes"] > 0
    assert raw["folder"] == str(home / "spaces/world")


def test_load_verifies_and_says_what_it_built(run: Run, own_home: Path) -> None:
    """The second time nothing is built; a flipped bit is Corrupt with exit code 74."""
    done = run("load", "world", home=own_home)
    assert "12 concepts verified, its index is up to date, recall@10 1.000" in done.stderr and "neighbors come from the store 'edge'" in done.stderr
    assert "built names and edge, recall@10 1.000" in run("load", "--force", home=own_home).stderr
    path = own_home / "spaces/world/relations.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    damaged = run("load", home=own_home)
    assert "Corrupt" in damaged.stderr and "relations.parquet does not match" in damaged.stderr
    assert damaged.exit_code == 74


def test_a_space_that_is_not_loaded_says_how(run: Run, own_home: Path) -> None:
    """Without its index nothing is answered, and `info` says so too."""
    shutil.rmtree(own_home / "spaces/world/index")
    result = run("neighbors", "CAT", home=own_home)
    assert "NotThere" in result.stderr and "run: generel load" in result.stderr
    assert result.exit_code == 66
    assert "not loaded; run: generel load" in run("info", home=own_home).stdout


def test_the_scan_that_nobody_asked_for_is_told(run: Run, own_home: Path) -> None:
    """Answers come, and stderr says from where and why."""
    (own_home / "spaces/world/index/current").unlink()
    result = run("neighbors", "CAT", "-k", "1", home=own_home)
    assert len(rows(result.stdout)) == 2
    assert "neighbors come from the exact scan: its index has not been built" in result.stderr


def test_every_command_has_a_sentence_and_an_example(run: Run) -> None:
    """The help of each says what comes out and how it is called."""
    for name in ("load", "info", "lookup", "neighbors", "relatedness", "embed"):
        text = run(name, "--help").stdout
        assert f"Example: generel {name} " in text


def test_the_python_and_the_command_line_agree(run: Run, home: Path) -> None:
    """The same neighbors, to six digits."""
    with EmbeddingSpace.open(home / "spaces/world") as space:
        expected = [(n.concept.curie, f"{n.cosine:.6g}") for n in space.neighbors("BRCA1")]
    assert [(row[3], row[1]) for row in rows(run("neighbors", "BRCA1").stdout)[1:]] == expected


@pytest.mark.parametrize(
    "arguments",
    [("relatedness", "--pairs", "PAIRS", "--out", "scored.tsv"), ("embed", "BRCA1", "--out", "vectors.npy"), ("explain", "BRCA1", "CAT", "--html", "why.html"),
     ("export", "vectors", "--out", "vectors.parquet"), ("export", "projector", "--out", "projector")],
)
def test_a_folder_that_is_not_there_is_made(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """By every command that writes where it is told to; its help says so."""
    (tmp_path / "pairs.tsv").write_text("left\tright\nBRCA1\tCAT\n")
    out = tmp_path / "new" / "folder" / arguments[-1]
    result = run(*(str(tmp_path / "pairs.tsv") if each == "PAIRS" else each for each in arguments[:-1]), str(out))
    assert result.exit_code == 0 and out.exists(), result.output
    said = " ".join(run(*arguments[: 2 if arguments[0] == "export" else 1], "--help").stdout.split())
    assert "A folder that is not there is made." in said
    if "scored" in arguments[-1]:
        assert "wrote 1 pair to" in result.stderr


def test_a_table_for_people_shows_no_percentile_of_100(run: Run) -> None:
    """The world has nine pairs of a drug and a gene, and 100 % of them are not all there are."""
    for arguments in (("relatedness", "simvastatin", "SLCO1B1"), ("neighbors", "simvastatin", "--kind", "gene", "-k", "1")):
        shown, told = (run(*arguments, "--format", format).stdout for format in ("table", "tsv"))
        assert ">88.88" in shown and "\t100\t" in told
