"""Recipes: what is read, and that nothing misspelled is."""

from pathlib import Path

import pytest

from generel.concepts.errors import BadRecipe, NotThere
from kg.assemble import AssemblySettings
from kg.recipe import parse_recipe, read_recipe
from kg.split import SplitSettings


def parse(document: dict) -> object:
    return parse_recipe(document, name="mine", where="mine.toml")


def test_settings_that_are_not_given_have_the_records_defaults() -> None:
    """The shortest recipe names its sources."""
    recipe = parse_recipe({"sources": ["hpo", "mondo", "hpo"]}, name="mine", where="mine.toml")
    assert recipe.sources == ("hpo", "mondo") and recipe.title == "mine"
    assert recipe.assembly == AssemblySettings() and recipe.split == SplitSettings()


def test_settings_reach_their_records() -> None:
    """Sections become records, lists become tuples, whole numbers serve as shares."""
    document = {"sources": ["hpo"], "assembly": {"is_a_ties": ["hpo"], "keep_untied": {"hpo": "all", "hgnc": "uniprot"}}, "split": {"seed": 7, "test": 0}}
    recipe = parse_recipe(document, name="mine", where="mine.toml")
    assert recipe.assembly.is_a_ties == ("hpo",) and recipe.assembly.keep_untied == {"hpo": "all", "hgnc": "uniprot"}
    assert recipe.split.seed == 7 and recipe.split.test == 0
    assert parse(recipe.as_record()) == recipe


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"sources": ["hpo"], "splitt": {}}, "'splitt' is no setting; did you mean 'split'?"),
        ({"sources": ["hpo"], "split": {"sede": 1}}, r"'sede' in \[split\] is no setting; did you mean 'seed'?"),
        ({"sources": ["hpo"], "split": {"seed": "1"}}, r"'seed' in \[split\] should be a whole number, not '1'"),
        ({"sources": ["hpo"], "split": {"seed": True}}, r"'seed' in \[split\] should be a whole number, not True"),
        ({"sources": ["hpo"], "split": {"test": 5}}, r"'test' in \[split\] is a share between 0 and 0.5, not 5"),
        ({"sources": ["hpo"], "split": []}, "'split' should be a table"),
        ({"sources": ["hpo"], "assembly": {"keep_untied": {"hgnc": "uniport"}}}, r"'hgnc' in \[assembly.keep_untied\] should be 'all' or a prefix such as 'uniprot', not 'uniport'"),
        ({"sources": ["hpo"], "assembly": {"keep_untied": ["hpo"]}}, r"'keep_untied' in \[assembly\] should be a table"),
        ({"sources": ["hpo"], "assembly": {"without_genes_of": ["pathways"]}}, r"'without_genes_of' in \[assembly\] has 'pathways', which is not one of .*pathway"),
        ({"sources": ["hpo"], "if_there": ["efo"]}, "'if_there' names 'efo', not among the sources"),
        ({"own": [{"name": "mine", "format": "exel", "license": "private"}]}, r"'format' of \[\[own\]\] 1 should be one of .*gmt.*, not 'exel'"),
        ({"own": [{"name": "mine", "format": "triples"}]}, r"'license' is missing in \[\[own\]\] 1; 'file' is missing"),
        ({"own": [{"name": "mine", "format": "triples", "file": 1, "license": "x", "flie": "y"}]}, r"'file' of \[\[own\]\] 1 should be a text, not 1; 'flie' of \[\[own\]\] 1 is no setting of its format; did you mean 'file'"),
        ({"own": {"name": "mine"}}, "'own' should be a list"),
        ({"sources": []}, "'sources' should be a list of names"),
        ({"sources": [1]}, "'sources' should be a list of names"),
        ({}, "'sources' is missing"),
    ],
)
def test_what_is_wrong_is_said(document: dict, sentence: str) -> None:
    """The message has the file, the setting, the value and the nearest word."""
    with pytest.raises(BadRecipe, match=sentence) as caught:
        parse(document)
    assert str(caught.value).startswith("mine.toml: ")


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Three faults, one message."""
    with pytest.raises(BadRecipe) as caught:
        parse({"sources": "hpo", "titel": "x", "split": {"largest": 0.5}})
    assert all(word in str(caught.value) for word in ("'sources' should be", "'titel' is no setting", "'largest' in [split] should be a whole number"))


def test_a_recipe_is_read_by_path(tmp_path: Path) -> None:
    """Its name is that of the file."""
    path = tmp_path / "tiny.toml"
    path.write_text('sources = ["hpo"]\n', encoding="utf-8")
    assert read_recipe(str(path)).name == "tiny"


def test_a_recipe_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    """The parser's word and the file are in the message."""
    path = tmp_path / "tiny.toml"
    path.write_text("sources = [", encoding="utf-8")
    with pytest.raises(BadRecipe, match=r"tiny\.toml is not TOML"):
        read_recipe(str(path))


@pytest.mark.parametrize("name", ["startr", "nowhere/tiny.toml"])
def test_a_recipe_that_is_not_there_is_said(name: str) -> None:
    """Ours are listed where one of ours was meant."""
    with pytest.raises(NotThere, match="there is no recipe"):
        read_recipe(name)


def test_our_recipes_can_be_read() -> None:
    """The starter is what `generel build` takes by default."""
    assert "hpo" in read_recipe("starter").sources
    assert read_recipe("open_go").assembly.without_genes_of == ("pathway",)
    assert read_recipe("open_without_go").assembly.without_genes_of == ("process", "function", "component")


def test_a_recipe_says_only_what_differs_from_its_base(tmp_path: Path) -> None:
    """Tables are laid over each other, lists replace each other; a circle of bases is refused."""
    (tmp_path / "mine.toml").write_text('base = "starter"\ntitle = "Mine"\nsources = ["mondo", "hpo"]\n[split]\ntest = 0.1\n', encoding="utf-8")
    mine, starter = read_recipe(str(tmp_path / "mine.toml")), read_recipe("starter")
    assert (mine.title, mine.sources, mine.split.test, mine.split.validation) == ("Mine", ("mondo", "hpo"), 0.1, starter.split.validation)
    assert mine.assembly == starter.assembly and mine.name == "mine"
    loop = tmp_path / "loop.toml"
    loop.write_text(f'base = "{loop}"\nsources = ["hpo"]\n', encoding="utf-8")
    with pytest.raises(BadRecipe, match="'base' should name another recipe"):
        read_recipe(str(loop))
