"""The n-gram baseline of a run: counted on its training shards, evaluated on the same targets."""

import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from sluice.core.config.train import BaselineConfig, DataConfig
from sluice.train.evaluation.evaluate import Evaluation
from sluice.train.evaluation.ngram import NGram
from sluice.train.input import Dataset, shard_tokens

logger = logging.getLogger("sluice.train")


class BaselineResult(msgspec.Struct, frozen=True, kw_only=True):
    """Results of the baseline, and the number of training tokens used for counting."""

    order: int
    tokens: int
    results: tuple[Evaluation, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        splits = {result.split: result.to_dict() for result in self.results}
        return {"order": self.order, "tokens": self.tokens, "splits": splits}


def evaluate_baseline(config: BaselineConfig, data: DataConfig, dataset: Dataset) -> BaselineResult | None:
    """Evaluate the n-gram model on validation and test; None if it is disabled.

    Shards are read in order up to `max_tokens`.
    """
    if config.order is None:
        return None
    streams: list[np.ndarray] = []
    for shard in dataset.split(data.train_split).shards:
        left = config.max_tokens - sum(map(len, streams))
        if left <= 0:
            break
        if shard.records:
            streams.append(shard_tokens(dataset, shard)[:left])
    tokens = sum(map(len, streams))
    logger.info("counting n-grams up to order %d in %s training tokens", config.order, f"{tokens:,}")
    model = NGram(streams, config.order, dataset.manifest.vocab_size)
    splits = list(filter(None, (data.valid_split, data.test_split)))
    return BaselineResult(
        order=config.order, tokens=tokens, results=tuple(_evaluate(model, dataset, split) for split in splits)
    )


def _evaluate(model: NGram, dataset: Dataset, split: str) -> Evaluation:
    token_bytes = dataset.token_bytes() if dataset.manifest.tokenizer.lossless else None
    nll, tokens, num_bytes = 0.0, 0, 0
    for stream in _scored_streams(dataset, split):
        nll -= float(model.log_probabilities(stream).sum())
        tokens += len(stream) - 1
        if token_bytes is not None:
            num_bytes += int(token_bytes[stream[1:]].sum())
    return Evaluation(split=split, nll=nll, tokens=tokens, utf8_bytes=None if token_bytes is None else num_bytes)


def _scored_streams(dataset: Dataset, split: str) -> Iterator[np.ndarray]:
    """Yield the tokens of each shard, without the padding at its end."""
    for shard in dataset.split(split).shards:
        if shard.records:
            stream = shard_tokens(dataset, shard)
            yield stream[stream != dataset.manifest.ids.pad]
