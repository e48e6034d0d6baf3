import gzip
import json

import pytest

from sluice.commands.inspect import TEXT_CHARS, shorten
from sluice.commands.main import main


@pytest.fixture
def dataset(tmp_path):
    (tmp_path / "a.txt").write_text("a b c\nd e f\ng <unk>\n")
    words = ["--lines", "--kind", "word", "--words", "whitespace", "--seq-len", "4"]
    assert main(["pack", "--train", f"{tmp_path}/a.txt", *words, "--output", str(tmp_path), "--name", "abc"]) == 0
    return tmp_path / "abc" / "1.0.0"


def output_of(capsys, *arguments):
    capsys.readouterr()
    assert main(["inspect", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_a_dataset_is_described_with_its_first_records_decoded(dataset, capsys):
    printed = output_of(capsys, dataset, "-n", 1)
    assert "dataset abc 1.0.0: train 2 records, 9 tokens, 3 documents; L = 4, vocabulary 11" in printed
    assert "records of 44 bytes, uint16 ids from byte 30; tokenizer word, not lossless" in printed
    assert "record 0: 5 ids, 1 <eos>, 0 <unk>, 0 <pad>\n    ids  4 5 6 2 7\n" in printed
    assert 'text "a b c <eos> d"' in printed
    assert "record 1" not in printed


def test_a_shard_is_decoded_with_the_manifest_beside_it(dataset, capsys):
    printed = output_of(capsys, dataset / "train-00000-of-00001.tfrecord")
    assert 'text "d e f <eos> g"' in printed


def test_a_shard_without_a_manifest_shows_bytes(dataset, capsys):
    (dataset / "manifest.json").unlink()
    printed = output_of(capsys, dataset / "train-00000-of-00001.tfrecord", "-n", 1)
    assert "without a manifest next to it\n  record 0: 28 bytes, 0a 1a 0a 18 0a 06 74 6f 6b" in printed


def test_a_tokenizer_is_described_with_kind_and_size(dataset, capsys):
    assert "kind word, 11 tokens" in output_of(capsys, dataset / "tokenizer.json")


def test_gzipped_json_lines_are_shown_shortened(tmp_path, capsys):
    path = tmp_path / "pages.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps({"text": "你" * 1000, "n": 7}).encode() + b"\n[2]\n{}\n"))
    printed = output_of(capsys, path, "-n", 2)
    assert '  line 1\n    text: "你你' in printed
    assert "… (1,002 characters)\n    n: 7\n  line 2\n    [2]\n" in printed
    assert "line 3" not in printed


def test_a_parquet_table_shows_schema_and_rows(tmp_path, capsys):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    (tmp_path / "docs").mkdir()
    for i, ids in enumerate(([1, 2], [], [3, 4, 5])):
        table = pa.table({"doc_id": pa.array(ids, pa.int64()), "text": [f"text {n}" for n in ids]})
        parquet.write_table(table, tmp_path / "docs" / f"part-{i}.parquet")
    printed = output_of(capsys, tmp_path / "docs", "-n", 3)
    assert "table of 3 Parquet files: doc_id int64, text string" in printed
    assert 'doc_id: 3\n    text: "text 3"' in printed
    assert "text 4" not in printed
    assert printed.endswith("5 rows\n")


def test_a_checkpoint_directory_is_described_from_its_json(tmp_path, capsys):
    (tmp_path / "step-000100").mkdir()
    (tmp_path / "step-000100" / "state.json").write_text('{"step": 100, "seed": 7}')
    (tmp_path / "step-000100" / "weights.npz").write_bytes(b"x" * 30)
    printed = output_of(capsys, tmp_path / "step-000100")
    assert "2 files, 54 bytes" in printed
    assert "state.json\n    step: 100\n    seed: 7" in printed


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", b"x", "is not something that sluice writes"),
        ("a.json", b'{"a":', "is not JSON"),
        ("a.json.gz", b"x", "is not a complete gzip file"),
        ("a.parquet", b"x", "is not a readable Parquet file"),
        ("a.tfrecord", b"x" * 20, "checksum of the length of the record at byte 0"),
    ],
)
def test_other_files_are_errors_with_a_reason(tmp_path, capsys, name, content, expected):
    (tmp_path / name).write_bytes(content)
    assert main(["inspect", f"{tmp_path}/{name}"]) == 3
    assert expected in capsys.readouterr().err


def test_a_missing_path_and_an_empty_directory_are_errors(tmp_path, capsys):
    assert main(["inspect", f"{tmp_path}/none"]) == 3
    assert "There is nothing at" in capsys.readouterr().err
    assert main(["inspect", str(tmp_path)]) == 3


def test_shorten_returns_one_line():
    assert shorten("a\nb") == '"a\\nb"'
    assert len(shorten("x" * 1000)) < TEXT_CHARS + 30
