"""generel's training beside its rivals', in one run on one build: relations a second, memory, and quality after equal time.

    python tests/benchmarks/training_rivals.py --build starter --seconds 60 --repeats 3 --out rivals.md

Every method trains in a process of its own, one after the other, `--repeats` times over; figures are medians, with the smallest and
the largest in parentheses. Install the extra `benchmark` first. Nothing else should run on the machine: a second busy process
slows methods unequally.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from generel.concepts.home import Home

RIVALS = ("minilm", "static", "transe")
MORE_RIVALS = ("minilm-bf16",)
LIBRARIES = ("torch", "transformers", "sentence-transformers", "pykeen")
NOTES = """\
- A *pair* is one relation, or two names of one concept, drawn for a step; of generel's draws those that differ are counted. *Known
  relations* are all positives inside a batch: generel marks every known tie between its anchors and its candidates, the rivals
  have the pairs they drew. Both ratios are to the pairs drawn by MiniLM's fine-tuning.
- The clock holds training alone, and nobody validates or writes a checkpoint in it; generel stops early where its recipe's steps are
  done. *Preparation* is what came before it in the process: for generel reading the features and the bags,
  for sentence-transformers drawing and storing pairs of texts. generel's features have their own line below.
- All learn from the same training rows: the relations and names of the recipe's tasks. Batches of sentence-transformers come from
  the tasks as often as in the recipe; TransE reads every relation once an epoch and no text, so it cannot be asked about names.
- All answer the same held-out questions (part 'test', no concept kept out of training), ranked by plain similarity among all concepts of the
  answer's kind with the other true answers left out. A text model's concept is half its preferred name, half the mean of its
  training names, as in a release of generel, which serves the rivals better than the preferred name alone."""


def main() -> None:
    """Measure, and print the report."""
    options = parse()
    if options.job:
        run_job(json.loads(options.job), options.out)
        return
    with tempfile.TemporaryDirectory() as scratch:
        report = Bench(options, Path(scratch)).measure()
    print(report)
    if options.out:
        options.out.write_text(report + "\n", encoding="utf-8")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="starter", help="name of a build under GENEREL_HOME, or a path with a '/'")
    parser.add_argument("--recipe", default="starter", help="name of a training recipe, or a TOML file")
    parser.add_argument("--encoder", type=Path, help="folder of the language model's weights; fetched by default")
    parser.add_argument("--seconds", type=float, default=60, help="of training, for every method and round")
    parser.add_argument("--repeats", type=int, default=3, help="rounds")
    parser.add_argument("--rivals", default=",".join(RIVALS), help=f"of {', '.join(RIVALS + MORE_RIVALS)}, with commas")
    parser.add_argument("--questions", type=int, default=2000, help="at most so many of each sort")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="for torch")
    parser.add_argument("--out", type=Path, help="file for the report")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    return parser.parse_args()


def run_job(job: dict[str, Any], out: Path) -> None:
    """Be the process of one method; its record goes to `out`, since libraries write what they like to stdout."""
    from rivals.worker import Job, Worker

    out.write_text(json.dumps(Worker(Job(**job)).run()))


class Bench:
    """The whole measurement."""

    def __init__(self, options: argparse.Namespace, scratch: Path) -> None:
        self.options, self.scratch = options, scratch
        self.rivals = [name.strip() for name in options.rivals.split(",") if name.strip()]
        unknown = sorted(set(self.rivals) - {*RIVALS, *MORE_RIVALS})
        if unknown:
            raise SystemExit(f"unknown rivals: {', '.join(unknown)}; known are {', '.join(RIVALS + MORE_RIVALS)}")
        self.encoder = options.encoder or fetch(options.recipe)
        self.load = os.getloadavg()[0]

    def measure(self) -> str:
        """The report."""
        features = self._run("features")
        runs: dict[str, list[dict[str, Any]]] = {"generel": [], "generel-features-in-time": [], **{name: [] for name in self.rivals}}
        left = self.options.seconds - features["seconds"]
        if left <= 0:
            del runs["generel-features-in-time"]
        methods = list(runs)
        for number in range(self.options.repeats):
            # Whoever is first in one round is last in another: machines get slower as they get warm.
            start = number % len(methods)
            for method in methods[start:] + methods[:start]:
                timed = {"seconds": left} if method == "generel-features-in-time" else {}
                runs[method].append(self._run(method, seed=number, **timed))
        raw = self._run("raw")
        return self._report(runs, features, raw)

    def _run(self, method: str, *, seed: int = 0, seconds: float = 0.0) -> dict[str, Any]:
        """One process; its record."""
        job = {
            "method": "generel" if method == "generel-features-in-time" else method, "build": self.options.build, "recipe": self.options.recipe, "encoder": str(self.encoder),
            "cache": str(self.scratch / "features"), "seconds": seconds or self.options.seconds, "questions": self.options.questions, "seed": seed, "threads": self.options.threads,
        }
        out, log = self.scratch / "record.json", self.scratch / "log.txt"
        out.unlink(missing_ok=True)
        environment = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true", "OMP_NUM_THREADS": str(self.options.threads)}
        with log.open("wb") as talk:
            done = subprocess.run([sys.executable, __file__, "--job", json.dumps(job), "--out", str(out)], env=environment, stdout=talk, stderr=talk, check=False)
        if done.returncode:
            raise SystemExit(f"{method} ended with {done.returncode}:\n{log.read_text(errors='replace')[-3000:]}")
        record: dict[str, Any] = json.loads(out.read_text())
        print(f"{method}, round {seed + 1}: {json.dumps(record)}", file=sys.stderr, flush=True)
        return record

    def _report(self, runs: dict[str, list[dict[str, Any]]], features: dict[str, Any], raw: dict[str, Any]) -> str:
        from rivals.report import quality_table, speed_table

        encoded = (
            f"generel's features: {features['texts']:,} texts encoded once in {features['seconds']:.1f} s ({features['texts'] / features['seconds']:,.0f} a second), "
            f"peak memory {features['peak_mb']:,.0f} MB; they are kept and serve every later run."
        )
        return "\n\n".join((
            "# Training beside its rivals", self._facts(features, raw["questions"]),
            f"## Speed and memory over {self.options.seconds:g} s of training", speed_table(runs), encoded,
            f"## Quality after {self.options.seconds:g} s", quality_table({**runs, "raw": [raw]}), f"## What is counted\n\n{NOTES}",
        ))

    def _facts(self, features: dict[str, Any], questions: Sequence[str]) -> str:
        from generel.model.encoder import has_native_bf16
        from kg.build import find_build

        build = find_build(self.options.build, home=Home.from_environment())
        made = datetime.fromtimestamp((build.folder / "build.json").stat().st_mtime, UTC)
        return "\n".join(f"- {line}" for line in (
            f"measured {datetime.now(UTC):%Y-%m-%d}, {self.options.repeats} rounds, load of the machine before: {self.load:.1f}",
            f"machine: {len(os.sched_getaffinity(0))} cores ({processor()}), {self.options.threads} threads, bf16 in hardware: {'yes' if has_native_bf16() else 'no'} (generel uses it where it is)",
            f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
            f"build '{build.name}' {build.manifest['inputs'][:12]} of {made:%Y-%m-%d}: {features['concepts']:,} concepts, {features['relations']:,} training relations; recipe '{self.options.recipe}'",
            *questions,
        ))


def fetch(recipe: str) -> Path:
    """The folder of the recipe's language model."""
    from training.language_model import fetch_encoder
    from training.recipe import read_recipe

    return fetch_encoder(read_recipe(recipe).encoder, cache=Home.from_environment().cache)


def processor() -> str:
    """What the processor calls itself, where the system says so."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
