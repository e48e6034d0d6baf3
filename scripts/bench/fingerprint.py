"""Digests of what a run computed, to show that a refactoring changed nothing: shards, signals and losses.

    scripts/demo && python scripts/bench/fingerprint.py demo-out > after.txt      # in each of two checkouts, then: diff

Reads files only and imports nothing of sluice, so it runs on the output of any version.
"""

import argparse
import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq


def shard_lines(output: Path) -> list[str]:
    """SHA-256 of every shard and tokenizer."""
    files = sorted(path for path in (output / "shards").rglob("*") if path.suffix in (".tfrecord", ".gz", ".json"))
    names = [path for path in files if path.name not in ("manifest.json",) and not path.name.startswith("_")]
    return [f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.relative_to(output)}" for path in names]


def signal_lines(output: Path) -> list[str]:
    """SHA-256 over all documents, by signal, of exact values in the order of document ids."""
    columns = ["doc_id", "kind", "text", "signals"]
    table = pq.read_table(output / "extract" / "docs", columns=columns, partitioning="hive").to_pylist()
    docs = sorted((row for row in table if row["kind"] == "doc"), key=lambda row: row["doc_id"])
    lines = [
        f"{hashlib.sha256(json.dumps([d['text'] for d in docs]).encode()).hexdigest()} text of {len(docs)} documents"
    ]
    for name in (name for name in (docs[0]["signals"] or {}) if name not in ("dice", "random_unit")):
        values = json.dumps([d["signals"] and d["signals"][name] for d in docs])
        lines.append(f"{hashlib.sha256(values.encode()).hexdigest()} {name}")
    return lines


def loss_lines(output: Path) -> list[str]:
    """Every logged loss of the training run, to the last digit."""
    metrics = output / "model" / "metrics.jsonl"
    records = [json.loads(line) for line in metrics.read_text().splitlines()] if metrics.exists() else []
    found = ((record.get("step"), record.get("kind"), record.get("loss", record.get("nll"))) for record in records)
    return [f"{step} {kind} {loss!r}" for step, kind, loss in found if loss is not None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="the `output` of a run")
    output = parser.parse_args().output
    print("\n".join([*shard_lines(output), *signal_lines(output), *loss_lines(output)]))


if __name__ == "__main__":
    main()
