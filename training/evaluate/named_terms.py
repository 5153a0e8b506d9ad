"""Terms as a user of the space asks for them: one that names a concept has that concept's vector, any other is read as text.

Names are those that training may read, so that no held-out synonym helps; they are compared as a build compares the names in its files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.kinds import KINDS, Kind
from generel.concepts.tables import CONCEPTS
from kg.harvest import mention
from kg.lexicon import resolve_mentions
from training.evaluate.ratings import Embedder
from training.evaluate.split import NumberedSplit

Floats = NDArray[np.float32]
# What a term is looked for among, in this order; a phenotype is found where no disease has the name.
KINDS_ASKED = (Kind.DISEASE, Kind.DRUG)


@dataclass(frozen=True)
class NamedTerms:
    """An `Embedder` of texts of which some name concepts.

    Attributes:
        split: whose training names are known.
        vectors: (n_concepts, dims) unit norm; zeros for one that has none, whose names are read as text.
        embed: reads the others.
    """

    split: NumberedSplit
    vectors: Floats
    embed: Embedder

    def __call__(self, texts: list[str]) -> Floats:
        """(n, dims), unit norm or zero."""
        read = np.array(self.embed(texts))
        for place, number in enumerate(self.concepts(texts)):
            if number >= 0 and self.vectors[number].any():
                read[place] = self.vectors[number]
        return read

    def concepts(self, texts: Sequence[str]) -> list[int]:
        """The number of the concept that each text names; -1 for none, or several."""
        gathered = self.split.readable_names().group_by("concept", maintain_order=True).agg(name=pl.col("name").first(), synonyms=pl.col("name").slice(1))
        numbers = gathered["concept"].to_list()
        table = gathered.with_columns(
            curie=pl.Series([self.split.curies[number] for number in numbers], dtype=pl.String),
            kind=pl.Series([KINDS[self.split.kind_numbers[number]] for number in numbers], dtype=pl.String),
            definition=pl.lit(None, pl.String), source=pl.lit(""), source_version=pl.lit(""),
        )
        asked = {text: [mention(kind, text) for kind in KINDS_ASKED] for text in texts}
        mentions = pl.Series([each for both in asked.values() for each in both], dtype=pl.String)
        found = dict(resolve_mentions(mentions, table.select(*CONCEPTS.columns)).found.select("mention", "curie").iter_rows())
        number_of = {curie: number for number, curie in enumerate(self.split.curies)}
        named = [next((found[each] for each in asked[text] if each in found), None) for text in texts]
        return [-1 if curie is None else number_of[curie] for curie in named]
