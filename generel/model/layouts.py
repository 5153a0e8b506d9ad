"""Where the weights of BERT and of its relatives lie: what differs between them is data.

All of them have the same layers: attention, a wide layer, and a norm after each. They differ in the names of the weights, in the
number that the first position has, and in whether attention counts the distance of two tokens (MPNet).
"""

from dataclasses import dataclass
from typing import Any

from transformers.activations import ACT2FN

QUERY_KEY_VALUE = ("query", "key", "value")


@dataclass(frozen=True)
class Layout:
    """Names of the weights of one sort of encoder, without '.weight' and '.bias'.

    Attributes:
        layer: prefix of a layer, with its number in braces.
        query, key, value, mixed, attention_norm, up, down, norm: below that prefix.
        counts_padding: whether positions begin after the number of the padding token, as in RoBERTa.
        distances: table of attention's distance buckets by head; empty where there is none.
    """

    layer: str = "encoder.layer.{}"
    query: str = "attention.self.query"
    key: str = "attention.self.key"
    value: str = "attention.self.value"
    mixed: str = "attention.output.dense"
    attention_norm: str = "attention.output.LayerNorm"
    up: str = "intermediate.dense"
    down: str = "output.dense"
    norm: str = "output.LayerNorm"
    counts_padding: bool = False
    distances: str = ""

    def name(self, layer: int, part: str) -> str:
        """The name of a part of a layer: `name(0, 'query')` is 'encoder.layer.0.attention.self.query'."""
        return f"{self.layer.format(layer)}.{getattr(self, part)}"


BERT = Layout()
ROBERTA = Layout(counts_padding=True)
MPNET = Layout(
    query="attention.attn.q", key="attention.attn.k", value="attention.attn.v", mixed="attention.attn.o", attention_norm="attention.LayerNorm",
    counts_padding=True, distances="encoder.relative_attention_bias",
)
LAYOUTS = {"bert": BERT, "roberta": ROBERTA, "xlm-roberta": ROBERTA, "camembert": ROBERTA, "mpnet": MPNET}


def layout_of(config: Any) -> Layout | None:
    """The layout of the encoder with this configuration; None where it is none of these, or differs in more than names."""
    plain = getattr(config, "position_embedding_type", "absolute") in ("absolute", None) and not getattr(config, "is_decoder", False)
    return LAYOUTS.get(config.model_type) if plain and getattr(config, "hidden_act", None) in ACT2FN else None


def longest_text(config: Any, *, otherwise: int) -> int:
    """The most tokens that the encoder has positions for; `otherwise` where its configuration does not say."""
    layout, positions = layout_of(config), getattr(config, "max_position_embeddings", None)
    if positions is None:
        return otherwise
    return int(positions) - (config.pad_token_id + 1 if layout and layout.counts_padding else 0)
