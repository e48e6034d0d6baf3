"""Which files of a directory are a table, of which kind: hidden files, folders of other programs, Delta tables."""

import json

import pytest

from sluice.core.errors import InputError
from sluice.data.sources.table_files import TableFile, table_files


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def found(folder):
    kind, files = table_files([str(folder)])
    return kind, [file.path.removeprefix(f"{folder}/") for file in files]


def test_folders_of_hugging_face_datasets_are_tables(tmp_path):
    hub, saved = tmp_path / "hub", tmp_path / "saved"
    touch(hub, "README.md", ".gitattributes", "data/train-00000-of-00001.parquet", "dataset_infos.json")
    assert found(hub) == ("parquet", ["data/train-00000-of-00001.parquet"])
    touch(hub / "lines", "train.jsonl", "dataset_info.json")
    assert found(hub / "lines") == ("json", ["train.jsonl"])
    touch(saved, "train/dataset_info.json", "train/data-00000-of-00001.arrow", "train/cache-5e1a.arrow")
    (saved / "dataset_dict.json").write_text('{"splits": ["train"]}')
    (saved / "train" / "state.json").write_text('{"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}')
    assert found(saved) == ("arrow", ["train/data-00000-of-00001.arrow"])
    (saved / "train" / "state.json").write_text("{}")
    with pytest.raises(InputError, match=r"state\.json does not name data files as Hugging Face's datasets writes it"):
        found(saved)


def test_partitions_are_the_folders_below_the_given_directory(tmp_path):
    table = tmp_path / "run=7" / "table"
    touch(table, "lang=en/year=2024/a.parquet", "lang=en/plain/b.PARQUET", "_temporary/x=1/c.parquet")
    expected = [
        TableFile(f"{table}/lang=en/plain/b.PARQUET", "lang=en"),
        TableFile(f"{table}/lang=en/year=2024/a.parquet", "lang=en/year=2024"),
    ]
    assert table_files([str(table)]) == ("parquet", expected)
    assert table_files([f"{table}/*/*/*.parquet"])[1] == expected[1:]
    assert table_files([f"{table}/lang=en/year=2024/a.parquet"])[1] == [TableFile(expected[1].path)]


def test_files_of_two_kinds_are_an_error(tmp_path):
    touch(tmp_path, "a.csv", "b.tsv.gz", "notes.txt")
    assert found(tmp_path) == ("csv", ["a.csv", "b.tsv.gz"])
    touch(tmp_path, "c.parquet")
    with pytest.raises(
        InputError, match=r"contains Parquet files and CSV files\. Use files, directories or globs of o"
    ):
        found(tmp_path)


def delta(folder, *commits):
    log = folder / "_delta_log"
    log.mkdir(exist_ok=True)
    for number, actions in enumerate(commits):
        (log / f"{number:020d}.json").write_text("\n".join(map(json.dumps, actions)))
    return log


def test_only_the_current_files_of_a_delta_table_are_read(tmp_path):
    touch(tmp_path, "a.parquet", "b.parquet", "lang=zh TW/c.parquet", "uncommitted.parquet")
    delta(
        tmp_path,
        [{"commitInfo": {}}, {"add": {"path": "a.parquet"}}, {"add": {"path": "b.parquet"}}],
        [{"remove": {"path": "a.parquet"}}, {"add": {"path": "lang=zh%20TW/c.parquet"}}],
    )
    assert found(tmp_path) == ("parquet", ["b.parquet", "lang=zh TW/c.parquet"])


def test_delta_tables_whose_rows_only_spark_can_tell_are_an_error(tmp_path):
    touch(tmp_path, "a.parquet")
    log = delta(tmp_path, [{"add": {"path": "a.parquet", "deletionVector": {"storageType": "u"}}}])
    with pytest.raises(InputError, match=r"Delta table with rows deleted within files\. Read it with Spark"):
        found(tmp_path)
    (log / "00000000000000000000.json").rename(log / "00000000000000000011.json")
    with pytest.raises(InputError, match=r"Delta table whose first commits are only in checkpoints"):
        found(tmp_path)


def test_a_log_without_files_hides_none(tmp_path):
    touch(tmp_path, "a.parquet")
    delta(tmp_path, [{"commitInfo": {}}])
    assert found(tmp_path) == ("parquet", ["a.parquet"])
