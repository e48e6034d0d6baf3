"""Writes small datasets with the real writer, and runs jobs as separate processes."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from sluice.core.config.load import load_config, to_config
from sluice.core.config.schema import Config
from sluice.core.config.train import TrainConfig
from sluice.data.dataset.manifest import SpecialIds, token_dtype
from sluice.data.dataset.tokenizer import save_tokenizer, train_tokenizer
from sluice.data.dataset.writer import DatasetPlan, commit_dataset, shard_name, write_shard

ROOT = Path(__file__).parents[2]
IDS = SpecialIds()
WORDS = 40

MakeDataset = Callable[..., str]
Settings = Sequence[str]


def word_tokenizer(words: int = WORDS) -> bytes:
    """A word tokenizer for `w00` …; each word is more frequent than the next, so that ids are in the order of names."""
    text = " ".join(f"w{i:02d}" for i in range(words) for _ in range(words - i + 1))
    config = to_config({"tokenizer": {"kind": "word", "vocab_size": words + 4, "min_frequency": 1}}).tokenizer
    return train_tokenizer([text], config, words="whitespace")


def bpe_tokenizer() -> bytes:
    """A byte-level BPE with a few merges."""
    config = to_config({"tokenizer": {"kind": "bpe", "vocab_size": 280, "min_frequency": 1}}).tokenizer
    return train_tokenizer(["the cat sat on the mat, the hat was flat"] * 3, config)


def write_dataset(
    directory: Path,
    splits: dict[str, list[list[Sequence[int]]]],
    *,
    seq_len: int,
    vocab_size: int = WORDS + 4,
    tokenizer: bytes | None = None,
) -> str:
    """Writes a dataset from token ids, split -> shards -> documents; returns its directory."""
    directory.mkdir(parents=True, exist_ok=True)
    files = save_tokenizer(str(directory), tokenizer or word_tokenizer())
    shards = [
        write_shard(
            str(directory / shard_name(split, index, len(shards))),
            [(document, 3 * len(document)) for document in documents],
            seq_len=seq_len,
            dtype=token_dtype(vocab_size),
            ids=IDS,
            add_bos=False,
            pad_tail=split != "train",
        )
        for split, shards in splits.items()
        for index, documents in enumerate(shards)
    ]
    plan = DatasetPlan(
        name="tiny",
        version="1.0.0",
        seq_len=seq_len,
        vocab_size=vocab_size,
        ids=IDS,
        tokenizer=files[0],
        token_bytes=files[1],
        config_digest="0" * 64,
        num_shards={split: len(shards) for split, shards in splits.items()},
    )
    commit_dataset(str(directory), plan, shards)
    return str(directory)


def random_documents(seed: int, count: int, length: int) -> list[list[int]]:
    """Documents over WORDS words in which each word depends on the one before."""
    random = np.random.default_rng(seed)
    documents = []
    for _ in range(count):
        word, document = int(random.integers(WORDS)), []
        for _ in range(length):
            word = (3 * word + int(random.integers(3))) % WORDS
            document.append(4 + word)
        documents.append(document)
    return documents


def settings(dataset: str, out: Path | str, *more: str) -> list[str]:
    """Settings of a small run; `more` overrides them."""
    return [
        f"train.data.manifest={dataset or repr('')}",
        f"train.run.out={out}",
        "train.data.batch_size=8",
        "train.data.bptt_steps=8",
        "train.model.hidden=16",
        "train.model.embedding_dim=12",
        "train.optim.schedule.kind=constant",
        "train.log.log_every=10",
        *more,
    ]


def train_config(dataset: str, out: Path | str, *more: str) -> TrainConfig:
    """The `train` section of these settings."""
    config: Config = load_config((), settings(dataset, out, *more))
    return config.train


def run_job(
    name: str, values: Settings, *, wrapper: str = "", timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Runs a job in a separate process; `wrapper` is Python code that runs before it."""
    return subprocess.run(job_command(name, values, wrapper), capture_output=True, text=True, timeout=timeout)


def job_command(name: str, values: Settings, wrapper: str = "") -> list[str]:
    """The command line of a job."""
    path = str(ROOT / "jobs" / f"{name}.py")
    arguments = [part for value in values for part in ("--set", value)]
    if not wrapper:
        return [sys.executable, path, *arguments]
    run = f"import runpy, sys; sys.argv = [{path!r}, *sys.argv[1:]]; runpy.run_path({path!r}, run_name='__main__')"
    return [sys.executable, "-c", f"{wrapper}\n{run}", *arguments]
