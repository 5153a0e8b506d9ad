"""An encoder by the name it has on the Hugging Face hub, as a folder that `TextEncoder` opens.

Many published encoders have no tokenizer.json, or their weights in a pickle file: transformers reads those (weights only, no code), once, and
what generel reads is written into the cache. Nothing is fetched while HF_HUB_OFFLINE is set; what the hub's own cache holds is found even so.
"""

import os
import re
from pathlib import Path

from generel.concepts.atomic import build_beside
from generel.concepts.errors import Corrupt, MissingExtra, SourceUnavailable
from generel.concepts.progress import SILENT, Progress
from generel.model.encoder_folder import CONFIG, POOLING, TOKENIZER, WEIGHTS

PREFIX = "hf:"
# `hf:ORGANIZATION/NAME`, and after an '@' the branch, tag or commit.
PLACE = re.compile(r"hf:(?P<name>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?", re.ASCII)
WANTED = ("config.json", "model.safetensors", "pytorch_model.bin", "tokenizer*", "vocab.*", "merges.txt", "special_tokens_map.json", "sentencepiece*", "modules.json", "1_Pooling/config.json")


def hub_encoder(place: str, *, cache: Path, progress: Progress = SILENT) -> Path:
    """The folder of the encoder at a place `hf:ORGANIZATION/NAME` or `hf:ORGANIZATION/NAME@REVISION`.

    Raises:
        SourceUnavailable: the hub cannot be reached or may not, or has no such encoder.
        Corrupt: it is there, but transformers cannot read it.
    """
    found = PLACE.fullmatch(place)
    if not found:
        raise SourceUnavailable(f"'{place}' is no place on the hub; write hf:ORGANIZATION/NAME, or hf:ORGANIZATION/NAME@REVISION")
    snapshot = _download(found["name"], found["revision"], progress)
    folder = cache / "encoders" / f"{found['name'].replace('/', '--')}-{snapshot.name[:12]}"
    if not (folder / WEIGHTS).is_file():
        convert_encoder(snapshot, folder)
    return folder


def convert_encoder(source: Path, target: Path) -> None:
    """Write config.json, model.safetensors, tokenizer.json and how it pools to `target`, from a folder in any of transformers' forms.

    Raises:
        Corrupt: transformers cannot read it.
    """
    from transformers import AutoModel, AutoTokenizer

    try:
        model = AutoModel.from_pretrained(source, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True, use_fast=True)
        with build_beside(target) as beside:
            model.save_pretrained(beside, safe_serialization=True)
            tokenizer.save_pretrained(beside)
            if (source / POOLING).is_file():
                (beside / POOLING).parent.mkdir()
                (beside / POOLING).write_bytes((source / POOLING).read_bytes())
            lacking = [name for name in (CONFIG, WEIGHTS, TOKENIZER) if not (beside / name).is_file()]
            if lacking:
                raise Corrupt(f"the encoder in {source} gives no {' and no '.join(lacking)}; generel needs a tokenizer of the fast kind")
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise Corrupt(f"the encoder in {source} cannot be read by transformers ({error})") from error


def _download(name: str, revision: str | None, progress: Progress) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled
    except ImportError as error:
        raise MissingExtra("huggingface_hub", "text", "an encoder by its name on the hub") from error
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    try:
        with progress.task(f"Fetch {name} from the Hugging Face hub"):
            return Path(snapshot_download(name, revision=revision, allow_patterns=list(WANTED), local_files_only=offline))
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        way = "unset HF_HUB_OFFLINE, or give a folder" if offline else "check the name and the network, or give a folder that holds it"
        raise SourceUnavailable(f"the encoder '{name}' is not on this disk and could not be fetched ({type(error).__name__}); {way}") from error
