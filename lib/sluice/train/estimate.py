"""Estimates the size and cost of a run."""

import math
from dataclasses import dataclass

from sluice.core.config.train import TrainConfig
from sluice.train.input import Dataset, epoch_steps
from sluice.train.model.parameters import layer_widths, parameter_shapes
from sluice.train.optim import slot_names

FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class Estimate:
    """Sizes computed from configuration and manifest; `dry_run` prints `str()` of it."""

    parameters: int
    steps_per_epoch: int
    total_steps: int
    records: int
    """Records of the training split."""
    unread: int
    """Records not read in an epoch, because all rows have the same length."""
    tokens_per_step: int
    flop_per_token: int
    """Training FLOP: forward pass plus twice as much for the backward pass. Includes the softmax, not the embedding."""
    memory_bytes: int
    """Parameters, gradients, optimizer slots and the activations of one global batch."""

    def __str__(self) -> str:
        return (
            f"parameters        {self.parameters:,}\n"
            f"steps per epoch   {self.steps_per_epoch:,}\n"
            f"steps             {self.total_steps:,} of {self.tokens_per_step:,} tokens\n"
            f"records           {self.records:,}; {self.unread:,} not read per epoch, because rows have equal length\n"
            f"tokens            {self.total_steps * self.tokens_per_step:,}\n"
            f"FLOP per token    {self.flop_per_token / 1e6:,.1f} M\n"
            f"memory            about {self.memory_bytes / 2**20:,.0f} MiB for all replicas together, "
            "without TensorFlow itself"
        )


def estimate(config: TrainConfig, dataset: Dataset) -> Estimate:
    """Estimate one run. Raises ConfigError for an invalid model."""
    shapes = parameter_shapes(config.model, dataset.manifest.vocab_size)
    parameters = sum(math.prod(shape) for shape in shapes.values())
    matrices = sum(math.prod(s) for name, s in shapes.items() if len(s) > 1 and name != "embed.weight")
    if config.model.tie_embeddings:
        matrices += math.prod(shapes["embed.weight"])
    records = dataset.split(config.data.train_split).records
    per_epoch = epoch_steps(dataset, config.data)
    total = config.run.steps or config.run.epochs * per_epoch
    tokens = config.data.batch_size * config.data.bptt_steps
    # stored for the backward pass, per token: x·W, gates (4H each), h and c per layer; logits, softmax and its gradient
    widths = sum(H for _, H in layer_widths(config.model))
    most = {"full": math.inf, "chunked": config.loss.chunk_words, "sampled": config.loss.num_sampled}
    logits = int(min(dataset.manifest.vocab_size, most[config.loss.kind]))
    copies = 2 + len(slot_names(config.optim))
    return Estimate(
        parameters=parameters,
        steps_per_epoch=per_epoch,
        total_steps=total,
        records=records,
        unread=records % config.data.batch_size,
        tokens_per_step=tokens,
        flop_per_token=6 * matrices,
        memory_bytes=FLOAT_BYTES * (copies * parameters + tokens * (14 * widths + 3 * logits)),
    )
