"""A BERT of two layers over a few dozen word pieces: an encoder that `TextEncoder.open` reads, without a hub or a network.

It is untrained, so its vectors mean nothing; they are the same on every call with the same seed, and equal texts get equal ones.
Every text can be tokenized: the vocabulary holds all letters and digits, whole and as continuations, and some words.
"""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SYMBOLS = "abcdefghijklmnopqrstuvwxyz0123456789"
PUNCTUATION = "-,.:;/()'+&%*"
WORDS = (
    "heart", "attack", "failure", "disease", "syndrome", "type", "diabetes", "insulin", "short", "tall", "stature", "seizure",
    "kidney", "liver", "muscle", "pain", "breast", "cancer", "lung", "skin", "warfarin", "statin", "gene", "protein", "of", "the", "and",
)


def make_tiny_bert(folder: Path, *, hidden: int = 32, seed: int = 0) -> Path:
    """`folder`, holding config.json, model.safetensors and tokenizer.json of an untrained BERT.

    Args:
        folder: made if it is not there.
        hidden: length of the sentence vectors; a multiple of two, for the two heads.
        seed: of the weights; torch's own generator is left as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tiny_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=hidden, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=2 * hidden, max_position_embeddings=64, pad_token_id=0, initializer_range=0.3,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertModel(config)
    model.save_pretrained(folder, safe_serialization=True)
    return folder


def tiny_tokenizer() -> Tokenizer:
    """WordPiece over lower-cased words; [CLS] first and [SEP] last, as BERT has them."""
    pieces = (*SPECIAL, *SYMBOLS, *(f"##{symbol}" for symbol in SYMBOLS), *PUNCTUATION, *WORDS)
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return tokenizer
