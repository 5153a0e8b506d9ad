"""The side file of a GWAS-SSF table, `….tsv-meta.yaml`: build, trait, samples and what its columns do not say.

Two of its entries turn values round if overlooked: `coordinate_system: 0-based` makes every position one too small, and
`pvalue_is_neg_log10: true` says that the column p_value holds -log10 p.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generel.concepts.atomic import write_beside
from generel.concepts.curie import Curie
from generel.concepts.errors import BadTable, GenerelError, MissingExtra
from kg.gwas.place import normalize_build

SUFFIX = "-meta.yaml"
ZERO_BASED, ONE_BASED = "0-based", "1-based"


@dataclass(frozen=True)
class Meta:
    """What a side file says; empty or None where it says nothing.

    Attributes:
        traits: CURIEs of its ontology terms, in canonical form.
        unknown_traits: terms that are no CURIE of a known prefix.
        build: canonical name.
        n: sizes of its samples in sum.
        ancestry: the samples' ancestries, joined by '; '.
        effect_unit: not of the standard; our own harmonized tables say it.
    """

    accession: str = ""
    trait_name: str = ""
    traits: tuple[str, ...] = ()
    unknown_traits: tuple[str, ...] = ()
    build: str = ""
    zero_based: bool = False
    p_is_neg_log10: bool = False
    n: int | None = None
    ancestry: str = ""
    effect_unit: str = ""


def find_meta(path: Path) -> Path | None:
    """The side file of a table, if there is one beside it."""
    names = (path.name + SUFFIX, path.name.removesuffix(".gz").removesuffix(".bgz") + SUFFIX, path.name.split(".")[0] + SUFFIX)
    return next((there for name in names if (there := path.with_name(name)).is_file()), None)


def read_meta(path: Path) -> Meta:
    """What the side file says.

    Raises:
        BadTable: not YAML, or not a mapping of names to values; an unknown build or coordinate system.
    """
    yaml = _yaml()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    # A date such as 2020-02-30 in YAML is a ValueError, and endless nesting a RecursionError.
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BadTable(f"{path} is not YAML ({error})") from error
    if not isinstance(document, dict):
        raise BadTable(f"{path} is not the side file of a GWAS-SSF table: it should hold names and values, such as genome_assembly: GRCh38")
    coordinates = _text(document, "coordinate_system") or ONE_BASED
    if coordinates not in (ZERO_BASED, ONE_BASED):
        raise BadTable(f"{path} says the coordinate_system '{coordinates}'; it should be '{ONE_BASED}' or '{ZERO_BASED}'")
    traits, unknown = _traits(document)
    samples = [each for each in _list(document, "samples") if isinstance(each, dict)]
    sizes = [size for each in samples if isinstance(size := each.get("sample_size"), int) and not isinstance(size, bool) and size > 0]
    return Meta(
        accession=_text(document, "gwas_id") or _text(document, "GWASID"), trait_name="; ".join(map(str, _list(document, "trait_description"))), traits=traits, unknown_traits=unknown,
        build=normalize_build(_text(document, "genome_assembly"), where=str(path)), zero_based=coordinates == ZERO_BASED, p_is_neg_log10=_is_true(document.get("pvalue_is_neg_log10")),
        n=sum(sizes) or None, ancestry="; ".join(sorted({str(one) for each in samples for one in _list(each, "sample_ancestry")})),
        effect_unit=_text(document, "effect_unit"),
    )


def write_meta(path: Path, entries: Mapping[str, Any]) -> None:
    """Write a side file with these entries, in their order; empty ones are left out."""
    text = _yaml().safe_dump({name: value for name, value in entries.items() if value not in ("", None, [])}, sort_keys=False, allow_unicode=True)
    with write_beside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _traits(document: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    known, unknown = [], []
    for term in _list(document, "ontology_mapping"):
        try:
            known.append(str(Curie.parse(str(term).rsplit("/", 1)[-1])))
        except GenerelError:
            unknown.append(str(term))
    return tuple(dict.fromkeys(known)), tuple(unknown)


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return str(value).strip() if isinstance(value, str | int) else ""


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    """The values of a name that may have one or several; several are also written 'a|b'."""
    value = document.get(name)
    if isinstance(value, str):
        return [each.strip() for each in value.split("|") if each.strip()]
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_true(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() in ("true", "yes"))


def _yaml() -> Any:
    try:
        import yaml
    except ImportError as error:
        raise MissingExtra("PyYAML", "factory", "the side file of a GWAS-SSF table") from error
    return yaml
