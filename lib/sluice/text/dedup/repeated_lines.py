"""Lines that occur in many documents: their normal form, which of them may be removed, and removal from a text.

The method is CCNet's (Wenzek et al. 2020, `cc_net/dedup.py`, `text_normalizer.py`): 64 bits of a line's normal form,
counted over the corpus. We differ in five points. (1) The form is computed from the key text (width, case and
traditional Chinese folded) and contains only letters, marks and digits. CCNet removes 37 mostly full-width marks but
keeps ASCII ones, so it removes ！ and keeps !. White space is removed too, as it has no meaning in Chinese. (2) Digits
are content and become 0 only if `max_digit_share` allows. (3) A line counts once per document. (4) The best document
keeps it. (5) Short lines, program code, table rows and lines that make up most of a document are kept everywhere.
"""

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.core.config.dedup import LineDedupConfig
from sluice.text.dedup.kernels.repeated_lines import measure_form, measure_lines
from sluice.text.dedup.key_text import define_key, fold_table, key_text
from sluice.text.unicode.characters import DECIMAL, WORD, flags_of, table

BLANK, SHORT, PLAIN = range(3)
"""Kinds of lines; only plain ones may be removed. Blank lines have no letter and no digit."""

CELL = " | "
"""Separator of table cells, as rendered by `text.html.main_text`."""
FENCE = re.compile(r"\s*(```|~~~)")
CODE_SIGNS = re.compile(
    r"""
      ^\s*(//|/\*|\*/|\#!|\#include\b|<\?|\$[ ]|>>>[ ]|\.\.\.[ ]|@\w+\()      # comments, prompts, annotations
    | ^\s*</?[A-Za-z!][^<>]*>|</[A-Za-z]+>\s*$                              # markup
    | ^\s*["'][\w.$/-]+["']\s*[:=]                                          # keys of JSON, TOML, dictionaries
    | ^\s*(import|package|from|using|return|throw|public|private|protected|static|const|var|let|def|class|function
          |if|else|for|while|try|catch|with|elif|except)\b.*[;{}:)]\s*$     # keywords that begin, marks that end
    | [{}]\s*$|^\s*[{}]|\w\(.*\)\s*;\s*$|=.*;\s*$                           # blocks and statements
    | [\w\])]\s*(==|!=|<=|>=|=>|->|&&|\|\||::|\+=|-=|:=)\s*[\w(\["'&*]      # operators
    | (^|\s)[A-Za-z_$][\w.$\[\]]*\s?=\s?["'\w(\[{$/-]                       # assignments
    | [A-Za-z_]\w*\.\w+\(|\w\(\)|^\s*\.[A-Za-z]\w*\(                         # calls
    | ^\s*-{0,2}[A-Za-z_][\w.-]*:\s+(true|false|null|\d+|["'\[{][^\s]*)\s*(\#.*)?$   # YAML
    | (^|\s)--?[a-z][\w.-]+=\S|\\\s*$                                        # options, continued lines
    | ^\s*(sudo|cd|mkdir|cp|mv|rm|curl|wget|git|npm|pip3?|docker|kubectl|java|mvn|sh|bash|export|apt-get|yum|chmod|tar)
      [ ].*([ ]-\w|/|=)                                                     # shell
    """,
    re.VERBOSE | re.ASCII,
)
MAX_CODE_CHARS = 1000
"""Bounds the time of patterns whose failing search is quadratic in the length."""

Hashes = npt.NDArray[np.int64]


class TextLines(NamedTuple):
    """The lines of a text between newlines: hashes of their normal forms, and their kinds, [lines] int64 each."""

    hashes: Hashes
    kinds: npt.NDArray[np.int64]


class CutLines(NamedTuple):
    """A text without its repeated lines, and its counts.

    Lines in = lines out + n_lines_removed + n_blank_removed; characters in = characters out + n_chars_removed.
    """

    text: str
    n_lines: int
    n_chars: int
    n_blank: int
    n_short: int
    n_structured: int
    """Repeated lines that are kept because they are code or table rows."""
    n_spared: int
    """Other repeated lines that are kept because too little of the document would remain."""
    n_lines_removed: int
    n_blank_removed: int
    """Blank lines removed because they would follow another blank line."""
    n_chars_removed: int
    """Removed characters, including line ends."""
    removed: tuple[int, ...]
    """Hashes of the removed lines, distinct and ascending."""


def line_form(line: str, max_digit_share: float) -> str:
    """Returns the normal form of a line: letters, marks and digits of its key text; digits become 0 if there are few.

    >>> line_form("第 12 章：這是測試（Ｔｅｓｔ），完。", 0.2), line_form("2024-05-01", 0.2)
    ('第00章这是测试test完', '20240501')
    """
    kept = [(char, flags_of(char)) for char in key_text(line) if char != "_"]
    kept = [(char, flags) for char, flags in kept if flags & WORD]
    has_few = sum(bool(flags & DECIMAL) for _, flags in kept) <= max_digit_share * len(kept)
    return "".join("0" if has_few and flags & DECIMAL else char for char, flags in kept)


def is_code(line: str) -> bool:
    """Whether a line looks like program code, shell commands or a configuration file.

    Prose mistaken for code is merely kept. Only the beginning of a long line is examined.
    """
    return CODE_SIGNS.search(line[:MAX_CODE_CHARS]) is not None


def text_lines(text: str, settings: LineDedupConfig) -> TextLines:
    """Returns the lines of a text with their hashes and kinds."""
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    n = text.count("\n") + 1 if text else 0
    prints, measures = np.empty(n, np.uint64), np.empty((n, 4), np.int64)
    measure_lines(data, *fold_table(), *table(), settings.max_digit_share, prints, measures)
    starts, ends, cjk, others = measures.T
    for number in np.flatnonzero(cjk < 0):
        line = data[starts[number] : ends[number]].tobytes().decode("utf-8", "surrogatepass")
        key = np.frombuffer(define_key(line).encode("utf-8", "surrogatepass"), np.uint8)
        prints[number], cjk[number], others[number] = measure_form(key, *table(), settings.max_digit_share)
    weights = cjk * settings.min_chars + others * settings.min_cjk_chars
    kinds = np.where(weights < settings.min_chars * settings.min_cjk_chars, SHORT, PLAIN)
    return TextLines(prints.view(np.int64), np.where(cjk + others == 0, BLANK, kinds))


def plain_hashes(text: str, settings: LineDedupConfig) -> Hashes:
    """Returns the distinct hashes of the plain lines of a text, [n] int64, ascending."""
    lines = text_lines(text, settings)
    return np.unique(lines.hashes[lines.kinds == PLAIN])


def cut_lines(text: str, repeated: Hashes, settings: LineDedupConfig) -> CutLines:
    """Removes the plain lines with hashes in `repeated` [n] int64 from a text, except code and table rows.

    A blank line that would then follow another one or start the text is removed too. A text that would lose more than
    `settings.max_removed_share` of its characters is not changed.
    """
    hashes, kinds = text_lines(text, settings)
    is_repeated = (kinds == PLAIN) & np.isin(hashes, repeated)
    lines = text.split("\n")
    is_structured = structured_lines(lines, is_repeated)
    is_gone = is_repeated & ~is_structured
    n_gone = int(is_gone.sum())
    whole = CutLines(
        text,
        n_lines=len(kinds),
        n_chars=len(text),
        n_blank=int((kinds == BLANK).sum()),
        n_short=int((kinds == SHORT).sum()),
        n_structured=int(is_structured.sum()),
        n_spared=n_gone,
        n_lines_removed=0,
        n_blank_removed=0,
        n_chars_removed=0,
        removed=(),
    )
    if not n_gone:
        return whole
    kept = _without(lines, is_gone.tolist())
    shorter = "\n".join(kept)
    n_chars = len(text) - len(shorter)
    if settings.max_removed_share is not None and n_chars > settings.max_removed_share * len(text):
        return whole
    return whole._replace(
        text=shorter,
        n_spared=0,
        n_lines_removed=n_gone,
        n_blank_removed=len(lines) - n_gone - len(kept),
        n_chars_removed=n_chars,
        removed=tuple(np.unique(hashes[is_gone]).tolist()),
    )


def line_with(text: str, line: int, settings: LineDedupConfig) -> str | None:
    """Returns the first line of a text with this hash, or None."""
    places = np.flatnonzero(text_lines(text, settings).hashes == line)
    return text.split("\n")[places[0]] if len(places) else None


def structured_lines(lines: list[str], asked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Returns which of the lines `asked`, [lines] bool, are code (by fences or patterns) or table rows.

    An unclosed fence does not count. A table row has as many cells as an adjacent line; a single line is not a table.
    """
    found = np.zeros_like(asked)
    if not asked.any():
        return found
    fences = [number for number, line in enumerate(lines) if FENCE.match(line)]
    for first, last in zip(fences[::2], fences[1::2], strict=False):
        found[first:last] = True
    for number in np.flatnonzero(asked & ~found):
        found[number] = is_code(lines[number]) or _is_row(lines, int(number))
    return found & asked


def _is_row(lines: list[str], number: int) -> bool:
    cells = lines[number].count(CELL)
    beside = lines[max(number - 1, 0) : number] + lines[number + 1 : number + 2]
    return cells > 0 and any(line.count(CELL) == cells for line in beside)


def _without(lines: list[str], is_repeated: list[bool]) -> list[str]:
    """Returns lines that are not repeated, without blank lines that removals leave next to another or at an end."""
    kept: list[str] = []
    is_cut = False  # whether a line was removed since the last one with text
    for line, is_gone in zip(lines, is_repeated, strict=True):
        if is_gone:
            is_cut = True
        elif line.strip():
            kept.append(line)
            is_cut = False
        elif not is_cut or (kept and kept[-1].strip()):
            kept.append(line)
    while is_cut and kept and not kept[-1].strip():
        kept.pop()
    return kept
