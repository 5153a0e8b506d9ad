"""Genes and drugs of cancers, curated with the pirlygenes package: biomarkers, targets, and the agents against them.

A row's gene is *not always what its agent binds*: PD-L1 stands beside antibodies against PD-1, BRCA1 beside inhibitors of PARP, TYMS
beside any chemotherapy. So an agent targets the gene only where it is given alone and the pair is not in MARKERS. An agent treats what
it is approved for: approvals for an alteration in whatever tumor, or for another disease than the row's cancer, are not of the cancer.

What is counted: a row of which nothing can be used, once; of the rows with agents, target and treatment apart, and each agent for
itself. So a line may be both in RELATIONS (imatinib treats) and set aside (that it binds PDGFB).
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.harvest import MENTION, Harvest, SetAside, mention
from kg.sources.archives import inside
from kg.sources.cancer_codes import DISEASES
from kg.sources.quoted_rows import read_quoted_rows
from kg.sources.record import Source
from kg.sources.rows import line_key, sift
from kg.sources.stamp import stamp_relations

COLUMNS = ("cancer_code", "subtype", "symbol", "ensembl_gene_id", "role", "agent", "phase", "treatment_path_tier", "indication")
CONFIDENCE = {"approved": 1.0, "phase_3": 0.7, "phase_2": 0.5, "phase_1": 0.3, "off_label": 0.3, "preclinical": 0.1}
IN_TRIALS = ("phase_1", "phase_2", "phase_3")
# Genes that tell who is treated, or stand for a pathway, with agents that bind something else (by their labels).
MARKERS: Mapping[str, tuple[str, ...]] = {
    "B4GALNT1": ("dinutuximab", "naxitamab"),
    "BRCA1": ("niraparib", "olaparib", "rucaparib"),
    "BRCA2": ("olaparib",),
    "CD274": ("cemiplimab", "dostarlimab", "nivolumab", "pembrolizumab"),
    "DCK": ("nelarabine",),
    "FGF19": ("fisogatinib",),
    "FGF2": ("lenvatinib",),
    "KDR": ("bevacizumab",),
    "KMT2A": ("revumenib",),
    "MGMT": ("temozolomide",),
    "MYCN": ("aurora A kinase inhibitors",),
    "NPM1": ("revumenib",),
    "NR5A1": ("mitotane",),
    "NRG1": ("zenocutuzumab",),
    "PDGFB": ("imatinib",),
    "SLFN11": ("lurbinectedin",),
    "TYMS": ("intra-arterial melphalan",),
    "VEGFA": ("cabozantinib", "pazopanib", "sunitinib", "vandetanib"),
}
MARKED = [f"{gene} {mention(Kind.DRUG, agent)}" for gene, agents in MARKERS.items() for agent in agents]
# Rows whose own indication names another disease: tagraxofusp is for BPDCN.
ELSEWHERE = [f"LAML {mention(Kind.DRUG, 'tagraxofusp')}"]


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """RELATIONS: gene biomarker_of disease, drug targets gene, drug treats or in_trial_for disease.

    Raises:
        BadTable: missing columns.
    """
    set_aside, path = SetAside(source.name), files["cancer-key-genes.csv"]
    good = _read_rows(path, set_aside)
    agents = _one_agent_a_row(good.filter(pl.col("role") == "target"))
    ties = [
        good.filter(pl.col("role") == "biomarker").select(subject="gene", predicate=pl.lit("biomarker_of"), object="disease", confidence=pl.lit(1.0)),
        _find_targets(agents, path, set_aside),
        _find_treatments(agents, path, set_aside),
    ]
    return Harvest(relations=stamp_relations(pl.concat(ties), source), set_aside=set_aside.frame())


def _read_rows(path: Path, set_aside: SetAside) -> pl.DataFrame:
    """The rows of which something can be used, with `gene` (null where the row has none), `disease` and `confidence`."""
    rows = read_quoted_rows(path, columns=COLUMNS, table="RELATIONS", set_aside=set_aside)
    diseases = {f"{code} {subtype}": curie for (code, subtype), (curie, _) in DISEASES.items()}
    rows = rows.with_columns(
        gene=canonicalize_as(rows["ensembl_gene_id"], "ensembl"),
        disease=pl.concat_str("cancer_code", "subtype", separator=" ").replace_strict(diseases, default=None, return_dtype=pl.String),
        confidence=pl.col("phase").replace_strict(CONFIDENCE, default=None, return_dtype=pl.Float64),
    )
    faults = [
        (pl.col("disease").is_null(), "the code names no cancer that we know"),
        (~pl.col("role").is_in(["biomarker", "target"]), "the role is neither biomarker nor target"),
        ((pl.col("role") == "biomarker") & pl.col("gene").is_null(), "the gene has no Ensembl identifier"),
        ((pl.col("role") == "target") & (pl.col("agent") == ""), "the target names no agent"),
        ((pl.col("role") == "target") & pl.col("confidence").is_null(), "the phase is unknown"),
    ]
    return sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)


def _one_agent_a_row(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `drug`, a mention, and `together`, how many agents are given; "a + b" gives a row for each, brand names in brackets go."""
    each = pl.col("agent").str.replace_all(r"\s*\([^()]*\)", "").str.split("+").list.eval(pl.element().str.strip_chars())
    named = rows.with_columns(drug=each, together=each.list.len()).explode("drug").filter(pl.col("drug") != "")
    return named.with_columns(drug=f"{MENTION}{Kind.DRUG.value}:" + pl.col("drug"))


def _find_targets(agents: pl.DataFrame, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, confidence` of agents that bind their row's gene."""
    faults = [
        (pl.col("gene").is_null(), "the agent's gene has no Ensembl identifier"),
        (pl.col("together") > 1, "of agents given together, which one binds the gene is not said"),
        (pl.concat_str("symbol", "drug", separator=" ").is_in(MARKED), "the gene tells who is treated and is not what the agent binds"),
    ]
    bound = sift(agents, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    return bound.select(subject="drug", predicate=pl.lit("targets"), object="gene", confidence="confidence")


def _find_treatments(agents: pl.DataFrame, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, confidence` of agents approved or in trials for their row's disease."""
    approved = (pl.col("phase") == "approved") & pl.col("treatment_path_tier").str.starts_with("approved")
    faults = [
        (~approved & ~pl.col("phase").is_in(IN_TRIALS), "the agent is neither approved nor in trials for the cancer"),
        (pl.col("indication").str.contains("tumor-agnostic", literal=True), "the agent is approved for an alteration in any tumor"),
        (pl.concat_str("cancer_code", "drug", separator=" ").is_in(ELSEWHERE), "the agent is approved for another disease"),
    ]
    given = sift(agents, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    predicate = pl.when(approved).then(pl.lit("treats")).otherwise(pl.lit("in_trial_for"))
    return given.select(subject="drug", predicate=predicate, object="disease", confidence="confidence")


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
