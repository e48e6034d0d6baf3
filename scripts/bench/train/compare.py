"""Compares the training speed of sluice, PyTorch and Keras, with the same initial weights and tokens.

    sluice pack --train ptb.train.txt.gz --valid ptb.valid.txt.gz --test ptb.test.txt.gz --lines --kind word \\
        --words whitespace --vocab-size 10000 --seq-len 20 --output OUT --name ptb
    python -m scripts.bench.train.compare OUT/ptb/1.0.0 conf/ptb-small.yaml --torch ENV/bin/python

ENV has `pip install torch numpy msgspec pyyaml`. In each round the tools run one after the other, with two threads.
Prints median and range over the rounds, for whole steps: forward, loss, backward, clipping, update. Also
compares the losses of the first steps, which must be equal except for rounding. PyTorch is measured with `nn.LSTM`,
Keras with `LSTM` in `fit`. No dropout.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from sluice.core.config.load import load_config
from sluice.data.dataset.manifest import read_manifest
from sluice.train.model.parameters import initial_values

ROOT = Path(__file__).resolve().parents[3]
THREADS = 2
COMPARED = 100


class Tool:
    """A process that trains a given number of steps on request."""

    def __init__(self, name: str, python: str, order: Path) -> None:
        self.name, self.rates, self.losses = name, list[float](), list[float]()
        environment = os.environ | {"OMP_NUM_THREADS": f"{THREADS}", "PYTHONPATH": f"{ROOT / 'lib'}{os.pathsep}{ROOT}"}
        self._process = subprocess.Popen(
            [python, "-m", "scripts.bench.train.peers", name, f"{order}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self._line() == "ready", f"{name} could not start"

    def train(self, steps: int) -> float:
        """Train `steps` steps and return the tokens per second."""
        assert self._process.stdin
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()
        done: dict[str, Any] = json.loads(self._line())
        self.losses += done["losses"]
        rate: float = done["tokens"] / done["seconds"]
        return rate

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended with exit code {self._process.wait()}")
        return line.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("conf", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="further settings")
    parser.add_argument("--torch", metavar="PYTHON", help="Python with PyTorch; without it PyTorch is not measured")
    parser.add_argument("--keras", action="store_true", help="also measure Keras")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=50, help="steps per round (50)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        order = write_order(options, Path(directory))
        chosen = {"sluice": sys.executable}
        chosen |= {"torch": options.torch} if options.torch else {}
        chosen |= {"keras": sys.executable} if options.keras else {}
        tools = [Tool(name, python, order) for name, python in chosen.items()]
        for tool in tools:
            tool.train(COMPARED)
        for _ in range(options.rounds):
            for tool in tools:
                tool.rates.append(tool.train(options.steps))
    ours = tools[0]
    print("| tool | tokens/s, median | range | against sluice | largest difference of a loss |\n|---|---|---|---|---|")
    for tool in tools:
        median, first = statistics.median(tool.rates), np.array(ours.losses[:COMPARED])
        apart = np.max(np.abs(np.array(tool.losses[:COMPARED]) - first) / first)
        share = median / statistics.median(ours.rates)
        span = f"{min(tool.rates):,.0f}–{max(tool.rates):,.0f}"
        print(f"| {tool.name} | {median:,.0f} | {span} | {share:.2f} | {apart:.1e} |")


def write_order(options: argparse.Namespace, directory: Path) -> Path:
    """Write dataset, settings and initial weights for all tools; return the path of the JSON file."""
    settings = [
        *options.set,
        f"train.data.manifest={options.dataset}",
        f"train.run.out={directory / 'run'}",
        "train.model.dropout={input: 0, between: 0, output: 0}",
        f"train.dist.intra_threads={THREADS}",
        "train.dist.inter_threads=1",
    ]
    train = load_config([options.conf], settings).train
    if (train.model.arch, train.optim.name, train.loss.reduction) != ("lstm", "sgd", "zaremba_sum"):
        sys.exit("the other tools support only arch lstm, optim sgd and reduction zaremba_sum")
    vocab_size = read_manifest(f"{options.dataset}").vocab_size
    np.savez(directory / "weights.npz", **initial_values(train.model, vocab_size, train.run.seed))
    order = {
        "dataset": f"{options.dataset}",
        "conf": f"{options.conf}",
        "settings": settings,
        "weights": f"{directory / 'weights.npz'}",
        "batch_size": train.data.batch_size,
        "bptt_steps": train.data.bptt_steps,
        "hidden": train.model.hidden,
        "lr": train.optim.lr,
        "clip_norm": train.optim.clip_norm,
        "seed": train.run.seed,
    }
    path = directory / "order.json"
    path.write_text(json.dumps(order))
    return path


if __name__ == "__main__":
    main()
