"""The HTML of the pages: a frame that they share and what each has in it. The scripts fill in the rest from `/v1`.

Nothing that a user or a source wrote is put in here but the CURIE in a title, and that is escaped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from generel import __version__

VENDORED_FOR_MAP = tuple(
    f"vendored/{name}.min.js"
    for name in ("d3-dispatch", "d3-selection", "d3-color", "d3-interpolate", "d3-timer", "d3-ease", "d3-transition", "d3-drag", "d3-zoom", "kdbush")
)


@dataclass(frozen=True)
class Shell:
    """A page.

    Attributes:
        name: of the page, of its file of HTML and of its script.
        title: of the window, until the script knows better.
        scripts: that it needs before its own.
        modules: that its script imports, named so that a browser need not read one to ask for the next.
        top_search: whether the search stands at the top; the first page has its own.
    """

    name: str
    title: str
    scripts: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    top_search: bool = True


SHARED = ("api.js", "combobox.js", "dom.js", "parts.js", "words.js")
SHELLS = {
    shell.name: shell
    for shell in (
        Shell("home", "generel", top_search=False),
        Shell("concept", "$title · generel", modules=("concept_neighbors.js", "concept_evidence.js", "concept_gene.js", "concept_variant.js")),
        Shell("compare", "Compare two concepts · generel", modules=("compare_paths.js",)),
        Shell("map", "Map · generel", scripts=VENDORED_FOR_MAP, modules=("map_canvas.js", "map_data.js")),
        Shell("about", "About this space · generel"),
    )
}


def render(name: str, *, root: str, static: str, title: str = "") -> str:
    """The HTML of a page.

    Args:
        root: the path under which the service lies, without a slash at its end; empty where it has an address of its own.
        static: the path of the static files.
        title: what the page is about, where its title has a place for that.
    """
    shell, places = SHELLS[name], {"root": escape(root), "static": escape(static)}
    filled = {
        **places,
        "name": name,
        "release": __version__,
        "title": Template(shell.title).substitute(title=escape(title)),
        "modules": _tags(shell, static=escape(static)),
        "search": _read("search").substitute(places) if shell.top_search else "",
        "main": _read(name).substitute(places),
        **{f"at_{each}": ' aria-current="page"' if each == name else "" for each in SHELLS},
    }
    return _read("frame").substitute(filled)


def _tags(shell: Shell, *, static: str) -> str:
    scripts = [f'<script defer src="{static}/{script}"></script>' for script in shell.scripts]
    return "\n".join([*_preloads((*SHARED, *shell.modules), static), *scripts, *(f'<script type="module" src="{static}/{module}.js"></script>' for module in ("frame", shell.name))])


def _preloads(modules: Sequence[str], static: str) -> list[str]:
    return [f'<link rel="modulepreload" href="{static}/{module}">' for module in modules]


@cache
def _read(name: str) -> Template:
    return Template((files("generel.service.page") / "shells" / f"{name}.html").read_text(encoding="utf-8"))
