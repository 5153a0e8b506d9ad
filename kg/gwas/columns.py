"""Which column of a summary-statistics file is which, and which tool wrote the file.

The trap is the effect allele, which every tool calls otherwise, and two call alike: `Allele1` is the effect allele of METAL and BOLT-LMM,
and the *other* one of SAIGE (its effects and AF_Allele2 are of Allele2). Taken for METAL's, a file of SAIGE has every effect the wrong way
round, and nothing looks amiss. In the same way `GENPOS` is a position in REGENIE and centimorgans in BOLT-LMM, chromosome 25 is
mitochondrial in GWAS-SSF and pseudo-autosomal in PLINK, and the GWAS Catalog's older harmonized files hold both their own columns (`hm_…`)
and the author's, which must not be mixed.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generel.concepts.errors import BadTable

# What a column is called by the tools and by people, lower case; first match wins.
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "variant": ("rsid", "rs_id", "rsids", "rs_number", "snp", "variant_id", "variant", "markername", "markerid", "marker", "snpid", "snp_id", "id"),
    "chromosome": ("chromosome", "chrom", "chr", "chr_id", "hm_chrom"),
    "position": ("base_pair_location", "position", "pos", "bp", "genpos", "chr_pos", "chr_position", "hm_pos"),
    "effect_allele": ("effect_allele", "a1", "allele1", "ea", "effectallele", "tested_allele", "alt"),
    "other_allele": ("other_allele", "a2", "allele0", "allele2", "omitted", "oa", "nea", "non_effect_allele", "noneffect_allele", "otherallele", "ref"),
    "effect_allele_frequency": ("effect_allele_frequency", "eaf", "a1freq", "a1_freq", "freq1", "af1", "af_alt", "effect_allele_freq", "freq"),
    "beta": ("beta", "effect", "b", "log_odds", "logor", "log_or", "effect_size"),
    "odds_ratio": ("odds_ratio", "or", "oddsratio"),
    "hazard_ratio": ("hazard_ratio", "hr"),
    "standard_error": ("standard_error", "se", "stderr", "sebeta", "beta_se", "log(or)_se"),
    "ci_lower": ("ci_lower", "l95", "or_lower", "or_95l", "lower_ci"),
    "ci_upper": ("ci_upper", "u95", "or_upper", "or_95u", "upper_ci"),
    "p": ("pval", "p_value", "p", "p-value", "pvalue", "p_val", "p_bolt_lmm", "p_bolt_lmm_inf", "p.value", "frequentist_add_pvalue"),
    "neg_log10_p": ("neg_log_10_p_value", "neg_log10_p_value", "neg_log10_p", "log10p", "log10_p", "mlogp", "mlog10p", "neglog10p", "neglog10_p"),
    "n": ("n", "n_total", "obs_ct", "totalsamplesize", "nmiss", "samplesize", "sample_size", "neff", "n_eff"),
    "n_cases": ("n_case", "n_cases", "ncase", "ncases", "num_cases"),
    "n_controls": ("n_ctrl", "n_controls", "n_control", "ncontrol", "ncontrols", "num_controls"),
    "test": (),
    "reference": (),
    "alternate": (),
}
NEEDED_OF_P = ("p", "neg_log10_p")
# Numbers that stand for chromosomes: GWAS-SSF's, and PLINK's, in whose files 25 is the pseudo-autosomal part of X.
SSF_NUMBERS: Mapping[str, int] = {"23": 23, "24": 24, "25": 25}
PLINK_NUMBERS: Mapping[str, int] = {"23": 23, "24": 24, "25": 23, "26": 25}


@dataclass(frozen=True)
class Tool:
    """A program, or a standard, whose files are known by their header.

    Attributes:
        name: as people say it.
        marks: names, in lower case, that all stand in its header and not in an earlier tool's.
        spellings: its names for our columns where the general ones would mislead; an empty tuple says that it has no such column.
        numbers: what numbers above 22 stand for as chromosomes.
        build: of positions, where every such file is on the same.
    """

    name: str
    marks: tuple[str, ...]
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=lambda: PLINK_NUMBERS)
    build: str = ""


# Rows of REGENIE and PLINK stand for other tests than the additive one too, as TEST says.
TESTED: Mapping[str, tuple[str, ...]] = {"test": ("test",)}
CATALOG_NAMES = ("chrom", "pos", "rsid", "effect_allele", "other_allele", "beta", "odds_ratio", "ci_lower", "ci_upper", "effect_allele_frequency")
CATALOG = {{"chrom": "chromosome", "pos": "position", "rsid": "variant"}.get(name, name): (f"hm_{name}",) for name in CATALOG_NAMES}
TOOLS = (
    Tool("GWAS Catalog, harmonized", ("hm_effect_allele", "hm_other_allele"), CATALOG, SSF_NUMBERS, build="GRCh38"),
    Tool("SAIGE", ("allele1", "allele2", "af_allele2"), {"effect_allele": ("allele2",), "other_allele": ("allele1",), "effect_allele_frequency": ("af_allele2",), "p": ("p.value",)}),
    Tool("BOLT-LMM", ("allele1", "allele0", "bp"), {"position": ("bp",), "p": ("p_bolt_lmm", "p_bolt_lmm_inf")}),
    Tool("REGENIE", ("allele0", "allele1", "genpos"), {**TESTED, "variant": ("id",), "position": ("genpos",)}),
    Tool("PLINK 2", ("ref", "alt", "a1"), {**TESTED, "variant": ("id",), "reference": ("ref",), "alternate": ("alt",), "other_allele": ("omitted", "ax")}),
    Tool("FinnGen", ("ref", "alt", "sebeta"), {"variant": ("rsids", "rsid"), "effect_allele": ("alt",), "other_allele": ("ref",)}),
    Tool("SNPTEST", ("allelea", "alleleb"), {"variant": ("rsid",), "effect_allele": ("alleleb",), "other_allele": ("allelea",), "beta": ("frequentist_add_beta_1", "frequentist_add_beta_1:add/sex=1"), "standard_error": ("frequentist_add_se_1",), "p": ("frequentist_add_pvalue",), "effect_allele_frequency": (), "n": ("all_total",)}),
    Tool("METAL", ("markername", "allele1", "allele2"), {"n": ("totalsamplesize", "n_total", "n", "weight")}),
    Tool("PLINK 1", ("snp", "bp", "a1", "nmiss"), TESTED),
    Tool("PLINK 1", ("snp", "bp", "a1", "chisq"), TESTED),
    Tool("GCTA", ("snp", "a1", "a2", "af1")),
    Tool("GCTA", ("snp", "a1", "a2", "freq", "b")),
    Tool("GWAS-SSF", ("effect_allele", "other_allele", "standard_error"), numbers=SSF_NUMBERS),
)
UNKNOWN_TOOL = Tool("", (), numbers=SSF_NUMBERS)


@dataclass(frozen=True)
class Columns:
    """Where our columns stand in a file.

    Attributes:
        tool: what wrote it; `UNKNOWN_TOOL` if the header does not say.
        places: our name to the place in the header, from 0.
        names: our name to theirs.
    """

    tool: Tool
    places: Mapping[str, int]
    names: Mapping[str, str]

    def __contains__(self, ours: str) -> bool:
        return ours in self.places


def recognize_columns(header: Sequence[str], *, given: Mapping[str, str], path: Path) -> Columns:
    """The columns that the header has under a known spelling, or that `given` names (our name to theirs).

    Raises:
        BadTable: a given column is missing or is none of ours, or there is no variant, by name or by place, or no p-value; all that
            is wrong is named.
    """
    places = {spelled(name): place for place, name in reversed(list(enumerate(header)))}
    tool = recognize_tool(header)
    named = {ours: tool.spellings.get(ours, general) for ours, general in SPELLINGS.items()}
    found = {ours: next((places[one] for one in spellings if one in places), None) for ours, spellings in named.items()}
    wrong = _faults_of(given, header)
    if not wrong:
        found |= {ours: list(header).index(theirs) for ours, theirs in given.items()}
        wrong = _missing(found)
    if "p" in given and "neg_log10_p" not in given:
        found["neg_log10_p"] = None
    if wrong:
        raise BadTable(f"{path}: {'; '.join(wrong)}. Its columns are {', '.join(header)[:400]}; say which is which with columns, ours = theirs")
    kept = {ours: place for ours, place in found.items() if place is not None}
    return Columns(tool, kept, {ours: header[place] for ours, place in kept.items()})


def recognize_tool(header: Sequence[str]) -> Tool:
    """The first tool all of whose marks stand in the header; UNKNOWN_TOOL if none has."""
    names = {spelled(name) for name in header}
    return next((tool for tool in TOOLS if names.issuperset(tool.marks)), UNKNOWN_TOOL)


def spelled(name: str) -> str:
    """The name as SPELLINGS has it: lower case, without the '#' that begins some headers."""
    return name.strip().lower().lstrip("#")


def _faults_of(given: Mapping[str, str], header: Sequence[str]) -> list[str]:
    strange = [ours for ours in given if ours not in SPELLINGS]
    near = {ours: difflib.get_close_matches(ours, SPELLINGS, n=1, cutoff=0.0)[0] for ours in strange}
    faults = [f"'{ours}' is none of our columns; did you mean '{near[ours]}'?" for ours in strange]
    return faults + [f"it has no column '{theirs}'" for theirs in given.values() if theirs not in header]


def _missing(found: Mapping[str, int | None]) -> list[str]:
    missing = []
    if found["variant"] is None and (found["chromosome"] is None or found["position"] is None):
        missing.append(f"it lacks a column for the variant ({', '.join(SPELLINGS['variant'][:6])} …), or chromosome and position")
    if all(found[name] is None for name in NEEDED_OF_P):
        missing.append(f"it lacks a column for the p-value ({', '.join((*SPELLINGS['p'], *SPELLINGS['neg_log10_p']))})")
    return missing
