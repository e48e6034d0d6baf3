"""Readable errors for failures in the middle of a run."""

import contextlib
import errno
import logging
import math
import os
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from sluice.core.errors import EXIT_STALLED, FormatError, StageError
from sluice.train import checkpoint as ckpt
from sluice.train.distributed.cluster import TrainingCluster
from sluice.train.step import StepResult

logger = logging.getLogger("sluice.train")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Disk full, quota exceeded, file larger than the process may write."""


@contextlib.contextmanager
def readable_errors(cluster: TrainingCluster, checkpoints: Path) -> Iterator[None]:
    """Explain a full disk and a damaged record; end the process with exit code 76 if a peer was lost."""
    try:
        yield
    except OSError as e:
        if e.errno not in NO_ROOM:
            raise
        raise StageError(
            f"{e.strerror}, while writing below {checkpoints.parent}. {kept_checkpoint(checkpoints)} Free some space "
            "and run the same command again."
        ) from e
    except tf.errors.DataLossError as e:
        raise FormatError(f"A training record is damaged: {e.message}. Run `sluice verify` on the dataset.") from e
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError) as e:
        if len(cluster.task.addresses) == 1:
            raise
        logger.error("worker %d lost a peer: %s", cluster.task.index, str(e.message).splitlines()[0])
        logging.shutdown()
        os._exit(EXIT_STALLED)  # a normal exit would wait for the lost peer


def require_finite(result: StepResult, step: int, *, skips_overflow: bool, checkpoints: Path) -> None:
    """Raises StageError if the loss or the gradient norm is not finite.

    With `skips_overflow` (loss scaling), the norm need not be finite: the step is skipped and the scale is halved.
    """
    norm = 0.0 if skips_overflow else result.norm
    if not math.isfinite(result.nll + norm):
        raise StageError(
            f"At step {step} the loss was {result.nll / result.count} and the gradient norm {result.norm}, which are "
            f"not finite. {kept_checkpoint(checkpoints)} Start over with a smaller train.optim.lr or "
            "train.optim.clip_norm."
        )


def kept_checkpoint(checkpoints: Path) -> str:
    """Return a sentence about the checkpoint that remains after a failure."""
    step = ckpt.latest_step(checkpoints)
    return "It has no checkpoint yet." if step is None else f"Its checkpoint of step {step} is kept."
