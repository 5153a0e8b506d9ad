"""The README of a released space: what it is, of what, under which licenses, how good, and what it is not for.

Markdown with the front matter that model hubs read. Everything in it comes from the manifest; whoever copies the folder has it all.
"""

from collections.abc import Iterator, Mapping
from typing import Any

TITLE = "An embedding space of {kinds}"
HEADS = ("name", "version", "license", "citation")
LIMITS = (
    "For research. Nothing here is medical advice, and no cosine is a diagnosis, a prognosis or a reason to treat.",
    "Near means alike or tied in any way: a drug may be near a disease because it causes it. Look at the evidence (`generel explain`).",
    "What is much studied is known better. Ranks of neighbors count popularity, cosines and relatedness do not; see the figures for less-studied genes.",
    "Associations come from studies whose participants are mostly of European ancestry.",
)


def model_card(manifest: Mapping[str, Any], *, counts: Mapping[str, int], n_relations: int) -> str:
    """The card as Markdown.

    Args:
        manifest: as a release writes it: name, created, generel, sources, figures, build_name, recipe, encoder, composition.
        counts: concepts by kind.
        n_relations: relations kept as evidence.
    """
    parts = [
        *_front_matter(manifest),
        f"# {manifest.get('name', '')}\n", f"{TITLE.format(kinds=', '.join(_plural(kind) for kind in counts))}, made with generel {manifest.get('generel', '')} on {str(manifest.get('created', ''))[:10]}.\n",
        f"    generel load {manifest.get('name', '')}\n    generel neighbors \"type 2 diabetes\" --space {manifest.get('name', '')}\n",
        "## What is in it\n", _table(("kind", "concepts"), ((kind, f"{n:,}") for kind, n in counts.items())),
        f"{n_relations:,} relations are kept as evidence, each with its source and license.\n",
        "## Sources and licenses\n", "Use of the space is bound by all of these; `generel build --without SOURCE` or `--license-allow` makes one without some.\n",
        _table(HEADS, ([each.get(head, "") for head in HEADS] for each in manifest.get("sources", ()))),
        *(f"**{each['name']} is synthetic**: no real person or measurement is in it.\n" for each in manifest.get("sources", ()) if each.get("synthetic")),
        "## How it was made\n", _made(manifest),
        "## Figures\n", "On held-out validation relations, MRR by cosine among all concepts of the answer's kind; `generel evaluate` gives the whole table with baselines and intervals.\n",
        _table(("relations", "MRR"), ((name, f"{value:.3f}") for name, value in manifest.get("figures", {}).items())),
        "## What it is not for\n", "\n".join(f"- {limit}" for limit in LIMITS) + "\n",
    ]
    return "\n".join(parts)


def _front_matter(manifest: Mapping[str, Any]) -> Iterator[str]:
    licenses = sorted({str(each.get("license", "")) for each in manifest.get("sources", ())})
    yield "---"
    yield "library_name: generel"
    yield f"license: {'other' if len(licenses) != 1 else licenses[0].lower()}"
    yield "tags: [genetics, knowledge-graph, embeddings, biomedical]"
    yield "---\n"


def _made(manifest: Mapping[str, Any]) -> str:
    recipe: dict[str, Any] = {"name": "", "steps": 0, "seed": "", "composed_kinds": (), **manifest.get("recipe", {})}
    encoder: Mapping[str, Any] = manifest.get("encoder", {})
    shares = ", ".join(f"{sort.replace('_', ' ')} {weight:.2f}" for sort, weight in manifest.get("composition", {}).items())
    lines = [
        f"- build `{manifest.get('build_name', '')}`, digest `{str(manifest.get('build', ''))[:16]}`; recipe `{recipe['name']}`, {recipe['steps']:,} steps, seed {recipe['seed']}",
        f"- text encoder: `{encoder.get('place', '')}` ({encoder.get('license', '')}), texts cut at {encoder.get('max_tokens', '')} tokens",
        "- held-out relations, concepts, loci and branches were set apart before training; the split is stored with the build",
    ]
    return "\n".join(lines + ([f"- vectors of {', '.join(_plural(kind) for kind in recipe['composed_kinds'])} are composed of their ties, by sort: {shares}"] if shares else [])) + "\n"


def _table(heads: tuple[str, ...], rows: Any) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _plural(kind: str) -> str:
    return kind if kind == "anatomy" else f"{kind}es" if kind.endswith("s") else f"{kind}s"
