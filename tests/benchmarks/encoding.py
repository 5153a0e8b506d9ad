"""Texts encoded a second: generel's packed encoder beside `SentenceTransformer.encode`, against what the processor's matrix products allow.

    python tests/benchmarks/encoding.py --build starter --texts 2000 --repeats 3

Names of a build, one process, methods by turns; figures are medians over the repeats. `texts / CPU-s` counts the processor time of the whole
process, so that it says the same on a busy machine; the ratio is to the best batch size of sentence-transformers. The limit is measured in
between: the matrix products of one layer, at the sizes the encoder runs them, and nothing else. Install the extra `benchmark` first.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

BATCHES = "16,32,64,128,256"
Timed = dict[str, list[tuple[float, float]]]


def main() -> None:
    """Measure, and print the table."""
    options = parse()
    os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": str(options.threads)}
    import torch

    torch.set_num_threads(options.threads)
    print(report(options))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="starter", help="name of a build under GENEREL_HOME; its folder's split_names.parquet is read")
    parser.add_argument("--encoder", type=Path, help="folder of the encoder; the recipe's by default")
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--batches", default=BATCHES, help="batch sizes of sentence-transformers, with commas")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def report(options: argparse.Namespace) -> str:
    """The table, and what was measured."""
    import torch
    from sentence_transformers import SentenceTransformer

    from generel.model.encoder import TextEncoder, computing_dtype
    from training.language_model import fetch_encoder
    from training.recipe import read_recipe

    home = home_folder()
    folder = options.encoder or fetch_encoder(read_recipe("starter").encoder, cache=home.cache)
    texts = sample_names(home.builds / options.build, options.texts)
    ours, exact, stock = TextEncoder.open(folder, max_tokens=options.max_tokens), open_exact(folder, options.max_tokens), SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    stock.max_seq_length = options.max_tokens
    methods: dict[str, Callable[[], Any]] = {f"SentenceTransformer.encode, batch {size}": lambda size=size: stock.encode(texts, batch_size=size) for size in map(int, options.batches.split(","))}
    methods |= {"generel, float32": lambda: exact.encode(texts), f"generel, {str(computing_dtype(ours.device)).removeprefix('torch.')}": lambda: ours.encode(texts)}
    lengths = [len(ids) for ids in ours.tokenize(texts)]
    work, times, limits = flops(ours.model.config, lengths), {name: [] for name in methods}, {torch.bfloat16: [], torch.float32: []}
    vectors = {}
    for _ in range(options.repeats):
        for dtype, found in limits.items():
            found.append(gemm_limit(ours.model.config, dtype))
        for name, method in methods.items():
            wall, cpu = time.perf_counter(), time.process_time()
            vectors[name] = method()
            times[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    best = max(len(texts) / median(cpu for cpu, _ in times[name]) for name in times if name.startswith("Sentence"))
    reference = next(iter(vectors.values()))
    lines = ["| | texts / CPU-s | texts / s, wall | ratio to the best batch size | GFLOP / CPU-s | share of the limit | cosine to stock, mean (least) |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, found in times.items():
        cpu, wall = median(one for one, _ in found), median(one for _, one in found)
        limit = median(limits[torch.bfloat16 if "bfloat16" in name else torch.float32])
        cosines = np.einsum("ij,ij->i", reference, vectors[name])
        lines.append(f"| {name} | {len(texts) / cpu:,.0f} | {len(texts) / wall:,.0f} | {len(texts) / cpu / best:.2f} | {work / cpu / 1e9:,.0f} | {work / cpu / limit:.0%} | {cosines.mean():.5f} ({cosines.min():.4f}) |")
    facts = (
        f"{len(texts):,} names of the build '{options.build}', {np.mean(lengths):.1f} tokens on average, {options.threads} threads, {options.repeats} repeats. Matrix products alone: "
        f"{median(limits[torch.bfloat16]) / 1e9:,.0f} GFLOP / CPU-s in bf16, {median(limits[torch.float32]) / 1e9:,.0f} in float32. Peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10:,.0f} MB."
    )
    return "\n".join(["# Encoding", "", facts, "", *lines])


def home_folder() -> Any:
    """GENEREL_HOME."""
    from generel.concepts.home import Home

    return Home.from_environment()


def sample_names(build: Path, n: int) -> list[str]:
    """So many distinct names of a build, the same at every call."""
    import polars as pl

    names = pl.read_parquet(build / "split_names.parquet").filter(pl.col("role") != "definition")["name"].unique().sort()
    return names.sample(min(n, len(names)), seed=1).to_list()


def open_exact(folder: Path, max_tokens: int) -> Any:
    """The encoder in float32."""
    from generel.model.encoder import TextEncoder

    os.environ["GENEREL_FLOAT32"] = "1"
    try:
        return TextEncoder.open(folder, max_tokens=max_tokens)
    finally:
        del os.environ["GENEREL_FLOAT32"]


def products(config: Any) -> list[tuple[int, int]]:
    """The matrices of one layer: (inputs, outputs)."""
    return [(config.hidden_size, 3 * config.hidden_size), (config.hidden_size, config.hidden_size), (config.hidden_size, config.intermediate_size), (config.intermediate_size, config.hidden_size)]


def flops(config: Any, lengths: Sequence[int]) -> float:
    """Floating point operations to encode texts of these lengths once: the linear layers and attention, no padding."""
    a_token = sum(2 * inputs * outputs for inputs, outputs in products(config))
    return float(config.num_hidden_layers * sum(length * a_token + 4 * length * length * config.hidden_size for length in lengths))


def gemm_limit(config: Any, dtype: Any, *, rows: int = 4096, repeats: int = 5) -> float:
    """FLOP a CPU-second of one layer's matrix products, the best of some repeats."""
    import torch

    matrices = [(torch.randn(rows, inputs).to(dtype), torch.randn(outputs, inputs).to(dtype)) for inputs, outputs in products(config)]
    spent = []
    with torch.inference_mode():
        for _ in range(repeats):
            start = time.process_time()
            for left, right in matrices:
                torch.nn.functional.linear(left, right)
            spent.append(time.process_time() - start)
    return sum(2 * rows * inputs * outputs for inputs, outputs in products(config)) / min(spent)


if __name__ == "__main__":
    main()
