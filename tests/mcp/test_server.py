"""The MCP server as an assistant meets it: a process of its own, over stdin and stdout, and the SDK's client."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

anyio = pytest.importorskip("anyio", reason="the MCP SDK is not installed: pip install 'generel[mcp]'")
pytest.importorskip("mcp", reason="the MCP SDK is not installed: pip install 'generel[mcp]'")

from mcp import MCPError  # noqa: E402
from mcp.client.client import Client  # noqa: E402
from mcp.client.stdio import StdioServerParameters, stdio_client  # noqa: E402

from generel.cli.main import main  # noqa: E402
from generel.query.space import EmbeddingSpace  # noqa: E402
from tests.worlds import write_world  # noqa: E402

TOOLS = ("lookup", "neighbors", "relatedness", "explain")
Talk = Callable[[Client], Awaitable[Any]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GENEREL_HOME with the space 'world'."""
    folder = tmp_path_factory.mktemp("home")
    write_world(folder / "spaces/world")
    return folder


@pytest.fixture
def talk(home: Path, tmp_path: Path) -> Callable[[Talk], Any]:
    """Starts `generel mcp --space world` and lets a coroutine talk to it; what the process says on stderr must be nothing."""

    def start(conversation: Talk) -> Any:
        log = tmp_path / "stderr"

        async def run() -> Any:
            command = ["-c", "from generel.cli.main import main; main()", "mcp", "--space", "world"]
            server = StdioServerParameters(command=sys.executable, args=command, env={**os.environ, "GENEREL_HOME": str(home), "HF_HUB_OFFLINE": "1"})
            with log.open("w") as stderr:
                async with Client(stdio_client(server, errlog=stderr)) as client:
                    return await conversation(client)

        answer = anyio.run(run)
        assert log.read_text() == ""
        return answer

    return start


def asking(*questions: tuple[str, dict[str, Any]]) -> Talk:
    """A conversation of these calls; gives their results."""

    async def ask(client: Client) -> list[Any]:
        return [await client.call_tool(name, arguments) for name, arguments in questions]

    return ask


def test_an_assistant_finds_four_tools_and_how_to_use_them(talk: Callable[[Talk], Any]) -> None:
    """Each says what it does, what it takes and what it gives; none changes anything; the instructions say what the space holds."""

    async def read(client: Client) -> tuple[Any, str | None]:
        return (await client.list_tools()).tools, client.instructions

    tools, instructions = talk(read)
    assert tuple(tool.name for tool in tools) == TOOLS
    assert all(len(tool.description) > 100 and tool.annotations.read_only_hint for tool in tools)
    neighbors = tools[1]
    assert neighbors.input_schema["required"] == ["query"]
    assert set(neighbors.output_schema["properties"]) == {"query", "neighbors", "notes"}
    assert "'world' of 2026-11-21" in instructions and "drug 3" in instructions


def test_answers_are_the_records_of_the_space(talk: Callable[[Talk], Any], home: Path) -> None:
    """What comes over the wire is, field by field, what the same questions give in Python."""
    asked = (
        ("lookup", {"text": "heart attack", "k": 2}), ("neighbors", {"query": "rs4149056", "k": 2, "kinds": ["drug"]}),
        ("relatedness", {"a": "Zocor", "b": "SLCO1B1"}), ("explain", {"a": "chebi:9150", "b": "mondo:0005068", "k": 2}),
    )
    lookup, neighbors, relatedness, explain = (result.structured_content for result in talk(asking(*asked)))
    with EmbeddingSpace.open(home / "spaces/world") as space:
        assert lookup["matches"] == plain(space.lookup("heart attack", 2))
        assert neighbors["neighbors"] == plain(space.neighbors("rs4149056", 2, ["drug"]))
        assert relatedness["relatedness"] == plain(space.relatedness("Zocor", "SLCO1B1"))
        assert explain["explanation"] == plain(space.explain("chebi:9150", "mondo:0005068", k=2))
    assert neighbors["query"]["how"] == "curie"
    assert relatedness["notes"] == ["'Zocor' is taken as chebi:9150 simvastatin (drug, by synonym)"]


def plain(records: Any) -> Any:
    """Records as JSON has them."""
    return json.loads(json.dumps([asdict(each) for each in records] if isinstance(records, list) else asdict(records)))


REFUSED = (
    ("neighbors", {"query": "CAT", "k": -1}, "neighbors cannot take that: 'k' should be greater than or equal to 1, not -1"),
    ("neighbors", {"query": "CAT", "k": 10**9}, "neighbors cannot take that: 'k' should be less than or equal to 100, not 1000000000"),
    ("neighbors", {"query": "CAT", "kinds": ["gen"]}, "neighbors cannot take that: 'kinds.0' should be 'variant', 'gene', 'disease'"),
    ("neighbors", {"query": "CAT", "kinds": []}, "neighbors cannot take that: 'kinds' should have at least 1 item"),
    ("neighbors", {"query": "CAT", "limit": 5}, "neighbors has no argument 'limit'; it takes query, k, kinds, as_kind"),
    ("neighbors", {"query": "CAT", "relation": "treat"}, "BadInput: unknown relation 'treat'; did you mean treats"),
    ("neighbors", {"query": "CAT", "relation": "treats"}, "BadInput: 'treats' joins drug with disease or phenotype; hgnc:1516 CAT is a gene"),
    ("neighbors", {"query": "rs4149057"}, "UnknownConcept: no concept is called 'rs4149057'; nearest: dbsnp:rs4149056"),
    ("neighbors", {"query": "MODNO:0005148"}, "UnknownPrefix: 'MODNO' in 'MODNO:0005148' is not a known prefix"),
    ("neighbors", {}, "neighbors cannot take that: 'query' is required"),
    ("relatedness", {"a": "statin", "b": "CAT"}, "AmbiguousConcept: 'statin' names 2 concepts: chebi:9150 simvastatin, chebi:39548 atorvastatin"),
    ("relatedness", {"a": ["CAT"], "b": None}, "relatedness cannot take that: 'a' should be a valid string, not ['CAT']; 'b' should be a valid string, not None"),
    ("explain", {"a": "CAT", "b": "\0"}, "BadInput: the query '\0' has neither letter nor digit"),
    ("explain", {"a": "CAT", "b": "no such name"}, "NotThere: "),
    ("lookup", {"text": "x" * 300_000}, "lookup cannot take that: 'text' should have at most 4000 characters, not 'xxx"),
    ("look_up", {"text": "CAT"}, "there is no tool 'look_up'; the tools are lookup, neighbors, relatedness, explain"),
)


def test_what_cannot_be_answered_is_refused_with_a_sentence(talk: Callable[[Talk], Any]) -> None:
    """Bad values, unknown names, a text of 300,000 letters: one sentence each with the way out, no traceback, and the server goes on."""
    *refused, answered = talk(asking(*((name, arguments) for name, arguments, _ in REFUSED), ("lookup", {"text": "CAT"})))
    for result, (*_, sentence) in zip(refused, REFUSED, strict=True):
        said = result.content[0].text
        assert result.is_error and said.startswith(sentence)
        assert "Traceback" not in said and len(said) < 500
    assert answered.structured_content["matches"][0]["concept"]["curie"] == "hgnc:1516"


def test_the_space_is_a_resource_with_its_licenses(talk: Callable[[Talk], Any], home: Path) -> None:
    """generel://space is the manifest without the digests of its files; any other resource is refused."""

    async def read(client: Client) -> tuple[str, str]:
        with pytest.raises(MCPError) as refused:
            await client.read_resource("generel://../../etc/passwd")
        return (await client.read_resource("generel://space")).contents[0].text, str(refused.value)  # type: ignore[union-attr]

    text, refusal = talk(read)
    manifest = json.loads((home / "spaces/world/manifest.json").read_text())
    assert json.loads(text) == {key: value for key, value in manifest.items() if key not in ("files", "digest")}
    assert "Unknown resource" in refusal


def test_over_http_it_answers_on_the_loopback_and_nowhere_else(home: Path, tmp_path: Path) -> None:
    """The same tools at http://127.0.0.1:PORT/mcp; a page of another site, which names its own host, is turned away."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from generel.cli.main import main; main()", "mcp", "--space", "world", "--http", "--port", str(port)]
    address = f"http://127.0.0.1:{port}/mcp"

    async def ask() -> Any:
        async with Client(address) as client:
            return (await client.call_tool("relatedness", {"a": "Zocor", "b": "SLCO1B1"})).structured_content

    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stderr=log, env={**os.environ, "GENEREL_HOME": str(home)}) as process:
        try:
            wait_for(port, process)
            with EmbeddingSpace.open(home / "spaces/world") as space:
                assert anyio.run(ask)["relatedness"] == plain(space.relatedness("Zocor", "SLCO1B1"))
            request = urllib.request.Request(address, data=b"{}", headers={"Host": "evil.example", "Content-Type": "application/json", "Accept": "application/json"})
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=10)
            assert refused.value.code == 421
        finally:
            process.terminate()
    said = (tmp_path / "log").read_text()
    assert said.startswith(f"generel: the space 'world' answers assistants at {address}\n") and "Traceback" not in said


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens at the port; fails if the process ends before."""
    for _ in range(600):
        assert process.poll() is None
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"nobody listens at port {port}")


def test_a_space_that_is_not_there_ends_the_command_with_a_sentence(home: Path) -> None:
    """Before a word of the protocol, with the exit code of the error; so does --port without --http."""
    for arguments, code, said in ((("--space", "nope"), 66, "NotThere: there is no space 'nope'"), (("--port", "9000"), 2, "--port goes with --http")):
        result = CliRunner().invoke(main, ("mcp", *arguments), env={"GENEREL_HOME": str(home), "GENEREL_SPACE": "world"})
        assert (result.exit_code, result.stdout) == (code, "")
        assert said in result.stderr


def test_without_the_sdk_the_extra_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install generel` alone has no MCP server."""
    monkeypatch.setitem(sys.modules, "mcp", None)
    for name in [name for name in sys.modules if name.startswith(("mcp.", "generel.mcp"))]:
        monkeypatch.delitem(sys.modules, name)
    result = CliRunner().invoke(main, ("mcp",), env={"GENEREL_HOME": str(home), "GENEREL_SPACE": "world"})
    assert result.exit_code == 69
    assert "`generel mcp` needs mcp; install it with: pip install 'generel[mcp]'" in result.stderr
