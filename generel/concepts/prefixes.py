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

PREFIXES: tuple[Prefix, ...] = (
    Prefix("dbsnp", r"rs\d+", ("snp",), (V,), 0, "https://www.ncbi.nlm.nih.gov/snp/{}"),
    Prefix("hgnc", r"\d+", (), (G,), 0, "https://www.genenames.org/data/gene-symbol-report/#!/hgnc_id/HGNC:{}"),
    Prefix("ncbigene", r"\d+", ("entrez", "geneid", "ncbi_gene", "egid", "gene"), (G,), 1, "https://www.ncbi.nlm.nih.gov/gene/{}"),
    Prefix("ensembl", r"ENSG\d{11}", ("ensg",), (G,), 2, "https://www.ensembl.org/id/{}"),
    Prefix("uniprot", r"[A-Z0-9]{6,10}", ("uniprotkb", "up"), (G,), None, "https://www.uniprot.org/uniprotkb/{}"),
    Prefix("mondo", r"\d{7}", (), (D,), 0, "https://monarchinitiative.org/MONDO:{}"),
    Prefix("omim", r"\d{6}", ("mim", "omimid"), (D, G), 1, "https://omim.org/entry/{}"),
    Prefix("orphanet", r"\d+", ("orpha", "ordo", "orphanet.ordo"), (D,), 2, "https://www.orpha.net/en/disease/detail/{}"),
    Prefix("decipher", r"\d+", (), (D,), 3),
    Prefix("doid", r"\d+", ("do",), (D,), 4, "https://disease-ontology.org/?id=DOID:{}"),
    Prefix("efo", r"\d{7}", (), (D, P), 5, "https://www.ebi.ac.uk/efo/EFO_{}"),
    Prefix("omim.ps", r"\d+", ("omimps", "mimps", "phenotypicseries"), (D,), None, "https://omim.org/phenotypicSeries/PS{}"),
    Prefix("oncotree", r"[A-Za-z0-9_]+", (), (D,), 8),
    Prefix("gard", r"\d+", (), (), None),
    Prefix("icd10cm", r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?(-[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?)?", ("icd10-cm", "icd-10-cm"), (D,), 12),
    Prefix("icd10", r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?(-[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?)?", ("icd-10", "icd10who"), (D,), 14),
    Prefix("icd9cm", r"[EV]?\d{1,3}(\.\d{1,2})?(-[EV]?\d{1,3}(\.\d{1,2})?)?", ("icd9", "icd9-cm", "icd-9-cm", "icd-9"), (D,), 13),
    Prefix("phecode", r"\d{1,4}(\.\d{1,2})?", ("phewas",), (D,), 11),
    Prefix("hp", r"\d{7}", ("hpo",), (P,), 0, "https://hpo.jax.org/browse/term/HP:{}"),
    Prefix("oba", r"(VT)?\d{7}", (), (P,), 3, "https://www.ebi.ac.uk/ols4/ontologies/oba/terms?obo_id=OBA:{}"),
    Prefix("symp", r"\d{7}", (), (P,), 4, "https://www.ebi.ac.uk/ols4/ontologies/symp/terms?obo_id=SYMP:{}"),
    Prefix("chebi", r"\d+", (), (R,), 0, "https://www.ebi.ac.uk/chebi/CHEBI:{}"),
    Prefix("drugbank", r"DB\d{5}", ("drugbankid",), (R,), 1, "https://go.drugbank.com/drugs/{}"),
    Prefix("rxnorm", r"\d+", ("rxcui", "rxnorm extension"), (R,), 2, "https://mor.nlm.nih.gov/RxNav/search?searchBy=RXCUI&searchTerm={}"),
    Prefix("chembl.compound", r"CHEMBL\d+", ("chembl", "chembl_compound"), (R,), 3, "https://www.ebi.ac.uk/chembl/explore/compound/{}"),
    Prefix("pubchem.compound", r"\d+", ("pubchem", "pubchem_compound", "cid"), (R,), 4, "https://pubchem.ncbi.nlm.nih.gov/compound/{}"),
    Prefix("atc", r"[A-Z](\d{2}([A-Z]([A-Z](\d{2})?)?)?)?", (), (R,), None, "https://atcddd.fhi.no/atc_ddd_index/?code={}"),
    Prefix("cas", r"\d{2,7}-\d{2}-\d", (), (R,), None),
    Prefix("ndc", r"[0-9*]{4,13}", (), (R,), 9),
    Prefix("ndfrt", r"N\d{10}", ("nui",), (R,), 10),
    Prefix("cvx", r"\d+", (), (R,), 8),
    Prefix("mesh", r"[A-Z]\d{6,9}", ("msh", "mesh_id"), (D, R, P), 6, "https://meshb.nlm.nih.gov/record/ui?ui={}"),
    Prefix("umls", r"C\d{7}", ("umls_cui", "cui"), (D, P, R), 9, "https://uts.nlm.nih.gov/uts/umls/concept/{}"),
    Prefix("snomedct", r"\d{6,18}", ("sctid", "snomedct_us", "snomed", "snomed_ct"), (D, P), 10, "https://snomed.info/id/{}"),
    Prefix("ncit", r"C\d+", ("nci", "nci_thesaurus"), (D, P, R), 7, "https://evsexplore.semantics.cancer.gov/evsexplore/concept/ncit/{}"),
    Prefix("meddra", r"\d+", (), (), None),
    Prefix("medgen", r"[CN]?\d+", (), (), None, "https://www.ncbi.nlm.nih.gov/medgen/{}"),
    Prefix("go", r"\d{7}", ("gene_ontology",), (B, F, C), 0, "https://amigo.geneontology.org/amigo/term/GO:{}"),
    Prefix("reactome", r"R-HSA-\d+", ("react",), (W,), 0, "https://reactome.org/PathwayBrowser/#/{}"),
    Prefix("wikipathways", r"WP\d+", ("wp",), (W,), 1, "https://www.wikipathways.org/pathways/{}.html"),
    Prefix("pathwaycommons", r"PC\d+_\d+", (), (W,), 2),
    Prefix("msigdb", r"[A-Z][A-Z0-9_]+", (), (W,), 3, "https://www.gsea-msigdb.org/gsea/msigdb/human/geneset/{}"),
    Prefix("uberon", r"\d{7}", (), (A,), 0, "https://www.ebi.ac.uk/ols4/ontologies/uberon/terms?obo_id=UBERON:{}"),
    Prefix("cl", r"\d{7}", (), (A,), 1, "https://www.ebi.ac.uk/ols4/ontologies/cl/terms?obo_id=CL:{}"),
)

BY_NAME: dict[str, Prefix] = {prefix.name: prefix for prefix in PREFIXES}
BY_SPELLING: dict[str, Prefix] = {
    spelling: prefix for prefix in PREFIXES for spelling in (prefix.name, *prefix.spellings)
}
