"""Checkpoints: plain .npz and JSON, written where nobody looks and published in one act.

    checkpoints/step-00001500/arrays.npz         model/<name>, optim/<name>/<slot>, state/<i> [G, H] in global row order
                              checkpoint.json    step, validation losses, digests, sha256 of arrays.npz
    checkpoints/LATEST, BEST                     name of a directory and the sha256 of its checkpoint.json

Nothing in it depends on the number of replicas or workers, so a run can go on with others.
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
    """All of a checkpoint that is not an array."""

    step: int
    """Finished steps; the place in the data follows from it."""
    epoch: int
    tokens: int
    """Trained on so far."""
    seconds: float
    """Spent so far, in all processes that worked on this run."""
    losses: tuple[ValidationLoss, ...] = ()
    """Of all evaluations so far."""
    evaluation_due: bool = False
    """A signal came in a step that is followed by an evaluation: whoever goes on owes it."""
    config_digest: str
    manifest_sha256: str
    arrays_sha256: str = ""


class Reference(msgspec.Struct, frozen=True):
    """The content of LATEST and BEST."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training state at a step boundary."""

    facts: CheckpointFacts
    arrays: dict[str, np.ndarray]

    def part(self, prefix: str) -> dict[str, np.ndarray]:
        """The arrays whose names begin with `prefix/`, without it."""
        start = prefix + "/"
        return {name[len(start) :]: value for name, value in self.arrays.items() if name.startswith(start)}

    def weights(self) -> dict[str, np.ndarray]:
        """The parameters to use: their averages where these are kept."""
        averages = {name.removesuffix("/average"): value for name, value in self.part("optim").items()}
        return {name: averages.get(name, value) for name, value in self.part("model").items()}


def save(root: Path, checkpoint: Checkpoint, *, keep: int, best: bool) -> None:
    """Publishes a checkpoint as the latest, and as the best if it is; then removes what is neither among the `keep`
    latest nor the best. A kill at any point leaves the previous one in force."""
    root.mkdir(parents=True, exist_ok=True)
    name = f"step-{checkpoint.facts.step:08d}"
    temporary = root / f".writing-{name}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        text = _write(temporary, checkpoint)
    except OSError:  # a full disk shall not be left fuller
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
    """The latest checkpoint is the best, as an evaluation after it was written has shown."""
    storage.write_atomic(str(root / "BEST"), storage.read_bytes(str(root / "LATEST")))


def _write(directory: Path, checkpoint: Checkpoint) -> bytes:
    """Both files, safe on the disk; the content of the second."""
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
    """Finished steps of the latest checkpoint; None without one."""
    reference = _reference(root, "LATEST")
    return int(reference.name.removeprefix("step-")) if reference else None


def load(root: Path, pointer: Pointer) -> Checkpoint | None:
    """The latest or best checkpoint; None when there is none.

    Raises FormatError when its bytes are not those that were written.
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
                f"{directory / name} has sha256 {found}, but {expected} was written. The disk or a copy damaged it; "
                f"point {root / pointer} to another checkpoint, or start over with --force."
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
