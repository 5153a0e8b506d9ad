"""DISEASES of the Jensen lab: genes and diseases from curated databases (knowledge) and from cancer genomes and GWAS (experiments).

The files are 'full': what is said of a disease is said again of everything above it, up to 'Disease', and once more in
classes of ICD-10 (no gene has these without a disease of the Disease Ontology). They hold no tree. With the ontology beside them, which is optional, a row
is set aside where a row of the same gene, file and resource names a disease below it with at least as many stars; so an ancestor stays
where evidence has added up to more stars than any of its parts has (COSMIC counts samples). Terms that the ontology does not have stay, and without the
ontology all but the root stay.

Genes go by name, and are mentions here; a gene called by its protein's identifier (ENSP…) has none. Confidence is stars / 5; experiments round most
of theirs to 0 stars, which says nothing and is set aside. DistiLD's rows are genes near GWAS hits in linkage disequilibrium, not genes
shown to be causal: predicate and stars are all that tells them from the curated.

What is counted: every line is in a relation (equal pairs share one) or set aside; nothing is counted of the ontology.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize, canonicalize_as
from kg.harvest import Harvest, SetAside, mention
from kg.sources.obo import read_obo
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_relations

KNOWLEDGE, EXPERIMENTS, ONTOLOGY = "human_disease_knowledge_full.tsv", "human_disease_experiments_full.tsv", "HumanDO.obo"
COLUMNS = ("protein", "symbol", "disease", "disease_name", "resource", "evidence", "stars")
ROOT = "doid:4"
MOST_STARS = 5.0
NUMBER = r"^\d+(?:\.\d+)?$"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """RELATIONS gene_associated_with disease.

    Raises:
        BadTable: a file that is not what its name says.
    """
    set_aside = SetAside(source.name)
    above = read_ancestors(files[ONTOLOGY]) if ONTOLOGY in files else _no_ancestors()
    parts = [_read_channel(files[name], above, set_aside=set_aside) for name in (KNOWLEDGE, EXPERIMENTS)]
    return Harvest(relations=stamp_relations(pl.concat(parts), source), set_aside=set_aside.frame())


def read_ancestors(path: Path) -> pl.DataFrame:
    """`disease, ancestor`: every term of the ontology with each term above it; a circle of edges does no harm."""
    nobody = SetAside("diseases")
    obo = read_obo(path, tags=("id", "is_a"), set_aside=nobody)
    ids, parents = obo.plain("id"), obo.plain("is_a")
    ids = ids.select("stanza", subject=canonicalize_as(ids["value"], "doid")).unique("stanza", keep="first", maintain_order=True)
    edges = parents.select("stanza", object=canonicalize_as(parents["value"], "doid")).join(ids, on="stanza").drop_nulls()
    steps = edges.select(ancestor="subject", parent="object").unique()
    known = reached = steps.select(disease="ancestor", ancestor="parent")
    while reached.height:
        further = reached.join(steps, on="ancestor").select("disease", ancestor="parent").unique()
        reached = further.filter(pl.col("disease") != pl.col("ancestor")).join(known, on=["disease", "ancestor"], how="anti")
        known = pl.concat([known, reached])
    return known


def _no_ancestors() -> pl.DataFrame:
    return pl.DataFrame(schema={"disease": pl.String, "ancestor": pl.String})


def _read_channel(path: Path, above: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, confidence` of one file."""
    rows = read_rows(path, columns=COLUMNS, header=COLUMNS, table="RELATIONS", set_aside=set_aside)
    stars = pl.when(pl.col("stars").str.contains(NUMBER)).then(pl.col("stars")).cast(pl.Float64, strict=False)
    rows = rows.with_columns(canonicalize(rows["disease"]).alias("curie"), stars=stars)
    of_ontology = pl.col("curie").str.starts_with("doid:").fill_null(False)
    faults = [
        (pl.col("disease").str.starts_with("ICD10:"), "a class of ICD-10, which repeats in coarser classes what is said of a disease"),
        (~of_ontology, "the identifier is not one of the Disease Ontology"),
        (pl.col("curie") == ROOT, "the disease is the root of the ontology"),
        ((pl.col("symbol") == "") | pl.col("symbol").str.contains(r"^ENSP\d+$"), "the gene has no symbol, only a protein's identifier"),
        (~pl.col("stars").is_between(0, MOST_STARS).fill_null(False), "the stars are no number from 0 to 5"),
        (pl.col("stars") == 0, "the evidence is worth no star"),
    ]
    key = pl.when(pl.col("disease").str.starts_with("ICD10:")).then(pl.lit(path.name)).otherwise(line_key(path))
    good = sift(rows, faults, table="RELATIONS", key=key, set_aside=set_aside)
    kept = _most_specific(good, above, path=path, set_aside=set_aside)
    gene = pl.lit(mention(Kind.GENE, "")) + pl.col("symbol")
    return kept.select(subject=gene, predicate=pl.lit("gene_associated_with"), object="curie", confidence=pl.col("stars") / MOST_STARS)


def _most_specific(rows: pl.DataFrame, above: pl.DataFrame, *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """The rows without those whose disease lies above that of another row of the gene and resource with as many stars."""
    by = ["protein", "symbol", "resource"]
    said = rows.select(*by, "curie", "stars").unique().join(above, left_on="curie", right_on="disease")
    implied = said.group_by(*by, curie="ancestor").agg(implied=pl.col("stars").max())
    joined = rows.join(implied, on=[*by, "curie"], how="left", maintain_order="left")
    faults = [(pl.col("stars") <= pl.col("implied"), "a disease below it has the gene with as many stars")]
    return sift(joined, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside).drop("implied")


SOURCE = Source(
    name="diseases",
    title="DISEASES: disease-gene associations from curated databases and experiments",
    version="",
    license="CC-BY-4.0",
    citation="Grissa D et al. DISEASES 2.0: a weekly updated database of disease-gene associations from text mining and data integration. Database. 2022;2022:baac019.",
    homepage="https://diseases.jensenlab.org",
    files=(
        File(KNOWLEDGE, f"https://download.jensenlab.org/{KNOWLEDGE}", local="disease_gene/DISEASES__human_disease_knowledge_full.tsv.gz"),
        File(EXPERIMENTS, f"https://download.jensenlab.org/{EXPERIMENTS}", local="disease_gene/DISEASES__human_disease_experiments_full.tsv.gz"),
        File(
            ONTOLOGY,
            "https://raw.githubusercontent.com/DiseaseOntology/HumanDiseaseOntology/main/src/ontology/HumanDO.obo",
            local="ontology/do/DO2016__HumanDO.obo.gz",
            optional=True,
        ),
    ),
    gives=("RELATIONS",),
    read=read,
    expected={"RELATIONS": 10_400},
)
