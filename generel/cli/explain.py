"""`generel explain`: why two concepts or texts are near each other."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generel.cli.output import FOLDER_IS_MADE, WIDE, tell
from generel.cli.queries import space_option
from generel.concepts.atomic import write_beside
from generel.query.space import EmbeddingSpace

if TYPE_CHECKING:
    from rich.text import Text

    from generel.query.explain_records import Explanation, TextAttribution
    from generel.query.explain_records import Path as Way


@click.command(short_help="Say why two concepts or texts are near each other.")
@click.argument("a")
@click.argument("b")
@click.option("-k", type=click.IntRange(min=1), default=5, show_default=True, help="How many paths, shared neighbors of a kind and shared ties of a predicate.")
@click.option("--words", is_flag=True, help="Weigh the words of names, too, and not only those of free text.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help=f"Write a page that needs nothing else. {FOLDER_IS_MADE}")
@space_option
def explain(a: str, b: str, k: int, words: bool, as_json: bool, html: Path | None, space: str | None) -> None:
    """Why A and B are near each other: evidence with sources and licenses, paths, what they share, and the words that count.

    Each of them is a CURIE, rsID, symbol, name, or any text. What is shown is what the space holds; where there is no
    evidence, the space only thinks so.

    Example: generel explain simvastatin SLCO1B1
    """
    with EmbeddingSpace.open(space) as opened:
        resolved = [opened.resolve(query) for query in (a, b)]
        for each in resolved:
            if each.note:
                tell(each.note)
        explanation = opened.explain(*resolved, k=k, words=words)
    if html:
        from generel.query.explain_html import to_html

        with write_beside(html) as temporary:
            temporary.write_text(to_html(explanation), encoding="utf-8")
        tell(f"wrote {html}")
    if as_json:
        click.echo(json.dumps(to_json(explanation), ensure_ascii=False))
    elif not html:
        _show(explanation)


def to_json(explanation: "Explanation") -> dict[str, object]:
    """The explanation as JSON has it: its records by their fields, and the address of each concept it names."""
    from generel.query.explain_records import link_of

    related = explanation.relatedness
    named = {related.left, related.right} | {concept for path in explanation.paths for step in path.steps for concept in (step.left, step.right)}
    named |= {near.concept for group in explanation.shared_neighbors.values() for near in group}
    named |= {concept for ties in explanation.shared_ties for concept in ties.concepts}
    links = {concept.curie: link_of(concept) for concept in sorted(named, key=lambda concept: concept.curie) if concept.curie}
    return {**asdict(explanation), "links": links}


def _show(explanation: "Explanation") -> None:
    from rich.console import Console
    from rich.text import Text

    from generel.query.explain_html import say_relatedness
    from generel.query.explain_records import link_of

    related = explanation.relatedness
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else WIDE, highlight=False)

    def section(heading: str, lines: Iterable["Text"]) -> None:
        lines = list(lines)
        if lines:
            console.print(Text(f"\n{heading}", style="bold"))
        for line in lines:
            console.print(Text("  ").append_text(line))

    for concept in (related.left, related.right):
        console.print(Text(f"{concept.name} ({concept.curie or concept.kind}) {link_of(concept)}".rstrip()))
    console.print(Text(say_relatedness(related)))
    section("Evidence", (
        Text(f"{each.subject.name} {each.phrase} {each.object.name} – {each.title or each.source} {each.source_version}, {each.license}, confidence {each.confidence:.2f} {each.homepage}".rstrip())
        for each in explanation.relations
    ))
    section("Paths", map(_path, explanation.paths))
    section("Tied to both", (
        Text(f"both {each.phrase} {', '.join(concept.name for concept in each.concepts)} ({each.n_shared} shared of {each.n_left} and {each.n_right})")
        for each in explanation.shared_ties
    ))
    section("Near both", (
        Text(f"{kind}: {', '.join(f'{each.concept.name} ({each.cosine_left:.2f}, {each.cosine_right:.2f})' for each in near)}")
        for kind, near in explanation.shared_neighbors.items()
    ))
    section("Words", map(_words, explanation.attributions))
    if related.left == related.right:
        tell("both are the same")
    elif not explanation.relations and not explanation.paths and not any(not concept.curie for concept in (related.left, related.right)):
        tell("no source relates the two, directly or over up to two other concepts: the space puts them near each other by their names and by what they resemble")


def _path(path: "Way") -> "Text":
    from rich.text import Text

    line = Text(path.steps[0].left.name)
    for step in path.steps:
        line.append(f" {step.phrase} ", style="dim").append(step.right.name).append(f" [{', '.join(step.sources)}]", style="dim")
    return line


def _words(each: "TextAttribution") -> "Text":
    """The text, the words that raise the cosine in blue and those that lower it in red, with their weights."""
    from rich.text import Text

    line, strongest = Text(), max((abs(weight) for *_, weight in each.attribution.words), default=0.0)
    for start, end, weight in each.attribution.words:
        strong = abs(weight) > strongest / 2
        line.append(each.attribution.text[start:end], style=f"{'bold ' if strong else ''}{'blue' if weight > 0 else 'red'}").append(f" {weight:+.2f}  ", style="dim")
    return line.append(f"toward {each.toward.name}", style="dim")
