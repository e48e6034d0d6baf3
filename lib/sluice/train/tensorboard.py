"""Writes the metrics of a run as TensorBoard event files."""

import importlib.util
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from sluice.core.errors import ConfigError

DIRECTORY = "tensorboard"
TRAIN = ("loss", "ppl", "lr", "grad_norm", "clipped_share", "tokens_per_s", "data_wait_share")
EVAL = ("ppl", "bits_per_byte")


def require_tensorboard() -> None:
    """Raises ConfigError if the package is missing: TensorFlow 2.21 needs it but does not install it."""
    if importlib.util.find_spec("tensorboard") is None:
        raise ConfigError(
            "train.log.tensorboard is set, but tensorboard is not installed: pip install 'sluice[tensorboard]', or "
            "remove the setting; metrics.jsonl contains the same values."
        )


class EventWriter:
    """Writes the event files of one run. They contain only its metrics, so they can be rewritten at any time."""

    def __init__(self, out: Path, lines: Iterable[Mapping[str, Any]]) -> None:
        shutil.rmtree(out / DIRECTORY, ignore_errors=True)
        self._writer = tf.summary.create_file_writer(str(out / DIRECTORY))
        for line in lines:
            self.write(line)

    def write(self, line: Mapping[str, Any]) -> None:
        """Write the values of one line; missing values and values that are not part of a curve are skipped."""
        names = {"train": TRAIN, "eval": EVAL}.get(line["kind"], ())
        group = line.get("split", "train")
        with self._writer.as_default(step=line["step"]):
            for name in names:
                if line[name] is not None:
                    tf.summary.scalar(f"{group}/{name}", line[name])
        self._writer.flush()
