"""Writes small docs tables for tests that read them without Spark."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sluice.core.records.docs import DocsRow, Rejection, Signals
from sluice.data.arrow import arrow_schema, record_batch


def document(doc_id, language, *, score=0.9, text="text", url="https://a.example/", **signals):
    """A row of the docs table."""
    values = dict.fromkeys(DocsRow.__struct_fields__)
    values |= {"kind": "doc", "doc_id": doc_id, "crawl": 1, "warc_index": 0, "warc_name": "w", "language": language}
    return DocsRow(**values | {"language_score": score, "signals": Signals(**signals), "text": text, "url": url})


def rejection(doc_id, language, score, reason="language"):
    """A rejected page."""
    place = {"crawl": 1, "warc_index": 0, "warc_name": "w", "rec_offset": 0}
    return Rejection(**place, doc_id=doc_id, fetched_at=None, reason=reason, language=language, language_score=score)


def write_run(output: Path, rows, *, files=1, group_rows=1000) -> str:
    """Writes `extract/docs` with one complete batch per file; returns the output's path."""
    schema = arrow_schema(DocsRow)
    for number in range(files):
        folder = output / "extract" / "docs" / f"batch={number:05d}" / "kind=doc"
        folder.mkdir(parents=True)
        table = pa.Table.from_batches([record_batch(rows[number::files], schema)]).drop_columns(["kind"])
        pq.write_table(table, folder / "part-0.parquet", row_group_size=group_rows)
        manifest = output / "extract" / "docs" / "_batches" / f"{number:05d}.json"
        manifest.parent.mkdir(exist_ok=True)
        manifest.write_text("{}")
    return str(output)
