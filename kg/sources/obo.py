"""OBO files as a frame of tagged lines, each with its number and that of its stanza.

`obonet` and `pronto` give up a whole file for one malformed line and do not say which; here every line stands for itself. A test holds
what is read equal to what obonet reads. Comments (`! name`) and trailing modifiers (`{source="x"}`) lie outside
of quotation marks only: a definition may have both in its text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from kg.curies import BLANKS
from kg.harvest import SetAside
from kg.sources.rows import NOT_UTF8, REPLACEMENT, line_key, read_lines, sift

NOT_A_TAG = "the line is not 'tag: value'"
NOT_A_STANZA = "the line opens no [Term], [Typedef] or [Instance]"
SAID_AGAIN = "a tag that a term has once stands there again"
STANZAS = ("[Term]", "[Typedef]", "[Instance]")
QUOTED = r'^"((?:[^"\\]|\\.)*)"\s*(.*)$'
# What a plain value loses at its end: a comment, a modifier.
TRAILING = r"\s+!.*$|\s+\{[^{}]*\}\s*$|\s+$"


@dataclass(frozen=True)
class Obo:
    """An OBO file.

    Attributes:
        header: the first value of each tag before the first stanza.
        terms: `stanza` of every [Term], the line number of its first line.
        tags: `stanza, line, tag, value` of the terms' lines with the tags asked for, in file order.
    """

    header: dict[str, str]
    terms: pl.DataFrame
    tags: pl.DataFrame

    def tagged(self, tag: str) -> pl.DataFrame:
        """`stanza, line, value` of the lines with this tag; comments and modifiers are still there."""
        return self.tags.filter(pl.col("tag") == tag).drop("tag")

    def plain(self, tag: str) -> pl.DataFrame:
        """As `tagged`, without comment and modifier."""
        value = pl.col("value")
        return self.tagged(tag).with_columns(value.str.replace(TRAILING, "").str.replace(TRAILING, "").str.strip_chars(BLANKS))

    def once(self, tag: str, *, key: pl.Expr, set_aside: SetAside) -> pl.DataFrame:
        """As `plain`, one row a stanza: the first; later ones are set aside under `key`."""
        again = [(~pl.col("stanza").is_first_distinct(), SAID_AGAIN)]
        return sift(self.plain(tag), again, table="CONCEPTS", key=key, set_aside=set_aside)

    def quoted(self, tag: str) -> pl.DataFrame:
        """As `tagged`, with `text`, what stands in quotation marks, unescaped (null where there are none), and the `rest` after it."""
        parts = pl.col("value").str.extract_groups(QUOTED)
        frame = self.tagged(tag).with_columns(text=parts.struct.field("1"), rest=parts.struct.field("2"))
        return frame.with_columns(unescape(pl.col("text")))


def unescape(text: pl.Expr) -> pl.Expr:
    """The text without OBO's escapes: line ends and tabs (`\\n`, `\\t`, `\\W`) are blanks, other characters stand for themselves."""
    return text.str.replace_all(r"\\[ntW]", " ").str.replace_all(r"\\(.)", "$1")


def read_obo(path: Path, *, tags: Sequence[str], set_aside: SetAside) -> Obo:
    """The terms of an OBO file; a term's lines that are no `tag: value` are set aside, and so are unknown stanzas, as one.

    Raises:
        BadTable: no [Term] in the file.
    """
    lines = read_lines(path)
    opening = pl.col("text").str.starts_with("[")
    lines = lines.with_columns(
        stanza=pl.when(opening).then("line").forward_fill(), type=pl.when(opening).then(pl.col("text").str.strip_chars()).forward_fill()
    )
    terms = lines.filter(opening & (pl.col("type") == "[Term]")).select("stanza")
    if terms.is_empty():
        raise BadTable(f"{path} has no [Term]; it begins with '{lines['text'][0][:80] if lines.height else ''}' and should be an OBO file")
    sift(lines.filter(opening), [(~pl.col("type").is_in(STANZAS), NOT_A_STANZA)], table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    parts = pl.col("text").str.extract_groups(r"^([^:\s]+):\s*(.*)$")
    split = lines.filter(~opening & ~pl.col("text").str.starts_with("!")).with_columns(tag=parts.struct.field("1"), value=parts.struct.field("2"))
    header = {tag: value for tag, value in split.filter(pl.col("stanza").is_null()).select("tag", "value").rows()[::-1] if tag}
    faults = [(pl.col("text").str.contains(REPLACEMENT, literal=True), NOT_UTF8), (pl.col("tag").is_null(), NOT_A_TAG)]
    good = sift(split.filter(pl.col("type") == "[Term]"), faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    return Obo(header, terms, good.filter(pl.col("tag").is_in(list(tags))).select("stanza", "line", "tag", "value"))
