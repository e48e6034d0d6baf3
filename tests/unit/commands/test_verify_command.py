import pytest

from sluice.commands.main import main


@pytest.fixture
def dataset(tmp_path):
    (tmp_path / "a.txt").write_text("a b c\nd e f\n")
    words = ["--lines", "--kind", "word", "--words", "whitespace", "--seq-len", "3"]
    assert main(["pack", "--train", f"{tmp_path}/a.txt", *words, "--output", str(tmp_path), "--name", "abc"]) == 0
    return tmp_path / "abc" / "1.0.0"


def test_a_valid_dataset_is_one_line(dataset, capsys):
    capsys.readouterr()
    assert main(["verify", str(dataset)]) == 0
    assert capsys.readouterr().out == ("ok: abc 1.0.0: train 2 records, 7 tokens, 2 documents; L = 3, vocabulary 10\n")


def test_problems_are_listed_and_the_exit_code_is_4(dataset, capsys):
    capsys.readouterr()
    (dataset / "train-00000-of-00001.tfrecord").unlink()
    assert main(["verify", str(dataset)]) == 4
    printed = capsys.readouterr()
    assert printed.out == "train-00000-of-00001.tfrecord: listed in the manifest, but missing\n"
    assert "does not match its manifest (problems: 1" in printed.err


def test_a_directory_without_a_manifest_exits_with_3(tmp_path, capsys):
    assert main(["verify", str(tmp_path)]) == 3
    assert "is not a finished dataset" in capsys.readouterr().err
