"""MeSH: what descriptors are, their tree, and their mappings."""

from pathlib import Path

import pytest
from mutations import damaged_copies
from source_slices import assert_as_expected, files_of, keys_of, numbered_rows, read

from generel.concepts.errors import BadTable
from generel.concepts.kinds import Kind
from kg.harvest import Harvest
from kg.sources.mesh import ANIMAL, NO_DRUG, NO_TREE, SOURCE, kind_of_tree_numbers


def test_the_slice_gives_the_expected_tables() -> None:
    """Concepts, mappings, relations and everything set aside are as written down by hand beside the slice."""
    assert_as_expected("mesh")


@pytest.mark.parametrize(
    ("tree_numbers", "kind"),
    [
        (["C14.280.647.500", "C23.550.513"], Kind.DISEASE), (["C23.888.369", "F01.145"], Kind.PHENOTYPE), (["F03.600"], Kind.DISEASE),
        (["F01.145"], "neither disease, phenotype nor drug: tree F"), (["C22.268"], ANIMAL), (["C22.268", "C01.1"], Kind.DISEASE), (["D03.383"], Kind.DRUG),
        (["D27.505", "C25.100"], Kind.DISEASE), (["D12.776"], NO_DRUG), (["D12.776", "D06.472"], Kind.DRUG), (["D09.400.430", "D12.776"], NO_DRUG),
        (["D09.400"], Kind.DRUG), (["D25.130"], NO_DRUG), (["B01.050", "D20.1"], Kind.DRUG), (["B01.050"], "neither disease, phenotype nor drug: tree B"), ([""], NO_TREE), ([], NO_TREE),
    ],
)
def test_tree_numbers_say_what_a_descriptor_is(tree_numbers: list[str], kind: Kind | str) -> None:
    """Disease before phenotype before drug, whatever the order of the numbers; the rest is set aside by its tree."""
    assert kind_of_tree_numbers(tree_numbers) == kind
    assert kind_of_tree_numbers(tree_numbers[::-1]) == kind


@pytest.mark.parametrize("name", ["mesh_id_label_mappings.tsv", "mesh_mappings.tsv"])
def test_a_file_of_another_width_is_refused(name: str, tmp_path: Path) -> None:
    """A file without a header is recognized by the number of its fields."""
    (tmp_path / name).write_text("one\ttwo\nthree\tfour\n")
    with pytest.raises(BadTable, match=rf"{name} is not the table it should be: no line has . fields between tabs \(.*\); line 1 is 'one"):
        SOURCE.read(files_of("mesh") | {name: tmp_path / name}, SOURCE)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["mesh_id_label_mappings.tsv", "mesh_mappings.tsv"])
def test_no_line_is_lost_however_damaged(victim: str, tmp_path: Path) -> None:
    """With damaged lines every line, and every tree number with a parent, is still in a table or set aside."""
    for seed in range(30):
        files = damaged_copies(files_of("mesh"), tmp_path, victim=victim, seed=seed, times=8)
        harvest = read(SOURCE, files)
        assert_descriptors_accounted_for(files["mesh_id_label_mappings.tsv"], harvest)
        assert_mappings_accounted_for(files["mesh_mappings.tsv"], harvest)


def assert_descriptors_accounted_for(path: Path, harvest: Harvest) -> None:
    """Each line is a concept or set aside, under its line or its identifier; each parent is in is-a or set aside."""
    curies, aside, relations = set(harvest.concepts["curie"]), keys_of(harvest, "CONCEPTS"), keys_of(harvest, "RELATIONS")
    children = set(harvest.relations["subject"])
    rows = numbered_rows(path, has_header=False)
    for number, fields in rows:
        curie = "mesh:" + fields[0].upper().removeprefix("MESH:").removeprefix("MSH:").strip()
        assert curie in curies or curie in aside or f"{path.name}:{number}" in aside, (number, fields)
        if curie in curies and f"{path.name}:{number}" not in aside:
            for tree_number in fields[3].split("|"):
                if "." in tree_number.lstrip("."):
                    assert curie in children or f"{curie} {tree_number}" in relations, (curie, tree_number)
    assert len(curies) + sum(aside.values()) == len(rows)


def assert_mappings_accounted_for(path: Path, harvest: Harvest) -> None:
    """Each line is a mapping, or set aside under its line or the unknown namespace; by a plain loop."""
    mapped = {(subject.partition(":")[2].upper(), object_.partition(":")[2].upper()) for subject, object_ in harvest.mappings.select("subject", "object").iter_rows()}
    aside = keys_of(harvest, "MAPPINGS")
    rows = numbered_rows(path, has_header=False)
    for number, fields in rows:
        if f"{path.name}:{number}" not in aside and fields[3] not in aside:
            assert (fields[1].rpartition(":")[2].upper(), fields[4].rpartition(":")[2].upper()) in mapped, (number, fields)
    distinct = {tuple(fields[:5]) for number, fields in rows if f"{path.name}:{number}" not in aside and (len(fields) < 4 or fields[3] not in aside)}
    assert harvest.mappings.height <= len(distinct)
