import json

import pytest

from sluice.core.errors import InputError
from sluice.data.sources.marks import Mark, read_marks
from sluice.view.marks import MarkFile


def mark(doc_id, label):
    return Mark(doc_id, "https://a.example/", "zh", "今天", label, "words", "filter")


def test_marks_are_appended_and_read_by_the_next_session(tmp_path):
    path = tmp_path / "marks.jsonl"
    first = MarkFile(str(path))
    assert not path.exists()  # looking leaves no file
    first.add(mark("1", "good"))
    first.add(mark("2", "bad"))
    first.add(mark("1", None))
    assert first.labels == {"2": "bad"} == MarkFile(str(path)).labels
    lines = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == {
        "doc_id": "1", "url": "https://a.example/", "language": "zh", "text": "今天", "label": "good",
        "reason": "words", "stage": "filter",
    }  # fmt: skip
    assert len(lines) == 3


def test_a_mark_that_cannot_be_written_leaves_nothing_and_is_an_error(tmp_path, monkeypatch):
    path = tmp_path / "marks.jsonl"
    marks = MarkFile(str(path))
    marks.add(mark("1", "good"))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sluice.view.marks.os.fsync", full)
    with pytest.raises(InputError, match=r"The mark was not saved: .* No space left on device"):
        marks.add(mark("2", "bad"))
    assert marks.labels == {"1": "good"}
    assert list(read_marks(str(path))) == ["1"]


def test_a_place_that_cannot_be_written_is_an_error_at_the_start(tmp_path):
    with pytest.raises(InputError, match="Name another file with --marks"):
        MarkFile(str(tmp_path / "missing" / "marks.jsonl"))
    with pytest.raises(InputError, match="Name a local file with --marks"):
        MarkFile("s3://bucket/marks.jsonl")
