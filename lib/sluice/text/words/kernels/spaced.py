"""Kernel for words of spaced languages: the pattern of `data.dataset.words.words`, in one pass over code points."""

import numpy as np

from sluice.data.dataset.words import URL_TAIL
from sluice.text.jit import array_kernel, inlined, kernel
from sluice.text.unicode.characters import DECIMAL, SPACE, WORD

_URL_TAIL = np.array([ord(char) for char in URL_TAIL], np.uint32)
_APOSTROPHE, _QUOTE = 39, 0x2019


@inlined
def is_in(code, chars):
    """Whether a code point is in `chars`."""
    for char in chars:
        if code == char:
            return True
    return False


@inlined
def has(flags, i, flag):
    """Whether there is a character at i that has a flag."""
    return 0 <= i < len(flags) and flags[i] & flag != 0


@inlined
def lower_ascii(codes, i):
    """Returns the code point at i in ASCII lower case; 0 past the end."""
    if i >= len(codes):
        return np.uint32(0)
    code = codes[i]
    return code | np.uint32(32) if 65 <= code <= 90 else code


@inlined
def is_apostrophe(codes, i):
    """Whether ' or ’ is at i."""
    return i < len(codes) and (codes[i] == _APOSTROPHE or codes[i] == _QUOTE)


@kernel
def is_negation(codes, flags, i):
    """Whether n't without a following letter is at i."""
    return (
        lower_ascii(codes, i) == 110
        and is_apostrophe(codes, i + 1)
        and lower_ascii(codes, i + 2) == 116
        and not has(flags, i + 3, WORD)
    )


@kernel
def clitic_length(codes, flags, i):
    """Returns the length of 's 're 've 'll 'm 'd at i, or 0."""
    if not is_apostrophe(codes, i):
        return 0
    first, second = lower_ascii(codes, i + 1), lower_ascii(codes, i + 2)
    if first == 115 or first == 109 or first == 100:  # s m d
        return 0 if has(flags, i + 2, WORD) else 2
    if ((first == 114 or first == 118) and second == 101) or (first == 108 and second == 108):  # re ve ll
        return 0 if has(flags, i + 3, WORD) else 3
    return 0


@kernel
def url_end(codes, flags, i):
    """Returns the end of a URL at i (white space; trailing marks excluded), or i."""
    n = len(codes)
    if i + 7 >= n or codes[i] != 104 or codes[i + 1] != 116 or codes[i + 2] != 116 or codes[i + 3] != 112:
        return i
    start = i + 5 if codes[i + 4] == 115 else i + 4
    if codes[start] != 58 or codes[start + 1] != 47 or start + 2 >= n or codes[start + 2] != 47:
        return i
    start += 3
    end = start
    while end < n and not flags[end] & SPACE:
        end += 1
    while end > start and is_in(codes[end - 1], _URL_TAIL):
        end -= 1
    return end if end > start else i


@kernel
def initials_end(codes, flags, i):
    """Returns the end of two or more initials (U.S.) at i, or i."""
    end = i
    while end + 1 < len(codes) and 97 <= lower_ascii(codes, end) <= 122 and codes[end + 1] == 46:
        end += 2
    while end > i and has(flags, end, WORD):  # one letter less, like backtracking in the pattern
        end -= 2
    return end if end - i >= 4 else i


@inlined
def may_join(code):
    """A cheap test before `is_joiner`; other marks than a comma before a space are rare."""
    return code == _QUOTE or (38 <= code <= 64 and (code <= 47 or code == 58 or code == 64))


@kernel
def is_joiner(codes, flags, i):
    """Whether the mark at i is part of a word if a letter or digit follows."""
    code = codes[i]
    if code == _APOSTROPHE or code == _QUOTE:
        return clitic_length(codes, flags, i) == 0
    if code == 46 or code == 64 or code == 38 or code == 43:  # . @ & +
        return True
    is_before_digit, is_after_digit = has(flags, i + 1, DECIMAL), has(flags, i - 1, DECIMAL)
    if code == 47 or code == 58:  # / :
        return is_before_digit
    if code == 44:
        return is_before_digit and is_after_digit
    return code == 45 and is_before_digit != is_after_digit


@array_kernel
def part_ends(codes, flags):
    """Returns for each position the end of the run of letters and digits there, which stops before n't; itself if none.

    Computed from the end, without backtracking. One element longer than the text.
    """
    n = len(codes)
    ends = np.empty(n + 1, np.int32)
    end = n
    ends[n] = n
    for i in range(n - 1, -1, -1):
        is_stop = flags[i] & WORD == 0
        if is_apostrophe(codes, i + 1):
            is_stop = is_stop or is_negation(codes, flags, i)
        end = i if is_stop else end
        ends[i] = end
    return ends


@kernel
def special_end(codes, flags, i):
    """Returns the end of a negation, clitic, URL or row of initials at i, or i."""
    if is_negation(codes, flags, i):
        return i + 3
    end = i + clitic_length(codes, flags, i)
    if end == i:
        end = url_end(codes, flags, i)
    return initials_end(codes, flags, i) if end == i else end


@inlined
def may_be_special(codes, i):
    """Whether a token can be one of these: begins with n, h or an apostrophe, or has a full stop second."""
    low = codes[i] | np.uint32(32)
    return low == 110 or low == 104 or is_apostrophe(codes, i) or (i + 1 < len(codes) and codes[i + 1] == 46)


@inlined
def word_end(codes, flags, parts, i):
    """Returns the end of a word at i: runs of letters and digits, joiners between them; `parts` from `part_ends`."""
    end = parts[i]
    while end < len(codes) and may_join(codes[end]) and is_joiner(codes, flags, end):
        after = parts[end + 1]
        if after == end + 1:
            break
        end = after
    return end


@array_kernel
def split_words(codes, flags, starts, ends):
    """Writes the bounds of all tokens to `starts` and `ends`, at least as long as the text. Returns their number."""
    parts = part_ends(codes, flags)
    count = 0
    i = 0
    while i < len(codes):
        if flags[i] & SPACE:
            i += 1
            continue
        end = special_end(codes, flags, i) if may_be_special(codes, i) else i
        if end == i:
            if flags[i] & WORD:
                end = word_end(codes, flags, parts, i)
            else:
                end = i + 1
                while end < len(codes) and codes[end] == codes[i]:
                    end += 1
        starts[count] = i
        ends[count] = end
        count += 1
        i = end
    return count
