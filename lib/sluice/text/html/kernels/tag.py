"""Kernels that parse start and end tags, comments and declarations. `n` is the end of the part that may be read."""

import numpy as np

from sluice.text.html import tags
from sluice.text.jit import kernel
from sluice.text.unicode.kernels.utf8 import FNV_PRIME, FNV_START, find_slot, is_letter, is_space, lower

_TAG_KEYS, _TAG_VALUES, _CATEGORY = tags.TAG_KEYS, tags.TAG_VALUES, tags.CATEGORY
IN_NAME, BEFORE_VALUE, IN_VALUE = 0, 1, 2
CDATA = np.frombuffer(b"<![CDATA[", np.uint8)


@kernel
def is_tag_at(html, i, n):
    """Whether the `<` at i begins markup rather than text."""
    if i + 1 >= n:
        return False
    follower = html[i + 1]
    return is_letter(follower) or follower == 33 or follower == 63 or (follower == 47 and i + 2 < n)


@kernel
def is_cdata_at(html, i, n):
    """Whether a CDATA section begins at i."""
    if i + len(CDATA) > n:
        return False
    for k in range(len(CDATA)):
        if html[i + k] != CDATA[k]:
            return False
    return True


@kernel
def cdata_end(html, i, n):
    """Returns the position of the next `]]>`; n without one."""
    while i + 2 < n:
        if html[i] == 93 and html[i + 1] == 93 and html[i + 2] == 62:
            return i
        i += 1
    return n


@kernel
def skip_declaration(html, i, n):
    """Returns the position after a comment, doctype, processing instruction or malformed end tag at i."""
    if not (i + 3 < n and html[i + 1] == 33 and html[i + 2] == 45 and html[i + 3] == 45):
        while i < n and html[i] != 62:
            i += 1
        return min(i + 1, n)
    k = i + 4
    if k < n and html[k] == 62:  # <!-->
        return k + 1
    if k + 1 < n and html[k] == 45 and html[k + 1] == 62:  # <!--->
        return k + 2
    while k + 2 < n:
        if html[k] == 45 and html[k + 1] == 45:
            if html[k + 2] == 62:
                return k + 3
            if html[k + 2] == 33 and k + 3 < n and html[k + 3] == 62:
                return k + 4
        k += 1
    return n


@kernel
def read_tag(html, i, n):
    """Parses the tag at i: number, categories, name hash, end of the name, position after it, whether self-closing.

    A quote begins a quoted value only directly after `=`; in an unquoted value it is a character like any other.
    """
    k = i + (2 if html[i + 1] == 47 else 1)
    key = FNV_START
    is_custom = False
    while k < n and not is_space(html[k]) and html[k] != 62 and html[k] != 47:
        is_custom |= html[k] == 45
        key = (key ^ np.uint64(lower(html[k]))) * FNV_PRIME
        k += 1
    name_end = k
    slot = find_slot(_TAG_KEYS, key)
    tag = np.int64(_TAG_VALUES[slot]) if slot >= 0 else np.int64(0)
    category = np.int64(_CATEGORY[tag]) if slot >= 0 else np.int64(tags.IN_LINE if is_custom else 0)
    state = IN_NAME
    has_name = False  # `=` as the first character of a name belongs to it
    while k < n:
        byte = html[k]
        if byte == 62:
            break
        if state == IN_NAME:
            if byte == 61 and has_name:
                state = BEFORE_VALUE
            elif byte == 47:
                has_name = False
            elif not is_space(byte):
                has_name = True
        elif state == BEFORE_VALUE:
            if byte == 34 or byte == 39:
                k += 1
                while k < n and html[k] != byte:
                    k += 1
                state, has_name = IN_NAME, False
            elif not is_space(byte):
                state = IN_VALUE
        elif is_space(byte):
            state, has_name = IN_NAME, False
        k += 1
    is_self_closing = name_end < k < n and html[k - 1] == 47 and state != IN_VALUE
    k = min(k, n)
    return tag, category, key, name_end, min(k + 1, n), is_self_closing


@kernel
def _has_name_at(html, i, name_start, width, n):
    """Whether the name of `width` bytes at name_start is also at i, in any case, and is a whole name there."""
    if i + width > n:
        return False
    for k in range(width):
        if lower(html[i + k]) != lower(html[name_start + k]):
            return False
    return i + width == n or not is_letter(html[i + width])


@kernel
def find_end_tag(html, start, name_start, name_end, n):
    """Returns the position of the first `</name`, in any case, at or after start; n if the rest has no such end tag."""
    width = name_end - name_start
    i = start
    while i + 2 + width <= n:
        if html[i] == 60 and html[i + 1] == 47 and _has_name_at(html, i + 2, name_start, width, n):
            return i
        i += 1
    return n


@kernel
def find_own_end_tag(html, start, name_start, name_end, n):
    """Like `find_end_tag`, but skips the end tags of elements of the same name inside; n if they are not balanced."""
    width = name_end - name_start
    depth = 1
    i = start
    while i + 1 + width <= n:
        if html[i] == 60:
            if html[i + 1] == 47:
                if _has_name_at(html, i + 2, name_start, width, n):
                    depth -= 1
                    if depth == 0:
                        return i
            elif _has_name_at(html, i + 1, name_start, width, n):
                _, _, _, _, after, is_self_closing = read_tag(html, i, n)
                depth += not is_self_closing
                i = after - 1
        i += 1
    return n
