"""Near-copies of concepts: what is known of the one as good as answers what is asked about the other.

A namesake has the same words in whatever order. A numbered disease differs from another in numbers and letters alone ('Marfan
syndrome type 1', 'hepatitis B'): of the starter build's cold diseases more than a third have such a sibling as their nearest in
training by words, and the nearest sibling shares half of their phenotypes. And two concepts of different kinds may be one thing to
a third vocabulary, which lists the same identifier for both.
"""

import polars as pl

from generel.concepts.kinds import Kind

ALLOWED, EXCLUDED = "allowed", "excluded"
# Arabic and Roman numbers and single letters, with what may stand behind them: 2, 1a, iv, b, x2.
NUMBER = r"^(\d+[a-z]{0,2}|[ivx]+|[a-z]\d{0,2})$"
COUNTING = ["type", "subtype", "form"]


def namesakes(names: pl.DataFrame) -> pl.Series:
    """The concepts that share the words of a name with another one.

    Args:
        names: `curie, words`, one row a name; `words` is the sorted bag.
    """
    return _sharing(names.select("curie", "words"), "words")


def near_copies(names: pl.DataFrame, merges: pl.DataFrame) -> pl.Series:
    """The diseases that are numbered like another one, and the concepts that share an identifier with one of another kind.

    Args:
        names: `curie, kind, words`.
        merges: MERGES.
    """
    diseases = names.filter(pl.col("kind") == Kind.DISEASE.value).select("curie", words=without_numbers(pl.col("words")))
    identified = merges.select("curie", "alias")
    return pl.concat([_sharing(diseases, "words"), _sharing(identified, "alias")]).unique().sort()


def without_numbers(words: pl.Expr) -> pl.Expr:
    """The bag of words without numbers and the words that announce them; empty if nothing else is in it."""
    word = pl.element()
    return words.str.split(" ").list.eval(word.filter(~word.str.contains(NUMBER) & ~word.is_in(COUNTING))).list.join(" ")


def copied_outside(members: pl.Series, names: pl.DataFrame, merges: pl.DataFrame, *, numbered: bool) -> pl.Series:
    """Those of the concepts with a namesake or an identifier's twin among all others; numbered ones count too if asked for."""
    forms = [names.select("curie", key="words"), merges.select("curie", key="alias")]
    if numbered:
        diseases = names.filter(pl.col("kind") == Kind.DISEASE.value)
        forms.append(diseases.select("curie", key=pl.lit("numbered ") + without_numbers(pl.col("words"))).filter(pl.col("key") != "numbered "))
    keys = pl.concat(forms).filter(pl.col("key") != "")
    is_member = pl.col("curie").is_in(members.implode())
    return keys.filter(is_member).join(keys.filter(~is_member).select("key").unique(), on="key", how="semi")["curie"].unique().sort()


def _sharing(rows: pl.DataFrame, column: str) -> pl.Series:
    """The `curie` of the rows whose text, if not empty, another CURIE has too; sorted."""
    shared = rows.filter(pl.col(column) != "").unique()
    return shared.filter(pl.len().over(column) > 1)["curie"].unique().sort()
