"""The command as a shell runs it: streams, pipes, full disks, Ctrl-C."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Process

COMMAND = [sys.executable, "-c", "from generel.cli.main import main; main()"]


def test_answers_go_to_stdout_and_talk_to_stderr(process: Process) -> None:
    """A query on stdin; exit code 0."""
    done = process("neighbors", "-k", "1", "--kind", "drug", stdin="rs4149056\n")
    assert done.stdout.splitlines()[1].split("\t")[-1] == "simvastatin"
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_query_leaves_the_index_as_it_was(process: Process, own_home: Path) -> None:
    """The engine's shard is not closed at the end of a command: that would write to it and empty its page cache."""
    index = own_home / "spaces/world/index"
    before = {path: path.stat().st_mtime_ns for path in index.rglob("segment.json")}
    assert process("neighbors", "CAT", home=own_home).returncode == 0
    assert before and {path: path.stat().st_mtime_ns for path in index.rglob("segment.json")} == before


def test_exit_codes_reach_the_shell(process: Process) -> None:
    """An unknown concept is 65, a missing space 66, wrong usage 2."""
    assert process("neighbors", "rs1").returncode == 65
    assert process("info", "nope").returncode == 66
    assert process("neighbors", "CAT", "-k", "x").returncode == 2


def test_a_reader_that_leaves_is_no_news(home: Path) -> None:
    """`generel … | head -1` ends without a word about broken pipes."""
    environment = {**os.environ, "GENEREL_HOME": str(home), "GENEREL_SPACE": "world"}
    with subprocess.Popen([*COMMAND, "neighbors"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True) as started:
        assert started.stdin and started.stdout and started.stderr
        started.stdout.close()
        started.stdin.write("CAT\n" * 2000)
        started.stdin.close()
        assert started.stderr.read() == ""
    assert started.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_a_sentence(home: Path) -> None:
    """Where stdout cannot be written, the exit code is that of DiskFull."""
    environment = {**os.environ, "GENEREL_HOME": str(home), "GENEREL_SPACE": "world"}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "neighbors", "CAT"], stdout=full, stderr=subprocess.PIPE, env=environment, text=True)
    assert done.stderr == "generel: DiskFull: No space left on device; free some space and run the command again\n"
    assert done.returncode == 74


def test_a_disk_that_fills_up_during_a_load_keeps_the_old_index(own_home: Path) -> None:
    """With files limited to 100 KiB the names index cannot be written: a sentence, and what was there still answers."""
    pytest.importorskip("resource")
    program = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100 << 10, 100 << 10))\n"
        "from generel.cli.main import main; main()"
    )
    environment = {**os.environ, "GENEREL_HOME": str(own_home), "GENEREL_SPACE": "world"}
    done = subprocess.run([sys.executable, "-c", program, "load", "--force"], capture_output=True, text=True, env=environment)
    assert "generel: OSError: Input/output error" in done.stderr or "generel: DiskFull" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 74
    after = subprocess.run([*COMMAND, "neighbors", "CAT"], capture_output=True, text=True, env=environment)
    assert after.returncode == 0
    assert not list((own_home / "spaces/world/index").glob("*.part"))
    assert not list((own_home / "spaces/world/index").glob(".*.part"))


def test_ctrl_c_ends_with_130(home: Path) -> None:
    """While it waits for queries; one sentence, no traceback."""
    environment = {**os.environ, "GENEREL_HOME": str(home), "GENEREL_SPACE": "world"}
    with subprocess.Popen([*COMMAND, "neighbors", "--format", "tsv"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True) as started:
        assert started.stdin and started.stdout and started.stderr
        # So many that a batch is answered: then it is past its start and waits for more.
        started.stdin.write("CAT\n" * 256)
        started.stdin.flush()
        assert started.stdout.readline().startswith("query\t")
        started.send_signal(signal.SIGINT)
        error = started.stderr.read()
    assert error.strip() == "generel: interrupted; what was there before is unchanged"
    assert started.returncode == 130


def test_importing_the_command_line_is_cheap(process: Process) -> None:
    """Neither rich, polars nor torch is imported to answer a query."""
    program = "import sys; from generel.cli.main import main\ntry:\n main(['neighbors', 'CAT'])\nexcept SystemExit:\n pass\nprint([n for n in ('torch', 'polars', 'rich') if n in sys.modules], file=sys.stderr)"
    environment = {**os.environ, "GENEREL_SPACE": process("info", "--format", "tsv").stdout.splitlines()[1].split("\t")[1]}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stderr.strip() == "[]"
