"""Recipes of builds: which sources, what of them stays, and how the result is split; a frozen record read from TOML.

Reading is strict: a key that no setting has is refused with the nearest one that there is, so that a misspelled setting
never silently leaves the default in force. A recipe with `base = "open"` says only what is different from that one.
"""

import difflib
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from generel.concepts.errors import BadRecipe, NotThere
from generel.concepts.kinds import KINDS
from generel.concepts.prefixes import BY_NAME
from kg.assemble import AssemblySettings
from kg.own_data import read_own_sources
from kg.pruning import EVERY
from kg.sources.record import Source
from kg.split import SplitSettings, faults_of_settings


@dataclass(frozen=True)
class Recipe:
    """What a build is made of.

    Attributes:
        name: the recipe's, and the build's if it is given no other.
        title: what it is, for people.
        sources: names; their order settles which source of two of one prefix names a concept.
        assembly, split: see their records.
        if_there: those of the sources that are left out, with a word, where their files are not on this disk.
        own: the user's own files, as entries under `[[own]]`.
        own_sources: the same as sources; their names are among `sources`, at the end.
    """

    name: str
    title: str
    sources: tuple[str, ...]
    assembly: AssemblySettings
    split: SplitSettings
    if_there: tuple[str, ...] = ()
    own: tuple[Mapping[str, Any], ...] = ()
    own_sources: tuple[Source, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """Every setting, defaults included, in the form of the TOML file: lists, no tuples."""
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in ("name", "own_sources", "assembly", "split")}
        record: dict[str, Any] = json.loads(json.dumps({**plain, "assembly": asdict(self.assembly), "split": asdict(self.split)}))
        return record


def read_recipe(name: str) -> Recipe:
    """The recipe of this name among ours, or the one in the TOML file at the path `name`, which ends with '.toml'.

    Raises:
        NotThere: if there is none; ours are listed.
        BadRecipe: with all that is wrong with it.
    """
    file = _find(name)
    return parse_recipe(_read_document(file), name=Path(file.name).stem, where=str(file))


def _read_document(file: Traversable, *, below: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the file says, laid over what the recipe says that it names as its base."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRecipe(f"{file} is not TOML: {error}") from error
    return lay_over_base(document, where=str(file), below=below, read=lambda base, below: _read_document(_find(base), below=below))


def lay_over_base(
    document: dict[str, Any], *, where: str, below: tuple[str, ...], read: Callable[[str, tuple[str, ...]], Mapping[str, Any]]
) -> dict[str, Any]:
    """What the document says, laid over what the recipe says that it names as its base; as it is where it names none.

    Args:
        where: what the document is called in errors.
        below: the bases that have led to it.
        read: reads a base, given its name and the bases that have led to it, its own name the last.

    Raises:
        BadRecipe: the base is no name, or leads back to itself.
    """
    base = document.pop("base", None)
    if base is None:
        return document
    if not isinstance(base, str) or base in below:
        raise BadRecipe(f"{where}: 'base' should name another recipe, not {base!r}")
    return lay_over(read(base, (*below, base)), document)


def lay_over(base: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """The base with what the document says in its place; tables are laid over each other, lists and values are replaced."""
    return {
        **base,
        **{name: lay_over(base[name], value) if isinstance(value, dict) and isinstance(base.get(name), dict) else value for name, value in document.items()},
    }


def parse_recipe(document: Mapping[str, Any], *, name: str, where: str) -> Recipe:
    """The recipe that a parsed TOML document spells.

    Raises:
        BadRecipe: with all that is wrong with it.
    """
    sections = {"title": str, "sources": list, "if_there": list, "own": list, "assembly": dict, "split": dict}
    faults = _faults_of_keys(document, sections, required=() if document.get("own") else ("sources",))
    assembly = _settings(document.get("assembly", {}), AssemblySettings, "assembly", faults)
    split = _settings(document.get("split", {}), SplitSettings, "split", faults)
    own = document.get("own", [])
    own_sources = read_own_sources(own, folder=Path(where).parent, faults=faults)
    sources = document.get("sources", [])
    if (not sources and not own_sources) or not isinstance(sources, list) or not all(isinstance(source, str) for source in sources):
        faults.append('\'sources\' should be a list of names, as in sources = ["hpo", "mondo"]')
    if_there = document.get("if_there", [])
    if isinstance(if_there, list) and isinstance(sources, list) and (strange := [each for each in if_there if each not in sources]):
        faults.append(f"'if_there' names {', '.join(map(repr, strange))}, not among the sources")
    faults += _faults_of_values(document)
    if faults:
        raise BadRecipe(f"{where}: {'; '.join(faults)}")
    names = tuple(dict.fromkeys([*sources, *(each.name for each in own_sources)]))
    return Recipe(name, document.get("title", name), names, AssemblySettings(**assembly), SplitSettings(**split), tuple(if_there), tuple(own), own_sources)


def _find(name: str) -> Traversable:
    if name.endswith(".toml"):
        if not Path(name).is_file():
            raise NotThere(f"there is no recipe {name}")
        return Path(name)
    folder = resources.files("kg") / "recipes"
    ours = sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))
    if name not in ours:
        raise NotThere(f"there is no recipe '{name}'; there are: {', '.join(ours)}; the path of your own ends with .toml")
    return folder / f"{name}.toml"


def _settings(given: object, record: type, section: str, faults: list[str]) -> dict[str, Any]:
    """The settings of a section as arguments of its record; what is wrong is added to `faults`."""
    if not isinstance(given, dict):
        return {}
    types = {each.name: each.type for each in fields(record)}
    faults += _faults_of_keys(given, {name: _toml_type(kind) for name, kind in types.items()}, section=section)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items() if name in types}


def _toml_type(annotation: object) -> type:
    """The type that TOML has for a setting's annotation."""
    if annotation in (int, float, str):
        return annotation
    return dict if str(annotation).startswith("collections.abc.Mapping") else list


def _faults_of_keys(given: Mapping[str, Any], types: Mapping[str, type], *, required: tuple[str, ...] = (), section: str = "") -> list[str]:
    """Sentences on unknown keys, missing ones and values of the wrong type."""
    place = f" in [{section}]" if section else ""
    faults = [f"'{name}' is missing{place}" for name in required if name not in given]
    for name, value in given.items():
        if name not in types:
            near = difflib.get_close_matches(name, types, n=1, cutoff=0.0)
            faults.append(f"'{name}'{place} is no setting; did you mean '{near[0]}'?")
        elif not _fits(value, types[name]):
            faults.append(f"'{name}'{place} should be {_WORDS[types[name]]}, not {value!r}")
    return faults


_WORDS = {int: "a whole number", float: "a number", str: "a text", list: "a list", dict: "a table"}


def _fits(value: object, kind: type) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)


def _faults_of_values(document: Mapping[str, Any]) -> list[str]:
    """Sentences on values that have the right type but cannot be."""
    faults = []
    split, assembly = document.get("split", {}), document.get("assembly", {})
    for name, value in (split if isinstance(split, dict) else {}).items():
        if name not in ("seed", "largest", "smallest", "locus_kb") and _fits(value, float) and not 0 <= value <= 0.5:
            faults.append(f"'{name}' in [split] is a share between 0 and 0.5, not {value}")
    faults += faults_of_settings(split) if isinstance(split, dict) else []
    assembly = assembly if isinstance(assembly, dict) else {}
    withheld = assembly.get("without_genes_of", [])
    for kind in withheld if isinstance(withheld, list) else []:
        if kind not in KINDS:
            faults.append(f"'without_genes_of' in [assembly] has {kind!r}, which is not one of {', '.join(KINDS)}")
    kept = assembly.get("keep_untied", {})
    for source, which in (kept if isinstance(kept, dict) else {}).items():
        if which != EVERY and which not in BY_NAME:
            faults.append(f"'{source}' in [assembly.keep_untied] should be '{EVERY}' or a prefix such as 'uniprot', not {which!r}")
    return faults
