"""An exported model in the format of `jobs/export.py`, whose scores can be computed by hand."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from sluice.core.config.dataset import TokenizerConfig
from sluice.data.dataset.tokenizer import save_tokenizer, train_tokenizer


def write_model(
    directory: Path, tokenizer: TokenizerConfig, texts: Sequence[str], probabilities: Sequence[float]
) -> str:
    """Writes an LSTM with zero weights, so that token probabilities do not depend on context; returns its directory.

    Ids 0 to 3 are <pad>, <bos>, <eos>, <unk>, followed by the words by falling frequency, or the bytes.
    """
    directory.mkdir(parents=True, exist_ok=True)
    save_tokenizer(str(directory), train_tokenizer(texts, tokenizer, words="whitespace"))
    size = len(probabilities)
    shapes = {"kernel": (2, 12), "recurrent_kernel": (3, 12), "bias": (12,)}
    weights = {f"lstm.0.{name}": np.zeros(shape, np.float32) for name, shape in shapes.items()}
    weights |= {"embed.weight": np.zeros((size, 2), np.float32), "softmax.kernel": np.zeros((3, size), np.float32)}
    weights |= {"softmax.bias": np.log(np.array(probabilities, np.float32))}
    save_file(weights, directory / "model.safetensors")
    model = {"arch": "lstm", "layers": 1, "hidden": 3, "embedding_dim": 2}
    ids = {"pad": 0, "bos": 1, "eos": 2, "unk": 3}
    (directory / "config.json").write_text(json.dumps({"format": 1, "model": model, "ids": ids, "vocab_size": size}))
    return str(directory)
