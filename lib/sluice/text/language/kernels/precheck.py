"""Kernels for a quick language check of a page: its longest runs of text, without building a document."""

import numpy as np

from sluice.text.html.kernels.references import resolve_reference
from sluice.text.jit import array_kernel, inlined
from sluice.text.unicode.kernels.utf8 import is_letter, is_space, lower


def _packed(names):
    """Packs names of up to eight letters into numbers, with the first letter in the highest byte."""
    return np.array([int.from_bytes(name.encode(), "big") for name in names.split()], np.uint64)


RAW = _packed("script style textarea template noscript svg select title iframe")
"""Elements whose content is skipped."""
INLINE = _packed("a b i u em strong span font code sup sub small big abbr mark ins del s q cite kbd tt wbr br img")
"""Elements that do not end a text run."""
LINK = _packed("a")[0]


@inlined
def tag_name(html, i):
    """Returns the name at i packed into a number (0 if it is too long), and the position after it."""
    name = np.uint64(0)
    length = 0
    while i < len(html) and (is_letter(html[i]) or 48 <= html[i] <= 57):
        name = (name << np.uint64(8)) | np.uint64(lower(html[i]))
        length += 1
        i += 1
    return name if length <= 8 else np.uint64(0), i


@inlined
def is_in(name, names):
    """Whether a name is in `names`."""
    found = False
    for other in names:
        if name == other:
            found = True
    return found


@inlined
def skip_to(html, i, byte):
    """Returns the position after the next occurrence of `byte`, or the end."""
    while i < len(html) and html[i] != byte:
        i += 1
    return min(i + 1, len(html))


@inlined
def skip_raw(html, i, name):
    """Returns the position of the end tag of a raw element, or the end."""
    while i + 1 < len(html):
        if html[i] == 60 and html[i + 1] == 47:
            closed, _ = tag_name(html, i + 2)
            if closed == name:
                return i
        i += 1
    return len(html)


@inlined
def skip_comment(html, i):
    """Returns the position after the comment whose content begins at i, or the end."""
    while i + 2 < len(html):
        if html[i] == 45 and html[i + 1] == 45 and html[i + 2] == 62:
            return i + 3
        i += 1
    return len(html)


@array_kernel
def find_runs(html, min_bytes, min_plain_share, max_bytes):
    """Finds runs of text in a page in UTF-8: text uint8, runs [R, 2] (start, end) in it, and counts of kana and Han.

    A run is the text between two elements that break a line, at least `min_bytes` long, with a share of at least
    `min_plain_share` outside of links. Reading stops when the runs have `max_bytes`. Kana and Han are counted in all
    text, by their first bytes.
    """
    text = np.empty(2 * len(html) + 16, np.uint8)  # a few references expand to more bytes: &nGt;
    runs = np.empty((len(text) // min_bytes + 1, 2), np.int64)
    reference = np.empty(16, np.uint8)
    num_runs = start = end = plain = kana = han = taken = 0
    in_link = False
    i = 0
    while i < len(html) and taken < max_bytes:
        byte = html[i]
        width = 1
        reference[0] = byte
        if byte == 60 and i + 1 < len(html):
            after = html[i + 1]
            if after == 33 or after == 63:
                is_comment = after == 33 and i + 3 < len(html) and html[i + 2] == 45 and html[i + 3] == 45
                i = skip_comment(html, i + 4) if is_comment else skip_to(html, i, 62)
                continue
            is_end = after == 47
            if is_letter(after) or is_end:
                name, i = tag_name(html, i + 2 if is_end else i + 1)
                i = skip_to(html, i, 62)
                if name == LINK:
                    in_link = not is_end
                if not is_end and is_in(name, RAW):
                    i = skip_raw(html, i, name)
                if not is_in(name, INLINE):
                    in_link = False
                    if end - start >= min_bytes and plain >= min_plain_share * (end - start):
                        runs[num_runs, 0] = start
                        runs[num_runs, 1] = end
                        num_runs += 1
                        taken += end - start
                        start = end
                    end = start
                    plain = 0
                continue
        elif byte == 38:
            width, after = resolve_reference(html, i, reference)
            if after == i:
                width = 1
            else:
                i = after - 1
        elif is_space(byte):
            reference[0] = 32
            if end > start and text[end - 1] == 32:
                i += 1
                continue
        i += 1
        for k in range(width):
            value = reference[k]
            text[end] = value
            end += 1
            if not in_link:
                plain += 1
            if 0xE4 <= value <= 0xE9:
                han += 1
            elif 0x81 <= value <= 0x83 and end - start >= 2 and text[end - 2] == 0xE3:
                kana += 1
    if end - start >= min_bytes and plain >= min_plain_share * (end - start) and taken < max_bytes:
        runs[num_runs, 0] = start
        runs[num_runs, 1] = end
        num_runs += 1
    return text, runs[:num_runs], kana, han
