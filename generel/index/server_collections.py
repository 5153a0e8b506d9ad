"""What a space is called on a server: one collection a release and way of keeping vectors, and one alias a space.

A collection is named after the digest of its vectors and says in its metadata whether its load was completed. The alias is
what is served; it moves in one call and only to a completed collection. Whoever reads with the tables of a release reads the
collection of that release, wherever the alias points, so nobody sees rows of one release with names of another.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from generel.concepts.errors import BuildMismatch, NotThere
from generel.index.quantization import NONE
from generel.index.recall import Recall
from generel.index.server_connection import Connection
from generel.index.space_folder import VECTORS_FILE, Manifest

KEY = "generel"
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+", re.ASCII)


@dataclass(frozen=True)
class Collection:
    """What the metadata of a collection says.

    Attributes:
        name: the collection's.
        alias: of the space.
        vectors: SHA-256 of the vectors' file.
        n_concepts: points there are when it is complete.
        quantization: one of QUANTIZATIONS.
        complete: whether its load was verified; only then may anybody read it.
        previous: the collection that was served before; empty if none was.
        recall: measured when it was completed.
    """

    name: str
    alias: str
    vectors: str
    n_concepts: int
    quantization: str
    complete: bool = False
    previous: str = ""
    recall: Recall | None = None

    @classmethod
    def of(cls, manifest: Manifest, *, quantization: str = NONE, on_disk: bool = False) -> "Collection":
        """The collection that a release is to have."""
        alias, vectors = alias_of(manifest), manifest.digest_of(VECTORS_FILE)
        kept = f"{quantization}-on-disk" if on_disk else quantization
        return cls(f"{_prefix(alias, vectors)}{kept}", alias, vectors, manifest.n_concepts, quantization)

    def metadata(self) -> dict[str, Any]:
        """As a server keeps it."""
        return {KEY: {field: value for field, value in asdict(self).items() if field != "name"}}


def alias_of(manifest: Manifest) -> str:
    """The alias of a space: its name, with what may not stand in one replaced."""
    return NOT_IN_NAMES.sub("-", manifest.name)


def _prefix(alias: str, vectors: str) -> str:
    return f"{alias}-{vectors[:16]}-"


def read_collection(connection: Connection, name: str) -> Collection | None:
    """What a collection says of itself; None where it is not there.

    Raises:
        BuildMismatch: a collection of that name was not made by generel.
    """
    if not connection.ask("looking for a collection", lambda client: client.collection_exists(name)):
        return None
    info = connection.ask("reading a collection's settings", lambda client: client.get_collection(name))
    said: Mapping[str, Any] = (info.config.metadata or {}).get(KEY, {})
    try:
        recall = Recall(**said["recall"]) if said["recall"] else None
        return Collection(**{**said, "name": name, "recall": recall})
    except (KeyError, TypeError) as error:
        raise BuildMismatch(
            f"the collection '{name}' of {connection.server.shown} was not made by this generel, or by a server before 1.16, which keeps no metadata"
        ) from error


def write_metadata(connection: Connection, collection: Collection) -> None:
    """Note in a collection what it is now."""
    connection.ask("noting what a collection is", lambda client: client.update_collection(collection.name, metadata=collection.metadata()))


def served_by(connection: Connection, alias: str) -> str:
    """The collection that an alias points to; empty where there is no such alias."""
    aliases = connection.ask("reading aliases", lambda client: client.get_aliases()).aliases
    return next((each.collection_name for each in aliases if each.alias_name == alias), "")


def find_collection(connection: Connection, manifest: Manifest) -> Collection:
    """The completed collection of exactly the release of `manifest`: the one its alias points to, else one beside it.

    Raises:
        NotThere: there is none.
    """
    alias, vectors = alias_of(manifest), manifest.digest_of(VECTORS_FILE)
    served = served_by(connection, alias)
    there = connection.ask("listing collections", lambda client: client.get_collections()).collections
    mine = sorted((each.name for each in there if each.name.startswith(_prefix(alias, vectors))), key=lambda name: (name != served, name))
    for name in mine:
        found = read_collection(connection, name)
        if found and found.complete and found.vectors == vectors:
            return found
    state = f"serves another release of it, '{served}'" if served else "does not have it"
    raise NotThere(f"Qdrant at {connection.server.shown} {state}: this release of '{manifest.name}' is not loaded there; run: generel load --qdrant URL")


def serve(connection: Connection, collection: Collection) -> Collection:
    """Move the alias to a completed collection, in one call; what was served before is kept and noted. Gives the collection back."""
    served = served_by(connection, collection.alias)
    if served == collection.name:
        return collection
    noted = replace(collection, previous=served)
    write_metadata(connection, noted)
    _move(connection, collection.alias, collection.name, away=bool(served))
    return noted


def roll_back(connection: Connection, manifest: Manifest) -> tuple[str, str]:
    """The collection that was served and the one before it, which is served again.

    Raises:
        NotThere: nothing is served, or nothing was before, or that is gone.
    """
    alias = alias_of(manifest)
    served = served_by(connection, alias)
    now = read_collection(connection, served) if served else None
    before = read_collection(connection, now.previous) if now and now.previous else None
    if now is None or before is None or not before.complete:
        raise NotThere(f"Qdrant at {connection.server.shown} has no earlier collection of '{manifest.name}' to go back to; it serves '{served or 'nothing'}'")
    _move(connection, alias, before.name, away=True)
    return now.name, before.name


def _move(connection: Connection, alias: str, name: str, *, away: bool) -> None:
    from qdrant_client import models

    gone = [models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))] if away else []
    made = models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=name, alias_name=alias))
    connection.ask("moving the alias", lambda client: client.update_collection_aliases([*gone, made]))
