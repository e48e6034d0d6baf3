"""The two kinds of models: trained on one draw of one variant, then scored on every held-out document."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.core.config.ablate import AblateConfig, AblateLstmConfig
from sluice.core.config.load import to_config
from sluice.core.config.train import TrainConfig
from sluice.core.errors import EXIT_PREEMPTED, EXIT_STALLED, SluiceError
from sluice.data import storage
from sluice.data.dataset.manifest import MANIFEST, token_dtype
from sluice.data.dataset.tokenizer import Tokenizer, save_tokenizer
from sluice.data.dataset.writer import DatasetPlan, commit_dataset, shard_name, write_shard
from sluice.train.evaluation.ngram import NGram

Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


class Interrupted(SluiceError):
    """Training stopped before its end, after saving. The same command continues."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("the training was interrupted and saved. Run the same command again to continue.")
        self.exit_code = exit_code


class Cell(NamedTuple):
    """The training of one model: documents of a draw, held-out documents by set, seed, and a working directory."""

    documents: Sequence[Ids]
    held_out: Mapping[str, Sequence[Ids]]
    seed: int
    tokenizer: Tokenizer
    directory: str


Model = Callable[[Cell], dict[str, Floats]]
"""Returns the nats of every held-out document, [documents] by set."""


class Kind(NamedTuple):
    """A kind of model: its name for readers, its seeds, and the function that trains and scores it."""

    words: str
    seeds: range
    run: Model


def models(section: AblateConfig) -> dict[str, Kind]:
    """Returns the kinds of models that are switched on, by short name."""
    found: dict[str, Kind] = {}
    first = section.seed
    if section.ngram.order is not None:
        order, seeds = section.ngram.order, range(first, first + section.ngram.seeds)
        found["ngram"] = Kind(f"{order}-gram model", seeds, lambda cell: ngram(cell, order))
    if section.lstm.enabled:
        found["lstm"] = Kind("LSTM", range(first, first + section.lstm.seeds), lambda cell: lstm(cell, section.lstm))
    return found


def ngram(cell: Cell, order: int) -> dict[str, Floats]:
    """Counts an n-gram model and scores every document. It has no random values; seeds differ in their documents."""
    eos = cell.tokenizer.ids.eos
    model = NGram([_between_ends(cell.documents, eos)], order, cell.tokenizer.vocab_size)
    return {
        name: np.array([-model.log_probabilities(_between_ends([document], eos)).sum() for document in documents])
        for name, documents in cell.held_out.items()
    }


def _between_ends(documents: Sequence[Ids], eos: int) -> Ids:
    """Returns the documents as one stream, with `eos` before the first, and after each."""
    end = np.array([eos], np.int32)
    return np.concatenate([end, *(part for document in documents for part in (document, end))])


def lstm(cell: Cell, settings: AblateLstmConfig) -> dict[str, Floats]:
    """Trains an LSTM and scores every document. A killed training resumes. Raises Interrupted after a signal."""
    from sluice.train.start import quiet_tensorflow

    with quiet_tensorflow():
        from sluice.train.evaluation.documents import document_nats
        from sluice.train.loop import train_and_evaluate
        from sluice.train.run_directory import restore

        dataset = storage.join(cell.directory, "data")
        if not storage.exists(storage.join(dataset, MANIFEST)):
            _write_dataset(cell, dataset, settings.bptt_steps)
        config = _train_config(cell, dataset, settings)
        if (code := train_and_evaluate(config).exit_code) in (EXIT_PREEMPTED, EXIT_STALLED):
            raise Interrupted(code)
        model, ids = restore(config).model, cell.tokenizer.ids
        nats = {
            name: document_nats(model, documents, eos=ids.eos, pad=ids.pad) for name, documents in cell.held_out.items()
        }
    shutil.rmtree(cell.directory)
    return nats


def _write_dataset(cell: Cell, directory: str, seq_len: int) -> None:
    """Writes the draw as a dataset with one shard."""
    Path(directory).mkdir(parents=True, exist_ok=True)
    tokenizer, token_bytes = save_tokenizer(directory, storage.read_bytes(cell.tokenizer.path))
    vocab_size, ids = cell.tokenizer.vocab_size, cell.tokenizer.ids
    shard = write_shard(
        storage.join(directory, shard_name("train", 0, 1)),
        ((document, int(cell.tokenizer.token_bytes[document].sum())) for document in cell.documents),
        seq_len=seq_len,
        dtype=token_dtype(vocab_size),
        ids=ids,
        add_bos=False,
        pad_tail=False,
    )
    plan = DatasetPlan(
        name="ablation",
        version="1.0.0",
        seq_len=seq_len,
        vocab_size=vocab_size,
        ids=ids,
        tokenizer=tokenizer,
        token_bytes=token_bytes,
        config_digest="",
        num_shards={"train": 1},
    )
    commit_dataset(directory, plan, [shard])


def _train_config(cell: Cell, dataset: str, settings: AblateLstmConfig) -> TrainConfig:
    tree = {
        "data": {
            "manifest": dataset,
            "valid_split": None,
            "test_split": None,
            "batch_size": settings.batch_size,
            "bptt_steps": settings.bptt_steps,
        },
        "model": {
            "hidden": settings.hidden,
            "embedding_dim": settings.embedding_dim,
            "projection_dim": settings.embedding_dim,
            "tie_embeddings": True,
            "dropout": {"kind": "locked", "input": settings.dropout, "output": settings.dropout},
        },
        "optim": {"lr": settings.lr, "schedule": {"warmup_steps": min(100, settings.steps // 10), "final_share": 0.01}},
        "run": {"out": storage.join(cell.directory, "model"), "seed": cell.seed, "steps": settings.steps},
        "baseline": {"order": None},
        "log": {"log_every": 1000},
    }
    return to_config({"train": tree}).train
