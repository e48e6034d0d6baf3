"""Checkpoints: plain .npz and JSON, written to a temporary directory and published atomically.

    checkpoints/step-00001500/arrays.npz         model/<name>, optim/<name>/<slot>, state/<i> [G, H] in global row order
                              checkpoint.json    step, validation losses, digests, sha256 of arrays.npz
    checkpoints/LATEST, BEST                     name of a directory and the sha256 of its checkpoint.json

A checkpoint does not depend on the number of replicas or workers, so a run can continue with other numbers.
"""

import hashlib
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from sluice.core.errors import FormatError
from sluice.data import storage
from sluice.train.schedule import ValidationLoss

logger = logging.getLogger("sluice.train")
ARRAYS, FACTS = "arrays.npz", "checkpoint.json"
Pointer = Literal["LATEST", "BEST"]


class CheckpointFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The content of checkpoint.json: everything except the arrays."""

    step: int
    """Number of finished steps; it determines the position in the data."""
    epoch: int
    tokens: int
    """Number of training tokens so far."""
    seconds: float
    """Training time so far, in all processes of this run."""
    losses: tuple[ValidationLoss, ...] = ()
    """Validation losses of all evaluations so far."""
    evaluation_due: bool = False
    """A signal prevented the evaluation after this step; the next process must run it."""
    config_digest: str
    manifest_sha256: str
    arrays_sha256: str = ""


class Reference(msgspec.Struct, frozen=True):
    """The content of LATEST or BEST."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training state at a step boundary."""

    facts: CheckpointFacts
    arrays: dict[str, np.ndarray]

    def part(self, prefix: str) -> dict[str, np.ndarray]:
        """Return the arrays whose names start with `prefix/`, keyed by the rest of the name."""
        start = prefix + "/"
        return {name[len(start) :]: value for name, value in self.arrays.items() if name.startswith(start)}

    def weights(self) -> dict[str, np.ndarray]:
        """Return the parameters to use: the averaged ones if they exist."""
        averages = {name.removesuffix("/average"): value for name, value in self.part("optim").items()}
        return {name: averages.get(name, value) for name, value in self.part("model").items()}


def save(root: Path, checkpoint: Checkpoint, *, keep: int, best: bool) -> None:
    """Publish a checkpoint as the latest and, if `best`, as the best one; keep the best and the `keep` latest.

    If the process is killed at any point, the previous checkpoint stays valid.
    """
    root.mkdir(parents=True, exist_ok=True)
    name = f"step-{checkpoint.facts.step:08d}"
    temporary = root / f".writing-{name}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        text = _write(temporary, checkpoint)
    except OSError:  # free the space on a full disk
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    shutil.rmtree(root / name, ignore_errors=True)
    os.rename(temporary, root / name)
    _sync_directory(root)
    reference = msgspec.json.encode(Reference(name, hashlib.sha256(text).hexdigest()))
    storage.write_atomic(str(root / "LATEST"), reference)
    if best:
        storage.write_atomic(str(root / "BEST"), reference)
    _clean(root, keep)


def mark_best(root: Path) -> None:
    """Mark the latest checkpoint as the best, for an evaluation that ran after it was written."""
    storage.write_atomic(str(root / "BEST"), storage.read_bytes(str(root / "LATEST")))


def _write(directory: Path, checkpoint: Checkpoint) -> bytes:
    """Write both files and flush them to disk; return the content of checkpoint.json."""
    with open(directory / ARRAYS, "wb") as stream:
        np.savez(stream, **checkpoint.arrays)  # type: ignore[arg-type]
        stream.flush()
        os.fsync(stream.fileno())
    facts = msgspec.structs.replace(checkpoint.facts, arrays_sha256=_sha256(directory / ARRAYS))
    text: bytes = msgspec.json.format(msgspec.json.encode(facts))
    storage.write_atomic(str(directory / FACTS), text)
    _sync_directory(directory)
    return text


def latest_step(root: Path) -> int | None:
    """Return the number of finished steps of the latest checkpoint; None without a checkpoint."""
    reference = _reference(root, "LATEST")
    return int(reference.name.removeprefix("step-")) if reference else None


def load(root: Path, pointer: Pointer) -> Checkpoint | None:
    """Load the latest or best checkpoint; None if it does not exist.

    Raises FormatError if its checksums do not match.
    """
    reference = _reference(root, pointer)
    if reference is None:
        return None
    directory = root / reference.name
    text = storage.read_bytes(str(directory / FACTS))
    facts = msgspec.json.decode(text, type=CheckpointFacts)
    for name, expected, found in (
        (FACTS, reference.sha256, hashlib.sha256(text).hexdigest()),
        (ARRAYS, facts.arrays_sha256, _sha256(directory / ARRAYS)),
    ):
        if expected != found:
            raise FormatError(
                f"{directory / name} has sha256 {found}, but it was written with {expected}: it is damaged. "
                f"Point {root / pointer} to another checkpoint, or start over with --force."
            )
    with np.load(directory / ARRAYS) as arrays:
        return Checkpoint(facts, {name: arrays[name] for name in arrays.files})


def _reference(root: Path, pointer: Pointer) -> Reference | None:
    path = root / pointer
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Reference)
    except msgspec.DecodeError as e:
        raise FormatError(f"{path} does not name a checkpoint: {e}. Start over with --force.") from e


def _clean(root: Path, keep: int) -> None:
    best = _reference(root, "BEST")
    steps = sorted(path for path in root.glob("step-*") if not best or path.name != best.name)
    for path in (*steps[:-keep], *root.glob(".writing-*")):
        shutil.rmtree(path, ignore_errors=True)


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
