"""Measures the core time per document of each step of the split check.

    python -m scripts.bench.dedup.make_corpus DATA c100k.jsonl --documents 100000 --copies 0.2
    python -m scripts.bench.dedup.split c100k.jsonl

Runs `find_split_leaks` of the split check on the documents with all their copies, which is more than a run gives it
after deduplication; 1 % are in valid and 1 % in test, by hash. Uses two cores with 1 GB of heap for driver and executor
together. The time is that of all processes, including the JVM without its start, sampled ten times per second.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scripts.bench.dedup.cost import WRITTEN, Watch
from sluice.core.config.dataset import ShardsConfig
from sluice.core.config.dedup import DedupConfig, SplitCheckConfig
from sluice.core.config.schema import SparkConfig
from sluice.core.log import set_up

PART = "SLUICE_BENCH_SPLIT_PART"
"""Set in the measured process."""


def work(corpus: str, directory: str, leaders: int) -> None:
    """Runs the search; its tables and counts are lines of the log."""
    from pyspark.sql import functions as F

    from sluice.spark.deduplication.held_out import find_split_leaks
    from sluice.spark.engine.session import open_session
    from sluice.spark.engine.work import Checkpoints
    from sluice.spark.transforms.shards import with_split

    set_up("info")
    with open_session(SparkConfig(), "bench") as spark:
        rows = spark.read.schema("id string, text string").json(corpus)
        documents = rows.where("text <> ''").select(F.abs(F.xxhash64("id")).alias("doc_id"), "text")
        clusters = spark.createDataFrame([], "doc_id long, cluster_id long")
        split = SplitCheckConfig(leaders_per_bucket=leaders)
        Checkpoints(directory).materialize(spark.range(1), "start")
        found = find_split_leaks(
            with_split(documents, clusters, ShardsConfig()),
            DedupConfig(),
            split,
            8,
            Checkpoints(directory),
            Checkpoints(directory),
        )
        print(f"documents {found.signed.count():,}, removed {found.removals.count():,}, {found.counts}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="+", help="JSON lines of id and text")
    parser.add_argument("--heap", default="1g", help="of the JVM (default: %(default)s)")
    parser.add_argument(
        "--leaders", type=int, default=SplitCheckConfig().leaders_per_bucket, help="of a bucket (default: %(default)s)"
    )
    options = parser.parse_args()
    for corpus in options.corpus:
        with tempfile.TemporaryDirectory(prefix="bench-split-") as directory:
            if os.environ.get(PART):
                work(str(corpus), directory, options.leaders)
            else:
                show(corpus, options.heap, options.leaders)


def show(corpus: Path, heap: str, leaders: int) -> None:
    environment = os.environ | {
        PART: "1",
        "OMP_NUM_THREADS": "1",
        "PYSPARK_SUBMIT_ARGS": f"--master local[2] --driver-memory {heap} --conf spark.ui.enabled=false pyspark-shell",
    }
    command = [sys.executable, "-m", "scripts.bench.dedup.split", str(corpus), "--leaders", str(leaders)]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, env=environment
    )
    watch = Watch(process.pid)
    watch.start()
    total = sum(1 for _ in corpus.open("rb"))
    print(f"\n{corpus.name}: {total:,} documents\n\n| table | s | core ms per document |\n|---|---|---|")
    assert process.stdout is not None
    steps: list[tuple[str, float, float]] = []
    for line in process.stdout:
        if found := WRITTEN.search(line):
            steps.append((found[1], time.perf_counter() - began, watch.core()))
        elif line.startswith("documents "):
            steps.append(("counts", time.perf_counter() - began, watch.core()))
            counts = line
    if process.wait():
        raise SystemExit(f"{corpus}: the search failed")
    watch.ended.set()
    for (_, wall, core), (name, wall_then, core_then) in itertools.pairwise(steps):
        print(f"| {name} | {wall_then - wall:.1f} | {1000 * (core_then - core) / total:.3f} |")
    print(f"| **all** | {steps[-1][1] - steps[0][1]:.0f} | **{1000 * (steps[-1][2] - steps[0][2]) / total:.2f}** |")
    print(f"\n{counts}peak of all processes {watch.peak / 1e9:.2f} GB", flush=True)


if __name__ == "__main__":
    main()
