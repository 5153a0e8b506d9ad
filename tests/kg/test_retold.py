"""One record told twice: what is held out of variants is not told by their genes."""

import polars as pl

from kg.split.retold import retold, withhold_retold


def relations(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["subject", "predicate", "object", "part"], orient="row")


GENE = (("v1", "variant_of_gene", "g", "train"), ("v2", "variant_of_gene", "g", "train"))


def part_of(frame: pl.DataFrame, subject: str, object_: str) -> str:
    return str(frame.filter(pl.col("subject") == subject, pl.col("object") == object_)["part"].item())


def test_a_gene_row_that_retells_a_held_out_variant_row_is_withheld() -> None:
    """v1-d is held out and nothing else of the gene names d: g-d would give it away, whatever its category."""
    frame = relations(*GENE, ("v1", "affects_dosage", "d", "test"), ("g", "affects_toxicity", "d", "train"))
    assert retold(frame).rows() == [("v1", "affects_dosage", "d")]
    assert part_of(withhold_retold(frame), "g", "d") == "withheld"
    assert retold(withhold_retold(frame)).is_empty()


def test_a_gene_row_stays_while_another_variant_of_the_gene_has_the_object_in_training() -> None:
    """v2-d is knowledge of its own."""
    frame = relations(*GENE, ("v1", "affects_dosage", "d", "test"), ("v2", "affects_dosage", "d", "train"), ("g", "affects_dosage", "d", "train"))
    assert part_of(withhold_retold(frame), "g", "d") == "train"
    assert retold(frame).is_empty()


def test_a_held_out_gene_row_that_a_training_variant_row_answers_is_no_question() -> None:
    """It goes to neither side."""
    frame = relations(*GENE, ("v1", "affects_dosage", "d", "train"), ("g", "affects_dosage", "d", "test"))
    assert part_of(withhold_retold(frame), "g", "d") == "withheld"


def test_a_held_out_row_whose_end_lost_its_last_training_row_is_no_question() -> None:
    """d is known through g alone; with g-d withheld nothing is left to answer v1-d by."""
    frame = relations(*GENE, ("v1", "affects_dosage", "d", "test"), ("g", "affects_dosage", "d", "train"))
    assert part_of(withhold_retold(frame), "v1", "d") == "withheld"


def test_cold_rows_stay_cold() -> None:
    """What is asked of text alone is neither told nor withheld."""
    frame = relations(*GENE, ("v1", "affects_dosage", "d", "train"), ("g", "affects_dosage", "d", "cold"))
    assert part_of(withhold_retold(frame), "g", "d") == "cold"


def test_rows_of_star_alleles_and_other_predicates_are_left_alone() -> None:
    """A gene's tie that no variant row tells, and ties that are no drug response, keep their part and order."""
    frame = relations(*GENE, ("g", "affects_dosage", "e", "test"), ("v1", "efficacy_context", "p", "test"), ("g", "gene_of_disease", "p", "train"), ("v2", "efficacy_context", "e", "train"))
    assert withhold_retold(frame).equals(frame)
