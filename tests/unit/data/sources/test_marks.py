import json

import pytest

from sluice.core.errors import FormatError
from sluice.data.sources.marks import is_marks, read_marks


def line(doc_id, label, **values):
    fields = {"url": None, "language": "en", "text": "t", "reason": None, "stage": None} | values
    return json.dumps({"doc_id": doc_id, "label": label, **fields}) + "\n"


def test_a_later_mark_of_a_document_replaces_or_takes_back_the_earlier(tmp_path):
    path = tmp_path / "marks.jsonl"
    path.write_text(line("1", "good") + line("2", "bad") + "\n" + line("1", "bad") + line("2", None))
    assert [(mark.doc_id, mark.label) for mark in read_marks(str(path)).values()] == [("1", "bad")]


@pytest.mark.parametrize("damage", ['{"doc_id": "1"', '{"doc_id": "1"}', line("3", "excellent").strip()])
def test_a_damaged_line_is_an_error_with_its_number(tmp_path, damage):
    path = tmp_path / "marks.jsonl"
    path.write_text(line("1", "good") + damage + "\n")
    with pytest.raises(FormatError, match=r"marks.jsonl, line 2, is not a mark: .*Remove the line"):
        read_marks(str(path))


def test_only_a_file_whose_first_line_has_the_fields_of_a_mark_has_marks(tmp_path):
    marks, texts, empty = (tmp_path / name for name in ("marks.jsonl", "texts.jsonl", "empty.jsonl"))
    marks.write_text(line("1", "good"))
    texts.write_text('{"text": "a", "label": "good", "doc_id": "1"}\n')
    empty.write_text("")
    named_otherwise = marks.with_suffix(".txt")
    named_otherwise.write_text(marks.read_text())
    assert [is_marks(str(path)) for path in (marks, texts, empty, named_otherwise)] == [True, False, False, False]
