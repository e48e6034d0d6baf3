"""Parquet and Arrow files as a table: every type of column comes back as it was, and only unreadable rows are lost."""

import datetime as dt
import decimal
import itertools
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.config.dedup import SourceConfig
from sluice.core.errors import FormatError, InputError, StageError
from sluice.data.sources.changes import Change, Changes
from sluice.data.sources.parquet_table import keep_columnar, read_columnar
from sluice.data.sources.table import check_columns
from sluice.data.sources.table_files import PIECE, Piece, TableFile, pieces_of, table_files

N = 7
DAY = dt.date(2024, 5, 6)
NOON = dt.datetime(2024, 5, 6, 12, 30, 15, 123456)
POINT = pa.struct([("x", pa.float64()), ("name", pa.string())])
COLUMNS = {
    **{str(kind): pa.array([None, *range(N - 1)], kind) for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64())},
    **{str(kind): pa.array([None, *range(N - 1)], kind) for kind in (pa.uint8(), pa.uint16(), pa.uint32())},
    "uint64": pa.array([2**64 - 1, None, *range(N - 2)], pa.uint64()),
    "halffloat": pa.array([1.5, None, 0.25, 0, 0, 0, 0], pa.float32()).cast(pa.float16()),
    "float": pa.array([float("nan"), None, *range(N - 2)], pa.float32()),
    "double": pa.array([float("nan"), float("inf"), *range(N - 2)], pa.float64()),
    "bool": pa.array([True, None, False, True, True, False, None]),
    "decimal": pa.array([decimal.Decimal("12.340"), None, *map(decimal.Decimal, range(N - 2))], pa.decimal128(20, 3)),
    "wide decimal": pa.array([decimal.Decimal(10) ** 60, *[None] * (N - 1)], pa.decimal256(70, 0)),
    "string": pa.array(["中文", "", None, *"abcd"]),
    "large_string": pa.array(["中文", "", None, *"abcd"], pa.large_string()),
    "binary": pa.array([b"\xff\x00", b"", None, *[b"x"] * (N - 3)], pa.binary()),
    "fixed": pa.array([b"12345678", None, *[b"abcdefgh"] * (N - 2)], pa.binary(8)),
    "dictionary": pa.array(["a", "b", None, "a", "b", "a", "c"]).dictionary_encode(),
    "date32": pa.array([DAY, None, *[DAY] * (N - 2)], pa.date32()),
    "time32": pa.array([NOON.time().replace(microsecond=0), *[None] * (N - 1)], pa.time32("ms")),
    "time64": pa.array([NOON.time(), *[None] * (N - 1)], pa.time64("us")),
    "nanos": pa.array([1714998615123456789, None, *range(N - 2)], pa.timestamp("ns")),
    "micros in a zone": pa.array([NOON, *[None] * (N - 1)], pa.timestamp("us", "Asia/Shanghai")),
    "millis": pa.array([NOON.replace(microsecond=0), *[None] * (N - 1)], pa.timestamp("ms")),
    "duration": pa.array([dt.timedelta(seconds=5), *[None] * (N - 1)], pa.duration("us")),
    "list": pa.array([[1, None], [], None, [2], [3], [4], [5]], pa.list_(pa.int32())),
    "list of structs": pa.array([[{"x": 1.0, "name": "a"}], None, *[[]] * (N - 2)], pa.list_(POINT)),
    "fixed list": pa.array([[1, 2], None, *[[3, 4]] * (N - 2)], pa.list_(pa.int16(), 2)),
    "struct": pa.array([{"x": 1.0, "name": None}, None, *[{"x": None, "name": "b"}] * (N - 2)], POINT),
    "map": pa.array([[("a", 1)], None, *[[]] * (N - 2)], pa.map_(pa.string(), pa.int64())),
    "null": pa.nulls(N),
    "uuid": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([uuid.UUID(int=7).bytes] * N, pa.binary(16))),
    "a name with . and `": pa.array(range(N)),
}


def write(path, columns, **options):
    table = pa.table(columns).replace_schema_metadata({"mine": "kept"})
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".arrow":
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)
    else:
        pq.write_table(table, path, **options)
    return str(path)


def whole(path, folder=""):
    return Piece("arrow" if path.endswith(".arrow") else "parquet", path, folder, 0, None)


def read(path, folder="", **config):
    batches = list(read_columnar(whole(path, folder), 3, SourceConfig(**config)))
    return [row for batch in batches for row in batch.to_pylist()]


def same(one, other):
    """Whether two tables are equal, where NaN equals NaN."""
    return one.schema.equals(other.schema, check_metadata=True) and str(one.to_pylist()) == str(other.to_pylist())


@pytest.mark.parametrize("name", COLUMNS)
def test_kept_and_removed_rows_are_the_input_value_for_value(tmp_path, name):
    columns = {"id": list(range(N)), "text": [f"text {i}" for i in range(N)], name: COLUMNS[name]}
    path = write(tmp_path / "a.parquet", columns, row_group_size=3)
    before = pq.read_table(path)
    changes = [Change(0, None), Change(4, None), Change(6, None)]
    assert keep_columnar(whole(path), SourceConfig(), Changes(changes), str(tmp_path / "kept.parquet")) == 4
    assert same(pq.read_table(tmp_path / "kept.parquet"), before.take([1, 2, 3, 5]))
    changes = [Change(i, None) for i in (1, 2, 3, 5)]
    assert keep_columnar(whole(path), SourceConfig(), Changes(changes), str(tmp_path / "gone.parquet")) == 3
    assert same(pq.read_table(tmp_path / "gone.parquet"), before.take([0, 4, 6]))
    assert [row["name"] for row in read(path)] == list("0123456")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())])
def test_an_edited_text_keeps_its_type_and_its_neighbours(tmp_path, kind):
    texts = pa.array(["a", None, "中", "d"]).cast(kind)
    path = write(tmp_path / "a.parquet", {"id": [1, 2, 3, 4], "text": texts, "n": [0.5, 1, 2, 3]})
    keep_columnar(
        whole(path), SourceConfig(), Changes([Change(0, "é"), Change(2, None)]), str(tmp_path / "kept.parquet")
    )
    kept = pq.read_table(tmp_path / "kept.parquet")
    assert kept.schema.equals(pq.read_schema(path))
    assert kept["text"].cast(pa.string()).to_pylist() == ["é", None, "d"]
    assert kept["n"].to_pylist() == [0.5, 1, 3]


def test_an_edited_text_within_a_struct_keeps_the_other_fields(tmp_path):
    doc = pa.array([{"text": "a", "n": 1}, None, {"text": "c", "n": 3}])
    path = write(tmp_path / "a.parquet", {"id": [1, 2, 3], "doc": doc})
    config = SourceConfig(text="doc.text")
    assert [row["text"] for row in read(path, text="doc.text")] == ["a", None, "c"]
    keep_columnar(whole(path), config, Changes([Change(2, "neu")]), str(tmp_path / "kept.parquet"))
    kept = pq.read_table(tmp_path / "kept.parquet")["doc"].to_pylist()
    assert kept == [{"text": "a", "n": 1}, None, {"text": "neu", "n": 3}]


def test_timestamps_of_96_bits_stay_readable_by_old_programs(tmp_path):
    columns = {"id": [1, 2], "text": ["a", "b"], "t": pa.array([NOON, None])}
    path = write(tmp_path / "a.parquet", columns, use_deprecated_int96_timestamps=True)
    keep_columnar(whole(path), SourceConfig(), Changes([]), str(tmp_path / "kept.parquet"))
    assert pq.ParquetFile(tmp_path / "kept.parquet").schema.column(2).physical_type == "INT96"
    assert pq.read_table(tmp_path / "kept.parquet")["t"].to_pylist()[0] == NOON


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.integers(0, 40),
    st.integers(1, 9),
    st.sets(st.integers(0, 39)),
    st.lists(st.integers(1, 5000), max_size=5, unique=True),
)
def test_pieces_of_any_size_have_every_row_once(tmp_path_factory, rows, group, gone, cuts):
    folder = tmp_path_factory.mktemp("pieces")
    path = write(folder / "a.parquet", {"id": range(rows), "text": pa.array(["x"] * rows)}, row_group_size=group)
    size = (folder / "a.parquet").stat().st_size
    ends = sorted({0, size, *(cut for cut in cuts if cut < size)})
    found, kept = [], []
    for start, stop in itertools.pairwise(ends):
        piece = Piece("parquet", path, "", start, stop)
        some = [row for batch in read_columnar(piece, 0, SourceConfig()) for row in batch.to_pylist()]
        found += [(row["position"], row["name"]) for row in some]
        changes = [Change(row["position"], None) for row in some if row["position"] in gone]
        out = folder / f"{start}.parquet"
        if keep_columnar(piece, SourceConfig(), Changes(changes), str(out)) is not None:
            kept += pq.read_table(out)["id"].to_pylist()
    assert sorted(found) == [(i, str(i)) for i in range(rows)]
    assert sorted(kept) == [i for i in range(rows) if i not in gone]
    assert list(folder.glob("*.parquet"))[1:]  # a table without rows is kept with its columns, too


def test_a_file_without_rows_keeps_its_columns(tmp_path):
    path = write(tmp_path / "a.parquet", {"id": pa.array([], pa.int64()), "text": pa.array([], pa.string())})
    (piece,) = pieces_of("parquet", [TableFile(path)])
    assert read(path) == []
    assert keep_columnar(piece, SourceConfig(), Changes([]), str(tmp_path / "kept.parquet")) == 0
    assert pq.read_schema(tmp_path / "kept.parquet").names == ["id", "text"]


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        (pa.array([5, None], pa.int32()), ["5", None]),
        (pa.array([2**64 - 1, 0], pa.uint64()), ["18446744073709551615", "0"]),
        (pa.array([3.0, 1.5]), ["3", None]),
        (pa.array([2.0**60, float("nan")]), ["1152921504606846976", None]),
        (pa.array([b"doc 1", b"\x9e\x01"]), ["doc 1", "9e01"]),
        (pa.array([bytes(16), b"0123456789abcdef"]), ["00" * 16, "0123456789abcdef"]),
        (pa.array([b"0123456789abcdef", None], pa.binary(16)), ["30313233343536373839616263646566", None]),
        (pa.array(["x", "x"]).dictionary_encode(), ["x", "x"]),
        (pa.array(["x", "y"], pa.large_string()), ["x", "y"]),
        (pa.array([decimal.Decimal(7), None], pa.decimal128(20, 0)), ["7", None]),
        (pa.array([DAY, None]), ["2024-05-06", None]),
    ],
)
def test_ids_of_any_type_become_strings(tmp_path, ids, names):
    path = write(tmp_path / "a.parquet", {"id": ids, "text": ["a", "b"]})
    rows = read(path)
    assert [row["name"] for row in rows] == names
    assert [row["problem"] is None for row in rows] == [name is not None for name in names]
    assert [row["place"] for row in rows] == [None if name else f"{path}, row {i}" for i, name in enumerate(names)]


def broken_strings(values):
    return pa.array(values, pa.binary()).view(pa.string())


def test_bytes_that_are_no_utf_8_cost_one_row_and_are_kept_in_other_columns(tmp_path):
    columns = {"id": ["1", "2", "3"], "text": broken_strings([b"good", b"caf\xe9", None])}
    path = write(tmp_path / "a.parquet", columns | {"note": broken_strings([b"\xff", b"b", b"c"])})
    rows = read(path, url="note")
    assert [(row["problem"], row["text"], row["url"]) for row in rows] == [
        (None, "good", None),
        ("'text' is not UTF-8 at byte 3", None, "b"),
        (None, None, "c"),
    ]
    changes = Changes([Change(0, "new")])
    keep_columnar(whole(path), SourceConfig(), changes, str(tmp_path / "kept.parquet"))
    kept = pq.read_table(tmp_path / "kept.parquet")
    assert kept["note"].cast(pa.binary()).to_pylist() == [b"\xff", b"b", b"c"]
    assert kept["text"].cast(pa.binary()).to_pylist() == [b"new", b"caf\xe9", None]


def test_numbers_and_times_of_any_type_are_read(tmp_path):
    when = {
        "ns": pa.array([1714998615123456789, None], pa.timestamp("ns")),
        "zone": pa.array([NOON, None], pa.timestamp("us", "Asia/Shanghai")),
        "day": pa.array([DAY, None]),
        "text": pa.array(["2024-05-06T12:30:15+08:00", "yesterday"]),
    }
    utc = dt.UTC
    expected = {
        "ns": dt.datetime(2024, 5, 6, 12, 30, 15, 123456, utc),
        "zone": dt.datetime(2024, 5, 6, 12, 30, 15, 123456, utc),
        "day": dt.datetime(2024, 5, 6, tzinfo=utc),
        "text": dt.datetime(2024, 5, 6, 4, 30, 15, tzinfo=utc),
    }
    for name, column in when.items():
        path = write(tmp_path / f"{name}.parquet", {"id": [1, 2], "text": ["a", "b"], "when": column})
        assert [row["fetched_at"] for row in read(path, fetched_at="when")] == [expected[name], None]
    score = {
        "half": pa.array([0.5, float("nan")], pa.float32()).cast(pa.float16()),
        "decimal": pa.array([decimal.Decimal("0.50"), None], pa.decimal128(5, 2)),
        "text": pa.array(["0.5", "high"]),
        "double": pa.array([0.5, float("nan")]),
    }
    for name, column in score.items():
        path = write(tmp_path / f"{name}.parquet", {"id": [1, 2], "text": ["a", "b"], "score": column})
        assert [row["quality"] for row in read(path, quality="score")] == [0.5, None]


def test_columns_are_found_by_their_exact_name(tmp_path):
    columns = {"doc.id": [1, 2], "text": ["right", "right"], "Text": ["wrong", "wrong"], "meta.lang": ["en", "zh"]}
    rows = read(write(tmp_path / "a.parquet", columns), id="doc.id", url="meta.lang")
    assert [(row["name"], row["text"], row["url"]) for row in rows] == [("1", "right", "en"), ("2", "right", "zh")]
    table = pa.Table.from_arrays([pa.array([1]), pa.array(["a"]), pa.array(["b"])], ["id", "text", "text"])
    pq.write_table(table, tmp_path / "twice.parquet")
    with pytest.raises(InputError, match="2 columns are called 'text'"):
        read(str(tmp_path / "twice.parquet"))


def test_partition_columns_are_in_the_names_of_folders(tmp_path):
    for lang, extra in (("en", {}), ("zh%20TW", {"license": ["CC"]}), ("__HIVE_DEFAULT_PARTITION__", {})):
        write(tmp_path / "t" / f"lang={lang}" / "a.parquet", {"id": [lang], "text": ["x"], **extra})
    kind, files = table_files([str(tmp_path / "t")])
    config = SourceConfig(url="lang", quality="license")
    check_columns(kind, files, config)  # the second file has `license`
    rows = [row for path, folder in files for row in read(path, folder, url="lang")]
    assert [(row["name"], row["url"]) for row in rows] == [
        ("__HIVE_DEFAULT_PARTITION__", None),
        ("en", "en"),
        ("zh%20TW", "zh TW"),
    ]
    assert [file.folder for file in files] == ["lang=__HIVE_DEFAULT_PARTITION__", "lang=en", "lang=zh%20TW"]
    with pytest.raises(
        InputError,
        match=r"source.url='page', but no file has this column. The columns are \['id', 'text', 'lang', 'lic",
    ):
        check_columns(kind, files, SourceConfig(url="page"))


@pytest.mark.parametrize(
    ("columns", "config", "message"),
    [
        ({"id": [1], "content": ["a"]}, {}, r"source.text='text', but the columns of .* are \['id', 'content'\]"),
        ({"id": [1], "text": [["a"]]}, {}, r"source.text='text': the column has the type list<.*expected a string"),
        ({"id": [[1]], "text": ["a"]}, {}, r"source.id='id': the column has the type list<.*a string, an integer or"),
        ({"id": [True], "text": ["a"]}, {}, "source.id='id': the column has the type bool"),
        ({"id": [1], "text": [5]}, {}, "source.text='text': the column has the type int64"),
        ({"id": [1], "text": ["a"], "t": [5]}, {"fetched_at": "t"}, "the type int64 in .*; expected a timestamp, a da"),
        ({"id": [1], "text": ["a"], "q": [DAY]}, {"quality": "q"}, r"the type date32\[day\] in .*; expected a number"),
        ({"id": [1], "doc": [{"body": "a"}]}, {"text": "doc.text"}, r"source.text='doc.text', but the columns"),
    ],
)
def test_a_missing_column_or_another_type_is_an_error_before_anything_is_read(tmp_path, columns, config, message):
    path = write(tmp_path / "a.parquet", columns)
    with pytest.raises(InputError, match=message):
        check_columns("parquet", [TableFile(path)], SourceConfig(**config))
    with pytest.raises(InputError, match=message):
        read(path, **config)


def test_files_that_are_no_parquet_or_cut_off_are_named(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(FormatError, match=r"a\.parquet is not a Parquet file"):
        read(str(tmp_path / "a.parquet"))
    path = write(tmp_path / "b.parquet", {"id": range(9000), "text": [f"text {i}" for i in range(9000)]})
    data = bytearray((tmp_path / "b.parquet").read_bytes())
    data[100:9000] = bytes(8900)
    (tmp_path / "b.parquet").write_bytes(data)
    with pytest.raises(FormatError, match=r"b\.parquet cannot be read: .* Write it again"):
        read(path)
    (tmp_path / "c.arrow").write_bytes(b"no arrow")
    with pytest.raises(FormatError, match=r"c\.arrow cannot be read"):
        read(str(tmp_path / "c.arrow"))


def test_a_file_that_lost_rows_meanwhile_is_an_error(tmp_path):
    from sluice.data.sources.table import keep_piece

    path = write(tmp_path / "a.parquet", {"id": [1, 2], "text": ["a", "b"]})
    with pytest.raises(StageError, match=r"a\.parquet has no row at position 2 any more"):
        keep_piece(whole(path), 0, SourceConfig(), [Change(1, None), Change(2, None)], str(tmp_path / "kept"))


def test_arrow_files_are_tables_and_kept_as_parquet(tmp_path):
    columns = {"id": [1, 2], "text": ["a", "b"], "label": pa.array(["x", "y"]).dictionary_encode()}
    path = write(tmp_path / "data-00000-of-00001.arrow", columns)
    assert [(row["position"], row["name"], row["text"]) for row in read(path)] == [(0, "1", "a"), (1, "2", "b")]
    keep_columnar(whole(path), SourceConfig(), Changes([Change(0, None)]), str(tmp_path / "kept.parquet"))
    kept = pq.read_table(tmp_path / "kept.parquet")
    assert kept.schema.equals(pa.table(columns).schema)
    assert kept.to_pylist() == [{"id": 2, "text": "b", "label": "y"}]


def test_a_large_file_is_divided(tmp_path, monkeypatch):
    monkeypatch.setattr("sluice.data.storage.size", lambda path: 2 * PIECE + 5)
    bounds = [(piece.start, piece.stop) for piece in pieces_of("parquet", [TableFile("a.parquet")])]
    assert bounds == [(0, PIECE), (PIECE, 2 * PIECE), (2 * PIECE, 2 * PIECE + 5)]
    assert [piece.stop for piece in pieces_of("csv", [TableFile("a.csv")])] == [None]
