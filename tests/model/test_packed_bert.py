"""Packed texts give what transformers gives, for every sort of encoder that can be packed."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertModel, DistilBertConfig, MPNetConfig, MPNetModel, RobertaConfig, RobertaModel

from generel.concepts.errors import BadInput
from generel.model.layouts import layout_of, longest_text
from generel.model.packed_bert import PackedBert, distance_scores, pool
from generel.model.packed_texts import Group, Packing, pack, token_batches

SIZES: dict[str, Any] = {"vocab_size": 50, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 40, "initializer_range": 0.5}
SORTS = {"bert": (BertConfig, BertModel), "roberta": (RobertaConfig, RobertaModel), "mpnet": (MPNetConfig, MPNetModel)}
TEXTS = [[7, 8, 9], [11], [12, 13, 14], list(range(5, 40)), [20, 21]]


@pytest.fixture(params=sorted(SORTS))
def model(request: pytest.FixtureRequest) -> Any:
    """A random encoder of each sort."""
    config, kind = SORTS[request.param]
    torch.manual_seed(1)
    return kind(config(**SIZES)).eval()


def laid_out(packing: Packing) -> torch.Tensor:
    """The tokens of the texts in packed order."""
    return torch.tensor([token for row in packing.order.tolist() for token in TEXTS[row]])


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_packed_texts_have_the_vectors_of_texts_alone(model: Any, pooling: str) -> None:
    """Five texts of four lengths in one batch, against transformers one by one."""
    packing = pack([len(text) for text in TEXTS])
    with torch.inference_mode():
        packed = PackedBert(model.config, model.state_dict())(laid_out(packing), packing, pooling=pooling)
        for place, row in enumerate(packing.order.tolist()):
            states = model(input_ids=torch.tensor([TEXTS[row]])).last_hidden_state[0]
            expected = states[0] if pooling == "cls" else states.mean(0)
            np.testing.assert_allclose(packed[place], expected, atol=1e-5)


def test_gradients_are_those_of_transformers(model: Any) -> None:
    """Of the last layer's wide product, where a text's mean is summed."""
    model.zero_grad()
    sum(model(input_ids=torch.tensor([text])).last_hidden_state[0].mean(0)[3] for text in TEXTS).backward()
    packing, bert = pack([len(text) for text in TEXTS]), PackedBert(model.config, model.state_dict())
    bert(laid_out(packing), packing, pooling="mean")[:, 3].sum().backward()
    np.testing.assert_allclose(bert.layers[-1].up.weight.grad, model.encoder.layer[-1].intermediate.dense.weight.grad, atol=1e-4)


def test_weights_go_back_under_their_own_names(model: Any) -> None:
    """All but the pooler, and the kinds of token, which nothing trains."""
    state = PackedBert(model.config, model.state_dict()).plain_state()
    left_out = {name for name in model.state_dict() if name.startswith("pooler.") or "token_type" in name}
    assert set(state) == set(model.state_dict()) - left_out
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in state.items())


def test_what_cannot_be_packed_is_named() -> None:
    """A type without a layout, and BERT with positions of another kind."""
    assert layout_of(DistilBertConfig()) is None
    with pytest.raises(BadInput, match="type 'distilbert' cannot be packed; known are bert"):
        PackedBert(DistilBertConfig(), {})
    config = BertConfig()
    config.position_embedding_type = "relative_key"
    assert layout_of(config) is None


def test_the_longest_text_leaves_out_positions_that_no_token_has() -> None:
    """RoBERTa's first position has the number 2."""
    assert longest_text(BertConfig(max_position_embeddings=512), otherwise=9) == 512
    assert longest_text(RobertaConfig(max_position_embeddings=514), otherwise=9) == 512
    assert longest_text(DistilBertConfig(), otherwise=9) == 512


def test_distances_by_hand() -> None:
    """The bucket of a key to the left is its distance, of one to the right 16 more; from 8 tokens on several share one."""
    table = torch.arange(32.0)[:, None]
    scores = distance_scores(table, 10)[0]
    assert scores[3].tolist()[:6] == [3, 2, 1, 0, 17, 18]
    assert scores[9, 0] == scores[8, 0] == 8
    assert scores[0, 9] == 24


def test_pooling_by_hand() -> None:
    """Two texts of one token and one of two."""
    hidden = torch.tensor([[1.0], [2.0], [3.0], [5.0]])
    groups = (Group(2, 1), Group(1, 2))
    assert pool(hidden, groups, pooling="mean").tolist() == [[1], [2], [4]]
    assert pool(hidden, groups, pooling="cls").tolist() == [[1], [2], [3]]


def test_packing_by_hand() -> None:
    """Shorter texts first, equal lengths as they were given."""
    packing = pack([2, 1, 2, 1])
    assert packing.order.tolist() == [1, 3, 0, 2]
    assert packing.groups == (Group(2, 1), Group(2, 2))
    assert packing.positions.tolist() == [0, 0, 0, 1, 0, 1]


@settings(max_examples=100)
@given(lengths=st.lists(st.integers(1, 20), max_size=40), most=st.integers(1, 60))
def test_token_batches_hold_each_text_once(lengths: list[int], most: int) -> None:
    """At most so many tokens a batch, or one text; lengths fall from batch to batch."""
    batches = [batch.tolist() for batch in token_batches(lengths, tokens_a_batch=most)]
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or sum(lengths[row] for row in batch) <= most for batch in batches)
    flat = [lengths[row] for batch in batches for row in batch]
    assert flat == sorted(lengths, reverse=True)
