"""Markdown of a dataset card: escaping of texts from settings and from the web, and tables."""

import re
from collections.abc import Iterable, Sequence

MARKS = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
"""Characters with a meaning in the middle of a line of Markdown, in GitHub's tables and in formulas. CommonMark defines
a backslash before any ASCII punctuation as that character."""


def escape(text: object) -> str:
    """Returns text that Markdown shows literally, in one line. Characters that cannot be printed become U+FFFD."""
    line = " ".join(str(text).split())
    return MARKS.sub(r"\\\1", "".join(char if char.isprintable() else "\ufffd" for char in line))


def code(text: object) -> str:
    """Returns text as inline code, in one line, also inside a table. Backquotes and vertical bars need longer forms."""
    line = " ".join(str(text).split())
    line = "".join(char if char.isprintable() else "\ufffd" for char in line)
    if "|" in line or not line:  # a table would be divided there, and GitHub shows `\|` in code with the backslash
        return escape(line)
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table. A name in `head` that ends in # makes its column right-aligned. Cells are Markdown already."""
    names = [name.removesuffix("#") for name in head]
    rule = ["---:" if name.endswith("#") else "---" for name in head]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (names, rule, *rows))


def fenced(text: str, language: str = "") -> str:
    """Returns a code block. The fence is longer than any in the text."""
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def count(value: int | None) -> str:
    """Returns a number with separators; a dash if it is unknown."""
    return "–" if value is None else f"{value:,}"
