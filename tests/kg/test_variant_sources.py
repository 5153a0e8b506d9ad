"""The smaller sources of variants: MRInstruments, Blueprint, LD windows, PharmCAT, CPIC's tables, ClinVar and Ensembl's genes."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from catalog_rows import has_p, trait_of
from mutations import damaged_copies
from plain_lines import Fate, assert_fates, curie_as, plain_lines, rows_of, shared_files
from source_slices import assert_as_expected, files_of, read

from generel.concepts.curie import Curie, looks_like_curie
from generel.concepts.errors import BadTable
from kg.harvest import Harvest
from kg.sources import blueprint_eqtl, clinvar, cpic_tables, gene_positions, ld_windows, mr_instruments, pharmcat
from kg.sources.cpic import CONFIDENCE
from kg.sources.record import Source

MODULES = (mr_instruments, blueprint_eqtl, ld_windows, pharmcat, cpic_tables, clinvar, gene_positions)
Files = Mapping[str, Path]


def rsid(text: str) -> str | None:
    """The CURIE of a plain rsID, as most are; else whatever a CURIE may look like."""
    return f"dbsnp:{text}" if re.fullmatch(r"rs[0-9]+", text) else curie_as(text, "dbsnp")


def letters(text: str) -> bool:
    return re.fullmatch("[ACGT]+", text) is not None


def has_plain_p(text: str) -> bool:
    return has_p({"P-VALUE": text})


def check_mr_instruments(files: Files, harvest: Harvest) -> None:
    """Every trait of every line is an association or set aside."""
    parts, keys = 0, set()
    for row in rows_of(files["gwas_catalog.tsv"]):
        traits = [each.strip() for each in row["MAPPED_TRAIT_EFO_URI"].split(",") if each.strip()] if row else []
        if not row or not rsid(row["SNP"]) or not has_plain_p(row["pval"]) or not row["STUDY.ACCESSION"] or not 0 < len(traits) <= 5:
            parts += 1
            continue
        parts += len(traits)
        allele = row["effect_allele"] if letters(row["effect_allele"]) else "?"
        keys |= {(rsid(row["SNP"]), trait, row["STUDY.ACCESSION"], allele) for each in traits if (trait := trait_of(each))}
    assert {row for row in harvest.associations.select("variant", "trait", "study", "effect_allele").iter_rows()} == keys
    assert len(keys) + harvest.set_aside.filter(table="ASSOCIATIONS")["n"].sum() == parts


def check_blueprint(files: Files, harvest: Harvest) -> None:
    """Every line is an association or set aside; each gene's concept is that of its smallest p."""
    lines, best = 0, dict[tuple[str, str, str], Decimal]()
    for row in rows_of(files["monocyte_eqtl.tsv"]):
        lines += 1
        variant, gene, p = (rsid(row["SNP"]), curie_as(row["Phenotype"], "ensembl"), plain_p(row["pval"])) if row else (None, None, None)
        if row and variant and gene and p and letters(row["effect_allele"]):
            key = (variant, gene, row["effect_allele"])
            best[key] = min(p, best.get(key, p))
    assert set(harvest.associations.select("variant", "trait", "effect_allele").iter_rows()) == set(best)
    assert len(best) + harvest.set_aside["n"].sum() == lines
    leads = dict[str, tuple[Decimal, str]]()
    for (variant, gene, _), p in best.items():
        leads[gene] = min((p, variant), leads.get(gene, (p, variant)))
    assert set(harvest.concepts["curie"]) == {variant for _, variant in leads.values()}


@cache
def plain_p(text: str) -> Decimal | None:
    """A p-value above 0 and up to 1; 0 is none, as nobody says how small it was."""
    p = Decimal(text) if re.fullmatch(r"(?a)\+?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,6})?", text) else Decimal(0)
    return p if 0 < p <= 1 else None


def check_ld_windows(files: Files, harvest: Harvest) -> None:
    """Each line has two bounds."""
    assert_fates(harvest, windows_of(files["windows.tsv"]))


def windows_of(path: Path) -> Iterator[Fate]:
    for row in rows_of(path):
        if row is None:
            yield None
            continue
        for bound in ("lower_snp", "upper_snp"):
            lead, end = rsid(row["lead_snp"]), rsid(row[bound])
            yield (lead, "in_linkage_with", end, 0.5) if lead and end and lead != end else None


def check_pharmcat(files: Files, harvest: Harvest) -> None:
    """Each line is a variant of a gene, and each of its alleles has a place or is set aside."""
    rows = [row if row and rsid(row["rsid"]) and row["gene"] else None for row in rows_of(files["rsid_gene.tsv"])]
    kept = [row for row in rows if row]
    assert_fates(harvest, [(str(rsid(row["rsid"])), "variant_of_gene", f"~gene:{row['gene']}", 1.0) if row else None for row in rows])
    alleles = sum(len(row["hgvs"].split(";")) for row in kept)
    lost = harvest.set_aside.filter(table="VARIANTS")["n"].sum()
    # Several changes without letters at one place are one row.
    assert harvest.variants.height + lost <= alleles
    assert len({row["rsid"].lower() for row in kept}) == harvest.concepts.height


def check_cpic(files: Files, harvest: Harvest) -> None:
    """Each pair is a relation or set aside; each drug a concept or set aside."""
    first = {row["symbol"]: curie_as(row["hgncid"], "hgnc") for row in reversed([row for row in rows_of(files["gene.tsv"]) if row])}
    assert_fates(harvest, pairs_of(files["pair.tsv"], {symbol: curie for symbol, curie in first.items() if curie}))
    drugs = list(rows_of(files["drug.tsv"]))
    assert harvest.concepts.height + harvest.set_aside.filter(table="CONCEPTS")["n"].sum() == len(drugs)
    assert harvest.mappings.height == harvest.concepts.height


def pairs_of(path: Path, hgnc: Mapping[str, str]) -> Iterator[Fate]:
    for row in rows_of(path):
        drug = str(Curie.parse(row["drugid"])) if row and looks_like_curie(row["drugid"]) else ""
        is_drug = drug.partition(":")[0] in ("rxnorm", "mesh", "drugbank", "chebi", "pubchem.compound", "chembl.compound", "umls", "ncit", "ndc", "ndfrt", "cvx", "cas")
        gene = row["genesymbol"] if row else ""
        fits = row and gene and is_drug and row["level"] in CONFIDENCE
        yield (hgnc.get(gene, f"~gene:{gene}"), "affects_response", drug, CONFIDENCE[row["level"]]) if row and fits else None


def check_clinvar(files: Files, harvest: Harvest) -> None:
    """Each line is set aside, or each of its conditions and genes is a relation or set aside."""
    assert_fates(harvest, alleles_of(files["variant_summary.txt"]))


def alleles_of(path: Path) -> Iterator[Fate]:
    stars = clinvar.REVIEWS
    for row in rows_of(path):
        said = row["ClinicalSignificance"].lower() if row else ""
        is_other = any(word in said for word in ("conflicting", "uncertain", "benign")) or not re.match(r"(?a)(likely )?pathogenic\b", said)
        variant = rsid("rs" + row["RS# (dbSNP)"]) if row else None
        if not row or row["Assembly"] != "GRCh38" or is_other or not variant or row["OriginSimple"] == "somatic" or row["ReviewStatus"].lower() not in stars:
            yield None
            continue
        confidence = stars[row["ReviewStatus"].lower()] * (0.9 if said.startswith("likely") else 1)
        for condition in re.split("[|;]", row["PhenotypeIDS"]):
            disease = disease_of(condition)
            yield (variant, "pathogenic_for", disease, confidence) if disease else None
        for gene in (row["GeneID"] if row["HGNC_ID"] in ("", "-") else row["HGNC_ID"]).split(";"):
            curie = curie_as(gene.strip(), "hgnc") if gene.strip().startswith("HGNC:") else curie_as(gene.strip(), "ncbigene")
            yield (variant, "variant_of_gene", curie, 1.0) if curie else None


def disease_of(condition: str) -> str | None:
    found = set()
    for each in condition.split(","):
        plain = re.sub(r"(?ai)^human phenotype ontology:", "", each.strip())
        plain = re.sub(r"(?ai)^medgen:(C\d{7})$", r"umls:\1", plain)
        if looks_like_curie(plain):
            found.add(str(Curie.parse(plain)))
    usable = [curie for prefix in clinvar.PREFERRED for curie in sorted(found) if curie.startswith(f"{prefix}:")]
    return usable[0] if usable and not found & set(clinvar.UNNAMED) else None


def check_genes(files: Files, harvest: Harvest) -> None:
    """Each line of a gene is a concept or set aside."""
    lines = [line.split("\t") for line in plain_lines(files["genes.gff3"])]
    genes = [fields for fields in lines if len(fields) > 3 and fields[2] in ("gene", "ncRNA_gene", "pseudogene")]
    assert harvest.concepts.height + harvest.set_aside["n"].sum() == len(genes)


CHECKS: dict[str, Callable[[Files, Harvest], None]] = {
    "mr_instruments": check_mr_instruments, "blueprint_eqtl": check_blueprint, "ld_windows": check_ld_windows, "pharmcat": check_pharmcat,
    "cpic_tables": check_cpic, "clinvar": check_clinvar, "gene_positions": check_genes,
}
SOURCES = [module.SOURCE for module in MODULES]
VICTIMS = [(source, file.name) for source in SOURCES for file in source.files]


def harvest_of(name: str) -> Harvest:
    source = next(each for each in SOURCES if each.name == name)
    return read(source, files_of(name))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_the_slice_gives_the_expected_tables(source: Source) -> None:
    """Every table, and everything set aside, is as written down beside the slice; a plain loop finds the same."""
    assert_as_expected(source.name)
    CHECKS[source.name](files_of(source.name), read(source, files_of(source.name)))


@pytest.mark.parametrize(("source", "victim"), VICTIMS, ids=lambda each: each if isinstance(each, str) else each.name)
def test_no_line_is_lost_however_damaged(tmp_path: Path, source: Source, victim: str) -> None:
    """With damaged lines the tables are still those of a plain loop; a damaged header is refused by name."""
    for seed in range(30):
        files = damaged_copies(files_of(source.name), tmp_path, victim=victim, seed=seed)
        try:
            CHECKS[source.name](files, read(source, files))
        except BadTable as error:
            assert victim in str(error)


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_the_whole_files_give_what_a_plain_loop_counts(source: Source) -> None:
    """Kept, and set aside."""
    files = shared_files(source)
    harvest = read(source, files)
    CHECKS[source.name](files, harvest)
    assert all(getattr(harvest, table.lower()).height >= least for table, least in source.expected.items())


def test_a_decrease_is_not_turned_twice() -> None:
    """MRInstruments writes -0.22 and 'unit decrease'; the sign is in the number already."""
    rows = harvest_of("mr_instruments").associations.filter(variant="dbsnp:rs6511720").select("beta", "effect_unit").rows()
    assert rows == [(-0.22, "unit")]


def test_a_year_is_given_as_its_last_day_and_says_so() -> None:
    """So that no row is taken for older than it is."""
    rows = harvest_of("mr_instruments").associations.filter(pl.col("date").is_not_null()).select(pl.col("date").dt.strftime("%m-%d"), pl.col("flags").list.contains("DATE_IS_YEAR"))
    assert set(rows.rows()) == {("12-31", True)}


def test_only_the_lead_of_each_gene_is_a_concept_of_blueprint() -> None:
    """TCF7L2 has two variants; the one with the smaller p stands for it, and both are associations."""
    harvest = harvest_of("blueprint_eqtl")
    of_gene = harvest.associations.filter(trait="ensembl:ENSG00000148737")["variant"].to_list()
    assert of_gene == ["dbsnp:rs12255372", "dbsnp:rs7903146"]
    assert "dbsnp:rs7903146" not in harvest.concepts["curie"].to_list()


def test_a_deletion_has_a_place_but_no_letters() -> None:
    """`g.42128242del` does not say which base is gone."""
    rows = harvest_of("pharmcat").variants.filter(variant="dbsnp:rs35742686").select("position", "reference_allele", "alternate_allele").rows()
    assert rows == [(42128242, None, "?")]


def test_rxnorm_is_tied_to_drugbank_or_else_to_the_name() -> None:
    """Warfarin has DrugBank's identifier, clopidogrel none here."""
    rows = harvest_of("cpic_tables").mappings.select("subject", "object").rows()
    assert ("rxnorm:11289", "drugbank:DB00682") in rows
    assert ("rxnorm:32968", "~drug:clopidogrel") in rows


def test_a_condition_has_one_disease_and_an_unnamed_one_none() -> None:
    """Of MONDO, MedGen, OMIM and Orphanet's identifiers MONDO's is taken; `not provided` is no disease."""
    rows = harvest_of("clinvar").relations.filter(predicate="pathogenic_for").select("subject", "object").rows()
    assert [object_ for subject, object_ in rows if subject == "dbsnp:rs113993960"] == ["mondo:0009061"]
    assert not [object_ for _, object_ in rows if object_ in ("umls:C3661900", "medgen:CN517202")]


def test_blocks_of_clinvar_make_no_difference() -> None:
    """Read a few lines at a time it gives the same tables."""
    path = files_of("clinvar")["variant_summary.txt"]
    at_once, in_blocks = read(clinvar.SOURCE, files_of("clinvar")), clinvar.read_in_blocks(path, clinvar.SOURCE, block_bytes=700)
    assert in_blocks.relations.equals(at_once.relations)
    assert in_blocks.variants.equals(at_once.variants)
    assert in_blocks.set_aside.equals(at_once.set_aside)
