"""The Croissant description: by hand, and with the package mlcroissant if it is installed."""

import json

import pyarrow as pa
import pytest

from sluice.publish.croissant import croissant
from sluice.publish.layout import Column, plan_parts
from sluice.publish.writer import write_files
from tests.helpers.published import dataset


def test_files_have_checksums_and_record_sets_their_columns():
    values = json.loads(croissant(dataset(version="1.2.0", license="odc-by")))
    assert values["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert (values["name"], values["version"], values["license"]) == ("corpus", "1.2.0", "odc-by")
    assert "datePublished" not in values
    assert values["description"] == "53 documents in 5 Parquet files; see README.md."
    files = [item for item in values["distribution"] if item["@type"] == "cr:FileObject"]
    assert [item["contentUrl"] for item in files] == [
        "data/en/train-00000-of-00003.parquet",
        "data/en/train-00001-of-00003.parquet",
        "data/en/train-00002-of-00003.parquet",
        "data/zh/train-00000-of-00001.parquet",
        "data/zh/validation-00000-of-00001.parquet",
    ]
    assert files[1]["contentSize"] == "1001 B"
    assert all(len(item["sha256"]) == 64 and item["encodingFormat"] == "application/x-parquet" for item in files)
    sets = {item["@id"]: item["includes"] for item in values["distribution"] if item["@type"] == "cr:FileSet"}
    assert sets == {
        "files-default": [
            "data/en/train-*-of-00003.parquet",
            "data/zh/train-*-of-00001.parquet",
            "data/zh/validation-*-of-00001.parquet",
        ],
        "files-en": ["data/en/train-*-of-00003.parquet"],
        "files-zh": ["data/zh/train-*-of-00001.parquet", "data/zh/validation-*-of-00001.parquet"],
    }
    assert [item["@id"] for item in values["recordSet"]] == ["default", "en", "zh"]
    fields = values["recordSet"][2]["field"]
    assert [(field["@id"], field["dataType"]) for field in fields] == [
        ("zh/split", "sc:Text"),
        ("zh/id", "sc:Integer"),
        ("zh/text", "sc:Text"),  # lists, such as `tags`, are not described
    ]
    assert fields[1]["description"] == "The number."
    assert fields[2]["source"] == {"fileSet": {"@id": "files-zh"}, "extract": {"column": "text"}}


def test_a_dataset_in_one_language_has_one_record_set():
    values = json.loads(croissant(dataset({("en", "train"): 1})))
    assert [item["@id"] for item in values["recordSet"]] == ["default"]
    assert "version" not in values and values["inLanguage"] == ["en"]


def test_a_column_named_split_replaces_the_split_of_the_file_name():
    columns = (Column("split", "string"), Column("text", "string"))
    (record_set, *_) = json.loads(croissant(dataset(columns=columns)))["recordSet"]
    assert [field["name"] for field in record_set["field"]] == ["split", "text"]


def test_mlcroissant_finds_no_error_and_reads_the_records(tmp_path):
    mlc = pytest.importorskip("mlcroissant")
    schema = pa.schema([("id", pa.int64()), ("text", pa.string())])
    parts = plan_parts({("en", "train"): 1, ("zh", "test"): 1}, 100)
    texts = {"en": ["one", "two"], "zh": ["今天天气很好。"]}
    files = []
    for part in parts:
        rows = pa.record_batch([list(range(len(texts[part.language]))), texts[part.language]], schema=schema)
        options = {"language": part.language, "split": part.split, "text": "text", "formats": ("parquet",)}
        files += write_files(str(tmp_path), part.stem(0), [rows], schema=schema, **options)
    columns = (Column("id", "bigint"), Column("text", "string"))
    described = dataset(columns=columns, parts=parts, files=tuple(files))
    (tmp_path / "croissant.json").write_text(croissant(described), encoding="utf-8")
    read = mlc.Dataset(jsonld=str(tmp_path / "croissant.json"))
    assert not read.metadata.ctx.issues.errors
    records = [
        (row["default/split"].decode(), row["default/id"], row["default/text"].decode())
        for row in read.records(record_set="default")
    ]
    assert sorted(records) == [("test", 0, "今天天气很好。"), ("train", 0, "one"), ("train", 1, "two")]
    assert len(list(read.records(record_set="en"))) == 2
