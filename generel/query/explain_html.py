"""An explanation as one page that needs nothing else: no script, no font, no image, no request.

Everything that comes from outside (names, sources, licenses, texts) is escaped, and only addresses that begin with https:// become links.
"""

import math
from collections.abc import Iterable, Sequence
from html import escape

from generel.model.attribution import Attribution
from generel.query.explain_records import Explanation, Path, TextAttribution, link_of
from generel.query.records import Concept, Relatedness

# Even a mistake in escaping could not load or run anything.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:.5rem 0}td,th{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top}"
    "th{border-bottom:1px solid #999}small{color:#666}h2{margin-top:1.6rem;font-size:1.1rem}.text span{padding:.1rem .2rem;border-radius:.2rem}"
)
RAISES, LOWERS = "36,123,160", "200,80,60"


def to_html(explanation: Explanation) -> str:
    """The page."""
    related = explanation.relatedness
    title = f"{related.left.name} – {related.right.name}"
    sections = [
        ("Evidence", _table(("relation", "source", "license", "confidence"), _relation_rows(explanation)), "No source says that the two are related."),
        ("Paths", "".join(_path(path) for path in explanation.paths), "No path of at most three steps."),
        ("Tied to both", _table(("both", "shared", "such as"), _tie_rows(explanation)), ""),
        ("Near both", _table(("kind", "concepts, with the cosine to either"), _neighbor_rows(explanation)), ""),
        ("Words", "".join(_words(each) for each in explanation.attributions), ""),
    ]
    body = "".join(f"<h2>{heading}</h2>{content or f'<p>{nothing}</p>'}" for heading, content, nothing in sections if content or nothing)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><h1>{_concept(related.left)} – {_concept(related.right)}</h1>"
        f"<p>{escape(say_relatedness(related))}</p>{body}</body></html>\n"
    )


def say_relatedness(related: Relatedness) -> str:
    """Cosine, percentile and p-value in a sentence."""
    if related.percentile is None or related.p_value is None:
        return f"Cosine {related.cosine:.3f}; free text is not calibrated."
    kinds = f"a {related.left.kind} and a {related.right.kind}"
    # Cut, not rounded: nothing is above all random pairs.
    percent = math.floor(100 * related.percentile) / 100
    return f"Cosine {related.cosine:.3f}, above {percent:.2f} % of random pairs of {kinds} (p = {related.p_value:.2g})."


def _relation_rows(explanation: Explanation) -> Iterable[Sequence[str]]:
    for each in explanation.relations:
        source = _link(f"{each.title or each.source} {each.source_version}".strip(), each.homepage)
        yield f"{_concept(each.subject)} {escape(each.phrase)} {_concept(each.object)}", source, escape(each.license), f"{each.confidence:.2f}"


def _path(path: Path) -> str:
    way = _concept(path.steps[0].left)
    for step in path.steps:
        way += f" <small>{escape(step.phrase)} ({escape(', '.join(step.sources))})</small> {_concept(step.right)}"
    return f"<p>{way} <small>score {path.score:.2g}</small></p>"


def _tie_rows(explanation: Explanation) -> Iterable[Sequence[str]]:
    for each in explanation.shared_ties:
        yield escape(each.phrase), f"{each.n_shared} of {each.n_left} and {each.n_right}", ", ".join(map(_concept, each.concepts))


def _neighbor_rows(explanation: Explanation) -> Iterable[Sequence[str]]:
    for kind, near in explanation.shared_neighbors.items():
        yield escape(kind), ", ".join(f"{_concept(each.concept)} <small>{each.cosine_left:.2f}, {each.cosine_right:.2f}</small>" for each in near)


def _words(each: TextAttribution) -> str:
    return f'<p class="text">{shade_words(each.attribution)} <small>toward {escape(each.toward.name)}: cosine {each.attribution.cosine:.3f}</small></p>'


def shade_words(attribution: Attribution) -> str:
    """The text, each word shaded by its weight; the weight itself is shown when the pointer rests on it."""
    text, done, parts = attribution.text, 0, []
    strongest = max((abs(weight) for *_, weight in attribution.words), default=0.0) or 1.0
    for start, end, weight in attribution.words:
        shade = f"rgba({RAISES if weight > 0 else LOWERS},{0.6 * abs(weight) / strongest:.2f})"
        parts += [escape(text[done:start]), f'<span style="background:{shade}" title="{weight:+.3f}">{escape(text[start:end])}</span>']
        done = end
    return f"{''.join(parts)}{escape(text[done:])}"


def _concept(concept: Concept) -> str:
    return f"{_link(concept.name, link_of(concept))} <small>{escape(concept.curie or concept.kind)}</small>"


def _link(text: str, address: str) -> str:
    safe = address.startswith("https://")
    return f'<a href="{escape(address)}" rel="noreferrer">{escape(text)}</a>' if safe else escape(text)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{body}</table>" if body else ""
