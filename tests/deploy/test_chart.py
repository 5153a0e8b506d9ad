"""The chart, rendered by Helm's own engine and held against the schemas of Kubernetes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.deploy.conftest import DEPLOY, EXTRA

yaml = pytest.importorskip("yaml", reason=f"PyYAML is not installed: {EXTRA}")
chart = pytest.importorskip("helm_python.chart", reason=f"Helm's engine is not installed: {EXTRA}")
kubernetes = pytest.importorskip("kubernetes_validate", reason=f"kubernetes-validate is not installed: {EXTRA}")

CHART = DEPLOY / "chart"
PLAIN: dict[str, Any] = {"space": {"image": "registry.example.org/space:1"}}
FULL: dict[str, Any] = {
    "space": {"existingClaim": "spaces", "quantize": "int8"}, "image": {"tag": "sha256:" + "0" * 64}, "imagePullSecrets": [{"name": "registry"}],
    "qdrant": {"url": "http://qdrant:6333", "existingSecret": "qdrant-keys"},
    "serve": {"keysSecret": "keys", "rate": 20, "origins": ["https://a.example.org"], "trustedProxies": ["10.0.0.1"], "extraArguments": ["--log-queries"]},
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls"}, "autoscaling": {"enabled": True}, "podAnnotations": {"a": "b"},
    "networkPolicy": {"from": [{"namespaceSelector": {}}], "qdrant": {"to": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "qdrant"}}}]}},
    "nodeSelector": {"disk": "fast"}, "tolerations": [{"operator": "Exists"}], "serviceAccount": {"create": False, "name": "other"},
}
VERSIONS = ("1.27", "1.31", "1.35")


def render(values: dict[str, Any], name: str = "lab") -> dict[str, Any]:
    """The manifests by kind."""
    return {manifest["kind"]: manifest for manifest in _manifests(values, name)}


def _manifests(values: dict[str, Any], name: str) -> Iterator[Any]:
    with chart.Chart.load(CHART) as loaded:
        for path, text in loaded.render(values, name=name, namespace="science").items():
            if path.endswith(".yaml"):
                yield from filter(None, yaml.safe_load_all(text))


def containers_of(manifests: dict[str, Any]) -> list[Any]:
    """All of the deployment, those that start it first."""
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    return [*pod["initContainers"], *pod["containers"]]


@pytest.mark.parametrize("values", [PLAIN, FULL], ids=["plain", "full"])
def test_helm_finds_nothing_to_mend(values: dict[str, Any]) -> None:
    """`helm lint --strict` has no warning and no error."""
    report = chart.lint(CHART, values, strict=True)
    assert report["errors"] == []
    assert [message for message in report["messages"] if message["severity"] > 1] == []


@pytest.mark.parametrize("values", [PLAIN, FULL], ids=["plain", "full"])
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_field(values: dict[str, Any], version: str) -> None:
    """Strictly: a field that the schema lacks is an error."""
    manifests = render(values)
    for manifest in manifests.values():
        kubernetes.validate(manifest, version, strict=True)
    assert {"Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"} <= set(manifests)
    assert ("Ingress" in manifests, "HorizontalPodAutoscaler" in manifests) == (values is FULL, values is FULL)


@pytest.mark.parametrize("values", [PLAIN, FULL], ids=["plain", "full"])
def test_pods_fit_the_restricted_standard(values: dict[str, Any]) -> None:
    """Not root, no privilege, no capability, the runtime's seccomp profile, a root file system that is only read, limits, no token."""
    manifests = render(values)
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in containers_of(manifests):
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
        assert "memory" in container["resources"]["limits"] and "cpu" in container["resources"]["requests"]


def test_the_space_comes_from_an_image_or_from_a_claim() -> None:
    """Each pod copies the image's space to a volume of its own; a claim is mounted as it is; neither, or both, is refused with a sentence."""
    assert [container["name"] for container in containers_of(render(PLAIN))] == ["space", "load", "serve"]
    full = render(FULL)
    assert [container["name"] for container in containers_of(full)] == ["load", "serve"]
    assert {"name": "spaces", "persistentVolumeClaim": {"claimName": "spaces"}} in full["Deployment"]["spec"]["template"]["spec"]["volumes"]
    for values in ({}, {"space": {"image": "a", "existingClaim": "b"}}):
        with pytest.raises(Exception, match=r"set one of space\.image"):
            render(values)


def test_only_what_loads_may_write_to_qdrant() -> None:
    """The pod that answers has the key that may only search."""
    load, serve = containers_of(render(FULL))
    assert key_of(load) == {"name": "qdrant-keys", "key": "api-key"}
    assert key_of(serve) == {"name": "qdrant-keys", "key": "read-only-api-key"}
    assert all("GENEREL_QDRANT_URL" not in str(container.get("env")) for container in containers_of(render(PLAIN)))


def key_of(container: Any) -> Any:
    """Where a container has its key of Qdrant from."""
    return next(each for each in container["env"] if each["name"] == "GENEREL_QDRANT_API_KEY")["valueFrom"]["secretKeyRef"]


def test_services_find_the_pods() -> None:
    """Service, budget and policy select what the deployment's pods are labeled, and the names of ports agree."""
    manifests = render(FULL)
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = [manifests["Deployment"]["spec"]["selector"]["matchLabels"], manifests["Service"]["spec"]["selector"]]
    selectors += [manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"], manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]]
    assert all(selector.items() <= labels.items() for selector in selectors)
    assert manifests["Service"]["spec"]["ports"][0]["targetPort"] == containers_of(manifests)[-1]["ports"][0]["name"] == "http"
    assert "replicas" not in manifests["Deployment"]["spec"], "the autoscaler decides"
    assert render(PLAIN)["Deployment"]["spec"]["replicas"] == 2


def test_without_qdrant_a_pod_may_ask_nobody() -> None:
    """With it: name servers and Qdrant's port."""
    assert render(PLAIN)["NetworkPolicy"]["spec"]["egress"] == []
    assert [port["port"] for rule in render(FULL)["NetworkPolicy"]["spec"]["egress"] for port in rule["ports"]] == [53, 53, 6333]


@pytest.mark.parametrize("values", [{"replica": 3}, {"serve": {"workers": 0}}, {"space": {"name": "../x"}}, {"qdrant": {"url": "qdrant:6333"}}, {"space": {"quantize": "int4"}}])
def test_values_that_are_misspelled_or_impossible_are_refused(values: dict[str, Any]) -> None:
    """By the schema of the chart, before anything is rendered."""
    with pytest.raises(Exception, match="schema"):
        render({**PLAIN, **values})


def test_the_chart_has_the_version_of_the_package() -> None:
    """Else its default image would be another one."""
    from generel import __version__

    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == __version__
