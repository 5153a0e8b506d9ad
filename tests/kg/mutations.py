"""Damage as it happens to files: cut, doubled and garbled lines; missing, wrong and doubled values in JSON."""

import json
import random
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

WORDS = (b"", b"-", b"NOT", b"HP:0001166", b"HP:99", b"OMIM:1", b"0/0", b"101%", b"\xff\xfe", b"\xe2\x80\xa8", "٣".encode(), b'"', b":", b"!", b"]", b"[", b"\\", b"\x00", b"\x0b", b"|", b"D12")
VALUES: tuple[Any, ...] = (None, 7, 1.5, True, "", " ", "x", "\\n", "MESH:D1", [], {}, [None], [[]], {"id": "1"}, {"namespace": 3, "id": "4"}, "\ud800")


def damage_lines(data: bytes, *, seed: int, times: int) -> bytes:
    """The lines with `times` of them damaged, each in one way."""
    dice = random.Random(seed)
    lines = data.split(b"\n")
    for _ in range(times):
        at = dice.randrange(len(lines))
        lines[at : at + 1] = dice.choice(WAYS)(lines[at], dice)
    return b"\n".join(lines)


def _cut(line: bytes, dice: random.Random) -> list[bytes]:
    return [line[: dice.randrange(len(line) + 1)]]


def _insert(line: bytes, dice: random.Random) -> list[bytes]:
    at = dice.randrange(len(line) + 1)
    return [line[:at] + dice.choice(WORDS) + line[at:]]


def _drop(line: bytes, dice: random.Random) -> list[bytes]:
    at = dice.randrange(len(line) + 1)
    return [line[:at] + line[at + 1 :]]


def _replace_field(line: bytes, dice: random.Random) -> list[bytes]:
    separator = b"\t" if b"\t" in line else b" "
    fields = line.split(separator)
    fields[dice.randrange(len(fields))] = dice.choice(WORDS)
    return [separator.join(fields)]


def _swap_fields(line: bytes, dice: random.Random) -> list[bytes]:
    fields = line.split(b"\t")
    dice.shuffle(fields)
    return [b"\t".join(fields)]


def _double(line: bytes, dice: random.Random) -> list[bytes]:
    return [line, line]


def _end_otherwise(line: bytes, dice: random.Random) -> list[bytes]:
    return [line + dice.choice((b"\r", b" ", b"\t", b"\r\r"))]


WAYS: tuple[Callable[[bytes, random.Random], list[bytes]], ...] = (
    _cut, _insert, _drop, _replace_field, _swap_fields, _double, _end_otherwise,
)


def damage_json(data: bytes, *, seed: int, times: int) -> bytes:
    """The document with `times` places damaged: a value replaced by another, left out, or put there twice."""
    dice = random.Random(seed)
    document = json.loads(data)
    for _ in range(times):
        _damage_place(document, dice)
    return json.dumps(document).encode()


def _damage_place(document: Any, dice: random.Random) -> None:
    holder = document
    while True:
        keys = list(range(len(holder))) if isinstance(holder, list) else list(holder)
        if not keys:
            return
        key = dice.choice(keys)
        inner = holder[key]
        if not isinstance(inner, list | dict) or not inner or dice.random() < 0.3:
            break
        holder = inner
    way = dice.randrange(3)
    if way == 0:
        holder[key] = deepcopy(dice.choice(VALUES))
    elif way == 1:
        del holder[key]
    elif isinstance(holder, list):
        holder.append(deepcopy(holder[key]))
    else:
        holder[dice.choice(["id", "name", "xrefs", "synonyms", "relations"])] = deepcopy(holder[key])


def damaged_copies(files: dict[str, Path], folder: Path, *, victim: str, seed: int, times: int = 4) -> dict[str, Path]:
    """The files with a damaged copy of one of them, in `folder`."""
    damage = damage_json if victim.endswith(".json") else damage_lines
    copy = folder / victim
    copy.write_bytes(damage(files[victim].read_bytes(), seed=seed, times=times))
    return files | {victim: copy}
