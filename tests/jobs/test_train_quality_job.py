"""The job that trains a quality model, run in this process."""

import json
import sys

import pytest

from tests.helpers.jobs import run_here

pytest.importorskip("fasttext", reason="training needs it: pip install 'sluice[quality]'")

GOOD = "The committee met on {i} and decided that the new library would be built beside the old town hall. "
BAD = "Buy {i} now: free shipping, best price, click here to add it to your cart and log in today! "


@pytest.fixture
def train(tmp_path, capsys):
    """Returns a function that runs the job on two files of texts; its results are exit code and output."""
    for name, text in (("good", GOOD), ("bad", BAD)):
        rows = [{"text": text.format(i=chr(97 + i % 26) * (i + 1)) * 4} for i in range(60)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(*arguments, **changes):
        settings = {
            "language": "en",
            "positive": f"[{tmp_path}/good.jsonl]",
            "negative": f"[{tmp_path}/bad.jsonl]",
            "output": f"{tmp_path}/en.bin",
            "passage_words": 20,
            "bucket": 1000,
            "min_count": 1,
        }
        named = {f"train_quality.{key}": value for key, value in (settings | changes).items()}
        return run_here("train_quality", named, capsys, *arguments)

    return run


def test_the_job_writes_model_record_and_card_reproducibly(train, tmp_path):
    code, said = train()
    assert code == 0, said
    assert "| documents | " in said and "| 1.0000 | 1.0000 |" in said
    files = {name: (tmp_path / name).read_bytes() for name in ("en.bin", "en.bin.json", "en.bin.md")}
    code, said = train("--force")
    assert code == 0, said
    assert {name: (tmp_path / name).read_bytes() for name in files} == files
    assert not list(tmp_path.glob(".*"))
    card = files["en.bin.md"].decode()
    assert "- good: " in card and "committee" in card.partition("- good: ")[2].partition("\n")[0]
    assert "shipping" in card.partition("- bad: ")[2].partition("\n")[0]
    record = json.loads(files["en.bin.json"])
    assert record["sources"]["good"][0]["used"] == 60
    assert record["documents"]["auc"] == 1.0
    assert record["preparation"] == "letters-1"


def test_an_existing_model_is_not_replaced_without_force(train, tmp_path):
    (tmp_path / "en.bin").write_bytes(b"precious")
    code, said = train()
    assert code == 2
    assert "en.bin already exists" in said and "--force" in said
    assert (tmp_path / "en.bin").read_bytes() == b"precious"


@pytest.mark.parametrize(("place", "said"), [("taken", "is a directory"), ("good.jsonl/en.bin", "Cannot write")])
def test_an_unwritable_path_is_an_error_before_the_training(train, tmp_path, place, said):
    (tmp_path / "taken").mkdir()
    code, text = train("--force", output=f"{tmp_path}/{place}")
    assert code == 2
    assert said in text and "documents read" not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.jsonl", "good.jsonl", "taken"]


def test_a_failed_save_keeps_the_old_model_complete(train, tmp_path, monkeypatch):
    assert train()[0] == 0
    before = {path.name: path.read_bytes() for path in tmp_path.glob("en.bin*")}
    monkeypatch.setattr("sluice.text.quality.model_card.card", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train("--force", epochs=1)
    assert (tmp_path / "en.bin").read_bytes() == before["en.bin"]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"positive": "[]"}, 2, "train_quality.positive is empty"),
        ({"language": "th"}, 2, "this language has no word segmentation here"),
        ({"held_out": 0.0}, 2, "expected more than 0 and less than 1"),
        ({"negative": "[nowhere.jsonl]"}, 3, "nowhere.jsonl"),
        ({"negative": "[nowhere]"}, 3, "No input files at nowhere"),
        ({"min_chars": 100000}, 3, "train_quality.positive has no usable documents: read 60, too short 60"),
    ],
)
def test_unusable_texts_are_an_error_of_one_line(train, tmp_path, changes, code, message):
    found, said = train(**changes)
    assert found == code
    (line,) = [line for line in said.splitlines() if line.startswith("sluice: ")]
    assert message in line
    assert not (tmp_path / "en.bin").exists()


def test_training_needs_no_spark(train, monkeypatch):
    for name in ("pyspark", "tensorflow"):
        monkeypatch.setitem(sys.modules, name, None)
    assert train()[0] == 0
