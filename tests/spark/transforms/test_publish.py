"""Any DataFrame in the layout of the hub: files by hash, rows by id, read back with the packages that users have."""

import re
import subprocess
import sys
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from sluice.core.errors import ConfigError, InputError, StageError
from sluice.publish.checksums import verify_sums
from sluice.spark.transforms.publish import FILE, with_places, write_data, write_dataset
from tests.helpers.published import digests, json_rows, rows_of

SCHEMA = "id long, text string, lang string, part string, score double, `a.b` array<string>, at timestamp"
TEXTS = ["The river rises in the hills.", "今天天气很好，我们去公园散步。", "", None, "naïve café\n\ttwo lines"]
AT = datetime(2024, 3, 1, 12, 30, tzinfo=UTC)


def make(count=60):
    """Rows in two languages and three splits; the ids are not in order."""
    rows = []
    for i in range(count):
        language = ("en", "zh", None)[i % 3] if i % 20 == 19 else ("en", "zh")[i % 2]
        split = "test" if i % 10 == 7 else "valid" if i % 10 == 8 else "train"
        score = i / 7 if i % 4 else None
        rows.append(((i * 37) % count, TEXTS[i % 5], language, split, score, ["x", "y"][: i % 3], AT))
    return rows


@pytest.fixture(scope="module")
def frame(spark):
    return spark.createDataFrame(make(), SCHEMA)


OPTIONS = {"name": "mine", "language": "lang", "split": "part", "file_bytes": 1000, "formats": ["jsonl"]}


@pytest.fixture(scope="module")
def published(frame, tmp_path_factory):
    directory = tmp_path_factory.mktemp("published")
    return directory, write_dataset(frame, str(directory), **OPTIONS)


def test_every_row_is_in_the_folder_of_its_language_and_in_the_files_of_its_split(published, frame):
    directory, dataset = published
    expected = {row["id"]: row.asDict() for row in frame.collect()}
    found = {}
    for language in ("en", "zh", "und"):
        for split, name in (("train", "train"), ("validation", "valid"), ("test", "test")):
            rows = rows_of(directory, split, language)
            assert all((row["lang"] or "und") == language and row["part"] == name for row in rows)
            found |= {row["id"]: row for row in rows}
    assert len(found) == 60 == dataset.rows
    for id, row in found.items():
        assert row == expected[id] | {"at": AT}
    assert dataset.languages == ("en", "und", "zh")
    assert [column.name for column in dataset.columns] == list(frame.columns)


def test_rows_are_in_order_of_the_id_and_both_formats_have_the_same(published):
    directory, dataset = published
    assert len({file.path for file in dataset.files}) == len(dataset.files) == 2 * len(dataset.tables)
    assert len(dataset.tables) > len(dataset.parts)
    for file in dataset.tables:
        rows = pq.read_table(directory / file.path).to_pylist()
        assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
        lines = json_rows(directory / file.path.replace(".parquet", ".jsonl.zst"))
        assert lines == [row | {"at": "2024-03-01T12:30:00Z"} for row in rows]
        assert file.rows == len(rows)
        assert file.characters == sum(len(row["text"] or "") for row in rows)


def test_the_directory_is_complete_and_names_no_time(published):
    directory, dataset = published
    assert list(verify_sums(str(directory))) == []
    names = {file.path for file in dataset.files} | {"README.md", "croissant.json", "SHA256SUMS"}
    assert digests(directory).keys() == names


@pytest.mark.parametrize("partitions", [1, 4])
def test_the_bytes_do_not_depend_on_partitions_and_order(published, frame, tmp_path, partitions, spark):
    directory, _ = published
    shuffled = frame.orderBy("score").repartition(partitions)
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "3")
    try:
        write_dataset(shuffled, str(tmp_path), **OPTIONS)
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")
    assert digests(tmp_path) == digests(directory)


def test_equal_ids_are_in_the_order_of_their_texts(spark, tmp_path):
    rows = [(1, text) for text in ("c", "a", "b", "d")]
    for partitions in (1, 4):
        frame = spark.createDataFrame(rows, "id long, text string").repartition(partitions)
        write_dataset(frame, str(tmp_path / str(partitions)), name="x")
        assert [row["text"] for row in rows_of(tmp_path / str(partitions), "train", "")] == ["a", "b", "c", "d"]


def test_a_file_without_rows_is_written_too(spark, tmp_path):
    frame = spark.createDataFrame([(i, "x" * 100) for i in range(4)], "id long, text string")
    dataset = write_dataset(frame, str(tmp_path), name="x", file_bytes=30)
    assert sorted(file.path for file in dataset.files) == [f"data/train-{i:05d}-of-00015.parquet" for i in range(15)]
    assert sum(file.rows == 0 for file in dataset.files) >= 11
    assert sorted(row["id"] for row in rows_of(tmp_path, "train", "")) == [0, 1, 2, 3]
    load = pytest.importorskip("datasets").load_dataset
    loaded = load(str(tmp_path), split="train", cache_dir=str(tmp_path / "cache"))
    assert sorted(loaded["id"]) == [0, 1, 2, 3]
    assert sorted(row["id"] for row in load(str(tmp_path), split="train", streaming=True)) == [0, 1, 2, 3]


def test_chosen_columns_are_written_in_their_order(frame, tmp_path):
    write_dataset(frame, str(tmp_path), name="x", columns=["a.b", "text"])
    assert set(map(tuple, rows_of(tmp_path, "train", ""))) == {("a.b", "text")}


def test_an_unknown_column_is_an_error_that_names_those_there_are(frame, tmp_path):
    for options in ({"columns": ["text", "titel"]}, {"id": "titel"}, {"language": "titel"}, {"text": "titel"}):
        with pytest.raises(
            ConfigError, match=r"no column 'titel' to publish; there are id, text, lang, part, score, a\.b"
        ):
            write_dataset(frame, str(tmp_path), name="x", **options)
    with pytest.raises(ConfigError, match="does not contain the text column 'text'"):
        write_dataset(frame, str(tmp_path), name="x", columns=["id"])


def test_a_table_without_rows_and_a_split_without_a_name_are_errors(frame, tmp_path):
    with pytest.raises(InputError, match="There are no documents to publish"):
        write_dataset(frame.where("id < 0"), str(tmp_path), name="x")
    with pytest.raises(InputError, match="'' cannot be the name of a split"):
        write_dataset(frame, str(tmp_path), name="x", split="lang")
    assert not (tmp_path / "README.md").exists()


def test_a_table_that_changes_between_two_passes_is_an_error(frame, tmp_path, monkeypatch):
    from sluice.spark.transforms import publish

    whole = publish._placed
    monkeypatch.setattr(publish, "_placed", lambda *args: whole(*args).where(f"{FILE} <> 0"))
    rows = with_places(frame, id="id", text="text")
    with pytest.raises(StageError, match="rows were written, but 60 were counted before"):
        write_data(rows, str(tmp_path), text="text", file_bytes=1000, formats=())


def test_datasets_does_not_return_the_cached_rows_of_an_earlier_version(spark, tmp_path):
    datasets = pytest.importorskip("datasets")
    for version, texts in (("1", ["one", "two"]), ("2", ["three", "four"]), ("3", ["five", "six", "seven"])):
        directory = tmp_path / version / "same-name"
        frame = spark.createDataFrame(list(enumerate(texts)), "id long, text string")
        write_dataset(frame, str(directory), name="x")
        loaded = datasets.load_dataset(str(directory), split="train", cache_dir=str(tmp_path / "cache"))
        assert loaded["text"][:] == texts


def test_datasets_loads_the_rows_and_splits_value_for_value(published, tmp_path):
    datasets = pytest.importorskip("datasets")
    directory, _ = published
    loaded = datasets.load_dataset(str(directory), cache_dir=str(tmp_path))
    assert list(loaded) == ["train", "validation", "test"]
    assert datasets.get_dataset_config_names(str(directory)) == ["default", "en", "und", "zh"]
    chinese = datasets.load_dataset(str(directory), "zh", cache_dir=str(tmp_path))
    for split in loaded:
        expected = [row for language in ("en", "und", "zh") for row in rows_of(directory, split, language)]
        assert loaded[split].to_list() == expected
        assert list(datasets.load_dataset(str(directory), split=split, streaming=True)) == expected
    assert list(chinese) == ["train", "test"]  # this language has no row of the validation split
    for split in chinese:
        assert chinese[split].to_list() == rows_of(directory, split, "zh")
    assert "今天天气很好，我们去公园散步。" in chinese["train"]["text"]


def test_the_code_of_the_card_runs_as_written(published, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    directory, dataset = published
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "mine").symlink_to(directory)
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"^```python\n(.*?)^```", (directory / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(code) == 2
    names = {}
    exec("\n".join(code), names)
    assert names["documents"].num_rows == {"train": 48, "validation": 6, "test": 6}
    assert len(list(names["stream"])) == 48
    assert names["only_one"]["train"].to_list() == rows_of(directory, "train", "en")
    (first,) = [file for file in dataset.tables if file.path == f"{dataset.parts[0].stem(0)}.parquet"]
    assert len(names["table"]) == first.rows


TORCH = """
import sys
import datasets
from torch.utils.data import DataLoader

directory, cache, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
table = datasets.load_dataset(directory, split="train", cache_dir=cache).select_columns(["id", "text"])
stream = datasets.load_dataset(directory, split="train", streaming=True).select_columns(["id", "text"])
for documents in (table, stream):
    ids, texts = [], []
    for batch in DataLoader(documents.with_format("torch"), batch_size=4, num_workers=workers):
        assert batch["id"].dtype.is_floating_point is False and len(batch["id"]) == len(batch["text"])
        ids += batch["id"].tolist()
        texts += batch["text"]
    print(sorted(ids), len(texts))
"""


@pytest.mark.parametrize("workers", [0, 2])
def test_torch_loads_batches_with_and_without_workers(spark, tmp_path, workers):
    pytest.importorskip("torch")
    pytest.importorskip("datasets")
    rows = [(i, f"第 {i} 页，the page {i}", "en") for i in range(40)]
    frame = spark.createDataFrame(rows, "id long, text string, lang string")
    write_dataset(frame, str(tmp_path / "out"), name="x", language="lang", file_bytes=300)
    arguments = [str(tmp_path / "out"), str(tmp_path / "cache"), str(workers)]
    # a process of its own: torch and Spark's session do not mix with forked workers
    done = subprocess.run([sys.executable, "-c", TORCH, *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{list(range(40))} 40"] * 2
