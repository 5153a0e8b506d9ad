"""An explained prediction as one page that needs nothing else."""

from html import escape

from generel.apps.gene_properties.explain import ExplainedPrediction
from generel.query.explain_html import POLICY, STYLE, shade_words


def to_html(told: ExplainedPrediction, *, name: str) -> str:
    """The page; everything that comes from outside is escaped."""
    title = f"{told.gene}: {told.predicted}"
    rows = "".join(f"<tr><td>{escape(view)}</td><td>{share:.3f}</td><td>{power:.2f}</td></tr>" for view, (share, power) in told.by_view.items())
    attribution = told.attribution
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><h1>{escape(title)} <small>{escape(name)}, share {told.share:.3f}</small></h1>"
        f"<h2>Views</h2><table><tr><th>view</th><th>share of {escape(told.predicted)} by itself</th><th>power in the gate</th></tr>{rows}</table>"
        f'<h2>Words</h2><p class="text">{shade_words(attribution)} <small>log odds {attribution.cosine:.2f}, without any word {attribution.base:.2f}</small></p></body></html>\n'
    )
