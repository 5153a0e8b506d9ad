"""A frozen language model that turns strings into vectors, without padding.

Strings of neighboring lengths are packed end to end, so that a batch is one matrix product and nothing is padded; see
`generel.model.packed_bert`. An encoder that is no relative of BERT runs through transformers, one length at a time. The order of the results is
the order of the strings, and equal strings are read once.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import AutoModel
from transformers.utils.logging import disable_progress_bar

from generel.concepts.errors import Corrupt, NotThere
from generel.concepts.progress import SILENT, Progress
from generel.model.encoder_folder import CONFIG, MEAN, TOKENIZER, WEIGHTS, read_pooling
from generel.model.layouts import layout_of, longest_text
from generel.model.packed_bert import PackedBert, pool
from generel.model.packed_texts import Packing, pack, token_batches

# Tokens in a batch. On a processor: large enough for full matrix products, small enough to stay in its cache. A graphics card has room.
TOKENS_A_BATCH = 4096
TOKENS_A_BATCH_ON_CARD = 65_536


class TextEncoder:
    """Sentence vectors: the mean of the model's last hidden states over a string's tokens, [CLS] and [SEP] included, or the state of its first token.

    Args:
        model: as transformers opens it; not to be trained on while this encoder is used.
        tokenizer: its padding and truncation are changed.
        digest: of everything the vectors depend on.
        max_tokens: longer strings are cut there.
        pooling: 'mean' or 'cls'.
        device: where to compute; by default a graphics card if there is one.
    """

    def __init__(self, model: torch.nn.Module, tokenizer: Tokenizer, *, digest: str, max_tokens: int, pooling: str = MEAN, device: torch.device | None = None) -> None:
        self.device, self.pooling, self.digest = device or best_device(), pooling, digest
        packed = PackedBert(model.config, model.state_dict()) if layout_of(model.config) else model
        # Weights are cast once: autocast would cast frozen ones again for every batch.
        self.model = packed.to(self.device, computing_dtype(self.device)).eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_tokens)

    @classmethod
    def open(cls, folder: Path, *, max_tokens: int = 128) -> "TextEncoder":
        """The encoder saved in `folder` by transformers or sentence-transformers.

        Args:
            folder: with config.json, model.safetensors and tokenizer.json; weights in pickle files are not read.
            max_tokens: longer strings are cut there.

        Raises:
            NotThere: a file is missing.
            Corrupt: the weights or the tokenizer cannot be read, or weights are missing.
            BadInput: it pools in a way that generel does not compute.
        """
        model, tokenizer = open_model(folder), open_tokenizer(folder)
        limit = min(max_tokens, longest_text(model.config, otherwise=max_tokens))
        return cls(model, tokenizer, digest=encoder_digest(folder, limit), max_tokens=limit, pooling=read_pooling(folder))

    @property
    def dims(self) -> int:
        return int(self.model.config.hidden_size)  # type: ignore[union-attr, arg-type]

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text, [CLS] and [SEP] included, cut to the longest length the encoder takes."""
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(texts))]

    def encode(self, texts: Sequence[str], *, progress: Progress = SILENT) -> np.ndarray:
        """Vectors of the texts: (len(texts), dims) float32, unit norm.

        In bf16 where the device multiplies it natively (cosine to float32 above .999), else in float32.
        """
        number = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        ids = [np.array(one, dtype=np.int64) for one in self.tokenize(list(number))]
        lengths = np.array([len(one) for one in ids], dtype=np.int64)
        vectors = np.empty((len(ids), self.dims), dtype=np.float32)
        most = TOKENS_A_BATCH_ON_CARD if self.device.type == "cuda" else TOKENS_A_BATCH
        with progress.task(f"Encode {len(ids):,} texts", total=float(lengths.sum())) as advance, torch.inference_mode():
            for rows in token_batches(lengths, tokens_a_batch=most):
                packing = pack(lengths[rows])
                ordered = rows[packing.order]
                batch = torch.from_numpy(np.concatenate([ids[row] for row in ordered])).to(self.device)
                vectors[ordered] = functional.normalize(self._pooled(batch, packing), dim=1).cpu().numpy()
                advance(float(len(batch)))
        return vectors[[number[text] for text in texts]]

    def _pooled(self, ids: torch.Tensor, packing: Packing) -> torch.Tensor:
        """(texts, dims) float32 in packed order, not normalized."""
        if isinstance(self.model, PackedBert):
            return self.model(ids, packing, pooling=self.pooling)
        blocks = [part.view(group) for part, group in zip(torch.split(ids, [group.n_tokens for group in packing.groups]), packing.groups, strict=True)]
        return pool(torch.cat([self.model(input_ids=block).last_hidden_state.flatten(0, 1) for block in blocks]), packing.groups, pooling=self.pooling)


def open_model(folder: Path) -> Any:
    """The language model in `folder` as transformers opens it, in float32.

    Raises:
        NotThere: a file is missing.
        Corrupt: the weights cannot be read, or some are missing.
    """
    for name in (CONFIG, WEIGHTS, TOKENIZER):
        if not (folder / name).is_file():
            raise NotThere(f"{folder} is no encoder: it lacks {name}")
    try:
        disable_progress_bar()  # type: ignore[no-untyped-call]
        # Attention is the plain one: without padding it is the faster one, above all in bf16.
        model, report = AutoModel.from_pretrained(
            folder, attn_implementation="eager", use_safetensors=True, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
    # safetensors raises exceptions that have no base but this one.
    except Exception as error:
        raise Corrupt(f"the encoder in {folder} cannot be read: {error}") from error
    # transformers fills in random weights for those that are missing; the pooler is not used here.
    lacking = sorted(name for name in report["missing_keys"] if not name.startswith("pooler."))
    if lacking:
        raise Corrupt(f"the encoder in {folder} lacks {len(lacking)} of its weights, such as {lacking[0]}")
    return model


def open_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer in `folder`.

    Raises:
        Corrupt: it cannot be read.
    """
    try:
        return Tokenizer.from_file(str(folder / TOKENIZER))
    # tokenizers raises exceptions that have no base but this one.
    except Exception as error:
        raise Corrupt(f"the encoder in {folder} cannot be read: {error}") from error


def best_device() -> torch.device:
    """A graphics card if there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_native_bf16() -> bool:
    """Whether the processor multiplies bf16 in hardware; `GENEREL_FLOAT32=1` says no."""
    if os.environ.get("GENEREL_FLOAT32") == "1":
        return False
    capable = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(capable and capable())


def computing_dtype(device: torch.device) -> torch.dtype:
    """bf16 where the device multiplies it in hardware, else float32."""
    native = torch.cuda.is_bf16_supported() if device.type == "cuda" else has_native_bf16()
    return torch.bfloat16 if native else torch.float32


def encoder_digest(folder: Path, max_tokens: int) -> str:
    """A short digest of everything the vectors depend on: weights, configuration, tokenizer, pooling and cut-off."""
    digest = hashlib.sha256(json.dumps({"pooling": read_pooling(folder), "max_tokens": max_tokens}).encode())
    for name in (CONFIG, TOKENIZER, WEIGHTS):
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
