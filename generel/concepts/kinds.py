"""The kinds of concept. A concept has exactly one; identity never crosses kinds."""

from enum import StrEnum


class Kind(StrEnum):
    """What a concept is; the value is the word used in tables, options and answers."""

    VARIANT = "variant"
    GENE = "gene"
    DISEASE = "disease"
    PHENOTYPE = "phenotype"
    DRUG = "drug"
    PATHWAY = "pathway"
    PROCESS = "process"


KINDS: tuple[str, ...] = tuple(kind.value for kind in Kind)
