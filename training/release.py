"""From a trained model to a space that answers: vectors, calibration, evidence, encoder, manifest; written whole or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from generel.apps.space_map import draw_map
from generel.concepts.errors import BuildMismatch, MissingExtra
from generel.concepts.kinds import KINDS
from generel.concepts.progress import SILENT, Progress
from generel.index.popularity_file import Popularity
from generel.index.rankings_file import Rankings
from generel.index.write_space import write_space
from generel.model.embedder import save_tower
from generel.model.encoder_folder import LANGUAGE_MODEL, TOWER, copy_encoder
from generel.query.calibration import calibrate
from training.corpus import Corpus
from training.evaluate.space import lay_beside, place_in_split
from training.evaluate.split import NumberedSplit
from training.model import ConceptModel
from training.model_card import model_card
from training.rankings import learn_rankings
from training.reading import reading_added
from training.recipe import Recipe
from training.vectors import concept_vectors, popularity_biases, popularity_by_relation


def release(
    folder: Path,
    model: ConceptModel,
    corpus: Corpus,
    *,
    graph: Mapping[str, pl.DataFrame],
    split: NumberedSplit,
    language_model: Path,
    feature_mean: np.ndarray,
    manifest: Mapping[str, Any],
    progress: Progress = SILENT,
) -> dict[str, int]:
    """Write the space at `folder`; how many concepts of each kind had no vector and stayed out.

    Args:
        folder: of the space; one that has the name keeps it until this one is complete.
        graph: the build's CONCEPTS, MERGES and RELATIONS by table name.
        split: of the build; its validation rows teach how answers to a relation are ranked.
        language_model: folder of the encoder, copied into the space.
        feature_mean: (dims,) what was taken off the text features.
        manifest: name, sources, build and so on; counts and digests are added.
    """
    with progress.task("Compute the vectors of all concepts"), reading_added(model, corpus):
        vectors = concept_vectors(model, corpus)
        biases = popularity_biases(model, corpus)
    has_vector = np.linalg.norm(vectors, axis=1) > 0.5
    kept = np.flatnonzero(has_vector)
    concepts = space_concepts(graph["CONCEPTS"], corpus, kept)
    curies = concepts["curie"].implode()
    relations = graph["RELATIONS"].filter(pl.col("subject").is_in(curies) & pl.col("object").is_in(curies))
    popularity = popularity_by_relation(model, corpus, kept)
    write_space(
        folder,
        concepts=concepts,
        aliases=graph["MERGES"].filter(pl.col("curie").is_in(curies)),
        vectors=vectors[kept],
        bias=biases[kept],
        popularity=popularity,
        rankings=_rankings(vectors[kept], biases[kept], popularity, curies=concepts["curie"], split=split, recipe=model.recipe, progress=progress),
        relations=relations,
        calibration=calibrate(vectors[kept], concepts["kind"].to_list(), seed=model.recipe.seed, progress=progress),
        manifest=manifest,
        encoder=lambda target: save_encoder(target, model, corpus, language_model=language_model, feature_mean=feature_mean),
        map=_map_of(vectors[kept], concepts, seed=model.recipe.seed, progress=progress),
        card=model_card(manifest, counts=dict(concepts["kind"].value_counts().sort("count", "kind", descending=[True, False]).rows()), n_relations=relations.height),
    )
    lost = corpus.kind_numbers[~has_vector]
    return {KINDS[kind]: int((lost == kind).sum()) for kind in np.unique(lost)}


def _rankings(
    vectors: np.ndarray, bias: np.ndarray, gains: Mapping[str, np.ndarray], *, curies: pl.Series, split: NumberedSplit, recipe: Recipe, progress: Progress
) -> Rankings | None:
    """How the space ranks the answers to each relation."""
    rows = place_in_split(curies.to_list(), split)
    popularity = Popularity(gains, kinds=split.kind_numbers[rows].astype(np.uint8), families=recipe.families)
    space = lay_beside(split, rows, vectors=vectors, bias=bias, popularity=popularity)
    return learn_rankings(split, space, families=recipe.families, seed=recipe.seed, progress=progress)


def _map_of(vectors: np.ndarray, concepts: pl.DataFrame, *, seed: int, progress: Progress) -> pl.DataFrame | None:
    """SPACE_MAP; None where what draws it is not installed, and that is said."""
    try:
        return draw_map(vectors, concepts["n_relations"].to_list(), seed=seed, progress=progress)
    except MissingExtra as error:
        progress.say(f"the space is released without a map: {error}; `generel map` draws it later")
        return None


def space_concepts(concepts: pl.DataFrame, corpus: Corpus, kept: np.ndarray) -> pl.DataFrame:
    """SPACE_CONCEPTS: the kept concepts in corpus order with their names and number of concepts they are tied to in training.

    Raises:
        BuildMismatch: a trained concept is not in the graph.
    """
    ties = np.diff(corpus.neighbors.indptr)[kept]
    numbered = pl.DataFrame({"row": np.arange(len(kept)), "curie": [corpus.curies[row] for row in kept], "n_relations": ties.astype(np.int64)})
    described = concepts.select("curie", "kind", "name", "synonyms", "definition", "source")
    unknown = numbered.filter(~pl.col("curie").is_in(described["curie"].implode()))["curie"]
    if len(unknown):
        raise BuildMismatch(f"{len(unknown):,} trained concepts are not in the graph, such as {unknown[0]}; train again on its build")
    return numbered.join(described, on="curie", how="left", maintain_order="left")


def save_encoder(target: Path, model: ConceptModel, corpus: Corpus, *, language_model: Path, feature_mean: np.ndarray) -> None:
    """Copy the language model and write the tower, so that `TextEmbedder.open(target)` embeds free text."""
    copy_encoder(language_model, target / LANGUAGE_MODEL)
    with reading_added(model, corpus):
        save_tower(target / TOWER, tower=model.tower, rows=model.tokens.weight, feature_mean=torch.from_numpy(feature_mean))
