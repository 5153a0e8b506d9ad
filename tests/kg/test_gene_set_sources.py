"""Sources of gene sets: GO's annotations, Enrichr's processes, hallmarks, WikiPathways, pathways of three makers, Reactome."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest
from plain_lines import curie_as, mutate_lines, plain_lines, rows_of, shared_files
from source_slices import assert_as_expected, files_of, read

from generel.concepts.errors import BadTable
from kg.harvest import Harvest, SetAside
from kg.sources import go_annotations, go_bp_2021, hallmark, pathways, reactome, wikipathways
from kg.sources.gene_set_library import PREDICATES
from kg.sources.gmt_lines import NAMED_AGAIN, NO_GENES, NO_NAME, read_gmt
from kg.sources.record import Source
from kg.sources.rows import NOT_UTF8

ALLEV, EXPEV = "GO_annotations-9606-direct-allev.tsv", "GO_annotations-9606-direct-expev.tsv"
SOURCES = {each.SOURCE.name: each.SOURCE for each in (go_annotations, go_bp_2021, hallmark, pathways, reactome, wikipathways)}
Member = tuple[str, str, str] | None
"""Library, set and gene; nothing for a row that is set aside."""


@pytest.mark.parametrize("name", SOURCES)
def test_the_slice_gives_the_expected_tables(name: str) -> None:
    """Every table is as written down beside the slice."""
    assert_as_expected(name)


def gmt(folder: Path, text: bytes) -> Path:
    (folder / "x.gmt").write_bytes(text)
    return folder / "x.gmt"


def test_empty_fields_and_weights_are_no_genes(tmp_path: Path) -> None:
    """A line may end in tabs, and Enrichr's weighted libraries put a number after a comma."""
    rows = read_gmt(gmt(tmp_path, b"one\t\tTP53\t\tEGFR,0.37\tKRAS,1e-05\t\nHLA set\twhat\tHLA-DRB1,x\n"), set_aside=SetAside("x"))
    assert rows.rows() == [(1, "one", "", "TP53"), (1, "one", "", "EGFR"), (1, "one", "", "KRAS"), (2, "HLA set", "what", "HLA-DRB1,x")]


def test_lines_that_are_no_gene_set_are_set_aside_once(tmp_path: Path) -> None:
    """A name that occurs again counts only among sets that have genes."""
    aside = SetAside("x")
    rows = read_gmt(gmt(tmp_path, b"a\t\t\t\na\td\tTP53\na\td\tEGFR\n\td\tTP53\nb\tTP53\nb\xff\td\tTP53\n\n"), set_aside=aside)
    assert rows.select("line", "gene").rows() == [(2, "TP53")]
    assert aside.frame().select("key", "reason").rows() == [("x.gmt:1", NO_GENES), ("x.gmt:3", NAMED_AGAIN), ("x.gmt:4", NO_NAME), ("x.gmt:5", NO_GENES), ("x.gmt:6", NOT_UTF8)]


def test_an_empty_library_is_refused(tmp_path: Path) -> None:
    """The message says what a line should be."""
    with pytest.raises(BadTable, match=r"x\.gmt has no lines; a GMT file has one a gene set"):
        read_gmt(gmt(tmp_path, b"\n \n"), set_aside=SetAside("x"))


def test_what_was_known_in_2015_can_be_told_from_2018() -> None:
    """One gene has a function in 2018 alone."""
    sets = read(go_annotations.SOURCE, files_of("go_annotations")).gene_sets.filter(set="go:0004346")
    assert dict(sets.select("library", "gene").iter_rows()) == {"GO 2015": "ncbigene:2538", "GO 2018 experimental": "ncbigene:57818"}


def test_a_term_that_was_renamed_keeps_the_old_name_as_synonym() -> None:
    """'response to drug' is 'response to xenobiotic stimulus' in the newer file."""
    concepts = read(go_annotations.SOURCE, files_of("go_annotations")).concepts.filter(curie="go:0042493")
    assert concepts.select("name", "synonyms").rows() == [("response to xenobiotic stimulus", ["response to drug"])]


def test_a_term_with_two_domains_is_set_aside(tmp_path: Path) -> None:
    """A process cannot be a function: neither file is believed."""
    files = files_of("go_annotations")
    (tmp_path / EXPEV).write_text(files[EXPEV].read_text().replace("molecular_function", "biological_process"))
    harvest = read(go_annotations.SOURCE, files | {EXPEV: tmp_path / EXPEV})
    assert "go:0004346" not in harvest.concepts["curie"].to_list()
    assert harvest.set_aside.filter(key="go:0004346")["n"].to_list() == [2]


def test_each_pathway_bears_the_license_of_its_maker() -> None:
    """PID is public domain, Reactome and WikiPathways of that time are not."""
    rows = read(pathways.SOURCE, files_of("pathways")).relations.select("object", "license").unique().rows()
    assert set(rows) == {
        ("pathwaycommons:PC7_10399", "CC0-1.0"), ("pathwaycommons:PC7_1063", "CC-BY-4.0"), ("wikipathways:WP100", "CC-BY-3.0"), ("wikipathways:WP7", "CC-BY-3.0"),
    }


def test_only_human_pathways_are_read() -> None:
    """The pathway of the mouse has the same name, and other genes."""
    sets = read(wikipathways.SOURCE, files_of("wikipathways")).gene_sets
    assert set(sets["set"]) == {"wikipathways:WP100", "wikipathways:WP399"}


def test_the_library_is_named_by_its_release() -> None:
    """So that a later WikiPathways stands beside it."""
    assert wikipathways.version_of(files_of("wikipathways")) == "2016-04-02"
    assert set(read(wikipathways.SOURCE, files_of("wikipathways")).gene_sets["library"]) == {"WikiPathways 2016-04-02"}


def test_the_better_evidence_of_two_counts() -> None:
    """PCK1 is in gluconeogenesis by a paper and by inference."""
    relations = read(reactome.SOURCE, files_of("reactome")).relations.filter(object="reactome:R-HSA-70263")
    assert dict(relations.select("subject", "confidence").iter_rows()) == {"ncbigene:2538": 0.5, "ncbigene:5105": 1.0}


def annotations(files: Mapping[str, Path]) -> Iterator[Member]:
    """Members by a plain loop; the slices' terms have one domain each."""
    domains = {"biological_process", "molecular_function", "cellular_component"}
    kinds: dict[str, set[str]] = {}
    found: list[tuple[Member, str]] = []
    for name, library in ((EXPEV, "GO 2018 experimental"), (ALLEV, "GO 2015")):
        seen: set[str] = set()
        for row in rows_of(files[name]):
            term = (curie_as(row["go_id"], "go") if row else None) or ""
            if not row or not term or term in seen or row["go_domain"] not in domains or not row["go_name"] or row["tax_id"] != "9606":
                found.append((None, ""))
                continue
            seen.add(term)
            for gene in row["gene_ids"].split("|"):
                curie = curie_as(gene, "ncbigene")
                found.append(((library, term, curie) if curie else None, term))
                if curie:
                    kinds.setdefault(term, set()).add(row["go_domain"])
    for member, term in found:
        yield member if member and len(kinds[term]) == 1 else None


def gmt_sets(path: Path) -> Iterator[tuple[str, list[str]] | None]:
    """Name and genes of the lines of a library."""
    seen = set()
    for line in plain_lines(path):
        name, *rest = [field.strip() for field in line.split("\t")]
        genes = [re.sub(r"^(.+),[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$", r"\1", gene) for gene in rest[1:] if gene]
        usable = "\ufffd" not in line and genes and name
        yield (name, genes) if usable and name not in seen else None
        if usable:
            seen.add(name)


def symbols(path: Path, library: str, curie_of: Callable[[str], str | None]) -> Iterator[Member]:
    """Members of a library of symbols."""
    first: dict[str, str] = {}
    for each in gmt_sets(path):
        if each is None:
            yield None
            continue
        name, genes = each
        curie = curie_of(name)
        owner = first.setdefault(curie, name) if curie else None
        for gene in genes:
            yield (library, curie, f"~gene:{gene}") if curie and owner == name else None


def process_of(name: str) -> str | None:
    match = re.fullmatch(r"(.*\S)\s*\((GO:[0-9]{7})\)", name, re.DOTALL)
    return curie_as(match[2], "go") if match else None


def hallmark_of(name: str) -> str | None:
    return curie_as(name, "msigdb") if name.startswith("HALLMARK_") else None


def wiki(path: Path) -> Iterator[Member]:
    """Members of human pathways; the library's name is that of the whole file."""
    first: dict[str, str] = {}
    head = re.search(r"%WikiPathways_(\d{4})(\d\d)(\d\d)%", next(plain_lines(path)))
    library = "WikiPathways " + "-".join(head.groups()) if head else "WikiPathways"
    for each in gmt_sets(path):
        if each is None:
            yield None
            continue
        name, genes = each
        parts = [part.strip() for part in name.split("%")]
        curie = curie_as(parts[2], "wikipathways") if len(parts) == 4 and parts[0] else None
        human = curie if curie and parts[3] == "Homo sapiens" else None
        owner = first.setdefault(human, name) if human else None
        for gene in genes:
            member = curie_as(gene, "ncbigene")
            yield (library, human, member) if human and owner == name and member else None


def makers(path: Path) -> Iterator[Member]:
    """Members of the pathways of three makers."""
    seen: set[str] = set()
    for row in rows_of(path):
        curie = None
        if row:
            wiki_identifier = re.fullmatch(r"(WP[0-9]+)(_r[0-9]+)?", row["identifier"])
            curie = curie_as(row["identifier"], "pathwaycommons") or (f"wikipathways:{wiki_identifier[1]}" if wiki_identifier else None)
        if not row or not curie or curie in seen or not row["name"] or row["source"] not in pathways.LIBRARIES or row["license"] not in pathways.LICENSES:
            yield None
            continue
        seen.add(curie)
        for gene in row["genes"].split("|"):
            member = curie_as(gene, "ncbigene")
            yield (pathways.LIBRARIES[row["source"]], curie, member) if member else None


def reactions(path: Path) -> Iterator[Member]:
    """Members of human pathways of Reactome."""
    for row in rows_of(path, header=reactome.COLUMNS):
        ends = (curie_as(row["pathway"], "reactome"), curie_as(row["gene"], "ncbigene")) if row and row["species"] == "Homo sapiens" else (None, None)
        good = row and all(ends) and row["name"] and row["evidence"] in ("TAS", "IEA")
        yield ("Reactome", ends[0] or "", ends[1] or "") if good else None


MEMBERS: dict[str, Callable[[Mapping[str, Path]], Iterator[Member]]] = {
    "go_annotations": annotations,
    "go_bp_2021": lambda files: symbols(files[go_bp_2021.FILE], go_bp_2021.LIBRARY, process_of),
    "hallmark": lambda files: symbols(files[hallmark.FILE], hallmark.LIBRARY, hallmark_of),
    "wikipathways": lambda files: wiki(files[wikipathways.FILE]),
    "pathways": lambda files: makers(files[pathways.FILE]),
    "reactome": lambda files: reactions(files[reactome.FILE]),
}


def assert_members(harvest: Harvest, members: Iterator[Member]) -> None:
    """The gene sets are those of a plain loop, each gene is related to its set, and as many rows are set aside."""
    fates = list(members)
    kept = {fate for fate in fates if fate}
    assert set(harvest.gene_sets.select("library", "set", "gene").iter_rows()) == kept
    assert set(harvest.relations.select("subject", "object").iter_rows()) == {(gene, of) for _, of, gene in kept}
    assert set(harvest.concepts["curie"]) == {of for _, of, _ in kept}
    assert harvest.set_aside["n"].sum() == sum(fate is None for fate in fates)


@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
def test_no_line_is_lost_however_damaged(tmp_path: Path, source: Source) -> None:
    """Two thousand damaged lines are members or set aside, as a plain loop has it."""
    files = files_of(source.name)
    has_header = source.name in ("go_annotations", "pathways")
    files |= {name: mutate_lines(path, tmp_path, n=2_000, seed=6, header=has_header) for name, path in files.items()}
    assert_members(read(source, files), MEMBERS[source.name](files))


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
def test_the_whole_file_gives_what_a_plain_loop_gives(source: Source) -> None:
    """Every line of the library, and at least as many rows as the record expects."""
    files = shared_files(source)
    harvest = source.read(files, source)
    assert_members(harvest, MEMBERS[source.name](files))
    assert all(getattr(harvest, table.lower()).height >= n for table, n in source.expected.items())


def test_every_kind_of_set_has_its_predicate() -> None:
    """Genes take part in pathways and processes, have functions and act in components."""
    kinds = read(go_annotations.SOURCE, files_of("go_annotations")).concepts["kind"]
    assert set(kinds) == set(PREDICATES) - {"pathway"}
    relations = read(go_annotations.SOURCE, files_of("go_annotations")).relations.filter(pl.col("object") == "go:0005789")
    assert set(relations["predicate"]) == {"acts_in"}
