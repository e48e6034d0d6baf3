"""Measures the cost per document of each deduplication step, and whether it is constant as the corpus grows.

    python -m scripts.bench.dedup.make_corpus DATA c100k.jsonl --documents 100000 --copies 0.3
    python -m scripts.bench.dedup.cost c100k.jsonl c300k.jsonl c1m.jsonl --work WORK

Runs jobs/dedup.py on each corpus, on two cores with 1 GB of heap for driver and executor together, and prints for each
table: seconds, core milliseconds per document (all processes, including the JVM and its start, sampled ten times per
second), and the bytes per row in its shuffles, from Spark's event log. `facts` is reading and signing; the target for
the steps after the signature covers everything else. The peak memory is that of all processes together, with shared
pages counted once for each.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from scripts.bench.dedup.compare import session_seconds
from scripts.bench.dedup.data import table_rows

ROOT = Path(__file__).resolve().parents[3]
WRITTEN = re.compile(r"table (\S+) written in")


class Step(NamedTuple):
    """A table: seconds from the start until it was complete, and core seconds used until then."""

    name: str
    wall: float
    core: float


class Shuffle(NamedTuple):
    """Totals that the tasks of a table wrote to shuffles."""

    rows: int
    n_bytes: int


class Watch(threading.Thread):
    """Core seconds and peak memory of all processes of a session."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.session, self.used, self.peak = session, dict[int, float](), 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.1):
            now = session_seconds(self.session)
            self.used |= now
            self.peak = max(self.peak, sum(map(resident_bytes, now)))

    def core(self) -> float:
        self.used |= session_seconds(self.session)
        return sum(self.used.values())


def resident_bytes(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # it has just ended
        return 0


def run(corpus: Path, out: Path, settings: list[str], heap: str) -> tuple[list[Step], int]:
    """The steps of one run (the last is its end), and the peak memory in bytes."""
    events = out / "events"
    events.mkdir(parents=True)
    submit = f"--master local[2] --driver-memory {heap} --conf spark.eventLog.enabled=true "
    submit += f"--conf spark.eventLog.dir={events} --conf spark.eventLog.compress=false --conf spark.ui.enabled=false "
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT / 'lib'}",
        "PYSPARK_SUBMIT_ARGS": f"{submit} pyspark-shell",
        "OMP_NUM_THREADS": "1",
    }
    settings = [f"source.inputs=[{corpus}]", f"output={out}", *settings]
    command = [sys.executable, f"{ROOT / 'jobs' / 'dedup.py'}"]
    command += [part for setting in settings for part in ("--set", setting)]
    began, steps = time.perf_counter(), list[Step]()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True, env=environment)
    watch = Watch(process.pid)
    watch.start()
    assert process.stderr is not None
    with (out / "log.txt").open("w") as log:
        for line in process.stderr:
            log.write(line)
            if found := WRITTEN.search(line):
                steps.append(Step(found[1], time.perf_counter() - began, watch.core()))
    if process.wait():
        raise SystemExit(f"{corpus}: the job failed, see {out / 'log.txt'}")
    watch.ended.set()
    return [*steps, Step("results", time.perf_counter() - began, watch.core())], watch.peak


def shuffles(events: Path) -> dict[str, Shuffle]:
    """Shuffle totals of each table, by the description of the job."""
    tables: dict[int, str] = {}
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for path in sorted(path for path in events.rglob("*") if path.is_file()):
        for line in path.open():
            if '"Event":"SparkListenerJobStart"' in line:
                event = json.loads(line)
                name = event["Properties"].get("spark.job.description") or "results"
                tables |= {stage: tables.get(stage, name) for stage in event["Stage IDs"]}
            elif '"Event":"SparkListenerTaskEnd"' in line:
                event = json.loads(line)
                written = (event.get("Task Metrics") or {}).get("Shuffle Write Metrics")
                if written:
                    total = totals[tables[event["Stage ID"]]]
                    total[0] += written["Shuffle Records Written"]
                    total[1] += written["Shuffle Bytes Written"]
    return {name: Shuffle(*total) for name, total in totals.items()}


def show(corpus: Path, steps: list[Step], moved: dict[str, Shuffle], peak: int, out: Path) -> None:
    total = sum(1 for _ in corpus.open("rb"))
    removed = len(table_rows(out / "dedup" / "removals"))
    print(f"\n{corpus.name}: {total:,} documents, {removed:,} removed, peak of all processes {peak / 1e9:.2f} GB\n")
    print("| table | s | core ms per document | rows shuffled | bytes per row |\n|---|---|---|---|---|")
    before = Step("", 0, 0)
    for step in steps:
        shuffled = moved.get(step.name, Shuffle(0, 0))
        per_row = f"{shuffled.n_bytes / shuffled.rows:.1f}" if shuffled.rows else "–"
        cost = 1000 * (step.core - before.core) / total
        print(f"| {step.name} | {step.wall - before.wall:.1f} | {cost:.3f} | {shuffled.rows:,} | {per_row} |")
        before = step
    signed = next(step for step in steps if step.name == "facts")
    print(f"| **all** | {before.wall:.0f} | **{1000 * before.core / total:.2f}** | | |")
    after = before.core - signed.core
    print(
        f"| **after the signature** | {before.wall - signed.wall:.0f} | **{1000 * after / total:.2f}** | | |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="+", help="JSON lines of id and text, not compressed")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="further settings of the job")
    parser.add_argument("--heap", default="1g", help="of the JVM (default: %(default)s)")
    parser.add_argument("--work", type=Path, help="directory for the output of the runs (default: a temporary one)")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="bench-dedup-cost-"))
    work.mkdir(parents=True, exist_ok=True)
    for corpus in options.corpus:
        out = Path(tempfile.mkdtemp(dir=work, prefix=f"{corpus.stem}-"))
        steps, peak = run(corpus, out, options.set, options.heap)
        show(corpus, steps, shuffles(out / "events"), peak, out)


if __name__ == "__main__":
    main()
