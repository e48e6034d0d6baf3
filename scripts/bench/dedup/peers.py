"""Deduplicates a corpus with another tool, as documented; compare.py starts this script in the environment of the tool.

    ENV/bin/python -m scripts.bench.dedup.peers TOOL CORPUS.jsonl OUT

CORPUS is JSON lines of `id` and `text`. OUT/removed.txt gets the ids that the tool removes, one per line. Every tool
uses a similarity of 0.8 if it has such a setting, and otherwise its defaults, with two processes or cores.

tools
  datasketch           sluice's key text and shingles, `MinHash.update_batch`, 128 values, `MinHashLSH(threshold=0.8)`,
                       which uses 9 bands of 13; documents that share a band are a cluster, the first is kept
  datasketch-16x8      the same with sluice's default bands
  text-dedup           `python -m text_dedup.minhash`; it also removes texts of fewer than five tokens
  datatrove            its four MinHash stages with their defaults (14 bands of 8); Chinese texts, detected by their
                       share of Han characters, separately with its tokenizer for Chinese
  distributed-curator  `partition_aware_deduplicate`, in 16 partitions
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

THRESHOLD = 0.8
CORES = 2
HAN, LETTER = re.compile("[\u4e00-\u9fff]"), re.compile(r"\w")


def rows(corpus: Path) -> Iterator[dict[str, str]]:
    with corpus.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def datasketch(corpus: Path, out: Path, bands: tuple[int, int] | None = None) -> set[str]:
    from datasketch import MinHash, MinHashLSH

    from sluice.text.dedup.key_text import key_text
    from sluice.text.dedup.shingles import shingles

    drawn = MinHash(128, scheme="affine32").permutations
    lsh = MinHashLSH(threshold=THRESHOLD, num_perm=128, params=bands)
    parent: dict[str, str] = {}  # towards the first document of each cluster
    order: dict[str, int] = {}

    def first(name: str) -> str:
        while parent[name] != name:
            parent[name] = name = parent[parent[name]]
        return name

    for row in rows(corpus):
        name = row["id"]
        order[name], parent[name] = len(order), name
        parts = shingles(key_text(row["text"]), 5)
        if not parts:  # two empty sketches would be equal
            continue
        sketch = MinHash(128, permutations=drawn, scheme="affine32")
        sketch.update_batch([part.encode() for part in parts])
        for other in lsh.query(sketch):
            a, b = sorted((first(name), first(other)), key=order.__getitem__)
            parent[b] = a
        lsh.insert(name, sketch)
    return {name for name in parent if first(name) != name}


def text_dedup(corpus: Path, out: Path) -> set[str]:
    from datasets import load_from_disk
    from text_dedup.minhash import main

    arguments = {"path": "json", "data_files": corpus, "split": "train", "column": "text", "threshold": THRESHOLD}
    arguments |= {"output": out / "kept", "cache_dir": out / "cache", "num_proc": CORES}
    main([word for name, value in arguments.items() for word in (f"--{name}", str(value))], standalone_mode=False)
    return {row["id"] for row in rows(corpus)} - set(load_from_disk(str(out / "kept"))["id"])


def datatrove(corpus: Path, out: Path) -> set[str]:
    from datatrove.utils.typeshelper import Languages

    halves: dict[str, list[dict[str, str]]] = {Languages.english: [], Languages.mandarin_chinese: []}
    for row in rows(corpus):
        is_chinese = len(HAN.findall(row["text"])) > 0.5 * len(LETTER.findall(row["text"]))
        halves[Languages.mandarin_chinese if is_chinese else Languages.english].append(row)
    return {name for language, half in halves.items() if half for name in _datatrove(half, out / language, language)}


def _datatrove(documents: list[dict[str, str]], out: Path, language: str) -> Iterator[str]:
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    (out / "input").mkdir(parents=True)
    for part in range(CORES):  # a task reads whole files
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in documents[part::CORES]]
        (out / "input" / f"{part}.jsonl").write_text("".join(lines), encoding="utf-8")
    config = MinhashConfig()
    folder = {name: str(out / name) for name in ("input", "signatures", "buckets", "remove", "removed", "kept")}
    reader = JsonlReader(folder["input"])
    stages = [
        ([reader, MinhashDedupSignature(folder["signatures"], config, language)], CORES),
        ([MinhashDedupBuckets(folder["signatures"], folder["buckets"], config=config)], config.num_buckets),
        ([MinhashDedupCluster(folder["buckets"], folder["remove"], config=config)], 1),
        (
            [
                reader,
                MinhashDedupFilter(folder["remove"], exclusion_writer=JsonlWriter(folder["removed"], compression=None)),
                JsonlWriter(folder["kept"], compression=None),
            ],
            CORES,
        ),
    ]
    for number, (steps, tasks) in enumerate(stages):
        LocalPipelineExecutor(steps, tasks, min(CORES, tasks), logging_dir=str(out / f"logs-{number}")).run()
    for path in sorted((out / "removed").glob("*.jsonl")):
        yield from (row["id"] for row in rows(path))


def distributed_curator(corpus: Path, out: Path) -> set[str]:
    from distributed_curator import get_jar_path, partition_aware_deduplicate
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {"spark.jars": get_jar_path(), "spark.sql.shuffle.partitions": "16", "spark.driver.memory": "4g"}
    builder = SparkSession.builder.master(f"local[{CORES}]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    documents = spark.read.json(str(corpus)).withColumnRenamed("id", "doc_id")
    marked = partition_aware_deduplicate(spark, documents, "text", similarity_threshold=THRESHOLD, num_partitions=16)
    removed = {row["doc_id"] for row in marked.where("is_duplicate").select("doc_id").collect()}
    spark.stop()
    return removed


TOOLS: dict[str, Callable[[Path, Path], Iterable[str]]] = {
    "datasketch": datasketch,
    "datasketch-16x8": lambda corpus, out: datasketch(corpus, out, (16, 8)),
    "text-dedup": text_dedup,
    "datatrove": datatrove,
    "distributed-curator": distributed_curator,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path, help="an empty directory")
    options = parser.parse_args()
    removed = TOOLS[options.tool](options.corpus, options.out)
    (options.out / "removed.txt").write_text("".join(f"{name}\n" for name in sorted(removed)), encoding="utf-8")


if __name__ == "__main__":
    main()
