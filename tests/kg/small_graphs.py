"""Frames of a few rows, written the short way, for the tests of the graph's middle."""

import polars as pl

from generel.concepts.tables import (
    ASSOCIATIONS,
    CONCEPTS,
    COOCCURRENCES,
    GENE_SETS,
    MAPPINGS,
    MERGES,
    RELATIONS,
    SET_ASIDE,
    VARIANTS,
    Table,
)
from kg.graph import AssembledGraph

KIND_OF = {
    "mondo": "disease", "omim": "disease", "orphanet": "disease", "hp": "phenotype", "hgnc": "gene", "ncbigene": "gene",
    "chebi": "drug", "drugbank": "drug", "dbsnp": "variant",
}


def concepts_of(*rows: tuple, source: str = "s") -> pl.DataFrame:
    """CONCEPTS of (curie, name[, synonyms[, definition[, kind]]]); the kind is that of the prefix if not given."""
    full = []
    for curie, name, *rest in rows:
        synonyms, definition, kind = [*rest, *[[], None, None][len(rest) :]]
        full.append((curie, kind or KIND_OF[curie.partition(":")[0]], name, synonyms, definition, source, "1"))
    return pl.DataFrame(full, schema=CONCEPTS.columns, orient="row")


def mappings_of(*rows: tuple, kind: str = "disease", source: str = "s") -> pl.DataFrame:
    """MAPPINGS of (subject, object[, confidence[, predicate]])."""
    full = []
    for subject, object_, *rest in rows:
        confidence, predicate = [*rest, *[1.0, "skos:exactMatch"][len(rest) :]]
        full.append((subject, predicate, object_, kind, confidence, source, "1"))
    return pl.DataFrame(full, schema=MAPPINGS.columns, orient="row")


def relations_of(*lines: str, source: str = "s", license: str = "CC0-1.0", confidence: float = 1.0) -> pl.DataFrame:
    """RELATIONS of 'subject predicate object', or 'subject predicate object confidence'."""
    full = []
    for line in lines:
        subject, predicate, object_, *rest = line.split()
        full.append((subject, predicate, object_, source, "1", license, float(rest[0]) if rest else confidence))
    return pl.DataFrame(full, schema=RELATIONS.columns, orient="row")


def associations_of(*rows: tuple, source: str = "s") -> pl.DataFrame:
    """ASSOCIATIONS of (variant, trait, study, −log10 p)."""
    return _filled(ASSOCIATIONS, ("variant", "trait", "study", "neg_log10_p"), rows, effect_allele="A", flags=[], source=source, source_version="1", license="CC0-1.0")


def variants_of(*rows: tuple, source: str = "s") -> pl.DataFrame:
    """VARIANTS of (variant, position)."""
    constants = {"build": "GRCh38", "chromosome": "1", "reference_allele": "A", "alternate_allele": "G"}
    return _filled(VARIANTS, ("variant", "position"), rows, **constants, source=source, source_version="1")


def cooccurrences_of(*rows: tuple, source: str = "s") -> pl.DataFrame:
    """COOCCURRENCES of (left, right, n_together, n_left, n_right, ppmi)."""
    names = ("left", "right", "n_together", "n_left", "n_right", "ppmi")
    return _filled(COOCCURRENCES, names, rows, cohort="c", n_patients=100, source=source, source_version="1", license="CC0-1.0")


def graph_of(concepts: pl.DataFrame, relations: pl.DataFrame, **tables: pl.DataFrame) -> AssembledGraph:
    """A graph with these tables; the others are empty."""
    empty = {"associations": ASSOCIATIONS, "variants": VARIANTS, "cooccurrences": COOCCURRENCES, "gene_sets": GENE_SETS, "merges": MERGES, "set_aside": SET_ASIDE}
    return AssembledGraph(concepts, relations, **{name: tables.get(name, table.empty()) for name, table in empty.items()})


def lines_of(relations: pl.DataFrame) -> list[str]:
    """'subject predicate object' of each row, sorted."""
    return sorted(" ".join(row) for row in relations.select("subject", "predicate", "object").rows())


def reasons_of(set_aside: pl.DataFrame) -> dict[str, str]:
    """The reason by key."""
    return dict(set_aside.select("key", "reason").rows())


def _filled(table: Table, names: tuple[str, ...], rows: tuple[tuple, ...], **constants: object) -> pl.DataFrame:
    given = [dict(zip(names, row, strict=True)) | constants for row in rows]
    return pl.DataFrame([{name: row.get(name) for name in table.columns} for row in given], schema=table.columns)
