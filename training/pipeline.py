"""A whole run from a build's folder to a released space: texts, features, corpus, training, release.

Every step reuses what is done: features are cached by string, a finished run is released without training again, and a space of
the same recipe and build is left as it is.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

import generel
from generel.concepts.home import Home
from generel.concepts.progress import SILENT, Progress
from generel.index.space_folder import read_manifest
from generel.model.bag import join_bags, make_bags
from generel.model.encoder import TextEncoder
from generel.model.feature_cache import FeatureCache
from generel.model.tower import TowerShape
from kg.build import Build, read_build
from training.checkpoint import checkpoint_identity
from training.corpus import Corpus, make_corpus
from training.evaluate.split import number_split
from training.language_model import fetch_encoder
from training.memory import keep_no_products
from training.model import ConceptModel
from training.recipe import Recipe
from training.tasks.task import Task
from training.trainer import Run, make_tasks
from training.validate import Validation
from training.workers import Workers

TEXTS_A_BLOCK = 2048
SOURCE_FIELDS = ("title", "version", "license", "citation", "homepage", "synthetic")


@dataclass
class Pipeline:
    """One run of one recipe under one home.

    Attributes:
        recipe: what to train.
        home: where builds, runs, spaces and the cache are.
        progress: who is shown how far it is.
        tensorboard: whether the run writes TensorBoard's files.
        device: where it is trained.
    """

    recipe: Recipe
    home: Home
    progress: Progress = SILENT
    tensorboard: bool = False
    device: torch.device = field(default_factory=lambda: torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    build: Build = field(init=False)

    def __post_init__(self) -> None:
        self.build = read_build(self.home.builds / self.recipe.build)

    @property
    def folder(self) -> Path:
        """Of the run."""
        return self.home.runs / self.recipe.name

    @property
    def space(self) -> Path:
        """Of the space it releases."""
        return self.home.spaces / self.recipe.name

    @property
    def build_digest(self) -> str:
        """Of everything the build was made from."""
        return str(self.build.manifest["inputs"])

    @property
    def identity(self) -> dict[str, Any]:
        """Recipe and build: what a checkpoint must share to be resumed."""
        return {"recipe": self.recipe.as_dict(), "build": self.build_digest}

    @property
    def digest(self) -> str:
        """A short digest of recipe, build and version: equal ones give equal spaces."""
        text = json.dumps(self.identity | {"version": generel.__version__}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def is_released(self) -> bool:
        """Whether the space is there and comes of this very recipe and build."""
        if not (self.space / "manifest.json").is_file():
            return False
        return bool(read_manifest(self.space).raw.get("run") == self.digest)

    def has_checkpoint(self) -> bool:
        """Whether an interrupted run of this very recipe and build can be continued."""
        return checkpoint_identity(self.folder / "checkpoint") == json.loads(json.dumps(self.identity))

    def run(self, *, resume: bool = False) -> Path:
        """Train and release; the folder of the space. Started by torchrun, all workers train and the first one releases."""
        workers = Workers.from_environment(device=self.device)
        if not workers.is_first:
            self.progress = SILENT
        keep_no_products()
        corpus, validation = self._corpus()
        language_model = workers.tell(self.language_model() if workers.is_first else None)
        encoder = TextEncoder.open(language_model, max_tokens=self.recipe.encoder.max_tokens)
        features, mean = self._features(corpus, encoder, workers=workers)
        tasks = make_tasks(corpus, self.recipe)
        model = self._model(corpus, encoder, features, tasks=tasks, workers=workers)
        del encoder
        run = Run(self.folder, model, corpus, self.recipe, self.identity, validate=lambda: validation.figures(model), tasks=tasks, tensorboard=self.tensorboard)
        run.train(resume=resume, progress=self.progress)
        if workers.is_first:
            self._release(run, language_model=language_model, mean=mean)
        workers.wait()
        return self.space

    def _corpus(self) -> tuple[Corpus, Validation]:
        """What is trained on and what is asked on the way; the tables they come from are not kept."""
        build = read_build(self.build.folder)
        split = build.split
        corpus = make_corpus(split.concepts, split.names, split.relations, recipe=self.recipe, variants=build.variants, associations=build.associations)
        return corpus, Validation.of_split(split.relations, corpus=corpus, recipe=self.recipe)

    def _release(self, run: Run, *, language_model: Path, mean: np.ndarray) -> None:
        # What a release needs to learn rankings takes 100 MB, which training can do without until then.
        from training.release import release

        graph, split = {"CONCEPTS": self.build.concepts, "MERGES": self.build.merges, "RELATIONS": self.build.relations}, self.build.split
        lost = release(
            self.space, run.model, run.corpus, graph=graph, split=number_split(split.concepts, split.names, split.relations),
            language_model=language_model, feature_mean=mean, manifest=self._manifest(run), progress=self.progress,
        )
        for kind, n in lost.items():
            self.progress.say(f"{n:,} concepts of kind {kind} have no training tie and no text, so they have no vector")

    def language_model(self) -> Path:
        """The folder of the encoder's weights, fetched where it is not on disk."""
        return fetch_encoder(self.recipe.encoder, cache=self.home.cache, progress=self.progress)

    def _features(self, corpus: Corpus, encoder: TextEncoder, *, workers: Workers) -> tuple[torch.Tensor, np.ndarray]:
        """Centered features of all texts (n, dims) float16, and the mean that was taken off; each worker encodes its share of the texts."""
        cache, strings = FeatureCache(self.home.cache / "features", encoder), corpus.texts.strings
        if workers.size > 1:
            cache.features(strings[workers.share(len(strings))], progress=self.progress)
            workers.wait()
        features = cache.features(strings, progress=self.progress)
        mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
        centered = torch.from_numpy(features)
        for start in range(0, len(features), 65536):
            block = centered[start : start + 65536].float() - torch.from_numpy(mean)
            centered[start : start + 65536] = torch.nn.functional.normalize(block, dim=1).half()
        return centered, mean

    def _model(self, corpus: Corpus, encoder: TextEncoder, features: torch.Tensor, *, tasks: Sequence[Task], workers: Workers) -> ConceptModel:
        settings = self.recipe.tower
        shape = TowerShape(encoder.dims, settings.hidden, encoder.tokenizer.get_vocab_size(), settings.n_pairs, settings.bag_scale)
        strings = corpus.texts.strings
        # A block at a time: what a tokenizer says of a string takes a kilobyte, and of a million strings too much.
        blocks = (strings[start : start + TEXTS_A_BLOCK] for start in range(0, len(strings), TEXTS_A_BLOCK))
        bags = join_bags([make_bags(encoder.tokenize(block), n_tokens=shape.n_tokens, n_pairs=shape.n_pairs) for block in blocks])
        return ConceptModel(features, bags, shape=shape, written=np.flatnonzero(~corpus.is_composed), tasks=tasks, recipe=self.recipe, workers=workers, device=self.device)

    def _manifest(self, run: Run) -> dict[str, Any]:
        return {
            "name": self.recipe.name,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "generel": generel.__version__,
            "run": self.digest,
            "sources": [{"name": name} | {key: record[key] for key in SOURCE_FIELDS} for name, record in self.build.manifest["sources"].items()],
            "figures": run.last_figures,
            "bias_weight": self.recipe.bias_weight,
            "composition": self.recipe.composition.weights(),
            "build": self.build_digest,
            "build_name": self.recipe.build,
            "recipe": self.recipe.as_dict(),
            "encoder": {"place": self.recipe.encoder.place, "license": self.recipe.encoder.license, "max_tokens": self.recipe.encoder.max_tokens},
        }
