"""Start of a training process without TensorFlow's start-up messages."""

import contextlib
import os
from collections.abc import Iterator

from sluice.core.quiet import without_lines

NOISE = (
    r"^(I0000 |E0000 .*(cuda_platform\.cc|oneDNN supports)|WARNING: All log messages before absl"
    r"|To enable the following instructions:)"
)
"""Hints on instruction sets and oneDNN, and on a missing GPU, which a run reports itself where it matters."""


@contextlib.contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Drops start-up messages of TensorFlow, which must be imported in the block and not before.

    TF_CPP_MIN_LOG_LEVEL is 2 (errors only) unless the environment sets it; 0 or 1 shows the start-up messages too.
    """
    level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with contextlib.nullcontext() if level in ("0", "1") else without_lines(NOISE):
        yield
