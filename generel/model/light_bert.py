"""A BERT encoder in numpy, for the few texts of a query: it answers before torch would be imported.

It computes what `generel.model.encoder.TextEncoder` computes, in float32, from the same files; a test holds the two together. Only plain BERT
is known here (`model_type` "bert", absolute positions, exact GELU): any other encoder goes through torch.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from generel.concepts.errors import Corrupt, NotThere
from generel.model.encoder_folder import CLS, CONFIG, MEAN, TOKENIZER, WEIGHTS, read_pooling
from generel.model.length_groups import length_groups

Floats = NDArray[np.float32]
TOKENS_A_BATCH = 4096


class LightBert:
    """Sentence vectors, unit norm: the mean of the last hidden states over a text's tokens, or the state of its first token."""

    def __init__(self, weights: dict[str, Floats], config: dict[str, object], tokenizer: Tokenizer, *, max_tokens: int, pooling: str = MEAN) -> None:
        self.weights, self.pooling = weights, pooling
        self.n_layers, self.n_heads = int(str(config["num_hidden_layers"])), int(str(config["num_attention_heads"]))
        self.epsilon = np.float32(str(config.get("layer_norm_eps", 1e-12)))
        self.tokenizer = tokenizer
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(min(max_tokens, int(str(config["max_position_embeddings"]))))

    @classmethod
    def open(cls, folder: Path, *, max_tokens: int = 128) -> "LightBert":
        """The encoder in `folder`.

        Raises:
            NotThere: a file is missing.
            Corrupt: the weights or the tokenizer cannot be read, or the weights are not those of a plain BERT (ask `can_read` first).
            BadInput: it pools in a way that generel does not compute.
        """
        for name in (CONFIG, WEIGHTS, TOKENIZER):
            if not (folder / name).is_file():
                raise NotThere(f"{folder} is no encoder: it lacks {name}")
        pooling = read_pooling(folder)
        try:
            config = json.loads((folder / CONFIG).read_text())
            stored = load_file(folder / WEIGHTS)
            weights = {name.removeprefix("bert."): np.asarray(tensor, dtype=np.float32) for name, tensor in stored.items() if tensor.dtype.kind == "f"}
            encoder = cls(weights, config, Tokenizer.from_file(str(folder / TOKENIZER)), max_tokens=max_tokens, pooling=pooling)
            encoder.encode(["a"])
        # safetensors and tokenizers raise exceptions that have no base but this one.
        except Exception as error:
            raise Corrupt(f"the encoder in {folder} cannot be read as BERT ({error}); release the space again") from error
        return encoder

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text, [CLS] and [SEP] included, cut to the longest length the encoder takes."""
        return [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors of the texts: (len(texts), dims) float32, unit norm."""
        ids = self.tokenize(texts)
        vectors = np.empty((len(texts), self.weights["embeddings.word_embeddings.weight"].shape[1]), dtype=np.float32)
        for rows in length_groups([len(one) for one in ids], tokens_a_batch=TOKENS_A_BATCH):
            hidden = self._hidden(np.array([ids[row] for row in rows]))
            pooled = hidden[:, 0] if self.pooling == CLS else hidden.mean(axis=1)
            vectors[rows] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return vectors

    def _hidden(self, ids: NDArray[np.int64]) -> Floats:
        """Last hidden states (rows, tokens, dims) of texts of one length."""
        words, positions, kinds = (self.weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type"))
        hidden = self._norm(words[ids] + positions[: ids.shape[1]] + kinds[0], "embeddings.LayerNorm")
        for layer in range(self.n_layers):
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
        return hidden

    def _layer(self, hidden: Floats, name: str) -> Floats:
        rows, tokens, dims = hidden.shape
        split = (rows, tokens, self.n_heads, dims // self.n_heads)
        query, key, value = (self._linear(hidden, f"{name}.attention.self.{part}").reshape(split).transpose(0, 2, 1, 3) for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(dims // self.n_heads))
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = ((weights / weights.sum(axis=-1, keepdims=True)) @ value).transpose(0, 2, 1, 3).reshape(rows, tokens, dims)
        attended = self._norm(hidden + self._linear(mixed, f"{name}.attention.output.dense"), f"{name}.attention.output.LayerNorm")
        wide = gelu(self._linear(attended, f"{name}.intermediate.dense"))
        return self._norm(attended + self._linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _linear(self, values: Floats, name: str) -> Floats:
        product: Floats = values @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return product

    def _norm(self, values: Floats, name: str) -> Floats:
        centered = values - values.mean(axis=-1, keepdims=True)
        scaled = centered / np.sqrt(np.square(centered).mean(axis=-1, keepdims=True) + self.epsilon)
        result: Floats = scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]
        return result


def can_read(folder: Path) -> bool:
    """Whether the encoder in `folder` is a plain BERT."""
    try:
        config = json.loads((folder / CONFIG).read_text())
    except (OSError, ValueError):
        return False
    if not isinstance(config, dict):
        return False
    plain = config.get("position_embedding_type", "absolute") == "absolute" and config.get("hidden_act", "gelu") == "gelu"
    return bool(config.get("model_type") == "bert" and plain)


def gelu(values: Floats) -> Floats:
    """x * Phi(x), with the error function to 1.5e-7.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26.
    """
    scaled = np.abs(values) * np.float32(1 / np.sqrt(2))
    t = 1 / (1 + np.float32(0.3275911) * scaled)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    error_function = np.sign(values) * (1 - series * np.exp(-scaled * scaled))
    result: Floats = (values * (1 + error_function) / 2).astype(np.float32)
    return result
