"""Writes tables with the columns and types of Common Crawl's columnar index, for archives of the tests."""

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = pa.schema(
    [
        ("url", pa.string()),
        ("url_host_name", pa.string()),
        ("url_host_registered_domain", pa.string()),
        ("fetch_status", pa.int16()),
        ("content_digest", pa.string()),
        ("content_mime_detected", pa.string()),
        ("content_languages", pa.string()),
        ("content_truncated", pa.string()),
        ("warc_filename", pa.string()),
        ("warc_record_offset", pa.int32()),
        ("warc_record_length", pa.int32()),
    ]
)


def index_row(warc, offset, length, *, languages="zho", domain="one.test", mime="text/html", status=200):
    """A row of the index: one capture."""
    return {
        "url": f"https://www.{domain}/{offset}",
        "url_host_name": f"www.{domain}",
        "url_host_registered_domain": domain,
        "fetch_status": status,
        "content_digest": None,
        "content_mime_detected": mime,
        "content_languages": languages,
        "content_truncated": None,
        "warc_filename": warc,
        "warc_record_offset": offset,
        "warc_record_length": length,
    }


def write_index(path, rows, *, schema=SCHEMA, rows_per_group=2):
    """Writes a Parquet file with several row groups."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), path, row_group_size=rows_per_group)
    return str(path)
