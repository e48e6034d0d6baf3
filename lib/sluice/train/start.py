"""A process that trains, without TensorFlow's start-up messages."""

import contextlib
import os
from collections.abc import Iterator

from sluice.core.quiet import without_lines

NOISE = (
    r"^(I0000 |E0000 .*(cuda_platform\.cc|oneDNN supports)|WARNING: All log messages before absl"
    r"|To enable the following instructions:)"
)
"""Hints on instruction sets and oneDNN, and the message that there is no GPU, which a run reports itself if needed."""


def import_tensorflow() -> None:
    """Import TensorFlow and list its devices; call it before importing any module that imports TensorFlow.

    TF_CPP_MIN_LOG_LEVEL is 2 (errors only) unless the environment sets it; 0 or 1 shows the start-up messages.
    """
    level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with without_lines(NOISE) if level not in ("0", "1") else contextlib.nullcontext():
        import tensorflow as tf

        tf.config.list_physical_devices()  # logs its messages on missing drivers
