"""From sets and settings to a trained network: what the genes start as, which sets stop the training, and the run itself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.apps.gene_sets.network import Network, unit
from generel.apps.gene_sets.ridge import Ridge
from generel.concepts.errors import BadInput
from generel.concepts.progress import SILENT, Progress
from training.evaluate.gene_set_halves import Half, cut_in_halves, rank_hidden
from training.gene_sets.batches import gene_shares, make_drawing
from training.gene_sets.checkpoint import Standing
from training.gene_sets.collection import Collection, Numbers
from training.gene_sets.identities import Identities
from training.gene_sets.network import PlainNetwork, SetNetwork
from training.gene_sets.profiles import SUMMARIES, membership_block, profile_vectors
from training.gene_sets.ridge import make_ridge, weigh_ridge
from training.gene_sets.scorer import Scorer
from training.gene_sets.settings import Settings
from training.gene_sets.trainer import CHECKED, Training
from training.gene_sets.written_sets import WrittenSets, no_written_sets, written_sets

Floats = NDArray[np.float32]
# Sets are looked at to stop the training, and members to make profiles, at most; more would tell no more.
MOST_HELD_OUT, MOST_MEMBERS = 1000, 10_000_000
LEAST_SHARE = 1e-7
# What the profiles weigh is chosen among these: how far their scores spread over how far the learned ones do.
WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Fitted:
    """A trained network, how its training went, the sets it learned from, and the halves of those held out, if there were any."""

    network: Network
    standing: Standing
    learned: Numbers
    halves: Half | None


def fit(
    collection: Collection, numbers: Numbers, genes: Identities, settings: Settings, *,
    folder: Path | None = None, identity: str = "", resume: bool = False, progress: Progress = SILENT, description: str = "Train",
) -> Fitted:
    """A network trained on these sets.

    Args:
        numbers: of the sets that may be learned.
        genes: of the collection, in its order.
        folder, identity, resume: of the checkpoint, as in `Training`.

    Raises:
        BadInput: there is no set to learn from, or the space's vectors are wanted and there is no space.
    """
    learned, held_out = divide(numbers, settings)
    with progress.task("Make the genes' profiles"):
        profiles = make_profiles(collection, learned, genes, settings)
    training = prepare(
        collection, learned, settings, first=first_vectors(profiles, settings), halves=halve(collection, held_out, settings), written=make_written_sets(genes, settings),
    )
    trained = replace(training, folder=folder, identity=identity).run(resume=resume, progress=progress, description=description)
    network = weigh_profiles(with_profiles(trained.tensors, profiles), training.halves)
    return Fitted(network, trained.standing, learned, training.halves)


def fit_ridge(collection: Collection, learned: Numbers, genes: Identities, settings: Settings, *, network: Network, halves: Half | None) -> Ridge | None:
    """The regression on the terms that the profiles are made of, weighed beside the network; None without profiles, or without sets to weigh it on."""
    if settings.start != "profiles" or halves is None:
        return None
    return weigh_ridge(make_ridge(_blocks(collection, learned, genes, settings)), network, halves.shown)


def with_profiles(tensors: Mapping[str, Floats], profiles: Floats) -> Network:
    """The network of these learned tensors beside these profiles, which weigh nothing yet."""
    return Network.from_tensors({**tensors, "profiles": profiles, "profile_scale": np.zeros(1, np.float32)})


def divide(numbers: Numbers, settings: Settings) -> tuple[Numbers, Numbers]:
    """The sets that are learned, and those that stop the training; ascending.

    Raises:
        BadInput: no set is left to learn from.
    """
    order = np.random.default_rng(settings.seed).permutation(numbers)
    n_held_out = min(round(len(numbers) * settings.held_out), MOST_HELD_OUT)
    if n_held_out >= len(numbers):
        raise BadInput("there is no gene set left to learn from; give more libraries")
    return np.sort(order[n_held_out:]), np.sort(order[:n_held_out])


def halve(collection: Collection, held_out: Numbers, settings: Settings) -> Half | None:
    """The halves of the sets that stop the training; None where there are none."""
    return cut_in_halves(collection.matrix(held_out), seed=settings.seed) if len(held_out) else None


def prepare(
    collection: Collection, learned: Numbers, settings: Settings, *, first: Floats | None, halves: Half | None, written: WrittenSets | None = None
) -> Training:
    """The training before its first step.

    Args:
        first: (n_genes, dims) the genes' vectors; None for the plain multi-hot autoencoder.
        written: terms that are learned as sets; None for none.
    """
    rng = np.random.default_rng(settings.seed)
    drawing = make_drawing(collection, learned, settings, written=written or no_written_sets(len(collection.genes)))
    shares = gene_shares(drawing)
    bias = np.log(shares + LEAST_SHARE)
    if first is None:
        network: SetNetwork = PlainNetwork(len(collection.genes), bias=bias, dims=settings.dims, hidden=settings.hidden, rng=rng)
    else:
        network = SetNetwork(first, bias=bias, hidden=settings.hidden, rng=rng)
    return Training(network, drawing, shares, settings, halves)


def make_profiles(collection: Collection, learned: Numbers, genes: Identities, settings: Settings) -> Floats:
    """(n_genes, profile dims) unit norm or zero; no dims where the genes start at random.

    Raises:
        BadInput: the space's vectors are wanted and there is no space.
    """
    if settings.start == "free":
        return np.empty((len(collection.genes), 0), np.float32)
    if settings.start == "space":
        if genes.vectors is None:
            raise BadInput("the genes should start from a space's vectors and no space was given; name one with --space, or choose another start")
        return np.asarray(genes.vectors, dtype=np.float32)
    return profile_vectors(_blocks(collection, learned, genes, settings), dims=settings.profile_dims, seed=settings.seed)


def make_written_sets(genes: Identities, settings: Settings) -> WrittenSets:
    """The terms that are learned as sets, where the genes start from profiles; else none."""
    n_genes = genes.concepts.height
    return written_sets(_terms(genes, settings), n_genes=n_genes) if settings.start == "profiles" else no_written_sets(n_genes)


def _blocks(collection: Collection, learned: Numbers, genes: Identities, settings: Settings) -> list[csr_array]:
    """(n_genes, terms) each: memberships, of not too many sets, and the terms of the texts."""
    chosen = np.random.default_rng(settings.seed).permutation(learned)
    chosen = np.sort(chosen[np.cumsum(collection.sizes[chosen]) <= MOST_MEMBERS])
    return [membership_block(collection.matrix(chosen)), *_terms(genes, settings).values()]


def _terms(genes: Identities, settings: Settings) -> dict[str, csr_array]:
    """The terms of the genes' texts, without those of summaries where these are not to be read."""
    return {sort: block for sort, block in genes.terms.items() if settings.summaries or sort != SUMMARIES}


def first_vectors(profiles: Floats, settings: Settings) -> Floats:
    """(n_genes, dims) unit norm: the learned vectors before training.

    The profiles' first dimensions, which are their largest, or all of a space's; a random vector where a gene has none.
    """
    dims = profiles.shape[1] if settings.start == "space" else settings.dims
    random = np.random.default_rng(settings.seed).standard_normal((len(profiles), dims)).astype(np.float32)
    kept = profiles[:, :dims]
    first = np.hstack([kept, np.zeros((len(profiles), dims - kept.shape[1]), np.float32)])
    return unit(np.where(np.abs(first).sum(axis=1, keepdims=True) > 0, first, random).astype(np.float32))


def weigh_profiles(network: Network, halves: Half | None) -> Network:
    """The network with the profiles' weight under which the hidden halves are ranked best: largest average precision, then the smaller weight."""
    if not network.profiles.shape[1] or halves is None:
        return network
    spread = _spread(replace(network, profile_scale=np.ones(1, np.float32)), halves) or 1.0
    tried = [replace(network, profile_scale=np.full(1, weight * spread, np.float32)) for weight in WEIGHTS]
    figures = [float(rank_hidden(Scorer(each), halves)[:, CHECKED].mean()) for each in tried]
    return tried[int(np.argmax(figures))]


def _spread(network: Network, halves: Half) -> float:
    """How far the learned scores of the shown halves spread over how far the profiles' cosines do."""
    vectors = network.encode(Scorer(network).members(halves.shown))
    without = replace(network, profile_scale=np.zeros(1, np.float32))
    learned = without.score(vectors)
    return float(learned.std() / max(float((network.score(vectors) - learned).std()), 1e-9))


def describe(genes: Identities) -> pl.DataFrame:
    """SPACE_CONCEPTS without the summaries, which a model need not carry."""
    return genes.concepts.with_columns(definition=pl.lit(None, pl.String))
