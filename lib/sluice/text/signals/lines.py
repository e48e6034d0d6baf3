"""Signals that examine lines.

Sources: Gopher and FineWeb as in huggingface/datatrove (`gopher_quality_filter.py`, `fineweb_quality_filter.py`), C4,
RedPajama-v2, ChineseWebText, MAP-NEO. Gopher counts empty lines, all others do not.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from sluice.text.signals.text_view import TextView
from sluice.text.unicode.characters import TERMINALS

GOPHER_BULLETS = ("•", "-")
BULLETS = "•-·●○■□◆◇▪*、"
"""Characters that begin a list item; numbers do too, see `ITEM`."""
_NUMERAL = r"[\d一二三四五六七八九十]"
ITEM = re.compile(
    rf"[{re.escape(BULLETS)}]|[①-⑳]|[(（]{_NUMERAL}{{1,3}}[)）]|{_NUMERAL}{{1,3}}[)）、．]|\d{{1,3}}\.(?!\d)"
)

TERMINAL_MARKS = frozenset(".!?。！？．｡…;；:：।؟۔။។")
CLOSING_MARKS = "\"'”’」』）)】》]"
"""Skipped if they follow a terminal mark: 。” ends a sentence."""

CLAUSE_MARKS = frozenset("，。；！？")
MIN_CLAUSE_MARKS = 2
"""A line with this number of Chinese marks is a sentence, whether it ends in one or not."""
FUNCTION_CHARACTERS = frozenset("的了是在不就也都把會会要這这那我你他她有和到得過过很還还能被讓让與与而但因為为可以")
MIN_FUNCTION_CHARACTERS = 3
MIN_SENTENCE_CHARS = 20
"""A line of this length with three function characters is a sentence without marks; titles and menus have fewer."""
MIN_PARAGRAPH_CHARS = 100
INNER_ENDS = frozenset(".!?")
"""A line of this length with one of these marks before a space has a sentence, whatever the line ends in."""

MORE = ("read more", "readmore", "展开", "展開", "更多", "全文", "。。。")
"""Endings of lines that link to the rest of a text elsewhere (MAP-NEO)."""

POLICY = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
    "all rights reserved",
    "版权所有",
    "版權所有",
    "隐私政策",
    "隱私政策",
    "隱私權政策",
    "使用条款",
    "使用條款",
    "服务条款",
    "服務條款",
    "免责声明",
    "免責聲明",
    "icp备",
    "icp證",
    "icp证",
)
"""Phrases of policy lines: C4's six, `all rights reserved`, and their Chinese counterparts."""

SHORT_LINE_CHARS = 30


def bullet_line_share(view: TextView) -> float | None:
    """Lines that begin with `•` or `-`, as a share of lines including empty ones (Gopher)."""
    return _share(view.all_lines, lambda line: line.lstrip().startswith(GOPHER_BULLETS))


def ellipsis_line_share(view: TextView) -> float | None:
    """Lines that end in `...` or `…`, as a share of lines including empty ones (Gopher)."""
    return _share(view.all_lines, lambda line: line.rstrip().endswith(("...", "…")))


def list_line_share(view: TextView) -> float | None:
    """Lines that begin like a list item, with bullets and numbers of both scripts (ours)."""
    return _share(view.lines, lambda line: ITEM.match(line.lstrip()) is not None)


def fineweb_terminal_line_share(view: TextView) -> float | None:
    """Lines that end in one of datatrove's terminal marks, without stripping (FineWeb)."""
    return _share(view.lines, lambda line: line[-1] in TERMINALS)


def terminal_line_share(view: TextView) -> float | None:
    """Lines that end a sentence, ignoring trailing blanks and closing quotes (ours)."""
    return _share(view.lines, ends_sentence)


def ends_sentence(line: str) -> bool:
    """Whether a line ends in one of our terminal marks, optionally followed by closing quotes."""
    core = line.rstrip().rstrip(CLOSING_MARKS)
    return bool(core) and core[-1] in TERMINAL_MARKS


def short_line_share(view: TextView) -> float | None:
    """Lines of at most 30 characters (FineWeb; unsuitable for Chinese, where 30 characters are a sentence)."""
    return _share(view.lines, lambda line: len(line) <= SHORT_LINE_CHARS)


def mean_line_chars(view: TextView) -> float | None:
    """Mean characters per line (ChineseWebText, CCI4.0, HPLT's mean segment length)."""
    return sum(map(len, view.lines)) / len(view.lines) if view.lines else None


def newlines_per_word(view: TextView) -> float | None:
    """Newlines per token (FineWeb; depends on the segmentation)."""
    return view.text.count("\n") / len(view.tokens) if view.tokens else None


def lines_per_word(view: TextView) -> float | None:
    """Lines with text per token (ours, after FineWeb: its text has no empty lines between paragraphs)."""
    return len(view.lines) / len(view.tokens) if view.tokens else None


def javascript_line_share(view: TextView) -> float | None:
    """Lines with the word javascript, in any case (C4's line rule, RedPajama-v2)."""
    return _share(view.lines, lambda line: "javascript" in line.lower())


def policy_line_share(view: TextView) -> float | None:
    """Lines with a phrase from policies or site notices (C4's line rule, and Chinese phrases)."""
    return _share(view.lines, lambda line: any(phrase in line.lower() for phrase in POLICY))


def more_line_share(view: TextView) -> float | None:
    """Lines that end in `read more` or similar (MAP-NEO)."""
    return _share(view.lines, lambda line: line.rstrip().lower().endswith(MORE))


def sentence_line_share(view: TextView) -> float | None:
    """Lines of Chinese or other sentences, with or without a mark at their end, see `has_clauses` (ours)."""
    return _share(view.lines, lambda line: ends_sentence(line) or has_clauses(line))


def has_clauses(line: str) -> bool:
    """Whether a line has MIN_CLAUSE_MARKS, or is long and has MIN_FUNCTION_CHARACTERS, or is a paragraph with the end
    of a sentence within."""
    is_long = len(line) >= MIN_SENTENCE_CHARS
    return (
        sum(char in CLAUSE_MARKS for char in line) >= MIN_CLAUSE_MARKS
        or (is_long and sum(char in FUNCTION_CHARACTERS for char in line) >= MIN_FUNCTION_CHARACTERS)
        or (
            len(line) >= MIN_PARAGRAPH_CHARS
            and any(char in INNER_ENDS and after == " " for char, after in pairwise(line))
        )
    )


def _share(lines: list[str], test: Callable[[str], bool]) -> float | None:
    return sum(map(test, lines)) / len(lines) if lines else None
