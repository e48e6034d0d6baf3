"""Kernel that counts the letters of a text by script, and signs of wrong decoding."""

import numpy as np

from sluice.text.jit import array_kernel
from sluice.text.language.kernels.scripts import HANG, HANI, JPAN, LATN
from sluice.text.unicode.kernels.code_points import look_up
from sluice.text.unicode.kernels.utf8 import code_point

SCRIPT = np.uint8(15)
"""Low bits of a value of the table `text.language.letters.letter_table`: position in SCRIPTS."""
CHINESE_ONLY, JAPANESE_ONLY, CANTONESE, WU = np.uint8(16), np.uint8(32), np.uint8(64), np.uint8(128)
"""Bits of ideographs."""
UPPER, LOWER = np.uint8(16), np.uint8(32)
"""Bits of letters beyond ASCII with case. These and the following bits belong to characters other than ideographs."""
HIGH = np.uint8(64)
"""Bit of characters that a single-byte encoding of Latin letters has for bytes from 0x80, and of U+FFFD."""
ASCII = np.uint8(128)
"""Bit of ASCII letters."""
PRIVATE = np.uint8(192)
"""Value of private-use characters, which a wrong encoding of Chinese yields."""
_BROKEN = 0xFFFD


@array_kernel
def count_letters(text, rows, values):
    """Returns the fields of `text.language.letters.LetterCounts` for a text in UTF-8, int64."""
    han = kana = hangul = latin = others = chinese = japanese = cantonese = wu = western = pairs = cased = swaps = (
        private
    ) = 0
    before, code_before = np.uint8(0), np.int64(0)
    i = 0
    while i < len(text):
        code, width = code_point(text, i)
        i += width
        value = look_up(code, rows, values)
        script = value & SCRIPT
        if script == HANI:
            han += 1
            chinese += value & CHINESE_ONLY != 0
            japanese += value & JAPANESE_ONLY != 0
            cantonese += value & CANTONESE != 0
            wu += value & WU != 0
            value = np.uint8(HANI)  # the bits have another meaning for the next character
        elif script == JPAN:
            kana += 1
        elif script == HANG:
            hangul += 1
        elif value == PRIVATE:
            private += 1
            value = np.uint8(0)
        elif value != 0:
            others += script != 0
            latin += script == LATN
            western += value & (HIGH | ASCII) != 0
            cased += value & (UPPER | LOWER) != 0
            swaps += before & LOWER != 0 and value & UPPER != 0
            if before & HIGH != 0 and value & HIGH != 0:
                is_letter = (before | value) & SCRIPT != 0
                pairs += code == _BROKEN if code == code_before else is_letter
        before, code_before = value, code
    return np.array(
        [han, kana, hangul, latin, others, chinese, japanese, cantonese, wu, western, pairs, cased, swaps, private]
    )
