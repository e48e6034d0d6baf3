"""The losses of every step equal those of the LSTM and optimizer of Keras, for the same weights and tokens.

On one replica, where the order of clipping and summing does not matter.
"""

import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from sluice.train.input import open_dataset, training_blocks
from sluice.train.loop import train_and_evaluate
from sluice.train.model.parameters import initial_values
from tests.helpers.tiny_runs import WORDS, settings, train_config

STEPS, BATCH_SIZE, BPTT_STEPS, V = 100, 8, 8, WORDS + 4


def test_losses_equal_those_of_keras_for_a_hundred_steps(tiny_dataset: str, tmp_path: Path) -> None:
    more = ["train.model.layers=2", "train.model.init.scale=0.1", "train.loss.reduction=zaremba_sum"]
    more += ["train.optim.name=sgd", "train.optim.lr=0.5", "train.optim.clip_norm=0.5", "train.log.log_every=1"]
    config = train_config(tiny_dataset, tmp_path, *more, f"train.run.steps={STEPS}")
    assert settings(tiny_dataset, tmp_path)[2:4] == [
        f"train.data.batch_size={BATCH_SIZE}",
        f"train.data.bptt_steps={BPTT_STEPS}",
    ]
    assert train_and_evaluate(config).exit_code == 0
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    ours = [line for line in lines if line["kind"] == "train"]
    assert sum(line["clipped_share"] for line in ours) > STEPS / 2

    values = initial_values(config.model, V, config.run.seed)
    hidden = config.model.hidden
    lstms = [keras.layers.LSTM(hidden, return_sequences=True, stateful=True) for _ in range(2)]
    inputs = keras.Input(batch_shape=(BATCH_SIZE, BPTT_STEPS), dtype="int32")
    embed, head = keras.layers.Embedding(V, config.model.embedding_dim), keras.layers.Dense(V)
    model = keras.Sequential([inputs, embed, *lstms, head])
    names = [f"lstm.{layer}.{part}" for layer in range(2) for part in ("kernel", "recurrent_kernel", "bias")]
    model.set_weights([values[name] for name in ("embed.weight", *names, "softmax.kernel", "softmax.bias")])
    optimizer = keras.optimizers.SGD(config.optim.lr, global_clipnorm=config.optim.clip_norm)
    theirs: list[float] = []
    per_epoch = 62
    for step in range(STEPS):
        if step % per_epoch == 0:
            for lstm in lstms:
                lstm.reset_states()
            blocks = training_blocks(
                tf.distribute.get_strategy(), open_dataset(config.data), config.data, seed=config.run.seed, step=step
            )
        tokens = next(blocks)
        with tf.GradientTape() as tape:
            nll = keras.losses.sparse_categorical_crossentropy(tokens[:, 1:], model(tokens[:, :-1]), from_logits=True)
            loss = tf.reduce_sum(nll) / BATCH_SIZE
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, model.trainable_variables)]
        optimizer.apply(gradients, model.trainable_variables)
        theirs.append(float(loss) / BPTT_STEPS)
    np.testing.assert_allclose([line["loss"] for line in ours], theirs, rtol=1e-6)
    assert theirs[-1] < theirs[0] - 0.05
