"""A small run with a document of each outcome, written by hand."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sluice.core.records.corpus import Contamination, CutText, SplitRemoval
from sluice.core.records.dedup import Removal
from sluice.core.records.docs import Decision
from sluice.data.arrow import arrow_schema, record_batch
from tests.helpers.docs_table import document, rejection, write_run

STAGES = ("extract", "filter", "dedup", "decontaminate", "line_dedup", "split_check")
RULES = [
    {"name": "words", "signal": "n_words", "languages": ["en"], "min": 5.0, "max": None},
    {"name": "han", "signal": "han_share", "languages": ["zh"], "above": 0.1, "below": 0.9},
]
HOSTILE = """<script>globalThis.stolen = 1</script>" onmouseover="globalThis.stolen=1" <img src=x onerror=stolen=1>"""

CUT = dict.fromkeys(CutText.__struct_fields__, 0) | {"removed": [5], "n_lines_removed": 1, "n_chars_removed": 5}


def rows():
    """Documents 1 to 10 and two rejected pages. The comment names the outcome."""
    return [
        document(1, "en", text="The bridge is long.\nIt is old.", url="https://www.a.example/1", n_words=7),  # kept
        document(2, "en", text="Too short.", url="https://a.example/2", n_words=2),  # dropped by `words`
        document(3, "zh", text="今天天气很好，我们去公园。", url="https://b.example/3", han_share=0.8),  # kept
        document(
            4, "zh", text="今天天气很好，他们去公园。", url="https://b.example/4", han_share=0.8
        ),  # duplicate of 3
        document(5, "en", text="Question and answer.", url="https://a.example/5", n_words=9),  # benchmark item
        document(6, "en", text="Menu\nA text.", url="https://a.example/6", n_words=9),  # edited
        document(7, "en", text="Menu", url="https://a.example/7", n_words=9),  # nothing left
        document(8, "en", text="The bridge is long.\nIt is new.", url="https://a.example/8", n_words=7),  # leak of 1
        document(9, "en", text="Copy of an earlier crawl", url="https://a.example/9", n_words=9),  # earlier duplicate
        document(10, "en", text=HOSTILE, url='https://evil.example/"><script>stolen=1</script>', n_words=9),  # kept
        rejection(20, "fr", 0.9),
        rejection(21, None, None, reason="too_short"),
    ]


def tables():
    """Results of the stages, by directory."""
    return {
        "filter/decisions": [Decision(i, "words" if i == 2 else None, *((2.0, 5.0) if i == 2 else (None, None)))
                             for i in range(1, 11)],
        "dedup/removals": [
            Removal(4, "near", 3, 3, False, 0.85, 3),
            Removal(9, "exact", 99, 99, True, 1.0, None),
        ],
        "decontaminate/matches": [
            Contamination(5, "quiz", "b", "question", "ngram", 0.5, "question"),
            Contamination(5, "quiz", "a", "answer", "near", 0.9, "answer"),
        ],
        "line_dedup/cut_texts": [
            CutText(**CUT | {"doc_id": 6, "text": "A text."}),
            CutText(**CUT | {"doc_id": 7, "text": ""}),
            CutText(**CUT | {"doc_id": 1, "text": None, "removed": []}),
        ],
        "split_check/removals": [SplitRemoval(8, "near", "train", 1, "valid", 0.8125)],
    }  # fmt: skip


def write_stage(output: Path, name: str, upstream: str | None, settings=None, is_finished: bool = True) -> None:
    """Writes marker and summary of a stage whose digest is its name."""
    (output / name).mkdir(exist_ok=True)
    marker = {"stage": name, "digest": name, "upstream": upstream, "settings": settings or {}}
    (output / name / "_stage.json").write_text(json.dumps(marker))
    if is_finished:
        (output / name / "_summary.json").write_text(json.dumps({"stage": name, "digest": name}))


def write_output(output: Path, last: str = STAGES[-1], **options) -> Path:
    """Writes the run up to a stage."""
    write_run(output, rows(), **options)
    stages = STAGES[: STAGES.index(last) + 1]
    for before, name in zip((None, *stages), stages, strict=False):
        write_stage(output, name, before, {"rules": RULES} if name == "filter" else {})
    for path, records in tables().items():
        if path.partition("/")[0] in stages:
            (output / path).mkdir(parents=True)
            table = pa.Table.from_batches([record_batch(records, arrow_schema(type(records[0])))])
            pq.write_table(table, output / path / "part-0.parquet")
    return output
