"""Measures the extract stage: overhead of Spark, cost of reading and processing together, memory per worker.

    python -m scripts.bench.extract_stage [overhead] [parts] [memory] [--archives FILE…] [--repeats N]
                                     [--overhead-mb N] [--memory-mb N]

  overhead  the stage on Spark `local[1]` against a plain Python loop over the same archive with the same processor.
            Both have the language model loaded and every module warm: each round has one run that is not timed, in the
            same process (Spark keeps its Python worker between jobs). Sinks: none, and Parquet as in the stage.
            The archive contains N MB of pages of the given ones; one job on the smallest archive measures the
            constant cost of a job. Needs two idle cores, as the JVM runs beside Python.
  parts     reading alone + processing pages that are already in memory, against both in one pass. One process.
  memory    the highest resident size of Spark's Python workers on one archive of N MB (default 1000) that repeats
            the pages of the given archives under changed URLs. At 1 to 5 MB per second this takes minutes.

Times are medians of interleaved rounds. Default: all three measurements, on the sample of the repository.
Targets: overhead at most 15 %, parts at least 0.85, memory at most 800 MB.

example: python -m scripts.bench.extract_stage overhead memory --repeats 7 --memory-mb 100
"""

import argparse
import contextlib
import importlib.metadata
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sluice.core.config.dedup import MinHashConfig
from sluice.core.config.extract import ExtractConfig
from sluice.core.config.plan import PlanConfig
from sluice.core.config.schema import SparkConfig
from sluice.core.records.docs import Page, PlanEntry, Rejection
from sluice.data import storage
from sluice.data.plan import inputs
from sluice.text.language.identify import model_path
from sluice.text.pages.archive import extract_archive
from sluice.text.pages.page import LOCATED, PageProcessor

SAMPLE = Path(__file__).parents[2] / "tests" / "data" / "sample"
MB = 1_000_000
OPEN = partial(storage.open_stream, transport=ExtractConfig().transport)


class Reader(PageProcessor):
    """Rejects every page unread, so that only reading costs; appends the pages to `kept` if given."""

    def __init__(self, kept: list[Page] | None = None) -> None:
        super().__init__(ExtractConfig(), MinHashConfig(), "")
        self.kept = kept

    def process(self, page: Page) -> Rejection:
        if self.kept is not None:
            self.kept.append(page)
        return Rejection(**{name: getattr(page, name) for name in LOCATED}, reason="only_read")

    process_text = process


def timed(*runs: Callable[[], Any], repeats: int) -> list[float]:
    """Median seconds of each run. The runs alternate; a first round is not timed."""
    seconds: list[list[float]] = [[] for _ in runs]
    for number in range(repeats + 1):
        for run, taken in zip(runs, seconds, strict=True):
            start = time.perf_counter()
            run()
            if number:
                taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in seconds]


def consume(entries: tuple[PlanEntry, ...], processor: PageProcessor) -> int:
    """Loops over every record of every archive in plain Python; returns their number."""
    return sum(1 for entry in entries for _ in extract_archive(entry, processor, OPEN))


def row(what: str, value: str, bar: str = "") -> None:
    print(f"{what:58} {value:>12}  {bar}")


def measure_parts(entries: tuple[PlanEntry, ...], repeats: int) -> None:
    processor = PageProcessor(ExtractConfig(), MinHashConfig(), model_path(None))
    pages: list[Page] = []
    consume(entries, Reader(pages))

    def judge() -> None:
        for page in pages:
            processor.process(page)

    reading, judging, fused = timed(
        lambda: consume(entries, Reader()), judge, lambda: consume(entries, processor), repeats=repeats
    )
    row(f"parts: reading {len(pages)} pages", f"{reading:.3f} s")
    row("parts: judging them", f"{judging:.3f} s", f"{1e3 * judging / len(pages):.2f} ms a page")
    row("parts: both in one pass", f"{fused:.3f} s")
    row("parts: sum of the parts / one pass", f"{(reading + judging) / fused:.3f}", "at least 0.85")


@contextlib.contextmanager
def session() -> Iterator[Any]:
    """A Spark session with one core and one Python worker."""
    from sluice.spark.engine.session import open_session

    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    # our modules on the path of the workers, and a driver of its own
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    os.environ["PYSPARK_SUBMIT_ARGS"] = "--master local[1] --conf spark.ui.enabled=false pyspark-shell"
    with open_session(SparkConfig(), "bench") as spark:
        yield spark


def measure_overhead(given: tuple[PlanEntry, ...], repeats: int, megabytes: int) -> None:
    from sluice.spark.transforms.extract import extract_entries

    processor = PageProcessor(ExtractConfig(), MinHashConfig(), model_path(None))
    with session() as spark, tempfile.TemporaryDirectory() as directory:
        count = write_large(given, large := Path(directory) / "large.warc.gz", megabytes * MB)
        entries = inputs.make_plan(PlanConfig(inputs=(str(large),))).entries

        def stage(entries: tuple[PlanEntry, ...]) -> Any:
            return extract_entries(spark, entries, ExtractConfig(), MinHashConfig()).write.mode("overwrite")

        smallest = min(given, key=lambda entry: entry.size)
        loop, small_loop, noop, small, written, small_written = timed(
            lambda: consume(entries, processor),
            lambda: consume((smallest,), processor),
            lambda: stage(entries).format("noop").save(),
            lambda: stage((smallest,)).format("noop").save(),
            lambda: stage(entries).partitionBy("kind").parquet(f"{directory}/docs"),
            lambda: stage((smallest,)).partitionBy("kind").parquet(f"{directory}/small"),
            repeats=repeats,
        )
    row(f"overhead: plain loop over {megabytes} MB, {count:,} pages", f"{loop:.3f} s")
    for sink, seconds, fixed in (
        ("no sink", noop, small - small_loop),
        ("Parquet", written, small_written - small_loop),
    ):
        row(f"overhead: Spark local[1], {sink}", f"{seconds:.3f} s", f"{seconds / loop - 1:+.1%}")
        row("overhead:   of which a job costs whatever it reads", f"{fixed:.3f} s")
        row(
            "overhead:   without that", f"{seconds - fixed:.3f} s", f"{(seconds - fixed) / loop - 1:+.1%}, at most 15 %"
        )


def write_large(entries: tuple[PlanEntry, ...], path: Path, n_bytes: int) -> int:
    """Writes an archive of about `n_bytes` that repeats the pages of others under changing URLs.

    Payloads are compressed once: a gzip member is the new head, flushed at a byte, followed by the old body.
    Returns the number of records.
    """
    pages: list[Page] = []
    consume(entries, Reader(pages))
    bodies = []
    for page in pages:
        charset = f"; charset={page.header_charset}" if page.header_charset else ""
        http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html{charset}\r\n\r\n".encode() + page.payload
        squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
        bodies.append((page.url, http, squeeze.compress(http + b"\r\n\r\n") + squeeze.flush()))
    written = count = 0
    with path.open("wb") as file:
        while written < n_bytes:
            url, http, body = bodies[count % len(bodies)]
            head = (
                f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2024-01-02T03:04:05Z\r\n"
                f"WARC-Target-URI: {url}#{count}\r\nContent-Length: {len(http)}\r\n\r\n"
            ).encode()
            squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
            raw = squeeze.compress(head) + squeeze.flush(zlib.Z_SYNC_FLUSH) + body
            check = zlib.crc32(b"\r\n\r\n", zlib.crc32(http, zlib.crc32(head)))
            size = (len(head) + len(http) + 4) & 0xFFFFFFFF
            tail = check.to_bytes(4, "little") + size.to_bytes(4, "little")
            written += file.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + raw + tail)
            count += 1
    return count


def watch_workers(peaks: dict[int, int], stop: threading.Event) -> None:
    """Keeps the highest resident size in bytes of each Python worker of Spark that descends from this process."""
    while not stop.wait(0.1):
        parents: dict[int, int] = {}
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):  # it has ended
                lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
                pid = int(status.parent.name)
                parents[pid] = int(lines["PPid"])
                if "VmHWM" in lines and b"pyspark.daemon" in (status.parent / "cmdline").read_bytes():
                    peaks[pid] = max(peaks.get(pid, 0), int(lines["VmHWM"].split()[0]) * 1024)
        for pid in [pid for pid in peaks if pid in parents and not _descends(pid, parents)]:
            del peaks[pid]


def _descends(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != os.getpid():
        pid = parents[pid]
    return pid == os.getpid()


def measure_memory(entries: tuple[PlanEntry, ...], megabytes: int) -> None:
    from sluice.spark.transforms.extract import extract_entries

    peaks: dict[int, int] = {}
    stop = threading.Event()
    watcher = threading.Thread(target=watch_workers, args=(peaks, stop), daemon=True)
    with tempfile.TemporaryDirectory() as directory:
        large = Path(directory) / "large.warc.gz"
        count = write_large(entries, large, megabytes * MB)
        row(f"memory: archive of {large.stat().st_size / MB:,.0f} MB", f"{count:,} pages")
        with session() as spark:
            watcher.start()
            start = time.perf_counter()
            docs = extract_entries(
                spark, inputs.make_plan(PlanConfig(inputs=(str(large),))).entries, ExtractConfig(), MinHashConfig()
            )
            docs.write.partitionBy("kind").parquet(f"{directory}/docs")
            seconds = time.perf_counter() - start
            stop.set()
            watcher.join()
    row("memory: time", f"{seconds:,.0f} s", f"{megabytes / seconds:.2f} MB/s")
    row("memory: highest resident size of a Python worker", f"{max(peaks.values()) / MB:,.0f} MB", "at most 800 MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", metavar="WHAT", help="overhead, parts, memory; default: all")
    parser.add_argument("--archives", nargs="+", type=Path, default=[SAMPLE], help="archives or folders of them")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="timed rounds")
    parser.add_argument("--overhead-mb", type=int, default=16, metavar="N", help="size of the archive for overhead")
    parser.add_argument("--memory-mb", type=int, default=1000, metavar="N", help="size of the archive for memory")
    options = parser.parse_args()
    wanted = options.what or ["parts", "overhead", "memory"]
    if unknown := set(wanted) - {"parts", "overhead", "memory"}:
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}; choose from overhead, parts, memory")
    entries = inputs.make_plan(PlanConfig(inputs=tuple(map(str, options.archives)))).entries
    cpu = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    print(f"{cpu.partition(':')[2].strip()}, {os.cpu_count()} cores; Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("resiliparse", "pyspark", "pyarrow")))
    print(f"{len(entries)} archives, {sum(entry.size for entry in entries) / MB:.1f} MB; load {os.getloadavg()[0]:.1f}")
    if "parts" in wanted:
        measure_parts(entries, options.repeats)
    if "overhead" in wanted:
        measure_overhead(entries, options.repeats, options.overhead_mb)
    if "memory" in wanted:
        measure_memory(entries, options.memory_mb)


if __name__ == "__main__":
    main()
