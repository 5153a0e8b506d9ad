"""`generel load`, `info` and `neighbors` with a server, and what `load` says of quantization."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.index.qdrant_fake import FakeQdrant

KEY = "a-key-nobody-may-see"


@pytest.fixture
def fake() -> FakeQdrant:
    """A server that asks for the key."""
    return FakeQdrant(api_key=KEY)


def test_a_space_goes_to_a_server_and_answers_from_there(run: Run, own_home: Path, fake: FakeQdrant) -> None:
    """Loaded, described, asked, loaded again in bytes, and rolled back; the key is in no output."""
    with fake.serving() as url:
        said = ""

        def call(*arguments: str) -> str:
            nonlocal said
            result = run(*arguments, home=own_home, GENEREL_QDRANT_URL=url, GENEREL_QDRANT_API_KEY=KEY)
            assert result.exit_code == 0, result.output
            said += result.output
            return result.output

        assert "'world' is served by 'world-" in call("load")
        assert "12 concepts (12 uploaded now), recall@10 1.000 (1.000 of one kind)" in said
        assert f"server {url}, collection world-" in call("info", "--format", "tsv")
        fake.asked.clear()
        assert "atorvastatin" in call("neighbors", "simvastatin", "-k", "1")
        assert fake.count("POST", "/points/query/batch") == 1
        assert "is kept; `generel load world --qdrant" in call("load", "--quantize", "int8", "--on-disk")
        assert "is served again in the place of 'world-" in call("load", "--rollback")
        assert KEY not in said


def test_the_options_say_what_the_environment_does(run: Run, fake: FakeQdrant, own_home: Path) -> None:
    """Address and key as options; a wrong key ends with the exit code of its error and one sentence."""
    with fake.serving() as url:
        assert run("load", "--qdrant", url, "--api-key", KEY, home=own_home).exit_code == 0
        assert run("neighbors", "simvastatin", "-k", "1", "--qdrant", url, "--api-key", KEY, home=own_home).stdout.splitlines()[1].endswith("atorvastatin")
        refused = run("neighbors", "simvastatin", "--qdrant", url, "--api-key", "wrong", home=own_home)
        assert (refused.exit_code, refused.stdout) == (69, "")
        assert "does not let us in (401); give its key with --api-key or GENEREL_QDRANT_API_KEY" in refused.stderr
        assert "wrong" not in refused.stderr


def test_a_server_without_the_space_is_said(run: Run, fake: FakeQdrant) -> None:
    """Nothing else answers in its place."""
    with fake.serving() as url:
        missing = run("neighbors", "simvastatin", "--qdrant", url, "--api-key", KEY)
        assert (missing.exit_code, missing.stdout) == (66, "")
        assert "this release of 'world' is not loaded there; run: generel load --qdrant URL" in missing.stderr


@pytest.mark.parametrize("option", [("--rollback",), ("--on-disk",), ("--shards", "2"), ("--replicas", "2")])
def test_options_of_a_server_need_one(run: Run, option: tuple[str, ...]) -> None:
    """The index in the folder is made of the space's own vectors, so there is nothing to go back to."""
    refused = run("load", *option)
    assert refused.exit_code == 2
    assert "are for a server; name it with --qdrant" in refused.stderr


def test_load_says_how_vectors_are_kept_and_what_is_found(run: Run, own_home: Path) -> None:
    """Bytes: built, measured, and told again by info."""
    built = run("load", "--quantize", "int8", home=own_home)
    assert built.exit_code == 0
    assert "built edge, recall@10 1.000 (1.000 of one kind) against the exact scan; neighbors come from the store 'edge', quantized to int8" in built.stderr
    assert "edge, quantization int8, recall@10 1.000" in run("info", "--format", "tsv", home=own_home).stdout
