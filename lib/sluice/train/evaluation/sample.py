"""Text from a trained model, one token at a time, the state passed along. Equal seeds give equal text."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from sluice.core.config.train import SampleConfig, TrainConfig
from sluice.data.dataset.tokenizer import Tokenizer
from sluice.train.model.language_model import TrainableLanguageModel
from sluice.train.run_directory import restore


def generate_run(config: TrainConfig) -> list[str]:
    """Prompts of `config.run.prompts` with their continuations, by the best (else latest) checkpoint of the run."""
    restored = restore(config)
    tokenizer = Tokenizer.load(restored.dataset.tokenizer_path)
    sampler = Sampler(restored.model, restored.dataset.manifest.ids.eos)
    return sampler.texts(tokenizer, config.run.prompts or ("",), config.run.sample, config.run.seed)


class Sampler:
    """Continues token lists with one model; traced once."""

    def __init__(self, model: TrainableLanguageModel, eos: int) -> None:
        self._model, self._eos = model, eos
        self._next = tf.function(self._logits)

    def texts(self, tokenizer: Tokenizer, prompts: Sequence[str], config: SampleConfig, seed: int) -> list[str]:
        """Each prompt with its continuation, decoded together."""
        ids = [tokenizer.encode(prompt) for prompt in prompts]
        return [
            tokenizer.decode([*prompt, *self.tokens(prompt, config, np.random.default_rng([seed, index]))])
            for index, prompt in enumerate(ids)
        ]

    def tokens(self, prompt: Sequence[int], config: SampleConfig, random: np.random.Generator) -> list[int]:
        """Up to `config.tokens` ids that follow the prompt; `<eos>` ends them and is left out.

        The model reads `<eos>` first: in training text too, a document begins after the end of another.
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
        window = self._model.window(tokens, state)
        return self._model.logits(window.hidden)[0], window.state


def draw(logits: np.ndarray, config: SampleConfig, random: np.random.Generator) -> int:
    """One id from logits [V], sharpened by the temperature and cut to the `top_k` likeliest."""
    scores = logits.astype(np.float64) / config.temperature
    order = np.argsort(-scores, kind="stable")[: config.top_k]
    weights = np.exp(scores[order] - scores[order[0]])
    return int(random.choice(order, p=weights / weights.sum()))
