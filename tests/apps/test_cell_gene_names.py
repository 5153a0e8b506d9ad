"""Thousands of names to genes: identifiers, symbols, former symbols, dates, and names that mean several genes."""

import pytest

from generel.apps.gene_names import GeneNames, say_date
from generel.concepts.errors import BadInput
from tests.apps.gene_world import ROWS, gene_aliases, gene_concepts


@pytest.fixture(scope="module")
def names() -> GeneNames:
    """Of the world."""
    return GeneNames(gene_concepts(), gene_aliases())


def test_genes_are_found_by_every_identifier(names: GeneNames) -> None:
    """Symbol, other capitals, former symbol, Ensembl with version, NCBI with and without prefix, HGNC."""
    named = names.find(["CD3D", "cd3d", "MARCH1", "ENSG00000167286.15", "915", "ncbigene:7273", "HGNC:7315", " TTN "])
    expected = ["CD3D", "CD3D", "MARCHF1", "CD3D", "CD3D", "TTN", "MS4A1", "TTN"]
    assert named.rows.tolist() == [ROWS[name] for name in expected]
    assert named.unknown == ()


def test_a_former_symbol_of_two_genes_is_neither(names: GeneNames) -> None:
    """SEPT2 was SEPTIN2 and SEPTIN6; SEPT6 was one gene only."""
    named = names.find(["SEPT2", "SEPT6"])
    assert named.rows.tolist() == [-1, ROWS["SEPTIN6"]]
    assert dict(named.ambiguous) == {"SEPT2": ("SEPTIN2", "SEPTIN6")}
    assert "SEPT2 (SEPTIN2 or SEPTIN6); give today's symbol" in " ".join(named.sentences())


def test_a_date_is_named_with_what_it_may_have_been(names: GeneNames) -> None:
    """A spreadsheet makes '1-Mar' of MARCHF1 and of MTARC1, and what it was before is lost."""
    named = names.find(["1-Mar", "2-Sep", "2023-03-01", "CD3D", "NOGENE"])
    assert named.dates == ("1-Mar", "2-Sep", "2023-03-01")
    assert named.unknown == ("NOGENE",)
    assert [say_date(date) for date in named.dates] == ["1-Mar (MARCHF1 or MTARC1?)", "2-Sep (SEPTIN2?)", "2023-03-01"]
    assert "format that column as text" in " ".join(named.sentences())


def test_genes_given_twice_are_named(names: GeneNames) -> None:
    """By symbol and by identifier."""
    named = names.find(["CD3D", "TTN", "915", "CD3D"])
    assert named.repeated == (("CD3D", "915", "CD3D"),)
    assert "CD3D = 915" in named.sentences()[-1]


def test_names_that_are_missing_values_are_no_genes(names: GeneNames) -> None:
    """None and NaN, as a table has them, are empty names; 'NaN' as text is a symbol that once was."""
    assert names.find([None, float("nan"), ""]).rows.tolist() == [-1, -1, -1]


def test_no_known_gene_is_refused(names: GeneNames) -> None:
    """The sentence names some, says what is read, and knows identifiers of mice."""
    with pytest.raises(BadInput, match=r"none of the 2 genes of x\.h5ad is in the space, such as A1, A2; human symbols, Ensembl"):
        names.find(["A1", "A2"]).require_some(where="x.h5ad")
    with pytest.raises(BadInput, match="identifiers of another species"):
        names.find(["ENSMUSG00000000001"]).require_some(where="x.h5ad")
    with pytest.raises(BadInput, match="has no genes"):
        names.find([]).require_some(where="x.h5ad")
