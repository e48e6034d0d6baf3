"""Generates text from a trained model, token by token with carried state. Equal seeds give equal text."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from sluice.core.config.train import SampleConfig, TrainConfig
from sluice.data.dataset.tokenizer import Tokenizer
from sluice.train.model.language_model import TrainableLanguageModel
from sluice.train.run_directory import restore


def generate_run(config: TrainConfig) -> list[str]:
    """Return `config.run.prompts` with continuations by the best (or latest) checkpoint of the run."""
    restored = restore(config)
    tokenizer = Tokenizer.load(restored.dataset.tokenizer_path)
    sampler = Sampler(restored.model, restored.dataset.manifest.ids.eos)
    return sampler.texts(tokenizer, config.run.prompts or ("",), config.run.sample, config.run.seed)


class Sampler:
    """Continues token lists with one model. Traced once."""

    def __init__(self, model: TrainableLanguageModel, eos: int) -> None:
        self._model, self._eos = model, eos
        self._next = tf.function(self._logits)

    def texts(self, tokenizer: Tokenizer, prompts: Sequence[str], config: SampleConfig, seed: int) -> list[str]:
        """Return each prompt with its continuation, decoded together."""
        ids = [tokenizer.encode(prompt) for prompt in prompts]
        return [
            tokenizer.decode([*prompt, *self.tokens(prompt, config, np.random.default_rng([seed, index]))])
            for index, prompt in enumerate(ids)
        ]

    def tokens(self, prompt: Sequence[int], config: SampleConfig, random: np.random.Generator) -> list[int]:
        """Generate up to `config.tokens` ids after the prompt, stopping before `<eos>`.

        The model reads `<eos>` first, because in training data a document follows the end of another.
        """
        state = self._model.zero_state(1)
        for token in (self._eos, *prompt):
            logits, state = self._next(tf.constant([[token]]), state)
        drawn: list[int] = []
        while len(drawn) < config.tokens:
            token = draw(logits.numpy(), config, random)
            if token == self._eos:
                break
            drawn.append(token)
            logits, state = self._next(tf.constant([[token]]), state)
        return drawn

    def _logits(self, tokens: Any, state: Any) -> Any:
        output = self._model.forward(tokens, state)
        return self._model.logits(output.hidden)[0], output.state


def draw(logits: np.ndarray, config: SampleConfig, random: np.random.Generator) -> int:
    """Sample an id from logits [V] with temperature and the `top_k` most likely tokens."""
    scores = logits.astype(np.float64) / config.temperature
    order = np.argsort(-scores, kind="stable")[: config.top_k]
    weights = np.exp(scores[order] - scores[order[0]])
    return int(random.choice(order, p=weights / weights.sum()))
