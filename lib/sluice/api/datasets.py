"""Datasets of token ids for NumPy, PyTorch and TensorFlow."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from sluice.core.errors import ConfigError
from sluice.data.dataset.read import TokenDataset


class LoadedDataset(TokenDataset):
    """A `TokenDataset` that other libraries can read."""

    def to_torch(self) -> Any:
        """Returns a `torch.utils.data.IterableDataset` of the batches of an epoch, int64 tensors [rows, L + 1].

        Give it to `DataLoader(..., batch_size=None)`; any number of loader workers gives the batches in the same order.
        Workers are other processes: set `place` to (epoch, batch) before each epoch. Raises ConfigError if PyTorch is
        not installed.
        """
        try:
            import torch
            import torch.utils.data
        except ImportError:
            raise ConfigError(
                "PyTorch is not installed: pip install torch. Without it, iterate over the dataset."
            ) from None
        source = self

        class Batches(torch.utils.data.IterableDataset):  # type: ignore[misc]
            def __iter__(self) -> Iterator[Any]:
                worker = torch.utils.data.get_worker_info()
                step, of = (worker.id, worker.num_workers) if worker else (0, 1)
                epoch, first = source.place
                for batch in range(first + step, len(source), of):
                    yield torch.from_numpy(source.batch(epoch, batch).astype(np.int64))

            def __len__(self) -> int:
                return len(source) - source.place[1]

        return Batches()

    def to_tf(self) -> Any:
        """Returns a `tf.data.Dataset` of the batches of an epoch, int32 [rows, L + 1].

        Raises ConfigError if TensorFlow is not installed.
        """
        try:
            import tensorflow as tf
        except ImportError:
            raise ConfigError(
                "TensorFlow is not installed: pip install 'sluice[train]'. Without it, iterate over the dataset."
            ) from None
        signature = tf.TensorSpec((None, self.manifest.seq_len + 1), tf.int32)
        return tf.data.Dataset.from_generator(lambda: iter(self), output_signature=signature)


def load_dataset(
    directory: str,
    split: str = "train",
    *,
    batch_size: int = 32,
    shuffle: bool = True,
    seed: int = 0,
    replica: int = 0,
    num_replicas: int = 1,
    place: tuple[int, int] = (0, 0),
) -> LoadedDataset:
    """Opens a split of a finished dataset, `<root>/<name>/<x.y.z>`, to iterate over its batches.

    Each is an array of ids [rows, L + 1] int32: `batch[:, :-1]` are inputs, `batch[:, 1:]` targets; 0 pads. An
    iteration is an epoch. `batch_size`: records in the batches of all `num_replicas` together, of which this one reads
    its share. `shuffle`: a new order of the records in each epoch, from `seed`; the same for any number of replicas.
    `place`: (epoch, batch) from which to continue; the dataset's own `place` is what to save. `to_torch()` and
    `to_tf()` convert it.

    Raises InputError or FormatError for a dataset that is unfinished or damaged, ConfigError for other arguments that
    cannot be.

    >>> data = sluice.load_dataset("out/shards/corpus/1.0.0", batch_size=64)  # doctest: +SKIP
    >>> for batch in data:  # doctest: +SKIP
    ...     step(batch[:, :-1], batch[:, 1:])
    """
    return LoadedDataset(
        directory,
        split,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        replica=replica,
        num_replicas=num_replicas,
        place=place,
    )
