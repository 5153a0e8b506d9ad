"""Relations a second of stage two beside the stock sentence-transformers trainer (MultipleNegativesRankingLoss, batch 64), in one process.

    python tests/benchmarks/fine_tuning.py --build starter --steps 5 --repeats 3

The same build, the same recipe's tasks, one thread; methods by turns, figures are medians over the repeats. A *pair* of the stock trainer is one
relation or two names; of generel's batches, `asked` counts the distinct concepts that ask in a step (each has at least one relation), `relations` all
known relations between those that ask and those that answer, each once. Steps alone are timed: reading the build, drawing the stock trainer's pairs and filling the
cache of frozen layers (shown apart) come before. Install the extra `benchmark` first.
"""

import argparse
import dataclasses
import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

STOCK = "sentence-transformers, batch 64"


def main() -> None:
    """Measure, and print the table."""
    options = parse()
    os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        print(Bench(options, Path(scratch)).report())


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="starter", help="name of a build under GENEREL_HOME")
    parser.add_argument("--recipe", default="starter", help="name of a training recipe, or a TOML file")
    parser.add_argument("--encoder", type=Path, help="folder of the encoder; the recipe's by default")
    parser.add_argument("--steps", type=int, default=5, help="timed steps of each method and repeat")
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


class Named(NamedTuple):
    """What an encoder in training asks of a task."""

    name: str
    family: str


class Bench:
    """The whole measurement."""

    def __init__(self, options: argparse.Namespace, scratch: Path) -> None:
        import polars as pl

        from generel.concepts.home import Home
        from training.corpus import make_corpus
        from training.fine_tuning.tuning import stage_two
        from training.language_model import fetch_encoder
        from training.recipe import read_recipe

        home = Home.from_environment()
        self.options, self.scratch, self.recipe = options, scratch, stage_two(read_recipe(options.recipe))
        self.folder = options.encoder or fetch_encoder(self.recipe.encoder, cache=home.cache)
        concepts, names, relations = (pl.read_parquet(home.builds / options.build / f"split_{name}.parquet") for name in ("concepts", "names", "relations"))
        self.corpus = make_corpus(concepts, names, relations, recipe=self.recipe)

    def report(self) -> str:
        """The table."""
        half = 3
        ours = {"all layers": (99, False), f"upper {half} layers, lower ones recomputed": (half, False), f"upper {half} layers, lower ones cached": (half, True), "last layer, others cached": (1, True)}
        batches, stock = self._batches(), self._stock()
        self._forget(batches)
        models = {name: self._model(layers, cached) for name, (layers, cached) in ours.items()}
        runs: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in (STOCK, *ours)}
        for _ in range(self.options.repeats):
            runs[STOCK].append(stock())
            for name, model in models.items():
                runs[name].append(timed(model, batches))
        lines = ["| | asked / CPU-s | relations / CPU-s | asked / s, wall | ratio, asked | ratio, relations |", "| --- | --- | --- | --- | --- | --- |"]
        base = median(asked / cpu for asked, _, cpu, _ in runs[STOCK])
        for name, found in runs.items():
            asked, relations, wall = (median(values) for values in zip(*((a / cpu, r / cpu, a / w) for a, r, cpu, w in found), strict=True))
            lines.append(f"| {name} | {asked:,.0f} | {relations:,.0f} | {wall:,.0f} | {asked / base:.1f} | {relations / base:.1f} |")
        return "\n".join(["# Stage two: relations a second", "", self._facts(batches), "", *lines])

    def _facts(self, batches: list[Any]) -> str:
        texts = [len(np.unique(batch.texts)) for batch in batches]
        return (
            f"Build '{self.options.build}', {self.options.steps} steps of generel and as many of the stock trainer a repeat, {self.options.repeats} repeats, one thread; "
            f"a batch of generel has {np.mean(texts):,.0f} distinct texts on average, {np.mean([len(batch.anchors) for batch in batches]):,.0f} concepts that ask and {np.mean([len(batch.positive_rows) for batch in batches]):,.0f} known relations."
        )

    def _batches(self) -> list[Any]:
        """The steps' batches, drawn as a run draws them."""
        from training.trainer import task_chances

        tasks, rng = self._tasks(), np.random.default_rng(self.recipe.seed)
        chances, batches = task_chances(tasks, self.recipe), []
        while len(batches) < self.options.steps:
            batch = tasks[int(rng.choice(len(tasks), p=chances))].draw(rng)
            batches += [batch] if batch is not None else []
        return batches

    def _forget(self, batches: list[Any]) -> None:
        """Keep of the build what the batches show, and nothing else: rivals share one process, and its memory."""
        needed = set(np.unique(np.concatenate([batch.texts for batch in batches])).tolist())
        # Texts of no batch are empty: only what is read has to be cached.
        self.strings = [string if number in needed else "" for number, string in enumerate(self.corpus.texts.strings)]
        self.n_needed, self.tasks = len(needed), [Named(task.name, task.family) for task in self._tasks()]
        del self.corpus

    def _tasks(self) -> list[Any]:
        """Tasks between written concepts."""
        from training.fine_tuning.tuning import written_tasks

        return written_tasks(self.corpus, self.recipe)

    def _model(self, layers: int, cached: bool) -> Any:
        """An encoder ready for its first step; the cache holds the texts of the batches."""
        import torch

        from generel.model.encoder import open_model, open_tokenizer
        from generel.model.packed_bert import PackedBert
        from training.fine_tuning.layer_cache import LayerCache
        from training.fine_tuning.texts import TuningTexts, lay_out, tokenize
        from training.fine_tuning.tuned_encoder import TunedEncoder

        texts = TuningTexts(lay_out(tokenize(open_tokenizer(self.folder), self.strings, most=self.recipe.encoder.max_tokens)), len(self.strings))
        model = open_model(self.folder)
        recipe = dataclasses.replace(self.recipe, fine_tuning=dataclasses.replace(self.recipe.fine_tuning, layers=layers))
        tuned = TunedEncoder(PackedBert(model.config, model.state_dict()), texts, recipe=recipe, pooling="mean", tasks=self.tasks, device=torch.device("cpu"))
        if cached:
            start, cache = time.process_time(), LayerCache(self.scratch, encoder="benchmark", n_layers=tuned.first, dtype=tuned.dtype)
            tuned.frozen = cache.outputs(texts.tokens, tuned.frozen_outputs)
            size = sum(path.stat().st_size for path in cache.folder.iterdir())
            print(f"Cached {tuned.first} layers of {self.n_needed:,} texts in {time.process_time() - start:.1f} CPU-s: {size / self.n_needed / 2**10:.1f} kB a text", flush=True)
        return tuned

    def _stock(self) -> Any:
        """What runs so many steps of the stock trainer, and says how it went."""
        from datasets import Dataset
        from sentence_transformers import (
            SentenceTransformer,
            SentenceTransformerTrainer,
            SentenceTransformerTrainingArguments,
        )
        from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
        from transformers import TrainerCallback

        from training.evaluate.text_pairs import TextPairs

        class Clock(TrainerCallback):
            """Times whole steps: from the end of the first to the end of the last."""

            def __init__(self) -> None:
                self.marks: list[tuple[float, float]] = []

            def on_step_end(self, *arguments: Any, **named: Any) -> None:
                """Note both clocks."""
                self.marks.append((time.process_time(), time.perf_counter()))

        pairs = TextPairs(self.corpus, self.recipe).draw(64 * 200, rng=np.random.default_rng(self.recipe.seed), without=self.recipe.composed_kinds)
        data = {task.replace(":", "_"): Dataset.from_dict({"anchor": left, "positive": right}) for task, (left, right) in pairs.items() if len(left) >= 64}
        model = SentenceTransformer(str(self.folder), device="cpu", local_files_only=True)
        model.max_seq_length = self.recipe.encoder.max_tokens
        arguments = SentenceTransformerTrainingArguments(
            output_dir=str(self.scratch / "stock"), max_steps=self.options.steps + 1, per_device_train_batch_size=64, use_cpu=True, dataloader_drop_last=True, dataloader_pin_memory=False,
            multi_dataset_batch_sampler="proportional", save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True,
        )

        def run() -> tuple[float, float, float, float]:
            clock = Clock()
            SentenceTransformerTrainer(model=model, args=arguments, train_dataset=data, loss=MultipleNegativesRankingLoss(model), callbacks=[clock]).train()
            (cpu, wall), (last_cpu, last_wall) = clock.marks[0], clock.marks[-1]
            n_pairs = 64.0 * self.options.steps
            return n_pairs, n_pairs, last_cpu - cpu, last_wall - wall

        return run


def timed(model: Any, batches: list[Any]) -> tuple[float, float, float, float]:
    """Concepts that asked, relations, CPU-seconds and seconds of a step on every batch."""
    rng = np.random.default_rng(0)
    cpu, wall = time.process_time(), time.perf_counter()
    for batch in batches:
        model.step(batch, rng=rng)
    spent = time.process_time() - cpu, time.perf_counter() - wall
    return float(sum(len(batch.anchors) for batch in batches)), float(sum(len(batch.positive_rows) for batch in batches)), *spent


if __name__ == "__main__":
    main()
