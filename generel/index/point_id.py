"""The ids of points on a server: one a concept, the same at every load, so that a load can be repeated."""

import uuid


def point_id(curie: str) -> str:
    """The id of a concept's point: uuid5 of its CURIE as a name of URL space."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, curie))
