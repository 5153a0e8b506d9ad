"""What the command line names, opened: libraries and identities."""

from collections.abc import Sequence
from pathlib import Path

from generel.concepts.errors import BadInput
from generel.concepts.home import Home
from generel.query.find_space import find_space
from kg.build import find_build
from training.gene_sets.identities import Identities, identities_of_build, identities_of_space
from training.gene_sets.libraries import GmtLibrary, Library, libraries_of_table


def find_libraries(gmts: Sequence[Path], *, build: str | None, without: Sequence[str]) -> list[Library]:
    """The libraries of the files and of the build.

    Raises:
        NotThere: no such build.
        BadInput: a library to leave out is not in the build.
    """
    of_build = libraries_of_table(find_build(build, home=Home.from_environment()).gene_sets) if build else []
    names = [library.name for library in of_build]
    if strange := [name for name in without if name not in names]:
        raise BadInput(f"--without: the build has no library {', '.join(map(repr, strange))}; it has {', '.join(names) or 'none, for no --build was given'}")
    return [*map(GmtLibrary, gmts), *(library for library in of_build if library.name not in without)]


def find_identities(*, space: str | None, build: str | None) -> Identities | None:
    """What the space says of genes, else what the build does; None where neither is named.

    Raises:
        NotThere: no such space or build.
    """
    if space:
        return identities_of_space(find_space(space))
    return identities_of_build(find_build(build, home=Home.from_environment())) if build else None
