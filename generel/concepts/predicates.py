"""The predicates of relations, one frozen record each, read as "subject predicate object".

A relation is stored once, in the direction of its record. Two relations between the same pair of concepts belong to
one *group* whatever their predicates: splits hold out groups, so no predicate can tell what another one hides.
"""

from dataclasses import dataclass

from generel.concepts.kinds import Kind

V, G, D, P, R, W, B = Kind.VARIANT, Kind.GENE, Kind.DISEASE, Kind.PHENOTYPE, Kind.DRUG, Kind.PATHWAY, Kind.PROCESS
F, C, A = Kind.FUNCTION, Kind.COMPONENT, Kind.ANATOMY


@dataclass(frozen=True)
class Predicate:
    """One type of relation.

    Attributes:
        name: the word in tables and answers.
        subjects: kinds the subject may have.
        objects: kinds the object may have.
        phrase: how the relation reads from subject to object.
        inverse_phrase: how it reads from object to subject.
        symmetric: whether both directions mean the same; such a relation is stored with the smaller CURIE first.
        same_kind: whether subject and object must be of one kind.
        derived_from: predicates (first, second) through whose composition the relation was made. A training table keeps
            a derived row only if some middle concept joins its ends by *training* rows of those two.
        held_out: whether evaluation may hold groups of it out.
    """

    name: str
    subjects: tuple[Kind, ...]
    objects: tuple[Kind, ...]
    phrase: str
    inverse_phrase: str
    symmetric: bool = False
    same_kind: bool = False
    derived_from: tuple[str, str] | None = None
    held_out: bool = True


ALL = tuple(Kind)

PREDICATES: tuple[Predicate, ...] = (
    Predicate("is_a", ALL, ALL, "is a kind of", "has the kind", same_kind=True),
    Predicate("has_phenotype", (D,), (P,), "shows", "is seen in"),
    Predicate("has_inheritance", (D,), (P,), "is inherited as", "is the inheritance of", held_out=False),
    Predicate("has_clinical_course", (D,), (P,), "takes the course", "is the course of", held_out=False),
    Predicate("gene_of_disease", (G,), (D,), "is a gene of", "has the gene"),
    Predicate(
        "gene_of_phenotype", (G,), (P,), "is a gene of diseases with", "is seen in diseases of",
        derived_from=("gene_of_disease", "has_phenotype"), held_out=False,
    ),
    Predicate("has_symptom", (D,), (P, D), "presents with", "is a symptom of"),
    Predicate("located_in", (D,), (A,), "is found in", "is where one finds"),
    Predicate("resembles", (D, R), (D, R), "resembles", "resembles", symmetric=True, same_kind=True),
    Predicate("mentioned_with", (D, P), (D, P), "is written about together with", "is written about together with", symmetric=True),
    Predicate("predisposes_to", (D,), (D,), "predisposes to", "may follow from"),
    Predicate("gene_associated_with", (G,), (D, P), "is associated with", "is associated with the gene"),
    Predicate("expression_raised_in", (G,), (D, P, A), "is expressed more in", "raises the expression of"),
    Predicate("expression_lowered_in", (G,), (D, P, A), "is expressed less in", "lowers the expression of"),
    Predicate("expressed_in", (G,), (A,), "is expressed in", "expresses"),
    Predicate("interacts_with", (G,), (G,), "interacts with", "interacts with", symmetric=True),
    Predicate("covaries_with", (G,), (G,), "evolved at the rates of", "evolved at the rates of", symmetric=True),
    Predicate("regulates", (G,), (G,), "regulates", "is regulated by"),
    Predicate("biomarker_of", (G,), (D,), "is a biomarker of", "has the biomarker"),
    Predicate("targets", (R,), (G,), "targets", "is the target of"),
    Predicate("binds", (R,), (G,), "binds", "is bound by"),
    Predicate("raises_expression_of", (R,), (G,), "raises the expression of", "has its expression raised by"),
    Predicate("lowers_expression_of", (R,), (G,), "lowers the expression of", "has its expression lowered by"),
    Predicate("has_side_effect", (R,), (P, D), "has the side effect", "is a side effect of"),
    Predicate("palliates", (R,), (D, P), "palliates", "is palliated with"),
    Predicate("contraindicated_in", (R,), (D, P), "must not be given in", "forbids"),
    Predicate("failed_for", (R,), (D, P), "failed in trials for", "saw the failure of"),
    Predicate("interacts_with_drug", (R,), (R,), "interacts with", "interacts with", symmetric=True),
    Predicate("treats", (R,), (D, P), "treats", "is treated with"),
    Predicate("in_trial_for", (R,), (D, P), "is in trials for", "is the subject of trials of"),
    Predicate("affects_efficacy", (V, G), (R,), "affects the efficacy of", "has its efficacy affected by"),
    Predicate("affects_toxicity", (V, G), (R,), "affects the toxicity of", "has its toxicity affected by"),
    Predicate("affects_dosage", (V, G), (R,), "affects the dosage of", "has its dosage affected by"),
    Predicate("affects_metabolism", (V, G), (R,), "affects the metabolism of", "has its metabolism affected by"),
    Predicate("affects_response", (V, G), (R,), "affects the response to", "has its response affected by"),
    Predicate("efficacy_context", (V, R), (D, P), "has drug efficacy studied in", "is where drug efficacy was studied for"),
    Predicate("toxicity_context", (V, R), (D, P), "has drug toxicity studied as or in", "is where drug toxicity was studied for"),
    Predicate("dosage_context", (V, R), (D, P), "has drug dosage studied in", "is where drug dosage was studied for"),
    Predicate("metabolism_context", (V, R), (D, P), "has drug metabolism studied in", "is where drug metabolism was studied for"),
    Predicate("response_context", (V, R), (D, P), "has drug response studied in", "is where drug response was studied for"),
    Predicate("variant_of_gene", (V,), (G,), "lies in or near", "has the variant"),
    Predicate("expression_variant_of", (V,), (G,), "changes the expression of", "has its expression changed by"),
    Predicate("variant_associated_with", (V,), (D, P, B), "is associated with", "is associated with the variant"),
    Predicate("pathogenic_for", (V,), (D, P), "causes", "is caused by"),
    Predicate("in_linkage_with", (V,), (V,), "is inherited together with", "is inherited together with", symmetric=True),
    Predicate("has_function", (G,), (F,), "has the function", "is the function of"),
    Predicate("acts_in", (G,), (C,), "acts in", "is where acts"),
    Predicate("takes_part_in", (G, R), (W, B), "takes part in", "involves"),
    Predicate("occurs_with", (D, P, R), (D, P, R), "occurs in the same patients as", "occurs in the same patients as", symmetric=True),
)

BY_NAME: dict[str, Predicate] = {predicate.name: predicate for predicate in PREDICATES}
