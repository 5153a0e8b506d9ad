"""Leaving out what goes without saying: of all that is said of a disease by inference, the things that say most.

Tables made by a reasoner say of a disease of the retina that it is in the retina, the eye, a sense organ, an organ, an anatomical structure. The
ancestors are not marked as such, but the table itself gives them away: wherever the retina stands, so does the eye.
"""

import polars as pl

# An object that more than this share of all subjects have tells them apart from few.
UPPER_SHARE = 1 / 3
# By so few subjects, what always stands together may do so by chance.
LEAST_SUBJECTS = 5


def mark_uninformative(pairs: pl.DataFrame, *, n_subjects: int) -> pl.DataFrame:
    """The pairs, in order, with `upper` (the object is had by more than a third of `n_subjects`) and `implied`.

    An object is implied by another one of the same subject that is had by fewer, at least five, of which each has the first one too.

    Args:
        pairs: `subject, object`, and what else; a pair may occur again.
    """
    distinct = pairs.select("subject", "object").unique()
    sizes = distinct.group_by("object").agg(size=pl.len())
    upper = sizes.filter(pl.col("size") > UPPER_SHARE * n_subjects)["object"]
    sized = distinct.join(sizes, on="object").filter(~pl.col("object").is_in(upper.implode()))
    beside = sized.join(sized.rename({"object": "wider", "size": "wider_size"}), on="subject").filter(pl.col("wider_size") > pl.col("size"))
    always = beside.group_by("object", "wider").agg(pl.col("size").first(), together=pl.len())
    always = always.filter((pl.col("together") == pl.col("size")) & (pl.col("size") >= LEAST_SUBJECTS)).select("object", "wider")
    implied = beside.join(always, on=["object", "wider"]).select("subject", object="wider").unique().with_columns(implied=pl.lit(True))
    marked = pairs.join(implied, on=["subject", "object"], how="left", maintain_order="left")
    return marked.with_columns(pl.col("implied").fill_null(False), upper=pl.col("object").is_in(upper.implode()))
