"""The tuned encoder as a folder that sentence-transformers, transformers and generel open, written whole or not at all.

`SentenceTransformer(folder)` gives the vectors of `TextEncoder.open(folder)`: the model, its pooling, and unit norm are in the files.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfile
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from generel.concepts.atomic import build_beside
from generel.model.encoder_folder import CLS, CONFIG, MEAN, MODULES, POOLING, TOKENIZER, WEIGHTS
from generel.model.packed_bert import PackedBert

CARD = "README.md"
# What sentence-transformers calls the three steps; it reads these names in every version from 2 on.
STEPS = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
# Files of a tokenizer that transformers looks at where they are.
TOKENIZER_FILES = ("tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt", "sentencepiece.bpe.model", "added_tokens.json")


def save_encoder_folder(folder: Path, bert: PackedBert, *, source: Path, pooling: str, max_tokens: int, card: str) -> None:
    """Write the encoder at `folder`; one that is there stays until this one is complete.

    Args:
        source: folder of the encoder that it was made from: configuration, tokenizer, and weights that are not trained come from there.
        pooling: 'mean' or 'cls'.
        max_tokens: where texts are cut.
        card: Markdown on how it was made.
    """
    with build_beside(folder) as beside:
        for name in (TOKENIZER, *TOKENIZER_FILES):
            if (source / name).is_file():
                copyfile(source / name, beside / name)
        config = json.loads((source / CONFIG).read_text(encoding="utf-8"))
        _write(beside / CONFIG, config | {"dtype": "float32"})
        save_file(merged_weights(source / WEIGHTS, bert), beside / WEIGHTS, metadata={"format": "pt"})
        _write(beside / MODULES, [{"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"} for i, (path, kind) in enumerate(STEPS)])
        for path, _ in STEPS[1:]:
            (beside / path).mkdir()
        _write(beside / POOLING, {"word_embedding_dimension": bert.dims, "pooling_mode_cls_token": pooling == CLS, "pooling_mode_mean_tokens": pooling == MEAN})
        _write(beside / "sentence_bert_config.json", {"max_seq_length": max_tokens, "do_lower_case": False})
        _write(beside / "config_sentence_transformers.json", {"similarity_fn_name": "cosine"})
        (beside / CARD).write_text(card, encoding="utf-8")


def merged_weights(source: Path, bert: PackedBert) -> dict[str, torch.Tensor]:
    """The weights of the file `source` with those of the packed encoder in their places, under the names that the file has; float32."""
    stored: Mapping[str, torch.Tensor] = load_file(source)
    tuned = bert.plain_state()
    # A model saved with a task's head has its encoder under a prefix.
    prefix = next((name.removesuffix("embeddings.word_embeddings.weight") for name in stored if name.endswith("embeddings.word_embeddings.weight")), "")
    return {name: (tuned.get(name.removeprefix(prefix), tensor)).float().cpu().contiguous() if tensor.is_floating_point() else tensor for name, tensor in stored.items()}


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
