"""Exact evaluation: every target is scored once, state is carried, sums are float64.

Perplexity is exp(nll / tokens). Bits per byte is nll / (ln 2 · UTF-8 bytes of the scored tokens); it is comparable
across tokenizers. `<eos>` is scored and has no bytes. Bits per byte is not reported if the vocabulary has an `<unk>`:
text would be lost and the value too low.
"""

import json
import logging
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import tensorflow as tf

from sluice.core.config.train import DataConfig, TrainConfig
from sluice.core.errors import InputError
from sluice.data import storage
from sluice.data.dataset.manifest import read_manifest
from sluice.train.input import Dataset, evaluation_blocks, open_dataset
from sluice.train.model.language_model import TrainableLanguageModel
from sluice.train.run_directory import restore

logger = logging.getLogger("sluice.train")
LOGIT_BYTES = 64 << 20  # maximum size of the logits of one evaluation window


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over one split."""

    split: str
    nll: float
    """Sum of the negative log-likelihood in nats."""
    tokens: int
    """Number of scored tokens."""
    utf8_bytes: int | None
    """Bytes of the scored tokens; None if the tokenizer is not lossless."""

    @property
    def nll_per_token(self) -> float:
        return self.nll / self.tokens

    @property
    def ppl(self) -> float:
        return math.exp(min(self.nll_per_token, 700.0))  # e^700 is near the largest float

    @property
    def bits_per_byte(self) -> float | None:
        return self.nll / (math.log(2) * self.utf8_bytes) if self.utf8_bytes else None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**msgspec.structs.asdict(self), "ppl": self.ppl, "bits_per_byte": self.bits_per_byte}

    def __str__(self) -> str:
        bpb = self.bits_per_byte
        bits = f"{bpb:.4f} bits per byte" if bpb else "no bits per byte: the tokenizer is not lossless"
        return f"{self.split}: ppl {self.ppl:.2f}, {bits}, {self.tokens:,} tokens scored"


class Evaluator:
    """Evaluates splits with one model. Traced once per block shape."""

    def __init__(self, model: TrainableLanguageModel, dataset: Dataset, batch_size: int) -> None:
        manifest = dataset.manifest
        self._model, self._dataset, self._batch_size = model, dataset, batch_size
        self._window = evaluation_window(manifest.seq_len, batch_size, manifest.vocab_size)
        self._token_bytes = dataset.token_bytes() if manifest.tokenizer.lossless else None
        self._score = tf.function(self._nll, reduce_retracing=True)

    def evaluate(
        self, split: str, *, max_tokens: int | None = None, beat: Callable[[], None] = lambda: None
    ) -> Evaluation:
        """Evaluate a split, or its first `max_tokens` tokens rounded up to a block; calls `beat` after each block."""
        pad = self._dataset.manifest.ids.pad
        state = self._model.zero_state(self._batch_size)
        nll, tokens, num_bytes = 0.0, 0, 0
        for block in evaluation_blocks(self._dataset, split, self._batch_size, self._window):
            total, state = self._score(tf.constant(block), state)
            nll += float(total)
            targets = block[:, 1:][block[:, 1:] != pad]
            tokens += len(targets)
            if self._token_bytes is not None:
                num_bytes += int(self._token_bytes[targets].sum())
            beat()
            if max_tokens and tokens >= max_tokens:
                break
        return Evaluation(
            split=split, nll=nll, tokens=tokens, utf8_bytes=None if self._token_bytes is None else num_bytes
        )

    def _nll(self, block: Any, state: Any) -> Any:
        output = self._model.forward(block[:, :-1], state)
        targets = tf.reshape(tf.transpose(block[:, 1:]), [-1])  # [T·B], time-major as hidden is
        nll = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=self._model.logits(output.hidden))
        scored = tf.not_equal(targets, self._dataset.manifest.ids.pad)
        return tf.reduce_sum(tf.cast(tf.boolean_mask(nll, scored), tf.float64)), output.state


def evaluation_window(seq_len: int, batch_size: int, vocab_size: int) -> int:
    """Return the largest divisor of the record length whose logits fit into LOGIT_BYTES. It affects only speed."""
    limit = LOGIT_BYTES // (batch_size * vocab_size * np.dtype(np.float32).itemsize)
    return max(divisor for divisor in range(1, seq_len + 1) if seq_len % divisor == 0 and divisor <= max(1, limit))


def evaluate_run(config: TrainConfig) -> dict[str, Evaluation]:
    """Evaluate the best (or latest) checkpoint of a run on validation, test and domains; write evaluation.json.

    Raises InputError for a domain with another tokenizer.
    """
    restored = restore(config)
    logger.info("evaluating the checkpoint of step %d", restored.facts.step)
    batch_size = restored.config.data.eval_batch_size
    evaluator = Evaluator(restored.model, restored.dataset, batch_size)
    splits = filter(None, (restored.config.data.valid_split, restored.config.data.test_split))
    results = {split: evaluator.evaluate(split) for split in splits}
    domains = {}
    for name, directory in config.data.domains.items():
        dataset, split = open_domain(name, directory, restored.dataset)
        domains[name] = Evaluator(restored.model, dataset, batch_size).evaluate(split)
    report = {
        "step": restored.facts.step,
        "splits": {split: result.to_dict() for split, result in results.items()},
        "domains": {name: result.to_dict() for name, result in domains.items()},
    }
    storage.write_atomic(str(Path(config.run.out) / "evaluation.json"), json.dumps(report, indent=2).encode())
    return {**results, **domains}


def open_domain(name: str, directory: str, trained: Dataset) -> tuple[Dataset, str]:
    """Open a dataset with the tokenizer of the training data; return it and the split to evaluate."""
    manifest = read_manifest(directory)
    splits = [split for split in ("test", "valid", "train") if split in manifest.splits]
    data = DataConfig(
        manifest=directory, train_split=splits[0], valid_split=None, test_split=None, batch_size=1, bptt_steps=1
    )
    dataset = open_dataset(data)
    ours, theirs = trained.manifest.tokenizer.sha256, dataset.manifest.tokenizer.sha256
    if ours != theirs:
        raise InputError(
            f"The domain {name} ({directory}) has a tokenizer with sha256 {theirs}, but the model needs the one with "
            f"{ours}. Pack it again with --tokenizer {trained.tokenizer_path}."
        )
    if trained.manifest.ids != dataset.manifest.ids:
        raise InputError(
            f"The domain {name} ({directory}) has different special tokens ({dataset.manifest.ids}) from the model "
            f"({trained.manifest.ids}). Pack it again with the same --pad, --bos, --eos and --unk."
        )
    return dataset, splits[0]


def table(results: Mapping[str, Evaluation]) -> str:
    """Format results as a text table with one line each."""
    lines = [f"{'':<16}{'tokens':>12}{'ppl':>12}{'bits per byte':>16}"]
    for name, result in results.items():
        bits = f"{result.bits_per_byte:.4f}" if result.bits_per_byte else "–"
        lines.append(f"{name:<16}{result.tokens:>12,}{result.ppl:>12.2f}{bits:>16}")
    return "\n".join(lines)
