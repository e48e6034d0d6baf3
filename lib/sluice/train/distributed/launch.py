"""Starts several training processes on this machine, prefixes their logs, and ends all if one fails.

Each process runs `sluice.train.worker` and reads its configuration from standard input.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from sluice.core.config.train import TrainConfig
from sluice.core.errors import EXIT_STALLED
from sluice.train.distributed.task import Task

logger = logging.getLogger("sluice.train")
GRACE_S = 20.0
POLL_S = 0.2


class WorkerOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The instructions for a started process."""

    train: TrainConfig
    force: bool
    log_level: str


def launch_local(config: TrainConfig, num_workers: int, force: bool) -> int:
    """Run the training in `num_workers` processes and return their exit code.

    The first failure ends all processes: SIGTERM, then SIGKILL after a grace period. If a worker died or stalled, all
    are restarted, up to `max_restarts` times. A SIGTERM to this process is forwarded, so that all workers save and exit
    with code 75.
    """
    threads = config.dist.intra_threads or max(1, (os.cpu_count() or 1) // num_workers)
    dist = msgspec.structs.replace(config.dist, intra_threads=threads)
    order = WorkerOrder(
        train=msgspec.structs.replace(config, dist=dist),
        force=force,
        log_level=logging.getLevelName(logging.getLogger("sluice").getEffectiveLevel()).lower(),
    )
    for restarts in range(config.dist.max_restarts + 1):
        addresses = [f"127.0.0.1:{port}" for port in free_ports(num_workers)]
        logger.info("starting %d local workers with %d threads each: %s", num_workers, threads, ", ".join(addresses))
        workers = [_start(order, addresses, index) for index in range(num_workers)]
        with _passing_on_signals(workers):
            code = _wait(workers)
        logger.info("local workers ended with exit code %d", code)
        if code != EXIT_STALLED or restarts == config.dist.max_restarts:
            break
        order = msgspec.structs.replace(order, force=False)
        logger.info("restart %d of %d, from the last checkpoint", restarts + 1, config.dist.max_restarts)
    return code


def free_ports(count: int) -> list[int]:
    """Return loopback ports that are currently unused."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@dataclass(frozen=True, slots=True)
class LocalWorker:
    """A started process and the thread that forwards its output."""

    index: int
    process: subprocess.Popen[str]
    printer: threading.Thread


def _start(order: WorkerOrder, addresses: Sequence[str], index: int) -> LocalWorker:
    process = subprocess.Popen(
        [sys.executable, "-m", "sluice.train.worker"],
        env={**os.environ, "TF_CONFIG": Task(index, tuple(addresses)).tf_config()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin and process.stdout
    process.stdin.write(msgspec.json.encode(order).decode())
    process.stdin.close()
    printer = threading.Thread(target=_prefix, args=(process.stdout, index), daemon=True)
    printer.start()
    return LocalWorker(index, process, printer)


def _prefix(lines: Iterable[str], index: int) -> None:
    for line in lines:
        print(f"[worker {index}] {line}", end="", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _passing_on_signals(workers: Sequence[LocalWorker]) -> Iterator[None]:
    def pass_on(number: int, _: object) -> None:
        for worker in workers:
            worker.process.send_signal(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    old = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGUSR1)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _wait(workers: Sequence[LocalWorker]) -> int:
    """Wait for all processes and return 0 or the exit code of the first failure. No process is left running."""
    try:
        while True:
            ended = [
                (worker.index, worker.process.returncode) for worker in workers if worker.process.poll() is not None
            ]
            bad = [(index, code) for index, code in ended if code]
            if bad:
                index, code = min(
                    bad, key=lambda ended: ended[1] > 0
                )  # a killed worker is the cause of the other failures
                how = f"exit code {code}" if code > 0 else f"signal {-code}"
                logger.info("worker %d ended with %s; stopping all workers", index, how)
                return code if code > 0 else EXIT_STALLED
            if len(ended) == len(workers):
                return 0
            time.sleep(POLL_S)
    finally:
        _end(workers)


def _end(workers: Sequence[LocalWorker]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        alive = [worker.process for worker in workers if worker.process.poll() is None]
        for process in alive:
            process.send_signal(number)
        deadline = time.monotonic() + GRACE_S
        while any(process.poll() is None for process in alive) and time.monotonic() < deadline:
            time.sleep(POLL_S)
    for worker in workers:
        worker.printer.join(GRACE_S)  # prints its last lines, which contain the cause
