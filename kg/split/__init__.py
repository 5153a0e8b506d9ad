"""The split of a build: what training may see, and what it is asked about; `division` makes it, `leaks` proves it."""

from kg.split.division import Split, SplitSettings, faults_of_settings, make_split

__all__ = ["Split", "SplitSettings", "faults_of_settings", "make_split"]
