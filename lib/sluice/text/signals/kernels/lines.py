"""Kernels for the signals of `text.signals.lines`."""

import numpy as np

from sluice.text.jit import inlined, kernel
from sluice.text.signals import lines, pages
from sluice.text.unicode.characters import BREAK, DECIMAL, SPACE, TERMINAL
from sluice.text.unicode.kernels.phrases import ends_in_phrase, phrase_table
from sluice.text.words.kernels.spaced import is_in


def _codes(chars):
    return np.array(sorted(ord(char) for char in chars), np.uint32)


_BULLETS, _ENDS, _CLOSING = map(_codes, (lines.BULLETS, lines.TERMINAL_MARKS, lines.CLOSING_MARKS))
_CLAUSE_MARKS, _FUNCTION_CHARACTERS = _codes(lines.CLAUSE_MARKS), _codes(lines.FUNCTION_CHARACTERS)
_MIN_CLAUSE_MARKS, _MIN_FUNCTION_CHARACTERS = lines.MIN_CLAUSE_MARKS, lines.MIN_FUNCTION_CHARACTERS
_MIN_SENTENCE_CHARS, _MIN_PARAGRAPH_CHARS = lines.MIN_SENTENCE_CHARS, lines.MIN_PARAGRAPH_CHARS
_INNER_ENDS = _codes(lines.INNER_ENDS)
_NUMERALS = _codes("一二三四五六七八九十")
_MORE, _MORE_LENGTHS = phrase_table(lines.MORE)
PHRASES = ("javascript", "lorem ipsum", *lines.POLICY, *pages.ERROR_PHRASES, *pages.SEARCH_PHRASES)
"""Phrases that are searched for once in every text. The policy phrases begin with C4's six. No two phrases
can begin at neighbouring characters, so a text has at most half as many as characters."""
JAVASCRIPT, LOREM_IPSUM, FIRST_POLICY = 0, 1, 2
FIRST_ERROR = FIRST_POLICY + len(lines.POLICY)
FIRST_SEARCH = FIRST_ERROR + len(pages.ERROR_PHRASES)
NUM_PHRASES = len(PHRASES)

_SHORT = lines.SHORT_LINE_CHARS


@inlined
def strip_left(flags, start, end):
    """Returns the start without leading white space."""
    while start < end and flags[start] & SPACE:
        start += 1
    return start


@inlined
def strip_right(flags, start, end):
    """Returns the end without trailing white space."""
    while end > start and flags[end - 1] & SPACE:
        end -= 1
    return end


@kernel
def next_line(codes, flags, start):
    """Returns the end of the line that begins at start, as in `splitlines`, and the start of the next line."""
    end = start
    while end < len(codes) and not flags[end] & BREAK:
        end += 1
    after = end + 1
    if end + 1 < len(codes) and codes[end] == 13 and codes[end + 1] == 10:
        after += 1
    return end, after


@inlined
def ends_in_dots(codes, start, end):
    """Whether [start, end) ends in `...` or an ellipsis character."""
    if end > start and codes[end - 1] == 0x2026:
        return True
    return end - start >= 3 and codes[end - 1] == 46 and codes[end - 2] == 46 and codes[end - 3] == 46


@kernel
def ends_sentence(codes, flags, start, end):
    """See `line_signals.ends_sentence`."""
    end = strip_right(flags, start, end)
    while end > start and is_in(codes[end - 1], _CLOSING):
        end -= 1
    return end > start and is_in(codes[end - 1], _ENDS)


@kernel
def has_clauses(codes, start, end):
    """See `lines.has_clauses`."""
    marks, words, has_end = 0, 0, False
    for i in range(start, end):
        if codes[i] >= 0x3000:
            marks += is_in(codes[i], _CLAUSE_MARKS)
            words += is_in(codes[i], _FUNCTION_CHARACTERS)
        elif codes[i] == 32 and i > start:
            has_end = has_end or is_in(codes[i - 1], _INNER_ENDS)
    return (
        marks >= _MIN_CLAUSE_MARKS
        or (end - start >= _MIN_SENTENCE_CHARS and words >= _MIN_FUNCTION_CHARACTERS)
        or (end - start >= _MIN_PARAGRAPH_CHARS and has_end)
    )


@kernel
def is_item(codes, flags, start, end):
    """Whether the pattern `line_signals.ITEM` matches at start."""
    if start == end:
        return False
    code = codes[start]
    if is_in(code, _BULLETS) or 0x2460 <= code <= 0x2473:
        return True
    is_open = code == 40 or code == 0xFF08
    i = start + 1 if is_open else start
    first = i
    only_digits = True
    while i < end and i - first < 3 and (flags[i] & DECIMAL or is_in(codes[i], _NUMERALS)):
        only_digits = only_digits and flags[i] & DECIMAL != 0
        i += 1
    if i == first or i == end:
        return False
    code = codes[i]
    if code == 41 or code == 0xFF09:
        return True
    if is_open:
        return False
    if code == 0x3001 or code == 0xFF0E:
        return True
    return code == 46 and only_digits and not (i + 1 < end and flags[i + 1] & DECIMAL)


@kernel
def measure_lines(codes, flags, num_tokens, places, numbers, out):
    """Fills `out` [13] in the order of `signals.LINES`.

    `places` and `numbers`: positions and numbers of the occurrences of `PHRASES`.
    """
    out[:] = np.nan
    n = len(codes)
    count, bullets, dots = 0, 0, 0
    start = 0
    while start < n:
        end, after = next_line(codes, flags, start)
        count += 1
        first = strip_left(flags, start, end)
        bullets += first < end and (codes[first] == 0x2022 or codes[first] == 45)
        dots += ends_in_dots(codes, start, strip_right(flags, start, end))
        start = after
    if count > 0:
        out[0] = bullets / count
        out[1] = dots / count
    solid, items, marks, sentences, short, chars, newlines = 0, 0, 0, 0, 0, 0, 0
    scripts, policies, more, clauses = 0, 0, 0, 0
    start, hit = 0, 0
    for i in range(n + 1):
        if i < n and codes[i] != 10:
            continue
        newlines += i < n
        first, last = strip_left(flags, start, i), strip_right(flags, start, i)
        if first < last:
            solid += 1
            items += is_item(codes, flags, first, i)
            marks += flags[i - 1] & TERMINAL != 0
            is_end = ends_sentence(codes, flags, start, i)
            sentences += is_end
            clauses += is_end or has_clauses(codes, start, i)
            short += i - start <= _SHORT
            chars += i - start
            has_script, has_policy = False, False
            while hit < len(places) and places[hit] < i:
                has_script = has_script or numbers[hit] == JAVASCRIPT
                has_policy = has_policy or FIRST_POLICY <= numbers[hit] < FIRST_ERROR
                hit += 1
            scripts += has_script
            policies += has_policy
            more += ends_in_phrase(codes, start, last, _MORE, _MORE_LENGTHS)
        start = i + 1
    if solid > 0:
        out[2] = items / solid
        out[3] = marks / solid
        out[4] = sentences / solid
        out[5] = short / solid
        out[6] = chars / solid
        out[9] = scripts / solid
        out[10] = policies / solid
        out[11] = more / solid
        out[12] = clauses / solid
    if num_tokens > 0:
        out[7] = newlines / num_tokens
        out[8] = solid / num_tokens
