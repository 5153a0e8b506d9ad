"""Concepts added to the world: found, near what they should be, explained by their ties, and gone when removed."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from generel.concepts.errors import BadInput, BuildMismatch, Corrupt, DiskFull, GenerelError, NotThere, UnknownConcept
from generel.concepts.kinds import KINDS
from generel.index import added_file
from generel.index.added_file import ADDED_FILE, added_folder, read_added
from generel.query.added import refold
from generel.query.added_input import NewConcept
from generel.query.records import Concept
from generel.query.space import EmbeddingSpace
from tests.worlds import WordEmbedder, unit, world_concepts, world_vectors, write_world

WEAKNESS = NewConcept("MONDO:0999999", "disease", "heart weakness", ("tired heart",), ties=(("treats", "chebi:9150"), ("gene_of_disease", "hgnc:10959")))
VARIANT = NewConcept("rs999", "variant", ties=(("variant_of_gene", "ncbigene:10599"), ("variant_associated_with", "mondo:0999999")))
HEART = Concept("mondo:0999999", "disease", "heart weakness")


@pytest.fixture
def space(tmp_path: Path, world_folder: Path) -> Iterator[EmbeddingSpace]:
    """A copy of the world, to which things may be added."""
    folder = shutil.copytree(world_folder, tmp_path / "world", symlinks=True)
    with EmbeddingSpace.open(folder, embedder=WordEmbedder()) as opened:
        yield opened


def test_an_added_concept_is_found_and_near_what_its_text_and_ties_say(space: EmbeddingSpace) -> None:
    """Text (1, 0, 0) .7, ties simvastatin (1, 4, 0) and SLCO1B1 (0, 4, 1) .3; nothing else has moved."""
    before = space.neighbors("warfarin", 11)
    assert space.add(WEAKNESS) == [HEART]
    ties = unit([unit([[1, 4, 0]])[0] + unit([[0, 4, 1]])[0]])[0]
    expected = unit([[0.7 + 0.3 * ties[0], 0.3 * ties[1], 0.3 * ties[2]]])[0]
    assert space.vectors(["mondo:0999999"])[0] == pytest.approx(expected, abs=1e-6)
    for query in ("mondo:0999999", "MONDO_0999999", "Heart  weakness", "tired heart"):
        assert space.resolve(query).concept == HEART
    assert [match.concept for match in space.lookup("heart weaknes", 1)] == [HEART]
    assert HEART in [match.concept for match in space.lookup("hart weakness")]
    after = space.neighbors("warfarin", 12)
    assert [(each.concept, each.cosine) for each in after if each.concept != HEART] == [(each.concept, each.cosine) for each in before]
    assert [each.cosine for each in after if each.concept == HEART] == [pytest.approx(float(expected @ unit([[3, 1, 0]])[0]), abs=1e-6)]
    assert [each.rank for each in after] == list(range(1, 13))
    assert space.relatedness("tired heart", "warfarin").percentile is not None


@pytest.mark.parametrize("exact", [False, True])
def test_merged_answers_are_those_of_a_scan_of_all_vectors(tmp_path: Path, exact: bool) -> None:
    """Random vectors beside the world's: neighbors of every concept, of all kinds and of one, in the order of a plain loop; bias included."""
    bias = np.random.default_rng(3).normal(0, 0.3, (12, len(KINDS))).astype(np.float32)
    folder = write_world(tmp_path / "world", bias=bias, bias_weight=0.5)
    new = [NewConcept(f"rs10{at}", "variant", ties=(("variant_of_gene", gene), ("affects_efficacy", drug))) for at, (gene, drug) in enumerate(
        [("hgnc:1100", "chebi:10033"), ("hgnc:1516", "chebi:9150"), ("hgnc:10959", "chebi:10033"), ("hgnc:1516", "chebi:39548")])]
    with EmbeddingSpace.open(folder, exact=exact, embedder=WordEmbedder()) as space:
        space.add(new)
        frame = space.frame()
        vectors, biases = frame["vector"].to_numpy(), np.concatenate([bias, np.tile(np.median(bias[:2], axis=0), (4, 1))])
        assert vectors[:12].tolist() == world_vectors().tolist()
        for kinds in (None, ["variant"]):
            for row, (curie, kind) in enumerate(zip(frame["curie"], frame["kind"], strict=True)):
                scores = {other: float(vectors[row] @ vectors[other] + 0.5 * biases[other, KINDS.index(kind)]) for other in range(16) if other != row and (kinds is None or frame["kind"][other] in kinds)}
                found = space.neighbors(curie, 5, kinds)
                assert [scores[frame["curie"].to_list().index(each.concept.curie)] for each in found] == pytest.approx(sorted(scores.values(), reverse=True)[:5], abs=1e-6)


def test_a_variant_is_made_of_its_ties_and_needs_no_encoder(space: EmbeddingSpace) -> None:
    """One gene, given by another database's identifier: the gene's own vector; the embedder would fail."""
    space._given_embedder = None
    space.add(NewConcept("rs999", "variant", "a lead variant", ties=(("variant_of_gene", "ncbigene:10599"),)))
    assert space.relatedness("rs999", "SLCO1B1").cosine == pytest.approx(1.0)
    assert space.concept("dbsnp:rs999").name == "a lead variant"


def test_ties_are_evidence_and_lead_paths(space: EmbeddingSpace) -> None:
    """Direction by the kinds; source 'added'; simvastatin – the new disease – SLCO1B1 is a path."""
    space.add(WEAKNESS)
    assert space.evidence("mondo:0999999", "simvastatin").select("subject", "predicate", "object", "source", "license").rows() == [
        ("chebi:9150", "treats", "mondo:0999999", "added", "not stated")
    ]
    assert ["simvastatin", "heart weakness", "SLCO1B1"] in [
        [path.steps[0].left.name, *(step.right.name for step in path.steps)] for path in space.explain("simvastatin", "SLCO1B1").paths
    ]


def test_known_ties_are_left_out_where_that_is_wanted(space: EmbeddingSpace) -> None:
    """Of the new disease its drug and its gene, of its drug the disease; by one relation only that one."""
    space.add(WEAKNESS)
    assert not {"chebi:9150", "hgnc:10959"} & {each.concept.curie for each in space.neighbors("mondo:0999999", 12, exclude_known=True)}
    assert "mondo:0999999" not in {each.concept.curie for each in space.neighbors("simvastatin", 12, exclude_known=True)}
    assert {each.concept.curie for each in space.neighbors("mondo:0999999", 12, ["gene"], relation="gene_of_disease", exclude_known=True)} == {"hgnc:1100", "hgnc:1516"}
    assert space.names.ties(space.resolve("mondo:0999999").row, "treats").tolist() == [5]


def test_another_process_sees_what_was_added_and_what_was_removed(space: EmbeddingSpace) -> None:
    """Two openings of one space; the one that was open first goes on as it was until it writes."""
    with EmbeddingSpace.open(space.folder, embedder=WordEmbedder()) as other:
        space.add([WEAKNESS, VARIANT])
        assert other.added == ()
        with pytest.raises(BadInput, match="mondo:0999999 is there already"):
            other.add(WEAKNESS)
        other.add(NewConcept("rs1000", "variant", ties=(("variant_of_gene", "hgnc:1516"),)))
        assert [each.curie for each in other.added] == ["mondo:0999999", "dbsnp:rs999", "dbsnp:rs1000"]
    with pytest.raises(BadInput, match="nothing was removed: dbsnp:rs999 is tied to mondo:0999999; remove those as well"):
        space.remove("mondo:0999999")
    with pytest.raises(UnknownConcept, match="chebi:9150"):
        space.remove(["chebi:9150"])
    assert [each.curie for each in space.remove(["mondo:0999999", "rs999"])] == ["mondo:0999999", "dbsnp:rs999"]
    assert [each.curie for each in space.added] == ["dbsnp:rs1000"]
    space.remove("rs1000")
    assert space.added == () and space.frame().height == 12
    with pytest.raises(UnknownConcept):
        space.concept("rs1000")
    assert sorted(path.name for path in added_folder(space.folder).iterdir()) == [".lock", ADDED_FILE]


def test_what_is_wrong_adds_nothing(space: EmbeddingSpace) -> None:
    """A good concept beside a bad one is not added either; one whose ties cancel out has no vector."""
    with pytest.raises(BadInput, match="neither a name nor a tie"):
        space.add([WEAKNESS, NewConcept("rs999", "variant")])
    assert space.added == () and read_added(added_folder(space.folder)) is None


def test_after_a_new_release_it_is_refused_until_it_is_folded_in_again(space: EmbeddingSpace) -> None:
    """Vectors are made anew; what the new release has itself is left out with a sentence, and a copy of what was there stays."""
    space.add([WEAKNESS, VARIANT])
    folder = space.folder
    write_world(folder, vectors=unit(world_vectors()[:, ::-1]), created="later")
    with pytest.raises(BuildMismatch, match=r"2 concepts added to another release of .*run: generel add --refold"):
        EmbeddingSpace.open(folder)
    done = refold(folder, embedder=WordEmbedder())
    assert [each.curie for each in done.concepts] == ["mondo:0999999", "dbsnp:rs999"] and done.left_out == [] and done.copy is None
    with EmbeddingSpace.open(folder, embedder=WordEmbedder()) as again:
        assert again.vectors(["mondo:0999999"])[0] == pytest.approx(unit([[0.7 + 0.3 * 0.11, 0.3 * 0.98, 0.3 * 0.11]])[0], abs=0.02)
    without = world_concepts().filter(pl.col("curie") != "hgnc:10959").with_columns(row=pl.int_range(11, dtype=pl.Int64))
    write_world(folder, concepts=without, vectors=world_vectors()[:11])
    done = refold(folder, embedder=WordEmbedder())
    assert done.left_out == ["mondo:0999999 was tied to hgnc:10959, which the space no longer has", "dbsnp:rs999 was tied to hgnc:10959, which the space no longer has"]
    assert done.copy is not None and done.copy.is_file()
    with pytest.raises(NotThere, match="nothing was added"):
        refold(write_world(folder.with_name("other")))


def test_a_flipped_or_missing_byte_anywhere_is_a_sentence(space: EmbeddingSpace) -> None:
    """Every 7th byte of the one file, and a sample of the names index, flipped; every file cut at several places."""
    space.add([WEAKNESS, VARIANT])
    generator = random.Random(5)
    for path in sorted(added_folder(space.folder).iterdir()):
        if path.name == ".lock":
            continue
        whole = path.read_bytes()
        places = range(0, len(whole), 7) if path.name == ADDED_FILE else generator.sample(range(len(whole)), 20)
        damaged = [whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1 :] for at in places]
        for content in [*damaged, *(whole[:at] for at in (0, 1, 8, len(whole) // 2, len(whole) - 1))]:
            path.write_bytes(content)
            with pytest.raises(Corrupt, match="added"):
                EmbeddingSpace.open(space.folder)
        path.unlink()
        if path.name != ADDED_FILE:
            with pytest.raises(Corrupt, match="--refold"):
                EmbeddingSpace.open(space.folder)
        path.write_bytes(whole)
    EmbeddingSpace.open(space.folder).close()


def test_a_full_disk_leaves_what_was_there(space: EmbeddingSpace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of the files it hits."""
    space.add(WEAKNESS)
    for target in ("generel.index.added_file.save_file", "generel.index.names_build._write_concepts"):
        def full(*arguments: object, **options: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(target, full)
            with pytest.raises(DiskFull, match="free some space"):
                space.add(VARIANT)
        with EmbeddingSpace.open(space.folder) as again:
            assert [each.curie for each in again.added] == ["mondo:0999999"]
    space.add(VARIANT)
    assert len(space.added) == 2


# Adds variants one by one, forever, and says how many calls have come back.
ADDING = """
import sys
from generel.query.space import EmbeddingSpace
from generel.query.added_input import NewConcept
with EmbeddingSpace.open(sys.argv[1]) as space:
    n = len(space.added)
    print("ready", flush=True)
    while True:
        space.add(NewConcept(f"rs{1000 + n}", "variant", ties=(("variant_of_gene", "hgnc:1516"),)))
        n += 1
        print(n, flush=True)
"""


@pytest.mark.parametrize("moments", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_any_moment_nothing_is_lost_and_nothing_half_there(tmp_path: Path, world_folder: Path, moments: int) -> None:
    """After each kill -9: all that was said to be added is there, at most one more, every one with a vector; and adding goes on."""
    folder, generator = shutil.copytree(world_folder, tmp_path / "world", symlinks=True), random.Random(moments)
    for _ in range(moments):
        process = subprocess.Popen([sys.executable, "-c", ADDING, str(folder)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(generator.uniform(0, 0.4))
        process.send_signal(signal.SIGKILL)
        said = [int(line) for line in process.stdout.read().split() if line.isdigit()]
        process.wait()
        with EmbeddingSpace.open(folder) as space:
            curies = [each.curie for each in space.added]
            assert curies == [f"dbsnp:rs{1000 + at}" for at in range(len(curies))]
            assert not said or len(curies) in (said[-1], said[-1] + 1)
            if curies:
                assert np.linalg.norm(space.vectors(curies[-1:])) == pytest.approx(1)
                assert space.relatedness(curies[-1], "CAT").cosine == pytest.approx(1)


def test_a_file_of_another_version_says_so(space: EmbeddingSpace, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it came from a later generel."""
    space.add(WEAKNESS)
    monkeypatch.setattr(added_file, "FORMAT", 2)
    with pytest.raises(GenerelError, match="has format 1; this generel reads format 2"):
        EmbeddingSpace.open(space.folder)


def test_others_may_read_what_one_user_adds(space: EmbeddingSpace) -> None:
    """All files but the lock are readable by everybody."""
    space.add(WEAKNESS)
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in added_folder(space.folder).iterdir())
    assert os.access(added_folder(space.folder), os.R_OK)
