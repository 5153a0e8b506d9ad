"""The prefixes generel knows, one frozen record each: how they are spelled in the wild, what an identifier looks like.

Names follow the Bioregistry where it has the prefix (a test compares the two); `rank` says whose identifier names the
concept when several databases describe the same thing: the lowest rank of a component wins.
"""

from dataclasses import dataclass

from generel.concepts.kinds import Kind


@dataclass(frozen=True)
class Prefix:
    """One identifier space.

    Attributes:
        name: canonical spelling, lower case, as it stands before the colon.
        pattern: regular expression that the whole identifier matches.
        spellings: other spellings met in files, lower case; `name` itself need not be listed.
        kinds: the kinds its identifiers can name, the usual one first; empty for codes that only serve as cross-references.
        rank: order in which a prefix may name a concept of its kind; None if it never does while another can.
        link: address of an identifier's page, with `{}` for the identifier; empty where there is none.
    """

    name: str
    pattern: str
    spellings: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    rank: int | None = None
    link: str = ""

    @property
    def all_spellings(self) -> tuple[str, ...]:
        """`name` and the other spellings, longest first: in a pattern of alternatives 'nci' would hide 'nci_thesaurus'."""
        return tuple(sorted((self.name, *self.spellings), key=len, reverse=True))


V, G, D, P, R, W, B = Kind.VARIANT, Kind.GENE, Kind.DISEASE, Kind.PHENOTYPE, Kind.DRUG, Kind.PATHWAY, Kind.PROCESS
F, C, A = Kind.FUNCTION, Kind.COMPONENT, Kind.ANATOMY

# Cross-references of other vocabularies name the release that they were made from.
SNOMED_RELEASES = (
    "2005_07_31", "2010_1_31", "2015_03_01", "2016_03_01", "2018_03_01", "2018_09_01", "2019_03_01", "2019_09_01", "2020_03_01", "2020_09_01", "2021_03_01",
    "2021_07_31", "2021_09_01", "2022_07_31", "2022_09_01", "2022_12_31", "2023_02_28", "2023_03_01", "2023_09_01", "2023_10_01", "2023_11_01",
    "2024_03_01", "2025_09_01", "2026_03_01",
)
SNOMED = (
    "sctid", "snomedct_us", "snomed", "snomed_ct", "snomect", "snomedctct", "snowmedct", "snowmedct_us",
    *(f"{name}_{release}" for name in ("sctid", "snomedct", "snomedct_us", "snomed_ct_us", "snomedctct", "snowmedct_us") for release in SNOMED_RELEASES),
)
MESH = (
    "msh", "mesh_id", "meshuid", "mesha", "meshc", "meshcs", "meshd", "meshpp", "mesh_descriptor_ui", "mesh_supplemental_record_ui", "msh2010_2010_02_22",
)

PREFIXES: tuple[Prefix, ...] = (
    Prefix("dbsnp", r"rs\d+", ("snp",), (V,), 0, "https://www.ncbi.nlm.nih.gov/snp/{}"),
    Prefix("hgnc", r"\d+", (), (G,), 0, "https://www.genenames.org/data/gene-symbol-report/#!/hgnc_id/HGNC:{}"),
    Prefix("ncbigene", r"\d+", ("entrez", "geneid", "ncbi_gene", "egid", "gene", "entrezgene", "ncbi_geneid", "nihgeneid", "entrez gene/locuslink"), (G,), 1, "https://www.ncbi.nlm.nih.gov/gene/{}"),
    Prefix("ensembl", r"ENSG\d{11}", ("ensg",), (G,), 2, "https://www.ensembl.org/id/{}"),
    Prefix("uniprot", r"[A-Z0-9]{6,10}", ("uniprotkb", "up", "swissprot", "uniprot id", "uniprot/swiss-prot"), (G,), None, "https://www.uniprot.org/uniprotkb/{}"),
    Prefix("mondo", r"\d{7}", (), (D,), 0, "https://monarchinitiative.org/MONDO:{}"),
    Prefix("omim", r"\d{6}", ("mim", "omimid"), (D, G), 1, "https://omim.org/entry/{}"),
    Prefix("orphanet", r"\d+", ("orpha", "ordo", "orphanet.ordo"), (D,), 2, "https://www.orpha.net/en/disease/detail/{}"),
    Prefix("decipher", r"\d+", (), (D,), 3),
    Prefix("doid", r"\d+", ("do",), (D,), 4, "https://disease-ontology.org/?id=DOID:{}"),
    Prefix("efo", r"\d{7}", (), (D, P), 5, "https://www.ebi.ac.uk/efo/EFO_{}"),
    Prefix("omim.ps", r"\d+", ("omimps", "mimps", "mim.ps", "phenotypicseries"), (D,), None, "https://omim.org/phenotypicSeries/PS{}"),
    Prefix("oncotree", r"[A-Za-z0-9_]+", (), (D,), 8),
    Prefix("gard", r"\d+", ("genetic and rare diseases information center",), (), None),
    Prefix("icd10cm", r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?(-[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?)?", ("icd10-cm", "icd-10-cm"), (D,), 12),
    Prefix("icd10", r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?(-[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?)?", ("icd-10", "icd10who"), (D,), 14),
    Prefix("icd9cm", r"[EV]?\d{1,3}(\.\d{1,2})?(-[EV]?\d{1,3}(\.\d{1,2})?)?", ("icd9", "icd9-cm", "icd-9-cm", "icd-9", "ic9cm", "icd9cm_2005", "icd9cm_2006", "icdcm_2005"), (D,), 13),
    Prefix("phecode", r"\d{1,4}(\.\d{1,2})?", ("phewas",), (D,), 11),
    Prefix("hp", r"\d{7}", ("hpo",), (P,), 0, "https://hpo.jax.org/browse/term/HP:{}"),
    Prefix("oba", r"(VT)?\d{7}", (), (P,), 3, "https://www.ebi.ac.uk/ols4/ontologies/oba/terms?obo_id=OBA:{}"),
    Prefix("symp", r"\d{7}", (), (P,), 4, "https://www.ebi.ac.uk/ols4/ontologies/symp/terms?obo_id=SYMP:{}"),
    Prefix("chebi", r"\d+", ("chebiid",), (R,), 0, "https://www.ebi.ac.uk/chebi/CHEBI:{}"),
    Prefix("drugbank", r"DB\d{5}", ("drugbankid", "drugbank_id"), (R,), 1, "https://go.drugbank.com/drugs/{}"),
    Prefix("rxnorm", r"\d+", ("rxcui", "rxnorm extension"), (R,), 2, "https://mor.nlm.nih.gov/RxNav/search?searchBy=RXCUI&searchTerm={}"),
    Prefix("chembl.compound", r"CHEMBL\d+", ("chembl", "chembl_compound"), (R,), 3, "https://www.ebi.ac.uk/chembl/explore/compound/{}"),
    Prefix("pubchem.compound", r"\d+", ("pubchem", "pubchem_compound", "cid", "pubchem_cid", "pubchem_compound_cid", "pubchem_id"), (R,), 4, "https://pubchem.ncbi.nlm.nih.gov/compound/{}"),
    Prefix("atc", r"[A-Z](\d{2}([A-Z]([A-Z](\d{2})?)?)?)?", ("atc_code", "attc"), (R,), None, "https://atcddd.fhi.no/atc_ddd_index/?code={}"),
    Prefix("cas", r"\d{2,7}-\d{2}-\d", ("casid", "cas_id", "cas_rn", "secondary_cas_rn"), (R,), None),
    Prefix("ndc", r"[0-9*]{4,13}", (), (R,), 9),
    Prefix("ndfrt", r"N\d{10}", ("nui", "ndf-rt"), (R,), 10),
    Prefix("cvx", r"\d+", (), (R,), 8),
    Prefix("mesh", r"[A-Z]\d{6,9}", MESH, (D, R, P), 6, "https://meshb.nlm.nih.gov/record/ui?ui={}"),
    Prefix("umls", r"C\d{7}", ("umls_cui", "umls cui", "umls.cui", "cui"), (D, P, R), 9, "https://uts.nlm.nih.gov/uts/umls/concept/{}"),
    Prefix("snomedct", r"\d{6,18}", SNOMED, (D, P), 10, "https://snomed.info/id/{}"),
    Prefix("ncit", r"C\d+", ("nci", "nci_thesaurus", "nci2004_11_17", "ncithesaurus", "ncit_thesaurus", "ncitm", "ncitt"), (D, P, R), 7, "https://evsexplore.semantics.cancer.gov/evsexplore/concept/ncit/{}"),
    Prefix("meddra", r"\d+", ("medra", "medical dictionary for regulatory activities"), (), None),
    Prefix("medgen", r"[CN]?\d+", ("medgen.uid",), (), None, "https://www.ncbi.nlm.nih.gov/medgen/{}"),
    Prefix("go", r"\d{7}", ("gene_ontology", "gobp", "gobpid", "gocc", "goccid", "gomf", "gomfid"), (B, F, C), 0, "https://amigo.geneontology.org/amigo/term/GO:{}"),
    Prefix("reactome", r"R-HSA-\d+", ("react", "reactome.pathway"), (W,), 0, "https://reactome.org/PathwayBrowser/#/{}"),
    Prefix("wikipathways", r"WP\d+", ("wp",), (W,), 1, "https://www.wikipathways.org/pathways/{}.html"),
    Prefix("pathwaycommons", r"PC\d+_\d+", (), (W,), 2),
    Prefix("msigdb", r"[A-Z][A-Z0-9_]+", ("msig",), (W,), 3, "https://www.gsea-msigdb.org/gsea/msigdb/human/geneset/{}"),
    Prefix("uberon", r"\d{7}", ("uber-anatomy ontology",), (A,), 0, "https://www.ebi.ac.uk/ols4/ontologies/uberon/terms?obo_id=UBERON:{}"),
    Prefix("cl", r"\d{7}", (), (A,), 1, "https://www.ebi.ac.uk/ols4/ontologies/cl/terms?obo_id=CL:{}"),
)

BY_NAME: dict[str, Prefix] = {prefix.name: prefix for prefix in PREFIXES}
BY_SPELLING: dict[str, Prefix] = {
    spelling: prefix for prefix in PREFIXES for spelling in (prefix.name, *prefix.spellings)
}
