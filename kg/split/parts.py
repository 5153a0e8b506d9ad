"""The parts of a split, and which rows of variants say what a variant does.

Training reads `train` and nothing else. `validation` and `test` are drawn row by row; the other parts that are asked hold out a whole
side of the graph: what is `cold` touches a concept that training sees nothing of, `later` became known after a day, `locus` is
of variants far from all that training knows, `branch` is of a whole branch of diseases. `withheld` is neither seen nor asked.
"""

from generel.concepts.kinds import Kind
from generel.concepts.predicates import PREDICATES

TRAIN, VALIDATION, TEST, COLD, WITHHELD = "train", "validation", "test", "cold", "withheld"
LATER, LOCUS, BRANCH = "later", "locus", "branch"
DRAWN = (VALIDATION, TEST)
SET_APART = (LATER, LOCUS)
# What is asked about concepts that training does see.
ASKED = (*DRAWN, *SET_APART)
# What is asked about concepts that training sees nothing of.
UNSEEN = (COLD, BRANCH)
PAIR = ("left", "right")

ASSOCIATED, OF_GENE = "variant_associated_with", "variant_of_gene"
# A variant's ties to traits and drugs. Its ties to genes are no such: they follow from where it lies.
OF_VARIANT = [
    each.name for each in PREDICATES if Kind.VARIANT in each.subjects and not each.same_kind and not {Kind.VARIANT, Kind.GENE} & set(each.objects)
]
BETWEEN_VARIANTS = [each.name for each in PREDICATES if Kind.VARIANT in each.subjects and Kind.VARIANT in each.objects]
