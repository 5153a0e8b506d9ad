"""Addresses as identifiers: `http://purl.obolibrary.org/obo/MONDO_0005148` is `MONDO_0005148`, `https://identifiers.org/mim/602228` is `mim:602228`.

Three kinds are read: those that end in an identifier which names its own database, wherever they lead; those of the pages that
`generel.concepts.prefixes` links to; and those of resolvers, which write prefix and identifier as two steps of the path. Any other
address stays what it is: the last number of a path may be anything.
"""

import re
from functools import cache

from generel.concepts.curie import looks_like_curie
from generel.concepts.prefixes import PREFIXES

SCHEME = re.compile(r"(?:https?://(?:www\.)?|(?=(?:www\.)?(?:identifiers\.org|bioregistry\.io)/)(?:www\.)?|urn:miriam:|obo:(?=\w+_))", re.IGNORECASE)
# Sites whose paths end in a prefix, a slash and an identifier.
RESOLVERS = ("identifiers.org/", "bioregistry.io/", "n2t.net/", "bio2rdf.org/", "ncbi.nlm.nih.gov/", "id.nlm.nih.gov/", "purl.bioontology.org/", "purl.uniprot.org/")
STEPS = re.compile(r"[/#?=]+")


def shorten(text: str) -> str:
    """What an address identifies, as `prefix:identifier` in some spelling; a text that is no such address comes back as it is."""
    stripped = text.strip().removeprefix("<").removesuffix(">")
    scheme = SCHEME.match(stripped)
    if not scheme:
        return text
    address = stripped[scheme.end() :].rstrip("/")
    for start, end, name in _links():
        if address.lower().startswith(start):
            return f"{name}:{address[len(start):].removesuffix(end)}"
    *path, last = STEPS.split(address)
    if looks_like_curie(last):
        return last
    if path and address.lower().startswith(RESOLVERS):
        return f"{path[-1]}:{last}"
    return text


@cache
def _links() -> tuple[tuple[str, str, str], ...]:
    """What stands before and behind the identifier in the links of each prefix, and its name; in lower case and without the scheme."""
    links = [(prefix.link.partition("{}"), prefix.name) for prefix in PREFIXES if prefix.link]
    return tuple((SCHEME.sub("", start, count=1).lower(), end, name) for (start, _, end), name in links)
