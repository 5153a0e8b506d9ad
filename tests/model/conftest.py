"""A tiny encoder for this room, made once."""

from pathlib import Path

import pytest
import torch

from generel.model.encoder import TextEncoder
from tests.tiny_bert import make_tiny_bert

# The suite runs in as many processes as there are cores: tiny products in several threads wait for each other.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny BERT; not to be changed."""
    return make_tiny_bert(tmp_path_factory.mktemp("encoders") / "tiny_bert")


@pytest.fixture(scope="session")
def encoder(bert_folder: Path) -> TextEncoder:
    """The tiny BERT in float32 on any processor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENEREL_FLOAT32", "1")
        return TextEncoder.open(bert_folder)
