"""Kernels that hash hosts and paths of URLs byte by byte: the normal form is never written, only hashed and looked
up."""

import numpy as np

from sluice.text.jit import inlined, kernel
from sluice.text.unicode.kernels.utf8 import FNV_PRIME, FNV_START, is_letter, lower

DOMAIN, URL, NOTHING, ODD = 0, 1, 2, 3
"""Kinds of lines: an entry of either kind, an empty line or comment, or one that must be handled in Python."""
SPACE, CHARACTER, EMPTY_LABEL, LONG_LABEL, LONG_HOST, NO_DOT, LONG_LINE = 10, 11, 12, 13, 14, 15, 16
"""Faults of a line. From SPACE up, the line is invalid."""
MAX_LABEL, MAX_HOST, MAX_LINE = 63, 253, 4096

_URL_START = FNV_START ^ np.uint64(0x55)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@inlined
def is_digit(byte):
    """Whether a byte is an ASCII digit."""
    return 48 <= byte <= 57


@inlined
def is_slash(byte):
    """Whether a byte is a slash; browsers accept a backslash as one."""
    return byte == 47 or byte == 92


@inlined
def ends_authority(byte):
    """Whether a byte ends the host and its port."""
    return byte == 47 or byte == 92 or byte == 63 or byte == 35


@inlined
def hex_value(byte):
    """Returns the value of a hexadecimal digit, -1 for any other byte."""
    if 48 <= byte <= 57:
        return np.int64(byte) - 48
    if 97 <= (byte | 32) <= 102:
        return np.int64(byte | 32) - 87
    return np.int64(-1)


@inlined
def finish(value):
    """Applies SplitMix64's finaliser: the high bits of FNV, which choose the bucket, are not uniform by themselves."""
    value = (value ^ (value >> np.uint64(30))) * _MIX_1
    value = (value ^ (value >> np.uint64(27))) * _MIX_2
    return value ^ (value >> np.uint64(31))


@inlined
def hash_byte(value, byte):
    """Continues an FNV-1a hash with one byte."""
    return (value ^ np.uint64(byte)) * FNV_PRIME


@inlined
def hash_digit(value, digit):
    """Continues an FNV-1a hash with an upper-case hexadecimal digit."""
    return hash_byte(value, digit + 48 if digit < 10 else digit + 55)


@inlined
def hash_path(value, text, p, end, is_query):
    """Continues a hash with the character at p of path, query or fragment. Returns it and the position after it.

    %41 is hashed as A, but an encoded delimiter, space or control character is hashed as written.
    """
    byte = np.int64(text[p])
    after = p + 1
    is_reference = False
    if byte == 37 and p + 2 < end:
        high, low = hex_value(text[p + 1]), hex_value(text[p + 2])
        if high >= 0 and low >= 0:
            byte, after, is_reference = high * 16 + low, p + 3, True
    if byte <= 32 or byte == 127 or (is_reference and (byte == 37 or ends_authority(byte))):
        return hash_digit(hash_digit(hash_byte(value, 37), byte >> 4), byte & 15), after
    if byte == 92 and not is_query:
        byte = np.int64(47)
    return hash_byte(value, byte), after


@kernel
def is_dotted_quad(text, start, end):
    """Whether a host is an IPv4 address in canonical form."""
    value, width, dots = 0, 0, 0
    for i in range(start, end + 1):
        if i == end or text[i] == 46:
            if width == 0 or width > 3 or value > 255 or (width > 1 and text[i - width] == 48):
                return False
            dots += i < end
            value, width = 0, 0
        elif is_digit(text[i]):
            value, width = value * 10 + (text[i] - 48), width + 1
        else:
            return False
    return dots == 3


@kernel
def check_host(text, start, end, is_plain):
    """Returns DOMAIN for a valid host, ODD if it needs Python, else the fault; whether it is an address, has xn--.

    With `is_plain`, Python has already converted the host, so that nothing is ODD.
    """
    if start < end and text[start] == 91:
        return (DOMAIN if is_plain else ODD), True, False
    dots, label, last, has_punycode = 0, start, start, False
    problem = DOMAIN
    for i in range(start, end + 1):
        if i == end or text[i] == 46:
            if i == label:
                problem = EMPTY_LABEL
            elif i - label > MAX_LABEL:
                problem = LONG_LABEL
            last = label
            dots += i < end
            label = i + 1
            continue
        byte = text[i]
        if byte >= 128 or byte == 37:
            return (CHARACTER if is_plain else ODD), False, False
        if i == label and i + 3 < end and (byte | 32) == 120 and (text[i + 1] | 32) == 110 and text[i + 2] == 45:
            has_punycode |= text[i + 3] == 45
        if not (is_letter(byte) or is_digit(byte) or byte == 45 or byte == 95):
            problem = CHARACTER
    if problem != DOMAIN or start >= end:
        return (problem if problem != DOMAIN else EMPTY_LABEL), False, False
    if is_digit(text[last]):
        if is_dotted_quad(text, start, end):
            return DOMAIN, True, False
        is_number = True
        for i in range(last, end):
            is_number &= hex_value(text[i]) >= 0 or (i == last + 1 and (text[i] | 32) == 120)
        if is_number and not is_plain:
            return ODD, False, False
    if dots == 0:
        return NO_DOT, False, has_punycode
    if end - start > MAX_HOST:
        return LONG_HOST, False, has_punycode
    return DOMAIN, False, has_punycode


@kernel
def locate(text, start, end):
    """Returns start and end of the host (no user, port, final dots), start of the path, whether there is a scheme."""
    has_scheme = False
    i = start
    while i < end and (is_letter(text[i]) or is_digit(text[i]) or text[i] == 43 or text[i] == 45 or text[i] == 46):
        i += 1
    if i > start and i + 2 < end and text[i] == 58 and is_slash(text[i + 1]) and is_slash(text[i + 2]):
        start, has_scheme = i + 3, True
    elif start + 1 < end and is_slash(text[start]) and is_slash(text[start + 1]):
        start, has_scheme = start + 2, True
    path = start
    while path < end and not ends_authority(text[path]):
        if text[path] == 64:
            start = path + 1
        path += 1
    stop = path
    i = path
    while i > start and is_digit(text[i - 1]):
        i -= 1
    if i > start and text[i - 1] == 58:
        stop = i - 1
    while stop > start and text[stop - 1] == 46:
        stop -= 1
    return start, stop, path, has_scheme


@inlined
def is_www(text, start, end):
    """Whether a host is `www.` followed by a host with a dot."""
    if end - start < 6 or text[start + 3] != 46:
        return False
    for i in range(start, start + 3):
        if (text[i] | 32) != 119:
            return False
    has_dot = False
    for i in range(start + 5, end - 1):
        has_dot |= text[i] == 46
    return has_dot


@kernel
def entry_key(text, start, end, as_url, is_plain):
    """Returns kind (or fault) and key of the entry in [start, end), and whether it has xn--.

    With a scheme, a path or `as_url`, it is a URL; a URL without a path means the whole host, but not its subdomains.
    """
    host, stop, path, has_scheme = locate(text, start, end)
    status, is_address, has_punycode = check_host(text, host, stop, is_plain)
    if status != DOMAIN:
        return status, np.uint64(0), has_punycode
    is_site = path < end or has_scheme or as_url
    while end > path and (is_slash(text[end - 1]) or text[end - 1] == 63 or text[end - 1] == 35):
        end -= 1
    has_www = not is_address and is_www(text, host, stop)
    if has_www:
        host += 4
    # www.gov.cn is one site, gov.cn includes all: a name with www. means that site, not its siblings
    if not (is_site or has_www):
        value = FNV_START
        for i in range(stop - 1, host - 1, -1):
            value = hash_byte(value, lower(text[i]))
        return DOMAIN, finish(value), has_punycode
    value = _URL_START
    for i in range(host, stop):
        value = hash_byte(value, lower(text[i]))
    is_query = False
    while path < end:
        is_query |= text[path] == 63
        value, path = hash_path(value, text, path, end, is_query)
    return URL, finish(value), has_punycode


@inlined
def find_key(key, starts, shift, keys):
    """Returns the position of a key in the sorted keys, or -1. starts [buckets + 1]: first position by top bits."""
    bucket = np.int64(key >> shift)
    for i in range(np.int64(starts[bucket]), np.int64(starts[bucket + 1])):
        if keys[i] >= key:
            return np.int64(i) if keys[i] == key else np.int64(-1)
    return np.int64(-1)


@kernel
def find_entry(text, is_plain, starts, shift, keys):
    """Returns kind (or fault) and position of the entry that matches a URL: the longest URL, else the longest domain.

    Returns NOTHING, -1 if there is none.
    """
    start, end = 0, len(text)
    while start < end and text[start] <= 32:
        start += 1
    while end > start and text[end - 1] <= 32:
        end -= 1
    host, stop, path, _ = locate(text, start, end)
    status, is_address, _ = check_host(text, host, stop, is_plain)
    if status != DOMAIN:
        return status, np.int64(-1)
    if not is_address and is_www(text, host, stop):
        host += 4

    found, kind = np.int64(-1), NOTHING
    value = FNV_START
    has_dot = False
    for i in range(stop - 1, host - 1, -1):
        if text[i] == 46 and not is_address:
            if has_dot:  # entries cannot be top-level domains
                place = find_key(finish(value), starts, shift, keys)
                if place >= 0:
                    found, kind = place, DOMAIN
            has_dot = True
        value = hash_byte(value, lower(text[i]))
    place = find_key(finish(value), starts, shift, keys)
    if place >= 0:
        found, kind = place, DOMAIN

    value = _URL_START
    for i in range(host, stop):
        value = hash_byte(value, lower(text[i]))
    is_query = False
    while True:
        if path >= end or ends_authority(text[path]):
            place = find_key(finish(value), starts, shift, keys)
            if place >= 0:
                found, kind = place, URL
        if path >= end:
            return kind, found
        is_query |= text[path] == 63
        value, path = hash_path(value, text, path, end, is_query)


@kernel
def read_lines(text, as_urls, lines, kinds, keys):
    """Parses the entries of a list, one per line; the last line must end with a line feed. Returns their number.

    lines [n, 2]: start and end, without surrounding white space; kinds [n]: DOMAIN, URL, NOTHING, ODD or the fault;
    keys.
    """
    n = 0
    start = 0
    for i in range(len(text)):
        if text[i] != 10:
            continue
        first, end = start, i
        start = i + 1
        while first < end and text[first] <= 32:
            first += 1
        while end > first and text[end - 1] <= 32:
            end -= 1
        lines[n, 0], lines[n, 1] = first, end
        if first == end or text[first] == 35:
            kinds[n] = NOTHING
        elif end - first > MAX_LINE:
            kinds[n] = LONG_LINE
        else:
            has_gap = False
            for k in range(first, end):
                has_gap |= text[k] <= 32 or text[k] == 127
            if text[first] == 42 and first + 1 < end and text[first + 1] == 46:
                first += 1
            if text[first] == 46:
                first += 1
            kinds[n], keys[n], has_punycode = entry_key(text, first, end, as_urls, False)
            if has_gap or (has_punycode and kinds[n] < SPACE):
                kinds[n] = ODD
        n += 1
    return n
