"""How faithful the weights of words are: taking out the heaviest words must lower the cosine more than taking out others.

    python tests/benchmarks/attribution.py starter

Texts are names of at least five words of concepts of the space; each is compared with the stored vector of a concept that it is tied to.
"Deletion" (DeYoung et al., ACL 2020, there "comprehensiveness") is the fall of the cosine when the third of the words with the largest weights
are taken out. Ways: Shapley values as in `generel.model.attribution`, one word taken out at a time, each word by itself, gradient x input
through the whole encoder and tower (torch), and random words.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from transformers import AutoModel

from generel.cli.output import write_records
from generel.concepts.home import Home
from generel.index.space_folder import ENCODER
from generel.model.attribution import WORD, attribute
from generel.model.bag import make_bags
from generel.model.embedder import TextEmbedder, center
from generel.model.encoder_folder import LANGUAGE_MODEL
from generel.model.tower import bag_mean
from generel.query.space import EmbeddingSpace

FEWEST_WORDS, SHARE = 5, 3
Weigh = Callable[[str, NDArray[np.float32]], list[float]]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", default="starter", nargs="?", help="a space of GENEREL_HOME")
    parser.add_argument("--n", type=int, default=200, help="texts")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = Home.from_environment().spaces / options.name
    with EmbeddingSpace.open(folder) as space:
        rows = measure(space, draw(space, options.n, options.seed), options.seed)
        write_records(rows, format="table", title=f"{options.name}: fall of the cosine when a third of the words are taken out, {options.n} texts")


def draw(space: EmbeddingSpace, n: int, seed: int) -> list[tuple[str, NDArray[np.float32]]]:
    """Names of enough words, each with the vector of a concept that it is tied to."""
    long = space.frame().filter(pl.col("name").str.count_matches(WORD.pattern) >= FEWEST_WORDS, pl.col("kind") != "variant").select("curie", "name")
    ties = space.relations().select("subject", "object").unique().sort("subject", "object").collect()
    pairs = long.join(ties, left_on="curie", right_on="subject").sample(n, seed=seed).sort("curie", "object")
    return list(zip(pairs["name"], space.vectors(pairs["object"].to_list()), strict=True))


def measure(space: EmbeddingSpace, texts: list[tuple[str, NDArray[np.float32]]], seed: int) -> Iterator[dict[str, object]]:
    """A row a way: mean fall, its standard error, how often it is more than by random words, and milliseconds a text."""
    generator = np.random.default_rng(seed)
    ways: dict[str, Weigh] = {
        "random words": lambda text, target: generator.random(len(WORD.findall(text))).tolist(),
        "each word by itself": lambda text, target: (space.embed(WORD.findall(text)) @ target).tolist(),
        "one word taken out": lambda text, target: (-(space.embed([without(text, [at]) for at in range(len(WORD.findall(text)))]) @ target)).tolist(),
        "gradient x input": Gradients(space.folder / ENCODER),
        "Shapley (generel)": lambda text, target: [weight for *_, weight in attribute(space.embed, text, target).words],
    }
    random_falls = np.zeros(len(texts))
    for name, weigh in ways.items():
        began = time.perf_counter()
        weights = [weigh(text, target) for text, target in texts]
        spent = 1000 * (time.perf_counter() - began) / len(texts)
        falls = np.array([fall(space, text, target, each) for (text, target), each in zip(texts, weights, strict=True)])
        random_falls = falls if name == "random words" else random_falls
        yield {
            "way": name, "mean fall": f"{falls.mean():.4f}", "standard error": f"{falls.std() / len(falls) ** 0.5:.4f}",
            "more than random": f"{np.mean(falls > random_falls):.0%}", "ms a text": f"{spent:.1f}",
        }


def fall(space: EmbeddingSpace, text: str, target: NDArray[np.float32], weights: list[float]) -> float:
    """How far the cosine falls without the heaviest third of the words."""
    n = max(1, len(weights) // SHARE)
    whole, rest = space.embed([text, without(text, np.argsort(weights)[-n:].tolist())]) @ target
    return float(whole - rest)


def without(text: str, places: list[int]) -> str:
    """The text without the words at these places."""
    return " ".join(word for at, word in enumerate(WORD.findall(text)) if at not in places)


class Gradients:
    """The gradient of the cosine by each token's input embedding and bag rows, times these; the sum over a word's tokens."""

    def __init__(self, folder: Path) -> None:
        embedder = TextEmbedder.open(folder)
        self._embedder = embedder
        self._model = AutoModel.from_pretrained(folder / LANGUAGE_MODEL, local_files_only=True).eval()

    def __call__(self, text: str, target: NDArray[np.float32]) -> list[float]:
        """The weight of each word."""
        embedder, shape = self._embedder, self._embedder.tower.shape
        encoding = embedder.encoder.tokenizer.encode(text)
        inputs = self._model.get_input_embeddings()(torch.tensor([encoding.ids])).detach().requires_grad_()
        bags = make_bags([encoding.ids], n_tokens=shape.n_tokens, n_pairs=shape.n_pairs)
        rows = embedder._take(bags.rows).detach().requires_grad_()
        hidden = self._model(inputs_embeds=inputs).last_hidden_state.mean(1)
        features = center(torch.nn.functional.normalize(hidden, dim=1), embedder.feature_mean)
        output = embedder.tower(features, bag_mean(rows, torch.arange(len(rows)), torch.from_numpy(bags.offsets)))
        torch.nn.functional.cosine_similarity(output, torch.from_numpy(target)[None]).sum().backward()
        by_token = (inputs.grad * inputs).sum(-1)[0].detach()
        # Token rows come first in a bag, then those of pairs, each of which lies over two tokens.
        n = len(encoding.ids) - 2
        of_rows = (rows.grad * rows).sum(-1).detach()
        by_token[1 : 1 + n] += of_rows[:n]
        for at, weight in enumerate(of_rows[n:]):
            by_token[1 + at : 3 + at] += weight / 2
        return [sum(float(by_token[at]) for at, (a, b) in enumerate(encoding.offsets) if start <= a < b <= end) for start, end in (match.span() for match in WORD.finditer(text))]


if __name__ == "__main__":
    main()
