"""JSON lines as a table: parts for tasks, rows, and problems with their location."""

import gzip
import json
from datetime import UTC, datetime
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.config.dedup import SourceConfig
from sluice.core.errors import InputError
from sluice.data.sources.json_lines import Line, lines_of, parse_row, read_json
from sluice.data.sources.json_objects import BOM, decode_object, is_json_lines, replace_text
from sluice.data.sources.table_files import Piece, TableFile, pieces_of, table_files


def parse(value, **settings):
    return parse_row(value if isinstance(value, bytes) else json.dumps(value).encode(), SourceConfig(**settings), {})


def piece(path, start, stop):
    return Piece("json", str(path), "", start, stop)


def test_a_folder_with_parquet_and_json_lines_is_an_error(tmp_path):
    for name in ("b.jsonl", "a.json.gz", "c.ndjson.zst", "notes.txt"):
        (tmp_path / name).touch()
    kind, files = table_files([str(tmp_path)])
    assert kind == "json"
    assert [file.path.rpartition("/")[2] for file in files] == ["a.json.gz", "b.jsonl", "c.ndjson.zst"]
    (tmp_path / "d.parquet").touch()
    with pytest.raises(InputError, match="contains Parquet files and JSON lines"):
        table_files([str(tmp_path)])
    assert table_files([f"{tmp_path}/*.parquet"]) == ("parquet", [(f"{tmp_path}/d.parquet", "")])
    with pytest.raises(InputError, match="contains no table"):
        table_files([f"{tmp_path}/notes.txt"])


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    st.lists(st.binary(max_size=9).map(lambda b: b.replace(b"\n", b"")), max_size=12), st.integers(1, 30), st.booleans()
)
def test_parts_of_any_length_return_every_line_once(tmp_path_factory, lines, length, ends):
    path = tmp_path_factory.mktemp("pieces") / "a.jsonl"
    data = b"\n".join(lines) + (b"\n" if ends else b"")
    path.write_bytes(data)
    pieces = [piece(path, at, min(at + length, len(data))) for at in range(0, len(data), length)]
    found = [line for part in pieces for line in lines_of(part)]
    expected = [line.rstrip(b"\r") for line in data.removeprefix(BOM).split(b"\n") if line.strip()]
    assert [line.data for line in found] == expected
    for line in found:
        assert data[line.position : line.position + len(line.data)] == line.data


def test_a_compressed_file_is_one_part_with_numbered_lines(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a":1}\n\n{"a":2}\r\n'))
    (whole,) = pieces_of("json", [TableFile(str(path))])
    assert list(lines_of(whole)) == [Line(1, b'{"a":1}'), Line(3, b'{"a":2}')]
    assert [row.place for row in read_json(whole, 0, SourceConfig())] == [f"{path}, line 1", f"{path}, line 3"]


def test_a_row_is_read_from_the_configured_columns():
    row = parse(
        {"doc": 7, "body": "语", "score": 1, "date": "2024-02-03T04:05:06Z", "link": "http://a/"},
        id="doc",
        text="body",
        quality="score",
        fetched_at="date",
        url="link",
    )
    assert (row.problem, row.name, row.text, row.quality, row.url) == (
        None,
        "7",
        "语",
        1.0,
        "http://a/",
    )
    assert row.fetched_at == datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"{", "not a JSON object: its objects span lines"),
        (b'{"id": "x"', "not a JSON object: Expecting ',' delimiter at character 10"),
        (b'{"id": "\xff"}', "not a JSON object: it is not UTF-8 at byte 8"),
        (b"[" * 100_000, "not a JSON object: it is nested too deeply"),
        ([1], "not a JSON object: it is an array. Write one object per line"),
        (7, "not a JSON object: it is a int"),
        ({"text": "a", "doc": 1}, "no field 'id'; there are 'text', 'doc'"),
        ({"id": "x", "content": "a"}, "no field 'text'; there are 'id', 'content'"),
        ({}, "no field 'id'; there are no fields"),
        ({"id": None, "text": "a"}, "'id' is not a string or integer"),
        ({"id": True, "text": "a"}, "'id' is not a string or integer"),
        ({"id": 1.5, "text": "a"}, "'id' is not a string or integer"),
        ({"id": "x", "text": 3}, "'text' is not a string"),
    ],
)
def test_an_invalid_line_has_its_problem(value, problem):
    row = parse(value)
    assert row.problem
    assert row.problem.startswith(problem)
    assert (row.name, row.text) == (None, None)


def test_a_text_that_is_null_and_other_missing_fields_are_no_problem():
    row = parse({"id": "x", "text": None}, quality="q", fetched_at="t", url="u")
    assert (row.problem, row.text, row.quality, row.fetched_at, row.url) == (None, None, None, None, None)


@pytest.mark.parametrize(
    ("line", "name", "text", "quality"),
    [
        (b'{"id": 1, "text": "a", "score": NaN}', "1", "a", None),
        (b'{"id": 1.0, "text": "a", "score": -Infinity}', "1", "a", -inf),
        (b'{"id": "x", "text": "a", "score": 1e400}', "x", "a", inf),
        (b'{"id": "x", "text": "a", "score": "0.9"}', "x", "a", 0.9),
        (b'{"id": "x", "text": "a", "score": "high"}', "x", "a", None),
        (b'{"id": "x", "text": "a", "score": true}', "x", "a", None),
        (b'{"id": "x", "text": "cut \\ud83d", "score": 1}', "x", "cut \ufffd", 1),
        (b'{"id": "x", "text": "\\ud83d\\ude00 \\ude00", "score": 1}', "x", "\U0001f600 \ufffd", 1),
        (b'{"id": "\\udc00 y", "text": "\\u0000", "score": 1}', "\ufffd y", "\0", 1),
    ],
)
def test_what_programs_write_instead_of_json_costs_no_document(line, name, text, quality):
    row = parse(line, quality="score")
    assert (row.problem, row.name, row.text, row.quality) == (None, name, text, quality)


def test_another_text_is_written_into_a_line_that_is_no_json():
    assert replace_text('{"id": 1, "score": NaN, "text": "a"}', "text", "b") == '{"id": 1, "score": NaN, "text": "b"}'
    assert replace_text('{"id":1,"a":1.0,"text":"a"}', "text", "b") == '{"id":1,"a":1.0,"text":"b"}'


@pytest.mark.parametrize(
    ("path", "is_lines"),
    [
        *(("a.jsonl", True), ("A.JSONL", True), ("a.json", True), ("a.ndjson.gz", True), ("b/a.Json.ZST", True)),
        *(("kept/part-00000-x.txt.gz", True), ("part-00000-x.txt.gz", False), ("a.txt", False), ("jsonl", False)),
    ],
)
def test_json_lines_are_recognised_by_name(path, is_lines):
    assert is_json_lines(path) == is_lines


VALUES = st.recursive(st.none() | st.floats() | st.text() | st.integers(-(2**63), 2**64 - 1), st.lists)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_whatever_python_writes_is_read_as_python_reads_it(value):
    line = json.dumps(value)
    read = decode_object(line.encode())
    assert json.dumps(read) == json.dumps(json.loads(line))  # text() has no surrogates


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": 1}\n{"id": 2}\n')
    for pieces in (pieces_of("json", [TableFile(str(path))]), [piece(path, 0, 5), piece(path, 5, 24)]):
        found = [line for part in pieces for line in lines_of(part)]
        assert found == [Line(3, b'{"id": 1}'), Line(13, b'{"id": 2}')]


def test_the_kept_lines_of_another_job_are_a_table(tmp_path):
    (tmp_path / "kept").mkdir()
    for name in ("part-00000-a-c000.txt.gz", "_SUCCESS", "notes.txt"):
        (tmp_path / "kept" / name).touch()
    assert table_files([str(tmp_path / "kept")]) == (
        "json",
        [TableFile(str(tmp_path / "kept" / "part-00000-a-c000.txt.gz"))],
    )


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda some: st.lists(some) | st.dictionaries(st.text(st.characters(codec="utf-8")), some),
    max_leaves=8,
)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["id", "text", "x", "é"]), VALUES), st.text(st.characters(codec="utf-8")))
def test_only_the_text_of_a_line_is_replaced(value, text):
    line = json.dumps(value | {"text": "before"})
    assert list(json.loads(replace_text(line, "text", text)).items()) == list((value | {"text": text}).items())


def test_other_values_of_a_line_keep_their_spelling():
    line = '{ "n": 1.50, "big": 123456789012345678901234567890, "e":1e400,"t": "\\u00e9\\/", "text": "ab" }'
    expected = '{"n":1.50,"big":123456789012345678901234567890,"e":1e400,"t":"\\u00e9\\/","text":"\\n中"}'
    assert replace_text(line, "text", "\n中") == expected


@pytest.mark.parametrize("value", ["yesterday", 5, "2024-13-01"])
def test_an_invalid_time_is_unknown(value):
    assert parse({"id": 1, "text": "", "t": value}, fetched_at="t").fetched_at is None
    assert parse({"id": 1, "text": "", "t": "2024-02-03"}, fetched_at="t").fetched_at == datetime(
        2024, 2, 3, tzinfo=UTC
    )
