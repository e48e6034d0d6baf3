"""Optimizers on plain variables. Gradients are summed over all replicas first, then clipped, then applied.

Keras 3 optimizers clip before the sum, so their result depends on the number of replicas (measured: weight 1.0 with
one replica, 0.0 with two, on the same batch). LSTM training needs clipping, so they cannot be used here.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from sluice.core.config.train import OptimConfig

ADAM_BETA2, ADAM_EPSILON = 0.999, 1e-8  # Kingma & Ba 2015
ADAGRAD_START = 0.1
SLOTS = {"sgd": (), "momentum": ("velocity",), "adagrad": ("squares",), "adamw": ("first", "second"), "ntasgd": ()}
LOSS_SCALE, GOOD_STEPS = "loss_scale", "good_steps"
FIRST_LOSS_SCALE, LOSS_SCALE_GROWS_AFTER = 2.0**15, 2000  # Micikevicius et al. 2018


def slot_names(config: OptimConfig) -> tuple[str, ...]:
    """Names of the slot variables of each parameter."""
    averaged = ("average",) if config.ema or config.name == "ntasgd" else ()
    return SLOTS[config.name] + averaged + (("accumulated",) if config.accumulate > 1 else ())


def dense(gradient: Any) -> tf.Tensor:
    """Convert a gradient to a dense tensor. Rows of repeated tokens are summed, as the norm requires."""
    return tf.convert_to_tensor(gradient)


def clip(
    gradients: Sequence[tf.Tensor], limit: float | None, is_clipped: Sequence[bool] | None = None
) -> tuple[list[tf.Tensor], tf.Tensor]:
    """Scale gradients to a global norm of at most `limit`. Returns them and the original norm.

    With `is_clipped`, only the marked gradients enter the norm and are scaled.
    """
    chosen = is_clipped or [True] * len(gradients)
    norm = tf.linalg.global_norm([g for g, is_one in zip(gradients, chosen, strict=True) if is_one])
    if limit is None:
        return list(gradients), norm
    scale = limit / tf.maximum(norm, limit)
    return [g * scale if is_one else g for g, is_one in zip(gradients, chosen, strict=True)], norm


class StepSettings(NamedTuple):
    """Values of one step that the update rule uses."""

    step: Any
    """Counted from 0."""
    lr: Any
    average_from: Any
    """For `ntasgd`: the first step whose weights are averaged; negative before averaging starts."""


class Optimizer:
    """Update rules and their slot variables, one set per parameter. Create it in the scope of the strategy."""

    def __init__(self, config: OptimConfig, variables: dict[str, tf.Variable]) -> None:
        self.config = config
        self._variables = variables
        self._names = slot_names(config)
        self.slots = {
            f"{name}/{slot}": tf.Variable(
                tf.fill(variable.shape, ADAGRAD_START if slot == "squares" else 0.0),
                trainable=False,
                name=f"{name}/{slot}",
            )
            for name, variable in variables.items()
            for slot in self._names
        }
        if config.precision == "fp16":
            self.slots[LOSS_SCALE] = tf.Variable(FIRST_LOSS_SCALE, trainable=False, name=LOSS_SCALE)
            self.slots[GOOD_STEPS] = tf.Variable(0.0, trainable=False, name=GOOD_STEPS)

    @property
    def loss_scale(self) -> Any:
        """Factor of the loss and divisor of the gradients, so that half precision does not round them to zero."""
        return self.slots.get(LOSS_SCALE, 1.0)

    def accumulate(self, gradients: list[tf.Tensor]) -> None:
        """Add gradients to those of earlier steps, for an update in a later step."""
        _merge(self._accumulate_all, gradients)

    def accumulated(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Return the mean of these gradients and the accumulated ones."""
        if self.config.accumulate == 1:
            return gradients
        slots = (self.slots[f"{name}/accumulated"] for name in self._variables)
        return [(slot + gradient) / self.config.accumulate for slot, gradient in zip(slots, gradients, strict=True)]

    def apply(self, gradients: list[tf.Tensor], settings: StepSettings, is_finite: Any = True) -> None:
        """Update the parameters; every replica calls it with the same, already summed gradients.

        If these are not finite, only the loss scale changes: it is halved.
        """
        k = self.config.accumulate  # bias corrections and averages count updates
        settings = StepSettings(settings.step // k, settings.lr, settings.average_from // k)
        _merge(self._update_all, gradients, settings, is_finite)

    def _accumulate_all(self, strategy: Any, gradients: list[Any]) -> None:
        for name, gradient in zip(self._variables, gradients, strict=True):
            slot = self.slots[f"{name}/accumulated"]
            strategy.extended.update(slot, lambda v, g: v.assign_add(g), args=(gradient,), group=False)

    def _update_all(self, strategy: Any, gradients: list[Any], settings: StepSettings, is_finite: Any) -> None:
        for (name, variable), gradient in zip(self._variables.items(), gradients, strict=True):
            slots = tuple(self.slots[f"{name}/{slot}"] for slot in self._names)
            strategy.extended.update(variable, self._update, args=(gradient, settings, is_finite, *slots), group=False)
        if self.config.precision == "fp16":
            scale, good = self.slots[LOSS_SCALE], self.slots[GOOD_STEPS]
            strategy.extended.update(scale, _update_loss_scale, args=(good, is_finite), group=False)
            strategy.extended.update(good, _update_good_steps, args=(is_finite,), group=False)

    def _update(self, variable: Any, gradient: Any, settings: StepSettings, is_finite: Any, *values: Any) -> None:
        slots = dict(zip(self._names, values, strict=True))

        def update() -> None:
            self._apply_rule(variable, gradient, settings, slots)
            if "average" in slots:
                slots["average"].assign(self._average(slots["average"], variable, settings))

        if self.config.precision == "fp16":
            tf.cond(is_finite, update, lambda: None)
        else:
            update()
        if "accumulated" in slots:
            slots["accumulated"].assign(tf.zeros_like(slots["accumulated"]))

    def _apply_rule(self, variable: Any, gradient: Any, settings: StepSettings, slots: dict[str, Any]) -> None:
        """Apply the rule with TensorFlow's fused updates, which read and write every value once."""
        config, lr = self.config, settings.lr
        if config.weight_decay and variable.shape.rank > 1:
            variable.assign(variable * (1 - lr * config.weight_decay))
        if config.name == "momentum":  # velocity = momentum · velocity + gradient; -= lr · velocity
            tf.raw_ops.ResourceApplyMomentum(
                var=variable.handle, accum=slots["velocity"].handle, lr=lr, grad=gradient, momentum=config.momentum
            )
        elif config.name == "adagrad":  # Duchi et al. 2011
            tf.raw_ops.ResourceApplyAdagradV2(
                var=variable.handle, accum=slots["squares"].handle, lr=lr, epsilon=0.0, grad=gradient
            )
        elif config.name == "adamw":
            t = tf.cast(settings.step + 1, tf.float32)
            power_1, power_2 = config.momentum**t, ADAM_BETA2**t
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=slots["first"].handle,
                v=slots["second"].handle,
                beta1_power=power_1,
                beta2_power=power_2,
                lr=lr,
                beta1=config.momentum,
                beta2=ADAM_BETA2,
                epsilon=ADAM_EPSILON * tf.sqrt(1 - power_2),  # added before v is corrected; in the paper, after
                grad=gradient,
            )
        else:
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=lr, delta=gradient)

    def _average(self, average: Any, new: Any, settings: StepSettings) -> tf.Tensor:
        """Return the new average of the weights: exponential (`ema`), or the mean since the trigger (ASGD)."""
        if self.config.ema:
            t = tf.cast(settings.step, tf.float32)
            decay = tf.minimum(self.config.ema, t / (10 + t))  # forgets the first steps quickly
            return decay * average + (1 - decay) * new
        since = tf.cast(settings.step - settings.average_from + 1, tf.float32)
        share = tf.where(settings.average_from < 0, 1.0, 1 / tf.maximum(since, 1.0))
        return average + share * (new - average)

    def averages(self) -> dict[str, np.ndarray] | None:
        """Return the averaged parameters for evaluation; None if averaging is off."""
        if "average" not in self._names:
            return None
        return {name: self.slots[f"{name}/average"].numpy() for name in self._variables}

    def assign(self, values: dict[str, np.ndarray]) -> None:
        """Set every slot."""
        for name, slot in self.slots.items():
            slot.assign(values[name])


def _merge(function: Any, *args: Any) -> None:
    tf.distribute.get_replica_context().merge_call(function, args=args)


def _update_loss_scale(scale: Any, good_steps: Any, is_finite: Any) -> None:
    grown = tf.where(good_steps + 1 >= LOSS_SCALE_GROWS_AFTER, 2 * scale, scale)
    scale.assign(tf.where(is_finite, grown, scale / 2))


def _update_good_steps(good_steps: Any, is_finite: Any) -> None:
    more = good_steps + 1
    good_steps.assign(tf.where(is_finite, tf.where(more >= LOSS_SCALE_GROWS_AFTER, 0.0, more), 0.0))
