"""A trained language model as NumPy arrays, to score texts without TensorFlow, for example on executors.

Loaded from the directory that `sluice export` writes. The equations are those of `sluice.train.model.cells` and
`sluice.train.model.layers`; tests of those use this module as the reference.
"""

import io
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import load

from sluice.core.errors import FormatError, InputError
from sluice.data import storage
from sluice.data.dataset.tokenizer import TOKEN_BYTES, TOKENIZER, Tokenizer

Array = np.ndarray
Weights = Mapping[str, Array]
State = tuple[Array, ...]
CONFIG, WEIGHTS = "config.json", "model.safetensors"
CHUNK = 64
"""Number of time steps whose logits are in memory at once."""


class Score(NamedTuple):
    """Score of one text: its tokens and the `<eos>` after them, given the `<eos>` of the previous text."""

    nll: float
    """Negative log-likelihood in nats."""
    tokens: int
    utf8_bytes: int
    """UTF-8 bytes of the scored tokens."""
    is_cut: bool
    """True if the text has more tokens than were scored."""

    @property
    def bits_per_byte(self) -> float | None:
        """Bits per UTF-8 byte; None for an empty text."""
        return self.nll / (math.log(2) * self.utf8_bytes) if self.utf8_bytes else None

    @property
    def ppl(self) -> float:
        return math.exp(min(self.nll / self.tokens, 700.0))


class LanguageModel:
    """Weights and computation. State is passed and returned as a value."""

    def __init__(self, config: Mapping[str, Any], weights: Weights) -> None:
        self.config, self.weights = config, weights
        arch = config["model"]["arch"]
        self._layer = LAYERS["lstm" if arch == "awd_lstm" else arch]
        self._names = [f"{'lstm' if arch == 'awd_lstm' else arch}.{n}." for n in range(config["model"]["layers"])]

    def layer_weights(self, layer: int) -> dict[str, Array]:
        """Returns the weights of a layer by the last parts of their names."""
        start = self._names[layer]
        return {name[len(start) :]: value for name, value in self.weights.items() if name.startswith(start)}

    def zero_state(self, batch: int) -> list[State]:
        """Returns zero states of all layers."""
        states: list[State] = []
        for layer in range(len(self._names)):
            weights = self.layer_weights(layer)
            if weights["kernel"].ndim == 3:
                k, D, _ = weights["kernel"].shape
                states.append((np.zeros((k - 1, batch, D), np.float32),))
            else:
                zeros = np.zeros((batch, len(weights["recurrent_kernel"])), np.float32)
                states.append((zeros, zeros) if self._layer is lstm else (zeros,))
        return states

    def hidden(self, tokens: Array, state: list[State]) -> tuple[Array, list[State]]:
        """Returns the inputs of the softmax [T, B, P] and the state after tokens [T, B]."""
        x = self.weights["embed.weight"][tokens]
        after = []
        for layer in range(len(self._names)):
            x, new = self._layer(x, state[layer], self.layer_weights(layer))
            after.append(new)
        return (x @ self.weights["proj.kernel"] if "proj.kernel" in self.weights else x), after

    def nll(self, tokens: Array, is_scored: Array) -> Array:
        """Returns nats [B] of tokens[1:], [T + 1, B], given the previous ones, where `is_scored` [T, B] is true."""
        T, B = len(tokens) - 1, tokens.shape[1]
        state, total = self.zero_state(B), np.zeros(B)
        softmax = self.weights["softmax.kernel"] if "softmax.kernel" in self.weights else self.weights["embed.weight"].T
        for first in range(0, T, CHUNK):
            last = min(first + CHUNK, T)
            hidden, state = self.hidden(tokens[first:last], state)
            logits = hidden @ softmax + self.weights["softmax.bias"]  # [t, B, V]
            top = logits.max(axis=2)
            log_sum = np.log(np.exp(logits - top[..., None]).sum(axis=2)) + top
            targets = tokens[first + 1 : last + 1]
            right = np.take_along_axis(logits, targets[..., None], axis=2)[..., 0]
            total += ((log_sum - right) * is_scored[first:last]).sum(axis=0)
        return total


def sigmoid(z: Array) -> Array:
    """Computes 1 / (1 + e^-z) without overflow."""
    value: Array = 0.5 * (1 + np.tanh(0.5 * z))
    return value


def lstm(x: Array, state: State, w: Weights) -> tuple[Array, State]:
    """Returns h [T, B, H], and the state h and c [B, H]."""
    h, c = state
    xW, outputs = x @ w["kernel"] + w["bias"], []
    for z_x in xW:
        i, f, g, o = np.split(z_x + h @ w["recurrent_kernel"], 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs), (h, c)


def gru(x: Array, state: State, w: Weights) -> tuple[Array, State]:
    """Returns h [T, B, H], and the state h [B, H]."""
    (h,) = state
    xW, outputs = x @ w["kernel"] + w["bias"], []
    for z_x in xW:
        x_r, x_z, x_n = np.split(z_x, 3, axis=1)
        h_r, h_z, h_n = np.split(h @ w["recurrent_kernel"] + w["recurrent_bias"], 3, axis=1)
        z = sigmoid(x_z + h_z)
        h = (1 - z) * np.tanh(x_n + sigmoid(x_r + h_r) * h_n) + z * h
        outputs.append(h)
    return np.stack(outputs), (h,)


def rnn(x: Array, state: State, w: Weights) -> tuple[Array, State]:
    """Returns h [T, B, H], and the state h [B, H]."""
    (h,) = state
    xW, outputs = x @ w["kernel"] + w["bias"], []
    for z_x in xW:
        h = np.tanh(z_x + h @ w["recurrent_kernel"])
        outputs.append(h)
    return np.stack(outputs), (h,)


def gcnn(x: Array, state: State, w: Weights) -> tuple[Array, State]:
    """Returns y [T, B, H], and the last k - 1 inputs [k - 1, B, D]."""
    kernel, T = w["kernel"], len(x)
    seen = np.concatenate([state[0], x])
    z = sum(seen[j : j + T] @ kernel[j] for j in range(len(kernel))) + w["bias"]
    values, gates = np.split(z, 2, axis=2)
    y = values * sigmoid(gates)
    return (y + x if y.shape == x.shape else y), (seen[T:],)


LAYERS: dict[str, Callable[[Array, State, Weights], tuple[Array, State]]] = {
    "lstm": lstm,
    "gru": gru,
    "rnn": rnn,
    "gcnn": gcnn,
}


class Scorer:
    """Scores texts with an exported model. Pickled as the path of its directory."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        config = _read_config(directory)
        tensors = load(storage.read_bytes(storage.join(directory, WEIGHTS)))
        self._model = LanguageModel(config, tensors)
        self._tokenizer = Tokenizer.load(storage.join(directory, TOKENIZER))
        self._ids = config["ids"]
        self._token_bytes = np.load(io.BytesIO(storage.read_bytes(storage.join(directory, TOKEN_BYTES))))
        self.is_lossless = self._tokenizer.lossless
        """Whether bits per byte are meaningful."""

    def __reduce__(self) -> tuple[type["Scorer"], tuple[str]]:
        return Scorer, (self.directory,)

    def scores(self, texts: Sequence[str], max_tokens: int | None = None) -> list[Score]:
        """Returns the score of each text, or of its first tokens. Texts of similar length are computed together."""
        whole = [[*ids, self._ids["eos"]] for ids in self._tokenizer.encode_batch(texts)]
        encoded = [ids[:max_tokens] for ids in whole]
        found: list[Score | None] = [None] * len(texts)
        for places in _batches(encoded, self.memory_rows):
            eos, pad = self._ids["eos"], self._ids["pad"]
            longest = max(len(encoded[place]) for place in places)
            tokens = np.full((longest + 1, len(places)), pad)
            is_scored = np.zeros((longest, len(places)), bool)
            for column, place in enumerate(places):
                ids = [eos, *encoded[place]]
                tokens[: len(ids), column] = ids
                is_scored[: len(ids) - 1, column] = True
            for place, nll in zip(places, self._model.nll(tokens, is_scored), strict=True):
                ids = encoded[place]
                found[place] = Score(
                    float(nll), len(ids), int(self._token_bytes[ids].sum()), len(ids) < len(whole[place])
                )
        return [score for score in found if score is not None]

    @property
    def memory_rows(self) -> int:
        """Returns the number of texts per batch, so that their logits take at most 256 MB."""
        vocab_size = len(self._model.weights["softmax.bias"])
        return max(1, min(64, (256 << 20) // (4 * CHUNK * vocab_size)))


def _batches(encoded: Sequence[Sequence[int]], most: int) -> Iterator[list[int]]:
    """Yields batches of text positions, sorted by length to minimise padding."""
    order = sorted(range(len(encoded)), key=lambda place: len(encoded[place]))
    for first in range(0, len(order), most):
        yield order[first : first + most]


def _read_config(directory: str) -> dict[str, Any]:
    path = storage.join(directory, CONFIG)
    if not storage.exists(path):
        raise InputError(f"{directory} contains no {CONFIG}. Use the directory written by `sluice export`.")
    config: dict[str, Any] = json.loads(storage.read_bytes(path))
    if config.get("format") != 1 or config.get("model", {}).get("arch", "") not in (*LAYERS, "awd_lstm"):
        raise FormatError(
            f"{path} has format {config.get('format')!r} and arch {config.get('model', {}).get('arch')!r}; expected "
            f"format 1 and {', '.join(LAYERS)}. Export the model again with this version of sluice."
        )
    return config
