"""Marks of documents as good or bad, set in `sluice view`: JSON lines, of which the last one of a document counts."""

from typing import Literal

import msgspec

from sluice.core.errors import FormatError
from sluice.data.sources.json_objects import is_json_lines
from sluice.data.sources.texts import iter_lines

Label = Literal["good", "bad"]


class Mark(msgspec.Struct, frozen=True):
    """One line of a file of marks."""

    doc_id: str
    url: str | None
    language: str | None
    text: str
    label: Label | None
    """None takes the mark of the document back."""
    reason: str | None
    """Why a stage removed or changed the document, and the stage; both None for a document that was kept."""
    stage: str | None


def is_marks(path: str) -> bool:
    """Whether a file contains marks: JSON lines whose first line has exactly the fields of one."""
    if not is_json_lines(path):
        return False
    for _, line in iter_lines(path):
        try:
            fields = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        except msgspec.DecodeError:
            return False
        return fields.keys() == set(Mark.__struct_fields__)
    return False


def read_marks(path: str) -> dict[str, Mark]:
    """Returns the marks that count, by document id, in the order of the file. Raises FormatError with file and line."""
    marks: dict[str, Mark] = {}
    for number, line in iter_lines(path):
        if line.isspace():
            continue
        try:
            mark = msgspec.json.decode(line, type=Mark)
        except (msgspec.DecodeError, UnicodeDecodeError) as e:
            raise FormatError(f"{path}, line {number}, is not a mark: {e}. Remove the line.") from e
        marks.pop(mark.doc_id, None)
        if mark.label is not None:
            marks[mark.doc_id] = mark
    return marks
