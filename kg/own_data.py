"""The user's own files as sources: what stands under `[[own]]` in a build's recipe.

    [[own]]
    name = "our_cohort"          # what answers will say the rows come from
    format = "events"            # one of FORMATS
    file = "events.parquet"      # relative to the recipe's folder
    license = "private"

Each format is a reader like that of any other source; adding one is a file with `read` and a line here.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kg.cohort import own_events, own_omop
from kg.gwas import study as summary_statistics
from kg.interchange import gmt, kgx, pykeen_triples, sssom
from kg.own_format import Format
from kg.sources.record import File, Source

REQUIRED = ("name", "format", "license")
WORDS = {str: "a text", bool: "true or false", int: "a whole number", float: "a number", list: "a list", dict: "a table"}

FORMATS: dict[str, Format] = {
    "events": own_events.FORMAT,
    "gmt": gmt.FORMAT,
    "kgx": kgx.FORMAT,
    "omop": own_omop.FORMAT,
    "sssom": sssom.FORMAT,
    "summary_statistics": summary_statistics.FORMAT,
    "triples": pykeen_triples.FORMAT,
}


def read_own_sources(entries: object, *, folder: Path, faults: list[str]) -> tuple[Source, ...]:
    """The sources that the entries under `[[own]]` describe; what is wrong with them is added to `faults`.

    Args:
        entries: a parsed TOML list of tables.
        folder: what paths are relative to.
    """
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        return ()
    found = [_read_entry(each, place=f"[[own]] {number}", folder=folder, faults=faults) for number, each in enumerate(entries, start=1)]
    sources = [each for each in found if each is not None]
    names = [each.name for each in sources]
    faults += [f"[[own]] has the name '{name}' more than once" for name in sorted({name for name in names if names.count(name) > 1})]
    return tuple(sources)


def _read_entry(entry: Mapping[str, Any], *, place: str, folder: Path, faults: list[str]) -> Source | None:
    form = FORMATS.get(str(entry.get("format", "")))
    if form is None:
        faults.append(f"'format' of {place} should be one of {', '.join(sorted(FORMATS))}, not {entry.get('format')!r}")
        return None
    wrong = [f"'{name}' is missing in {place}" for name in (*REQUIRED, *form.files, *form.required) if name not in entry]
    wrong += [fault for name, value in entry.items() if (fault := _fault(name, value, types=form.types, place=place))]
    faults += wrong
    return None if wrong else _source(entry, form, folder=folder)


def _fault(name: str, value: object, *, types: Mapping[str, type], place: str) -> str:
    if name not in types:
        near = difflib.get_close_matches(name, types, n=1, cutoff=0.0)
        return f"'{name}' of {place} is no setting of its format; did you mean '{near[0]}'?"
    kind = types[name]
    fits = isinstance(value, int | float) and not isinstance(value, bool) if kind is float else isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    return "" if fits else f"'{name}' of {place} should be {WORDS[kind]}, not {value!r}"


def _source(entry: Mapping[str, Any], form: Format, *, folder: Path) -> Source:
    paths = [name for name in (*form.files, *form.more_files) if name in entry]
    return Source(
        name=entry["name"], title=entry.get("title", entry["name"]), version=entry.get("version", ""), license=entry["license"],
        citation=entry.get("citation", ""), homepage=entry.get("homepage", ""), synthetic=entry.get("synthetic", False),
        files=tuple(File(name=name, place=str(folder / Path(entry[name]).expanduser())) for name in paths),
        gives=form.gives, read=form.read, parameters={name: entry[name] for name in form.settings if name in entry},
    )
