"""Distribution strategies, and the events that stop a run: a signal, a missing peer, a stall."""

import contextlib
import faulthandler
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from sluice.core.config.train import DistConfig
from sluice.core.errors import EXIT_STALLED, ConfigError, SluiceError
from sluice.train.distributed.task import Task, this_task

logger = logging.getLogger("sluice.train")
PROBE_TIMEOUT_S, PROBE_PAUSE_S = 2.0, 0.2
HALF_PRODUCTS = {"bf16": ("avx512_bf16", "amx_bf16", "bf16"), "fp16": ("avx512_fp16", "amx_fp16", "asimdhp")}
"""Linux names of the CPU flags for products in half precision, on x86 and Arm."""


class PeersMissing(SluiceError):
    """Other workers of the cluster are not reachable."""

    exit_code = EXIT_STALLED


class StopSignal:
    """Handler for SIGTERM and SIGUSR1: requests a checkpoint and exit after the current step."""

    def __init__(self) -> None:
        self.wanted = False

    def __call__(self, *_: object) -> None:
        self.wanted = True


class Watchdog:
    """A thread that ends the process with exit code 76 if `beat` is not called within `timeout_s` seconds."""

    def __init__(self, timeout_s: float, explain: Callable[[], str]) -> None:
        self._timeout_s = timeout_s
        self._explain = explain
        self._done = threading.Event()
        self._last = time.monotonic()
        threading.Thread(target=self._watch, daemon=True, name="watchdog").start()

    def beat(self) -> None:
        """Reset the stall timer."""
        self._last = time.monotonic()

    def stop(self) -> None:
        """Stop the watchdog."""
        self._done.set()

    def _watch(self) -> None:
        while not self._done.wait(min(1.0, self._timeout_s / 4)):
            if time.monotonic() - self._last > self._timeout_s:
                print(f"sluice: {self._explain()}", file=sys.stderr, flush=True)
                faulthandler.dump_traceback(all_threads=True)
                os._exit(EXIT_STALLED)


@dataclass(slots=True)
class TrainingCluster:
    """A distribution strategy whose workers are all connected, and its control functions."""

    strategy: Any
    task: Task
    stop: StopSignal
    beat: Callable[[], None]
    first_value: Callable[[int], int]


@contextlib.contextmanager
def join_cluster(config: DistConfig) -> Iterator[TrainingCluster]:
    """Wait for all peers, build the strategy, and watch for signals and stalls until the block ends."""
    task = this_task(config)
    _configure(config)
    if config.strategy == "multiworker":
        os.environ["TF_CONFIG"] = task.tf_config()
        await_peers(task, config.startup_timeout_s)
    strategy = _make_strategy(config)
    stop = StopSignal()
    # after the strategy: building a multi-worker one replaces SIGTERM handlers silently (TF 2.21)
    old = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGUSR1) if _in_main_thread()}
    stall_s = config.stall_timeout_s
    watchdog = (
        Watchdog(stall_s, lambda: f"no step has finished for {stall_s} s; run the same command again to continue")
        if stall_s
        else None
    )
    try:
        beat = watchdog.beat if watchdog else lambda: None
        yield TrainingCluster(strategy, task, stop, beat, first_value(strategy))
    finally:
        if watchdog:
            watchdog.stop()
        for number, handler in old.items():
            signal.signal(number, handler)


def first_value(strategy: Any) -> Callable[[int], int]:
    """Return a function that broadcasts its argument from the first replica to all workers.

    The function is collective: every worker must call it. So it is also a barrier.
    """

    def mine(value: Any) -> Any:
        context = tf.distribute.get_replica_context()
        is_first = tf.equal(context.replica_id_in_sync_group, 0)
        return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.where(is_first, value, 0))

    on_all = tf.function(lambda value: strategy.run(mine, args=(value,)))

    def call(value: int) -> int:
        result = on_all(tf.constant(value, tf.float64))  # not every device has a kernel for int64 sums
        return round(float(strategy.experimental_local_results(result)[0]))

    return call


def _configure(config: DistConfig) -> None:
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    if config.intra_threads:
        tf.config.threading.set_intra_op_parallelism_threads(config.intra_threads)
    if config.inter_threads:
        tf.config.threading.set_inter_op_parallelism_threads(config.inter_threads)
    if config.logical_devices:
        if config.strategy != "mirrored":
            raise ConfigError(
                f"train.dist.logical_devices = {config.logical_devices} needs train.dist.strategy = mirrored, "
                f"but it is {config.strategy}."
            )
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * config.logical_devices
        )


def _make_strategy(config: DistConfig) -> Any:
    if config.strategy == "multiworker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    if config.strategy == "mirrored":
        if config.logical_devices:
            return tf.distribute.MirroredStrategy([f"/cpu:{index}" for index in range(config.logical_devices)])
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def await_peers(task: Task, timeout_s: float) -> None:
    """Wait until every peer listens at its address. Raises PeersMissing with the missing ones after `timeout_s`.

    TensorFlow would wait forever and hold the GIL, so that a watchdog thread could not run (TF 2.21). Therefore this
    check runs first, on the addresses that TensorFlow will use. A process listens at its address until it has reached
    all others; then TensorFlow takes over. Raises ConfigError if the address of this process is already in use.
    """
    deadline = time.monotonic() + timeout_s
    missing = {address: index for index, address in enumerate(task.addresses) if index != task.index}
    with _listening(task):
        while missing:
            missing = {address: index for address, index in missing.items() if not _listens(address)}
            if missing and time.monotonic() > deadline:
                names = ", ".join(f"{index} ({address})" for address, index in missing.items())
                raise PeersMissing(
                    f"Worker {task.index} of {len(task.addresses)} waited {timeout_s} s for workers that are not "
                    f"reachable: {names}. Start them, or increase train.dist.startup_timeout_s."
                )
            if missing:
                time.sleep(PROBE_PAUSE_S)


def _listening(task: Task) -> socket.socket:
    address = task.addresses[task.index]
    try:
        return socket.create_server(("", int(address.rpartition(":")[2])))
    except OSError as e:
        raise ConfigError(
            f"Worker {task.index} of {len(task.addresses)} cannot listen at {address}: {e.strerror}. Each worker needs "
            "its own index: check whether another process has the same one, or an earlier run still uses the port."
        ) from e


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), PROBE_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def peak_flop_per_s(cluster: TrainingCluster, dtype: tf.DType) -> float:
    """Measure the peak FLOP per second of all devices, with large matrix products on one device for about a second.

    The logical devices of a CPU count as one.
    """
    size = 4096 if tf.config.list_physical_devices("GPU") else 1024
    x = tf.ones([size, size], dtype)
    product = tf.function(lambda a: tf.reduce_sum(tf.matmul(a, a)))  # an argument, so that it is not constant-folded
    product(x).numpy()
    best, until = float("inf"), time.perf_counter() + 1.0
    while time.perf_counter() < until:
        began = time.perf_counter()
        product(x).numpy()
        best = min(best, time.perf_counter() - began)
    has_gpu = bool(tf.config.list_physical_devices("GPU"))
    devices = cluster.strategy.num_replicas_in_sync if has_gpu else len(cluster.task.addresses)
    return devices * 2 * size**3 / best


def is_slow(precision: str, cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this CPU lacks instructions for products in half precision, so that fp32 is faster."""
    if precision == "fp32" or not cpuinfo.exists():
        return False
    return not set(HALF_PRODUCTS[precision]) & set(cpuinfo.read_text().split())


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
