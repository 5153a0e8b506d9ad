"""How long `lookup` takes over a million names, stage by stage, and what else could find a misspelled one: Markdown tables on stdout.

    python tests/benchmarks/lookup.py --n 1000000

Names are put together from the words that names of diseases, drugs, phenotypes and processes are made of, so that, as in real
vocabularies, a few words stand in a great many names and any three letters in thousands. "cold" is a new process with the files in the page
cache. Rivals find the same misspelled names: SQLite's FTS5 with its trigram tokenizer, and rapidfuzz over all names.
"""

import argparse
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from generel.concepts.tables import CALIBRATION, MERGES, SPACE_CONCEPTS
from generel.index.names import NamesIndex
from generel.index.names_build import build_names
from generel.index.normalize import normalize
from generel.query.lookup import look_up
from tests.benchmarks.query_latency import LAUNCHER, misspell

FIRST = ["familial", "congenital", "juvenile", "infantile", "hereditary", "primary", "secondary", "acute", "chronic", "idiopathic", "autoimmune", "benign", "malignant", "recurrent", "neonatal", "progressive", "severe", "mild", "transient", "generalized", "focal", "bilateral", "atypical", "early-onset", "late-onset", "drug-induced", "post-traumatic", "nonsyndromic", "syndromic", "isolated", "combined", "partial", "complete", "elevated", "decreased", "abnormal", "impaired", "absent", "delayed", "positive", "negative"]
STEM = ["cardi", "hepat", "nephr", "neur", "oste", "arthr", "dermat", "gastr", "enter", "pancreat", "pulmon", "bronch", "my", "angi", "vascul", "lymph", "hemat", "leuk", "thromb", "cerebr", "encephal", "mening", "retin", "ophthalm", "ot", "rhin", "laryng", "thyr", "aden", "glyc", "lip", "prote", "amin", "lact", "fruct", "phosph", "sulf", "chlor", "fluor", "meth", "eth", "prop", "but", "benz", "phen", "tol", "pyr", "fur", "thi", "imid", "oxaz", "carb", "hydr"]
END = ["itis", "osis", "opathy", "oma", "ectomy", "emia", "uria", "algia", "plasia", "trophy", "sclerosis", "stenosis", "megaly", "rrhage", "ine", "ol", "ate", "ide", "one", "amide", "azole", "statin", "pril", "sartan", "mycin", "cillin", "vir", "mab", "tinib", "kinase", "phosphatase", "reductase", "synthase", "transferase"]
THING = ["syndrome", "disease", "disorder", "deficiency", "carcinoma", "lymphoma", "anemia", "atrophy", "dystrophy", "hypertension", "hypotension", "infarction", "failure", "fibrosis", "infection", "intoxication", "malformation", "hypoplasia", "activity", "morphology", "level", "concentration", "metabolism", "biosynthesis", "transport", "binding", "signaling", "regulation", "development", "differentiation", "hydrochloride", "sodium", "sulfate", "acetate", "citrate", "maleate", "tablet"]
TAIL = ["", "", "", "type {}", "type {}a", "{}", "susceptibility to, {}", "autosomal recessive {}", "autosomal dominant {}", "of the {} segment", "grade {}", "with {} involvement"]
KINDS = ("disease", "drug", "phenotype", "process")
PREFIX = {"disease": "mondo", "drug": "chebi", "phenotype": "hp", "process": "go"}
N_QUERIES, N_SLOW = 200, 20


def make_names(n: int, generator: np.random.Generator) -> list[str]:
    """n different names of two to six words."""
    names: dict[str, None] = {}
    while len(names) < n:
        parts = (generator.choice(each, n) for each in (FIRST, STEM, STEM, END, THING, TAIL))
        numbers = generator.integers(1, 400, n)
        for first, stem, second, end, thing, tail, number in zip(*parts, numbers, strict=True):
            names[f"{first} {stem}o{second}{end} {thing} {tail.format(number)}".strip()] = None
            if len(names) == n:
                break
    return list(names)


def make_concepts(names: Sequence[str]) -> pl.DataFrame:
    """SPACE_CONCEPTS with every other name for a synonym of the one before it."""
    rows = [
        (row, f"{PREFIX[kind]}:{row:07d}", kind, name, [synonym], None, "made up", 1)
        for row, (name, synonym) in enumerate(zip(names[::2], names[1::2], strict=True)) for kind in (KINDS[row % len(KINDS)],)
    ]
    return pl.DataFrame(rows, schema=SPACE_CONCEPTS.columns, orient="row")


def spent(work: Callable[[str], object], queries: Sequence[str]) -> list[float]:
    """Milliseconds of each query, after one that does not count."""
    work(queries[-1])
    times = []
    for query in queries:
        began = time.perf_counter()
        work(query)
        times.append(1000 * (time.perf_counter() - began))
    return times


def line(*cells: object) -> None:
    """One row of a Markdown table, written at once: a benchmark takes minutes."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def stages(names: Sequence[str], generator: np.random.Generator) -> Iterator[tuple[str, list[str]]]:
    """Queries for each stage of a lookup."""
    some = [str(name) for name in generator.choice(np.array(names[::2], dtype=object), N_QUERIES)]
    synonyms = [str(name) for name in generator.choice(np.array(names[1::2], dtype=object), N_QUERIES)]
    yield "exact name", some
    yield "synonym", synonyms
    yield "beginning, 3 letters", [name[:3] for name in some]
    yield "beginning, 12 letters", [name[:12] for name in some]
    yield "misspelled (a letter missing, two exchanged)", [misspell(name, generator) for name in some]
    yield "words in another order", [" ".join(reversed(name.split())) for name in some]
    yield "nothing like it", ["".join(generator.choice(list("qwxzjk"), 12)) for _ in some]


def measure_stages(index: NamesIndex, names: Sequence[str]) -> None:
    """The table of stages."""
    line("what is asked", "median ms", "p95 ms", "found first")
    line("---", "---:", "---:", "---:")
    for name, queries in stages(names, np.random.default_rng(2)):
        times = spent(lambda text: look_up(index, text, 10), queries)
        line(name, f"{np.median(times):.1f}", f"{np.quantile(times, 0.95):.1f}", sum(bool(look_up(index, text, 1)) for text in queries))


def fts5(path: Path, names: Sequence[str]) -> sqlite3.Connection:
    """The names in FTS5 with the trigram tokenizer."""
    database = sqlite3.connect(path)
    database.execute("CREATE VIRTUAL TABLE name USING fts5(text, tokenize='trigram', detail='none')")
    database.executemany("INSERT INTO name VALUES (?)", ((normalize(name),) for name in names))
    database.execute("INSERT INTO name(name) VALUES ('optimize')")
    database.commit()
    return database


def ask_fts5(database: sqlite3.Connection, text: str) -> str:
    """The name most like `text` of the 400 that FTS5 ranks first among those with any of its trigrams."""
    pieces = {text[at : at + 3] for at in range(len(text) - 2)}
    query = " OR ".join('"' + piece.replace('"', '""') + '"' for piece in pieces)
    found = [name for (name,) in database.execute("SELECT text FROM name WHERE name MATCH ? ORDER BY rank LIMIT 400", (query,))]
    best = process.extractOne(text, found, scorer=fuzz.ratio)
    return best[0] if best else ""


def measure_rivals(index: NamesIndex, database: sqlite3.Connection, names: Sequence[str]) -> None:
    """The table of who finds misspelled names."""
    generator = np.random.default_rng(3)
    true = [normalize(str(name)) for name in generator.choice(np.array(names, dtype=object), N_SLOW)]
    wrong = [misspell(name, generator) for name in true]
    all_names = [normalize(name) for name in names]
    ways: dict[str, Callable[[str], str]] = {
        "generel: posting lists of three letters, then rapidfuzz on the best": lambda text: next((normalize(hit.text) for hit in index.resembling(text, 1)), ""),
        "SQLite FTS5, trigram tokenizer, then rapidfuzz on the best 400": lambda text: ask_fts5(database, text),
        "rapidfuzz (Indel ratio) over all names": lambda text: process.extractOne(text, all_names, scorer=fuzz.ratio)[0],
    }
    line("who finds misspelled names", "median ms", "p95 ms", f"right of {N_SLOW}")
    line("---", "---:", "---:", "---:")
    for name, way in ways.items():
        times = spent(way, wrong)
        line(name, f"{np.median(times):.1f}", f"{np.quantile(times, 0.95):.1f}", sum(way(text) == name for text, name in zip(wrong, true, strict=True)))


COLD = """
import sys
from pathlib import Path
from generel.index.names import NamesIndex
from generel.query.lookup import look_up
look_up(NamesIndex(Path(sys.argv[1])), sys.argv[2], 10)
"""


def measure_cold(path: Path, names: Sequence[str]) -> None:
    """Whole processes: start of Python to its end, and the most memory it held."""
    line("a new process asks for", "median ms", "MB")
    line("---", "---:", "---:")
    for name, text in (("an exact name", names[10]), ("a beginning", names[10][:12]), ("a misspelled name", misspell(names[10], np.random.default_rng(4)))):
        runs = [
            [float(number) for number in subprocess.run([sys.executable, "-S", "-c", LAUNCHER, "-c", COLD, str(path), text], capture_output=True, text=True, check=True).stdout.split()]
            for _ in range(5)
        ]
        line(name, f"{1000 * float(np.median([wall for wall, _, _ in runs])):.0f}", f"{max(memory for _, memory, _ in runs) / 1024:.0f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1_000_000, help="names")
    parser.add_argument("--folder", type=Path, help="keep the indexes here, and use those that are there")
    options = parser.parse_args()
    names = make_names(options.n, np.random.default_rng(1))
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        path, rival = folder / "names.sqlite", folder / "fts5.sqlite"
        began = time.perf_counter()
        if not path.exists():
            build_names(path, concepts=make_concepts(names), aliases=MERGES.empty(), calibration=CALIBRATION.empty(), made_from={})
        print(f"{len(names):,} names; built in {time.perf_counter() - began:.0f} s, {path.stat().st_size / 1e6:.0f} MB\n")
        database = sqlite3.connect(rival) if rival.exists() else fts5(rival, names)
        print(f"FTS5: {rival.stat().st_size / 1e6:.0f} MB\n")
        index = NamesIndex(path)
        measure_stages(index, names)
        print()
        measure_rivals(index, database, names)
        print()
        measure_cold(path, names)


if __name__ == "__main__":
    main()
