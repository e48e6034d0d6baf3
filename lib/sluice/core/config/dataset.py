"""Settings of the tokenizer and the shards."""

from typing import Literal

from sluice.core.config.plan import MIB
from sluice.core.config.section import CountInt, Fraction, PositiveInt, Section


class TokenizerConfig(Section):
    """The tokenizer trained on a sample of the kept text."""

    kind: Literal["bpe", "word"] = "bpe"
    """`bpe`: byte-level, loses nothing. `word`: words (jieba in Chinese) with `<unk>`, for word perplexity."""
    vocab_size: PositiveInt = 32_000
    """Size with the special tokens. Up to 65,536 an id takes two bytes in the shards."""
    min_frequency: PositiveInt = 2
    """Rarer pairs (or words) get no entry."""
    sample_bytes: PositiveInt = 256 * MIB
    """UTF-8 bytes of the training sample: whole documents in hash order."""
    seed: CountInt = 0
    """Seed of the sample order."""


class ShardsConfig(Section):
    """TFRecords of fixed size."""

    seq_len: PositiveInt = 1024
    """Tokens per record, L; a record stores L + 1, its last token being the first of the next record."""
    shard_bytes: PositiveInt = 160 * MIB
    """Size aimed at for a training shard."""
    count: PositiveInt | None = None
    """Number of training shards; null works it out from `shard_bytes`, in steps of 8 from 8 up."""
    valid_fraction: Fraction = 0.01
    """Share of near-duplicate clusters that go to validation."""
    test_fraction: Fraction = 0.01
    """Share of near-duplicate clusters that go to the test split."""
    add_bos: bool = False
    """Begin each document with `<bos>`; each ends with `<eos>` in any case."""
    seed: CountInt = 0
    """Seed of split, shard and order."""
