"""Genes and drugs of cancers, curated with the pirlygenes package: biomarkers, targets, and the agents against them.

Cancers are OncoTree codes, or codes that `cancer_codes` names; a row's subtype (GIST within sarcoma) narrows its cancer, so what it says of treatment is taken for the cancer as
a whole only where no subtype is named. Only an approved agent in an indication-matched row *treats*; all else is *in trials*.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.harvest import MENTION, Harvest, SetAside, mention
from kg.sources.archives import inside
from kg.sources.cancer_codes import NAMES
from kg.sources.quoted_rows import read_quoted_rows
from kg.sources.record import Source
from kg.sources.rows import line_key, sift
from kg.sources.stamp import stamp_relations

COLUMNS = ("cancer_code", "subtype", "symbol", "ensembl_gene_id", "role", "agent", "phase", "treatment_path_tier")
CONFIDENCE = {"approved": 1.0, "phase_3": 0.7, "phase_2": 0.5, "phase_1": 0.3, "off_label": 0.3, "preclinical": 0.1}


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """RELATIONS: gene biomarker_of disease, drug targets gene, drug treats or in_trial_for disease.

    Raises:
        BadTable: missing columns.
    """
    set_aside, path = SetAside(source.name), files["cancer-key-genes.csv"]
    rows = read_quoted_rows(path, columns=COLUMNS, table="RELATIONS", set_aside=set_aside)
    rows = rows.with_columns(
        gene=canonicalize_as(rows["ensembl_gene_id"], "ensembl"),
        disease=_disease(pl.col("cancer_code")),
        confidence=pl.col("phase").replace_strict(CONFIDENCE, default=None, return_dtype=pl.Float64),
    )
    faults = [
        (pl.col("cancer_code") == "", "the row names no cancer"),
        (~pl.col("role").is_in(["biomarker", "target"]), "the role is neither biomarker nor target"),
        (pl.col("gene").is_null(), "the gene has no Ensembl identifier"),
        ((pl.col("role") == "target") & (pl.col("agent") == ""), "the target names no agent"),
        ((pl.col("role") == "target") & pl.col("confidence").is_null(), "the phase is unknown"),
    ]
    good = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    agents = _one_agent_a_row(good.filter(pl.col("role") == "target"))
    narrower = agents.filter(pl.col("subtype") != "")
    set_aside.add_frame("RELATIONS", narrower.select(key=line_key(path))["key"], "the treatment is of a subtype that has no code; its target keeps the tie")
    whole = agents.filter(pl.col("subtype") == "")
    treats = (pl.col("phase") == "approved") & pl.col("treatment_path_tier").str.starts_with("approved")
    predicate = pl.when(treats).then(pl.lit("treats")).otherwise(pl.lit("in_trial_for"))
    ties = [
        good.filter(pl.col("role") == "biomarker").select(subject="gene", predicate=pl.lit("biomarker_of"), object="disease", confidence=pl.lit(1.0)),
        agents.select(subject="drug", predicate=pl.lit("targets"), object="gene", confidence="confidence"),
        whole.select(subject="drug", predicate=predicate, object="disease", confidence="confidence"),
    ]
    return Harvest(relations=stamp_relations(pl.concat(ties), source), set_aside=set_aside.frame())


def _disease(code: pl.Expr) -> pl.Expr:
    """The mention that the table of codes gives, else the code as one of OncoTree."""
    named = code.replace_strict({one: mention(Kind.DISEASE, name) for one, name in NAMES.items()}, default=None, return_dtype=pl.String)
    return pl.coalesce(named, pl.lit("oncotree:") + code)


def _one_agent_a_row(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `drug`, a mention; a combination "a + b" gives a row for each of its agents."""
    each = pl.col("agent").str.split(" + ").list.eval(pl.element().str.strip_chars())
    return rows.with_columns(drug=each).explode("drug").filter(pl.col("drug") != "").with_columns(drug=f"{MENTION}{Kind.DRUG.value}:" + pl.col("drug"))


SOURCE = Source(
    name="oncology",
    title="pirlygenes: key genes of cancers and the agents against them",
    version="6.0.18",
    license="Apache-2.0",
    citation="pirlygenes 6.0.18, curated tables of cancer biomarkers and targets.",
    homepage="https://github.com/pirl-unc/pirlygenes",
    files=(inside("pirlygenes", "pirlygenes/data/cancer-key-genes.csv", "cancer-key-genes.csv"),),
    gives=("RELATIONS",),
    read=read,
    expected={"RELATIONS": 700},
)
