"""How the world writes our prefixes: one frozen record each, with the address that a prefix stands for.

Tables of others compare prefixes letter by letter, case included, so what leaves us is spelled as the Biolink Model 4.4 spells it, or,
where that has no such prefix, as its own database does. Whatever is written here, `Curie.parse` reads back as the same CURIE.
"""

from dataclasses import dataclass

import polars as pl

from kg.curies import prefix_of

OBO = "http://purl.obolibrary.org/obo/"
IDENTIFIERS = "http://identifiers.org/"


@dataclass(frozen=True)
class Spelling:
    """One prefix as it is written outside.

    Attributes:
        name: canonical, as in `generel.concepts.prefixes`.
        written: the prefix in files of others.
        address: what `written:` is short for.
        others: further addresses that files give for it.
    """

    name: str
    written: str
    address: str
    others: tuple[str, ...] = ()


def _obo(name: str, *others: str) -> Spelling:
    return Spelling(name, name.upper(), f"{OBO}{name.upper()}_", others)


SPELLINGS: tuple[Spelling, ...] = (
    Spelling("dbsnp", "DBSNP", f"{IDENTIFIERS}dbsnp/"),
    Spelling("hgnc", "HGNC", f"{IDENTIFIERS}hgnc/"),
    Spelling("ncbigene", "NCBIGene", f"{IDENTIFIERS}ncbigene/"),
    Spelling("ensembl", "ENSEMBL", f"{IDENTIFIERS}ensembl/"),
    Spelling("uniprot", "UniProtKB", "http://purl.uniprot.org/uniprot/"),
    _obo("mondo"),
    Spelling("omim", "OMIM", "https://omim.org/entry/", (f"{OBO}OMIM_",)),
    Spelling("orphanet", "ORDO", "http://www.orpha.net/ORDO/Orphanet_"),
    Spelling("decipher", "DECIPHER", "https://www.deciphergenomics.org/syndrome/"),
    _obo("doid"),
    Spelling("efo", "EFO", "http://www.ebi.ac.uk/efo/EFO_"),
    Spelling("omim.ps", "OMIM.PS", "https://www.omim.org/phenotypicSeries/PS"),
    Spelling("oncotree", "ONCOTREE", "http://data.mskcc.org/ontologies/oncotree/"),
    Spelling("gard", "GARD", "http://purl.obolibrary.org/obo/GARD_"),
    Spelling("icd10cm", "ICD10CM", "http://purl.bioontology.org/ontology/ICD10CM/"),
    Spelling("icd10", "ICD10", "https://icd.who.int/browse10/2016/en#/"),
    Spelling("icd9cm", "ICD9", "http://translator.ncats.nih.gov/ICD9_", ("http://purl.bioontology.org/ontology/ICD9CM/",)),
    Spelling("phecode", "PheCode", "https://phewascatalog.org/phecode/"),
    _obo("hp"),
    _obo("oba"),
    _obo("symp"),
    _obo("chebi"),
    Spelling("drugbank", "DRUGBANK", f"{IDENTIFIERS}drugbank/"),
    Spelling("rxnorm", "RXCUI", "http://purl.bioontology.org/ontology/RXNORM/"),
    Spelling("chembl.compound", "CHEMBL.COMPOUND", f"{IDENTIFIERS}chembl.compound/"),
    Spelling("pubchem.compound", "PUBCHEM.COMPOUND", f"{IDENTIFIERS}pubchem.compound/"),
    Spelling("atc", "ATC", "http://www.whocc.no/atc_ddd_index/?code="),
    Spelling("cas", "CAS", f"{IDENTIFIERS}cas/"),
    Spelling("ndc", "NDC", f"{IDENTIFIERS}ndc/"),
    Spelling("ndfrt", "NDFRT", "http://purl.bioontology.org/ontology/NDFRT/"),
    Spelling("cvx", "CVX", "http://purl.bioontology.org/ontology/CVX/"),
    Spelling("mesh", "MESH", "http://id.nlm.nih.gov/mesh/", (f"{IDENTIFIERS}mesh/",)),
    Spelling("umls", "UMLS", f"{IDENTIFIERS}umls/", ("http://linkedlifedata.com/resource/umls/id/",)),
    Spelling("snomedct", "SNOMEDCT", "http://snomed.info/id/"),
    _obo("ncit"),
    Spelling("meddra", "MEDDRA", f"{IDENTIFIERS}meddra/"),
    Spelling("medgen", "medgen", "https://www.ncbi.nlm.nih.gov/medgen/", (f"{IDENTIFIERS}medgen/",)),
    _obo("go"),
    Spelling("reactome", "REACT", "http://www.reactome.org/PathwayBrowser/#/"),
    Spelling("wikipathways", "WIKIPATHWAYS", f"{IDENTIFIERS}wikipathways/"),
    Spelling("pathwaycommons", "PATHWAYCOMMONS", "http://purl.org/pc2/7/"),
    Spelling("msigdb", "MSigDB", "https://www.gsea-msigdb.org/gsea/msigdb/"),
    _obo("uberon"),
    _obo("cl"),
)

BY_NAME: dict[str, Spelling] = {each.name: each for each in SPELLINGS}
ADDRESSES: dict[str, str] = {address: each.name for each in SPELLINGS for address in (each.address, *each.others)}


def spelled(curies: pl.Expr) -> pl.Expr:
    """The CURIEs with the prefix as it is written outside; one without a record keeps its canonical prefix."""
    prefix = prefix_of(curies)
    return pl.concat_str(prefix.replace({each.name: each.written for each in SPELLINGS}), curies.str.extract(r"^[^:]*(:.*)$"))
