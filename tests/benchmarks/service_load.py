"""How many requests a second `generel serve` answers, how fast, with how much memory, and what happens when it is asked too much.

    python tests/benchmarks/service_load.py SPACE --workers 2 --minutes 5

Asked over the loopback by a second process, each connection waiting for its answer before it asks again; every question is another one. With
`--rate` so many are asked a second and no more, and the time of each counts from when it was due. Free texts are made of names of the space
with words put in and left out, so that none is a name. Pages are of the starter or any other space that has been loaded. `cpu ms` is what the
service's processes used for one request: on a machine that others use, too, it says more than the clock does.
"""

import argparse
import itertools
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import polars as pl
from service_processes import ask, cpu_seconds, get, megabytes, service, summary

from generel.cli.output import write_records

WORDS = ("severe", "early", "treatment of", "risk of", "in adults", "inherited", "unusual", "chronic", "response to", "absence of")
Questions = Callable[[], Iterator[bytes]]
Row = dict[str, object]


def read_concepts(space: Path, *, seed: int) -> pl.DataFrame:
    """CURIEs and names in random order."""
    concepts = pl.read_parquet(space / "concepts.parquet", columns=["curie", "kind", "name"])
    return concepts.sample(fraction=1.0, shuffle=True, seed=seed)


def questions_of(concepts: pl.DataFrame, *, seed: int) -> dict[str, Questions]:
    """What is asked, by name; each call goes on endlessly and repeats nothing soon."""
    curies, names = concepts["curie"].to_list(), concepts.filter(pl.col("kind") != "variant")["name"].to_list()
    chance = random.Random(seed)

    def text() -> str:
        words = chance.choice(names).split()
        words.insert(chance.randrange(len(words) + 1), chance.choice(WORDS))
        return " ".join(words[:8])

    def cycle(path: Callable[[str], str], of: list[str]) -> Questions:
        return lambda: (get(path(each)) for each in itertools.cycle(of))

    return {
        "neighbors by CURIE": cycle(lambda curie: f"/v1/neighbors?query={quote(curie)}", curies),
        "neighbors by CURIE, drugs": cycle(lambda curie: f"/v1/neighbors?query={quote(curie)}&kind=drug", curies),
        "relatedness": cycle(lambda curie: f"/v1/relatedness?a={quote(curie)}&b={quote(curies[0])}", curies),
        "type-ahead": cycle(lambda name: f"/v1/concepts?q={quote(name[: 3 + len(name) % 6].strip() or 'a')}&meaning=no", names),
        "concept": cycle(lambda curie: f"/v1/concepts/{quote(curie)}", curies),
        "relations of a concept": cycle(lambda curie: f"/v1/concepts/{quote(curie)}/relations", curies),
        "neighbors by free text": lambda: (get(f"/v1/neighbors?query={quote(text())}") for _ in itertools.count()),
        "health": lambda: itertools.repeat(get("/healthz")),
    }


def measure(port: int, process: int, what: str, questions: Questions, *, connections: int, seconds: float, a_second: float = 0.0) -> Row:
    """One row."""
    before = cpu_seconds(process)
    took, statuses = ask(port, questions(), connections=connections, seconds=seconds, a_second=a_second)
    used = 1000 * (cpu_seconds(process) - before) / max(len(took), 1)
    return {"what": what, "connections": connections, **summary(took, statuses, seconds), "cpu ms": f"{used:.2f}", "MB": f"{megabytes(process):.0f}"}


def overload(port: int, process: int, questions: dict[str, Questions], *, seconds: float) -> Iterator[Row]:
    """Far more than it can answer, then as before: who is turned away is told so at once, and nobody is afterwards."""
    yield measure(port, process, "overload: 1,000 connections", questions["neighbors by free text"], connections=1000, seconds=seconds)
    yield measure(port, process, "after it", questions["neighbors by CURIE"], connections=32, seconds=seconds)


def steady(port: int, process: int, questions: dict[str, Questions], *, minutes: float, seconds: float, a_second: float) -> Iterator[Row]:
    """Mixed questions for so long, a row for each part; so many a second, 0 for as many as are answered."""
    until, mixed = time.monotonic() + 60 * minutes, [make() for make in questions.values()]
    while time.monotonic() < until:
        turn = (next(each) for each in itertools.cycle(mixed))
        yield measure(port, process, f"steady, {max(0.0, (until - time.monotonic()) / 60):.0f} minutes to go", lambda turn=turn: turn, connections=16, seconds=seconds, a_second=a_second)


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """The table."""
    questions = questions_of(read_concepts(options.space, seed=options.seed), seed=options.seed)
    extra = ["--waiting", str(options.waiting)] if options.waiting else []
    with service(options.space, "--workers", str(options.workers), *extra) as (port, process):
        chosen = options.only or list(questions)
        for what in chosen:
            measure(port, process, what, questions[what], connections=8, seconds=2)
            found = [measure(port, process, what, questions[what], connections=options.connections, seconds=options.seconds) for _ in range(options.repeats)]
            yield sorted(found, key=lambda row: float(str(row["requests/s"]).replace(",", "")))[options.repeats // 2]
        for what, a_second in itertools.product(chosen, options.rate or ()):
            found = [measure(port, process, f"{what}, {a_second:g} a second", questions[what], connections=options.connections, seconds=options.seconds, a_second=a_second) for _ in range(options.repeats)]
            yield sorted(found, key=lambda row: float(str(row["p99 ms"])))[options.repeats // 2]
        if options.overload:
            yield from overload(port, process, questions, seconds=options.seconds)
        if options.minutes:
            yield from steady(port, process, questions, minutes=options.minutes, seconds=max(30.0, 6 * options.minutes), a_second=options.steady_rate)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("space", type=Path, help="folder of a loaded space")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--repeats", type=int, default=3, help="how often each row is measured; the median is shown")
    parser.add_argument("--only", action="append", metavar="WHAT", help="only this row; may be given several times")
    parser.add_argument("--rate", type=float, action="append", metavar="N", help="also ask N times a second, if not as fast as is answered; may be given several times")
    parser.add_argument("--overload", action="store_true", help="also ask far too much")
    parser.add_argument("--waiting", type=int, help="how many requests may wait in a worker")
    parser.add_argument("--minutes", type=float, default=0, help="also ask steadily so long")
    parser.add_argument("--steady-rate", type=float, default=0, metavar="N", help="so many a second then; else as fast as is answered")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    write_records(rows(options), format="table", title=f"generel serve --workers {options.workers}, {options.space.name}")


if __name__ == "__main__":
    main()
