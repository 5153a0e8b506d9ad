"""Memory of stage one, phase by phase: reading a build, text features, the model, steps with a validation and a checkpoint at their end.

    python tests/benchmarks/training_memory.py --build hpo --steps 300

on a build of some 70,000 texts, which `generel build --recipe hpo.toml --out hpo` makes of a file with the two lines `base = "starter"` and
`sources = ["hpo"]`. Texts should be in the cache: encoding them is left out where they are. Each row of the table is a process of its own: training as it
is; with the compiled products that oneDNN keeps where nobody forbids it; and without giving the heap's gaps back.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

WAYS = {"as it is": {}, "with kept products": {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "1024"}, "without giving back": {"KEEP_GAPS": "1"}}


def main() -> None:
    """Measure each way, and print the table."""
    options = parse()
    if options.job:
        print(json.dumps(measure(options)))
        return
    rows = {way: run_job(options, settings) for way, settings in WAYS.items()}
    first = next(iter(rows.values()))
    print(f"# Memory of stage one\n\nBuild '{options.build}', {first['texts']:,} texts, {options.steps} steps, {options.threads} threads. GB of resident memory at the end of a phase, the peak until then in parentheses.\n")
    print("| | " + " | ".join(first["phases"]) + " | CPU-s of the last |\n|" + " --- |" * (len(first["phases"]) + 2))
    for way, found in rows.items():
        print(f"| {way} | " + " | ".join(f"{now:.2f} ({peak:.2f})" for now, peak in found["phases"].values()) + f" | {found['seconds']:.1f} |")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="starter", help="name of a build under GENEREL_HOME")
    parser.add_argument("--recipe", default="starter", help="name of a training recipe, or a TOML file")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--job", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def run_job(options: argparse.Namespace, settings: dict[str, str]) -> dict[str, Any]:
    """One way, in a process of its own."""
    given = ["--build", options.build, "--recipe", options.recipe, "--steps", str(options.steps), "--threads", str(options.threads)]
    done = subprocess.run([sys.executable, __file__, "--job", *given], env=os.environ | {"OMP_NUM_THREADS": str(options.threads)} | settings, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Phases of a run by their name: memory now, and its peak; texts; processor time of the steps."""
    import torch

    from generel.concepts.home import Home
    from generel.model.encoder import TextEncoder
    from training.memory import keep_no_products
    from training.pipeline import Pipeline
    from training.recipe import read_recipe
    from training.trainer import Run, make_tasks
    from training.workers import Workers

    torch.set_num_threads(options.threads)
    if os.environ.get("KEEP_GAPS"):
        import training.trainer

        training.trainer.give_back = lambda: None
    keep_no_products()
    recipe = replace(read_recipe(options.recipe), build=options.build, steps=options.steps, validate_every=options.steps, checkpoint_every=options.steps)
    phases = {"libraries": memory()}
    pipeline = Pipeline(recipe, Home.from_environment())
    corpus, validation = pipeline._corpus()
    phases["corpus"] = memory()
    encoder = TextEncoder.open(pipeline.language_model(), max_tokens=recipe.encoder.max_tokens)
    features, _ = pipeline._features(corpus, encoder, workers=Workers())
    phases["features"] = memory()
    tasks = make_tasks(corpus, recipe)
    model = pipeline._model(corpus, encoder, features, tasks=tasks, workers=Workers())
    del encoder
    phases["model"] = memory()
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        Run(Path(folder), model, corpus, recipe, {}, validate=lambda: validation.figures(model), tasks=tasks).train()
    seconds = time.process_time() - start
    phases["steps, validation, checkpoint"] = memory()
    return {"phases": phases, "texts": len(features), "seconds": seconds}


def memory() -> tuple[float, float]:
    """GB of memory that the process has, and the most it has had."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    now, peak = (int(status[name].split()[0]) * 1024 / 1e9 for name in ("VmRSS", "VmHWM"))
    return now, peak


if __name__ == "__main__":
    main()
