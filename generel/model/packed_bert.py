"""A BERT-like encoder over packed texts: the vectors that transformers computes, without padding.

Attention is plain matrix products a length at a time: at 5 to 40 tokens it beats PyTorch's fused attention on a CPU, above all in bf16.
The three projections of attention are one product. There is no dropout. Weights may be wider than the tokens they meet: trained ones
stay in float32 and are rounded when they are used.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.activations import ACT2FN

from generel.concepts.errors import BadInput
from generel.model.encoder_folder import CLS
from generel.model.layouts import LAYOUTS, QUERY_KEY_VALUE, Layout, layout_of
from generel.model.packed_texts import Group, Packing

# MPNet's attention counts distances in so many buckets, beyond half of them logarithmically up to so many tokens.
BUCKETS, FARTHEST = 32, 128


class PackedLayer(nn.Module):
    """One layer: attention and the wide layer, each added to what came in and normed."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        dims, wide, epsilon = config.hidden_size, config.intermediate_size, config.layer_norm_eps
        self.n_heads = config.num_attention_heads
        self.projections, self.mixed = nn.Linear(dims, 3 * dims), nn.Linear(dims, dims)
        self.up, self.down = nn.Linear(dims, wide), nn.Linear(wide, dims)
        self.attention_norm, self.norm = nn.LayerNorm(dims, eps=epsilon), nn.LayerNorm(dims, eps=epsilon)
        self.activation = ACT2FN[config.hidden_act]

    def forward(self, hidden: Tensor, groups: Sequence[Group], distances: Sequence[Tensor | None]) -> Tensor:
        """(tokens, dims) of the texts in `groups`; `distances`: what attention adds to the scores of each group."""
        attended = norm(self.attention_norm, hidden + linear(self.mixed, self._attend(linear(self.projections, hidden), groups, distances)))
        return norm(self.norm, attended + linear(self.down, self.activation(linear(self.up, attended))))

    def _attend(self, projected: Tensor, groups: Sequence[Group], distances: Sequence[Tensor | None]) -> Tensor:
        # split, not slices: its gradient is put together in one step.
        parts = torch.split(projected, [group.n_tokens for group in groups])
        return torch.cat([attend(part, group, n_heads=self.n_heads, distances=distance) for part, group, distance in zip(parts, groups, distances, strict=True)])


class PackedBert(nn.Module):
    """The encoder; weights are those of a transformers model.

    Args:
        config: of the transformers model.
        weights: its state by name; tensors are shared, not copied, but for the projections.

    Raises:
        BadInput: it is of a sort that `generel.model.layouts` does not know.
    """

    def __init__(self, config: Any, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        layout = layout_of(config)
        if layout is None:
            raise BadInput(f"an encoder of type '{config.model_type}' cannot be packed; known are {', '.join(LAYOUTS)}, with absolute positions")
        self.config, self.layout = config, layout
        dims, words, places = config.hidden_size, weights["embeddings.word_embeddings.weight"], weights["embeddings.position_embeddings.weight"]
        # Nothing is drawn at random here: modules are made without storage, and take over the model's tensors.
        with torch.device("meta"):
            self.words, self.places = nn.Embedding(*words.shape), nn.Embedding(*places.shape)
            # Only the first kind of token occurs: texts come alone, never in pairs.
            self.register_buffer("kind", torch.zeros(dims))
            self.norm = nn.LayerNorm(dims, eps=config.layer_norm_eps)
            self.distances = nn.Embedding(*weights[f"{layout.distances}.weight"].shape) if layout.distances else None
            self.layers = nn.ModuleList(PackedLayer(config) for _ in range(config.num_hidden_layers))
        self.load_state_dict(packed_state(config, layout, weights), assign=True)

    @property
    def dims(self) -> int:
        return int(self.config.hidden_size)

    def embed(self, ids: Tensor, packing: Packing) -> Tensor:
        """(tokens, dims) what the first layer reads.

        Args:
            ids: (tokens,) of the packed texts, in their order.
        """
        first = self.config.pad_token_id + 1 if self.layout.counts_padding else 0
        places = torch.from_numpy(packing.positions).to(ids.device) + first
        return norm(self.norm, self.words(ids) + self.places(places) + self.kind)

    def run(self, hidden: Tensor, groups: Sequence[Group], *, first: int = 0, last: int | None = None) -> Tensor:
        """(tokens, dims) after layers `first` to `last` (which is left out; all by default), from what the first of them reads."""
        distances = [None if self.distances is None else distance_scores(self.distances.weight, group.length).to(hidden.dtype) for group in groups]
        for layer in self.layers[first:last]:
            hidden = layer(hidden, groups, distances)
        return hidden

    def forward(self, ids: Tensor, packing: Packing, *, pooling: str) -> Tensor:
        """(texts, dims) in packed order, not normalized."""
        return pool(self.run(self.embed(ids, packing), packing.groups), packing.groups, pooling=pooling)

    def plain_state(self) -> dict[str, Tensor]:
        """The weights by the names that transformers gives them; what is not trained here (the pooler, the kinds of token) is left out."""
        state = {name: tensor.detach() for name, tensor in self.state_dict().items()}
        for number in range(len(self.layers)):
            for ending in ("weight", "bias"):
                fused = state.pop(f"layers.{number}.projections.{ending}")
                state |= {f"{self.layout.name(number, part)}.{ending}": one.contiguous() for part, one in zip(QUERY_KEY_VALUE, fused.chunk(3), strict=True)}
        names = own_names(self.layout, len(self.layers))
        del state["kind"]
        return {names.get(name, name): tensor for name, tensor in state.items()}


def linear(module: nn.Linear, hidden: Tensor) -> Tensor:
    """The product in the precision of `hidden`."""
    return functional.linear(hidden, module.weight.to(hidden.dtype), module.bias.to(hidden.dtype))


def norm(module: nn.LayerNorm, hidden: Tensor) -> Tensor:
    """The layer norm in the precision of `hidden`; sums are in float32 within."""
    return functional.layer_norm(hidden, module.normalized_shape, module.weight.to(hidden.dtype), module.bias.to(hidden.dtype), module.eps)


def attend(projected: Tensor, group: Group, *, n_heads: int, distances: Tensor | None) -> Tensor:
    """What each token takes from the tokens of its text: (tokens, dims).

    Args:
        projected: (tokens, 3 * dims) queries, keys and values of one group.
        distances: (heads, length, length) added to the scores; None adds nothing.
    """
    rows, length = group
    size = projected.shape[1] // (3 * n_heads)
    # One copy lays heads apart; without it every product would make its own.
    query, key, value = projected.view(rows, length, 3, n_heads, size).permute(2, 0, 3, 1, 4).reshape(3, rows * n_heads, length, size).unbind(0)
    added = query.new_zeros(1, 1, 1) if distances is None else distances.repeat(rows, 1, 1)
    scores = torch.baddbmm(added, query, key.transpose(1, 2), beta=0 if distances is None else 1, alpha=1 / math.sqrt(size))
    mixed = torch.bmm(scores.softmax(-1), value)
    return mixed.view(rows, n_heads, length, size).transpose(1, 2).reshape(rows * length, n_heads * size)


def pool(hidden: Tensor, groups: Sequence[Group], *, pooling: str) -> Tensor:
    """(texts, dims) float32 from (tokens, dims): each text's first token, or the mean of all of them."""
    parts = torch.split(hidden, [group.n_tokens for group in groups])
    blocks = [part.view(group.rows, group.length, -1) for part, group in zip(parts, groups, strict=True)]
    return torch.cat([block[:, 0].float() if pooling == CLS else block.mean(1, dtype=torch.float32) for block in blocks])


def distance_scores(table: Tensor, length: int) -> Tensor:
    """(heads, length, length) what MPNet adds to the score of two tokens, from its (buckets, heads) table.

    Source: `compute_position_bias` of transformers' MPNet: half of the buckets for either direction, exact up to half of those.
    """
    gap = torch.arange(length)[:, None] - torch.arange(length)[None, :]  # query minus key
    half, exact = BUCKETS // 2, BUCKETS // 4
    far = gap.abs().clamp_min(1)
    coarse = exact + (torch.log(far.float() / exact) / math.log(FARTHEST / exact) * (half - exact)).long()
    buckets = torch.where(far < exact, gap.abs(), coarse.clamp_max(half - 1)) + (gap < 0).long() * half
    return table[buckets.to(table.device)].permute(2, 0, 1)


def own_names(layout: Layout, n_layers: int) -> dict[str, str]:
    """Their names by ours, for all weights that are stored alike."""
    names = {"words.weight": "embeddings.word_embeddings.weight", "places.weight": "embeddings.position_embeddings.weight"}
    names |= {"distances.weight": f"{layout.distances}.weight"} if layout.distances else {}
    for ending in ("weight", "bias"):
        names[f"norm.{ending}"] = f"embeddings.LayerNorm.{ending}"
        for number in range(n_layers):
            names |= {f"layers.{number}.{part}.{ending}": f"{layout.name(number, part)}.{ending}" for part in ("mixed", "attention_norm", "up", "down", "norm")}
    return names


def packed_state(config: Any, layout: Layout, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Their weights under our names, the three projections of each layer in one."""
    state = {ours: weights[theirs] for ours, theirs in own_names(layout, config.num_hidden_layers).items()}
    kinds = weights.get("embeddings.token_type_embeddings.weight")
    state["kind"] = torch.zeros(config.hidden_size) if kinds is None else kinds[0]
    for number in range(config.num_hidden_layers):
        for ending in ("weight", "bias"):
            state[f"layers.{number}.projections.{ending}"] = torch.cat([weights[f"{layout.name(number, part)}.{ending}"] for part in QUERY_KEY_VALUE])
    return state
