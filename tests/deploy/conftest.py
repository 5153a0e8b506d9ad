"""The folder of deployment files, and tools that may not be there."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
EXTRA = "pip install 'generel[deploy-test]'"


@pytest.fixture
def program() -> Callable[[str], str]:
    """The path of a program, from the environment of this Python or from PATH; the test is skipped where there is none."""

    def find(name: str) -> str:
        found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
        if not found:
            pytest.skip(f"{name} is not installed: {EXTRA}")
        return found

    return find
