"""Optimisers on plain variables. Gradients are summed over all replicas first, then clipped, then applied.

Keras 3 optimisers clip before the sum, so their result depends on the number of replicas (measured: weight 1.0 with
one replica, 0.0 with two, on the same batch). Clipping is the rule in LSTM training, so that is not an option here.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from sluice.core.train_config import Optim

ADAM_BETA2, ADAM_EPSILON = 0.999, 1e-8  # Kingma & Ba 2015
SLOTS = {"sgd": (), "momentum": ("velocity",), "adamw": ("first", "second")}


def dense(gradient: Any) -> tf.Tensor:
    """An embedding gradient with the rows of repeated tokens added up; their norm would be wrong otherwise."""
    return tf.convert_to_tensor(gradient)


def clip(gradients: list[tf.Tensor], limit: float | None) -> tuple[list[tf.Tensor], tf.Tensor]:
    """Gradients scaled down to a global norm of at most `limit`, and the norm before."""
    norm = tf.linalg.global_norm(gradients)
    if limit is None:
        return gradients, norm
    scale = limit / tf.maximum(norm, limit)
    return [gradient * scale for gradient in gradients], norm


class Optimizer:
    """Update rules and their slot variables, one set per parameter, made in the scope of the strategy."""

    def __init__(self, config: Optim, variables: dict[str, tf.Variable]) -> None:
        self.config = config
        self._variables = variables
        self.slots = {
            f"{name}/{slot}": tf.Variable(tf.zeros(variable.shape), trainable=False, name=f"{name}/{slot}")
            for name, variable in variables.items()
            for slot in SLOTS[config.name]
        }

    def apply(self, gradients: list[tf.Tensor], lr: Any, step: Any) -> None:
        """Changes the parameters; called by every replica with the same, already summed, gradients."""
        tf.distribute.get_replica_context().merge_call(self._update_all, args=(gradients, lr, step))

    def _update_all(self, strategy: Any, gradients: list[Any], lr: Any, step: Any) -> None:
        for (name, variable), gradient in zip(self._variables.items(), gradients, strict=True):
            slots = tuple(self.slots[f"{name}/{slot}"] for slot in SLOTS[self.config.name])
            strategy.extended.update(variable, self._update, args=(gradient, lr, step, *slots), group=False)

    def _update(self, variable: Any, gradient: Any, lr: Any, step: Any, *slots: Any) -> None:
        config = self.config
        if config.weight_decay and variable.shape.rank > 1:
            variable.assign_sub(lr * config.weight_decay * variable)
        if config.name == "sgd":
            variable.assign_sub(lr * gradient)
        elif config.name == "momentum":
            (velocity,) = slots
            variable.assign_sub(lr * velocity.assign(config.momentum * velocity + gradient))
        else:
            first, second = slots
            t = tf.cast(step + 1, tf.float32)
            m = first.assign(config.momentum * first + (1 - config.momentum) * gradient)
            v = second.assign(ADAM_BETA2 * second + (1 - ADAM_BETA2) * gradient * gradient)
            m_hat, v_hat = m / (1 - config.momentum**t), v / (1 - ADAM_BETA2**t)
            variable.assign_sub(lr * m_hat / (tf.sqrt(v_hat) + ADAM_EPSILON))

    def assign(self, values: dict[str, np.ndarray]) -> None:
        """Sets every slot."""
        for name, slot in self.slots.items():
            slot.assign(values[name])
