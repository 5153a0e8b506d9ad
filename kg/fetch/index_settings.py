"""Which package indexes to ask: the user's own choice, as pip and uv are told it.

Environment before configuration file, as both tools have it; pip's word before uv's. Where nobody says anything, the
public index is meant, whose address `unearth` knows. Places that do not exist are passed over: a machine's configuration
often names folders of another machine.
"""

import ast
import configparser
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import platformdirs
from unearth import PackageFinder

CONFIG_LINE = re.compile(r"(?P<section>[^.]+)\.(?P<key>[a-z-]+)=(?P<value>['\"].*['\"])")
# A later section wins: what is said for one command is nearer than what is said for all.
SECTIONS = ("global", "install", "download")


@dataclass(frozen=True)
class IndexSettings:
    """Where packages are looked for.

    Attributes:
        index_urls: simple indexes, the main one first; may hold user and password. Empty means no index at all.
        find_links: folders, or pages with links.
        certificates: PEM file; empty for the usual ones.
        trusted_hosts: hosts that may speak http, or whose certificates are not checked.
    """

    index_urls: tuple[str, ...]
    find_links: tuple[str, ...] = ()
    certificates: str = ""
    trusted_hosts: tuple[str, ...] = ()

    @classmethod
    def of_user(cls, environment: Mapping[str, str] = os.environ) -> "IndexSettings":
        """What the environment and the configuration files say."""
        pip = read_pip_configuration(environment)

        def said(key: str, *uv_names: str) -> str:
            names = (_pip_name(key), *uv_names)
            return next((environment[name] for name in names if environment.get(name)), pip.get(key, ""))

        main = said("index-url", "UV_DEFAULT_INDEX", "UV_INDEX_URL") or public_index()
        extra = [*said("extra-index-url").split(), *_uv_indexes(environment)]
        urls = () if _is_true(said("no-index", "UV_NO_INDEX")) else (_without_name(main), *extra)
        links = [*said("find-links").split(), *environment.get("UV_FIND_LINKS", "").replace(",", " ").split()]
        return cls(_existing(urls), _existing(links), said("cert"), tuple(said("trusted-host").split()))


def public_index() -> str:
    """The address that `unearth` asks where it is given none."""
    return PackageFinder().sources[0]["url"]


def read_pip_configuration(environment: Mapping[str, str]) -> dict[str, str]:
    """Settings of pip's configuration files by key (`index-url`); values of several lines have blanks between.

    pip itself is asked where it is installed, since it knows its places; else the usual places are read.
    """
    if importlib.util.find_spec("pip") is None:
        return read_configuration_files(configuration_files(environment))
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    try:
        done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return read_configuration_files(configuration_files(environment))
    return parse_configuration_list(done.stdout.splitlines())


def parse_configuration_list(lines: Iterable[str]) -> dict[str, str]:
    """Settings from the output of `pip config list`: `section.key='value'`, a line each; other lines are passed over."""
    by_section: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in lines:
        match = CONFIG_LINE.fullmatch(line.strip())
        if match and match["section"] in by_section:
            by_section[match["section"]][match["key"]] = _unquoted(match["value"])
    return _merge(by_section)


def configuration_files(environment: Mapping[str, str]) -> list[Path]:
    """Where pip keeps its configuration: of the machine, the user, the virtual environment, and `PIP_CONFIG_FILE`."""
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    named = environment.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    machine = [Path("/etc") / name, *(Path(folder) / "pip" / name for folder in platformdirs.site_config_dir(multipath=True).split(os.pathsep))]
    user = [Path.home() / (".pip" if os.name == "posix" else "pip") / name, platformdirs.user_config_path() / "pip" / name]
    return [*machine, *user, Path(sys.prefix) / name, *([Path(named)] if named else [])]


def read_configuration_files(paths: Iterable[Path]) -> dict[str, str]:
    """Settings of the files that exist and can be read, later ones winning; as pip does, a broken file is passed over."""
    by_section: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for path in paths:
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError):
            continue
        for section in SECTIONS:
            if parser.has_section(section):
                by_section[section].update({key.replace("_", "-"): " ".join(value.split()) for key, value in parser.items(section)})
    return _merge(by_section)


def local_path(location: str) -> Path | None:
    """The path that a `file:` address or a plain path means; None for addresses of the network."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return None if "://" in location else Path(location).expanduser()


def _merge(by_section: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {key: value for section in SECTIONS for key, value in by_section[section].items()}


def _unquoted(value: str) -> str:
    try:
        return " ".join(str(ast.literal_eval(value)).split())
    except (ValueError, SyntaxError):
        return value[1:-1]


def _uv_indexes(environment: Mapping[str, str]) -> list[str]:
    """uv's further indexes, `NAME=URL` or `URL`, blanks between."""
    words = [*environment.get("UV_INDEX", "").split(), *environment.get("UV_EXTRA_INDEX_URL", "").split()]
    return [_without_name(word) for word in words]


def _without_name(url: str) -> str:
    name, separator, rest = url.partition("=")
    return rest if separator and re.fullmatch(r"[\w.-]+", name) else url


def _existing(locations: Iterable[str]) -> tuple[str, ...]:
    """The locations as addresses, each once, in order, without paths where nothing is."""
    kept: dict[str, None] = {}
    for location in locations:
        path = local_path(location)
        if path is None:
            kept[location] = None
        elif path.exists():
            kept[path.absolute().as_uri()] = None
    return tuple(kept)


def _pip_name(key: str) -> str:
    return f"PIP_{key.upper().replace('-', '_')}"


def _is_true(text: str) -> bool:
    return text.strip().lower() in {"1", "true", "yes", "on"}
