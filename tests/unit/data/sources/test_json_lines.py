"""JSON lines as a table: parts for tasks, rows, and problems with their location."""

import gzip
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.config.dedup import SourceConfig
from sluice.core.errors import InputError
from sluice.data.sources.json_lines import Line, Piece, lines_of, parse_row, pieces_of, table_files
from sluice.data.sources.json_objects import replace_text


def parse(value, **settings):
    return parse_row(
        Line("f, byte 0", value if isinstance(value, bytes) else json.dumps(value).encode()), SourceConfig(**settings)
    )


def test_a_folder_with_parquet_and_json_lines_is_an_error(tmp_path):
    for name in ("b.jsonl", "a.json.gz", "c.ndjson.zst", "notes.txt"):
        (tmp_path / name).touch()
    kind, paths = table_files(SourceConfig(inputs=(str(tmp_path),)))
    assert kind == "json"
    assert [path.rpartition("/")[2] for path in paths] == ["a.json.gz", "b.jsonl", "c.ndjson.zst"]
    (tmp_path / "d.parquet").touch()
    with pytest.raises(InputError, match="contains both Parquet files and JSON lines"):
        table_files(SourceConfig(inputs=(str(tmp_path),)))
    assert table_files(SourceConfig(inputs=(f"{tmp_path}/*.parquet",))) == ("parquet", [f"{tmp_path}/d.parquet"])
    with pytest.raises(InputError, match="contains no table"):
        table_files(SourceConfig(inputs=(f"{tmp_path}/notes.txt",)))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    st.lists(st.binary(max_size=9).map(lambda b: b.replace(b"\n", b"")), max_size=12), st.integers(1, 30), st.booleans()
)
def test_parts_of_any_length_return_every_line_once(tmp_path_factory, lines, length, ends):
    path = tmp_path_factory.mktemp("pieces") / "a.jsonl"
    data = b"\n".join(lines) + (b"\n" if ends else b"")
    path.write_bytes(data)
    pieces = [Piece(str(path), at, min(at + length, len(data))) for at in range(0, len(data), length)]
    found = [line for piece in pieces for line in lines_of(piece)]
    expected = [line.rstrip(b"\r") for line in data.split(b"\n") if line.strip()]
    assert [line.data for line in found] == expected
    for line in found:
        at = int(line.place.rpartition(" ")[2])
        assert data[at : at + len(line.data)] == line.data


def test_a_compressed_file_is_one_part_with_numbered_lines(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a":1}\n\n{"a":2}\r\n'))
    (piece,) = pieces_of([str(path)])
    assert list(lines_of(piece)) == [Line(f"{path}, line 1", b'{"a":1}'), Line(f"{path}, line 3", b'{"a":2}')]


def test_a_row_is_read_from_the_configured_columns():
    row = parse(
        {"doc": 7, "body": "语", "score": 1, "date": "2024-02-03T04:05:06Z", "link": "http://a/"},
        id="doc",
        text="body",
        quality="score",
        fetched_at="date",
        url="link",
    )
    assert (row.place, row.problem, row.name, row.text, row.quality, row.url) == (
        "f, byte 0",
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
        (b"{", "not JSON: Input data was truncated"),
        (b'{"id": "\xff"}', "not JSON: "),
        (b"[" * 100_000, "not JSON: "),
        (b'{"id": "x", "text": "half of a pair: \\ud800 and more"}', "not JSON: "),
        (b'{"id": "\\udc00 and more", "text": "half of a pair"}', "not JSON: "),
        ([1], "not a JSON object"),
        ({"text": "a"}, "'id' is not a string or integer"),
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


@pytest.mark.parametrize("value", [{"id": "x"}, {"id": "x", "text": None}])
def test_a_missing_text_is_not_a_problem(value):
    row = parse(value, quality="q", fetched_at="t", url="u")
    assert (row.problem, row.text, row.quality, row.fetched_at, row.url) == (None, None, None, None, None)


def test_the_kept_lines_of_another_job_are_a_table(tmp_path):
    (tmp_path / "kept").mkdir()
    for name in ("part-00000-a-c000.txt.gz", "_SUCCESS", "notes.txt"):
        (tmp_path / "kept" / name).touch()
    assert table_files(SourceConfig(inputs=(str(tmp_path / "kept"),))) == (
        "json",
        [str(tmp_path / "kept" / "part-00000-a-c000.txt.gz")],
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
