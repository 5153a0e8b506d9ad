"""Every common spelling of an identifier leads to the one concept."""

from collections.abc import Iterator

import polars as pl
import pytest

from generel.concepts.errors import UnknownPrefix
from generel.concepts.tables import CALIBRATION, MERGES, SPACE_CONCEPTS
from generel.index.names import NamesIndex
from generel.index.names_build import build_names
from generel.query.lookup import look_up
from generel.query.resolve import resolve

DIABETES, TCF7L2, VARIANT, METFORMIN = "mondo:0005148", "hgnc:11641", "dbsnp:rs7903146", "chebi:6801"
MODY, APOPTOSIS, METABOLISM = "mondo:0018911", "go:0006915", "reactome:R-HSA-1430728"
CONCEPTS = (
    (DIABETES, "disease", "type 2 diabetes mellitus"), (TCF7L2, "gene", "TCF7L2"), (VARIANT, "variant", "rs7903146"), (METFORMIN, "drug", "metformin"),
    (MODY, "disease", "maturity-onset diabetes of the young"), (APOPTOSIS, "process", "apoptotic process"), (METABOLISM, "pathway", "Metabolism"),
)
ALIASES = (
    *(("disease", alias, DIABETES) for alias in ("doid:9352", "efo:0001360", "umls:C0011860", "mesh:D003924", "omim:125853", "snomedct:44054006", "ncit:C26747")),
    *(("gene", alias, TCF7L2) for alias in ("ncbigene:6934", "ensembl:ENSG00000148737", "omim:602228", "uniprot:Q9NQB0")),
    *(("drug", alias, METFORMIN) for alias in ("drugbank:DB00331", "chembl.compound:CHEMBL1431", "rxnorm:6809", "pubchem.compound:4091")),
    ("disease", "orphanet:552", MODY),
)
SPELLINGS = {
    DIABETES: """MONDO:0005148 mondo:0005148 Mondo:0005148 MONDO_0005148 MONDO:MONDO:0005148 http://purl.obolibrary.org/obo/MONDO_0005148 obo:MONDO_0005148
        https://identifiers.org/mondo:0005148 https://identifiers.org/mondo/0005148 https://bioregistry.io/MONDO:0005148 <http://purl.obolibrary.org/obo/MONDO_0005148>
        DOID:9352 doid:9352 DOID_9352 http://purl.obolibrary.org/obo/DOID_9352 EFO:0001360 EFO_0001360 http://www.ebi.ac.uk/efo/EFO_0001360 UMLS:C0011860 umls:c0011860
        UMLS_CUI:C0011860 MESH:D003924 mesh:d003924 MSH:D003924 http://id.nlm.nih.gov/mesh/D003924 OMIM:125853 MIM:125853 SNOMEDCT_US_2023_03_01:44054006
        SCTID:44054006 https://snomed.info/id/44054006 NCIT:C26747 NCI:C26747""",
    TCF7L2: """TCF7L2 HGNC:11641 hgnc:11641 HGNC:HGNC:11641 HGNC_11641 NCBIGene:6934 ncbigene:6934 entrez:6934 EntrezGene:6934 GeneID:6934
        https://www.ncbi.nlm.nih.gov/gene/6934 ENSG00000148737 ensg00000148737 ENSG00000148737.12 Ensembl:ENSG00000148737 ENSEMBL:ENSG00000148737.18
        OMIM:602228 MIM:602228 https://omim.org/entry/602228 UniProtKB:Q9NQB0 https://identifiers.org/hgnc:11641""",
    VARIANT: """rs7903146 RS7903146 Rs7903146 dbSNP:rs7903146 dbsnp:RS7903146 SNP:rs7903146 https://www.ncbi.nlm.nih.gov/snp/rs7903146
        https://identifiers.org/dbsnp/rs7903146""",
    METFORMIN: """CHEBI:6801 chebi:6801 CHEBI_6801 CHEBI:CHEBI:6801 http://purl.obolibrary.org/obo/CHEBI_6801 DB00331 db00331 DrugBank:DB00331
        https://go.drugbank.com/drugs/DB00331 CHEMBL:CHEMBL1431 RXCUI:6809 pubchem_cid:4091""",
    MODY: "ORPHA:552 Orphanet_552 Orphanet:552 ORPHANET:552 http://www.orpha.net/ORDO/Orphanet_552 MONDO:0018911",
    APOPTOSIS: "GO_0006915 GO:0006915 go:0006915 http://purl.obolibrary.org/obo/GO_0006915 http://www.ebi.ac.uk/QuickGO/term/GO:0006915",
    METABOLISM: "R-HSA-1430728 r-hsa-1430728 REACTOME:R-HSA-1430728 REACT:R-HSA-1430728 https://reactome.org/PathwayBrowser/#/R-HSA-1430728",
}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NamesIndex]:
    """Seven concepts with the identifiers that other databases have for them."""
    rows = [(row, curie, kind, name, [], None, "by hand", 1) for row, (curie, kind, name) in enumerate(CONCEPTS)]
    path = tmp_path_factory.mktemp("spellings") / "names.sqlite"
    build_names(
        path, concepts=pl.DataFrame(rows, schema=SPACE_CONCEPTS.columns, orient="row"), aliases=pl.DataFrame(ALIASES, schema=MERGES.columns, orient="row"),
        calibration=CALIBRATION.empty(), made_from={},
    )
    index = NamesIndex(path)
    yield index
    index.close()


@pytest.mark.parametrize(("spelling", "curie"), [(spelling, curie) for curie, spellings in SPELLINGS.items() for spelling in spellings.split()])
def test_a_spelling_means_its_concept(names: NamesIndex, spelling: str, curie: str) -> None:
    """Capitals, underscores, repeated prefixes, versions, bare identifiers and addresses, in `resolve` and in `lookup`."""
    assert resolve(names, spelling).concept.curie == curie
    assert [match.concept.curie for match in look_up(names, f" {spelling} ", 5)] == [curie]


def test_an_address_of_nothing_known_is_refused(names: NamesIndex) -> None:
    """It is not read as free text."""
    with pytest.raises(UnknownPrefix, match=r"'https' in 'https://example\.org/gene/6934' is not a known prefix"):
        resolve(names, "https://example.org/gene/6934")
