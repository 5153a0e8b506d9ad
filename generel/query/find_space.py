"""Which folder a space's name means: `--space`, else `GENEREL_SPACE`, else the starter space.

A name is looked for in `GENEREL_HOME/spaces`; whatever holds a path separator, and every `Path`, is a folder as it stands.
"""

import os
from pathlib import Path

from generel.concepts.errors import NotThere
from generel.concepts.home import Home
from generel.index.space_folder import MANIFEST

VARIABLE = "GENEREL_SPACE"
DEFAULT = "starter"


def find_space(space: str | Path | None = None, *, home: Home | None = None) -> Path:
    """The folder of a space that is there.

    Args:
        space: a name or a path; None for what the environment says.
        home: where named spaces lie; None for what the environment says.

    Raises:
        NotThere: no such space; those that there are, are named.
    """
    wanted = space or os.environ.get(VARIABLE) or DEFAULT
    spaces = (home or Home.from_environment()).spaces
    is_path = isinstance(wanted, Path) or os.sep in wanted or wanted in (".", "..")
    folder = Path(wanted).expanduser() if is_path else spaces / wanted
    if (folder / MANIFEST).is_file():
        return folder
    there = list_spaces(spaces)
    others = f"the spaces in {spaces} are: {', '.join(there)}" if there else f"there are none in {spaces}; make one with: generel quickstart"
    raise NotThere(f"there is no space {f'at {folder}' if is_path else repr(str(wanted))}; {others}")


def list_spaces(spaces: Path) -> list[str]:
    """The names of the spaces in a folder, sorted; folders that are being written are not among them."""
    return sorted(path.parent.name for path in spaces.glob(f"*/{MANIFEST}") if not path.parent.name.startswith("."))
