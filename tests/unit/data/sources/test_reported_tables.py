"""Tables after public bug reports: every row is read or has a problem, and what is kept has every column and type."""

import pyarrow.parquet as pq
import pytest

from sluice.core.config.dedup import SourceConfig
from sluice.data.sources.changes import Change
from sluice.data.sources.table import check_columns, keep_piece, read_piece
from sluice.data.sources.table_files import pieces_of, table_files

DOTTED = {"id": "doc.id", "text": "doc.text"}
CASES = [  # folder, settings, rows, unreadable
    ("01-json-by-extension/a.json", {}, 60, 0),
    ("01-json-by-extension/A.JSONL", {}, 60, 0),
    ("01-json-by-extension/kept", {}, 60, 0),
    ("02-kept-loses-columns/hive", {"url": "lang"}, 40, 0),
    ("03-unreadable-neighbour-column/nanos", {"fetched_at": "date"}, 40, 0),
    ("03-unreadable-neighbour-column/half", {"quality": "h"}, 40, 0),
    ("03-unreadable-neighbour-column/time", {}, 40, 0),
    ("04-dotted-column/dotted", DOTTED, 40, 0),
    ("04-dotted-column/case", {}, 40, 0),
    ("05-hidden-files/delta", {}, 40, 0),
    ("05-hidden-files/hf", {}, 40, 0),
    ("05-hidden-files/mac", {}, 40, 0),
    ("05-hidden-files/nb", {}, 40, 0),
    ("05-hidden-files/tmp", {}, 40, 0),
    ("06-bom/bom", {}, 400, 0),
    ("06-bom/bom40", {}, 40, 0),
    ("07-nan-and-surrogates/nan", {"quality": "score"}, 400, 0),
    ("13-missing-text-field/nofield", {}, 40, 40),
    ("13-missing-text-field/nofield", {"text": "content"}, 40, 0),
    ("14-mixed-schema-traceback/mixed", {}, 40, 0),
    ("14-mixed-schema-traceback/mixed2", {}, 40, 0),
    ("19-broken-utf8-in-parquet/badutf8", {}, 40, 1),
    ("19-broken-utf8-in-parquet/binid", {}, 40, 0),
    ("20-nan-quality/nanq", {"quality": "score"}, 8, 0),
]


@pytest.mark.parametrize(("folder", "config", "total", "unreadable"), CASES)
def test_every_row_of_a_reported_table_is_read(shared_data, tmp_path, folder, config, total, unreadable):
    source = SourceConfig(inputs=(str(shared_data / "reports" / "tables" / folder),), **config)
    kind, files = table_files(source.inputs)
    check_columns(kind, files, source)
    pieces = list(pieces_of(kind, files))
    rows = [
        row for i, piece in enumerate(pieces) for batch in read_piece(piece, i, source) for row in batch.to_pylist()
    ]
    assert (len(rows), sum(row["problem"] is not None for row in rows)) == (total, unreadable)
    names = [row["name"] for row in rows if row["problem"] is None]
    assert len(set(names)) == total - unreadable
    for number, piece in enumerate(pieces):
        some = [row for row in rows if row["piece"] == number]
        gone = [row["position"] for row in some if row["problem"] is not None or row["position"] == some[0]["position"]]
        count = keep_piece(piece, number, source, [Change(at, None) for at in gone], str(tmp_path))
        assert count == len(some) - len(gone)
        if kind == "parquet":
            kept = tmp_path / piece.folder / f"part-{number:05d}.parquet"
            before = pq.ParquetFile(piece.path).read()
            assert pq.read_schema(kept).equals(before.schema, check_metadata=True)
            stays = [i for i in range(len(before)) if i not in gone]
            assert str(pq.ParquetFile(kept).read().drop_columns(source.text).to_pylist()) == str(
                before.drop_columns(source.text).take(stays).to_pylist()
            )


def test_a_nan_is_no_quality(shared_data):
    source = SourceConfig(inputs=(str(shared_data / "reports/tables/20-nan-quality/nanq"),), quality="score")
    (piece,) = pieces_of(*table_files(source.inputs))
    rows = [row for batch in read_piece(piece, 0, source) for row in batch.to_pylist()]
    assert {row["name"]: row["quality"] for row in rows if row["name"][0] in "ab"} == {
        "a scored 0.9": 0.9,
        "a nan": None,
        "b nan": None,
        "b scored 0.9": 0.9,
    }
