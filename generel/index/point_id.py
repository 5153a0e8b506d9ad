"""The ids of points: one a concept, the same in every store and at every load, so that a load can be repeated."""

import uuid


def point_id(curie: str) -> str:
    """The id of a concept's point: uuid5 of its CURIE as a name of URL space."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, curie))
