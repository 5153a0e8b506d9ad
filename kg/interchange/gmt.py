"""Gene-set libraries in GMT: who belongs to which set, and, where a set is a pathway or a term, what its genes take part in.

A set is the concept whose identifier its name is, or has in brackets or between percent signs: `R-HSA-109581`,
`glycolytic process (GO:0006096)`, `Gluconeogenesis%WikiPathways%WP534%Homo sapiens`. An identifier without a prefix counts only where
the setting `sets` says of what database it is; nobody can tell a `WP534` in a name from a word otherwise.

What is counted: every gene of every set is a row of GENE_SETS, or set aside; a line without a name or genes is set aside as one. The
relations are made of these rows.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from generel.concepts.kinds import Kind
from generel.concepts.prefixes import PREFIXES
from kg.curies import canonicalize, canonicalize_as
from kg.harvest import MENTION, Harvest, SetAside
from kg.own_format import Format
from kg.sources.gmt_lines import read_gmt
from kg.sources.record import Source
from kg.sources.rows import line_key, sift
from kg.sources.stamp import stamp_gene_sets, stamp_relations

SYMBOL = "symbol"
# What genes of a library may be given as.
OF_GENES = (SYMBOL, *(prefix.name for prefix in PREFIXES if Kind.GENE in prefix.kinds))
OF_SETS = tuple(prefix.name for prefix in PREFIXES if {Kind.PATHWAY, Kind.PROCESS, Kind.FUNCTION, Kind.COMPONENT} & set(prefix.kinds))
OF_MEMBERS = ("takes_part_in", "has_function", "acts_in")
# `name (GO:0006096)`: what stands in the last brackets, and the name before it.
IN_BRACKETS = r"^(.*\S)\s*\(([^()]+)\)$"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """GENE_SETS of the library, and RELATIONS of the genes with those sets that are concepts.

    Raises:
        BadTable: no lines, or a setting that cannot be.
    """
    set_aside = SetAside(source.name)
    settings = _settings_of(source)
    path = files["file"]
    rows = read_gmt(path, set_aside=set_aside)
    rows = rows.with_columns(gene=_identify_genes(rows["gene"], settings["genes"]))
    faults = [
        (pl.col("gene").is_null(), f"the gene is not an identifier of {settings['genes']}"),
        (~pl.struct("set", "gene").is_first_distinct(), "the set has the gene already"),
    ]
    members = sift(rows, faults, table="GENE_SETS", key=line_key(path), set_aside=set_aside)
    named = members.join(_identify_sets(members["set"], settings["sets"]), on="set", how="left", maintain_order="left")
    # Two names may hold one identifier; the first names the set.
    named = named.with_columns(set=pl.coalesce("curie", "set"), name=pl.when(pl.col("curie").is_null()).then("set").otherwise("name"))
    again = [(~pl.struct("set", "gene").is_first_distinct(), "the set has the gene already")]
    named = sift(named, again, table="GENE_SETS", key=line_key(path), set_aside=set_aside).with_columns(pl.col("name").first().over("set"))
    relations = named.filter(pl.col("curie").is_not_null()).select(subject="gene", predicate=pl.lit(settings["predicate"]), object="curie", confidence=pl.lit(1.0))
    return Harvest(
        gene_sets=stamp_gene_sets(named.with_columns(library=pl.lit(settings["library"])), source),
        relations=stamp_relations(relations, source),
        set_aside=set_aside.frame(),
    )


def _settings_of(source: Source) -> dict[str, str]:
    """The settings, defaults in place of those that are not given."""
    defaults = {"library": source.name, "genes": SYMBOL, "sets": "", "predicate": OF_MEMBERS[0]}
    allowed = {"genes": OF_GENES, "sets": ("", *OF_SETS), "predicate": OF_MEMBERS}
    settings = {name: str(source.parameters.get(name, default)) for name, default in defaults.items()}
    wrong = [f"'{name}' should be one of {', '.join(filter(None, words))}, not '{settings[name]}'" for name, words in allowed.items() if settings[name] not in words]
    if wrong:
        raise BadTable(f"the library {source.name} cannot be read: {'; '.join(wrong)}")
    return settings


def _identify_genes(genes: pl.Series, given_as: str) -> pl.Series:
    """The CURIE of each gene, or its mention where genes are given as symbols; null where an identifier is none of its prefix."""
    if given_as != SYMBOL:
        return canonicalize_as(genes, given_as)
    # No symbol has a colon, and none looks like an Ensembl identifier; `GENE_1` could be one.
    curies = canonicalize(genes, kind=Kind.GENE).alias("curie")
    is_curie = pl.col("symbol").str.contains(r":|^ENSG\d")
    mentions = pl.format(f"{MENTION}{Kind.GENE.value}:{{}}", "symbol")
    return pl.DataFrame([genes.alias("symbol"), curies]).select(pl.coalesce(pl.when(is_curie).then("curie"), mentions))["curie"]


def _identify_sets(names: pl.Series, prefix: str) -> pl.DataFrame:
    """`set, curie, name` of the sets whose name holds the identifier of a pathway or term; `name` is the rest of it, if there is one."""
    sets = pl.DataFrame({"set": names.unique(maintain_order=True)}).with_row_index("place")
    bracketed = sets.filter(pl.col("set").str.contains(IN_BRACKETS)).select(
        "place", part=pl.col("set").str.extract(IN_BRACKETS, 2), name=pl.col("set").str.extract(IN_BRACKETS, 1)
    )
    pieces = pl.col("set").str.split("%")
    between = sets.filter(pieces.list.len() > 1).select("place", part=pieces, name=pieces.list.first()).explode("part")
    parts = pl.concat([sets.select("place", part="set", name="set"), bracketed, between])
    parts = parts.with_columns(curie=_set_curies(parts["part"], prefix)).filter(pl.col("curie").is_not_null())
    return sets.join(parts.unique("place", keep="first", maintain_order=True), on="place").select("set", "curie", "name")


def _set_curies(parts: pl.Series, prefix: str) -> pl.Series:
    """The CURIE of each text that is an identifier of a pathway or term; null for others."""
    curies = canonicalize(parts).alias("curie")
    frame = pl.DataFrame([curies, canonicalize_as(parts, prefix).alias("bare") if prefix else curies.clear(parts.len()).alias("bare")])
    allowed = pl.col("curie").str.extract(r"^([^:]*):").is_in(OF_SETS)
    return frame.select(pl.coalesce(pl.when(allowed).then("curie"), "bare"))["curie"]


FORMAT = Format(
    read=read, gives=("GENE_SETS", "RELATIONS"),
    settings={"library": str, "genes": str, "sets": str, "predicate": str},
)
