"""A data frame as a dataset of the Hugging Face hub, read back with the package that users have."""

import pytest

from sluice import spark as sl
from sluice.core.errors import ConfigError, InputError
from tests.helpers.published import digests

SCHEMA = "`doc.id` long, body string, lang string, part string, tags array<string>"
ROWS = [
    (1, "The river rises in the hills.", "en", "train", ["a", "b"]),
    (2, "今天天气很好，我们去公园散步。", "zh", "train", []),
    (3, "Snow falls on the old bridge.", "en", "valid", None),
    (4, "石桥建于宋代。", "zh", "test", ["c"]),
]
NAMED = {"name": "mine", "id": "doc.id", "text": "body"}


def test_the_rows_are_loaded_by_language_and_split(spark, tmp_path):
    datasets = pytest.importorskip("datasets")
    df = spark.createDataFrame(ROWS, SCHEMA)
    target = str(tmp_path / "mine")
    made = sl.publish(df, target, **NAMED, language="lang", split="part", license="cc0-1.0")
    assert (made.rows, made.languages, made.license) == (4, ("en", "zh"), "cc0-1.0")
    loaded = datasets.load_dataset(target, cache_dir=str(tmp_path / "cache"))
    names = ("doc.id", "body", "lang", "part", "tags")
    found = {split: [tuple(row[name] for name in names) for row in loaded[split]] for split in loaded}
    assert found == {"train": [ROWS[0], ROWS[1]], "validation": [ROWS[2]], "test": [ROWS[3]]}
    chinese = datasets.load_dataset(target, "zh", split="test", cache_dir=str(tmp_path / "cache"))
    assert chinese["body"] == ["石桥建于宋代。"]


def test_chosen_columns_and_formats_are_written_and_partitions_make_no_difference(spark, tmp_path):
    df = spark.createDataFrame(ROWS, SCHEMA)
    options = {**NAMED, "columns": ["body", "doc.id"], "formats": ["parquet", "jsonl"]}
    made = sl.publish(df, str(tmp_path / "a"), **options)
    assert [column.name for column in made.columns] == ["body", "doc.id"]
    assert [file.path for file in made.files] == [
        "data/train-00000-of-00001.jsonl.zst",
        "data/train-00000-of-00001.parquet",
    ]
    sl.publish(df.repartition(3).orderBy("body"), str(tmp_path / "b"), **options)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_a_dataset_is_not_overwritten(spark, tmp_path):
    df = spark.createDataFrame(ROWS, SCHEMA)
    sl.publish(df, str(tmp_path), **NAMED)
    before = digests(tmp_path)
    with pytest.raises(InputError, match=r"already has a dataset\. Give another directory"):
        sl.publish(df.limit(1), str(tmp_path), **NAMED)
    assert digests(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"text": "txt"}, InputError, r"text='txt', but the columns of the data frame are \['doc\.id', 'body', 'lang'"),
        ({"language": "txt"}, InputError, r"language='txt', but the columns of the data frame are \['doc\.id'"),
        ({"columns": ["body", "txt"]}, InputError, r"columns='txt', but the columns of the data frame are"),
        ({"columns": ["lang"]}, InputError, r"columns=\['lang'\] does not contain the text column 'body'"),
        ({"formats": ["csv"]}, ConfigError, "publish.formats"),
        ({"formats": ["jsonl"]}, ConfigError, "formats must contain parquet"),
        ({"split": "body"}, InputError, "cannot be the name of a split"),
    ],
)
def test_unknown_columns_and_formats_are_errors_and_nothing_is_published(spark, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        sl.publish(spark.createDataFrame(ROWS, SCHEMA), str(tmp_path), **{**NAMED, **options})
    assert list(tmp_path.rglob("README.md")) == []


def test_a_frame_without_rows_is_an_error(spark, tmp_path):
    with pytest.raises(InputError, match="There are no documents to publish"):
        sl.publish(spark.createDataFrame([], SCHEMA), str(tmp_path), **NAMED)
