"""How long `generel cells embed` takes on made-up cells, and how much memory: one Markdown table on stdout.

    PYTHONPATH=. python tests/benchmarks/cells.py --space open --cells 100000 1000000 --expressed 1000 400

The genes are those of the space; how often a gene is expressed falls off like 1 / rank, as in real cells, and values are logarithms of counts. The
file is written block by block as anndata stores sparse rows, so that it may be larger than the memory. Time and peak memory are of the whole
process, from the start of Python to the renamed file.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
from anndata.io import write_elem

from generel.apps.gene_names import GeneNames
from generel.query.find_space import find_space
from tests.benchmarks.query_latency import LAUNCHER

CELLS_A_BLOCK = 10_000
COLUMNS = "cells", "genes", "expressed a cell", "file", "seconds", "CPU seconds", "cells a second", "peak memory"


def write_cells(path: Path, genes: Sequence[str], *, n_cells: int, n_expressed: int, seed: int) -> None:
    """An .h5ad file of sparse rows with about `n_expressed` genes a cell."""
    generator = np.random.default_rng(seed)
    anndata.AnnData(X=np.zeros((0, len(genes)), np.float32), var=pd.DataFrame(index=list(genes))).write_h5ad(path)
    with h5py.File(path, "r+") as file:
        del file["obs"], file["X"]
        write_elem(file, "obs", pd.DataFrame(index=np.arange(n_cells).astype(str)))
        matrix = file.create_group("X")
        matrix.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": [n_cells, len(genes)]})
        stored = {name: matrix.create_dataset(name, (0,), kind, maxshape=(None,), chunks=(1 << 18,)) for name, kind in (("data", "f4"), ("indices", "i4"))}
        sizes = [np.zeros(1, np.int64)]
        for start in range(0, n_cells, CELLS_A_BLOCK):
            for name, values in zip(("data", "indices", "sizes"), draw_block(generator, min(CELLS_A_BLOCK, n_cells - start), len(genes), n_expressed), strict=True):
                if name == "sizes":
                    sizes.append(values)
                    continue
                before = len(stored[name])
                stored[name].resize(before + len(values), axis=0)
                stored[name][before:] = values
        matrix.create_dataset("indptr", data=np.cumsum(np.concatenate(sizes)))


def draw_block(generator: np.random.Generator, n_cells: int, n_genes: int, n_expressed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, genes and number of genes of each cell: positions drawn with 1 / rank, those drawn twice counted once."""
    ranks = np.floor(n_genes ** generator.random((n_cells, 2 * n_expressed))).astype(np.int64) - 1
    spread = (ranks * 7919 + generator.integers(0, n_genes, (n_cells, 2 * n_expressed)) * (ranks > n_genes // 50)) % n_genes
    keys = np.unique(spread + np.arange(n_cells)[:, None] * n_genes)
    values = np.log1p(generator.exponential(8, len(keys))).astype(np.float32)
    return values, (keys % n_genes).astype(np.int32), np.bincount(keys // n_genes, minlength=n_cells)


def measure(file: Path, out: Path, *, space: str, top: int) -> tuple[float, float, float]:
    """Seconds, CPU seconds and MB of one run of the command."""
    before = spent_by_children()
    command = ["-c", "from generel.cli.main import main; main()", "cells", "embed", str(file), str(out), "--space", space, "--top", str(top)]
    done = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *command], capture_output=True, text=True, check=True)
    wall, kilobytes, status = map(float, done.stdout.split())
    if status:
        raise SystemExit("generel cells embed failed")
    return wall, spent_by_children() - before, kilobytes / 1024


def spent_by_children() -> float:
    """CPU seconds of the processes that this one has waited for, and of theirs: what others do on the machine hardly changes it."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def rows(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, ...]]:
    """A row a size."""
    symbols = list(GeneNames.open(find_space(options.space)).symbols.values())[: options.genes]
    for n_cells, n_expressed in zip(options.cells, options.expressed, strict=True):
        file, out = folder / "cells.h5ad", folder / "out.h5ad"
        write_cells(file, symbols, n_cells=n_cells, n_expressed=n_expressed, seed=1)
        with h5py.File(file) as opened:
            expressed = opened["X/indptr"][-1] / n_cells
        measured = [measure(file, out, space=options.space, top=options.top) for _ in range(options.repeats)]
        seconds, spent = (float(np.median([each[place] for each in measured])) for place in (0, 1))
        memory = max(each for *_, each in measured)
        yield f"{n_cells:,}", f"{len(symbols):,}", f"{expressed:.0f}", f"{file.stat().st_size / 1e9:.2f} GB", f"{seconds:.1f}", f"{spent:.1f}", f"{n_cells / seconds:,.0f}", f"{memory:,.0f} MB"
        file.unlink()
        out.unlink()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="open")
    parser.add_argument("--cells", type=int, nargs="+", default=[100_000])
    parser.add_argument("--expressed", type=int, nargs="+", default=[1000], help="genes drawn a cell, one number for each of --cells")
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--top", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where there is room for the files, twice")
    options = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n|{' --: |' * len(COLUMNS)}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for row in rows(options, Path(folder)):
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
