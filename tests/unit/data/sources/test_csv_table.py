"""CSV and TSV files as a table: quoted fields, bad records, and kept records with the same values."""

import csv
import gzip
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.config.dedup import SourceConfig
from sluice.core.errors import InputError
from sluice.data.sources.changes import Change
from sluice.data.sources.table import check_columns, keep_piece, read_piece
from sluice.data.sources.table_files import Piece, TableFile


def piece(path, folder=""):
    return Piece("csv", str(path), folder, 0, None)


def rows(path, folder="", **config):
    return [row for batch in read_piece(piece(path, folder), 0, SourceConfig(**config)) for row in batch.to_pylist()]


def kept(path, changes, folder="", **config):
    out = path.parent / "kept"
    count = keep_piece(piece(path, folder), 2, SourceConfig(**config), changes, str(out))
    (file,) = out.rglob("part-00002.*")
    return count, file.name, gzip.decompress(file.read_bytes()).decode("utf-8", "surrogateescape")


def test_records_may_span_lines_and_begin_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeffid,text,score\r\n1,"two\nlines, ""quoted""",0.5\r\n\r\n2,中文,high\r\n'.encode())
    assert [(row["position"], row["name"], row["text"], row["quality"]) for row in rows(path, quality="score")] == [
        (1, "1", 'two\nlines, "quoted"', 0.5),
        (3, "2", "中文", None),
    ]
    assert kept(path, [Change(3, "new\tone")]) == (
        2,
        "part-00002.csv.gz",
        'id,text,score\r\n1,"two\nlines, ""quoted""",0.5\r\n2,new\tone,high\r\n',
    )


def test_tabs_separate_the_fields_of_tsv(tmp_path):
    path = tmp_path / "lang=zh" / "a.tsv.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(b"id\tbody\n7\ta, b\n8\t\n"))
    found = rows(path, "lang=zh", text="body", url="lang")
    assert [(row["name"], row["text"], row["url"]) for row in found] == [("7", "a, b", "zh"), ("8", "", "zh")]
    assert kept(path, [Change(2, None)], "lang=zh", text="body") == (1, "part-00002.tsv.gz", "id\tbody\r\n7\ta, b\r\n")


def test_bad_records_are_problems_with_their_number(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,text,note\n1,caf\xe9,x\n2,a\n,b,c\n3,good,caf\xe9\n")
    assert [(row["place"], row["problem"]) for row in rows(path)] == [
        (f"{path}, record 1", "it is not UTF-8"),
        (f"{path}, record 2", "2 fields, but the header has 3"),
        (f"{path}, record 3", "'id' is empty"),
        (None, None),
    ]
    changes = [Change(1, None), Change(2, None), Change(3, None)]
    assert kept(path, changes)[2].encode("utf-8", "surrogateescape") == b"id,text,note\r\n3,good,caf\xe9\r\n"


def test_a_missing_column_and_an_empty_file_are_errors(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id;text\n1;a\n")
    with pytest.raises(InputError, match=r"source.id='id', but the columns of .* are \['id;text'\]"):
        check_columns("csv", [TableFile(str(path))], SourceConfig())
    path.write_text("")
    with pytest.raises(InputError, match=r"a\.csv is empty: expected a first line with the names of the columns"):
        check_columns("csv", [TableFile(str(path))], SourceConfig())


FIELDS = st.text(st.characters(codec="utf-8"), max_size=5)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.tuples(FIELDS, FIELDS), max_size=6))
def test_kept_records_have_the_values_of_the_input(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("csv")
    stream = io.StringIO()
    writer = csv.writer(stream)
    records = [["id", "text", "x"], *([str(i), *pair] for i, pair in enumerate(values))]
    writer.writerows(records)
    path = folder / "a.csv"
    path.write_bytes(stream.getvalue().encode())
    assert [row["text"] for row in rows(path)] == [text for text, _ in values]
    count, _, written = kept(path, [])
    assert count == len(values)
    assert list(csv.reader(io.StringIO(written, newline=""))) == records
