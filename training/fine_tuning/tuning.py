"""Stage two from a build and an encoder to a better encoder: texts, frozen layers, training, saving.

The loop, its checkpoints, its log and its early stopping are those of stage one (`training.trainer.Run`); what is trained is another
model. Frozen layers' outputs are cached under the encoder's digest and serve every later run.
"""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch

from generel.concepts.home import Home
from generel.concepts.progress import SILENT, Progress
from generel.model.encoder import best_device, encoder_digest, open_model, open_tokenizer
from generel.model.encoder_folder import read_pooling
from generel.model.layouts import longest_text
from generel.model.packed_bert import PackedBert
from kg.build import Build, read_build
from training.corpus import Corpus, make_corpus
from training.fine_tuning.card import write_card
from training.fine_tuning.layer_cache import LayerCache
from training.fine_tuning.saving import save_encoder_folder
from training.fine_tuning.texts import TuningTexts, make_texts
from training.fine_tuning.tuned_encoder import TunedEncoder
from training.fine_tuning.validation import TextValidation
from training.language_model import fetch_encoder
from training.memory import keep_no_products
from training.model import ConceptModel
from training.recipe import Recipe
from training.tasks.task import Task
from training.trainer import Run, make_tasks
from training.workers import Workers


@dataclass
class Tuning:
    """Stage two of one recipe under one home.

    Attributes:
        recipe: what to train; steps, sampling and weights are those of its `fine_tuning`.
        home: where builds, runs and the cache are.
        progress: who is shown how far it is.
    """

    recipe: Recipe
    home: Home
    progress: Progress = SILENT
    device: torch.device = field(default_factory=best_device)
    build: Build = field(init=False)
    workers: Workers = field(init=False)

    def __post_init__(self) -> None:
        self.recipe = stage_two(self.recipe)
        self.build = read_build(self.home.builds / self.recipe.build)
        self.workers = Workers.from_environment(device=self.device)

    @property
    def folder(self) -> Path:
        """Of the run."""
        return self.home.runs / f"{self.recipe.name}.encoder"

    @property
    def encoder(self) -> Path:
        """Of the encoder it makes: what a recipe's `encoder.place` may name."""
        return self.folder / "encoder"

    def run(self, *, resume: bool = False) -> Path:
        """Train and save; the folder of the encoder."""
        keep_no_products()
        source = fetch_encoder(self.recipe.encoder, cache=self.home.cache, progress=self.progress)
        model, digest, split = open_model(source), encoder_digest(source, 0), self.build.split
        limit = longest_text(model.config, otherwise=self.recipe.encoder.max_tokens)
        corpus = make_corpus(split.concepts, split.names, split.relations, recipe=self.recipe)
        validation = TextValidation.of_split(split.names, split.relations, corpus=corpus, recipe=self.recipe)
        texts = make_texts(
            corpus, validation.held_out, tokenizer=open_tokenizer(source),
            name_tokens=min(limit, self.recipe.encoder.max_tokens), definition_tokens=min(limit, self.recipe.fine_tuning.definition_tokens),
        )
        tasks, pooling = written_tasks(corpus, self.recipe), self.recipe.fine_tuning.pooling or read_pooling(source)
        tuned = TunedEncoder(PackedBert(model.config, model.state_dict()), texts, recipe=self.recipe, pooling=pooling, tasks=tasks, device=self.device, workers=self.workers)
        self._cache_frozen(tuned, texts, digest)
        # Run asks of a model what TunedEncoder offers; its own type is narrower.
        run = Run(self.folder, cast(ConceptModel, tuned), corpus, self.recipe, self._identity(digest), tasks=tasks)
        # A build that holds nothing out is trained to the last step.
        if validation.questions:
            run.validate = lambda: validation.figures(tuned.vectors, first_held_out=texts.first_held_out)
        run.train(resume=resume, progress=self.progress)
        if self.workers.is_first:
            card = write_card(self.recipe, self.build, figures=run.last_figures, tasks=tasks)
            save_encoder_folder(self.encoder, tuned.bert, source=source, pooling=pooling, max_tokens=int(texts.lengths.max()), card=card)
        self.workers.wait()
        return self.encoder

    def _identity(self, encoder: str) -> dict[str, Any]:
        """What a checkpoint must share to be resumed: recipe, build, and the encoder it began with."""
        settings = dataclasses.asdict(self.recipe.fine_tuning)
        return {"recipe": self.recipe.as_dict(), "fine_tuning": settings, "build": str(self.build.manifest["inputs"]), "encoder": encoder}

    def _cache_frozen(self, tuned: TunedEncoder, texts: TuningTexts, digest: str) -> None:
        """Fill the cache of frozen layers; of several workers on one machine the first does, and the others read."""
        if not (tuned.first and self.recipe.fine_tuning.cached):
            return
        cache = LayerCache(self.home.cache / "layers", encoder=digest, n_layers=tuned.first, dtype=tuned.dtype)
        if self.workers.is_first:
            cache.outputs(texts.tokens, tuned.frozen_outputs, progress=self.progress)
        self.workers.wait()
        tuned.frozen = cache.outputs(texts.tokens, tuned.frozen_outputs)


def stage_two(recipe: Recipe) -> Recipe:
    """The recipe with steps, sampling and task weights of its `fine_tuning`."""
    settings = recipe.fine_tuning
    return dataclasses.replace(
        recipe, steps=settings.steps, validate_every=settings.validate_every, checkpoint_every=settings.checkpoint_every, patience=settings.patience, watch=settings.watch,
        temperature=settings.temperature, task_weights=dict(recipe.task_weights) | dict(settings.task_weights),
        sampling=dataclasses.replace(recipe.sampling, anchors=settings.anchors, negatives=settings.negatives),
    )


def written_tasks(corpus: Corpus, recipe: Recipe) -> list[Task]:
    """The recipe's tasks between concepts that have texts worth reading."""
    composed = set(recipe.composed_kinds)
    return [task for task in make_tasks(corpus, recipe) if not {getattr(task, "subject_kind", ""), getattr(task, "object_kind", "")} & composed]
