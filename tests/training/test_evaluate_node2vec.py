"""node2vec by PecanPy's command: its files by hand, what is said where it is missing, and a real run where it is there."""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from generel.concepts.errors import Corrupt, GenerelError, NotThere
from training.evaluate.node2vec import Node2Vec, find_pecanpy, read_vectors, write_graph


def ties(*pairs: tuple[int, int], n: int) -> csr_array:
    """(n, n) symmetric, 1 for each pair."""
    matrix = np.zeros((n, n), dtype=np.float32)
    for left, right in pairs:
        matrix[left, right] = matrix[right, left] = 1
    return csr_array(matrix)


def test_the_graph_is_written_without_concepts_that_are_tied_to_nothing(tmp_path: Path) -> None:
    """Of four concepts the second has no tie: the others keep their numbers as identifiers, and rows follow these."""
    assert write_graph(ties((0, 3), (2, 3), n=4), tmp_path / "graph.npz") == 3
    with np.load(tmp_path / "graph.npz") as stored:
        written = {name: stored[name].tolist() for name in stored.files}
    assert written == {"IDs": ["0", "2", "3"], "data": [1.0, 1.0, 1.0, 1.0], "indptr": [0, 1, 2, 4], "indices": [2, 2, 0, 1]}


def test_vectors_go_to_the_concepts_whose_numbers_they_bear(tmp_path: Path) -> None:
    """In whatever order PecanPy writes them; at unit norm, and zeros for a concept it has not met."""
    np.savez(tmp_path / "vectors.npz", IDs=["2", "0"], data=np.array([[0, 5], [3, 4]], dtype=np.float32))
    assert read_vectors(tmp_path / "vectors.npz", n_concepts=3) == pytest.approx(np.array([[0.6, 0.8], [0, 0], [0, 1]]))


@pytest.mark.parametrize(
    "stored", [{"IDs": ["0", "7"], "data": np.ones((2, 3))}, {"IDs": ["0"], "data": np.ones((2, 3))}, {"IDs": ["0"], "data": np.full((1, 3), np.nan)}, {"data": np.ones((2, 3))}, {"IDs": ["x"], "data": np.ones((1, 3))}]
)
def test_other_files_are_refused(tmp_path: Path, stored: dict[str, object]) -> None:
    """Vectors of unknown concepts, too many of them, no numbers, or no identifiers."""
    np.savez(tmp_path / "vectors.npz", **stored)  # type: ignore[arg-type]
    with pytest.raises(Corrupt, match=r"vectors\.npz"):
        read_vectors(tmp_path / "vectors.npz", n_concepts=3)
    (tmp_path / "vectors.npz").write_text("no archive")
    with pytest.raises(Corrupt, match=r"vectors\.npz"):
        read_vectors(tmp_path / "vectors.npz", n_concepts=3)


def test_where_pecanpy_is_missing_the_way_to_get_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither on the PATH nor named; named and not there; named by its path and found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("GENEREL_PECANPY", raising=False)
    with pytest.raises(NotThere, match=r"'pecanpy', which is not on the PATH.*pip install pecanpy==2\.0\.9.*GENEREL_PECANPY"):
        find_pecanpy()
    monkeypatch.setenv("GENEREL_PECANPY", str(tmp_path / "nowhere"))
    with pytest.raises(NotThere, match=r"GENEREL_PECANPY names '.*nowhere', which is no command"):
        find_pecanpy()
    (tmp_path / "nowhere").write_text("#!/bin/sh\necho it is broken >&2; exit 3\n")
    (tmp_path / "nowhere").chmod(0o755)
    with pytest.raises(GenerelError, match="nowhere ended with 3: it is broken"):
        Node2Vec(find_pecanpy(), seed=1).train(ties((0, 1), n=2))


@pytest.mark.slow
def test_pecanpy_finds_the_parts_of_a_graph() -> None:
    """Two rings of ten with chords: concepts of one are nearer to each other than to any of the other; one without a tie has zeros."""
    try:
        command = find_pecanpy()
    except NotThere as error:
        pytest.skip(str(error))
    rings = [(start + place, start + (place + step) % 10) for start in (0, 10) for place in range(10) for step in (1, 2, 3)]
    vectors, note = Node2Vec(command, seed=3).train(ties(*rings, n=21))
    cosines = vectors @ vectors.T
    inside = np.kron(np.eye(2), np.ones((10, 10))) > 0
    assert cosines[:20, :20][inside].mean() > cosines[:20, :20][~inside].mean() + 0.2
    assert not vectors[20].any() and np.linalg.norm(vectors[:20], axis=1) == pytest.approx(np.ones(20), abs=1e-5)
    assert note.startswith("PecanPy, 10 walks of 80 steps from each of 20 concepts") and "no time limit, took" in note
