"""Kernels that parse start and end tags and their attributes."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.tags import BLOCK
from sluice.text.jit import inlined, kernel
from sluice.text.unicode.fnv import fnv
from sluice.text.unicode.kernels.utf8 import FNV_PRIME, FNV_START, find_slot, is_letter, is_space, lower

MAX_WORDS = 48
"""Maximum words of class, id and role kept per element."""

_TAG_KEYS, _TAG_VALUES, _CATEGORY = tags.TAG_KEYS, tags.TAG_VALUES, tags.CATEGORY
HIDES = tags.HIDDEN
CLASS, ID, ROLE, ITEMPROP, STYLE, HIDDEN, ARIA_HIDDEN, TYPE = (
    np.uint64(fnv(name))
    for name in (b"class", b"id", b"role", b"itemprop", b"style", b"hidden", b"aria-hidden", b"type")
)
LD_JSON, TRUE, EMPTY = (np.uint64(fnv(value)) for value in (b"application/ld+json", b"true", b""))
DISPLAY_NONE, VISIBILITY_HIDDEN = (np.uint64(fnv(value)) for value in (b"display:none", b"visibility:hidden"))
ROLE_SALT = np.uint64(0x9E3779B97F4A7C15)
"""Distinguishes `role=main` and `itemprop=name` from the same words in a class."""


@kernel
def skip_declaration(html, i):
    """Returns the position after a comment, doctype, processing instruction or malformed end tag at i."""
    n = len(html)
    if not (i + 3 < n and html[i + 1] == 33 and html[i + 2] == 45 and html[i + 3] == 45):
        while i < n and html[i] != 62:
            i += 1
        return min(i + 1, n)
    k = i + 4
    if k < n and html[k] == 62:  # <!-->
        return k + 1
    while k + 2 < n:
        if html[k] == 45 and html[k + 1] == 45:
            if html[k + 2] == 62:
                return k + 3
            if html[k + 2] == 33 and k + 3 < n and html[k + 3] == 62:
                return k + 4
        k += 1
    return n


@kernel
def read_tag(html, i):
    """Parses the tag at i: number, categories, name hash, end of the name, position after it, whether self-closing."""
    n = len(html)
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
    category = np.int64(_CATEGORY[tag]) if slot >= 0 else np.int64(BLOCK if is_custom else 0)
    last = np.uint8(0)  # character that is not a space
    while k < n:
        byte = html[k]
        if byte == 62:
            break
        if (byte == 34 or byte == 39) and last == 61:
            k += 1
            while k < n and html[k] != byte:
                k += 1
            last = np.uint8(0)
        elif not is_space(byte):
            last = byte
        k += 1
    k = min(k, n)
    return tag, category, key, name_end, min(k + 1, n), k > name_end and html[k - 1] == 47


@kernel
def find_end_tag(html, start, name_start, name_end):
    """Returns the position of `</name`, in any case, at or after start; the length of the page if there is none."""
    n = len(html)
    width = name_end - name_start
    i = start
    while i + 2 + width <= n:
        if html[i] == 60 and html[i + 1] == 47:
            k = 0
            while k < width and lower(html[i + 2 + k]) == lower(html[name_start + k]):
                k += 1
            if k == width and (i + 2 + width == n or not is_letter(html[i + 2 + width])):
                return i
        i += 1
    return n


@inlined
def _value_hash(html, start, end):
    """Hashes a value in lower case, without white space."""
    key = FNV_START
    for i in range(start, end):
        if not is_space(html[i]):
            key = (key ^ np.uint64(lower(html[i]))) * FNV_PRIME
    return key


@kernel
def _first_name_hash(html, start, end):
    """Hashes the first class name without digits: siblings often differ in later names (odd, even, last)."""
    key = FNV_START
    while start < end and is_space(html[start]):
        start += 1
    while start < end and not is_space(html[start]):
        if not 48 <= html[start] <= 57:
            key = (key ^ np.uint64(html[start])) * FNV_PRIME
        start += 1
    return key


@kernel
def _hides(html, start, end):
    """Whether the value of a style attribute hides its element."""
    part = start
    for i in range(start, end + 1):
        if i == end or html[i] == 59:
            key = _value_hash(html, part, i)
            if key == DISPLAY_NONE or key == VISIBILITY_HIDDEN:
                return True
            part = i + 1
    return False


@kernel
def _value_words(html, start, end, salt, node, word_node, word_hash, count, first):
    """Adds the words of one attribute value: letter runs, split at capitals too, and whole names."""
    limit = min(first + MAX_WORDS, len(word_node))
    i = start
    while i < end:
        while i < end and is_space(html[i]):
            i += 1
        name_start = i
        name, word = FNV_START, FNV_START
        parts, length = 0, 0
        while i <= end:
            byte = html[i] if i < end else np.uint8(32)
            in_word = is_letter(byte) or byte >= 128
            starts_word = 65 <= byte <= 90 and i > name_start and 97 <= html[i - 1] <= 122
            if (not in_word or starts_word) and length > 0:
                if length > 1 and count < limit:
                    word_node[count], word_hash[count] = node, word ^ salt
                    count += 1
                parts += 1
                word = FNV_START
                length = 0
            if is_space(byte):
                break
            small = np.uint64(lower(byte))
            if in_word:
                word = (word ^ small) * FNV_PRIME
                length += 1
            if not 48 <= byte <= 57:  # numbers distinguish instances, not kinds
                name = (name ^ small) * FNV_PRIME
            i += 1
        if parts > 1 and count < limit:
            word_node[count], word_hash[count] = node, name ^ salt
            count += 1
        i += 1
    return count


@kernel
def read_attributes(html, k, stop, node, word_node, word_hash, num_words):
    """Reads attributes in [k, stop). Returns added context bits, hashes of first class name and `type`, word count."""
    context = 0
    name_sign = np.uint64(0)
    value_type = EMPTY
    first = num_words
    while k < stop:
        while k < stop and (is_space(html[k]) or html[k] == 47):
            k += 1
        begin = k
        name = FNV_START
        while k < stop and not is_space(html[k]) and html[k] != 61 and html[k] != 47:
            name = (name ^ np.uint64(lower(html[k]))) * FNV_PRIME
            k += 1
        while k < stop and is_space(html[k]):
            k += 1
        start = end = k
        if k < stop and html[k] == 61:
            k += 1
            while k < stop and is_space(html[k]):
                k += 1
            start = k
            if k < stop and (html[k] == 34 or html[k] == 39):
                quote = html[k]
                start += 1
                k += 1
                while k < stop and html[k] != quote:
                    k += 1
                end = k
                k += 1
            else:
                while k < stop and not is_space(html[k]):
                    k += 1
                end = k
        elif k == begin:
            k += 1
        if name == CLASS or name == ID:
            num_words = _value_words(html, start, end, np.uint64(0), node, word_node, word_hash, num_words, first)
            if name == CLASS:
                name_sign = _first_name_hash(html, start, end)
        elif name == ROLE or name == ITEMPROP:
            num_words = _value_words(html, start, end, ROLE_SALT, node, word_node, word_hash, num_words, first)
        elif name == TYPE:
            value_type = _value_hash(html, start, end)
        elif (
            name == HIDDEN
            or (name == STYLE and _hides(html, start, end))
            or (name == ARIA_HIDDEN and _value_hash(html, start, end) == TRUE)
        ):
            context |= HIDES
    return context, name_sign, value_type, num_words
