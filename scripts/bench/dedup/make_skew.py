"""Makes a skewed corpus from an ordinary one, for the benchmark of the cost of each step.

    python -m scripts.bench.dedup.make_corpus DATA c300k.jsonl --documents 300000 --copies 0.3
    python -m scripts.bench.dedup.make_skew bucket c300k.jsonl bucket.jsonl
    python -m scripts.bench.dedup.make_skew cluster c300k.jsonl cluster.jsonl --members 100000
    python -m scripts.bench.dedup.cost c300k.jsonl bucket.jsonl cluster.jsonl

bucket   Half of the documents (those with spaces) get artificial shingles, chosen so that each has the smallest value
         of one permutation of the first band: all these documents share that bucket, and hardly anything else.
cluster  `--members` documents, at random positions, become edits of one text of the corpus, at similarities to it
         drawn from 0.6 to 0.99 (as `scattered` of make_corpus.py). They are less similar to each other, hence many
         must be kept, and each must be compared.
"""

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scripts.bench.dedup.data import json_rows
from scripts.bench.dedup.make_corpus import SHINGLE, SIDES, edited, side_of
from sluice.core.config.dedup import MinHashConfig
from sluice.text.dedup.minhash import signature
from sluice.text.dedup.shingles import shingle_hashes

MADE_UP_WORDS = 300_000
LENGTHS = range(1_000, 3_000)
"""Characters of the text that a cluster is derived from."""


def magnet(minhash: MinHashConfig, seed: int) -> str:
    """Sentences of one shingle each, whose smallest values form the first band in any context."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=8)) for _ in range(MADE_UP_WORDS)]
    hashes = shingle_hashes(" ".join(words), SHINGLE)  # all different, so the i-th begins at word i
    values = np.stack([signature(hashes[i : i + 1], minhash)[: minhash.rows] for i in range(len(hashes))])
    return " ".join(" ".join(words[start : start + SHINGLE]) + "." for start in values.argmin(axis=0))


def with_bucket(rows: Iterator[dict[str, str]], attraction: str) -> Iterator[dict[str, str]]:
    for row in rows:
        yield row | {"text": f"{row['text']}\n{attraction}"} if side_of(row["text"]) == SIDES[1] else row


def with_cluster(rows: list[dict[str, str]], members: int, seed: int) -> Iterator[dict[str, str]]:
    rng = random.Random(seed)
    like = next(row["text"] for row in rows if len(row["text"]) in LENGTHS and side_of(row["text"]) == SIDES[1])
    chosen = set(rng.sample(range(len(rows)), members))
    for position, row in enumerate(rows):
        other = rows[rng.randrange(len(rows))]["text"]
        yield row | {"text": edited("scattered", like, SIDES[1], rng, other)} if position in chosen else row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("bucket", "cluster"))
    parser.add_argument("corpus", type=Path, help="JSON lines of id and text")
    parser.add_argument("output", type=Path)
    parser.add_argument("--members", type=int, default=100_000, help="size of the cluster (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.kind == "bucket":
        changed = with_bucket(json_rows(options.corpus), magnet(MinHashConfig(), options.seed))
    else:
        rows = list(json_rows(options.corpus))
        if len(rows) < options.members:
            parser.error(f"{options.corpus} has {len(rows):,} documents, fewer than the {options.members:,} members.")
        changed = with_cluster(rows, options.members, options.seed)
    with options.output.open("w", encoding="utf-8") as lines:
        for row in changed:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
