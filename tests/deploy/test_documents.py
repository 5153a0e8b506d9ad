"""What the pages on deployment say is so: commands parse, the table is computed, a backup comes back."""

import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from generel.cli.main import main
from generel.concepts.errors import BadTable
from generel.index.load import load_space
from generel.index.space_folder import FORMAT, read_manifest
from generel.query.space import EmbeddingSpace
from tests.deploy.conftest import DEPLOY
from tests.worlds import write_world

PAGES = ("README.md", "cluster.md", "backup.md")


def shell_lines(page: str) -> Iterator[str]:
    """The lines of the blocks marked `sh`."""
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", (DEPLOY / page).read_text(), re.MULTILINE | re.DOTALL):
        yield from block.splitlines()


def quoted_commands(page: str) -> Iterator[list[str]]:
    """The arguments of every `generel ...` that a page has, in blocks and inside sentences."""
    inline = re.findall(r"`((?:\w+=\S+ )?generel(?: [^`]+)?)`", (DEPLOY / page).read_text())
    for line in (*shell_lines(page), *inline):
        words = shlex.split(line.partition(" && ")[0])
        while words and "=" in words[0]:
            words = words[1:]
        if words and words[0] == "generel" and words[1:] != ["..."]:
            yield words[1:]


def commands_of_files() -> Iterator[list[str]]:
    """The arguments of `generel` in the unit, the compose file, and the image, with their variables filled in."""
    for line in (DEPLOY / "systemd/generel.service").read_text().splitlines():
        if line.startswith("Exec"):
            words = line.partition("=")[2].replace("$GENEREL_SERVE_OPTIONS", "--rate 20").replace("${GENEREL_PORT}", "80").replace("${GENEREL_WORKERS}", "2")
            yield shlex.split(words)[1:]
    for file, pattern in (("compose.yaml", r"^    command: \[(.*)\]"), ("Dockerfile", r"^CMD \[(.*)\]")):
        for words in re.findall(pattern, (DEPLOY / file).read_text(), re.MULTILINE):
            yield [re.sub(r"\$\{\w+:-(\w+)\}", r"\1", word) for word in re.findall(r'"([^"]*)"', words)]


def parse(arguments: list[str]) -> None:
    """Nothing, if the command line takes these arguments; nothing is run."""
    command: click.Command = main
    context = click.Context(main, info_name="generel")
    while isinstance(command, click.Group):
        _, rest, _ = command.make_parser(context).parse_args(list(arguments))
        if not rest:
            break
        found = command.get_command(context, rest[0])
        assert found is not None, f"there is no command {rest[0]!r}"
        command, arguments = found, rest[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    if not isinstance(command, click.Group):
        command.make_context(command.name, list(arguments), parent=context.parent)


COMMANDS = [(page, command) for page in PAGES for command in quoted_commands(page)] + [("files", command) for command in commands_of_files()]


def test_there_are_commands_to_check() -> None:
    """On every page, and in three files."""
    assert {page for page, _ in COMMANDS} == {*PAGES, "files"}
    assert len(COMMANDS) > 25


@pytest.mark.parametrize(("page", "arguments"), COMMANDS, ids=[f"{page}: {' '.join(command)}" for page, command in COMMANDS])
def test_every_command_of_the_pages_parses(page: str, arguments: list[str]) -> None:
    """By the click commands themselves: the names of commands and options, and the values they take."""
    try:
        parse(arguments)
    except click.UsageError as error:
        # A sentence may name a command without its arguments.
        assert "Missing argument" in error.message, error.format_message()


def test_a_command_that_is_not_there_would_be_found() -> None:
    """The check itself: an unknown option, command and value are refused."""
    for wrong in (["load", "--quantise", "int8"], ["serve", "keys", "make"], ["load", "--quantize", "int4"], ["neighbours", "x"]):
        with pytest.raises((click.UsageError, AssertionError)):
            parse(wrong)


def test_the_table_of_sizes_is_computed() -> None:
    """cluster.md holds what sizing.py prints, and a row of it by hand: 10^6 vectors of 384 float32 and 355 bytes around each are 1.89 GB."""
    sizing: dict[str, Any] = runpy.run_path(str(DEPLOY / "sizing.py"))
    assert sizing["table"]() in (DEPLOY / "cluster.md").read_text()
    assert sizing["disk_bytes"](10**6, 0) == 10**6 * (384 * 4 + 136 + 144 + 44 + 31)
    assert sizing["memory_bytes"](10**6, sizing["INT8"]) == 10**6 * (384 + 4 + 355)
    assert sizing["nodes"](10**8) == 4  # 2 x 74.3 GB on nodes that give 38.4


def test_sizes_are_compared_with_a_loaded_space(tmp_path: Path) -> None:
    """One line for index, names and folder; twelve concepts of three numbers are all overhead, so only the count is checked."""
    space = write_world(tmp_path / "world")
    done = subprocess.run([sys.executable, DEPLOY / "sizing.py", space], capture_output=True, text=True, check=True)
    assert [line.split(" | ")[0] for line in done.stdout.splitlines()] == ["| world, 12"] * 3


def test_a_backup_comes_back_and_answers(tmp_path: Path) -> None:
    """The commands of backup.md, as they stand there, from one home to another: same digest, same answers, caches made anew."""
    home, other = tmp_path / "home", tmp_path / "other"
    write_world(home / "spaces/starter")
    lines = list(shell_lines("backup.md"))
    pack = next(line for line in lines if "-czf starter.tar.gz" in line)
    restore = [next(line for line in lines if line.startswith(start)) for start in ("mkdir -p", 'tar -C "$GENEREL_HOME/spaces" -xzf starter.tar.gz', "generel load starter", "generel neighbors")]
    run_lines([pack], home, tmp_path)
    assert "index" not in {Path(name).parts[1] for name in run_lines(["tar -tzf starter.tar.gz"], home, tmp_path).splitlines() if "/" in name.rstrip("/")}
    answer = run_lines([f"{line} --format tsv" if line.startswith("generel neighbors") else line for line in restore], other, tmp_path)
    assert answer == run_lines([f"{restore[-1]} --format tsv"], home, tmp_path)
    assert answer.splitlines()[1].split("\t")[5] == "simvastatin"
    assert read_manifest(other / "spaces/starter").raw["digest"] == read_manifest(home / "spaces/starter").raw["digest"]


def run_lines(lines: list[str], home: Path, folder: Path) -> str:
    """What the lines print, run by a shell that finds `generel`."""
    program = f'generel() {{ {shlex.quote(sys.executable)} -c "from generel.cli.main import main; main()" "$@"; }}\nset -e\n'
    environment = {**os.environ, "GENEREL_HOME": str(home), "PYTHONPATH": str(DEPLOY.parent), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(["bash", "-c", program + "\n".join(lines)], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_restored_file_that_is_damaged_is_named(tmp_path: Path) -> None:
    """Nothing is served from a copy that was cut short."""
    space = write_world(tmp_path / "world", load=False)
    table = space / "relations.parquet"
    table.write_bytes(table.read_bytes()[:-1])
    with pytest.raises(Exception, match=r"relations\.parquet has .* bytes instead of"):
        load_space(space)


def test_a_space_of_another_format_says_what_the_page_quotes(tmp_path: Path) -> None:
    """The sentence of backup.md is that of the reader; loading and opening both say it and change nothing."""
    space = write_world(tmp_path / "world", load=False, format=FORMAT + 1)
    before = sorted(path.name for path in space.rglob("*"))
    for ask in (load_space, EmbeddingSpace.open):
        with pytest.raises(BadTable) as refused:
            ask(space)
        said = f"BadTable: .../{refused.value.args[0].partition('/world/')[2]}"
        assert said in (DEPLOY / "backup.md").read_text()
        assert refused.value.exit_code == 65
    assert sorted(path.name for path in space.rglob("*")) == before
