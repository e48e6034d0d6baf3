"""Tables are converted to Spark and back by column name."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from sluice.core.records.dedup import Edge, Removal
from sluice.core.records.docs import DocsRow, Quarantine, Signals
from sluice.data.arrow import arrow_schema, record_batch
from sluice.spark.engine.schemas import spark_schema


def test_spark_and_arrow_schemas_name_the_same_columns_in_the_same_order():
    assert spark_schema(DocsRow).fieldNames() == arrow_schema(DocsRow).names == list(DocsRow.__struct_fields__)
    assert spark_schema(Edge).simpleString() == "struct<u:bigint,v:bigint,jaccard:double>"
    assert spark_schema(Removal)["is_earlier"].dataType.simpleString() == "boolean"


def test_records_become_columns_by_name_and_missing_ones_null():
    record = Quarantine(crawl=1, warc_index=2, warc_name="w", rec_offset=3, rec_length=4, reason="truncated")
    row = record_batch([record], arrow_schema(DocsRow)).to_pylist()[0]
    present = {k: v for k, v in row.items() if v is not None}
    assert present == {
        "kind": "quarantine",
        "crawl": 1,
        "warc_index": 2,
        "warc_name": "w",
        "rec_offset": 3,
        "rec_length": 4,
        "reason": "truncated",
    }


def test_a_signal_struct_survives_spark(spark):
    schema = spark_schema(DocsRow)
    batch = record_batch([], arrow_schema(DocsRow))
    assert batch.num_rows == 0
    when = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)

    def one(batches):
        from sluice.core.records.docs import Document, Span

        for _ in batches:
            pass
        document = Document(
            crawl=1, warc_index=0, warc_name="w", rec_offset=0, doc_id=5, fetched_at=when, charset="utf-8",
            charset_by="meta", language="zh", language_score=0.5, script="Hani", n_chars=2, n_bytes=6,
            code_spans=[Span(start=0, end=1)], table_spans=[], n_extracted_chars=2,
            signals=Signals(n_words=2, han_share=0.25), text_hash=b"h", n_shingles=0, signature=None, text="你好",
        )  # fmt: skip
        yield record_batch([document], arrow_schema(DocsRow))

    row = spark.range(0, 1, 1, 1).mapInArrow(one, schema).collect()[0]
    assert (row["doc_id"], row["text"], row["signals"]["n_words"], row["signals"]["han_share"]) == (5, "你好", 2, 0.25)
    assert row["signals"]["char_entropy"] is None
    assert [span.asDict() for span in row["code_spans"]] == [{"start": 0, "end": 1}] and row["table_spans"] == []
    assert row["fetched_at"].astimezone(UTC) == when


def test_wrong_types_are_an_error_before_spark():
    with pytest.raises(pa.ArrowInvalid):
        record_batch([Edge(u=1, v="x", jaccard=0.5)], arrow_schema(Edge))
