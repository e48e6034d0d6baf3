"""Summaries of the stages of a small run, written by hand, for tests of the report."""

import json
import re


def ledger(unit, total_in, total_out, **dropped):
    return {"unit": unit, "in": total_in, "out": total_out, "dropped": dropped}


def archive(path, size, *, lost=0, **quarantined):
    account = {"bytes": size, "quarantined_bytes": lost, "records": 1234, "html": 900, "documents": 611}
    return {"path": path, "size": size, "account": account | {"quarantined": quarantined}}


EXTRACT = {
    "digest": "digest-of-extract",
    "seconds": 12.5,
    "ledgers": [
        ledger("records", 2468, 1222, not_response=668, language=578),
        ledger("bytes", 70_000, 69_000, quarantined=1000),
    ],
    "archives": 2,
    "html": 1800,
    "languages": {"en": 1000, "zh": 222},
    "quarantined": {"truncated": 1},
    "files": [archive("a/whole.warc.gz", 30_000), archive("b/cut.warc.gz", 40_000, lost=1000, truncated=1)],
    "ignored": ["a/notes.txt"],
}
SELECT = {
    "digest": "digest-of-filter",
    "ledgers": [ledger("documents", 1222, 522, short=600, dull=100)],
    "by_language": {"en": {"kept": 400, "short": 600}, "zh": {"kept": 122, "dull": 100}},
    "suspicious_rules": {"fired_on_none": ["sleepy"], "fired_on_most": ["short (en)"]},
    "samples": [
        {
            "doc_id": 1,
            "language": "en",
            "reason": None,
            "value": None,
            "threshold": None,
            "url": "http://k/",
            "text": "Kept.",
        },
        {
            "doc_id": 2,
            "language": "zh",
            "reason": "dull",
            "value": 0.125,
            "threshold": 0.5,
            "url": "http://d/",
            "text": "无聊。",
        },
    ],
}
DEDUP = {
    "digest": "digest-of-dedup",
    "ledgers": [ledger("documents", 522, 482, exact=33, near=7)],
    "candidate_pairs": 77,
    "edges": 19,
    "too_short_for_near": 3,
    "by_language": {"en": {"kept": 380, "exact": 20}, "zh": {"kept": 102, "exact": 13, "near": 7}},
    "samples": [
        {
            "doc_id": 31,
            "step": "near",
            "duplicate_of": 32,
            "jaccard": 0.875,
            "url": "http://removed/",
            "text": "Removed text",
            "duplicate_of_url": "http://kept/",
            "duplicate_of_text": "Kept text",
        }
    ],
}
TOKENIZER = {"kind": "bpe", "vocab_size": 8192, "lossless": True, "sample_bytes": 5, "training_bytes": 6, "ledgers": []}
SHARDS = {
    "ledgers": [ledger("documents", 482, 482), ledger("tokens", 91_000, 90_000, tail_of_training_shard=1000)],
    "splits": {
        "test": {"records": 2, "tokens": 4000, "docs": 30, "utf8_bytes": 10_000},
        "train": {"records": 50, "tokens": 81_000, "docs": 412, "utf8_bytes": 324_000},
        "valid": {"records": 3, "tokens": 5000, "docs": 40, "utf8_bytes": 15_000},
    },
}
METRICS = [
    {"kind": "train", "step": 10, "loss": 8.5, "ppl": 4914.8},
    {"kind": "eval", "step": 10, "split": "valid", "nll": 700.0, "tokens": 100, "ppl": 1096.6, "best": True},
    {"kind": "train", "step": 20, "loss": 5.25},
    {"kind": "eval", "step": 20, "split": "valid", "nll": 500.0, "tokens": 100, "ppl": 148.4, "best": True},
]
SUMMARY = {
    "step": 20,
    "parameters": 1_234_567,
    "evaluated_step": 20,
    "splits": {
        "valid": {"split": "valid", "nll": 500.0, "tokens": 100, "ppl": 148.41, "bits_per_byte": 1.75},
        "test": {"split": "test", "nll": 600.0, "tokens": 120, "ppl": 151.25, "bits_per_byte": 1.8125},
    },
}
COUNTS = {"items": 1500, "found": 3, "documents": 4}
DECONTAMINATE = {
    "ledgers": [ledger("documents", 482, 479, ngram=2, near=1)],
    "benchmarks": [{"benchmark": "quiz"} | COUNTS],
    "too_short": 12,
    "too_common": 0,
    "by_language": {"en": {"kept": 378, "ngram": 2}, "zh": {"kept": 101, "near": 1}},
    "samples": [
        {
            "benchmark": "quiz",
            "item": "q1",
            "field": "question",
            "kind": "near",
            "share": 0.75,
            "doc_id": 71,
            "url": "http://held/",
            "stretch": "what was found",
            "text": "What is it?",
        }
    ],
}
LINES = {
    "ledgers": [ledger("documents", 479, 478, nothing_left=1), ledger("lines", 9000, 8900, repeated=90, blank=10)],
    "by_language": {"en": {"kept": 378, "nothing_left": 0}, "zh": {"kept": 100, "nothing_left": 1}},
    "cuts": [
        {
            "language": language,
            "documents": 300,
            "edited": 20,
            "emptied": emptied,
            "n_lines": 4500,
            "n_lines_removed": 45,
            "n_structured": 6,
            "n_spared": 5,
            "n_chars": 80_000,
            "n_chars_removed": 2000,
        }
        for language, emptied in (("en", 0), ("zh", 1))
    ],
    "samples": [{"language": "zh", "removed_from": 17, "line": 5, "kept_in": 6, "sample": "版权所有"}],
}

SPLIT = {
    "ledgers": [ledger("documents", 482, 479, near_valid=2, near_test=1)],
    "documents": {"train": 412, "valid": 40, "test": 30},
    "candidate_pairs": 1234,
    "likely_pairs": 56,
    "edges": 4,
    "too_short_for_near": 7,
    "too_long_for_near": 1,
    "catch_probability": 0.99,
    "crowded": 0,
    "least_bands": 32,
    "by_language": {"en": {"kept": 377, "near_valid": 2, "near_test": 1}, "zh": {"kept": 102}},
    "samples": [
        {
            "doc_id": 81,
            "step": "split",
            "split": "train",
            "duplicate_of": 82,
            "duplicate_of_split": "valid",
            "jaccard": 0.8125,
            "url": "http://train/",
            "text": "A copy",
            "duplicate_of_url": "http://valid/",
            "duplicate_of_text": "An original",
        }
    ],
}


def text_of(page):
    """The visible text of a page in one line."""
    body = re.sub("<style>.*?</style>|<title>.*?</title>", "", page, flags=re.DOTALL)
    return " ".join(re.sub("<[^>]*>", " ", body).split())


def finished():
    """Summaries of all stages that are always run."""
    return {"extract": EXTRACT, "filter": SELECT, "dedup": DEDUP, "tokenizer": TOKENIZER, "shards": SHARDS}


def model():
    """The files of a trained model."""
    return {
        "metrics.jsonl": "".join(json.dumps(line) + "\n" for line in METRICS),
        "summary.json": json.dumps(SUMMARY),
        "samples.txt": "== step 10\nEarly.\n--\n== step 20\nThe end\nof it.\n--\nOnce more.\n--\n",
    }


def with_optional_stages():
    """Summaries with decontamination and line deduplication."""
    documents = ledger("documents", 478, 478)
    return finished() | {
        "decontaminate": DECONTAMINATE,
        "line_dedup": LINES,
        "shards": SHARDS | {"ledgers": [documents]},
    }
