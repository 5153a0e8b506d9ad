"""Which of a recipe's sources a build uses, and why the others are left out."""

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace

import polars as pl

from generel.concepts.errors import BadInput, BadRecipe
from kg.harvest import Harvest, count_set_aside
from kg.recipe import Recipe
from kg.sources.record import Source

NOT_ALLOWED = "the license is not among the allowed"


@dataclass(frozen=True)
class Selection:
    """The sources used, in the recipe's order, and by name why others are not."""

    used: tuple[Source, ...]
    left_out: Mapping[str, str]


def select_sources(
    recipe: Recipe, sources: Mapping[str, Source], *, without: Iterable[str] = (), license_allow: Iterable[str] = (), is_there: Callable[[Source], bool] = lambda source: True
) -> Selection:
    """The recipe's sources that are neither left out by name nor under a license that is not allowed.

    Args:
        sources: all that are known, by name; the recipe's own come on top.
        without: names of the recipe's.
        is_there: whether a source's files are on this disk; asked of those that the recipe takes only then.
        license_allow: as in the sources' records, case aside; all are allowed if it is empty.

    Raises:
        BadRecipe: the recipe names a source that is not known.
        BadInput: `without` names one that is not in the recipe, a license that no source has, or nothing is left.
    """
    sources = dict(sources)
    if taken := [each.name for each in recipe.own_sources if each.name in sources]:
        raise BadRecipe(f"recipe '{recipe.name}' has files of its own under names that are taken: {', '.join(taken)}; give them others")
    sources |= {each.name: each for each in recipe.own_sources}
    if unknown := [name for name in recipe.sources if name not in sources]:
        raise BadRecipe(f"recipe '{recipe.name}' names sources that are not known: {_with_nearest(unknown, sources)}; `generel sources` lists all")
    if strange := [name for name in without if name not in recipe.sources]:
        raise BadInput(f"recipe '{recipe.name}' has no source to leave out called {_with_nearest(strange, recipe.sources)}")
    licenses = {license for name in recipe.sources for license in licenses_of(sources[name])}
    allowed = {license.casefold() for license in license_allow}
    if strange := sorted(allowed - {license.casefold() for license in licenses}):
        raise BadInput(f"no source of recipe '{recipe.name}' has the license {', '.join(strange)}; they have: {', '.join(sorted(licenses))}")
    left_out = {name: "left out by name" for name in recipe.sources if name in set(without)}
    for name in recipe.sources:
        if allowed and name not in left_out and not allowed & {license.casefold() for license in licenses_of(sources[name])}:
            left_out[name] = f"its license {sources[name].license} is not among the allowed"
    for name in recipe.if_there:
        if name not in left_out and not is_there(sources[name]):
            left_out[name] = f"its files are not on this disk; `generel fetch {name}` gets them"
    used = tuple(sources[name] for name in recipe.sources if name not in left_out)
    if not used:
        raise BadInput(f"no source of recipe '{recipe.name}' is left: {'; '.join(f'{name} {why}' for name, why in left_out.items())}")
    return Selection(used, left_out)


def licenses_of(source: Source) -> tuple[str, ...]:
    """The licenses under which rows of a source stand."""
    return source.row_licenses or (source.license,)


def keep_allowed(harvest: Harvest, *, license_allow: Collection[str]) -> Harvest:
    """The harvest without the rows under licenses that are not allowed, which are set aside; all of it if none are named."""
    allowed = {license.casefold() for license in license_allow}
    if not allowed:
        return harvest
    kept: dict[str, pl.DataFrame] = {}
    lost = []
    for each in fields(Harvest):
        frame = getattr(harvest, each.name)
        if "license" in frame.columns:
            inside = pl.col("license").is_in([license for license in frame["license"].unique() if license.casefold() in allowed])
            kept[each.name] = frame.filter(inside)
            lost.append(frame.filter(~inside).select("source", table=pl.lit(each.name.upper()), key="license", reason=pl.lit(NOT_ALLOWED)))
    return replace(harvest, **kept, set_aside=pl.concat([harvest.set_aside, count_set_aside(pl.concat(lost))]))


def _with_nearest(names: Iterable[str], known: Iterable[str]) -> str:
    """The names, each with the nearest known one."""
    shown = []
    for name in names:
        near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
        shown.append(f"'{name}'" + (f" (did you mean '{near[0]}'?)" if near else ""))
    return ", ".join(shown)
