"""Which of a recipe's sources a build uses, and why the others are left out."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from generel.concepts.errors import BadInput, BadRecipe
from kg.recipe import Recipe
from kg.sources.record import Source


@dataclass(frozen=True)
class Selection:
    """The sources used, in the recipe's order, and by name why others are not."""

    used: tuple[Source, ...]
    left_out: Mapping[str, str]


def select_sources(recipe: Recipe, sources: Mapping[str, Source], *, without: Iterable[str] = (), license_allow: Iterable[str] = ()) -> Selection:
    """The recipe's sources that are neither left out by name nor under a license that is not allowed.

    Args:
        sources: all that are known, by name.
        without: names of the recipe's.
        license_allow: as in the sources' records, case aside; all are allowed if it is empty.

    Raises:
        BadRecipe: the recipe names a source that is not known.
        BadInput: `without` names one that is not in the recipe, a license that no source has, or nothing is left.
    """
    if unknown := [name for name in recipe.sources if name not in sources]:
        raise BadRecipe(f"recipe '{recipe.name}' names sources that are not known: {_with_nearest(unknown, sources)}; `generel sources` lists all")
    if strange := [name for name in without if name not in recipe.sources]:
        raise BadInput(f"recipe '{recipe.name}' has no source to leave out called {_with_nearest(strange, recipe.sources)}")
    licenses = {sources[name].license for name in recipe.sources}
    allowed = {license.casefold() for license in license_allow}
    if strange := sorted(allowed - {license.casefold() for license in licenses}):
        raise BadInput(f"no source of recipe '{recipe.name}' has the license {', '.join(strange)}; they have: {', '.join(sorted(licenses))}")
    left_out = {name: "left out by name" for name in recipe.sources if name in set(without)}
    for name in recipe.sources:
        if allowed and name not in left_out and sources[name].license.casefold() not in allowed:
            left_out[name] = f"its license {sources[name].license} is not among the allowed"
    used = tuple(sources[name] for name in recipe.sources if name not in left_out)
    if not used:
        raise BadInput(f"no source of recipe '{recipe.name}' is left: {'; '.join(f'{name} {why}' for name, why in left_out.items())}")
    return Selection(used, left_out)


def _with_nearest(names: Iterable[str], known: Iterable[str]) -> str:
    """The names, each with the nearest known one."""
    shown = []
    for name in names:
        near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
        shown.append(f"'{name}'" + (f" (did you mean '{near[0]}'?)" if near else ""))
    return ", ".join(shown)
