"""One embedding space of variants, genes, diseases, phenotypes, drugs, pathways and processes.

Importing this package is cheap: the query side, and with it polars and Qdrant Edge, is loaded at the first use of
`EmbeddingSpace`, and torch only when free text is embedded.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["EmbeddingSpace", "__version__", "connect"]

if TYPE_CHECKING:
    from generel.client.remote_space import RemoteSpace
    from generel.query.space import EmbeddingSpace


def connect(url: str, *, api_key: str | None = None) -> "RemoteSpace":
    """The space that the service at `url` has; its methods and records are those of `EmbeddingSpace`.

    Args:
        api_key: for a service that wants one; None for that in GENEREL_API_KEY.
    """
    from generel.client.connection import Service
    from generel.client.remote_space import RemoteSpace

    return RemoteSpace(Service.find(url, api_key=api_key))


def __getattr__(name: str) -> object:
    """The public names that cost something to import, loaded when first asked for (PEP 562)."""
    if name == "EmbeddingSpace":
        from generel.query.space import EmbeddingSpace

        return EmbeddingSpace
    raise AttributeError(f"module 'generel' has no attribute {name!r}")
