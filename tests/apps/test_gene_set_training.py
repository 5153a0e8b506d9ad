"""From GMT files to a trained network: what is read, what is left out, and that training goes on where it stopped."""

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from generel.apps.gene_sets.network import Network
from generel.concepts.errors import BadInput, BadTable, BuildMismatch, NotThere
from tests.apps.gene_set_worlds import LIBRARIES, TINY, identities, write_libraries
from training.evaluate.gene_set_halves import cut_in_halves
from training.gene_sets.batches import Batch, gene_shares, make_drawing
from training.gene_sets.collection import Collection, collect
from training.gene_sets.fit import divide, first_vectors, fit, halve, make_profiles, make_written_sets, prepare
from training.gene_sets.gmt_stream import Faults, library_name, stream_gmt
from training.gene_sets.left_out import relatives, sets_without
from training.gene_sets.libraries import GmtLibrary, check_names
from training.gene_sets.losses import bce_loss, sampled_loss, softmax_loss
from training.gene_sets.measure import measure_sets
from training.gene_sets.network import SetNetwork
from training.gene_sets.pipeline import train_model
from training.gene_sets.profiles import membership_block
from training.gene_sets.scorer import NetworkScorer, Scorer
from training.gene_sets.settings import Settings
from training.gene_sets.written_sets import SHARES, no_written_sets, written_sets


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """The made-up libraries, collected."""
    folder = tmp_path_factory.mktemp("sets")
    return collect([GmtLibrary(path) for path in write_libraries(folder)], known=identities(), folder=folder / "collection", settings=TINY)


def test_lines_that_are_no_sets_are_counted_and_named(tmp_path: Path) -> None:
    """A line without tabs, without a name, with a name again; blank lines and empty fields are nothing."""
    path = tmp_path / "some.gmt"
    path.write_text("good\t\tTP53\tBRCA1,0.37\t\n\nno tabs TP53 BRCA1\n\t\tTP53\ngood\t\tEGFR\n")
    faults = Faults()
    assert [(line.name, line.genes) for line in stream_gmt(path, faults=faults)] == [("good", ["TP53", "BRCA1,0.37"])]
    told = " ".join(faults.sentences())
    assert "some.gmt:3" in told and "some.gmt:4" in told and "some.gmt:5" in told and sum(faults.counts.values()) == 3


@pytest.mark.parametrize(("text", "what"), [("", "has no lines"), ("set1 TP53 BRCA1\n", "with a tab between any two")])
def test_file_without_sets_says_what_a_gmt_is(tmp_path: Path, text: str, what: str) -> None:
    """An empty file, and one whose tabs were turned into blanks."""
    path = tmp_path / "bad.gmt"
    path.write_text(text)
    with pytest.raises(BadTable, match=what):
        list(stream_gmt(path, faults=Faults()))


def test_gzip_is_known_by_its_bytes_and_a_cut_one_is_refused(tmp_path: Path) -> None:
    """Whatever the file is called."""
    whole, cut = tmp_path / "packed.gmt", tmp_path / "cut.gmt.gz"
    packed = gzip.compress(b"one\t\tTP53\tBRCA1\n" * 2000)
    whole.write_bytes(packed)
    cut.write_bytes(packed[: len(packed) // 2])
    assert next(stream_gmt(whole, faults=Faults())).genes == ["TP53", "BRCA1"]
    with pytest.raises(BadTable, match="cannot be uncompressed"):
        list(stream_gmt(cut, faults=Faults()))
    assert library_name(Path("a/Hallmark.v7.gmt.gz")) == "Hallmark.v7"


def test_old_symbols_and_identifiers_are_one_gene_and_others_are_named(tmp_path: Path) -> None:
    """A0 by its symbol, former symbol, NCBI and Ensembl identifiers counts once; unknown names and dates are told."""
    path = tmp_path / "names.gmt"
    path.write_text("mixed\t\tA0\tOLD0\t100\tENSG00000000100\tA1\tA2\tNOBODY\t1-Mar\ntoo few\t\tA0\tOLD0\n")
    found = collect([GmtLibrary(path)], known=identities(), folder=tmp_path / "collection", settings=TINY)
    assert [found.genes[row] for row in found.rows(0)] == ["hgnc:1", "hgnc:2", "hgnc:3"]
    told = " ".join(found.remarks)
    assert "NOBODY" in told and "1-Mar" in told and "fewer than 3 known genes (names: too few)" in told


def test_without_a_space_a_name_in_two_sets_is_a_gene(tmp_path: Path) -> None:
    """The free vocabulary; Enrichr's weights are no part of a name."""
    path = tmp_path / "free.gmt"
    path.write_text("s1\t\tX,1.0\tY\tZ\tonce\ns2\t\tX\tY\tZ\n")
    found = collect([GmtLibrary(path)], known=None, folder=tmp_path / "collection", settings=TINY)
    assert found.genes == ["X", "Y", "Z"] and found.sizes.tolist() == [3, 3]


def test_nothing_left_is_an_error_that_says_why(tmp_path: Path) -> None:
    """One-gene sets, and a library of no known gene."""
    path = tmp_path / "single.gmt"
    path.write_text("s1\t\tA0\ns2\t\tNOBODY\tNOONE\tNONE\n")
    with pytest.raises(BadTable, match=r"2 sets are left out: fewer than 3 known genes .*unknown: NOBODY, NONE, NOONE"):
        collect([GmtLibrary(path)], known=identities(), folder=tmp_path / "collection", settings=TINY)
    assert not (tmp_path / "collection").exists()


def test_libraries_of_one_name_and_bad_settings_are_refused() -> None:
    """All that is wrong is named at once."""
    with pytest.raises(BadInput, match="two libraries are called 'x'"):
        check_names([GmtLibrary(Path("a/x.gmt")), GmtLibrary(Path("b/x.gmt.gz"))])
    with pytest.raises(BadInput, match=r"start is 'here'.*dims is 0.*minimum is 1"):
        Settings(start="here", dims=0, minimum=1)


def test_matrix_and_shares_are_as_counted_by_hand(world: Collection) -> None:
    """Every set gives each of its genes alike; libraries of one size are drawn alike."""
    matrix = world.matrix(np.arange(len(world)))
    assert matrix.sum() == 7 * len(world) and set(matrix.data) == {1.0}
    shares = gene_shares(make_drawing(world, np.arange(len(world)), TINY, written=no_written_sets(len(world.genes))))
    counts = np.asarray(matrix.sum(axis=0))
    assert shares == pytest.approx(counts / counts.sum(), rel=1e-5)


def test_batch_hides_what_it_asks_for(world: Collection) -> None:
    """No gene that is asked for was shown; both are members of one set."""
    batch = make_drawing(world, np.arange(len(world)), TINY, written=no_written_sets(len(world.genes))).batch(np.random.default_rng(0))
    stops = [*batch.offsets[1:].tolist(), len(batch.rows)]
    members = [set(world.rows(number).tolist()) for number in range(len(world))]
    for line, (start, stop) in enumerate(zip(batch.offsets.tolist(), stops, strict=True)):
        shown, asked = set(batch.rows[start:stop].tolist()), set(batch.targets[batch.lines == line].tolist())
        assert shown and asked and not shown & asked and any(shown | asked <= each for each in members)
        assert batch.weights[batch.lines == line].sum() == pytest.approx(1)


def test_terms_are_drawn_as_sets_as_often_as_their_sort(world: Collection) -> None:
    """A term of two genes is no set; of 4,000 drawn ones a quarter or so are summaries' terms, and shares of genes follow."""
    n = len(world.genes)
    summaries = np.zeros((n, 3))
    scattered, some = [0, n // 3, n // 2, n - 1], [2, 3, 4, 5, 6, 7]
    summaries[scattered, 0], summaries[some, 1], summaries[:2, 2] = 0.3, 0.5, 1.0
    written = written_sets({"summaries": csr_array(summaries)}, n_genes=n)
    assert [set(written.members[[term]].indices.tolist()) for term in range(len(written))] == [set(scattered), set(some)]
    assert written.chances.tolist() == [SHARES["summaries"] / 2] * 2
    drawing = make_drawing(world, np.arange(len(world)), TINY, written=written)
    share = SHARES["summaries"] / (SHARES["summaries"] + 0.55)
    assert 1 - drawing.chances[len(world) - 1] == pytest.approx(share)
    plain = gene_shares(make_drawing(world, np.arange(len(world)), TINY, written=no_written_sets(n)))
    told = np.bincount(scattered, minlength=n) / 4 / 2 + np.bincount(some, minlength=n) / 6 / 2
    assert gene_shares(drawing) == pytest.approx((1 - share) * plain + share * told, rel=1e-4)
    members = [set(world.rows(number).tolist()) for number in range(len(world))]
    rng, found = np.random.default_rng(0), []
    for _ in range(40):
        batch = drawing.batch(rng)
        stops = [*batch.offsets[1:].tolist(), len(batch.rows)]
        for line, (start, stop) in enumerate(zip(batch.offsets.tolist(), stops, strict=True)):
            both = {*batch.rows[start:stop].tolist(), *batch.targets[batch.lines == line].tolist()}
            found.append(not any(both <= each for each in members))
    assert 0 < np.mean(found) <= share + 0.1


def test_torch_and_numpy_compute_the_same() -> None:
    """Two networks with the same tensors, the second layer not zero."""
    rng = np.random.default_rng(1)
    network = SetNetwork(rng.standard_normal((6, 4)).astype(np.float32), bias=rng.standard_normal(6).astype(np.float32), hidden=3, rng=rng)
    network.second.data = torch.from_numpy(rng.standard_normal((4, 3)).astype(np.float32))
    plain = Network.from_tensors({**network.tensors(), "profiles": np.empty((6, 0), np.float32), "profile_scale": np.zeros(1, np.float32)})
    shown = cut_in_halves(_matrix([[0, 1, 2, 3], [2, 3, 4, 5]], 6), seed=0).shown
    assert NetworkScorer(network)(shown) == pytest.approx(Scorer(plain)(shown), rel=1e-4, abs=1e-5)


def test_profiles_add_their_cosine() -> None:
    """score = learned score + profile_scale * cosine of the mean profile and the gene's."""
    rng = np.random.default_rng(2)
    network = SetNetwork(rng.standard_normal((5, 4)).astype(np.float32), bias=np.zeros(5, np.float32), hidden=3, rng=rng)
    profiles = rng.standard_normal((5, 3)).astype(np.float32)
    profiles /= np.linalg.norm(profiles, axis=1, keepdims=True)
    without, beside = (Network.from_tensors({**network.tensors(), "profiles": profiles, "profile_scale": np.full(1, scale, np.float32)}) for scale in (0, 3))
    sets = [np.array([0, 1], np.int32)]
    mean = profiles[:2].mean(axis=0)
    expected = without.score(without.encode(sets)) + 3 * (profiles @ mean / np.linalg.norm(mean))
    assert beside.score(beside.encode(sets)) == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert beside.score_of(beside.encode(sets), 3) == pytest.approx(expected[:, 3], rel=1e-4, abs=1e-5)


def test_losses_are_those_of_plain_loops() -> None:
    """The softmax and the yes-or-no loss, and the sampled one where every gene is a candidate for certain."""
    rng = np.random.default_rng(3)
    network = SetNetwork(rng.standard_normal((5, 4)).astype(np.float32), bias=rng.standard_normal(5).astype(np.float32), hidden=3, rng=rng)
    batch = Batch(np.array([0, 1, 2]), np.array([0, 2]), np.array([0, 0, 1]), np.array([3, 4, 0]), np.array([0.5, 0.5, 1], np.float32))
    vectors = network.encode(torch.from_numpy(batch.rows), torch.from_numpy(batch.offsets))
    scores = network.score(vectors).detach().numpy().astype(np.float64)
    chances = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    expected = -(0.5 * chances[0, 3] + 0.5 * chances[0, 4] + chances[1, 0]) / 2
    assert softmax_loss(network, vectors, batch).item() == pytest.approx(expected, rel=1e-5)
    many = sampled_loss(network, vectors, batch, shares=np.full(5, 0.5, np.float32), negatives=5, rng=np.random.default_rng(0)).item()
    assert np.isfinite(many)
    wanted = {(0, 3), (0, 4), (1, 0)}
    shown = {(0, 0), (0, 1), (1, 2)}
    cells = [(line, gene) for line in range(2) for gene in range(5) if (line, gene) not in shown]
    yes_or_no = sum(np.log1p(np.exp(-scores[cell] if cell in wanted else scores[cell])) for cell in cells) / 2
    assert bce_loss(network, vectors, batch).item() == pytest.approx(yes_or_no, rel=1e-5)


def test_rare_sets_weigh_more_in_memberships() -> None:
    """Of three genes, two in the large set: weights log(4 / 3) + 1 and log(4 / 2) + 1, rows of unit norm."""
    block = membership_block(_matrix([[0, 1], [0]], 3)).toarray()
    weights = np.array([np.log(4 / 3) + 1, np.log(2) + 1])
    assert block[0] == pytest.approx(weights / np.linalg.norm(weights), rel=1e-5)
    assert block[1].tolist() == [1, 0] and not block[2].any()


def test_relatives_and_twins_are_not_learned(tmp_path: Path) -> None:
    """Another release has a set of the same name; a twin has four of five genes."""
    for name, lines in {
        "asked": ["s\t\tA0\tA1\tA2\tA3\tA4"], "release": ["s\t\tB0\tB1\tB2", "t\t\tB3\tB4\tB5"], "other": ["twin\t\tA0\tA1\tA2\tA3", "far\t\tA0\tA1\tA2\tB0\tB1"],
    }.items():
        (tmp_path / f"{name}.gmt").write_text("\n".join(lines))
    found = collect([GmtLibrary(path) for path in sorted(tmp_path.glob("*.gmt"))], known=identities(), folder=tmp_path / "collection", settings=TINY)
    assert relatives(found, "asked") == ["asked", "release"]
    assert found.sets["set"][sets_without(found, "asked")].to_list() == ["far"]


@pytest.mark.parametrize("start", ["profiles", "free"])
def test_trained_network_completes_an_unseen_library(world: Collection, start: str) -> None:
    """Families are found without their library, by either start; chance would give 0.5."""
    settings = replace(TINY, start=start, gene_rate=3e-2, passes=40)
    fitted = fit(world, sets_without(world, "third"), identities().of(world.genes), settings)
    figures = measure_sets(Scorer(fitted.network), world, world.numbers_of("third"), settings)
    assert figures[:, 0].mean() > 0.9


@pytest.mark.parametrize("loss", ["sampled", "softmax", "bce"])
def test_each_loss_falls(world: Collection, loss: str) -> None:
    """The last check's loss is below the first's."""
    settings = replace(TINY, start="free", loss=loss, gene_rate=3e-2, passes=30, held_out=0)
    losses = fit(world, np.arange(len(world)), identities().of(world.genes), settings).standing.losses
    assert losses[-1] < losses[0]


def test_killed_training_goes_on_to_the_same_end(world: Collection, tmp_path: Path) -> None:
    """Stopped after two checks and resumed: the same tensors, to the last bit."""
    genes = identities().of(world.genes)
    whole = fit(world, np.arange(len(world)), genes, TINY)
    learned, held_out = divide(np.arange(len(world)), TINY)
    first = first_vectors(make_profiles(world, learned, genes, TINY), TINY)
    training = prepare(world, learned, TINY, first=first, halves=halve(world, held_out, TINY), written=make_written_sets(genes, TINY))
    training.folder, training.identity = tmp_path / "checkpoint", "the same"
    steps = iter(range(training.steps // 2 + 1))
    step = training._step

    def until_killed(*arguments: object) -> float:
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return step(*arguments)  # type: ignore[arg-type]

    training._step = until_killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        training.run()
    resumed = fit(world, np.arange(len(world)), genes, TINY, folder=tmp_path / "checkpoint", identity="the same", resume=True)
    assert resumed.standing == whole.standing
    for name, tensor in whole.network.tensors().items():
        assert np.array_equal(tensor, resumed.network.tensors()[name]), name
    with pytest.raises(BuildMismatch, match="other gene sets or settings"):
        fit(world, np.arange(len(world)), genes, TINY, folder=tmp_path / "checkpoint", identity="another", resume=True)


def test_training_stops_when_held_out_sets_get_worse(world: Collection) -> None:
    """With a patience of one and a rate that wrecks the vectors, fewer steps than planned are done."""
    settings = replace(TINY, gene_rate=1.0, layer_rate=1.0, patience=1, passes=60, checks=20)
    fitted = fit(world, np.arange(len(world)), identities().of(world.genes), settings)
    assert fitted.standing.worse == 1 and fitted.standing.step < round(60 * len(world) / settings.batch)


def test_resume_needs_a_run_of_the_same_things(tmp_path: Path) -> None:
    """Nothing to go on from, and other settings, are sentences."""
    libraries = [GmtLibrary(path) for path in write_libraries(tmp_path)]
    with pytest.raises(NotThere, match="without --resume"):
        train_model(libraries, identities(), out=tmp_path / "model", settings=TINY, resume=True)
    with pytest.raises(NotThere, match="there is no file"):
        train_model([GmtLibrary(tmp_path / "gone.gmt")], identities(), out=tmp_path / "model", settings=TINY)
    assert set(LIBRARIES) == {library.name for library in libraries}


def _matrix(sets: list[list[int]], n_genes: int):  # type: ignore[no-untyped-def]
    from scipy.sparse import csr_array

    dense = np.zeros((len(sets), n_genes), np.float32)
    for line, genes in enumerate(sets):
        dense[line, genes] = 1
    return csr_array(dense)
