"""The files that run the service are what their readers accept: the image, Compose, systemd, Qdrant's values."""

import configparser
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed: pip install 'generel[factory]'")

from tests.deploy.conftest import DEPLOY  # noqa: E402

Find = Callable[[str], str]
UNIT = DEPLOY / "systemd/generel.service"
# As `systemd-analyze security` counts: below 2 is 'OK' at its best; what is left is that the service talks to the network.
MOST_EXPOSED = 20


def read_yaml(path: Path) -> Any:
    """One document."""
    return yaml.safe_load(path.read_text())


def test_hadolint_finds_nothing_in_the_dockerfile(program: Find) -> None:
    """No finding, down to style."""
    done = subprocess.run([program("hadolint"), "--failure-threshold", "style", DEPLOY / "Dockerfile"], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0)


def test_the_image_runs_as_a_number_that_is_not_root_and_says_whether_it_is_well() -> None:
    """Kubernetes cannot tell a name from root; both stages start from a tag; no secret comes in by an argument."""
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    arguments = [line.split()[1] for line in lines if line.startswith("ARG ")]
    assert users == ["10001:10001"]
    assert len(bases) == 2 and all(re.fullmatch(r"python:\d\.\d+-slim-\w+", base) for base in bases)
    assert arguments == ["EXTRAS=service,server", "EXTRA_INDEX="]
    assert any(line.startswith("HEALTHCHECK") for line in lines) and "/healthz" in "".join(lines)


def test_the_build_gets_all_that_the_package_is_made_of_and_nothing_else() -> None:
    """Every file that pyproject.toml and the Dockerfile name is let through; tests, the home folder and git's are not."""
    rules = [line for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())
    packages = [pattern.rstrip("*") for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]]
    wanted = [*packages, "pyproject.toml", project["project"]["readme"], *project["project"]["license-files"], "constraints.txt"]
    assert rules[0] == "*"
    assert sorted(rule[1:] for rule in rules if rule.startswith("!")) == sorted(wanted)
    assert all((DEPLOY.parent / name).exists() for name in wanted)


def test_the_extras_of_the_image_exist() -> None:
    """Those of the Dockerfile, and those that the pages name."""
    extras = set(tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    named = re.findall(r"EXTRAS=([\w,-]+)", (DEPLOY / "Dockerfile").read_text() + (DEPLOY / "README.md").read_text())
    named += re.findall(r"generel\[([\w,-]+)\]", "".join(page.read_text() for page in DEPLOY.glob("*.md")))
    assert {extra for names in named for extra in names.split(",")} <= extras


def test_compose_follows_the_specification(program: Find) -> None:
    """Against the Compose specification's own schema."""
    done = subprocess.run([program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_compose_keeps_qdrant_inside_and_the_service_on_this_machine() -> None:
    """Qdrant has keys and no port; the service has the key that may only search; all run without rights, with limits and a read-only root."""
    services = read_yaml(DEPLOY / "compose.yaml")["services"]
    assert set(services) == {"qdrant", "load", "generel"}
    assert "ports" not in services["qdrant"]
    assert services["generel"]["ports"] == ["127.0.0.1:${GENEREL_PORT:-8080}:8080"]
    assert services["qdrant"]["environment"]["QDRANT__SERVICE__API_KEY"].startswith("${QDRANT_API_KEY:?")
    assert services["load"]["environment"]["GENEREL_QDRANT_API_KEY"] == "${QDRANT_API_KEY}"
    assert services["generel"]["environment"]["GENEREL_QDRANT_API_KEY"] == "${QDRANT_READ_ONLY_API_KEY}"
    assert services["generel"]["depends_on"] == {"load": {"condition": "service_completed_successfully"}}
    for service in services.values():
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


def test_the_health_check_of_qdrant_reads_the_status(program: Find, tmp_path: Path) -> None:
    """The line of bash in compose.yaml says yes to a server that is ready, no to one that is not and to none."""
    command = read_yaml(DEPLOY / "compose.yaml")["services"]["qdrant"]["healthcheck"]["test"]
    assert command[:3] == ["CMD", "bash", "-c"]
    for status, code in ((200, 0), (503, 1)):
        answer = (
            "import http.server, sys\n"
            "class Answer(http.server.BaseHTTPRequestHandler):\n"
            f"    def do_GET(self): self.send_response({status} if self.path == '/readyz' else 404); self.end_headers()\n"
            "server = http.server.HTTPServer(('127.0.0.1', 0), Answer)\n"
            "print(server.server_port, flush=True); server.handle_request()\n"
        )
        with subprocess.Popen([sys.executable, "-c", answer], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            assert server.stdout
            port = server.stdout.readline().strip()
            assert subprocess.run([program("bash"), "-c", command[3].replace("6333", port)]).returncode == code
    assert subprocess.run([program("bash"), "-c", command[3].replace("6333", port)], stderr=subprocess.DEVNULL).returncode == 1


def test_systemd_reads_the_unit(program: Find, tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say, once the commands are there to be found."""
    unit = tmp_path / "generel.service"
    unit.write_text(UNIT.read_text().replace("/opt/generel/bin/generel", shutil.which("true") or "/bin/true"))
    done = subprocess.run([program("systemd-analyze"), "verify", "--man=no", unit], capture_output=True, text=True)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "generel" in line]) == (0, [])


def test_the_unit_is_exposed_to_little(program: Find) -> None:
    """`systemd-analyze security` counts less than 2.0 of 10."""
    done = subprocess.run([program("systemd-analyze"), "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", UNIT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_the_settings_of_the_unit_are_those_that_it_reads() -> None:
    """Each variable of generel.env has its default in the unit or is read by generel; what the unit expands is set."""
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(UNIT.read_text())
    text = UNIT.read_text()
    defaults = set(re.findall(r"\b(GENEREL_\w+)=", text))
    expanded = set(re.findall(r"\$\{?(GENEREL_\w+)", text))
    offered = set(re.findall(r"^#?(GENEREL_\w+)=", (DEPLOY / "systemd/generel.env").read_text(), re.MULTILINE))
    assert expanded <= defaults
    assert offered - defaults == {"GENEREL_QDRANT_URL", "GENEREL_QDRANT_API_KEY"}
    assert unit["Service"]["User"] == "generel"


# Top-level values of Qdrant's chart, as its values.yaml and statefulset name them.
QDRANT_VALUES = ["additionalLabels", "additionalVolumeMounts", "additionalVolumes", "affinity", "apiKey", "args", "config", "containerSecurityContext", "env", "fullnameOverride", "image", "imagePullSecrets", "ingress", "lifecycle", "livenessProbe", "metrics", "nameOverride", "nodeSelector", "persistence", "podAnnotations", "podDisruptionBudget", "podLabels", "podManagementPolicy", "podSecurityContext", "priorityClassName", "readOnlyApiKey", "readinessProbe", "replicaCount", "resources", "service", "serviceAccount", "shareProcessNamespace", "sidecarContainers", "snapshotPersistence", "snapshotRestoration", "startupProbe", "tolerations", "topologySpreadConstraints", "updateVolumeFsOwnership"]


def test_the_values_of_qdrants_chart_are_ones_that_it_has() -> None:
    """An odd number of nodes, each point on two of them, keys from a secret, and no value under a name of our own."""
    values = read_yaml(DEPLOY / "qdrant-values.yaml")
    assert set(values) <= set(QDRANT_VALUES)
    assert values["replicaCount"] % 2 == 1 and values["replicaCount"] >= 3
    assert values["config"]["storage"]["collection"] == {"replication_factor": 2, "write_consistency_factor": 2}
    assert values["apiKey"]["valueFrom"]["secretKeyRef"]["name"] == values["readOnlyApiKey"]["valueFrom"]["secretKeyRef"]["name"]


def test_nothing_here_holds_a_secret() -> None:
    """No long random text, in any file of the folder."""
    for path in (path for path in DEPLOY.rglob("*") if path.is_file() and not fnmatch(path.name, "*.pyc")):
        assert not re.search(r"(?<![\w/@])(?=\w*\d)(?=\w*[a-z])[A-Za-z0-9_-]{40,}", path.read_text()), path
