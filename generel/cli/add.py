"""`generel add`: concepts that the space was not trained with, from their names and ties."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from generel.cli.output import Record, count, format_option, tell, write_records
from generel.cli.queries import STDIN, space_option
from generel.concepts.errors import NotThere
from generel.concepts.kinds import KINDS
from generel.index.added_file import AddedConcept
from generel.query.added_input import SEPARATOR, NewConcept, read_new_concepts
from generel.query.find_space import find_space
from generel.query.records import Concept
from generel.query.space import EmbeddingSpace

COLUMNS = ("curie", "kind", "name")
LIST_COLUMNS = (*COLUMNS, "synonyms", "definition", "ties")


@click.command(short_help="Add concepts to a space without training.")
@click.option("--curie", metavar="CURIE", help="The new concept's identifier.")
@click.option("--kind", type=click.Choice(KINDS), help="Its kind.")
@click.option("--name", default="", help="Its preferred name; may be left out where there are ties.")
@click.option("--synonym", "synonyms", multiple=True, help="Another name; may be given several times.")
@click.option("--definition", default="", help="What it is, for readers.")
@click.option("--tie", "ties", type=(str, str), multiple=True, metavar="PREDICATE CURIE", help="What it is tied to; may be given several times. With ^ before the predicate the new concept is its object.")
@click.option("--file", metavar="FILE", help="Tab-separated file of new concepts; '-' for standard input.")
@click.option("--list", "listing", is_flag=True, help="List what was added.")
@click.option("--remove", "gone", multiple=True, metavar="CURIE", help="Take an added concept out again; may be given several times.")
@click.option("--refold", "refolding", is_flag=True, help="After the space was released anew: fold everything in again.")
@space_option
@format_option
def add(
    curie: str | None, kind: str | None, name: str, synonyms: tuple[str, ...], definition: str, ties: tuple[tuple[str, str], ...], file: str | None,
    listing: bool, gone: tuple[str, ...], refolding: bool, space: str | None, format: str,
) -> None:
    """Add concepts and variants that a space was not trained with; they are found, compared and explained like all others.

    A concept's vector is made of its names and of what it is tied to. It is kept beside the space, whose own files stay as they are.

    A file has a header and the columns curie, kind, name, synonyms, definition, ties, of which the first two must be there.
    Synonyms are separated by '|', and so are ties, each a predicate, a blank and a CURIE: 'variant_of_gene hgnc:11641|is_a mondo:0005148'.

    Example: generel add --curie rs999999999 --kind variant --tie variant_of_gene hgnc:10959
    """
    folder = find_space(space).resolve()
    single = NewConcept(curie, kind, name, synonyms, definition, ties) if curie and kind else None
    if bool(curie) != bool(kind):
        raise click.UsageError("a new concept needs both --curie and --kind")
    if sum(map(bool, (single, file, listing, gone, refolding))) != 1 or (not single and any((name, synonyms, definition, ties))):
        raise click.UsageError("give one of --curie with --kind, --file, --list, --remove or --refold")
    if listing:
        with EmbeddingSpace.open(folder) as opened:
            write_records(_listed(opened.added), format=format, columns=LIST_COLUMNS, title=f"Added to the space '{opened.manifest.name}'")
    elif refolding:
        _refold(folder, format)
    elif gone:
        from generel.query.added import remove_concepts

        _write(remove_concepts(folder, gone), "removed", format)
    else:
        _add([single] if single else read_new_concepts(_read(str(file)), name=str(file)), folder, format)


def _add(new: Sequence[NewConcept], folder: Path, format: str) -> None:
    from generel.cli.progress import RichProgress
    from generel.query.added import add_concepts

    _write(add_concepts(folder, new, progress=RichProgress()), "added", format)


def _refold(folder: Path, format: str) -> None:
    from generel.cli.progress import RichProgress
    from generel.query.added import refold

    done = refold(folder, progress=RichProgress())
    for sentence in done.left_out:
        tell(sentence)
    if done.copy:
        tell(f"what was there before is kept in {done.copy}")
    _write(done.concepts, "folded in again", format)


def _write(concepts: Sequence[Concept], done: str, format: str) -> None:
    write_records(({"curie": each.curie, "kind": each.kind, "name": each.name} for each in concepts), format=format, columns=COLUMNS)
    tell(f"{done}: {count(len(concepts), 'concept')}")


def _listed(added: Sequence[AddedConcept]) -> Iterator[Record]:
    """The records of a file that `--file` reads."""
    for each in added:
        ties = SEPARATOR.join(_tie(each.curie, *tie) for tie in each.ties)
        name = each.name if each.text else ""
        yield {"curie": each.curie, "kind": each.kind, "name": name, "synonyms": SEPARATOR.join(each.synonyms), "definition": each.definition, "ties": ties}


def _tie(curie: str, subject: str, predicate: str, target: str) -> str:
    return f"{predicate} {target}" if subject == curie else f"^{predicate} {subject}"


def _read(file: str) -> bytes:
    if file == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except FileNotFoundError as error:
        raise NotThere(f"there is no file {file} with new concepts") from error
