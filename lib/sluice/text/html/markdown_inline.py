"""Markdown of one line: escaped text with bold, emphasised, code and link elements.

Source: CommonMark 0.31 and GitHub Flavored Markdown 0.29. A mark that a reader would not take for one (its delimiters
would not be flanking) is left out, so that the text is always read as it is.
"""

import re
import unicodedata
from typing import NamedTuple

STRONG, EMPHASIS, CODE, LINK = range(1, 5)
"""Kinds of marks: those of `kernels.scopes`."""
DELIMITERS = {STRONG: "**", EMPHASIS: "*"}
PRIORITY = (0, 2, 3, 4, 1)
"""By kind: of marks with the same text, links contain the others, and code contains none."""


class Mark(NamedTuple):
    """The characters [start, end) of a line are bold, emphasised, code, or a link to `href`."""

    start: int
    end: int
    kind: int
    href: str = ""


SPECIAL = re.compile(
    r"""\\(?=[!-/:-@\[-`{-~]|$)     # a backslash before punctuation would be read as an escape
      | `
      | (?<!\s)\*|\*(?!\s|$)        # an asterisk between spaces is text
      | (?<![^\W_])_|_(?![^\W_])    # a single underscore in a word is text
      | \](?=[(:\[])                # the end of the text of a link
      | <(?=[A-Za-z/!?])
      | &(?=\#?\w+;)
      | ~(?=~)|(?<=~)~
      | (?<=\s)\#(?=\#*$)           # would close a heading
    """,
    re.VERBOSE,
)
BESIDE = ("*", "\\")
"""Signs that always have a meaning next to delimiters."""
BRACKET = re.compile(r"[\[\]]")
LINE_START = re.compile(
    r"""(?: \#{1,6}(?=\s|$)
      | [-+*](?=\s|$)
      | >
      | =+\s*$|-+\s*$|(?:-\s*){3,}$
      | \d{1,9}(?=[.)](?:\s|$))
      | \[(?=[ xX]\]\s|[^\]]+\]:)
      | [|:\s]*-[-|:\s]*$
      )""",
    re.VERBOSE,
)
"""The beginning of a heading, list, quote, rule, task, link definition or table at the start of a line."""
TICKS = re.compile("`+")


def line_markdown(text: str, marks: list[Mark], *, is_cell: bool = False) -> str:
    """Returns the Markdown of a line of text without spaces at its ends. `is_cell`: it is a cell of a table.

    >>> line_markdown("2*3 in a_b", [Mark(0, 3, STRONG)])
    '**2\\\\*3** in a_b'
    """
    shown = nest(text, marks) if marks else []
    codes = [(mark.start, mark.end) for mark in shown if mark.kind == CODE]
    escaped = {found.start() for found in SPECIAL.finditer(text)}
    if begun := None if is_cell else LINE_START.match(text):
        escaped.add(begun.end() if text[0].isdigit() else begun.start())
    for start, end, kind, _ in shown:
        if kind == LINK:
            escaped.update(found.start() for found in BRACKET.finditer(text, start, end))
            escaped.update(place for place in (start - 1,) if text[max(place, 0) : start] == "!")  # would be an image
        escaped.update(place for place in (start - 1, start, end - 1, end) if text[max(place, 0) : place + 1] in BESIDE)
    for start, end in codes:
        escaped.difference_update(range(start, end))
    if is_cell:
        escaped.update(place for place, char in enumerate(text) if char == "|")
    opened: dict[int, str] = {}
    closed: dict[int, str] = {}
    for mark in reversed(shown):  # inner marks before outer ones
        opening, closing = _delimiters(text, mark)
        opened[mark.start] = opening + opened.get(mark.start, "")
        closed[mark.end] = closed.get(mark.end, "") + closing
    pieces, at = [], 0
    for place in sorted({*opened, *closed, *escaped}):
        escape = "\\" if place in escaped else ""
        pieces += [text[at:place], closed.get(place, ""), opened.get(place, ""), escape]
        at = place
    return "".join([*pieces, text[at:]])


def _delimiters(text: str, mark: Mark) -> tuple[str, str]:
    """Returns what opens and what closes a mark."""
    if mark.kind == LINK:
        return "[", f"](<{mark.href}>)"
    if mark.kind != CODE:
        return DELIMITERS[mark.kind], DELIMITERS[mark.kind]
    content = text[mark.start : mark.end]
    widths = {len(run) for run in TICKS.findall(content)}
    width = next(n for n in range(1, len(widths) + 2) if n not in widths)
    space = " " if content[0] == "`" or content[-1] == "`" else ""
    return "`" * width + space, space + "`" * width


def nest(text: str, marks: list[Mark]) -> list[Mark]:
    """Returns the marks that Markdown can show, outer before inner: each within or beside the others.

    Spaces at their ends are no part of them. A mark that crosses the end of an earlier one ends there.
    """
    wanted = sorted(filter(None, (_trimmed(text, mark) for mark in marks)), key=_place)
    edges = Edges(text, wanted)
    shown: list[Mark] = []
    opened: list[Mark] = []  # at most one of each kind
    for mark in wanted:
        while opened and opened[-1].end <= mark.start:
            opened.pop()
        if opened:
            cut = _trimmed(text, mark._replace(end=min(mark.end, opened[-1].end)))
            if cut is None or any(other.kind in (mark.kind, CODE) for other in opened):
                continue
            mark = cut
        if not (edges.are_flanking(mark) if mark.kind in DELIMITERS else edges.is_separate(mark)):
            continue
        edges.add(mark)
        shown.append(mark)
        opened.append(mark)
    return shown


def _trimmed(text: str, mark: Mark) -> Mark | None:
    start, end = mark.start, mark.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return mark._replace(start=start, end=end) if start < end else None


def _place(mark: Mark) -> tuple[int, int, int]:
    return mark.start, -mark.end, PRIORITY[mark.kind]


class Edges:
    """Neighbours of the ends of marks: characters of the text, and signs of other marks."""

    def __init__(self, text: str, marks: list[Mark]) -> None:
        self.text = text
        signs = [mark for mark in marks if mark.kind in (CODE, LINK)]
        self.starts = {mark.start for mark in signs}
        self.ends = {mark.end for mark in signs}
        self.emphasis_ends: set[int] = set()
        self.code_ends: set[int] = set()

    def add(self, mark: Mark) -> None:
        """Adds a mark that is shown."""
        if mark.kind in DELIMITERS:
            self.emphasis_ends.add(mark.end)
        elif mark.kind == CODE:
            self.code_ends.add(mark.end)

    def is_separate(self, mark: Mark) -> bool:
        """Whether no backtick is next to a code, which readers would take as part of its delimiters."""
        before = self.text[mark.start - 1] if mark.start else ""
        after = self.text[mark.end : mark.end + 1]
        return mark.kind != CODE or not ("`" in (before, after) or mark.start in self.code_ends)

    def are_flanking(self, mark: Mark) -> bool:
        """Whether the delimiters around a mark are left-flanking and right-flanking, whatever marks begin or end there.

        Code and links at an end count as punctuation within the mark, which needs punctuation or a space outside.
        """
        start, end = mark.start, mark.end
        if start in self.emphasis_ends:
            return False  # **a***b* has several readings
        before = start == 0 or start in self.ends or _is_edge(self.text[start - 1])
        after = end == len(self.text) or end in self.starts or _is_edge(self.text[end])
        is_open = start not in self.starts and not _may_be_sign(self.text[start])
        is_closed = end not in self.ends and not _may_be_sign(self.text[end - 1])
        return (is_open or before) and (is_closed or after)


def _may_be_sign(char: str) -> bool:
    """Whether a character is punctuation in some version of CommonMark: P, since 0.31 also S."""
    return unicodedata.category(char)[0] in "PS"


def _is_edge(char: str) -> bool:
    """Whether a character is white space, or punctuation in every version of CommonMark."""
    return char.isspace() or unicodedata.category(char)[0] == "P" or char in "$+<=>^`|~"
