"""CURIEs: `prefix:identifier`, the one way a concept is named between tables.

Canonical form is lower-case prefix, identifier as its database writes it *without* the prefix repeated:
`mondo:0005148`, `hgnc:11641`, `dbsnp:rs7903146`. `MONDO:0005148`, `MONDO_0005148`, `HP:HP:0000822`, a plain `rs7903146` and
a plain `ENSG00000148737` are read as well. A word that merely looks like an identifier is refused, never guessed.
"""

import difflib
import re
from functools import cache
from typing import NamedTuple

from generel.concepts.errors import BadIdentifier, UnknownPrefix
from generel.concepts.prefixes import BY_NAME, BY_SPELLING, Prefix

# Identifiers so distinctive that people write them without a prefix.
BARE = (
    (re.compile(r"rs\d+", re.IGNORECASE | re.ASCII), "dbsnp"),
    (re.compile(r"ENSG\d{11}(\.\d+)?", re.IGNORECASE | re.ASCII), "ensembl"),
    (re.compile(r"DB\d{5}", re.IGNORECASE | re.ASCII), "drugbank"),
    (re.compile(r"R-HSA-\d+", re.IGNORECASE | re.ASCII), "reactome"),
)
# Prefixes whose identifiers are written in capitals.
IN_CAPITALS = frozenset({"drugbank", "reactome", "mesh", "umls", "icd10cm"})
# Identifiers that are padded with zeros have no more digits.
LONGEST_NUMBER = 10


class Curie(NamedTuple):
    """A canonical prefix and an identifier; `str()` gives the form that tables hold."""

    prefix: str
    identifier: str

    @classmethod
    def parse(cls, text: str, *, where: str = "") -> "Curie":
        """The CURIE that `text` spells, in canonical form.

        Args:
            text: any common spelling; surrounding blanks are ignored.
            where: file and line, for the error's message.

        Raises:
            UnknownPrefix: no prefix has this spelling; the nearest one is named.
            BadIdentifier: the prefix is known, the rest is not one of its identifiers, or there is no prefix at all.
        """
        stripped = text.strip()
        for pattern, prefix in BARE:
            if pattern.fullmatch(stripped):
                return cls(prefix, canonical_identifier(BY_NAME[prefix], stripped))
        spelling, colon, rest = stripped.replace("_", ":", 1).partition(":") if ":" not in stripped else stripped.partition(":")
        if not colon:
            raise BadIdentifier(f"'{text}'{_place(where)} is not a CURIE: it has no prefix, as in 'mondo:0005148'")
        record = BY_SPELLING.get(spelling.strip().lower())
        if record is None:
            near = difflib.get_close_matches(spelling.lower(), BY_SPELLING, n=1, cutoff=0.6)
            raise UnknownPrefix(spelling, text, where=where, near=near[0] if near else None)
        identifier = canonical_identifier(record, rest.strip())
        if not _compiled(record.pattern).fullmatch(identifier):
            raise BadIdentifier(f"'{rest}' in '{text}'{_place(where)} is not an identifier of {record.name}: it should match {record.pattern}{_padded(record, identifier)}")
        return cls(record.name, identifier)

    def __str__(self) -> str:
        return f"{self.prefix}:{self.identifier}"

    @property
    def link(self) -> str:
        """The address of this concept's page at its database; empty where none is known."""
        template = BY_NAME[self.prefix].link
        return template.format(self.identifier) if template else ""


def _padded(prefix: Prefix, identifier: str) -> str:
    """A hint for a number whose leading zeros were lost, as a spreadsheet loses them; else empty."""
    for width in range(len(identifier) + 1, LONGEST_NUMBER + 1) if identifier.isdecimal() else ():
        if _compiled(prefix.pattern).fullmatch(identifier.zfill(width)):
            return f"; did you mean '{prefix.name}:{identifier.zfill(width)}'?"
    return ""


def canonical_identifier(prefix: Prefix, identifier: str) -> str:
    """The identifier as its database writes it: no repeated prefix, no Ensembl version, `rs` in lower case."""
    repeated = _compiled(rf"(?i)(?:{'|'.join(map(re.escape, prefix.all_spellings))})[:_]").match(identifier)
    if repeated and prefix.name != "oncotree":
        identifier = identifier[repeated.end() :]
    if prefix.name == "dbsnp":
        return identifier.lower()
    if prefix.name == "ensembl":
        return identifier.upper().partition(".")[0]
    if prefix.name in IN_CAPITALS:
        return identifier.upper()
    if prefix.name == "omim.ps":
        return identifier.upper().removeprefix("PS")
    return identifier


def looks_like_curie(text: str) -> bool:
    """Whether `text` is a CURIE in any spelling that `Curie.parse` reads."""
    try:
        Curie.parse(text)
    except (UnknownPrefix, BadIdentifier):
        return False
    return True


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Without ASCII, \d would take the digits of every script for those of an identifier.
    return re.compile(pattern, re.ASCII)


def _place(where: str) -> str:
    return f" ({where})" if where else ""
