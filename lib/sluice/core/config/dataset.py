"""Settings of the tokenizer and the shards."""

from typing import Literal

from sluice.core.config.plan import MIB
from sluice.core.config.section import CountInt, Fraction, PositiveInt, Section


class TokenizerConfig(Section):
    """The tokenizer trained on a sample of the kept text."""

    kind: Literal["bpe", "word"] = "bpe"
    """`bpe`: byte-level BPE, lossless. `word`: words (jieba for Chinese) with `<unk>`, for word perplexity."""
    vocab_size: PositiveInt = 32_000
    """Vocabulary size including special tokens. Up to 65,536, a token id takes two bytes in the shards."""
    min_frequency: PositiveInt = 2
    """Pairs (for `word`: words) that occur less often get no vocabulary entry."""
    sample_bytes: PositiveInt = 256 * MIB
    """Size of the training sample in UTF-8 bytes. The sample consists of whole documents in hash order."""
    seed: CountInt = 0
    """Seed of the sample order."""


class ShardsConfig(Section):
    """TFRecord shards with records of a fixed number of tokens."""

    seq_len: PositiveInt = 1024
    """L: tokens per record. A record stores L + 1 tokens; its last token is the first of the next record."""
    shard_bytes: PositiveInt = 160 * MIB
    """Target size of a training shard, in bytes."""
    count: PositiveInt | None = None
    """Number of training shards. null: computed from `shard_bytes`; from 8 up, rounded up to a multiple of 8."""
    valid_fraction: Fraction = 0.01
    """Share of near-duplicate clusters that go to the validation split."""
    test_fraction: Fraction = 0.01
    """Share of near-duplicate clusters that go to the test split."""
    add_bos: bool = False
    """Begin each document with `<bos>`. Each document ends with `<eos>` in any case."""
    seed: CountInt = 0
    """Seed of the assignment to splits and shards and of the document order."""
