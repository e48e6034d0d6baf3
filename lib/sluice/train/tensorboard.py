"""What stands in `metrics.jsonl` as event files, for those who look at runs with TensorBoard."""

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
    """Raises ConfigError where the package is missing: TensorFlow brings it no longer (2.21), but asks for it."""
    if importlib.util.find_spec("tensorboard") is None:
        raise ConfigError(
            "train.log.tensorboard is set, but tensorboard is not installed: pip install 'sluice[tensorboard]', or "
            "leave the setting out; metrics.jsonl has the same."
        )


class EventWriter:
    """The event files of one run. They hold nothing else than given lines of its metrics, so they can be made anew."""

    def __init__(self, out: Path, lines: Iterable[Mapping[str, Any]]) -> None:
        shutil.rmtree(out / DIRECTORY, ignore_errors=True)
        self._writer = tf.summary.create_file_writer(str(out / DIRECTORY))
        for line in lines:
            self.write(line)

    def write(self, line: Mapping[str, Any]) -> None:
        """The values of one line; those that there are none of, or that are no part of the curves, are left out."""
        names = {"train": TRAIN, "eval": EVAL}.get(line["kind"], ())
        group = line.get("split", "train")
        with self._writer.as_default(step=line["step"]):
            for name in names:
                if line[name] is not None:
                    tf.summary.scalar(f"{group}/{name}", line[name])
        self._writer.flush()
