"""Our kinds and predicates in the words of the Biolink Model (4.4), which KGX files speak; one table, read both ways.

What is written for a predicate may be wider than it is ("related to"), since Biolink has no word for all of ours; our own predicate
stands beside it. So not everything that is written is read back by it: `reads` lists what is. One word may be read as several of ours
(`causes` of a gene and of a variant): the first record that takes the kinds of the two ends decides.
"""

from dataclasses import dataclass

from generel.concepts.kinds import Kind
from generel.concepts.predicates import BY_NAME as OURS

NOT_SAID = "not_provided"
STATISTICAL, ENTAILED, IN_TEXT = "statistical_association", "logical_entailment", "text_co_occurrence"

# Categories by kind, the one that is written first. Where a category may be of several kinds, the identifier's prefix decides.
OF_KINDS: dict[Kind, tuple[str, ...]] = {
    Kind.VARIANT: ("SequenceVariant",),
    Kind.GENE: ("Gene", "Protein", "GeneOrGeneProduct"),
    Kind.DISEASE: ("Disease", "DiseaseOrPhenotypicFeature"),
    Kind.PHENOTYPE: ("PhenotypicFeature", "DiseaseOrPhenotypicFeature"),
    Kind.DRUG: ("Drug", "SmallMolecule", "MolecularEntity", "MolecularMixture", "ComplexMolecularMixture", "ChemicalMixture", "ChemicalEntity", "ChemicalSubstance"),
    Kind.PATHWAY: ("Pathway",),
    Kind.PROCESS: ("BiologicalProcess", "PhysiologicalProcess", "PathologicalProcess", "BiologicalProcessOrActivity"),
    Kind.FUNCTION: ("MolecularActivity", "BiologicalProcessOrActivity"),
    Kind.COMPONENT: ("CellularComponent",),
    Kind.ANATOMY: ("GrossAnatomicalStructure", "AnatomicalEntity", "Cell"),
}
CATEGORY_OF: dict[str, str] = {kind.value: f"biolink:{names[0]}" for kind, names in OF_KINDS.items()}
CATEGORIES: dict[str, tuple[Kind, ...]] = {
    f"biolink:{name}": tuple(kind for kind, names in OF_KINDS.items() if name in names) for every in OF_KINDS.values() for name in every
}


@dataclass(frozen=True)
class Qualifiers:
    """What narrows an edge down: whose aspect, and in which direction it changes; empty where nothing is said."""

    subject_aspect: str = ""
    subject_direction: str = ""
    object_aspect: str = ""
    object_direction: str = ""


PLAIN = Qualifiers()
EXPRESSION = Qualifiers(object_aspect="expression")
MORE_OF, LESS_OF = (Qualifiers(object_aspect="expression", object_direction=word) for word in ("increased", "decreased"))
IN_MORE, IN_LESS = (Qualifiers(subject_aspect="expression", subject_direction=word) for word in ("increased", "decreased"))
# Biolink's words for one direction.
DIRECTIONS = {"upregulated": "increased", "downregulated": "decreased"}


@dataclass(frozen=True)
class Wording:
    """One of our predicates in Biolink's words, without their `biolink:`.

    Attributes:
        ours: the predicate.
        written: the word that is written for it.
        reads: words that are read as it.
        reads_turned: words that are read as it with subject and object exchanged; symmetric ones stand in both.
        qualifiers: what is written beside the word, and has to stand there for it to be read.
        level, agent: Biolink's knowledge_level and agent_type of such an edge.
    """

    ours: str
    written: str
    reads: tuple[str, ...] = ()
    reads_turned: tuple[str, ...] = ()
    qualifiers: Qualifiers = PLAIN
    level: str = NOT_SAID
    agent: str = NOT_SAID


TOUCHING = ("directly_physically_interacts_with", "physically_interacts_with", "interacts_with", "binds")
TIED = ("associated_with", "genetically_associated_with", "genetic_association")
VARIANTS_OF = ("nearby", "sequence", "missense", "nonsense", "frameshift", "splice_site", "synonymous", "non_coding")

WORDINGS: tuple[Wording, ...] = (
    Wording("is_a", "subclass_of", ("subclass_of",), ("superclass_of",)),
    Wording("has_phenotype", "has_phenotype", ("has_phenotype",), ("phenotype_of",)),
    Wording("has_inheritance", "has_mode_of_inheritance", ("has_mode_of_inheritance",), ("mode_of_inheritance_of",)),
    Wording("has_clinical_course", "related_to"),
    Wording("gene_of_disease", "gene_associated_with_condition", ("causes",), ("caused_by",)),
    Wording("gene_of_phenotype", "gene_associated_with_condition", level=ENTAILED),
    Wording("has_symptom", "has_manifestation", ("has_manifestation",), ("manifestation_of",)),
    Wording("located_in", "disease_has_location", ("disease_has_location", "located_in"), ("location_of_disease", "location_of")),
    Wording("resembles", "similar_to", ("similar_to", "chemically_similar_to")),
    Wording("mentioned_with", "occurs_together_in_literature_with", ("occurs_together_in_literature_with",), level=IN_TEXT, agent="text_mining_agent"),
    Wording(
        "predisposes_to", "associated_with_increased_likelihood_of",
        ("associated_with_increased_likelihood_of", "contributes_to"), ("increased_likelihood_associated_with", "contribution_from"),
    ),
    Wording(
        "gene_associated_with", "gene_associated_with_condition",
        ("gene_associated_with_condition", "contributes_to", *TIED), ("condition_associated_with_gene", "contribution_from", *TIED),
    ),
    Wording("expression_raised_in", "associated_with", ("associated_with",), qualifiers=IN_MORE),
    Wording("expression_lowered_in", "associated_with", ("associated_with",), qualifiers=IN_LESS),
    Wording("expressed_in", "expressed_in", ("expressed_in",), ("expresses",)),
    Wording("interacts_with", "interacts_with", (*TOUCHING, "genetically_interacts_with", "in_complex_with")),
    Wording("covaries_with", "correlated_with", level=STATISTICAL),
    Wording("regulates", "regulates", ("regulates",), ("regulated_by",)),
    Wording("biomarker_of", "biomarker_for", ("biomarker_for",), ("has_biomarker",)),
    Wording("targets", "physically_interacts_with"),
    Wording("binds", "directly_physically_interacts_with", TOUCHING, TOUCHING),
    Wording("raises_expression_of", "affects", ("affects",), ("affected_by",), qualifiers=MORE_OF),
    Wording("lowers_expression_of", "affects", ("affects",), ("affected_by",), qualifiers=LESS_OF),
    Wording("has_side_effect", "has_side_effect", ("has_side_effect", "has_adverse_event"), ("is_side_effect_of", "adverse_event_of")),
    Wording("palliates", "ameliorates_condition", ("ameliorates_condition",), ("condition_ameliorated_by",)),
    Wording("contraindicated_in", "contraindicated_in", ("contraindicated_in",), ("has_contraindication",)),
    Wording("failed_for", "studied_to_treat"),
    Wording("interacts_with_drug", "pharmacologically_interacts_with", ("pharmacologically_interacts_with", "interacts_with")),
    Wording("treats", "treats", ("treats",), ("treated_by",)),
    Wording("in_trial_for", "in_clinical_trials_for", ("in_clinical_trials_for",), ("tested_by_clinical_trials_of",)),
    *(Wording(name, "associated_with_response_to") for name in ("affects_efficacy", "affects_toxicity", "affects_dosage", "affects_metabolism")),
    Wording("affects_response", "associated_with_response_to", ("associated_with_response_to",), ("response_associated_with",)),
    *(Wording(f"{name}_context", "related_to") for name in ("efficacy", "toxicity", "dosage", "metabolism", "response")),
    Wording("variant_of_gene", "is_nearby_variant_of", tuple(f"is_{word}_variant_of" for word in VARIANTS_OF), tuple(f"has_{word}_variant" for word in VARIANTS_OF)),
    Wording("expression_variant_of", "affects", ("affects",), ("affected_by",), qualifiers=EXPRESSION),
    Wording("variant_associated_with", "associated_with", ("contributes_to", "gene_associated_with_condition", *TIED), TIED, level=STATISTICAL),
    Wording("pathogenic_for", "causes", ("causes",), ("caused_by",)),
    Wording("in_linkage_with", "in_linkage_disequilibrium_with", ("in_linkage_disequilibrium_with",), level=STATISTICAL),
    Wording("has_function", "enables", ("enables",), ("enabled_by",)),
    Wording("acts_in", "active_in", ("active_in", "located_in"), ("has_active_component", "location_of")),
    Wording("takes_part_in", "actively_involved_in", ("actively_involved_in", "participates_in"), ("actively_involves", "has_participant")),
    Wording("occurs_with", "correlated_with", ("correlated_with", "positively_correlated_with"), level=STATISTICAL, agent="data_analysis_pipeline"),
)

BY_NAME: dict[str, Wording] = {each.ours: each for each in WORDINGS}
WORDS = frozenset(word for each in WORDINGS for word in (*each.reads, *each.reads_turned))


@dataclass(frozen=True)
class Reading:
    """One of our predicates, and whether subject and object have to be exchanged."""

    ours: str
    turned: bool


def read_word(word: str, qualifiers: Qualifiers, *, subject_kinds: frozenset[str], object_kinds: frozenset[str]) -> Reading | None:
    """What an edge of this word says between ends of these kinds; None where none of our predicates says it.

    Args:
        word: without `biolink:`.
        subject_kinds, object_kinds: what the ends may be.
    """
    for each in WORDINGS:
        if each.qualifiers != qualifiers:
            continue
        if word in each.reads and _takes(each.ours, subject_kinds, object_kinds):
            return Reading(each.ours, turned=False)
        if word in each.reads_turned and _takes(each.ours, object_kinds, subject_kinds):
            return Reading(each.ours, turned=True)
    return None


def _takes(ours: str, subject_kinds: frozenset[str], object_kinds: frozenset[str]) -> bool:
    record = OURS[ours]
    subjects, objects = (kinds & {kind.value for kind in taken} for kinds, taken in ((subject_kinds, record.subjects), (object_kinds, record.objects)))
    return bool(subjects & objects if record.same_kind else subjects and objects)
