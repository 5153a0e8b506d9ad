"""What a text is near by its meaning, and whether that is nearer than nonsense would be.

An encoder gives every text a vector, and every vector has a nearest concept. What that is worth is told by words of random letters: a text
whose nearest concept is no nearer than theirs is far from anything the space knows, and is said to be.
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from generel.concepts.atomic import write_beside
from generel.index.space_folder import INDEX
from generel.query.records import TEXT, Concept, Match, Resolved
from generel.query.resolve import to_concept

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

FLOOR_FILE = "text_floor.json"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Few and short: the first question of free text waits for them where the release has not measured.
N_TEXTS, LONGEST_TEXT, WORD_LENGTHS, SEED = 24, 2, (3, 10), 0
# What so many of a hundred nonsense texts do not reach.
SHARE = 0.95


def match_by_meaning(space: "EmbeddingSpace", text: str, k: int, *, kinds: Collection[str] | None = None) -> list[Match]:
    """The k concepts nearest to a text, best first, each with its cosine for a score; none that points away from it."""
    vector = space.embed([text])
    found = space.store.nearest(vector, k, kinds=kinds)
    keep = found.cosines[0] > 0
    concepts = space.names.concepts(found.rows[0][keep])
    scores = np.minimum(found.cosines[0][keep], 1).tolist()
    return [Match(to_concept(concept), concept.name, "meaning", score) for concept, score in zip(concepts, scores, strict=True)]


def measure_floor(space: "EmbeddingSpace") -> float:
    """The cosine with the nearest concept that 95 of a hundred texts of random letters stay below."""
    texts = nonsense()
    vectors = space.vectors_of([Resolved(text, Concept("", TEXT, text), -1, TEXT) for text in texts])
    return float(np.quantile(space.store.nearest(vectors, 1).cosines[:, 0], SHARE))


def read_floor(space: "EmbeddingSpace") -> float:
    """What the release measured, as `text_floor` in the manifest; else `measure_floor`, once a space, kept in its index where that may be written."""
    if "text_floor" in space.manifest.raw:
        return float(space.manifest.raw["text_floor"])
    path, digest = space.folder / INDEX / FLOOR_FILE, str(space.manifest.raw["digest"])
    try:
        kept = json.loads(path.read_bytes())
        if kept["space"] == digest:
            return float(kept["cosine"])
    except (OSError, ValueError, KeyError, TypeError):
        # A cache: whatever is wrong with it, it is made again.
        pass
    floor = measure_floor(space)
    _keep(path, {"space": digest, "cosine": floor})
    return floor


def say_if_far(space: "EmbeddingSpace", text: str, cosine: float | None) -> str:
    """A sentence where a text is far from anything in the space, else none; `cosine` is that of its nearest concept, None if it is not known."""
    if cosine is None or cosine > space.text_floor:
        return ""
    return f"'{text}' is far from anything in this space: its nearest concept has cosine {cosine:.2f}, and texts of random letters reach {space.text_floor:.2f}"


def _keep(path: Path, content: dict[str, object]) -> None:
    try:
        with write_beside(path) as temporary:
            temporary.write_text(json.dumps(content))
    except OSError:
        # A space in a folder of somebody else's: the next process measures again.
        return


def nonsense() -> list[str]:
    """Texts of one or two words of random letters, always the same."""
    generator = np.random.default_rng(SEED)

    def word() -> str:
        return "".join(generator.choice(list(LETTERS), generator.integers(*WORD_LENGTHS)))

    return [" ".join(word() for _ in range(1 + at % LONGEST_TEXT)) for at in range(N_TEXTS)]
