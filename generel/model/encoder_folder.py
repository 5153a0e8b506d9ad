"""What lies where in a space's `encoder/` folder, and in the folder of a language model.

A language model says how its tokens become one vector only where sentence-transformers saved it, in a folder beside the weights; it is copied
with them, since a mean is no answer where a model was trained on its first token.
"""

import json
import shutil
from pathlib import Path

from generel.concepts.errors import BadInput, Corrupt

TOWER = "tower.safetensors"
LANGUAGE_MODEL = "language_model"
WEIGHTS, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"
ENCODER_FILES = (CONFIG, TOKENIZER, WEIGHTS)
MODULES = "modules.json"
POOLING = "1_Pooling/config.json"
# The ways to pool that generel computes: the mean over all tokens, and the first token.
MEAN, CLS = "mean", "cls"
# What else sentence-transformers knows, by the key it has in older folders.
OLD_KEYS = {"pooling_mode_mean_tokens": MEAN, "pooling_mode_cls_token": CLS}


def read_pooling(folder: Path) -> str:
    """How the encoder in `folder` pools, 'mean' or 'cls'; 'mean' where the folder does not say.

    Raises:
        Corrupt: what it says cannot be read.
        BadInput: it pools in a way that generel does not compute.
    """
    if not (folder / POOLING).is_file():
        return MEAN
    try:
        told = dict(json.loads((folder / POOLING).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise Corrupt(f"{folder / POOLING} cannot be read ({error}); it should say how the encoder pools its tokens") from error
    newer = told.get("pooling_mode")
    chosen = [newer] if newer else [OLD_KEYS.get(key, key) for key, value in told.items() if key.startswith("pooling_mode_") and value is True]
    if chosen not in ([MEAN], [CLS]):
        raise BadInput(f"{folder / POOLING} asks for pooling by {' and '.join(map(str, chosen)) or 'nothing'}; generel pools by '{MEAN}' or '{CLS}'")
    return str(chosen[0])


def copy_encoder(source: Path, target: Path) -> None:
    """The encoder's files in `source`, and how it pools where that is no mean, copied into the folder `target`, which is made."""
    target.mkdir(parents=True)
    for name in ENCODER_FILES:
        shutil.copyfile(source / name, target / name)
    if read_pooling(source) != MEAN:
        (target / POOLING).parent.mkdir()
        shutil.copyfile(source / POOLING, target / POOLING)
