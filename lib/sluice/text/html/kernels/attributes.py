"""Kernels that read the attributes of a start tag: what hides, breaks or numbers its element, and its class words."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.attribute_names import (
    CLASS_FLAGS,
    CLASS_KEYS,
    CONSENT,
    FORMULA,
    GUTTER,
    HIDES,
    SHADOW,
    STYLE_FLAGS,
    STYLE_KEYS,
)
from sluice.text.jit import inlined, kernel
from sluice.text.unicode.fnv import fnv
from sluice.text.unicode.kernels.utf8 import FNV_PRIME, FNV_START, find_slot, is_letter, is_space, lower

MAX_WORDS = 48
"""Maximum words of class, id and role kept per element."""
MAX_NUMBER = 10_000
"""Larger values of colspan, rowspan, start and value are treated as this one."""

CLASS, ID, ROLE, ITEMPROP, STYLE, HIDDEN, ARIA_HIDDEN, TYPE = (
    np.uint64(fnv(name))
    for name in (b"class", b"id", b"role", b"itemprop", b"style", b"hidden", b"aria-hidden", b"type")
)
COLSPAN, ROWSPAN, START, VALUE, REVERSED, ALT, ALTTEXT, EEIMG, ONCLICK, LINE_NUMBER, SHADOW_MODE, OLD_SHADOW_MODE = (
    np.uint64(fnv(name))
    for name in (
        b"colspan",
        b"rowspan",
        b"start",
        b"value",
        b"reversed",
        b"alt",
        b"alttext",
        b"eeimg",
        b"onclick",
        b"data-line-number",
        b"shadowrootmode",
        b"shadowroot",
    )
)
LD_JSON, MATH_TEX, MATH_TEX_DISPLAY, TRUE, EMPTY = (
    np.uint64(fnv(value)) for value in (b"application/ld+json", b"math/tex", b"math/tex;mode=display", b"true", b"")
)
ROLE_SALT = np.uint64(0x9E3779B97F4A7C15)
"""Distinguishes `role=main` and `itemprop=name` from the same words in a class."""

# columns of the numbers that `read_attributes` fills
CONTEXTS, FLAGS, COLUMNS, ROWS, FIRST, NUMBER, IS_REVERSED, TEXT_START, TEXT_END, HAS_ONCLICK, MARKER = range(11)
NUM_FOUND = 11
NO_NUMBER = -(1 << 30)


@inlined
def value_hash(html, start, end):
    """Hashes a value in lower case, without white space."""
    key = FNV_START
    for i in range(start, end):
        if not is_space(html[i]):
            key = (key ^ np.uint64(lower(html[i]))) * FNV_PRIME
    return key


@kernel
def first_name_hash(html, start, end):
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
def style_flags(html, start, end):
    """Returns the flags of the declarations in a style attribute; `!important` changes nothing."""
    flags = np.int64(0)
    part = start
    for i in range(start, end + 1):
        if i == end or html[i] == 59:
            stop = part
            while stop < i and html[stop] != 33:
                stop += 1
            slot = find_slot(STYLE_KEYS, value_hash(html, part, stop))
            if slot >= 0:
                flags |= STYLE_FLAGS[slot]
            part = i + 1
    return flags


@kernel
def number_in(html, start, end):
    """Returns the integer at the beginning of a value; NO_NUMBER without one."""
    i = start
    while i < end and is_space(html[i]):
        i += 1
    is_negative = i < end and html[i] == 45
    i += is_negative or (i < end and html[i] == 43)
    number, digits = 0, 0
    while i < end and 48 <= html[i] <= 57:
        number = min(number * 10 + (html[i] - 48), MAX_NUMBER)
        digits += 1
        i += 1
    if digits == 0:
        return NO_NUMBER
    return -number if is_negative else number


@kernel
def _value_words(html, start, end, salt, node, word_node, word_hash, count, first, found):
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
        if parts > 0:
            slot = find_slot(CLASS_KEYS, name)
            if slot >= 0:
                found[FLAGS] |= CLASS_FLAGS[slot]
        i += 1
    return count


@inlined
def _read_rare(html, name, start, end, found):
    """Reads an attribute that few elements have."""
    if name == COLSPAN:
        found[COLUMNS] = max(1, number_in(html, start, end))
    elif name == ROWSPAN:
        found[ROWS] = max(1, number_in(html, start, end))
    elif name == START:
        found[FIRST] = number_in(html, start, end)
    elif name == VALUE:
        found[NUMBER] = number_in(html, start, end)
    elif name == REVERSED:
        found[IS_REVERSED] = 1
    elif name == ALT or name == ALTTEXT:
        found[TEXT_START], found[TEXT_END] = start, end
    elif name == EEIMG:  # Zhihu's formulas
        found[FLAGS] |= FORMULA
    elif name == ONCLICK:
        found[HAS_ONCLICK] = 1
    elif name == LINE_NUMBER:
        found[FLAGS] |= GUTTER
    elif name == SHADOW_MODE or name == OLD_SHADOW_MODE:
        found[FLAGS] |= SHADOW


@inlined
def clear(found):
    """Sets the values of a tag without attributes."""
    for k in range(NUM_FOUND):
        found[k] = 0
    found[COLUMNS] = found[ROWS] = 1
    found[FIRST] = found[NUMBER] = NO_NUMBER


@kernel
def read_attributes(html, k, stop, node, word_node, word_hash, num_words, found):
    """Reads the attributes in [k, stop) into `found`; words go to `word_node` and `word_hash`.

    Returns the hashes of the first class name and of `type`, and the number of words.
    """
    clear(found)
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
            flags = found[FLAGS]
            num_words = _value_words(
                html, start, end, np.uint64(0), node, word_node, word_hash, num_words, first, found
            )
            if name == CLASS:
                name_sign = first_name_hash(html, start, end)
            else:
                found[FLAGS] = flags | (found[FLAGS] & CONSENT)  # an id is not a class
        elif name == ROLE or name == ITEMPROP:
            flags = found[FLAGS]
            num_words = _value_words(html, start, end, ROLE_SALT, node, word_node, word_hash, num_words, first, found)
            found[FLAGS] = flags
        elif name == TYPE:
            value_type = value_hash(html, start, end)
            found[MARKER] = html[start] if end == start + 1 else 0
        elif name == STYLE:
            flags = style_flags(html, start, end)
            found[FLAGS] |= flags
            if flags & HIDES:
                found[CONTEXTS] |= tags.HIDDEN
        elif name == HIDDEN or (name == ARIA_HIDDEN and value_hash(html, start, end) == TRUE):
            found[FLAGS] |= HIDES
            found[CONTEXTS] |= tags.HIDDEN
        else:
            _read_rare(html, name, start, end, found)
    return name_sign, value_type, num_words
