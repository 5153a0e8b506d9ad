"""HPO's annotations: which phenotypes rare diseases have, how they are inherited, and which genes cause them.

`genes_to_phenotype.txt` is made by HPO from gene–disease and disease–phenotype, so its gene–phenotype pairs say nothing
that these do not; and it pairs genes with modes of inheritance and courses, which are set aside here. `-` stands there for
a gene without a symbol, and for a frequency that nobody gave.

What is counted: every line of `phenotype.hpoa` is in RELATIONS (several may share a row) or set aside; every line of
`genes_to_phenotype.txt` has two halves, gene–disease and gene–phenotype, of which the same holds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize, canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.hierarchy import terms_below
from kg.sources.record import Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_concepts, stamp_relations

# Aspects of phenotype.hpoa and the predicates they become.
PREDICATES = {"P": "has_phenotype", "I": "has_inheritance", "C": "has_clinical_course"}
NOT_KEPT = {"M": "the annotation is a modifier", "H": "the annotation is past medical history"}
# HPO's frequency terms, as the middle of the range each is defined by; 'excluded' is a negation.
FREQUENCIES = {
    "hp:0040280": 1.0, "hp:0040281": 0.9, "hp:0040282": 0.55, "hp:0040283": 0.17, "hp:0040284": 0.025, "hp:0040285": 0.0,
}
# Confidence where no frequency is given: of a phenotype nothing is known about how often it is seen, while the inheritance
# and the course of a disease are said of the disease as such.
PHENOTYPE_CONFIDENCE, DISEASE_CONFIDENCE = 0.5, 1.0
# Branches of HPO whose terms are not phenotypes that a gene could cause.
BRANCHES = {
    "hp:0000005": "the term is a mode of inheritance, no phenotype",
    "hp:0012823": "the term is a clinical course or modifier, no phenotype",
    "hp:0032443": "the term is past medical history, no phenotype",
    "hp:0040279": "the term is a frequency, no phenotype",
}
BAD_DISEASE, BAD_PHENOTYPE, BAD_GENE = (
    "the disease's identifier is not a known one", "the phenotype is not a term of hp.obo", "the gene's identifier is not one of NCBI Gene",
)
BAD_FREQUENCY, EXCLUDED = "the frequency cannot be read", "the annotation is negated: the phenotype is excluded"


@dataclass(frozen=True)
class Phenotypes:
    """What annotations need to know of HPO's terms: `living` leads from every identifier, retired ones too, to the term
    that has it now; `branch_of` from the terms of BRANCHES to the branch."""

    living: Mapping[str, str]
    branch_of: Mapping[str, str]

    @classmethod
    def of(cls, curies: pl.Series, *, is_a: pl.DataFrame, mappings: pl.DataFrame) -> "Phenotypes":
        """From the living terms, `subject, object` of is-a, and mappings, of which `alt_id` lead to retired identifiers.

        An identifier that several terms claim leads to none of them.
        """
        retired = mappings.filter(pl.col("predicate") == "alt_id").unique(["subject", "object"]).filter(pl.col("object").is_unique())
        living = dict(retired.select("object", "subject").iter_rows()) | {curie: curie for curie in curies}
        return cls(living, {term: branch for branch in BRANCHES for term in terms_below(is_a, [branch])})


def version_of(path: Path) -> str | None:
    """The release that the line `#version:` of `phenotype.hpoa` names; None without one."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        said = (re.match(r"#\s*version:\s*(\S+)", line) for line in islice(lines, 20))
        return next((match[1] for match in said if match), None)


def read_disease_annotations(path: Path, *, source: Source, phenotypes: Phenotypes, set_aside: SetAside) -> Harvest:
    """CONCEPTS of diseases, and RELATIONS of diseases to phenotypes, modes of inheritance and courses.

    `confidence` is the frequency of the phenotype among patients. A disease with several names is called by the first.
    """
    columns = ("database_id", "disease_name", "qualifier", "hpo_id", "frequency", "aspect")
    rows = read_rows(path, columns=columns, table="RELATIONS", set_aside=set_aside, comment="#")
    default = pl.when(pl.col("aspect") == "P").then(PHENOTYPE_CONFIDENCE).otherwise(DISEASE_CONFIDENCE)
    rows = _with_phenotype(rows, phenotypes).with_columns(
        disease=canonicalize(rows["database_id"], kind=Kind.DISEASE), confidence=confidence_of(pl.col("frequency"), default=default)
    )
    qualifier, aspect = pl.col("qualifier"), pl.col("aspect")
    faults = [
        (pl.col("disease").is_null(), BAD_DISEASE),
        (pl.col("phenotype").is_null(), BAD_PHENOTYPE),
        *((aspect == letter, reason) for letter, reason in NOT_KEPT.items()),
        (~aspect.is_in(list(PREDICATES)), "the aspect is none of P, I, C, M and H"),
        (qualifier == "NOT", "the annotation is negated: the qualifier is NOT"),
        (qualifier != "", "the qualifier is neither empty nor NOT"),
        (pl.col("confidence").is_null(), BAD_FREQUENCY),
        (pl.col("confidence") == 0, EXCLUDED),
    ]
    kept = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    predicate = aspect.replace_strict(PREDICATES, return_dtype=pl.String)
    relations = kept.select(subject="disease", predicate=predicate, object="phenotype", confidence="confidence")
    names = _name_once(rows.select(curie="disease", name="disease_name"), kind=Kind.DISEASE, unnamed="", set_aside=set_aside)
    return Harvest(concepts=stamp_concepts(names, source), relations=stamp_relations(relations, source))


def read_gene_annotations(path: Path, *, source: Source, phenotypes: Phenotypes, set_aside: SetAside) -> Harvest:
    """CONCEPTS of genes by NCBI Gene, and RELATIONS of genes to diseases and to the phenotypes of these."""
    columns = ("ncbi_gene_id", "gene_symbol", "hpo_id", "frequency", "disease_id")
    rows = read_rows(path, columns=columns, table="RELATIONS", set_aside=set_aside)
    rows = _with_phenotype(rows, phenotypes).with_columns(
        gene=canonicalize_as(rows["ncbi_gene_id"], "ncbigene"),
        disease=canonicalize(rows["disease_id"], kind=Kind.DISEASE),
        confidence=confidence_of(pl.col("frequency").replace("-", ""), default=pl.lit(PHENOTYPE_CONFIDENCE)),
    )
    rows = sift(rows, [(pl.col("gene").is_null(), BAD_GENE)], table="RELATIONS", key=line_key(path), set_aside=set_aside)
    relations = pl.concat([_gene_disease(rows, path=path, set_aside=set_aside), _gene_phenotype(rows, phenotypes, path=path, set_aside=set_aside)])
    names = _name_once(rows.select(curie="gene", name="gene_symbol"), kind=Kind.GENE, unnamed="-", set_aside=set_aside)
    return Harvest(concepts=stamp_concepts(names, source), relations=stamp_relations(relations, source))


def confidence_of(frequency: pl.Expr, *, default: pl.Expr) -> pl.Expr:
    """The share of patients that a frequency says, 0 to 1: `3/4`, `75%`, a frequency term, or `default` if empty; else null."""
    seen, asked = (frequency.str.extract(r"^([0-9]{1,9})/([0-9]{1,9})$", group).cast(pl.Float64) for group in (1, 2))
    share = pl.coalesce(
        pl.when(asked > 0).then(seen / asked),
        frequency.str.extract(r"^([0-9]{1,9}(?:\.[0-9]{1,9})?)%$").cast(pl.Float64) / 100,
        frequency.str.to_lowercase().replace_strict(FREQUENCIES, default=None, return_dtype=pl.Float64),
    )
    return pl.when(frequency == "").then(default).when(share <= 1).then(share)


def _gene_disease(rows: pl.DataFrame, *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    kept = sift(rows, [(pl.col("disease").is_null(), BAD_DISEASE)], table="RELATIONS", key=line_key(path), set_aside=set_aside)
    return kept.select(subject="gene", predicate=pl.lit("gene_of_disease"), object="disease", confidence=pl.lit(DISEASE_CONFIDENCE))


def _gene_phenotype(rows: pl.DataFrame, phenotypes: Phenotypes, *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    branch = pl.col("phenotype").replace_strict(phenotypes.branch_of, default=None, return_dtype=pl.String)
    faults = [
        (pl.col("phenotype").is_null(), BAD_PHENOTYPE),
        *((branch == root, reason) for root, reason in BRANCHES.items()),
        (pl.col("confidence").is_null(), BAD_FREQUENCY),
        (pl.col("confidence") == 0, EXCLUDED),
    ]
    kept = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    return kept.select(subject="gene", predicate=pl.lit("gene_of_phenotype"), object="phenotype", confidence="confidence")


def _with_phenotype(rows: pl.DataFrame, phenotypes: Phenotypes) -> pl.DataFrame:
    return rows.with_columns(phenotype=canonicalize(rows["hpo_id"]).replace_strict(phenotypes.living, default=None, return_dtype=pl.String))


def _name_once(rows: pl.DataFrame, *, kind: Kind, unnamed: str, set_aside: SetAside) -> pl.DataFrame:
    """`curie, kind, name, synonyms` of all that have a name, called by the first; those without are set aside."""
    named = rows.filter(pl.col("curie").is_not_null()).unique(maintain_order=True)
    has_name = ~pl.col("name").is_in(["", unnamed])
    nameless = named.filter(~has_name).join(named.filter(has_name), on="curie", how="anti")
    set_aside.add_frame("CONCEPTS", nameless["curie"].unique(), f"the {kind.value} has no name in the file")
    first, later = pl.col("name").first(), pl.col("name").slice(1)
    return named.filter(has_name).group_by("curie", maintain_order=True).agg(name=first, synonyms=later).with_columns(kind=pl.lit(kind.value))
