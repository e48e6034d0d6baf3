"""Trains a language model with one tool; `compare.py` starts this module in the environment of the tool.

    ENV/bin/python -m scripts.bench.train.peers TOOL ORDER.json

Prints `ready`. Then, for every line `N` on standard input, trains N further steps and prints a JSON line: `seconds`,
`tokens` and `losses` (nats per token, for every step). ORDER gives dataset, settings and initial weights (.npz).

tools
  sluice  the whole trainer, including input and metrics
  torch   nn.Embedding, nn.LSTM, nn.Linear, cross_entropy, clip_grad_norm_, optim.SGD; blocks of tokens from memory
  keras   Embedding, LSTM(stateful=True), Dense, `fit`; blocks of tokens from memory, global_clipnorm
"""

import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from scripts.bench.train.data import epoch_blocks
from sluice.core.config.load import load_config
from sluice.core.config.train import TrainConfig
from sluice.data.dataset.manifest import read_manifest

THREADS = 2
Train = Callable[[int], list[float]]


def blocks(order: dict[str, Any], config: TrainConfig) -> Iterator[np.ndarray]:
    """Endless blocks of tokens [G, T + 1], as sluice trains on them."""
    directory = Path(order["dataset"])
    manifest = read_manifest(str(directory))
    for epoch in itertools.count():
        yield from epoch_blocks(directory, manifest, config, epoch)


def sluice(order: dict[str, Any], config: TrainConfig) -> Train:
    from sluice.train.build import build_training
    from sluice.train.distributed.cluster import join_cluster
    from sluice.train.estimate import estimate
    from sluice.train.input import open_dataset, training_blocks
    from sluice.train.loop import TrainingLoop

    dataset = open_dataset(config.data)
    cluster = join_cluster(config.dist).__enter__()
    parts = build_training(config, dataset, estimate(config, dataset), cluster)
    loop = TrainingLoop(parts)
    parts.model.assign(dict(np.load(order["weights"])))
    source = training_blocks(cluster.strategy, dataset, config.data, seed=config.run.seed, step=0)

    def train(steps: int) -> list[float]:
        losses = []
        for _ in range(steps):
            before = parts.reporter.process.nll
            loop.one_step(source)
            losses.append((parts.reporter.process.nll - before) / (order["batch_size"] * order["bptt_steps"]))
        return losses

    return train


def torch(order: dict[str, Any], config: TrainConfig) -> Train:
    from scripts.bench.train.torch_lm import TorchModel

    model = TorchModel(dict(np.load(order["weights"])), config)
    source = blocks(order, config)
    return lambda steps: [model.step(next(source), order["lr"]) for _ in range(steps)]


def keras(order: dict[str, Any], config: TrainConfig) -> Train:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    weights = dict(np.load(order["weights"]))
    V, E = weights["embed.weight"].shape
    layers = sum(name.endswith("recurrent_kernel") for name in weights)
    source, G, T = blocks(order, config), order["batch_size"], order["bptt_steps"]
    inputs = keras.Input(batch_shape=(G, T), dtype="int32")
    lstms = [keras.layers.LSTM(order["hidden"], return_sequences=True, stateful=True) for _ in range(layers)]
    model = keras.Sequential([inputs, keras.layers.Embedding(V, E), *lstms, keras.layers.Dense(V)])
    names = [f"lstm.{layer}.{part}" for layer in range(layers) for part in ("kernel", "recurrent_kernel", "bias")]
    model.set_weights([weights[name] for name in ("embed.weight", *names, "softmax.kernel", "softmax.bias")])
    losses: list[float] = []
    optimizer = keras.optimizers.SGD(order["lr"] * T, global_clipnorm=order["clip_norm"] / T)  # the loss is a mean
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    data = tf.data.Dataset.from_generator(
        lambda: ((block[:, :-1], block[:, 1:]) for block in source),
        output_signature=(tf.TensorSpec((G, T), tf.int64), tf.TensorSpec((G, T), tf.int64)),
    )
    data = data.prefetch(4)
    each = keras.callbacks.LambdaCallback(on_train_batch_end=lambda _, logs: losses.append(logs["loss"]))

    def train(steps: int) -> list[float]:
        losses.clear()
        model.fit(data, shuffle=False, steps_per_epoch=steps, epochs=1, verbose=0, callbacks=[each])
        # `fit` reports the mean since its start
        means = np.array(losses) * np.arange(1, len(losses) + 1)
        return [float(value) for value in np.diff(means, prepend=0.0)]

    return train


TOOLS = {"sluice": sluice, "torch": torch, "keras": keras}


def main() -> None:
    tool, path = sys.argv[1:]
    order = json.loads(Path(path).read_bytes())
    train = TOOLS[tool](order, load_config([order["conf"]], order["settings"]).train)
    print("ready", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        losses = train(int(line))
        seconds = time.perf_counter() - began
        tokens = len(losses) * order["batch_size"] * order["bptt_steps"]
        print(json.dumps({"seconds": seconds, "tokens": tokens, "losses": losses}), flush=True)


if __name__ == "__main__":
    main()
