"""The recurrent state of the global batch, between replicas and checkpoints."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf


class CarriedState:
    """Distributes a global state to the replicas and gathers it again.

    `shapes` are the shapes of the global state tensors; axis 0 is the batch.
    """

    def __init__(self, strategy: Any, shapes: Sequence[tuple[int, ...]]) -> None:
        self._strategy, self._shapes = strategy, shapes
        # traced once: outside a tf.function, TensorFlow would trace every gather again
        self._gather = tf.function(lambda state: [strategy.gather(part, axis=0) for part in state])

    def zeros(self) -> Any:
        """Return the state at the start of an epoch, per replica."""
        return self.distribute([np.zeros(shape, np.float32) for shape in self._shapes])

    def distribute(self, state: Sequence[np.ndarray]) -> Any:
        """Return the rows of each replica, from a global state [G, …]."""
        rows = self._shapes[0][0] // self._strategy.num_replicas_in_sync

        def of_replica(context: Any) -> Any:
            first = int(context.replica_id_in_sync_group) * rows
            return tuple(tf.constant(part[first : first + rows]) for part in state)

        return self._strategy.experimental_distribute_values_from_function(of_replica)

    def gather(self, state: Any) -> list[np.ndarray]:
        """Return the global state [G, …] in row order. Collective: every worker must call it."""
        return [part.numpy() for part in self._gather(state)]
