"""One run per output: the process that writes to a directory has a file there, which it renews.

Another run on the same directory is refused as long as the file changes. No clock of another machine is trusted: a
number that no longer grows shows that a process has ended. A process of the same machine is looked up directly.
"""

import contextlib
import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from sluice.core.errors import ConfigError, StageError
from sluice.data import storage

log = logging.getLogger("sluice.owner")

OWNER = "_owner.json"
BEAT_S = 20.0
"""Seconds between two renewals."""
WATCH_S = 2.5 * BEAT_S
"""Seconds for which the file of another process must not change before that process is considered dead."""
GRACE_S = 2.0
"""Seconds for which a living process of this machine is waited for."""
SETTLE_S = 2.0
"""Seconds after which a claim in an object store is read again: of two at the same time, the last one wins."""


class Machine(NamedTuple):
    """Identifies the machine, or the container, in which a process id means something."""

    host: str
    boot: str


class Claim(msgspec.Struct, frozen=True):
    """The content of the file."""

    token: str
    host: str
    boot: str
    pid: int
    process_start: str
    """When the process started, in ticks since the machine did; tells processes with the same id apart."""
    since: str
    beat: int = 0

    def words(self) -> str:
        """Describes the owner for people."""
        return f"process {self.pid} on {self.host} (since {self.since})"


def this_machine() -> Machine:
    """Returns the identity of this machine or container."""
    boot = [_text("/proc/sys/kernel/random/boot_id")]
    with contextlib.suppress(OSError):
        boot.append(os.readlink("/proc/self/ns/pid"))
    return Machine(socket.gethostname(), " ".join(filter(None, boot)))


def process_start(pid: int) -> str:
    """Returns the start of a process of this machine; empty without such a process, or without /proc."""
    stat = _text(f"/proc/{pid}/stat")
    fields = stat.rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else ""


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


class Owner:
    """Holds a directory until `release`. Use `hold`."""

    def __init__(self, directory: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.directory = directory.rstrip("/")
        self.path = storage.join(directory, OWNER)
        machine = this_machine()
        self.claim = Claim(
            secrets.token_hex(8),
            machine.host,
            machine.boot,
            os.getpid(),
            process_start(os.getpid()),
            time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        )
        self.lost_to: Claim | None = None
        self._made_directory = not storage.is_uri(directory) and not os.path.isdir(directory)
        self._sleep = sleep
        self._ended = threading.Event()

    def take(self, take_over: bool) -> None:
        """Claims the directory. Raises ConfigError if another process holds it, unless `take_over`."""
        found = self._read()
        if found is not None and not take_over:
            self._require_dead(found)
        self._write(self.claim)
        if storage.is_remote(self.path):
            self._sleep(SETTLE_S)
        now = self._read()
        if now is None or now.token != self.claim.token:
            raise ConfigError(self._held(now or self.claim))
        if found is not None and take_over:
            log.warning("%s: taken over from %s", self.directory, found.words())

    def renew(self) -> None:
        """Renews the claim, or notes that another process has taken over."""
        found = self._read()
        if found is not None and found.token != self.claim.token:
            self.lost_to = found
            return
        self.claim = msgspec.structs.replace(self.claim, beat=self.claim.beat + 1)
        self._write(self.claim)

    def release(self) -> None:
        """Ends the claim."""
        self._ended.set()
        found = self._read()
        if found is not None and found.token == self.claim.token:
            storage.delete_file(self.path)
            if self._made_directory:
                with contextlib.suppress(OSError):  # it is not empty
                    os.rmdir(self.directory)

    def renew_until_released(self) -> None:
        """Renews the claim until `release`; a storage that fails for a while is asked again the next time."""
        while not self._ended.wait(BEAT_S) and self.lost_to is None:
            try:
                self.renew()
            except Exception as e:
                log.warning("%s: the claim could not be renewed: %s", self.directory, e)

    def _require_dead(self, found: Claim) -> None:
        if Machine(found.host, found.boot) == this_machine() and found.process_start:
            if process_start(found.pid) == found.process_start:
                self._sleep(GRACE_S)  # it may be about to end, as after Ctrl-C
            if process_start(found.pid) == found.process_start:
                raise ConfigError(self._held(found))
            return
        log.info("%s belongs to %s; waiting %.0f s for a sign of life", self.directory, found.words(), WATCH_S)
        self._sleep(WATCH_S)
        now = self._read()
        if now is not None and now != found:
            raise ConfigError(self._held(now))
        log.warning("%s: %s has ended without saying so; going on", self.directory, found.words())

    def _held(self, found: Claim) -> str:
        return (
            f"{self.directory} is being written by {found.words()}. Two runs would damage each other's files. Wait "
            "until it has ended, choose another `output`, or add --take-over if it is not yours to wait for."
        )

    def _read(self) -> Claim | None:
        if not storage.exists(self.path):
            return None
        try:
            return msgspec.json.decode(storage.read_bytes(self.path), type=Claim)
        except msgspec.DecodeError:
            return None  # not ours to understand, and replaced

    def _write(self, claim: Claim) -> None:
        storage.write_atomic(self.path, json.dumps(msgspec.to_builtins(claim), indent=1).encode() + b"\n")


_held: dict[str, Owner] = {}


@contextlib.contextmanager
def hold(directory: str, *, take_over: bool = False) -> Iterator[None]:
    """Holds a directory during the block. Raises ConfigError if another process does, InputError if it is read-only.

    A directory that this process holds already is held once.
    """
    key = directory.rstrip("/")
    if key in _held:
        yield
        return
    owner = Owner(directory)
    owner.take(take_over)
    _held[key] = owner
    thread = threading.Thread(target=owner.renew_until_released, name="owner", daemon=True)
    thread.start()
    try:
        yield
    finally:
        del _held[key]
        owner.release()
        thread.join()


def require_held(path: str) -> None:
    """Raises StageError if `path` is below a directory that another process has taken over meanwhile."""
    for directory, owner in _held.items():
        if owner.lost_to is not None and path.startswith(f"{directory}/"):
            raise StageError(
                f"{directory} was taken over by {owner.lost_to.words()}, so this run ends here and writes nothing."
            )
