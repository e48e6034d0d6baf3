"""Markdown of the main text of a page: headings, lists, code, tables, emphasis and links.

Every line belongs to a line of the plain text. Edits are decided on that text and applied to the Markdown. Source:
CommonMark 0.31, tables of GitHub Flavored Markdown 0.29; ours.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import groupby
from typing import NamedTuple

from sluice.text.html.markdown_inline import line_markdown

FIRST_MARKS = ("- ", "* ", "1.", "1)")
"""How a list may begin within a paragraph."""


class Kind(Enum):
    """Kinds of lines."""

    BLANK = 0
    TEXT = 1
    ITEM = 2
    """The first line of a list item."""
    HEADING = 3
    CODE = 4
    """A line of code or a fence."""
    ROW = 5


class Line(NamedTuple):
    """A line of the plain text and its Markdown.

    `plain`: the line in the plain text. Its first `lead` characters, a bullet or number, are replaced by `before`.
    `block`: the same number for the lines of a paragraph, code or table. `cells`: the Markdown of a row.
    """

    plain: str
    kind: Kind = Kind.BLANK
    block: int = -1
    before: str = ""
    body: str = ""
    lead: int = 0
    cells: tuple[str, ...] = ()


class Markdown(NamedTuple):
    """The lines of a text."""

    lines: tuple[Line, ...]

    def text(self) -> str:
        """Returns the Markdown of the whole text."""
        return join(self.lines)

    def edited(self, text: str, numbers: Sequence[int] | None) -> str:
        """Returns the Markdown of what edits have left of the plain text.

        `numbers`: the numbers of its lines in the whole text; None if all are left.
        """
        rest = text.split("\n")
        known = range(len(self.lines)) if numbers is None else numbers
        if len(known) != len(rest):  # a repair has made or removed line breaks
            return of_text(text).text()
        return join(_changed(self.lines[number], line) for line, number in zip(rest, known, strict=True))


def of_text(text: str) -> Markdown:
    """Returns the Markdown of a text without known structure: empty lines separate paragraphs.

    >>> of_text("1. _One_\\ntwo").text()
    '1\\\\. \\\\_One\\\\_\\\\\\ntwo'
    """
    return Markdown(tuple(_text_lines(text.split("\n"))))


def _text_lines(lines: Iterable[str]) -> Iterator[Line]:
    block = 0
    for line in lines:
        text = line.strip()
        block += not text
        yield Line(line, Kind.TEXT, block, body=line_markdown(text, [])) if text else Line(line)


def join(lines: Iterable[Line]) -> str:
    """Returns the Markdown of lines. Lines of a paragraph end in a hard break; empty lines separate paragraphs."""
    out: list[str] = []
    last: Line | None = None
    has_gap = False
    for block, of_block in groupby(lines, lambda line: line.block):
        if block < 0:
            has_gap = True
            continue
        group = list(of_block)
        columns = max(len(line.cells) for line in group)
        for line in group:
            if last is not None and last.block == block and not has_gap:
                if line.kind is Kind.TEXT:
                    out[-1] += "\\"
            elif last is not None and (has_gap or not _may_follow(line, last)):
                out.append("")
            is_first_row = line.kind is Kind.ROW and (last is None or last.block != block or last.kind is not Kind.ROW)
            out += _table_row(line, columns, is_first_row) if line.kind is Kind.ROW else [line.before + line.body]
            last, has_gap = line, False
    return "\n".join(out)


def _may_follow(line: Line, last: Line) -> bool:
    """Whether a block may begin directly below another: only list items may. The first item of a numbered list inside
    another item must have the number 1."""
    indent = len(line.before) - len(line.before.lstrip())
    return line.kind is Kind.ITEM and (indent < len(last.before) or line.before.lstrip()[:2] in FIRST_MARKS)


def _table_row(line: Line, columns: int, is_first: bool) -> list[str]:
    row = "|" + "".join(f" {cell} |" if cell else " |" for cell in line.cells)
    return [row + " |" * (columns - len(line.cells)), "|" + " --- |" * columns] if is_first else [row]


def row_cells(parts: Iterable[str]) -> tuple[str, ...]:
    """Returns the Markdown of the cells of a row, without marks."""
    return tuple(line_markdown(part.strip(), [], is_cell=True) for part in parts)


def _changed(line: Line, text: str) -> Line:
    """Returns a line of which an edit has left `text`. Marks in such a line are not shown."""
    if text == line.plain or line.kind is Kind.BLANK:
        return line
    if line.kind is Kind.CODE:
        return line._replace(body=text)
    if line.kind is Kind.ROW:
        return line._replace(cells=row_cells(text.split("|")))
    lead = line.lead if text[: line.lead] == line.plain[: line.lead] else 0
    return line._replace(body=line_markdown(text[lead:].strip(), []))
