"""What training costs: time and memory by the number of relations, where a step's time goes, and what the machine could do.

    python tests/benchmarks/training_cost.py --relations 10000 100000 1000000 10000000
    python tests/benchmarks/training_cost.py --variants 1000000

The graph is made up: a gene, a term, a disease and a variant for every sixteen relations, but no more genes, terms and diseases than an open build
has, in that build's proportions, each end drawn by Zipf's law with the exponent that fits that build's; names are random syllables of one to five words; text features are random (encoding texts is another benchmark). Each size runs in a process of its own:
reading tables into a corpus, 60 steps, then the vectors of all concepts. "A pass" is the time of as many steps as draw every relation once. The profile
takes the same steps apart: drawing the batch, encoding slots (forward), loss (forward), the backward pass, updating tables and tower; beside it stand the
floating-point operations of a step, what they reach a second, and what a plain matrix product of the same shapes reaches on this machine in the same process.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SMALL = 60
DIMS = 384
KINDS_OF = ("gene", "process", "disease", "variant")
PREFIXES = {"gene": "hgnc", "process": "go", "disease": "mondo", "variant": "dbsnp"}
# Predicate, subject kind, object kind, share of the relations, exponents of both ends.
TIES = (
    ("takes_part_in", "gene", "process", 0.4, 0.6, 0.75), ("gene_associated_with", "gene", "disease", 0.2, 0.6, 1.0), ("is_a", "disease", "disease", 0.1, 0.35, 0.75),
    ("variant_of_gene", "variant", "gene", 0.15, 0.35, 0.6), ("variant_associated_with", "variant", "disease", 0.15, 0.4, 0.9),
)


def make_split(n_relations: int, n_variants: int) -> tuple[Any, Any, Any, Any]:
    """SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS and VARIANTS of a made-up graph."""
    import numpy as np
    import polars as pl

    generator = np.random.default_rng(n_relations)
    n = max(50, n_relations // 16)
    sizes = {"gene": min(n, 25_000), "process": min(n, 20_000), "disease": min(n, 30_000), "variant": n_variants or n}
    curies = {kind: np.array([f"{PREFIXES[kind]}:{'rs' if kind == 'variant' else ''}{i + 1}" for i in range(sizes[kind])]) for kind in KINDS_OF}
    concepts = pl.concat([pl.DataFrame({"curie": curies[kind], "kind": kind, "part": "train"}) for kind in KINDS_OF])
    syllables = np.array([a + b + c for a in "bdfgklmnprst" for b in "aeiou" for c in "lmnrs"])
    words = [" ".join(row) for row in syllables[generator.integers(0, len(syllables), (concepts.height, 4))]]
    names = pl.DataFrame({"curie": concepts["curie"], "name": [f"{word} {i}" for i, word in enumerate(words)], "role": "name", "part": "train"})
    tables = []
    for predicate, left, right, share, subject_exponent, object_exponent in TIES:
        rows = max(60, int(share * n_relations))
        subjects = draw_by_rank(generator, rows, sizes[left], subject_exponent)
        objects = draw_by_rank(generator, rows, sizes[right], object_exponent)
        tables.append(pl.DataFrame({"subject": curies[left][subjects], "predicate": predicate, "object": curies[right][objects], "part": "train", "weight": 1.0}))
    relations = pl.concat(tables).unique(["subject", "predicate", "object"])
    places = generator.integers(1, 150_000_000, sizes["variant"])
    variants = pl.DataFrame({
        "variant": curies["variant"], "build": "GRCh38", "chromosome": generator.integers(1, 23, sizes["variant"]).astype(str), "position": places,
        "reference_allele": None, "alternate_allele": "A", "consequence": None, "source": "made up", "source_version": "1",
    })
    return concepts, names, relations, variants


def draw_by_rank(generator: Any, n: int, size: int, exponent: float) -> Any:
    """n numbers below `size`: of one that is r-th in a random order with a chance proportional to 1 / r ** exponent."""
    import numpy as np

    shares = np.arange(1, size + 1) ** -exponent
    ranks = np.searchsorted(np.cumsum(shares / shares.sum()), generator.random(n))
    return generator.permutation(size)[np.minimum(ranks, size - 1)]


def run(n_relations: int, n_variants: int, threads: int) -> dict[str, Any]:
    """All figures of one size, in this process."""
    import numpy as np
    import torch

    from generel.model.bag import make_bags
    from generel.model.tower import TowerShape
    from training.corpus import make_corpus
    from training.model import ConceptModel
    from training.recipe import Recipe
    from training.run_log import peak_gb
    from training.trainer import make_tasks, task_chances
    from training.vectors import concept_vectors

    torch.set_num_threads(threads)
    recipe = Recipe()
    tables = make_split(n_relations, n_variants)
    began, before = time.perf_counter(), peak_gb()
    corpus = make_corpus(*tables[:3], recipe=recipe, variants=tables[3])
    corpus_seconds = time.perf_counter() - began
    n_rows = tables[2].height
    del tables
    rng = np.random.default_rng(0)
    features = torch.nn.functional.normalize(torch.randn(len(corpus.texts.strings), DIMS, dtype=torch.float16).float(), dim=1).half()
    bags = make_bags([[0, *rng.integers(2, 30522, 8).tolist(), 1] for _ in corpus.texts.strings], n_tokens=30522, n_pairs=recipe.tower.n_pairs)
    tasks = make_tasks(corpus, recipe)
    model = ConceptModel(features, bags, shape=TowerShape(DIMS, recipe.tower.hidden), written=np.flatnonzero(~corpus.is_composed), tasks=tasks, recipe=recipe)
    chances = task_chances(tasks, recipe)
    stages: dict[str, list[float]] = {name: [] for name in ("draw", "encode", "loss", "backward", "update")}
    steps, positives, flops = [], 0, 0.0
    for step in range(SMALL):
        task = tasks[int(rng.choice(len(tasks), p=chances))]
        marks = [time.perf_counter()]
        batch = task.draw(rng)
        marks.append(time.perf_counter())
        if batch is None:
            continue
        timed_step(model, batch, rng, marks)
        positives += len(batch.positive_rows)
        flops += 3 * 2 * (len(batch.texts) * 3 * DIMS * DIMS + len(batch.anchors) * len(batch.candidates) * DIMS)
        if step >= 5:
            steps.append(marks[-1] - marks[0])
            for name, first, last in zip(stages, marks, marks[1:], strict=False):
                stages[name].append(last - first)
    began = time.perf_counter()
    concept_vectors(model, corpus)
    seconds = float(np.median(steps))
    return {
        "relations": n_rows, "concepts": corpus.n_concepts, "strings": len(corpus.texts.strings), "corpus_seconds": corpus_seconds, "step_seconds": seconds,
        "pass_seconds": seconds * n_rows / recipe.sampling.anchors, "vector_seconds": time.perf_counter() - began, "peak_gb": peak_gb(), "tables_gb": before,
        "positives_a_second": positives / SMALL / seconds, "stages": {name: float(np.median(each)) for name, each in stages.items()},
        "gflops": flops / SMALL / seconds / 1e9, "roof": roof(),
    }


def timed_step(model: Any, batch: Any, rng: Any, marks: list[float]) -> None:
    """`ConceptModel.step` with a mark after encoding, loss, backward and update."""
    import torch

    encode, backward = model._encode_share, torch.Tensor.backward

    def encode_marked(*given: Any) -> Any:
        slots = encode(*given)
        marks.append(time.perf_counter())
        return slots

    def go_back_marked(self: Any, *given: Any, **named: Any) -> None:
        marks.append(time.perf_counter())
        backward(self, *given, **named)
        marks.append(time.perf_counter())

    model._encode_share, torch.Tensor.backward = encode_marked, go_back_marked
    try:
        model.step(batch, rng=rng)
    finally:
        model._encode_share, torch.Tensor.backward = encode, backward
    marks.append(time.perf_counter())


def roof() -> float:
    """GFLOP/s of a plain bf16 product (float32 without native bf16) of a step's shapes: 2,048 texts x 384 x 384, best of five."""
    import torch

    from generel.model.encoder import has_native_bf16

    kind = torch.bfloat16 if has_native_bf16() else torch.float32
    left, right, best = torch.randn(2048, DIMS, dtype=kind), torch.randn(DIMS, DIMS, dtype=kind), 0.0
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(50):
            torch.nn.functional.linear(left, right)
        best = max(best, 50 * 2 * 2048 * DIMS * DIMS / (time.perf_counter() - began) / 1e9)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--relations", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--variants", type=int, default=0, help="so many variants, whatever the number of relations")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[2]))
    if given.child:
        print(json.dumps(run(given.child, given.variants, given.threads)))
        return
    print("| relations | concepts | corpus s | step ms | a pass s | positives/s | vectors s | peak GB |\n|---|---|---|---|---|---|---|---|", flush=True)
    rows = []
    for n in [4 * given.variants] if given.variants else given.relations:
        command = [sys.executable, __file__, "--child", str(n), "--variants", str(given.variants), "--threads", str(given.threads)]
        row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        rows.append(row)
        print(
            f"| {row['relations']:,} | {row['concepts']:,} | {row['corpus_seconds']:.1f} | {1e3 * row['step_seconds']:.0f} | {row['pass_seconds']:.0f} | "
            f"{row['positives_a_second']:,.0f} | {row['vector_seconds']:.1f} | {row['peak_gb']:.2f} |", flush=True,
        )
    print("\n| relations | " + " | ".join(f"{name} ms" for name in rows[0]["stages"]) + " | GFLOP/s | of the product's |\n|---|" + "---|" * (len(rows[0]["stages"]) + 2))
    for row in rows:
        cells = " | ".join(f"{1e3 * seconds:.1f}" for seconds in row["stages"].values())
        print(f"| {row['relations']:,} | {cells} | {row['gflops']:.0f} | {100 * row['gflops'] / row['roof']:.0f} % of {row['roof']:.0f} |")


if __name__ == "__main__":
    main()
