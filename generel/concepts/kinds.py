"""The kinds of concept. A concept has exactly one; identity never crosses kinds."""

from enum import StrEnum


class Kind(StrEnum):
    """What a concept is; the value is the word used in tables, options and answers.

    Spaces hold columns in this order, so a new kind goes to the end. Functions and components are GO's molecular functions and
    cellular components; anatomy holds tissues and cell types.
    """

    VARIANT = "variant"
    GENE = "gene"
    DISEASE = "disease"
    PHENOTYPE = "phenotype"
    DRUG = "drug"
    PATHWAY = "pathway"
    PROCESS = "process"
    FUNCTION = "function"
    COMPONENT = "component"
    ANATOMY = "anatomy"


KINDS: tuple[str, ...] = tuple(kind.value for kind in Kind)
