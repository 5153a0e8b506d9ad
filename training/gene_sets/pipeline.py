"""GMT files to a model folder: collect, measure each library without itself, train on all, release.

Work lies beside the model, in `.NAME.work`, until the model is complete: the collection, and a checkpoint and the figures of every training.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.apps.gene_sets.model_folder import MODEL_SETS, ModelParts, write_model
from generel.apps.gene_sets.network import Network
from generel.concepts.errors import BuildMismatch, NotThere
from generel.concepts.progress import SILENT, Progress
from generel.index.lock import hold
from training.gene_sets.collection import Collection, Numbers, collect, open_collection
from training.gene_sets.fit import describe, fit, fit_ridge
from training.gene_sets.identities import NOBODY, Identities
from training.gene_sets.libraries import Library, check_names
from training.gene_sets.measure import Reals, measure_library
from training.gene_sets.settings import Settings

IDENTITY = "identity.json"
SETS_AT_ONCE = 1024


def train_model(
    libraries: Sequence[Library], known: Identities | None, *, out: Path, settings: Settings, measure: bool = True, resume: bool = False, progress: Progress = SILENT
) -> Path:
    """The model's folder, `out`; a model that was there stays until this one is complete.

    Args:
        known: what genes there are; None where every name is a gene of its own.
        measure: whether to leave out each library that is kept, train without it, and see how well its sets are completed.
        resume: go on where an interrupted run of the same libraries and settings stopped.

    Raises:
        BadInput, BadTable, NotThere: libraries or settings that cannot be; there is nothing to go on from.
        BuildMismatch: what there is to go on from is of other libraries or settings.
        Busy: another run is writing this model.
    """
    check_names(list(libraries))
    work = out.with_name(f".{out.name}.work")
    work.parent.mkdir(parents=True, exist_ok=True)
    with hold(out.with_name(f".{out.name}.lock"), wait=False, progress=progress):
        identity = _begin(work, _identity(libraries, known, settings), resume=resume)
        stored = work / "collection"
        collection = open_collection(stored) if stored.is_dir() else collect(libraries, known=known, folder=stored, settings=settings, progress=progress)
        for remark in collection.remarks:
            progress.say(remark)
        genes = (known or NOBODY).of(collection.genes)
        kept = [library for library in collection.libraries if len(collection.numbers_of(library)) <= settings.kept_sets]
        figures = {
            library: measure_library(collection, library, genes, settings, folder=work / hashlib.sha256(library.encode()).hexdigest()[:16], identity=identity, resume=True, progress=progress)
            for library in (kept if measure else [])
        }
        fitted = fit(collection, np.arange(len(collection)), genes, settings, folder=work / "checkpoint", identity=identity, resume=True, progress=progress)
        manifest = {
            "created": datetime.now(UTC).isoformat(timespec="seconds"), "name": out.name, "settings": asdict(settings), "n_genes": len(collection.genes), "n_sets": len(collection),
            "steps": fitted.standing.step, "losses": list(fitted.standing.losses), "checks": list(fitted.standing.figures), "remarks": collection.remarks,
            "libraries": [_describe_library(collection, library, figures.get(library), library in kept) for library in collection.libraries],
        }
        sets, members = _kept_sets(collection, kept, fitted.network, figures)
        ridge = fit_ridge(collection, fitted.learned, genes, settings, network=fitted.network, halves=fitted.halves)
        tensors = {**fitted.network.tensors(), **(ridge.tensors() if ridge else {})}
        write_model(out, ModelParts(manifest, tensors, describe(genes), genes.aliases, sets, members))
        shutil.rmtree(work)
    return out


def _identity(libraries: Sequence[Library], known: Identities | None, settings: Settings) -> dict[str, object]:
    """All that the model depends on."""
    names = hashlib.sha256(known.concepts.hash_rows(seed=0).to_numpy().tobytes()).hexdigest() if known else ""
    vectors = hashlib.sha256(known.vectors.tobytes()).hexdigest() if known and known.vectors is not None and settings.start == "space" else ""
    return {"libraries": {library.name: library.digest() for library in libraries}, "genes": names, "vectors": vectors, "settings": json.loads(json.dumps(asdict(settings)))}


def _begin(work: Path, identity: dict[str, object], *, resume: bool) -> str:
    """The digest of the identity, once the work folder is of it: emptied, or, to go on, as it was left."""
    path = work / IDENTITY
    if not resume:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        path.write_text(json.dumps(identity))
    elif not path.is_file():
        raise NotThere(f"there is no interrupted training of this model to go on from ({work} is not there); train without --resume")
    elif (theirs := json.loads(path.read_text())) != identity:
        other = ", ".join(key for key in identity if theirs.get(key) != identity[key])
        raise BuildMismatch(f"the interrupted training in {work} differs in its {other}; give what it began with, or train without --resume")
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _describe_library(collection: Collection, library: str, figures: Reals | None, kept: bool) -> dict[str, object]:
    numbers = collection.numbers_of(library)
    auroc, precision = (None, None) if figures is None else (float(figure) for figure in figures.mean(axis=0))
    return {
        "name": library, "n_sets": len(numbers), "n_genes": int((collection.matrix(numbers).sum(axis=0) > 0).sum()) if kept else None, "kept": kept,
        "auroc": auroc, "average_precision": precision,
    }


def _kept_sets(
    collection: Collection, kept: Sequence[str], network: Network, figures: Mapping[str, Reals | None]
) -> tuple[pl.DataFrame, dict[str, NDArray]]:
    """MODEL_SETS and their members and vectors, library after library."""
    numbers = np.concatenate([np.empty(0, np.int64), *(collection.numbers_of(library) for library in kept)])
    vectors, means, deviations = _encode(collection, numbers, network)
    measured = np.concatenate([np.empty((0, 2)), *(_or_missing(figures.get(library), len(collection.numbers_of(library))) for library in kept)])
    table = collection.sets[numbers].with_row_index("row").with_columns(
        pl.Series("n_genes", collection.sizes[numbers]), pl.Series("mean", means), pl.Series("deviation", deviations),
        pl.Series("auroc", measured[:, 0]).fill_nan(None), pl.Series("average_precision", measured[:, 1]).fill_nan(None),
    )
    matrix = collection.matrix(numbers)
    members = {"members": matrix.indices.astype(np.int32), "offsets": matrix.indptr.astype(np.int64), "vectors": vectors}
    return table.with_columns(pl.col("row").cast(pl.Int64)).select(*MODEL_SETS.columns), members


def _encode(collection: Collection, numbers: Numbers, network: Network) -> tuple[NDArray[np.float16], Reals, Reals]:
    """(n, dims) vectors of the sets, and the mean and deviation (n,) of all genes' scores for each."""
    vectors, means, deviations = np.empty((len(numbers), network.vector_dims), np.float16), np.empty(len(numbers)), np.empty(len(numbers))
    for start in range(0, len(numbers), SETS_AT_ONCE):
        part = slice(start, start + SETS_AT_ONCE)
        vectors[part] = network.encode([collection.rows(int(number)) for number in numbers[part]])
        # Of the vectors as they are stored, which are rounded.
        scores = network.score(vectors[part].astype(np.float32))
        means[part], deviations[part] = scores.mean(axis=1), np.maximum(scores.std(axis=1), 1e-6)
    return vectors, means, deviations


def _or_missing(figures: Reals | None, n_sets: int) -> Reals:
    return np.full((n_sets, 2), np.nan) if figures is None else figures
