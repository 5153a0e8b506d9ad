"""A frozen language model that turns strings into vectors, without padding.

Strings are grouped by their exact number of tokens, so a batch has no padding at all and any Hugging Face encoder can be used as
it is. Attention is the plain ("eager") one: at 5 to 40 tokens it beats PyTorch's fused attention on a CPU, above all in bf16.
The order of the results is the order of the strings.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import AutoModel
from transformers.utils.logging import disable_progress_bar

from generel.concepts.errors import Corrupt, NotThere
from generel.concepts.progress import SILENT, Progress
from generel.model.encoder_folder import WEIGHTS
from generel.model.length_groups import length_groups

# Tokens in a batch: large enough for full matrix products, small enough to stay in the cache of a laptop.
TOKENS_A_BATCH = 4096


class TextEncoder:
    """Sentence vectors: the mean of the model's last hidden states over a string's tokens, [CLS] and [SEP] included."""

    def __init__(self, model: torch.nn.Module, tokenizer: Tokenizer, *, digest: str, max_tokens: int) -> None:
        # Weights are cast once: autocast would cast frozen ones again for every batch.
        self.model = model.to(torch.bfloat16 if has_native_bf16() else torch.float32).eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_tokens)
        self.digest = digest

    @classmethod
    def open(cls, folder: Path, *, max_tokens: int = 128) -> "TextEncoder":
        """The encoder saved in `folder` by transformers or sentence-transformers.

        Args:
            folder: with config.json, model.safetensors and tokenizer.json; weights in pickle files are not read.
            max_tokens: longer strings are cut there.

        Raises:
            NotThere: a file is missing.
            Corrupt: the weights or the tokenizer cannot be read, or weights are missing.
        """
        for name in ("config.json", WEIGHTS, "tokenizer.json"):
            if not (folder / name).is_file():
                raise NotThere(f"{folder} is no encoder: it lacks {name}")
        try:
            disable_progress_bar()  # type: ignore[no-untyped-call]
            model, report = AutoModel.from_pretrained(
                folder, attn_implementation="eager", use_safetensors=True, local_files_only=True, dtype=torch.float32, output_loading_info=True
            )
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        # safetensors and tokenizers raise exceptions that have no base but this one.
        except Exception as error:
            raise Corrupt(f"the encoder in {folder} cannot be read: {error}") from error
        # transformers fills in random weights for those that are missing; the pooler is not used here.
        lacking = sorted(name for name in report["missing_keys"] if not name.startswith("pooler."))
        if lacking:
            raise Corrupt(f"the encoder in {folder} lacks {len(lacking)} of its weights, such as {lacking[0]}")
        limit = min(max_tokens, int(getattr(model.config, "max_position_embeddings", max_tokens)))
        return cls(model, tokenizer, digest=encoder_digest(folder, limit), max_tokens=limit)

    @property
    def dims(self) -> int:
        return int(self.model.config.hidden_size)  # type: ignore[union-attr, arg-type]

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text, [CLS] and [SEP] included, cut to the longest length the encoder takes."""
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(texts))]

    def encode(self, texts: Sequence[str], *, progress: Progress = SILENT) -> np.ndarray:
        """Vectors of the texts: (len(texts), dims) float32, unit norm.

        In bf16 where the processor multiplies it natively (cosine to float32 above .999), else in float32.
        """
        ids = self.tokenize(texts)
        vectors = np.empty((len(texts), self.dims), dtype=np.float32)
        with progress.task(f"Encode {len(texts):,} texts", total=float(sum(map(len, ids)))) as advance, torch.inference_mode():
            for rows in length_groups([len(one) for one in ids], tokens_a_batch=TOKENS_A_BATCH):
                batch = torch.tensor([ids[row] for row in rows])
                hidden = self.model(input_ids=batch).last_hidden_state  # (rows, tokens, dims)
                vectors[rows] = functional.normalize(hidden.float().mean(1), dim=1).numpy()
                advance(float(batch.numel()))
        return vectors


def has_native_bf16() -> bool:
    """Whether the processor multiplies bf16 in hardware; `GENEREL_FLOAT32=1` says no."""
    if os.environ.get("GENEREL_FLOAT32") == "1":
        return False
    capable = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(capable and capable())


def encoder_digest(folder: Path, max_tokens: int) -> str:
    """A short digest of everything the vectors depend on: weights, configuration, tokenizer and cut-off."""
    digest = hashlib.sha256(json.dumps({"pooling": "mean", "max_tokens": max_tokens}).encode())
    for name in ("config.json", "tokenizer.json", WEIGHTS):
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
