"""Who was studied, from the GWAS Catalog's sentence about the initial sample.

`6,333 European ancestry cases, 15,056 European ancestry controls, 414 European ancestry trios from 120 families`: groups after
commas, though commas stand inside numbers too. A number counts if it begins its group and the group is of persons: trios, families
and cell lines are not counted, so that `n` is at most the number of persons.
"""

import re

import polars as pl

# A comma that is none of a number: followed by no three digits.
BETWEEN_GROUPS = re.compile(r"[,;](?!\d{3}(?!\d))")
COUNT = re.compile(r"(?i)^(?:(?:up\s+to|up|approximately|approx\.?|about|around|at\s+least|over|more\s+than|and|~|≈|>)\s*)*(\d{1,3}(?:,\d{3})+|\d+)\b(?![.,]\d)")
MORE = re.compile(r"\band\s+(\d{1,3}(?:,\d{3})+|\d+)\s+(?=[^,]*?\b(?:cases|controls|individuals|men|women|males|females|children)\b)")
NO_PERSONS = re.compile(r"(?i)\b(?:trios?|famil(?:y|ies)|pedigrees?|sib(?:ling)?\s*ships?|pairs?|quads?|duos?|cell\s+lines?|samples\s+pools?|pools)\b")
FROM_FAMILIES = re.compile(r"(?i)\bfrom\s.*$")
OF_ANCESTRY = re.compile(r"(?i)^(.*?)\s+ancestry\b")
# Populations that the catalog names without the word ancestry.
POPULATIONS = re.compile(
    r"(?i)\b(?:non-Hispanic\s+(?:black|white)s?|African[\s-]American(?:/Afro-Caribbean)?|Afro-Caribbean|European\s+American|Mexican[\s-]American|Native\s+American|"
    r"American\s+Indian|Hispanic(?:/Latino| or Latin American)?|Latinos?|Latin\s+American|Ashkenazi\s+Jewish|Old\s+Order\s+Amish|Amish|Hutterite|Sardinian|Orcadian|"
    r"Han\s+Chinese|Chinese|Japanese|Korean|Filipino|Malay|Bangladeshi|South\s+African\s+\w+|Sub-Saharan\s+African|South\s+East\s+Asian|South\s+Asian|East\s+Asian|"
    r"Indian\s+Asian|Asian\s+Indian|Asian|African|European|Black|White|Brazilian|French\s+Canadian|Finnish|Dutch|British|Sorbian|South\s+Tyrolian|Costa\s+Rican)\b"
)
# No study has more people than the world.
MOST = 10**10


def add_samples(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `n`, persons in all, and `ancestry`, the distinct ones in their order joined by '; ', of the text `sample`; null where unknown."""
    texts = rows["sample"].unique().sort().to_list()
    read = [read_sample(text) for text in texts]
    found = pl.DataFrame(
        {"sample": texts, "n": [n for n, _ in read], "ancestry": [ancestry for _, ancestry in read]},
        schema={"sample": pl.String, "n": pl.Int64, "ancestry": pl.String},
    )
    return rows.join(found, on="sample", how="left", maintain_order="left")


def read_sample(text: str) -> tuple[int | None, str | None]:
    """(persons in all, ancestries joined by '; ') of one sentence; None for what it does not say."""
    groups = [" ".join(group.split()) for group in BETWEEN_GROUPS.split(text)]
    persons = sum(_persons(group) for group in groups)
    ancestries = dict.fromkeys(filter(None, map(_ancestry, groups)))
    return persons if 0 < persons < MOST else None, "; ".join(ancestries) or None


def _persons(group: str) -> int:
    said = COUNT.match(group)
    who = FROM_FAMILIES.sub("", group)
    if said is None or NO_PERSONS.search(who):
        return 0
    return sum(int(number.replace(",", "")) for number in [said[1], *MORE.findall(who)])


def _ancestry(group: str) -> str:
    """`European ancestry`, or a population's name; empty where there is neither."""
    words = COUNT.sub("", group).strip()
    said = OF_ANCESTRY.match(words)
    if said:
        named = POPULATIONS.search(said[1])
        # A long text before the word is about the patients: it is the population in it that counts.
        who = said[1] if len(said[1].split()) <= 3 or named is None else named[0]
        return f"{who.removeprefix('and ').strip()} ancestry" if not re.search(r"\d", who) else ""
    population = POPULATIONS.search(words)
    return population[0] if population else ""
