"""Questions that mean harm: none is a fault of the service, none shows a file of the server, none takes it down."""

import json
from itertools import product

import pytest
from starlette.testclient import TestClient

WORDS = (
    "../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/manifest.json", "....//....//manifest.json", "/etc/passwd", "file:///etc/passwd", "C:\\boot.ini",
    "'; DROP TABLE concept; --", "' OR '1'='1", "\" UNION SELECT data FROM array --", "%' ESCAPE '\\", "${jndi:ldap://x/y}", "{{7*7}}", "<script>alert(1)</script>",
    "$(touch /tmp/x)", "`id`", "| cat /etc/passwd", "\x00", "a\x00b", "\r\nSet-Cookie: a=b", "\ud7ff\ue000", "\u202e\u200b", "\U0001f9ec" * 100, "a" * 2000, "(" * 500, "*" * 500,
    "[" * 300, "__proto__", "constructor", "NaN", "Infinity", "-0", "1e309", "0x10", "null", "true", "rs" + "9" * 500, "mondo:" + "0" * 500, "%" * 50, "_" * 50, "\\" * 50, "\t\n",
)
PLACES = (
    "/v1/concepts?q={}", "/v1/concepts/{}", "/v1/concepts/{}/relations", "/v1/neighbors?query={}", "/v1/neighbors?query=BRCA1&relation={}", "/v1/neighbors?query=BRCA1&kind={}",
    "/v1/neighbors?query=BRCA1&k={}", "/v1/relatedness?a={0}&b={0}", "/v1/explain?a={}&b=BRCA1", "/v1/resolve?query={}", "/v1/genes/{}", "/docs/{}", "/{}",
    "/v1/evidence?a={0}&b={0}", "/v1/vectors?kind={}", "/v1/vectors?offset={0}&format={0}", "/v1/map?kind={}", "/v1/map/place?query={}", "/concept/{}", "/compare?a={0}&b={0}", "/static/{}",
)
BODIES = (
    b"", b"{", b"[]", b"null", b'"x"', b"NaN", b"[" * 100_000, b'{"queries":' * 50_000, b'{"queries": ["\\ud800"]}', b'{"queries": [1e999]}', b'{"queries": ["a", {}]}', b"\xff\xfe\x00",
    b'{"queries": []}', b'{"queries": ["BRCA1"], "k": 1e400}', b'{"queries": ["BRCA1"], "k": ' + b"9" * 5000 + b"}", b'{"queries": ["BRCA1"], "min_score": NaN}',
    b'{"queries": ["BRCA1"], "__class__": "x"}', b'{"pairs": [["a"]]}', b'{"pairs": [["a", "b", "c"]]}', b'{"pairs": "ab"}', b'{"texts": [""]}', b'{"texts": [null]}', b'{"curies": {"0": "a"}}',
    json.dumps({"queries": ["x" * 2001]}).encode(), json.dumps({"texts": ["x" * 20_001]}).encode(), json.dumps({"queries": ["\x00"]}).encode(), b'{"queries": ["BRCA1"], "queries": 5}',
    json.dumps({"pairs": [["\x00", "../etc"]]}).encode(), json.dumps({"genes": ["'; --"] * 100}).encode(), b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix",
)
POSTED = ("/v1/neighbors", "/v1/relatedness", "/v1/embed", "/v1/vectors", "/v1/genesets/complete", "/v1/added", "/v1/added/remove")


@pytest.mark.parametrize("place", PLACES)
def test_words_that_mean_harm_are_words(client: TestClient, place: str) -> None:
    """Whatever stands where a word may stand, it is looked for as a word."""
    for word in WORDS:
        # Not sent as a parameter: it is the server that has to read it as it comes.
        quoted = "".join(chr(byte) if chr(byte).isalnum() or byte in b"%./:" else f"%{byte:02X}" for byte in word.encode("utf-8", "surrogatepass"))
        answer = client.get(f"http://testserver{place.format(quoted)}")
        assert answer.status_code in (200, 404, 405, 409, 422), (place, word, answer.text)
        assert "root:" not in answer.text and "set-cookie" not in answer.headers and '"sha256"' not in answer.text


@pytest.mark.parametrize("page", POSTED)
def test_bodies_that_mean_harm_are_refused(client: TestClient, page: str) -> None:
    """Broken, deep, of the wrong kind, or a pickle."""
    for body in BODIES:
        answer = client.post(page, content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (200, 400, 403, 404, 409, 413, 422), (page, body[:50], answer.text)
        assert answer.status_code == 200 or answer.headers["content-type"] == "application/problem+json"


def test_headers_that_mean_harm_change_nothing(client: TestClient) -> None:
    """They choose neither method, host nor encoding."""
    for name, value in product(
        ("X-Forwarded-For", "X-HTTP-Method-Override", "X-Original-URL", "Accept", "Accept-Encoding", "If-None-Match", "Authorization", "X-API-Key", "Range", "Content-Encoding"),
        ("../../etc/passwd", "DELETE", "\\" * 200, "a" * 5000, "gzip;q=NaN, br", "Basic ====", "*/*;q=1e9"),
    ):
        assert client.get("/v1/kinds", headers={name: value}).status_code in (200, 304)


def test_other_methods_are_refused(client: TestClient) -> None:
    """And one that nobody knows."""
    for method, page in product(("PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "BREW"), ("/v1/neighbors", "/v1/kinds", "/healthz")):
        assert client.request(method, page, headers={"content-type": "application/json"}).status_code in (400, 404, 405)
