"""`generel evaluate` from a build's folder and a released space to table, JSON and Markdown; the encoder is a tiny BERT."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.numpy import load_file, save_file

from generel.cli.main import main
from generel.concepts.home import Home
from generel.concepts.kinds import KINDS
from generel.concepts.tables import (
    MERGES,
    RELATIONS,
    SPACE_CONCEPTS,
    SPLIT_CONCEPTS,
    SPLIT_NAMES,
    SPLIT_RELATIONS,
    TABLES,
    write_table,
)
from generel.index.space_folder import digest_file, digest_of_manifest
from generel.index.write_space import write_space
from generel.model.embedder import TextEmbedder, save_tower
from generel.model.encoder import TextEncoder
from generel.model.encoder_folder import LANGUAGE_MODEL, TOWER
from generel.model.tower import ConceptTower, TowerShape
from generel.query.calibration import calibrate
from kg.build import FORMAT, OF_GRAPH
from tests.tiny_bert import make_tiny_bert
from tests.training.evaluate_world import CONCEPTS, FAMILIES, NUMBER, tables, world
from training.evaluate.examination import evaluate as examine
from training.evaluate.names import barycenters, composed_mask
from training.evaluate.report import to_records
from training.evaluate.settings import Settings

DIGEST = "1" * 64
HIDDEN = 32
# Whole relations between the world's kinds, and the methods that answer them, in the table's order.
RELATION_METHODS = ["generel cosine", "generel cosine + bias", "generel vote", "raw encoder", "raw encoder vote", "co-sharing", "PPMI-SVD", "degree", "TF-IDF"]
SYNONYM_METHODS = ["generel cosine", "raw encoder", "raw encoder, nearest name", "degree", "TF-IDF", "TF-IDF, nearest name"]


def write_build(folder: Path) -> None:
    """The world's split as a stored build."""
    folder.mkdir(parents=True)
    for frame, table in zip(tables(), (SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS), strict=True):
        write_table(frame, table, folder / f"{table.name.lower()}.parquet")
    for name in OF_GRAPH:
        write_table(TABLES[name.upper()].empty(), TABLES[name.upper()], folder / f"{name}.parquet")
    (folder / "build.json").write_text(json.dumps({"format": FORMAT, "inputs": DIGEST}))


def write_encoder(folder: Path) -> None:
    """A tiny BERT under a tower that leaves its vectors as they are, but for the features' mean."""
    encoder = TextEncoder.open(make_tiny_bert(folder / LANGUAGE_MODEL, hidden=HIDDEN))
    shape = TowerShape(HIDDEN, 4, encoder.tokenizer.get_vocab_size(), 8, 1.0)
    tower = ConceptTower(shape)
    torch.nn.init.zeros_(tower.down.weight)
    mean = torch.from_numpy(encoder.encode([name for *_, name in CONCEPTS]).mean(axis=0))
    save_tower(folder / TOWER, tower=tower, rows=torch.zeros(shape.n_rows, HIDDEN), feature_mean=mean)


def write_world_space(folder: Path, *, work: Path, **fields: object) -> None:
    """A released space whose vectors are those of the names; rs1 is composed, and rs2 has no vector and is left out."""
    write_encoder(work)
    split = world()
    vectors = TextEmbedder.open(work).embed(split.preferred_names())
    vectors = barycenters(vectors, split.training_neighbors(), composed=composed_mask(split, ["variant"]))
    kept = [number for number, (curie, *_) in enumerate(CONCEPTS) if curie != "dbsnp:rs2"]
    rows: list[tuple[Any, ...]] = [(row, CONCEPTS[number][0], CONCEPTS[number][1], CONCEPTS[number][3], [], None, "by hand", 0) for row, number in enumerate(kept)]
    bias = np.zeros((len(kept), len(KINDS)), dtype=np.float32)
    bias[kept.index(NUMBER["hp:0000002"]), KINDS.index("disease")] = 2.0
    manifest = {
        "name": folder.name, "created": "2026-11-21T00:00:00Z", "sources": [], "figures": {}, "build": DIGEST, "build_name": "world",
        "encoder": {"max_tokens": 16}, "recipe": {"composed_kinds": ["variant"], "families": FAMILIES}, **fields,
    }
    write_space(
        folder, concepts=pl.DataFrame(rows, schema=SPACE_CONCEPTS.columns, orient="row"), aliases=MERGES.empty(), vectors=vectors[kept], bias=bias,
        relations=RELATIONS.empty(), calibration=calibrate(vectors[kept], [row[2] for row in rows]), manifest=manifest,
        encoder=lambda target: _copy(work, target),
    )


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the world's build and the space 'small' released from it."""
    root = tmp_path_factory.mktemp("home")
    write_build(root / "builds" / "world")
    write_world_space(root / "spaces" / "small", work=tmp_path_factory.mktemp("work") / "encoder")
    return root


def run(root: Path, *arguments: str) -> Result:
    """What the command gives in that home."""
    return CliRunner().invoke(main, ["evaluate", *arguments], env={"GENEREL_HOME": str(root)})


def records(result: Result) -> list[dict[str, Any]]:
    """The JSON lines on stdout."""
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_method_answers_the_same_questions_in_one_table(released: Path, tmp_path: Path) -> None:
    """Relations, then cold, then synonyms: each group has one row a method, with equal numbers of queries and candidates."""
    rows = records(run(released, "small", "--format", "jsonl", "--out", str(tmp_path)))
    groups: dict[tuple[object, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["protocol"], row["predicate"], row["kinds"]), []).append(row)
    assert list(groups) == [
        ("relations", "affects_efficacy", "variant-drug"), ("relations", "affects_toxicity", "variant-drug"),
        ("relations", "has_phenotype", "disease-phenotype"), ("relations", "is_a", "disease-disease"),
        ("relations", "occurs_with", "phenotype-phenotype"), ("relations", "pharmacogenetics", "variant-drug"),
        ("cold", "affects_toxicity", "variant-drug"), ("cold", "has_phenotype", "disease-phenotype"), ("cold", "pharmacogenetics", "variant-drug"),
        ("synonyms", "synonym", "disease"), ("synonyms", "synonym", "phenotype"), ("synonyms", "synonym", "all"),
    ]
    for (protocol, *_), group in groups.items():
        assert [row["method"] for row in group] == (SYNONYM_METHODS if protocol == "synonyms" else RELATION_METHODS)
        assert len({(row["queries"], row["candidates"], row["drawn_from"]) for row in group}) == 1
        assert all(row["mrr_low"] <= row["mrr"] <= row["mrr_high"] for row in group)
    dense = groups["relations", "has_phenotype", "disease-phenotype"]
    assert (dense[0]["queries"], dense[0]["candidates"]) == (2, 5)
    # Two training rows for chest pain, one each for seizure and short stature, none for the other two: of the candidates left, seizure
    # is first of three for heart attack; kidney pain, with nothing, is last of three for heart failure, tied with muscle pain.
    assert [row["mrr"] for row in dense if row["method"] == "degree"] == [pytest.approx((1 + 1 / 2.5) / 2, abs=1e-5)]


def test_stored_vectors_and_biases_are_what_is_judged(released: Path, tmp_path: Path) -> None:
    """Seizure's bias of 2 for diseases puts it first whenever a disease asks: first where it is the answer, and no other rank changes."""
    rows = records(run(released, "small", "--protocol", "relations", "--format", "jsonl", "--out", str(tmp_path)))
    recorded = {(row["predicate"], row["method"]): row for row in rows}
    plain, biased = (recorded["has_phenotype", f"generel cosine{bias}"] for bias in ("", " + bias"))
    # Heart attack's answer is seizure; heart failure knows seizure, which is hidden.
    assert biased["mrr"] == pytest.approx(plain["mrr"] + (1 - _reciprocal_rank_of_seizure(released)) / 2, abs=1e-5)
    assert recorded["is_a", "generel cosine"]["mrr"] == recorded["is_a", "generel cosine + bias"]["mrr"]


def _reciprocal_rank_of_seizure(root: Path) -> float:
    """Of heart attack's phenotypes that are not known (seizure, kidney pain, muscle pain), by the encoder's own cosine."""
    embedder = TextEmbedder.open(root / "spaces" / "small" / "encoder")
    asking, *others = embedder.embed(["heart attack", "seizure", "kidney pain", "muscle pain"])
    cosines = [float(asking @ other) for other in others]
    return 1 / (1 + sum(cosine > cosines[0] for cosine in cosines))


def test_the_report_is_written_and_is_the_same_twice(released: Path) -> None:
    """JSON and Markdown go to the run's folder; a second run gives the same bytes, and the figures of stdout are in them."""
    first = run(released, "small", "--format", "jsonl")
    folder = released / "runs" / "small" / "evaluation"
    written = {name: (folder / name).read_bytes() for name in ("evaluation.json", "evaluation.md", "recall.png", "reliability.png")}
    assert records(run(released, "small", "--format", "jsonl")) == records(first)
    assert {name: (folder / name).read_bytes() for name in written} == written
    content = json.loads(written["evaluation.json"])
    assert (content["build"], content["settings"]["seed"]) == ({"name": "world", "digest": DIGEST}, Settings.seed)
    assert content["space"]["concepts_without_vector"] == {"variant": 1}
    assert content["space"]["digest"] == json.loads((released / "spaces" / "small" / "manifest.json").read_text())["digest"]
    assert content["split"] == {
        "concepts": {"train": 14, "cold": 2}, "relations": {"cold": 4, "test": 6, "train": 9, "validation": 1},
        "names": {"cold": 3, "test": 2, "train": 17, "validation": 1},
    }
    assert [row["mrr"] for row in content["figures"]] == pytest.approx([row["mrr"] for row in records(first)], abs=1e-5)
    assert "## relations: has_phenotype, disease-phenotype – 2 queries, 5 candidates" in written["evaluation.md"].decode()


def test_a_space_is_compared_with_another_of_its_build(released: Path, tmp_path: Path) -> None:
    """Beside itself nothing differs; beside one with other biases only what counts them does, and JSON tells both figures."""
    assert run(released, "small", "--compare", "small", "--format", "jsonl").stdout == ""
    other = released / "spaces" / "other"
    write_world_space(other, work=tmp_path / "encoder")
    vectors = load_file(other / "vectors.safetensors")
    save_file({**vectors, "bias": np.zeros_like(vectors["bias"])}, other / "vectors.safetensors")
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["files"]["vectors.safetensors"] = digest_file(other / "vectors.safetensors")
    (other / "manifest.json").write_text(json.dumps(manifest | {"digest": digest_of_manifest(manifest)}))
    rows = records(run(released, "small", "--compare", "other", "--format", "jsonl"))
    shutil.rmtree(other)
    assert {row["method"] for row in rows} == {"generel cosine + bias"}
    assert all(row["right"] - row["left"] == pytest.approx(row["difference"], abs=1e-5) for row in rows)


def test_rivals_are_refused_before_anything_is_trained(released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PecanPy the way to get it is told; beside another space a rival has nothing to say."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("GENEREL_PECANPY", raising=False)
    missing = run(released, "small", "--rival", "node2vec")
    assert missing.exit_code == 66 and "pecanpy/bin/pip install pecanpy==2.0.9" in missing.stderr
    both = run(released, "small", "--rival", "transe", "--compare", "small")
    assert both.exit_code == 2 and "a rival knows nothing of either space" in both.stderr


def test_a_bad_file_costs_its_own_figures_alone(released: Path, tmp_path: Path) -> None:
    """Gene properties without their columns are an error at the end; what else was asked is printed and written before it."""
    (tmp_path / "gene_properties").mkdir()
    (tmp_path / "gene_properties" / "bad.csv").write_text("Gene,Class\nINS,1\n")
    rated = tmp_path / "rated.tsv"
    rated.write_text("heart attack\theart failure\t9\nheart attack\twarfarin\t4\ninsulin\tstatin\t1\n")
    asked = ["--protocol", "relations", "--protocol", "gene-properties", "--protocol", "ratings", "--data", str(tmp_path), "--ratings", str(rated), "--out", str(tmp_path / "out")]
    result = run(released, "small", *asked, "--format", "jsonl")
    assert result.exit_code == 65 and "bad.csv lacks the columns Gene name" in result.stderr
    assert {json.loads(line)["protocol"] for line in result.stdout.splitlines()} == {"relations"}
    measures = json.loads((tmp_path / "out" / "evaluation.json").read_text())["measures"]
    assert {(row["method"], row["metric"], row["n"]) for row in measures if row["protocol"] == "ratings"} == {
        (method, metric, 3) for method in ("generel cosine", "generel cosine of named concepts", "raw encoder") for metric in ("Spearman", "Pearson")
    }


def test_the_closing_sentences_and_what_has_no_vector_are_told_on_stderr(released: Path, tmp_path: Path) -> None:
    """Disease–phenotype and synonyms have a sentence each; gene–disease is not asked about in this world. Data alone is on stdout."""
    result = run(released, "small", "--out", str(tmp_path), "--format", "tsv")
    told = result.stderr
    assert re.search(r"generel: disease–phenotype: generel [a-z+ ]+ reaches an MRR of [\d.]+; [\d.]+ times the raw encoder's [\d.]+; .*degree \(\.700\)", told)
    assert "generel: synonyms: generel cosine reaches an MRR of " in told
    assert "gene–disease" not in told
    assert "1 concepts of kind variant have no vector in the space" in told
    lines = result.stdout.splitlines()
    assert lines[0].split("\t")[:9] == ["protocol", "predicate", "kinds", "method", "queries", "candidates", "mrr", "mrr_low", "mrr_high"]
    assert {line.split("\t")[0] for line in lines[1:]} == {"relations", "cold", "synonyms"}


def test_options_choose_protocol_part_and_number_of_queries(released: Path, tmp_path: Path) -> None:
    """One protocol alone; the validation part; at most one question a predicate, and the table says of how many."""
    out = ("--out", str(tmp_path))
    validation = records(run(released, "small", "--protocol", "relations", "--part", "validation", "--format", "jsonl", *out))
    assert {(row["protocol"], row["predicate"], row["queries"]) for row in validation} == {("relations", "has_phenotype", 1)}
    few = records(run(released, "small", "--protocol", "cold", "--queries", "1", "--format", "jsonl", *out))
    assert {(row["predicate"], row["queries"], row["drawn_from"]) for row in few} == {("affects_toxicity", 1, 1), ("has_phenotype", 1, 2), ("pharmacogenetics", 1, 1)}
    shown = run(released, "small", "--protocol", "cold", "--queries", "1", "--format", "table", *out).stdout
    assert "1 of 2" in shown and "[" in shown


def test_a_build_that_holds_nothing_out_is_said_to(released: Path, tmp_path: Path) -> None:
    """With all rows in training there is nothing to ask, and that is no failure."""
    shutil.copytree(released, tmp_path / "home")
    for frame, table in zip(tables(), (SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS), strict=True):
        write_table(frame.with_columns(part=pl.lit("train")), table, tmp_path / "home" / "builds" / "world" / f"{table.name.lower()}.parquet")
    result = run(tmp_path / "home", "small", "--format", "tsv")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "the build holds nothing out for relations and cold and synonyms and cold-variants and gwas-time and gwas-time-unseen and locus and branch and effect-size and indications and gene-sets (part test), so there was nothing to ask" in result.stderr


def test_a_build_made_anew_is_refused(released: Path, tmp_path: Path) -> None:
    """A split made later could hold out what the space has learned: the digest tells, and the way out is named."""
    shutil.copytree(released, tmp_path / "home")
    (tmp_path / "home" / "builds" / "world" / "build.json").write_text(json.dumps({"format": FORMAT, "inputs": "2" * 64}))
    result = run(tmp_path / "home", "small")
    assert result.exit_code == 65
    assert "BuildMismatch: the space 'small' was trained on another build 'world' (111111111111) than the one that is there now (222222222222)" in result.stderr


def test_a_space_that_names_no_build_or_a_missing_one_is_refused(released: Path, tmp_path: Path) -> None:
    """Without its build nothing is known to be held out."""
    shutil.copytree(released, tmp_path / "home")
    shutil.rmtree(tmp_path / "home" / "builds" / "world")
    gone = run(tmp_path / "home", "small")
    assert (gone.exit_code, "there is no build 'world'" in gone.stderr) == (66, True)
    write_world_space(tmp_path / "home" / "spaces" / "nameless", work=tmp_path / "encoder", build_name=None)
    nameless = run(tmp_path / "home", "nameless")
    assert (nameless.exit_code, "does not name the build it was trained on" in nameless.stderr) == (65, True)


def test_a_space_with_concepts_its_split_does_not_know_is_refused(released: Path, tmp_path: Path) -> None:
    """The split must be that of the space's own build."""
    shutil.copytree(released, tmp_path / "home")
    concepts, names, relations = tables()
    folder = tmp_path / "home" / "builds" / "world"
    for frame, table, end in ((concepts, SPLIT_CONCEPTS, "curie"), (names, SPLIT_NAMES, "curie"), (relations, SPLIT_RELATIONS, "subject")):
        write_table(frame.filter(pl.col(end) != "hgnc:2"), table, folder / f"{table.name.lower()}.parquet")
    result = run(tmp_path / "home", "small")
    assert (result.exit_code, "1 concepts are not in the split of the build, such as hgnc:2" in result.stderr) == (65, True)


def test_a_changed_file_of_the_space_is_refused(released: Path, tmp_path: Path) -> None:
    """Figures are only given for what was released."""
    shutil.copytree(released, tmp_path / "home")
    path = tmp_path / "home" / "spaces" / "small" / "vectors.safetensors"
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\x80?")
    result = run(tmp_path / "home", "small")
    assert (result.exit_code, "vectors.safetensors does not match its SHA-256" in result.stderr) == (74, True)


def test_the_function_gives_what_the_command_prints(released: Path, tmp_path: Path) -> None:
    """From Python the same rows come as records."""
    home = Home(released)
    evaluation = examine(home.spaces / "small", home=home, settings=Settings(protocols=("synonyms",)))
    printed = records(run(released, "small", "--protocol", "synonyms", "--format", "jsonl", "--out", str(tmp_path)))
    assert [(row["method"], row["kinds"]) for row in to_records(evaluation.rows)] == [(row["method"], row["kinds"]) for row in printed]
    assert [row["auroc"] for row in to_records(evaluation.rows)] == pytest.approx([row["auroc"] for row in printed], abs=1e-5)
