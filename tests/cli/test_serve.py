"""`generel serve` and `generel serve keys` as people type them."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generel.cli.main import main
from generel.service.keys import Keys
from tests.worlds import write_world


@pytest.fixture(scope="module")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the world."""
    return write_world(tmp_path_factory.mktemp("spaces") / "world")


def run(home: Path, *arguments: str) -> Result:
    """What the command says."""
    return CliRunner().invoke(main, ["serve", *arguments], env={"GENEREL_HOME": str(home), "GENEREL_SERVE_KEYS": ""}, standalone_mode=True)


def test_keys_are_made_listed_and_revoked(tmp_path: Path) -> None:
    """The key stands on stdout, once, and nowhere in the file."""
    made = run(tmp_path, "keys", "new", "lab")
    assert made.exit_code == 0, made.output
    key, file = made.stdout.strip(), tmp_path / "service-keys.json"
    assert key.startswith("generel_lab_") and key not in file.read_text()
    found = Keys(file).find(key)
    assert found and (found.name, found.may_write) == ("lab", False) and Keys(file).find(f"{key}x") is None
    assert run(tmp_path, "keys", "new", "curator", "--write").exit_code == 0
    listed = [json.loads(line) for line in run(tmp_path, "keys", "list", "--format", "jsonl").stdout.splitlines()]
    assert [(each["name"], each["may_write"]) for each in listed] == [("lab", False), ("curator", True)]
    assert run(tmp_path, "keys", "revoke", "lab").exit_code == 0
    assert Keys(file).find(key) is None
    assert "there is no key called 'lab'" in run(tmp_path, "keys", "revoke", "lab").stderr
    assert run(tmp_path, "keys", "new", "Bad Name").exit_code == 65


def test_what_cannot_be_served_is_said_before_anything_starts(tmp_path: Path) -> None:
    """No space, no file of keys, a setting that cannot be."""
    assert run(tmp_path, "--space", "nowhere").exit_code == 66
    assert run(tmp_path, "--space", "nowhere", "--workers", "0").exit_code == 2
    open_to_all = run(tmp_path, "--space", "nowhere", "--writable", "--host", "0.0.0.0")
    assert open_to_all.exit_code == 65 and "needs keys" in open_to_all.stderr


@pytest.mark.slow
def test_two_workers_answer_and_end_together(world_folder: Path) -> None:
    """Real processes: both answer, their numbers are added up, SIGTERM ends all, nothing is left in memory's folder."""
    command = [sys.executable, "-c", "from generel.cli.main import main; main()", "serve", "--space", str(world_folder), "--port", "0", "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    assert process.stderr is not None
    port, ready = 0, 0
    for line in process.stderr:
        said = json.loads(line)
        if "running on" in said["message"]:
            port = int(said["message"].partition("127.0.0.1:")[2].split()[0])
        ready += said["message"] == "Application startup complete."
        if ready == 2:
            break
    url = f"http://127.0.0.1:{port}"
    for _ in range(20):
        assert urllib.request.urlopen(f"{url}/v1/neighbors?query=BRCA1&k=1", timeout=30).status == 200
    time.sleep(0.1)
    numbers = urllib.request.urlopen(f"{url}/metrics", timeout=30).read().decode()
    assert 'generel_requests_total{method="GET",page="/v1/neighbors",status="200"} 20.0' in numbers
    process.send_signal(signal.SIGTERM)
    process.stderr.read()
    assert process.wait(60) == 0
