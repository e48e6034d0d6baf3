"""A columnar index is reduced to the wanted records of each archive."""

import random

import pyarrow as pa
import pytest

from sluice.core.config.plan import SelectionConfig
from sluice.core.errors import FormatError, InputError
from sluice.data.plan.cc_index import IndexCounts, iter_wanted, list_index
from tests.helpers.index_table import SCHEMA, index_row, write_index

EVERY = SelectionConfig()
ARCHIVES = ["crawl-data/a/0.warc.gz", "crawl-data/a/1.warc.gz", "crawl-data/b/0.warc.gz"]
ROWS = [
    index_row(ARCHIVES[2], 700, 70, languages="zho,eng", domain="two.test"),
    index_row(ARCHIVES[0], 500, 50, languages="zho"),
    index_row(ARCHIVES[0], 100, 10, languages="eng,zho"),
    index_row(ARCHIVES[2], 200, 20, languages="eng", status=404),
    index_row(ARCHIVES[2], 300, 30, languages=None, mime="application/pdf"),
    index_row(ARCHIVES[0], 600, 60, languages="zho", mime="application/xhtml+xml", domain="two.test"),
]


def found(files, selection=EVERY, archives=ARCHIVES):
    counts = IndexCounts()
    places = {
        number: list(zip(wanted.offsets.tolist(), wanted.lengths.tolist(), strict=True))
        for number, wanted in iter_wanted(files, selection, archives, counts)
    }
    return places, (counts.rows, counts.selected, counts.not_selected, counts.repeated)


@pytest.fixture
def index(tmp_path):
    return [write_index(tmp_path / "crawl=X" / "subset=warc" / "part-0.parquet", ROWS)]


def test_without_conditions_every_row_is_wanted_in_order_of_archive_and_offset(index):
    assert found(index) == (
        {0: [(100, 10), (500, 50), (600, 60)], 2: [(200, 20), (300, 30), (700, 70)]},
        (6, 6, 0, 0),
    )


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (SelectionConfig(languages=("zho",)), {0: [(500, 50), (600, 60)], 2: [(700, 70)]}),
        (
            SelectionConfig(languages=("zho",), language_rank="any"),
            {0: [(100, 10), (500, 50), (600, 60)], 2: [(700, 70)]},
        ),
        (SelectionConfig(languages=("eng", "zho")), {0: [(100, 10), (500, 50), (600, 60)], 2: [(200, 20), (700, 70)]}),
        (SelectionConfig(languages=("zh",)), {}),
        (SelectionConfig(languages=()), {}),
        (SelectionConfig(domains=("two.test",)), {0: [(600, 60)], 2: [(700, 70)]}),
        (SelectionConfig(mimes=("application/pdf", "application/xhtml+xml")), {0: [(600, 60)], 2: [(300, 30)]}),
        (SelectionConfig(statuses=(404, 301)), {2: [(200, 20)]}),
        (SelectionConfig(languages=("zho",), domains=("two.test",), mimes=("text/html",)), {2: [(700, 70)]}),
    ],
)
def test_only_rows_that_meet_every_condition_are_wanted(index, selection, expected):
    places, (rows, selected, not_selected, repeated) = found(index, selection)
    assert places == expected
    assert (rows, selected, not_selected, repeated) == (
        6,
        sum(map(len, expected.values())),
        6 - sum(map(len, expected.values())),
        0,
    )


def test_the_result_does_not_depend_on_the_order_of_rows_and_repeated_rows_count_once(tmp_path, index):
    shuffled = ROWS[:]
    random.Random(3).shuffle(shuffled)
    files = [
        write_index(tmp_path / "x" / "part-1.parquet", shuffled[:2]),
        write_index(tmp_path / "x" / "part-0.parquet", [*shuffled[2:], shuffled[0]]),
    ]
    places, counts = found(files)
    assert places == found(index)[0]
    assert counts == (7, 6, 0, 1)
    assert found(files[::-1]) == (places, counts)
    assert list_index([str(tmp_path / "x"), f"{tmp_path}/**/part-1.parquet"]) == sorted(files)


def test_an_archive_is_matched_by_the_end_of_its_path(index):
    mirror = [f"mnt/mirror/{name}" for name in ARCHIVES]
    assert found(index, archives=mirror)[0] == found(index)[0]
    with pytest.raises(InputError, match=r"x/crawl-data/a/0\.warc\.gz and y/crawl-data/a/0\.warc\.gz both match"):
        found(index, archives=[f"x/{ARCHIVES[0]}", f"y/{ARCHIVES[0]}", ARCHIVES[2]])


def test_index_archives_missing_from_the_inputs_are_an_error_with_their_names(index):
    with pytest.raises(InputError, match=r"part-0\.parquet names .*not in plan\.inputs: crawl-data/b/0\.warc\.gz\."):
        found(index, archives=ARCHIVES[:2])
    with pytest.raises(InputError, match=r"crawl-data/a/0\.warc\.gz and crawl-data/b/0\.warc\.gz\.|b/0.*a/0"):
        found(index, archives=["0.warc.gz"])


def test_a_missing_column_is_an_error_with_the_existing_columns(tmp_path):
    schema = SCHEMA.remove(SCHEMA.get_field_index("content_languages"))
    index = [write_index(tmp_path / "old.parquet", ROWS, schema=schema)]
    with pytest.raises(
        FormatError,
        match=r"old\.parquet has no column content_languages, but url, .*Expected the columns of .*cc-index-table",
    ):
        found(index, SelectionConfig(languages=("zho",)))
    assert len(found(index, SelectionConfig(domains=("two.test",)))[0]) == 2  # the column is needed for languages only
    schema = pa.schema([("filename", pa.string()), ("offset", pa.int64())])
    index = [write_index(tmp_path / "other.parquet", [], schema=schema)]
    with pytest.raises(FormatError, match=r"no column warc_filename, warc_record_offset and warc_record_length, but"):
        found(index)


def test_a_column_of_another_type_is_an_error_with_both_types(tmp_path):
    place = SCHEMA.get_field_index("warc_record_offset")
    schema = SCHEMA.set(place, pa.field("warc_record_offset", pa.string()))
    index = [write_index(tmp_path / "x.parquet", [ROWS[0] | {"warc_record_offset": "7"}], schema=schema)]
    with pytest.raises(FormatError, match="warc_record_offset is string, expected integers"):
        found(index)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([index_row(ARCHIVES[0], -1, 5)], "offsets below 0"),
        ([index_row(ARCHIVES[0], 1, 0)], "lengths not from 1"),
        ([index_row(ARCHIVES[0], None, 5)], "rows without"),
        ([index_row(ARCHIVES[0], 10, 6), index_row(ARCHIVES[0], 15, 5)], "overlap: 6 bytes at 10, and one at 15"),
        ([index_row(ARCHIVES[0], 10, 6), index_row(ARCHIVES[0], 10, 7)], "overlap"),
    ],
)
def test_invalid_offsets_and_lengths_are_errors(tmp_path, rows, words):
    with pytest.raises(FormatError, match=words):
        found([write_index(tmp_path / "x.parquet", rows)])


def test_a_file_that_is_not_parquet_and_a_folder_without_parquet_are_errors(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"not a table at all")
    with pytest.raises(FormatError, match=r"x\.parquet is not a Parquet file"):
        found([str(tmp_path / "x.parquet")])
    (tmp_path / "x.parquet").rename(tmp_path / "x.cdx")
    with pytest.raises(InputError, match=rf"{tmp_path} contains 1 files but no \*\.parquet"):
        list_index([str(tmp_path)])


def test_an_empty_index_has_no_wanted_records(tmp_path):
    assert found([write_index(tmp_path / "x.parquet", [])], SelectionConfig(languages=("zho",))) == ({}, (0, 0, 0, 0))
