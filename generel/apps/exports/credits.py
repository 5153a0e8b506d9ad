"""Who made what an export is derived from, and under which licenses: written beside every export, before it.

Vectors that were trained on a source carry its terms with them, so no export is there without this.
"""

from pathlib import Path

from generel.concepts.atomic import write_beside
from generel.index.space_folder import Manifest


def credits(manifest: Manifest, *, n_added: int) -> str:
    """Markdown: the space, its encoder, and each source with version, license and citation."""
    lines = [f"# Vectors of the space '{manifest.name}'", "", f"Released {manifest.created}, digest {manifest.raw['digest']}. Derived from:", ""]
    for source in manifest.sources:
        title = source.get("title") or source["name"]
        synthetic = " Synthetic data: no real patients." if source.get("synthetic") else ""
        lines.append(f"- **{title}** ({source['name']}, version {source['version']}). License: {source['license']}. {source.get('citation', '')}{synthetic}".rstrip())
    if manifest.encoder:
        lines += ["", "Text was read with the encoder " + ", ".join(f"{key} {value}" for key, value in manifest.encoder.items()) + "."]
    if n_added:
        lines += ["", f"{n_added:,} concepts were added by a user after the release; their licenses are not stated."]
    return "\n".join(lines) + "\n"


def write_credits(path: Path, manifest: Manifest, *, n_added: int) -> None:
    """Write the credits to `path`, whole or not at all."""
    with write_beside(path) as temporary:
        temporary.write_text(credits(manifest, n_added=n_added), encoding="utf-8")


def credits_of(out: Path) -> Path:
    """Where the credits of the one file `out` lie."""
    return out.with_name(f"{out.name}.credits.md")
