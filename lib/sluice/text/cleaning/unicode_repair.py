"""Repair of damaged Unicode: text decoded with the wrong encoding, and letters of the wrong width."""

import re
import unicodedata
from functools import cache
from typing import Any

from sluice.core.errors import InputError

_LETTERS = {0xFF00 + i: 0x20 + i for i in range(1, 0x5F) if chr(0x20 + i).isalnum()}
_PUNCTUATION = {0xFF00 + i: 0x20 + i for i in range(1, 0x5F) if not chr(0x20 + i).isalnum()}
_WIDE = re.compile("[\uff01-\uff5e\uff61-\uff9f]")
_WIDE_SYMBOLS = re.compile(
    "(?<=[0-9A-Za-z])[\uff02-\uff07\uff0a\uff0b\uff0d-\uff0f\uff1c-\uff1e\uff20\uff3c-\uff40\uff5b-\uff5d]+(?=[0-9A-Za-z])"
)
_HALF_KATAKANA = re.compile("[\uff61-\uff9f]+")
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")


def repair_unicode(text: str) -> str:
    """Repairs mojibake: UTF-8 that was decoded as Latin-1, Windows-125x or similar, as detected by ftfy.

    Only encodings are repaired; quotes, ligatures, entities, width and line breaks are kept. Source: the ftfy package
    (Speer 2019). Raises InputError if it is not installed.
    """
    ftfy, options = _ftfy()
    return ftfy.fix_text(text, options)


@cache
def _ftfy() -> tuple[Any, Any]:
    try:
        import ftfy
    except ImportError as e:
        raise InputError(
            "extract.edit.repair is on, but ftfy is not installed: pip install 'sluice[repair]', or set "
            "extract.edit.repair to false."
        ) from e
    options = ftfy.TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )
    return ftfy, options


def fold_width(text: str) -> str:
    """Converts full-width letters and digits to ASCII, and half-width katakana to katakana.

    Full-width symbols (％ ＋ － ． ／ ＠ ＿ ...) are folded between two letters or digits. Punctuation of Chinese and
    Japanese (， ： ； ！ ？ （ ） ～) is kept on lines with Han, kana or hangul, where it is correct, else folded.
    The ideographic space is kept. NFKC (UAX 15) would fold all of them, and change superscripts and more.

    >>> fold_width("ＰＭ２．５ 超标（严重），ﾃﾚﾋﾞ")
    'PM2.5 超标（严重），テレビ'
    """
    if not _WIDE.search(text):
        return text
    return "\n".join(_fold_line(line) if _WIDE.search(line) else line for line in text.split("\n"))


def _fold_line(line: str) -> str:
    line = _HALF_KATAKANA.sub(lambda match: unicodedata.normalize("NFKC", match[0]), line).translate(_LETTERS)
    if not _EAST_ASIAN.search(line):
        return line.translate(_PUNCTUATION)
    return _WIDE_SYMBOLS.sub(lambda match: match[0].translate(_PUNCTUATION), line)
