"""Gene-set libraries read and written: what a set is, what its genes are given as."""

import gzip
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_exports import damaged_copy, gene_sets_of, made_of, n_set_aside, read_own, reasons, written
from small_graphs import concepts_of, lines_of, relations_of

from generel.concepts.errors import BadTable
from kg.interchange.gmt import FORMAT
from kg.interchange.gmt_export import write_gmt

REAL = Path(__file__).parents[2] / ".." / "shared" / "data" / "gene_sets"
LINES = (
    "glucose metabolic process (GO:0006006)\t\tTCF7L2\tINS\tTCF7L2\t",
    "My favorite genes (of 2024)\thttps://x.example\tINS,0.5\tHGNC:11641",
    "Gluconeogenesis%WikiPathways_2024%WP534%Homo sapiens\thttps://y.example\tG6PC1",
    "R-HSA-70171\tGlycolysis\tGCK\tENSG00000106633.9\tGENE_1",
    "no genes\tat all",
    "\tnameless\tINS",
    "the same process (GO:0006006)\t\tINS\tGCK",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path, "library.gmt", *LINES)


def test_sets_are_concepts_where_their_name_holds_an_identifier(file: Path) -> None:
    """In brackets, or as the whole name; a set without one keeps its name. Genes are symbols, or CURIEs where one stands."""
    assert read_own(FORMAT, {"file": file}).gene_sets.select("library", "set", "name", "gene").rows() == [
        ("own", "Gluconeogenesis%WikiPathways_2024%WP534%Homo sapiens", "Gluconeogenesis%WikiPathways_2024%WP534%Homo sapiens", "~gene:G6PC1"),
        ("own", "My favorite genes (of 2024)", "My favorite genes (of 2024)", "hgnc:11641"),
        ("own", "My favorite genes (of 2024)", "My favorite genes (of 2024)", "~gene:INS"),
        ("own", "go:0006006", "glucose metabolic process", "~gene:GCK"),
        ("own", "go:0006006", "glucose metabolic process", "~gene:INS"),
        ("own", "go:0006006", "glucose metabolic process", "~gene:TCF7L2"),
        ("own", "reactome:R-HSA-70171", "R-HSA-70171", "ensembl:ENSG00000106633"),
        ("own", "reactome:R-HSA-70171", "R-HSA-70171", "~gene:GCK"),
        ("own", "reactome:R-HSA-70171", "R-HSA-70171", "~gene:GENE_1"),
    ]


def test_genes_take_part_in_sets_that_are_concepts(file: Path) -> None:
    """Or have a function, if the setting says that the sets are functions."""
    assert lines_of(read_own(FORMAT, {"file": file}).relations) == [
        "ensembl:ENSG00000106633 takes_part_in reactome:R-HSA-70171", "~gene:GCK takes_part_in go:0006006", "~gene:GCK takes_part_in reactome:R-HSA-70171",
        "~gene:GENE_1 takes_part_in reactome:R-HSA-70171", "~gene:INS takes_part_in go:0006006", "~gene:TCF7L2 takes_part_in go:0006006",
    ]
    assert set(read_own(FORMAT, {"file": file}, predicate="has_function").relations["predicate"]) == {"has_function"}


def test_what_is_no_member_is_set_aside(file: Path) -> None:
    """Lines without name or genes as one row, repeated genes each."""
    assert reasons(read_own(FORMAT, {"file": file}), "GENE_SETS") == {
        "library.gmt:1": "the set has the gene already", "library.gmt:5": "the line is not a name, a description and genes between tabs",
        "library.gmt:6": "the gene set has no name", "library.gmt:7": "the set has the gene already",
    }


def test_a_setting_says_of_what_database_bare_identifiers_are(tmp_path: Path) -> None:
    """Of sets and of genes; a gene that is none of the database is set aside."""
    file = written(tmp_path, "w.gmt", "Gluconeogenesis%WikiPathways_2024%WP534%Homo sapiens\t\t2538\t57818\tG6PC")
    harvest = read_own(FORMAT, {"file": file}, sets="wikipathways", genes="ncbigene", library="WikiPathways")
    assert harvest.gene_sets.select("library", "set", "name", "gene").rows() == [
        ("WikiPathways", "wikipathways:WP534", "Gluconeogenesis", "ncbigene:2538"), ("WikiPathways", "wikipathways:WP534", "Gluconeogenesis", "ncbigene:57818")
    ]
    assert reasons(harvest, "GENE_SETS") == {"w.gmt:1": "the gene is not an identifier of ncbigene"}


@pytest.mark.parametrize("wrong", [{"genes": "entrez"}, {"sets": "hgnc"}, {"predicate": "treats"}])
def test_settings_that_cannot_be_are_refused(file: Path, wrong: dict[str, str]) -> None:
    """What there is, is listed."""
    with pytest.raises(BadTable, match=f"'{next(iter(wrong))}' should be one of .*, not '{next(iter(wrong.values()))}'"):
        read_own(FORMAT, {"file": file}, **wrong)


@pytest.mark.parametrize("seed", [1, 2])
def test_damage_never_stops_the_reader_and_every_gene_is_counted(file: Path, seed: int) -> None:
    """Genes kept and set aside are as many as a plain loop finds on lines of distinct names, a line without name or genes counting as one."""
    copy, _ = damaged_copy(file, seed=seed, header=False)
    n, names = 0, set()
    for line in copy.read_bytes().decode("utf-8-sig", "replace").split("\n"):
        name, *rest = [field.strip() for field in line.removesuffix("\r").split("\t")]
        genes = [gene for gene in rest[1:] if gene]
        whole = genes and name and name not in names and "\ufffd" not in line
        n += (len(genes) if whole else 1) if line.strip() else 0
        names |= {name} if whole else set()
    harvest = read_own(FORMAT, {"file": copy})
    assert n > 3000 and harvest.gene_sets.height + n_set_aside(harvest, "GENE_SETS") == n


SETS = gene_sets_of(
    ("GO", "go:0006006", "glucose metabolic process", "hgnc:11641"), ("GO", "go:0006006", "glucose metabolic process", "hgnc:6081"),
    ("My lists/2024", "favorites", "favorites", "hgnc:6081"), ("GO", "go:0006096", "", "hgnc:6081"),
)


def test_libraries_are_written_to_a_file_each(tmp_path: Path) -> None:
    """Symbols, and the identifier of a set in brackets after its name; the second field says whose the set is."""
    assert write_gmt(made_of(gene_sets=SETS), tmp_path) == {"GO.gmt": 2, "My_lists_2024.gmt": 1}
    assert (tmp_path / "GO.gmt").read_text(encoding="utf-8") == "glucose metabolic process (GO:0006006)\ts 1 CC0-1.0\tTCF7L2\tINS\nGO:0006096\ts 1 CC0-1.0\tINS\n"
    assert (tmp_path / "My_lists_2024.gmt").read_text(encoding="utf-8") == "favorites\ts 1 CC0-1.0\tINS\n"


def test_libraries_come_back_as_they_went_out(tmp_path: Path) -> None:
    """Sets, names and genes, once symbols are looked up among the build's genes."""
    made = made_of(gene_sets=SETS)
    write_gmt(made, tmp_path)
    harvest = read_own(FORMAT, {"file": tmp_path / "GO.gmt"}, library="GO")
    symbols = {f"~gene:{name}": curie for curie, name in made.concepts.filter(pl.col("kind") == "gene").select("curie", "name").rows()}
    back = harvest.gene_sets.with_columns(pl.col("gene").replace_strict(symbols)).select("set", "gene").sort("set", "gene")
    assert back.rows() == SETS.filter(pl.col("library") == "GO").select("set", "gene").sort("set", "gene").rows()
    assert harvest.set_aside.is_empty()


def test_a_symbol_that_could_be_another_gene_is_not_written(tmp_path: Path) -> None:
    """Two genes of one symbol, and names that are no symbols, stand there as CURIEs; libraries of one name on the disk are numbered."""
    concepts = concepts_of(("hgnc:1", "TWIN"), ("ncbigene:2", "TWIN"), ("hgnc:3", "uncharacterized gene"), ("hgnc:4", "A1BG"))
    sets = gene_sets_of(*(("a b", "x", "x", gene) for gene in ("hgnc:1", "ncbigene:2", "hgnc:3", "hgnc:4")), ("a_b", "x", "x", "hgnc:4"))
    assert write_gmt(made_of(concepts, relations_of("hgnc:1 regulates hgnc:4"), gene_sets=sets), tmp_path) == {"a_b.gmt": 1, "a_b_2.gmt": 1}
    assert (tmp_path / "a_b.gmt").read_text(encoding="utf-8") == "x\ts 1 CC0-1.0\tHGNC:1\tHGNC:3\tA1BG\tNCBIGene:2\n"
    assert read_own(FORMAT, {"file": tmp_path / "a_b.gmt"}).gene_sets["gene"].to_list() == ["hgnc:1", "hgnc:3", "ncbigene:2", "~gene:A1BG"]


@settings(max_examples=40, deadline=None)
@given(name=st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\t\n\r()%|,"))))
def test_no_name_breaks_the_library(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """Whatever a set's name holds, the set and its genes come back."""
    folder = tmp_path_factory.mktemp("law")
    write_gmt(made_of(gene_sets=gene_sets_of(("L", "go:0006006", name, "hgnc:11641"), ("L", "go:0006096", "b", "hgnc:6081"))), folder)
    harvest = read_own(FORMAT, {"file": folder / "L.gmt"})
    assert harvest.gene_sets.select("set", "gene").rows() == [("go:0006006", "~gene:TCF7L2"), ("go:0006096", "~gene:INS")]


@pytest.mark.skipif(not REAL.is_dir(), reason="the real gene-set libraries are not on this machine")
@pytest.mark.parametrize(
    ("name", "settings_"), [("enrichr.GO_Biological_Process_2021.gmt.gz", {}), ("wikipathways_2015.gmt.gz", {"genes": "ncbigene", "sets": "wikipathways"})]
)
def test_real_libraries_are_read(name: str, settings_: dict[str, str]) -> None:
    """Every gene of every set, and every set is a concept: a plain loop counts the same."""
    with gzip.open(REAL / name, "rt", encoding="utf-8") as lines:
        members = {(line.split("\t")[0], gene.strip()) for line in lines for gene in line.split("\t")[2:] if gene.strip()}
    harvest = read_own(FORMAT, {"file": REAL / name}, **settings_)
    assert harvest.gene_sets.height + n_set_aside(harvest, "GENE_SETS") == len(members) and n_set_aside(harvest, "GENE_SETS") < 0.01 * len(members)
    assert harvest.relations.height == harvest.gene_sets.height
