"""New concepts as people write them, and everything that can be wrong with them, said at once.

    curie            kind     name         synonyms       definition   ties
    mondo:0999999    disease  new disease  ND|new illness              ^gene_of_disease hgnc:11641|is_a mondo:0005148
    dbsnp:rs999999   variant                                           variant_of_gene hgnc:11641

A tie is a predicate and the other end. Which of the two is the subject follows from their kinds; where both directions would do, the
new concept is the subject, or with `^` before the predicate the object. A tie may lead to a concept of an earlier line.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from generel.concepts.curie import Curie
from generel.concepts.errors import BadInput, BadTable, GenerelError
from generel.concepts.kinds import KINDS
from generel.concepts.predicates import BY_NAME as PREDICATES
from generel.concepts.predicates import Predicate
from generel.concepts.prefixes import BY_NAME as PREFIXES
from generel.index.added_file import AddedConcept
from generel.index.normalize import normalize
from generel.query.records import Concept

COLUMNS = ("curie", "kind", "name", "synonyms", "definition", "ties")
REQUIRED = ("curie", "kind")
SEPARATOR = "|"
INVERSE = "^"
SHOWN = 5
# The concept of an identifier; raises a GenerelError where there is none.
Find = Callable[[str], Concept]


@dataclass(frozen=True)
class NewConcept:
    """A concept as somebody wants it added; nothing in it is checked yet.

    Attributes:
        curie: in any spelling.
        kind: of KINDS.
        name: the preferred name; empty where the identifier is all there is, as with variants.
        synonyms: other names.
        definition: for readers; it is not embedded.
        ties: (predicate, CURIE of the other end); `^` before a predicate makes the new concept its object.
        where: file and line, for errors.
    """

    curie: str
    kind: str
    name: str = ""
    synonyms: tuple[str, ...] = ()
    definition: str = ""
    ties: tuple[tuple[str, str], ...] = ()
    where: str = ""


def read_new_concepts(content: bytes, *, name: str) -> list[NewConcept]:
    """The concepts of a tab-separated file with a header; columns may stand in any order, quotes mean nothing.

    Args:
        name: of the file, for errors.

    Raises:
        BadTable: it is no text, its header lacks a column or has one that means nothing, or lines have other numbers of cells.
    """
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise BadTable(f"{name} is not UTF-8 text ({error}); save it as UTF-8") from error
    if not any(line.strip() for line in lines):
        raise BadTable(f"{name} is empty; its first line should name columns, of {', '.join(COLUMNS)}")
    header = [cell.strip() for cell in lines[0].split("\t")]
    wrong = [f"the column '{column}' is missing" for column in REQUIRED if column not in header]
    wrong += [f"the column '{column}' means nothing" for column in header if column not in COLUMNS]
    if wrong or len(set(header)) < len(header):
        raise BadTable(f"{name}: {'; '.join(wrong or ['a column occurs twice'])}; the columns are {', '.join(COLUMNS)}")
    rows = [(number, line.split("\t")) for number, line in enumerate(lines[1:], 2) if line.strip()]
    refuse([f"{name}, line {number}: {len(cells)} cells instead of {len(header)}" for number, cells in rows if len(cells) != len(header)])
    return [_read(dict(zip(header, cells, strict=True)), f"{name}, line {number}") for number, cells in rows]


def _read(cells: dict[str, str], where: str) -> NewConcept:
    ties = [tuple(tie.split(maxsplit=1)) for tie in _split(cells.get("ties", ""))]
    return NewConcept(
        cells["curie"].strip(), cells["kind"].strip(), cells.get("name", "").strip(), tuple(_split(cells.get("synonyms", ""))), cells.get("definition", "").strip(),
        tuple((tie[0], tie[1] if len(tie) > 1 else "") for tie in ties), where,
    )


def _split(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(SEPARATOR) if part.strip()]


def check_new(new: Sequence[NewConcept], *, find: Find) -> list[AddedConcept]:
    """The concepts with canonical CURIEs and directed ties, in their order.

    Args:
        find: the concept of an identifier in any spelling, among those that are there already.

    Raises:
        BadInput: all that is wrong with any of them.
    """
    checked: dict[str, AddedConcept] = {}
    wrong: list[str] = []
    for at, each in enumerate(new, 1):
        problems: list[str] = []
        concept = _check(each, earlier=checked, find=find, problems=problems)
        wrong += [f"{each.where or f'concept {at} ({each.curie})'}: {problem}" for problem in problems]
        if concept:
            # One that is wrong counts as there: its followers are not blamed for it.
            checked.setdefault(concept.curie, concept)
    refuse(wrong)
    return list(checked.values())


def refuse(wrong: Sequence[str]) -> None:
    """Nothing where nothing is wrong.

    Raises:
        BadInput: naming the first problems and how many there are.
    """
    if wrong:
        more = f"; and {len(wrong) - SHOWN:,} more" if len(wrong) > SHOWN else ""
        raise BadInput(f"nothing was added, {len(wrong):,} thing{'s are' if len(wrong) > 1 else ' is'} wrong: {'; '.join(wrong[:SHOWN])}{more}")


def _check(each: NewConcept, *, earlier: dict[str, AddedConcept], find: Find, problems: list[str]) -> AddedConcept | None:
    """The concept, its problems going to `problems`; None where it has no CURIE to speak of."""
    if each.kind not in KINDS:
        problems.append(f"unknown kind '{each.kind}'{_hint(each.kind, KINDS)}; the kinds are {', '.join(KINDS)}")
    curie = attempt(lambda: Curie.parse(each.curie), problems)
    if curie is None:
        return None
    problems += _wrong_identity(each, curie, earlier, find)
    ties = tuple(dict.fromkeys(tie for predicate, other in each.ties if (tie := _tie(each, str(curie), predicate, other, earlier, find, problems))))
    names = [name for name in (each.name, *each.synonyms) if normalize(name)]
    if len(names) < sum(map(bool, (each.name, *each.synonyms))):
        problems.append("a name has neither letter nor digit")
    if not names and not each.ties:
        problems.append("it has neither a name nor a tie, so there is nothing to make a vector of")
    name, *synonyms = names or [curie.identifier]
    return AddedConcept(str(curie), each.kind, name, tuple(synonyms), each.definition, bool(names), ties)


def _wrong_identity(each: NewConcept, curie: Curie, earlier: dict[str, AddedConcept], find: Find) -> Iterator[str]:
    kinds = PREFIXES[curie.prefix].kinds
    if each.kind in KINDS and each.kind not in kinds:
        yield f"{curie.prefix} does not name a {each.kind}{f', but a {chr(32).join(kinds)}' if kinds else ''}"
    if str(curie) in earlier:
        yield f"{curie} stands here twice"
        return
    known = attempt(lambda: find(str(curie)), [])
    if known is not None:
        yield f"{curie} is there already: {known} ({known.kind})"


def _tie(
    each: NewConcept, curie: str, word: str, other: str, earlier: dict[str, AddedConcept], find: Find, problems: list[str]
) -> tuple[str, str, str] | None:
    """(subject, predicate, object); None, and why not in `problems`."""
    predicate = PREDICATES.get(word.removeprefix(INVERSE))
    if predicate is None:
        problems.append(f"unknown predicate '{word}'{_hint(word, PREDICATES)}")
        return None
    end = attempt(lambda: _end(curie, other, earlier, find), problems)
    if end is None or each.kind not in KINDS:
        return None
    if predicate.symmetric:
        first, second = sorted((curie, end.curie))
        return (first, predicate.name, second) if _fits(predicate, each.kind, end.kind, problems, either=True) else None
    forward, backward = _joins(predicate, each.kind, end.kind), _joins(predicate, end.kind, each.kind)
    if backward and (word.startswith(INVERSE) or not forward):
        return end.curie, predicate.name, curie
    return (curie, predicate.name, end.curie) if _fits(predicate, each.kind, end.kind, problems, either=not word.startswith(INVERSE)) else None


def _end(own: str, other: str, earlier: dict[str, AddedConcept], find: Find) -> Concept:
    """The other end of a tie: a concept of an earlier line, or one that is there."""
    curie = str(Curie.parse(other))
    if curie == own:
        raise BadInput(f"it is tied to itself, {own}")
    return Concept(curie, earlier[curie].kind, earlier[curie].name) if curie in earlier else find(other)


def _fits(predicate: Predicate, kind: str, other: str, problems: list[str], *, either: bool) -> bool:
    if (_joins(predicate, kind, other) and either) or (predicate.symmetric and _joins(predicate, other, kind)):
        return True
    same = " of one kind" if predicate.same_kind else ""
    subjects, objects = ("/".join(kinds) for kinds in (predicate.subjects, predicate.objects))
    problems.append(f"'{predicate.name}' leads from {subjects} to {objects}{same}, not between a {kind} and a {other}{'' if either else ' in this direction'}")
    return False


def _joins(predicate: Predicate, subject: str, target: str) -> bool:
    return subject in predicate.subjects and target in predicate.objects and (subject == target or not predicate.same_kind)


def attempt(work: Callable[[], Any], problems: list[str]) -> Any:
    """What `work` gives; None where it raises an error of generel's, whose sentence goes to `problems`."""
    try:
        return work()
    except GenerelError as error:
        problems.append(str(error))
        return None


def _hint(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word.removeprefix(INVERSE), list(known), n=1)
    return f", did you mean '{near[0]}'?" if near else ""
