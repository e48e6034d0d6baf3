"""LSTM language models in PyTorch on a dataset of sluice, for comparison with the trainer.

    ENV/bin/python -m scripts.bench.train.torch_lm OUT/ptb/1.0.0 conf/ptb-small.yaml
    ENV/bin/python -m scripts.bench.train.torch_lm OUT/ptb/1.0.0 conf/ptb-small.yaml --weights EXPORT/torch.safetensors

ENV has `pip install torch numpy msgspec pyyaml safetensors`. nn.Embedding, nn.LSTM, nn.Linear, cross_entropy,
clip_grad_norm_ and optim.SGD or optim.AdamW in the order of pytorch/examples, with the recipe of the configuration:
batch size, steps, first weights, learning rate by epoch, clipping, carried state, each split evaluated as one stream.
Prints perplexities by epoch, the test perplexity after the last epoch and after the best one on valid, which is what
jobs/train.py reports, and the time. No dropout. With --weights, loads a torch.safetensors of jobs/export.py and
evaluates it without training.
"""

import argparse
import math
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from scripts.bench.train.data import epoch_blocks, split_stream
from sluice.core.config.load import load_config
from sluice.core.config.train import TrainConfig
from sluice.data.dataset.manifest import read_manifest
from sluice.train.model.parameters import initial_values
from sluice.train.schedule import learning_rate

THREADS = 2


class TorchModel:
    """A model with its optimizer and carried state."""

    def __init__(self, values: dict[str, np.ndarray], config: TrainConfig) -> None:
        torch.set_num_threads(THREADS)
        torch.set_num_interop_threads(1)
        weights = {name: torch.from_numpy(value) for name, value in values.items()}
        V, E = weights["embed.weight"].shape
        layers = sum(name.endswith("recurrent_kernel") for name in weights)
        H = len(weights["lstm.0.recurrent_kernel"])
        self.embed, self.lstm, self.head = nn.Embedding(V, E), nn.LSTM(E, H, layers), nn.Linear(H, V)
        with torch.no_grad():
            self.embed.weight.copy_(weights["embed.weight"])
            self.head.weight.copy_(weights["softmax.kernel"].T)
            self.head.bias.copy_(weights["softmax.bias"])
            for layer in range(layers):
                name = f"lstm.{layer}."
                getattr(self.lstm, f"weight_ih_l{layer}").copy_(weights[name + "kernel"].T)
                getattr(self.lstm, f"weight_hh_l{layer}").copy_(weights[name + "recurrent_kernel"].T)
                getattr(self.lstm, f"bias_ih_l{layer}").copy_(weights[name + "bias"])
                getattr(self.lstm, f"bias_hh_l{layer}").zero_()
                # with two trained biases, their sum would learn twice as fast as a single bias
                getattr(self.lstm, f"bias_hh_l{layer}").requires_grad_(False)
        modules = (self.embed, self.lstm, self.head)
        self.parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
        kinds = {"sgd": torch.optim.SGD, "adamw": partial(torch.optim.AdamW, weight_decay=0.0)}
        self.optimizer = kinds[config.optim.name](self.parameters, lr=1.0)
        self.clip_norm = config.optim.clip_norm
        self.is_sum = config.loss.reduction == "zaremba_sum"
        self.state: Any = None

    def load(self, named: dict[str, torch.Tensor]) -> None:
        """Load parameters by their names in the modules; raises an error for missing or unknown ones."""
        modules = {"embed": self.embed, "lstm": self.lstm, "head": self.head}
        for name, module in modules.items():
            start = f"{name}."
            module.load_state_dict({key.removeprefix(start): named[key] for key in named if key.startswith(start)})

    def loss(self, tokens: np.ndarray) -> torch.Tensor:
        """Mean loss over the targets of a block [G, T + 1]; carries the state."""
        block = torch.from_numpy(tokens).T
        y, state = self.lstm(self.embed(block[:-1]), self.state)
        self.state = tuple(part.detach() for part in state)
        logits = self.head(y)
        return nn.functional.cross_entropy(logits.flatten(0, 1), block[1:].flatten())

    def step(self, tokens: np.ndarray, lr: float) -> float:
        """Train on a block and return its mean loss."""
        self.optimizer.param_groups[0]["lr"] = lr
        loss = self.loss(tokens)
        self.optimizer.zero_grad()
        (loss * (tokens.shape[1] - 1) if self.is_sum else loss).backward()
        if self.clip_norm:
            nn.utils.clip_grad_norm_(self.parameters, self.clip_norm)
        self.optimizer.step()
        return loss.item()

    def perplexity(self, stream: np.ndarray, window: int = 256) -> float:
        """Perplexity of a stream of tokens, read from its start."""
        self.state, nll = None, 0.0
        with torch.no_grad():
            for at in range(0, len(stream) - 1, window):
                block = stream[None, at : at + window + 1]
                nll += self.loss(block).item() * (block.shape[1] - 1)
        self.state = None
        return math.exp(nll / (len(stream) - 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("conf", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="further settings")
    parser.add_argument("--weights", type=Path, help="torch.safetensors of an export")
    options = parser.parse_args()
    config = load_config([options.conf], options.set).train
    manifest = read_manifest(f"{options.dataset}")
    streams = {name: split_stream(options.dataset, manifest, name) for name in ("valid", "test")}
    model_is_plain = config.model.arch == "lstm" and not (config.model.tie_embeddings or config.model.projection_dim)
    if not model_is_plain or config.optim.name not in ("sgd", "adamw") or config.optim.weight_decay:
        sys.exit(
            "this script needs arch lstm, no tie_embeddings or projection_dim, and sgd or adamw without weight decay"
        )
    model = TorchModel(initial_values(config.model, manifest.vocab_size, config.run.seed), config)
    if options.weights:
        model.load(load_file(options.weights))
        for name, stream in streams.items():
            print(f"{name} ppl {model.perplexity(stream):.4f}")
        return
    began, tokens, step = time.monotonic(), 0, 0
    best, test_of_best = math.inf, math.inf
    for epoch in range(config.run.epochs):
        blocks = list(epoch_blocks(options.dataset, manifest, config, epoch))
        total = config.run.epochs * len(blocks)
        model.state, nll = None, 0.0
        for block in blocks:
            lr = learning_rate(config.optim, step, per_epoch=len(blocks), total=total)
            nll += model.step(block, lr)
            step, tokens = step + 1, tokens + block[:, 1:].size
        seconds = time.monotonic() - began
        valid = model.perplexity(streams["valid"])
        if valid < best:
            best, test_of_best = valid, model.perplexity(streams["test"])
        print(
            f"epoch {epoch + 1}  lr {lr:.4g}  train ppl {math.exp(nll / len(blocks)):.2f}  valid ppl {valid:.2f}  "
            f"{tokens / seconds:,.0f} tok/s with evaluation",
            flush=True,
        )
    test_of_last = test_of_best if valid == best else model.perplexity(streams["test"])
    print(
        f"best epoch: valid ppl {best:.2f}, test ppl {test_of_best:.2f}; last: valid ppl {valid:.2f}, "
        f"test ppl {test_of_last:.2f}; {time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
