"""Letters of a text by script, characters of one language only, and signs of wrong decoding: evidence for a language.

Which ideographs only Chinese or only Japanese texts use is derived from the national character sets. Definition: ours.
"""

import functools
import unicodedata
from typing import NamedTuple

import numpy as np

from sluice.text.language.chinese_variant import CANTONESE_ONLY
from sluice.text.language.kernels import letters as kernels
from sluice.text.language.kernels.scripts import HANI, LETTERS_PER_HAN
from sluice.text.language.scripts import LAST_LETTER, script_table
from sluice.text.shared_tables import stored_arrays
from sluice.text.unicode.code_points import NUM_ROWS, CodePoints, of_all
from sluice.text.unicode.encoded_text import AnyText, EncodedText
from sluice.text.unicode.kernels.code_points import look_up_all

GB_SECOND_LEVEL, BIG5_SECOND_LEVEL, JIS_SECOND_LEVEL = b"\xd8\xa1", b"\xc9\x40", b"\xd0\xa1"
"""Starts of the rare characters in GB 2312, Big5 and EUC-JP. In Japan, old forms (學 會 氣) are among them."""
FIRST_IDEOGRAPHS, END_OF_IDEOGRAPHS = 0x4E00, 0xA000
"""Unicode's basic block, which contains all characters of the national sets."""
OLD_FORMS = "裏隠顔衆疎頼髪浄鈎閲粧鉢峯袴産隣妬椀歳寛栢廼薫涙殻様氷瑠鮎渇碁"
"""Standard characters of Japan that editions of classical Chinese print, too: in five of 9,087 poems or more."""
PRIVATE_USE = range(0xE000, 0xF900)
"""Fonts of icons have a few of these characters per page; Big5 that is read as GBK has as many as letters."""
END_OF_WESTERN = 0x250
"""After the letters of Latin-1, Latin Extended-A and Latin Extended-B."""
NO_BREAK_SPACE, SOFT_HYPHEN = 0xA0, 0xAD
"""Next to letters in correctly decoded text, too."""
WESTERN_MARKS = "ˆˇ˘˙˚˛˜˝–—‘’‚“”„†‡•…‰‹›€™\ufffd"
"""Characters beyond U+024F that windows-125x has for bytes from 0x80, and the sign of a byte that is not decodable."""
WU_CHARACTERS = "个個箇搿葛勒辣拉搭弗勿伊侬儂啥覅㑚伲嗰佮"
"""Characters that are frequent in written Wu, as particles, pronouns or negations."""
PALOCHKAS = (0x4C0, 0x406)
"""Cyrillic letter of Caucasian languages that is a capital within words, and the Ukrainian one used instead of it."""


class LetterCounts(NamedTuple):
    """Counts of characters. `others` are letters of all scripts except Han, kana and Hangul, `latin` among them.

    `western` are ASCII letters and the characters that single-byte encodings of Latin letters have for bytes from 0x80.
    `pairs` are two different of the latter next to each other, at least one of them a letter. `cased` are letters
    beyond ASCII with upper and lower case; `swaps` are capitals directly after a small letter among these.
    `cantonese` (`chinese_variant.CANTONESE_ONLY`) and `wu` (WU_CHARACTERS) are function characters.
    """

    han: int
    kana: int
    hangul: int
    latin: int
    others: int
    chinese_only: int
    japanese_only: int
    cantonese: int
    wu: int
    western: int
    pairs: int
    cased: int
    swaps: int
    private: int

    @property
    def east_asian(self) -> int:
        """Letters in Han, kana and Hangul."""
        return self.han + self.kana + self.hangul

    @property
    def is_east_asian(self) -> bool:
        """Whether Han, kana and Hangul carry at least half of the text; each counts as LETTERS_PER_HAN letters."""
        return self.east_asian > 0 and LETTERS_PER_HAN * self.east_asian >= self.others


def count_letters(text: AnyText) -> LetterCounts:
    """Counts the letters of a whole text."""
    data = np.frombuffer(EncodedText.of(text).utf8, np.uint8)
    return LetterCounts(*kernels.count_letters(data, *letter_table()).tolist())


@functools.cache
def letter_table() -> CodePoints:
    """Returns the script and kind (uint8) of each character, as bits of `language.kernels.letters`."""
    return CodePoints(**stored_arrays(f"letters-{unicodedata.unidata_version}", lambda: _build()._asdict()))


def _build() -> CodePoints:
    values = np.zeros(NUM_ROWS << 8, np.uint8)
    values[: LAST_LETTER + 1] = look_up_all(np.arange(LAST_LETTER + 1, dtype=np.uint32), *script_table())
    for chars, bit in (
        (chinese_only(), kernels.CHINESE_ONLY),
        (japanese_only(), kernels.JAPANESE_ONLY),
        (CANTONESE_ONLY, kernels.CANTONESE),
        (WU_CHARACTERS, kernels.WU),
    ):
        values[[ord(char) for char in chars]] |= bit
    for code in np.flatnonzero(values).tolist():
        char = chr(code)
        if code < 0x80:
            values[code] |= kernels.ASCII
        elif values[code] & kernels.SCRIPT != HANI and code not in PALOCHKAS:
            values[code] |= kernels.UPPER if char.isupper() else kernels.LOWER if char.islower() else 0
    values[[code for code in range(0x80, END_OF_WESTERN) if code not in (NO_BREAK_SPACE, SOFT_HYPHEN)]] |= kernels.HIGH
    values[[ord(char) for char in WESTERN_MARKS]] |= kernels.HIGH
    values[PRIVATE_USE.start : PRIVATE_USE.stop] = kernels.PRIVATE
    return of_all(values)


def chinese_only() -> frozenset[str]:
    """Returns the common characters of GB 2312 or Big5 that are not common in JIS X 0208: 们 你 很 們 學.

    The first level of each set counts as common.
    """
    chars = map(chr, range(FIRST_IDEOGRAPHS, END_OF_IDEOGRAPHS))
    return frozenset(char for char in chars if _is_common_in_chinese(char) and not _is_common_in_japanese(char))


def japanese_only() -> frozenset[str]:
    """Returns the common characters of JIS X 0208 that neither GB 2312 nor Big5 contains: 駅 図 売 込 働. Without
    OLD_FORMS.
    """
    chars = set(map(chr, range(FIRST_IDEOGRAPHS, END_OF_IDEOGRAPHS))) - {*OLD_FORMS}
    common = filter(_is_common_in_japanese, chars)
    return frozenset(char for char in common if not _encode(char, "gb2312") and not _encode(char, "big5"))


def _is_common_in_chinese(char: str) -> bool:
    return b"" < _encode(char, "gb2312") < GB_SECOND_LEVEL or b"" < _encode(char, "big5") < BIG5_SECOND_LEVEL


def _is_common_in_japanese(char: str) -> bool:
    return b"" < _encode(char, "euc_jp") < JIS_SECOND_LEVEL and len(_encode(char, "euc_jp")) == 2


def _encode(char: str, codec: str) -> bytes:
    try:
        return char.encode(codec)
    except UnicodeEncodeError:
        return b""
