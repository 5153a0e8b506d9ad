"""Thousands of queries at once, searched by several processes: `python -m generel.index.edge_search FOLDER REQUEST ANSWER` is one of them.

Programs and not forks, because the engine's threads, and those of whoever asks, are not there in a forked child. Queries and answers pass
through files of a temporary folder: a pipe would wait for this process, which searches a part itself and holds the interpreter's lock meanwhile.
A part whose process fails is searched here, so that what is wrong is said by the search itself.
"""

import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

import numpy as np
import qdrant_edge

from generel.index.edge import open_for_good, propose, translated
from generel.index.quantization import Effort
from generel.index.store import Rows
from generel.index.vectors_file import Floats


def propose_in_processes(
    folder: Path, queries: Floats, limit: int, *, kinds: Collection[str] | None, effort: Effort, n_processes: int, here: qdrant_edge.EdgeShard
) -> list[Rows]:
    """As `generel.index.edge.propose` on the shard in `folder`, a part of the queries in each of so many processes.

    Args:
        here: that shard, as this process has opened it.

    Raises:
        Corrupt: the engine cannot read the folder.
    """
    parts = np.array_split(queries, n_processes)
    with tempfile.TemporaryDirectory(prefix="generel-search-") as temporary:
        started = [_start(folder, part, Path(temporary) / str(number), limit=limit, kinds=kinds, effort=effort) for number, part in enumerate(parts[1:])]
        try:
            with translated(folder):
                rows = propose(here, parts[0], limit, kinds=kinds, effort=effort)
                for (process, answer), part in zip(started, parts[1:], strict=True):
                    rows += _read(answer) if process.wait() == 0 else propose(here, part, limit, kinds=kinds, effort=effort)
        finally:
            for process, _ in started:
                process.kill()
                process.wait()
    return rows


def _start(folder: Path, queries: Floats, place: Path, *, limit: int, kinds: Collection[str] | None, effort: Effort) -> tuple["subprocess.Popen[bytes]", Path]:
    request, answer = place.with_suffix(".request.npz"), place.with_suffix(".answer.npz")
    np.savez(
        request, queries=queries, limit=limit, kinds=np.array([] if kinds is None else list(kinds), dtype=str), some=kinds is not None,
        effort=np.array([effort.ef, effort.filtered_ef, effort.oversampling]),
    )
    command = [sys.executable, "-P", "-m", "generel.index.edge_search", str(folder), str(request), str(answer)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), answer


def _read(answer: Path) -> list[Rows]:
    with np.load(answer) as kept:
        return np.split(kept["rows"], np.cumsum(kept["lengths"])[:-1])


def main() -> None:
    """Search one part."""
    folder, request, answer = map(Path, sys.argv[1:])
    with np.load(request) as asked:
        ef, filtered_ef, oversampling = asked["effort"].tolist()
        kinds = asked["kinds"].tolist() if asked["some"] else None
        shard = open_for_good(folder)
        rows = propose(shard, asked["queries"], int(asked["limit"]), kinds=kinds, effort=Effort(int(ef), int(filtered_ef), oversampling))
    np.savez(answer, rows=np.concatenate([*rows, np.empty(0, np.int64)]), lengths=np.array([len(each) for each in rows]))


if __name__ == "__main__":
    main()
