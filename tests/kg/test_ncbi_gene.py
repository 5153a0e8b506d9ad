"""NCBI Gene and RefSeq's summaries: genes by number, their other identifiers, and what they are."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from plain_lines import curie_as, mutate_lines, plain_lines, rows_of, shared_files
from source_slices import assert_as_expected, files_of, read

from generel.concepts.curie import Curie
from generel.concepts.errors import BadIdentifier, BadTable, UnknownPrefix
from generel.concepts.kinds import Kind
from generel.concepts.prefixes import BY_NAME, BY_SPELLING
from kg.harvest import Harvest
from kg.sources import ncbi_gene, refseq

GENE_INFO, SUMMARIES = "Homo_sapiens.gene_info", "gene_summary.tsv"
TODAY = "#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\tdbXrefs\tchromosome\tmap_location\tdescription\ttype_of_gene\tSymbol_from_nomenclature_authority\t"
TODAY += "Full_name_from_nomenclature_authority\tNomenclature_status\tOther_designations\tModification_date\tFeature_type\n"


@pytest.mark.parametrize("name", ["ncbi_gene", "refseq"])
def test_the_slice_gives_the_expected_tables(name: str) -> None:
    """Every table is as written down beside the slice."""
    assert_as_expected(name)


def test_the_header_of_today_is_read_too(tmp_path: Path) -> None:
    """Names between tabs, and one column more, at the end."""
    row = "9606\t6934\tTCF7L2\t-\tTCF-4|TCF4\tMIM:602228|HGNC:HGNC:11641|AllianceGenome:HGNC:11641\t10\t10q25.2-q25.3\t-\tprotein-coding\tTCF7L2\t-\tO\t-\t20240801\t-\n"
    (tmp_path / GENE_INFO).write_text(TODAY + row)
    files = {GENE_INFO: tmp_path / GENE_INFO}
    harvest = read(ncbi_gene.SOURCE, files)
    assert harvest.concepts.select("curie", "name", "synonyms").rows() == [("ncbigene:6934", "TCF7L2", ["TCF-4", "TCF4"])]
    assert harvest.mappings["object"].to_list() == ["omim:602228", "hgnc:11641"]
    assert ncbi_gene.version_of(files) == "2024-08-01"


def test_the_version_is_the_day_of_the_last_change() -> None:
    """PPARA was changed last."""
    assert ncbi_gene.version_of(files_of("ncbi_gene")) == "2015-06-07"


def test_a_file_without_its_header_is_refused(tmp_path: Path) -> None:
    """Columns without names could be any."""
    (tmp_path / GENE_INFO).write_text("9606\t1\tA1BG\n")
    with pytest.raises(BadTable, match=r"gene_info begins with '9606.*its first line should be '#tax_id GeneID Symbol"):
        ncbi_gene.read({GENE_INFO: tmp_path / GENE_INFO}, ncbi_gene.SOURCE)


def test_the_summaries_of_all_organisms_are_read_too(tmp_path: Path) -> None:
    """NCBI's own table has no symbols, which NCBI Gene knows; other organisms and other authors are set aside."""
    rows = [("9606", "5465", "RefSeq", "A receptor. [provided by RefSeq, Jan 2010]"), ("10090", "5465", "RefSeq", "A mouse's."), ("9606", "46", "OMIM", "By another hand.")]
    (tmp_path / SUMMARIES).write_text("#tax_id\tGeneID\tSource\tSummary\n" + "".join("\t".join(row) + "\n" for row in rows))
    harvest = read(refseq.SOURCE, files_of("refseq") | {SUMMARIES: tmp_path / SUMMARIES})
    assert harvest.concepts.select("curie", "name", "definition").rows() == [("ncbigene:5465", "PPARA", "A receptor.")]
    assert harvest.set_aside.select("key", "reason").rows() == [
        ("gene_summary.tsv:4", "the summary is not by RefSeq"), ("taxon 10090", "the gene is of another taxon than humans"),
    ]


def test_only_the_signature_is_taken_off() -> None:
    """Brackets inside a summary stay."""
    texts = dict(read(refseq.SOURCE, files_of("refseq")).concepts.select("curie", "definition").iter_rows())
    assert texts["ncbigene:5465"].endswith("nuclear receptor [PMID:1].")
    assert texts["ncbigene:46"] == "A locus known from families."


def header_of(path: Path) -> list[str]:
    first = next(plain_lines(path))
    return first.removeprefix("#Format: ").removeprefix("#").partition(" (tab is")[0].split()


def plain_genes(path: Path) -> tuple[dict[str, Mapping[str, str]], int]:
    """The human genes by CURIE, and how many lines are none, by a plain loop."""
    genes: dict[str, Mapping[str, str]] = {}
    lost = 0
    names = header_of(path)
    seen = set()
    for line in list(plain_lines(path))[1:]:
        fields = [field.strip() for field in line.split("\t")]
        row = dict(zip(names, fields, strict=True)) if len(fields) == len(names) and "\ufffd" not in line else None
        if line.startswith("#"):
            continue
        curie = curie_as(row["GeneID"], "ncbigene") if row else None
        if not row or not curie or curie in seen or row["tax_id"] != "9606" or row["Symbol"] in ("NEWENTRY", "-", "") or row["type_of_gene"] == "biological-region":
            lost += 1
        else:
            seen.add(curie)
            genes[curie] = row
    return genes, lost


def plain_codes(genes: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str] | None]:
    """Each cross-reference as a mapping of genes; None for one that is none."""
    found: list[tuple[str, str] | None] = []
    for curie, row in genes.items():
        for xref in (each.strip() for each in row["dbXrefs"].split("|")):
            if xref not in ("", "-"):
                # Most are of databases that nobody knows; looking for the nearest one takes long.
                if xref.partition(":")[0].lower() not in BY_SPELLING:
                    found.append(None)
                    continue
                try:
                    code = Curie.parse(xref)
                except (UnknownPrefix, BadIdentifier):
                    found.append(None)
                    continue
                kinds = BY_NAME[code.prefix].kinds
                found.append((curie, str(code)) if not kinds or Kind.GENE in kinds else None)
    return found


def assert_genes(harvest: Harvest, path: Path) -> None:
    genes, lost = plain_genes(path)
    codes = plain_codes(genes)
    assert dict(harvest.concepts.select("curie", "name").iter_rows()) == {curie: " ".join(row["Symbol"].split()) for curie, row in genes.items()}
    assert set(harvest.mappings.select("subject", "object").iter_rows()) == {code for code in codes if code}
    aside = {table: rows["n"].sum() for (table,), rows in harvest.set_aside.partition_by("table", as_dict=True).items()}
    assert (aside.get("CONCEPTS", 0), aside.get("MAPPINGS", 0)) == (lost, sum(code is None for code in codes))


def test_no_gene_is_lost_however_damaged(tmp_path: Path) -> None:
    """Two thousand damaged lines, which begin with no '#', are genes or set aside, as a plain loop has it."""
    path = mutate_lines(files_of("ncbi_gene")[GENE_INFO], tmp_path, n=2_000, seed=2)
    assert_genes(read(ncbi_gene.SOURCE, {GENE_INFO: path}), path)


@pytest.mark.slow
def test_the_genes_are_those_of_a_plain_loop() -> None:
    """Every line of the whole file."""
    files = shared_files(ncbi_gene.SOURCE)
    assert_genes(ncbi_gene.read(files, ncbi_gene.SOURCE), files[GENE_INFO])


def assert_summaries(harvest: Harvest, files: Mapping[str, Path]) -> None:
    """Definitions and losses are those of a plain loop."""
    known, _ = plain_genes(files[GENE_INFO])
    texts: dict[str, str] = {}
    lost, seen = 0, set()
    for row in rows_of(files[SUMMARIES]):
        curie = curie_as(row["Gene_ID"], "ncbigene") if row else None
        text = re.sub(r"\s*\[(provided|supplied) by [^\]]*\]\.?$", "", row["Gene_summary"]) if row else ""
        if row and curie and curie not in seen and text not in ("", "-", "NA") and (row["symbol"] not in ("", "-", "NA") or curie in known):
            seen.add(curie)
            texts[curie] = text
        else:
            lost += 1
    assert dict(harvest.concepts.select("curie", "definition").iter_rows()) == texts
    assert harvest.set_aside["n"].sum() == lost


def test_no_summary_is_lost_however_damaged(tmp_path: Path) -> None:
    """Two thousand damaged lines are summaries or set aside, as a plain loop has it."""
    files = files_of("refseq")
    files |= {SUMMARIES: mutate_lines(files[SUMMARIES], tmp_path, n=2_000, seed=4)}
    assert_summaries(read(refseq.SOURCE, files), files)


@pytest.mark.slow
def test_the_summaries_are_those_of_a_plain_loop() -> None:
    """Every line of the whole file."""
    files = shared_files(refseq.SOURCE)
    assert_summaries(refseq.read(files, refseq.SOURCE), files)
