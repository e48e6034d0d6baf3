"""The script of each letter, and the scripts in which languages are written."""

import functools
import unicodedata

import numpy as np

from sluice.text.shared_tables import stored_arrays
from sluice.text.unicode.code_points import CodePoints, make_table

UNICODE_NAMES = {
    "CJK": "Hani",
    "HIRAGANA": "Jpan",
    "KATAKANA": "Jpan",
    "HANGUL": "Hang",
    "LATIN": "Latn",
    "CYRILLIC": "Cyrl",
    "ARABIC": "Arab",
    "THAI": "Thai",
    "GREEK": "Grek",
    "HEBREW": "Hebr",
    "DEVANAGARI": "Deva",
}
"""First words of Unicode character names, and the ISO 15924 code of the script. `Jpan` means kana here."""

SCRIPTS = ("Zyyy", "Arab", "Cyrl", "Deva", "Grek", "Hang", "Hani", "Hebr", "Jpan", "Latn", "Thai", "Zzzz")
"""Scripts by number, sorted: `Zyyy` for non-letters, `Zzzz` for letters of any other script."""

LAST_LETTER = 0x323AF
"""Last letter in Unicode 16; only tags and private-use characters follow."""

CHINESE = frozenset("zh yue lzh wuu gan hsn cjy nan hak cdo".split())
"""Languages written only in Han characters (nan, hak and cdo also in Latin letters)."""

WRITTEN_IN = {
    **dict.fromkeys("ar arz ary apc fa prs ur ps ckb sdh sd ug azb pnb skr lrc mzn ks bal glk".split(), ("Arab",)),
    **dict.fromkeys("ku az uz kk ky tg tk tt ha ms".split(), ("Arab", "Cyrl", "Latn")),
    **dict.fromkeys(
        "ru uk be bg mk ba cv os ce kv koi mhr mrj myv mdf sah tyv rue xal av lez krc kbd ab mn bxr udm inh".split(),
        ("Cyrl",),
    ),
    **dict.fromkeys("sr sh bs cnr".split(), ("Cyrl", "Latn")),
    **dict.fromkeys("hi mr ne sa bh bih mai new gom kok dty bho awa mag hne".split(), ("Deva",)),
    **dict.fromkeys("he yi".split(), ("Hebr",)),
    **dict.fromkeys("el pnt".split(), ("Grek",)),
    **dict.fromkeys(CHINESE, ("Hani",)),
    **dict.fromkeys("nan hak cdo".split(), ("Hani", "Latn")),
    **dict.fromkeys(
        "am as bn bo bpy bug dv dz gu hy ii ka km kn lo ml my nqo or pa sat si syr ta te ti xmf iu".split(), ("Zzzz",)
    ),
    "ja": ("Hani", "Jpan"),
    "ko": ("Hang", "Hani"),
    "th": ("Thai",),
}
"""Scripts by short code. Languages not listed are written in Latin letters."""

OF_LABELS = {"Hans": ("Hani",), "Hant": ("Hani",), "Jpan": ("Hani", "Jpan"), "Kore": ("Hang", "Hani")}
"""Scripts in model labels that mean other scripts."""

COMPLETE = frozenset({"Hang", "Hani", "Jpan", "Thai", "Grek"})
"""Scripts that almost certainly identify a language, or (Hani) in which a model is no more certain than the script."""


def scripts_of(code: str, script: str | None = None) -> tuple[str, ...]:
    """Returns the scripts of a language, or the one of its label if that has a script."""
    if script is None:
        return WRITTEN_IN.get(code, ("Latn",))
    return OF_LABELS.get(script, (script if script in SCRIPTS else "Zzzz",))


@functools.cache
def script_table() -> CodePoints:
    """Returns the position in SCRIPTS (uint8) of each letter (`str.isalpha`) by its Unicode name; 0 for non-letters."""
    return CodePoints(**stored_arrays(f"scripts-{unicodedata.unidata_version}", lambda: _build()._asdict()))


def _build() -> CodePoints:
    numbers = {name: number for number, name in enumerate(SCRIPTS)}
    known = {}
    for code in range(LAST_LETTER + 1):
        char = chr(code)
        if char.isalpha():
            first = unicodedata.name(char, "").partition(" ")[0].partition("-")[0]
            known[code] = numbers[UNICODE_NAMES.get(first, "Zzzz")]
    return make_table(known, np.uint8)
