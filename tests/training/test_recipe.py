"""Recipes: every setting has one default, and a file that says anything else than it may is refused."""

import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from generel.concepts.errors import BadRecipe, NotThere
from training.recipe import Recipe, parse_recipe, read_recipe

SHIPPED = sorted(Path(entry.name).stem for entry in resources.files("training.recipes").iterdir() if entry.name.endswith(".toml"))


def parse(text: str) -> Recipe:
    """The recipe of the text, called my.toml."""
    return parse_recipe(text, where="my.toml")


def test_an_empty_file_is_the_defaults() -> None:
    """Defaults stand in the record and nowhere else."""
    assert parse("") == Recipe()


def test_settings_replace_defaults_one_by_one() -> None:
    """In the file's own sections; lists become tuples, a whole number may stand for a real one."""
    recipe = parse(
        'name = "mine"\nsteps = 10\ntemperature = 1\ncomposed_kinds = ["variant", "drug"]\n[sampling]\nanchors = 5\n'
        '[families]\ntied = ["targets", "treats"]\n[task_weights]\nsynonym = 2\n"tied:drug-gene" = 0.5\n[tower]\nhidden = 8'
    )
    assert (recipe.name, recipe.steps, recipe.temperature, recipe.composed_kinds) == ("mine", 10, 1.0, ("variant", "drug"))
    assert (recipe.sampling.anchors, recipe.sampling.negatives) == (5, Recipe().sampling.negatives)
    assert recipe.families == {"tied": ("targets", "treats")}
    assert recipe.task_weights == {"synonym": 2, "tied:drug-gene": 0.5}
    assert (recipe.tower.hidden, recipe.tower.n_pairs) == (8, Recipe().tower.n_pairs)


def test_a_predicate_belongs_to_its_family_or_to_itself() -> None:
    """Predicates of one family are one task."""
    recipe = parse('[families]\ntied = ["targets", "treats"]')
    assert [recipe.family(predicate) for predicate in ("targets", "treats", "is_a")] == ["tied", "tied", "is_a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stepz = 3", "my.toml has an unknown setting 'stepz'; did you mean 'steps'?"),
        ("[sampling]\nanchorz = 3", "my.toml, 'sampling' has an unknown setting 'anchorz'; did you mean 'anchors'?"),
        ("[zzz]\na = 1", "my.toml has an unknown setting 'zzz'; known are name, build, seed, steps, "),
        ('steps = "many"', "my.toml, 'steps' should be a whole number, not 'many'"),
        ("steps = true", "my.toml, 'steps' should be a whole number, not True"),
        ("steps = 1.5", "my.toml, 'steps' should be a whole number, not 1.5"),
        ("steps = [1]", "my.toml, 'steps' should be a whole number, not [1]"),
        ("[steps]\na = 1", "my.toml, 'steps' should be a whole number, not {'a': 1}"),
        ("temperature = true", "my.toml, 'temperature' should be a number, not True"),
        ("name = 3", "my.toml, 'name' should be a string, not 3"),
        ("sampling = 3", "my.toml, 'sampling' is a section with settings of its own, not 3"),
        ("families = 3", "my.toml, 'families' should be a table, not 3"),
        ('composed_kinds = "variant"', "my.toml, 'composed_kinds' should be a list, not 'variant'"),
        ("steps = ", "my.toml is not TOML: "),
    ],
)
def test_a_setting_that_is_unknown_or_of_the_wrong_type_is_refused(text: str, message: str) -> None:
    """The message names the file, the setting, the value, and the nearest setting there is."""
    with pytest.raises(BadRecipe, match=f"^{re.escape(message)}"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps = 0", "steps = 0 is not at least 1"),
        ("checkpoint_every = 0", "checkpoint_every = 0 is not at least 1"),
        ("[sampling]\nnegatives = 0", "sampling.negatives = 0 is not at least 1"),
        ("[sampling]\nmax_names = 0", "sampling.max_names = 0 is not at least 1"),
        ("[sampling]\nresidual_dropout = 1.1", "sampling.residual_dropout = 1.1 is not between 0 and 1"),
        ("[sampling]\ntoken_dropout = nan", "sampling.token_dropout = nan is not between 0 and 1"),
        ("temperature = 0.0", "temperature = 0.0 is not between 0.005 and 1"),
        ("temperature = inf", "temperature = inf is not between 0.005 and 1"),
        ("seed = -1", "seed = -1 is not a number from 0 on"),
        ("[optimizer]\ntokens = -0.1", "optimizer.tokens = -0.1 is not a number from 0 on"),
        ("[optimizer]\ntower = nan", "optimizer.tower = nan is not a number from 0 on"),
        ("[task_weights]\nsynonym = -1", "task_weights.synonym = -1 is not a number from 0 on"),
        ('[task_weights]\nsynonym = "much"', "task_weights.synonym = much is not a number from 0 on"),
        ('[families]\ntied = "targets"', "families.tied = 'targets' is not a list of predicates"),
        ('[families]\ntied = ["targetz"]', "families.tied has 'targetz', which is not a predicate"),
        ('composed_kinds = ["snp"]', "composed_kinds has 'snp', which is not one of variant, gene,"),
        ('name = ""', "name = '' cannot be the name of a folder"),
        ('name = "../other"', "name = '../other' cannot be the name of a folder"),
    ],
)
def test_a_setting_out_of_range_is_refused(text: str, message: str) -> None:
    """What could not train, or would write elsewhere, is said before anything is computed."""
    with pytest.raises(BadRecipe, match=f"^{re.escape('my.toml: ' + message)}"):
        parse(text)


def test_all_settings_out_of_range_are_said_at_once() -> None:
    """Not one after the other."""
    with pytest.raises(BadRecipe, match=r"steps = 0 is not at least 1.*; seed = -1 is not.*; temperature = 3\.0 is not.*; name = '' cannot"):
        parse('steps = 0\nseed = -1\ntemperature = 3.0\nname = ""')


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_is_read_by_name(name: str) -> None:
    """It is valid, and called what its file is called."""
    assert read_recipe(name).name == name


def test_a_file_is_read_by_path(tmp_path: Path) -> None:
    """What is no shipped name is a path; its name stands in errors."""
    path = tmp_path / "mine.toml"
    path.write_text("steps = 7", encoding="utf-8")
    assert read_recipe(str(path)).steps == 7
    path.write_text("stepz = 7", encoding="utf-8")
    with pytest.raises(BadRecipe, match=r"mine\.toml has an unknown setting 'stepz'"):
        read_recipe(str(path))
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(BadRecipe, match=r"mine\.toml is not TOML: it is not written in UTF-8"):
        read_recipe(str(path))


def test_a_recipe_that_is_not_there_names_those_that_are() -> None:
    """The way out stands in the message."""
    with pytest.raises(NotThere, match=rf"there is no recipe 'stater'; shipped are .*{SHIPPED[0]}.*, or give a \.toml file"):
        read_recipe("stater")


def test_a_recipe_as_plain_values_is_json_of_the_same() -> None:
    """What goes into checkpoints has every section and nothing that JSON cannot hold."""
    values = parse('[families]\ntied = ["targets"]').as_dict()
    assert values["families"] == {"tied": ("targets",)}
    assert values["sampling"]["anchors"] == Recipe().sampling.anchors
    # Stage one does not depend on the settings of stage two.
    assert set(values) == set(Recipe.__dataclass_fields__) - {"fine_tuning"}


def test_a_recipe_with_a_base_says_only_what_differs(tmp_path: Path) -> None:
    """Sections are laid over each other; of a base that is no recipe, or the recipe itself, the sentence says so."""
    open_recipe = read_recipe("open")
    mine = parse('base = "open"\nname = "mine"\nsteps = 7\n[sampling]\nanchors = 11\n')
    assert mine == replace(open_recipe, name="mine", steps=7, sampling=replace(open_recipe.sampling, anchors=11))
    assert read_recipe("open_2015") == replace(open_recipe, name="open_2015", build="open_2015", steps=1500, validate_every=500)
    path = tmp_path / "mine.toml"
    path.write_text(f'base = "{path}"\n')
    with pytest.raises(BadRecipe, match="'base' should name another recipe, not"):
        read_recipe(str(path))
    with pytest.raises(NotThere, match="there is no recipe 'opne'"):
        parse('base = "opne"')
