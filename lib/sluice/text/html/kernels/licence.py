"""Finds places in a page that may declare a licence, robots rules or facts: a scan of bytes, then of tags if needed."""

import numpy as np

from sluice.text.jit import array_kernel, inlined, kernel
from sluice.text.unicode.kernels.phrases import phrase_table
from sluice.text.unicode.kernels.utf8 import is_letter, is_space

META, TAG, JSON = 1, 2, 3
"""A relevant <meta>; another start tag that contains creativecommons; the content of a JSON-LD script that does."""
CHUNK = 4096
MAX_TAG = 16_384
"""A tag with a quote that is not closed within this many bytes ends at its first >."""
MAX_MARKS = 256
"""Maximum number of marks used; a page with more is a list of licences."""

META_HINTS = ("title", "author", "byl", "date", "published_time", "creat")
"""Every name of a <meta> in `html.metadata` contains one of these. Most <meta>s do not, so that their attributes need
not be parsed."""
_HINTS, _HINT_LENGTHS = phrase_table(META_HINTS)
_STARTS = np.array([chr(byte).lower() in {hint[0] for hint in META_HINTS} for byte in range(256)])
"""Whether a hint may begin with a byte."""

_U8 = np.uint8
_CASE = np.uint8(32)
_OBOT, _PIDE, _VECO, _CCBY, _MET = (
    tuple(map(np.uint8, word)) for word in (b"obot", b"pide", b"veco", b"ccby", b"<met")
)
_BOT_DOUBLE, _BOT_SINGLE, _TDM = (tuple(map(np.uint8, word)) for word in (b'bot"', b"bot'", b"tdm-"))


@inlined
def differs(first, second, third, fourth, word):
    """Returns 0 if four bytes equal those of a word (a row of the constants), else a positive number; all in uint8."""
    return _U8(_U8(first ^ word[0]) | _U8(second ^ word[1]) | _U8(third ^ word[2]) | _U8(fourth ^ word[3]))


@kernel
def last_hint(html):
    """Returns the position, in whole chunks, before which a mark may begin; 0 without a hint.

    Hints are parts of everything searched for, in any case: veco anywhere; obot, bot", bot', pide, tdm- and cc.by in a
    <meta>, so these count only before the last <meta>. The loop over a chunk has no branch and only uses bytes, so that
    the compiler processes 16 or 32 positions at a time; that is eight times as fast as a loop that stops.
    """
    n = len(html) - 4
    commons, metas, others = 0, 0, 0
    for start in range(0, n, CHUNK):
        stop = min(start + CHUNK, n)
        bytes_0, bytes_1, bytes_2 = html[start:stop], html[start + 1 : stop + 1], html[start + 2 : stop + 2]
        bytes_3, bytes_4 = html[start + 3 : stop + 3], html[start + 4 : stop + 4]
        least = least_commons = least_meta = _U8(255)
        for i in range(stop - start):
            a, b, c = _U8(bytes_0[i] | _CASE), _U8(bytes_1[i] | _CASE), _U8(bytes_2[i] | _CASE)
            d, e = _U8(bytes_3[i] | _CASE), _U8(bytes_4[i] | _CASE)
            least = min(least, differs(a, b, c, d, _OBOT))
            least = min(least, differs(a, b, c, bytes_3[i], _BOT_DOUBLE))
            least = min(least, differs(a, b, c, bytes_3[i], _BOT_SINGLE))
            least = min(least, differs(a, b, c, d, _PIDE))
            least_commons = min(least_commons, differs(a, b, c, d, _VECO))
            least_meta = min(least_meta, differs(bytes_0[i], b, c, d, _MET))
            least = min(least, differs(a, b, c, bytes_3[i], _TDM))
            least = min(least, differs(a, b, d, e, _CCBY))
        commons = stop if least_commons == 0 else commons
        metas = stop if least_meta == 0 else metas
        others = stop if least == 0 else others
    return max(commons, min(metas, others))


@inlined
def matches(html, i, n, word):
    """Whether the lower-case `word` is at i, ignoring case."""
    if i + len(word) > n:
        return False
    for k in range(len(word)):
        byte = html[i + k]
        if (byte | 32 if 65 <= byte <= 90 else byte) != word[k]:
            return False
    return True


@kernel
def mark_hinted(html, places, limit, found):
    """Sets found [places] bool, which is False, to whether one of META_HINTS is in the first `limit` bytes of a place.

    places [places, 2]: starts and ends in `html`.
    """
    for k in range(len(places)):
        end = min(places[k, 1], places[k, 0] + limit)
        for i in range(places[k, 0], end):
            if _STARTS[html[i]]:
                for number in range(len(_HINT_LENGTHS)):
                    found[k] |= matches(html, i, end, _HINTS[number, : _HINT_LENGTHS[number]])
            if found[k]:
                break


@kernel
def skip_to(html, i, n, word):
    """Returns the position of the lower-case `word` in [i, n), ignoring case; n if it does not occur."""
    first = word[0] | 32
    for k in range(i, n):
        if html[k] | 32 == first and matches(html, k, n, word):
            return k
    return n


@kernel
def tag_end(html, i, n):
    """Returns the position of the > that ends a tag, skipping quoted ones; n without one."""
    first = n
    limit = min(n, i + MAX_TAG)
    k = i
    while k < limit:
        byte = html[k]
        if byte == 62:
            return k
        if (byte == 34 or byte == 39) and html[k - 1] == 61:
            k += 1
            while k < limit and html[k] != byte:
                if html[k] == 62:
                    first = min(first, k)
                k += 1
        k += 1
    return first


_META = np.frombuffer(b"meta", np.uint8)
_SCRIPT, _END_SCRIPT = np.frombuffer(b"script", np.uint8), np.frombuffer(b"</script", np.uint8)
_STYLE, _END_STYLE = np.frombuffer(b"style", np.uint8), np.frombuffer(b"</style", np.uint8)
_TEXTAREA, _END_TEXTAREA = np.frombuffer(b"textarea", np.uint8), np.frombuffer(b"</textarea", np.uint8)
_COMMENT, _END_COMMENT = np.frombuffer(b"<!--", np.uint8), np.frombuffer(b"-->", np.uint8)
_JSON, _COMMONS = np.frombuffer(b"ld+json", np.uint8), np.frombuffer(b"creativecommons", np.uint8)


@array_kernel
def find_marks(html, reach):
    """Returns kind, start and end [M, 3] of marks that begin before `reach`, except in comments, styles and scripts."""
    n = len(html)
    marks = np.empty((MAX_MARKS, 3), np.int64)
    m = 0
    i = 0
    while i < min(reach, n - 1) and m < MAX_MARKS:
        if html[i] != 60:
            i += 1
            continue
        if matches(html, i, n, _COMMENT):
            i = skip_to(html, i + 4, n, _END_COMMENT)
            continue
        if not is_letter(html[i + 1]):
            i += 1
            continue
        end = tag_end(html, i + 1, n)
        name = i + 1
        while name < end and not is_space(html[name]) and html[name] != 47:
            name += 1
        width = name - i - 1
        if width == 4 and matches(html, i + 1, n, _META):
            if last_hint(html[i : end + 1]) > 0:
                marks[m, 0], marks[m, 1], marks[m, 2] = META, i, end
                m += 1
        elif width == 6 and matches(html, i + 1, n, _SCRIPT):
            close = skip_to(html, end, n, _END_SCRIPT)
            if skip_to(html, i, end, _JSON) < end and skip_to(html, end, close, _COMMONS) < close:
                marks[m, 0], marks[m, 1], marks[m, 2] = JSON, min(end + 1, close), close
                m += 1
            end = close
        elif width == 5 and matches(html, i + 1, n, _STYLE):
            end = skip_to(html, end, n, _END_STYLE)
        elif width == 8 and matches(html, i + 1, n, _TEXTAREA):
            end = skip_to(html, end, n, _END_TEXTAREA)
        elif skip_to(html, i, end, _COMMONS) < end:
            marks[m, 0], marks[m, 1], marks[m, 2] = TAG, i, end
            m += 1
        i = max(end, i + 1)
    return marks[:m]
