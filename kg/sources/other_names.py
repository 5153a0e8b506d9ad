"""What else concepts are called, from a dictionary that gathered names of many places: which of them can be believed.

A dictionary of this kind is made to find names in running text, so it has every name in several spellings, and a name that two
things share under one of them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from generel.concepts.errors import BadTable
from kg.harvest import Harvest, SetAside
from kg.sources.record import Source
from kg.sources.rows import sift
from kg.sources.stamp import stamp_concepts
from kg.spelling import normalized, singular, turned

LEAST_LETTERS = 3
TOO_SHORT = "the name has fewer than three letters and digits"
TAKEN = "the name is that of another concept"
SHARED = "several entries have this name"
LESS = "the name is a part of the entry's name, and says less"
TURNED = "another name of the concept with its parts turned round"
PLURAL = "the plural of another name of the concept"
SAME = "another name of the concept but for signs and blanks"


def names_of_entries(held: Mapping[str, Any], key: str, *, path: Path) -> pl.DataFrame:
    """`text, entry`, a row a name, of the dictionary under `key`: names, each with the list of entries that it leads to.

    Raises:
        BadTable: there is no such dictionary in what `path` held.
    """
    try:
        led = [(str(text), str(entry)) for text, entries in held[key].items() for entry in entries]
    except (KeyError, AttributeError, TypeError) as error:
        raise not_the_dictionary(path, error) from error
    return pl.DataFrame(led, schema={"text": pl.String, "entry": pl.String}, orient="row")


def not_the_dictionary(path: Path, error: Exception) -> BadTable:
    """What to say of a file that holds something else."""
    return BadTable(f"{path} is not the dictionary it should be ({type(error).__name__}: {error}); fetch it again")


def believable(rows: pl.DataFrame, names: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """The rows whose text is a name of its own for its concept; every other one is set aside under its text.

    Args:
        rows: `curie, entry, text`: the entry that the text leads to, by its name, and the concept that the entry is.
        names: `curie, name`: what the concepts of the database are called there.
    """
    own = names.select(form=normalized(names["name"]), namesake="curie").unique("form", keep="none")
    formed = rows.with_columns(form=normalized(rows["text"]), turned=turned(rows["text"]), singular=singular(rows["text"]), entry_form=normalized(rows["entry"]))
    formed = formed.join(own, on="form", how="left", maintain_order="left")
    words, entry_words = pl.col("form").str.split(" "), pl.col("entry_form").str.split(" ")
    of_concept = ("curie", "form")
    forms = formed.select(*of_concept).unique()
    faults = [
        (pl.col("form").str.replace_all(" ", "").str.len_chars() < LEAST_LETTERS, TOO_SHORT),
        (pl.col("namesake") != pl.col("curie"), TAKEN),
        (pl.col("curie").n_unique().over("form") > 1, SHARED),
        ((words.list.set_difference(entry_words).list.len() == 0) & (words.list.len() < entry_words.list.len()), LESS),
    ]
    kept = sift(formed, faults, table="CONCEPTS", key=pl.col("text"), set_aside=set_aside)
    respelled = kept.join(forms.rename({"form": "turned"}).with_columns(has_turned=True), on=["curie", "turned"], how="left", maintain_order="left")
    respelled = respelled.join(forms.rename({"form": "singular"}).with_columns(has_singular=True), on=["curie", "singular"], how="left", maintain_order="left")
    others = [
        ((pl.col("turned") != pl.col("form")) & pl.col("has_turned"), TURNED),
        ((pl.col("singular") != pl.col("form")) & pl.col("has_singular"), PLURAL),
        (~pl.struct(*of_concept).is_first_distinct(), SAME),
    ]
    return sift(respelled, others, table="CONCEPTS", key=pl.col("text"), set_aside=set_aside).select("curie", "entry", "text")


def harvest_names(rows: pl.DataFrame, concepts: pl.DataFrame, *, namesakes: pl.DataFrame, unknown: str, source: Source) -> Harvest:
    """CONCEPTS, a row a concept under the database's name, of the names that can be believed; all others are set aside.

    Args:
        rows: `text, entry, curie`: a name, the entry that it leads to, and the concept that the entry is; null if it is none.
        concepts: `curie, kind, name` of those that may be called so.
        namesakes: `curie, name` of all concepts of the database.
        unknown: the reason to set aside what leads to no concept.
    """
    set_aside = SetAside(source.name)
    known = sift(rows, [(pl.col("curie").is_null(), unknown)], table="CONCEPTS", key=pl.col("text"), set_aside=set_aside)
    believed = believable(known, namesakes, set_aside=set_aside)
    gathered = believed.group_by("curie", maintain_order=True).agg(synonyms=pl.col("text").sort())
    named = gathered.join(concepts, on="curie", maintain_order="left").select("curie", "kind", "name", "synonyms")
    return Harvest(concepts=stamp_concepts(named, source), set_aside=set_aside.frame())
