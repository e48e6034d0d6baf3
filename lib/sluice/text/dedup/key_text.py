"""The key text: the normalised form of a text that exact and near-duplicate removal compare. It is never stored."""

import functools
import sys
import unicodedata
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.text.dedup.kernels.key_text import DIFFICULT, LONGER, count_removed, fold_text
from sluice.text.language.chinese_variant import simplified_forms
from sluice.text.shared_tables import Arrays, stored_arrays
from sluice.text.unicode.characters import ASSIGNED, parse_ranges
from sluice.text.unicode.code_points import of_all
from sluice.text.unicode.encoded_text import AnyText, EncodedText

KEY_VERSION = "nfkc-casefold-hans-4"
"""Recorded in manifests. Must change with every change of the normalisation."""

ROOM = 4
"""Maximum bytes of a key text per byte of the text in the compiled fold; a ligature may need 11."""


IGNORABLE = """
    AD 34F 61C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F FEFF FFA0 FFF0-FFF8
    1BCA0-1BCA3 1D173-1D17A E0000-E0FFF
"""
"""Default_Ignorable_Code_Point of Unicode 16, in hexadecimal ranges: soft hyphens, joiners, zero-width spaces,
variation selectors, marks of writing direction. No one sees them, so copies of a text differ in them."""


@functools.cache
def ignorable() -> dict[int, None]:
    """Returns the code points of IGNORABLE as a table for `str.translate` that removes them."""
    return dict.fromkeys(map(ord, parse_ranges(IGNORABLE)))


def define_key(text: str) -> str:
    """Defines the key text: without ignorable characters, NFKC (folds width), case folding, traditional to simplified
    Chinese characters by OpenCC's first choice, white space runs replaced by one space and stripped at the ends.
    """
    normal = unicodedata.normalize("NFKC", text.translate(ignorable()))
    return " ".join(normal.casefold().translate(simplified_forms()).split())


def key_text(text: AnyText) -> str:
    """Returns the same as `define_key`. Compiled for texts whose characters fold individually, which is nearly all."""
    view = EncodedText.of(text)
    data = np.frombuffer(view.wtf8, np.uint8)
    table = fold_table()
    n = len(data)
    for room in (n + n // 8 + 32, ROOM * n):
        out = np.empty(room, np.uint8)
        length = fold_text(data, *table, out)
        if length >= 0:
            return out[:length].tobytes().decode("utf-8", "surrogatepass")
        if length == -1:
            break
    return define_key(view.text)


def count_ignorable(text: AnyText) -> int:
    """Returns the number of ignorable characters of a text."""
    return int(count_removed(np.frombuffer(EncodedText.of(text).wtf8, np.uint8), *fold_table()))


class FoldTable(NamedTuple):
    """The folded form of each code point, indexed as in `code_points`; see `dedup.kernels.key_text`."""

    rows: npt.NDArray[np.uint16]
    values: npt.NDArray[np.uint32]
    expansions: npt.NDArray[np.uint32]


@functools.cache
def fold_table() -> FoldTable:
    """Returns the table for this Python's Unicode version."""
    return FoldTable(**stored_arrays(f"key-{unicodedata.unidata_version}", _build))


def _build() -> Arrays:
    values = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    expansions: list[int] = []
    seconds = _seconds()
    for codes in (*ASSIGNED, range(0xE0200, 0xE1000)):
        for code in codes:
            folded = "" if code in ignorable() else _fold(chr(code), seconds)
            if folded is None:
                values[code] = DIFFICULT
            elif len(folded) == 1:
                values[code] = ord(folded)
            else:
                values[code] = LONGER + len(expansions)
                expansions += [len(folded), *map(ord, folded)]
    table = of_all(values)
    return {"rows": table.rows, "values": table.values, "expansions": np.array(expansions, np.uint32)}


def _seconds() -> frozenset[str]:
    """Returns the characters that may compose with a preceding one (NFC_Quick_Check Maybe)."""
    jamo = {chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    pairs = (unicodedata.decomposition(chr(code)).split() for codes in ASSIGNED for code in codes)
    return frozenset(jamo | {chr(int(pair[1], 16)) for pair in pairs if len(pair) == 2 and pair[0][0] != "<"})


def _fold(char: str, seconds: frozenset[str]) -> str | None:
    """Returns the folded form of a character, with white space as spaces; None if it depends on its neighbours.

    It does if normalisation may reorder or compose it, or a part of it, with the characters before it.
    """
    normal = unicodedata.normalize("NFKC", char)
    if any(unicodedata.combining(part) or part in seconds for part in normal):
        return None
    folded = normal.casefold().translate(simplified_forms())
    return "".join(" " if part.isspace() else part for part in folded)
