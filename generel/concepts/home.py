"""Where generel keeps its files: `GENEREL_HOME`, or the user's data folder of the platform.

`cache/` can be deleted at any time; `builds/`, `runs/` and `spaces/` are results.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class Home:
    """The root folder and the four rooms in it; none is created until something is written."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        """`GENEREL_HOME` where set and not empty, else the platform's data folder for 'generel'."""
        named = os.environ.get("GENEREL_HOME")
        return cls(Path(named).expanduser() if named else Path(platformdirs.user_data_dir("generel")))

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def builds(self) -> Path:
        return self.root / "builds"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def spaces(self) -> Path:
        return self.root / "spaces"
