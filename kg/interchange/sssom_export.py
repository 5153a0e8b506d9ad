"""What a build merged, as SSSOM: `merges.sssom.tsv`, an identifier a line with the concept that it is the same as.

The build does not keep which mapping led to a merge, often several in a row, so the justification is not specified; the credits beside
the file name the sources and their licenses.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from kg.curies import prefix_of
from kg.graph import Graph
from kg.interchange.biolink import CATEGORY_OF
from kg.interchange.spellings import BY_NAME, spelled
from kg.interchange.text_files import one_line, write_rows

MERGES = "merges.sssom.tsv"
# Prefixes of the words that the table itself uses.
OWN_PREFIXES = {
    "biolink": "https://w3id.org/biolink/vocab/", "semapv": "https://w3id.org/semapv/vocab/", "skos": "http://www.w3.org/2004/02/skos/core#",
}
# SSSOM's address for what no single license covers.
SEVERAL_LICENSES = "https://w3id.org/sssom/license/unspecified"


def write_sssom(graph: Graph, manifest: Mapping[str, Any], folder: Path) -> dict[str, int]:
    """Write the file; how many rows it has."""
    rows = _rows_of(graph)
    prefixes = graph.merges.select(pl.concat([prefix_of(pl.col("alias")), prefix_of(pl.col("curie"))]).unique().sort()).to_series()
    return {MERGES: write_rows(rows, folder / MERGES, above=_header_of(manifest, prefixes.to_list()))}


def _rows_of(graph: Graph) -> pl.DataFrame:
    names = graph.concepts.select("curie", label=one_line(pl.col("name")))
    merges = graph.merges.sort("alias", "curie", "kind").join(names, on="curie", how="left", maintain_order="left")
    category = pl.col("kind").replace_strict(CATEGORY_OF, return_dtype=pl.String)
    return merges.select(
        subject_id=spelled(pl.col("alias")),
        subject_category=category,
        predicate_id=pl.lit("skos:exactMatch"),
        object_id=spelled(pl.col("curie")),
        object_label=_quoted(pl.col("label")),
        object_category=category,
        mapping_justification=pl.lit("semapv:UnspecifiedMatching"),
    )


def _quoted(label: pl.Expr) -> pl.Expr:
    """The labels as readers of quoted tables expect them: a quotation mark stands doubled, and the field between two."""
    quoted = pl.concat_str(pl.lit('"'), label.str.replace_all('"', '""', literal=True), pl.lit('"'))
    return pl.when(label.str.contains('"', literal=True)).then(quoted).otherwise(label)


def _header_of(manifest: Mapping[str, Any], prefixes: list[str]) -> str:
    """The lines of metadata: YAML, whose texts may be JSON's."""
    addresses = {BY_NAME[prefix].written: BY_NAME[prefix].address for prefix in prefixes} | OWN_PREFIXES
    sources = "; ".join(f"{name} {source['version']} ({source['license']})" for name, source in manifest["sources"].items())
    slots = {
        "mapping_set_id": f"urn:generel:{manifest['inputs']}:merges",
        "mapping_set_version": manifest["inputs"],
        "mapping_set_title": "Identifiers that generel merged",
        "license": SEVERAL_LICENSES,
        "mapping_tool": "generel",
        "mapping_tool_version": manifest["generel"],
        "comment": f"Made from: {sources}",
    }
    lines = ["curie_map:", *(f"  {written}: {json.dumps(address)}" for written, address in sorted(addresses.items()))]
    lines += [f"{slot}: {json.dumps(value, ensure_ascii=False)}" for slot, value in slots.items()]
    return "".join(f"#{line}\n" for line in lines)
