"""Writing variant of a Chinese text: simplified, traditional or mixed, with Cantonese and Classical Chinese separate.

Recorded, but never a reason to drop a document. Only characters that exist in a single variant count
(`data/variants.txt`, derived from OpenCC by scripts/data/make_variants.py): 后 里 干 台 are in both. Definition: ours.
"""

import functools
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from sluice.text.language.kernels import variants as kernels
from sluice.text.unicode.code_points import CodePoints, make_table
from sluice.text.unicode.encoded_text import AnyText, EncodedText

MIXED_SHARE = 0.2
"""A text is mixed if the rarer variant has this share of the distinctive characters. Less is a name or a quotation."""
MIN_OTHERS = 2
"""The rarer variant also needs this many characters: in one sentence, one character is a large share. 1:1 is mixed."""

CANTONESE_ONLY = "嘅喺咗嗰嚟冇啲嘢哋瞓攰嘥"
CANTONESE = CANTONESE_ONLY + "唔佢咁噉乜畀"
"""Written Cantonese. Hakka also has 唔 and 佢, old verse 噉 and 畀, so a text with only these is not Cantonese."""
MIN_CANTONESE_SHARE = 0.03
"""The Declaration of Human Rights in Cantonese has 0.099 of its Han characters; novels, laws and web text in Mandarin
have less than 0.0001."""

CLASSICAL_ONLY = "矣焉哉乎曰兮吾汝耶歟欤"
CLASSICAL = CLASSICAL_ONLY + "之也者其而爾尔"
"""With only 之 也 者 其, the statutes of Taiwan would be classified as classical."""
MODERN = "的了是这這们們么麼什没沒很吗嗎呢吧个個把被给給着在和她它您"
MIN_CLASSICAL_HAN, MIN_CLASSICAL_ONLY = 50, 2
MIN_CLASSICAL_SHARE, MIN_CLASSICAL_ONLY_SHARE, MAX_MODERN_SHARE = 0.05, 0.01, 0.01
"""The Analects begin with 0.22 of the first. Journey to the West, 16th-century vernacular, has 0.02, and 0.07 of the
modern ones. Verse has few particles and is mostly classified by its script."""

OWN_NAMES = frozenset({"yue", "lzh"})


@dataclass(frozen=True, slots=True)
class Variant:
    """`name` is zh-Hans, zh-Hant, mixed, yue or lzh; None if no character is distinctive. The rest are counts."""

    name: str | None
    n_han: int
    n_simplified: int
    n_traditional: int

    @property
    def simplified_share(self) -> float | None:
        """Characters that are only simplified, as a share of all Han characters; None without Han characters."""
        return self.n_simplified / self.n_han if self.n_han else None

    @property
    def traditional_share(self) -> float | None:
        """Characters that are only traditional, as a share of all Han characters; None without Han characters."""
        return self.n_traditional / self.n_han if self.n_han else None


NO_VARIANT = Variant(None, 0, 0, 0)
"""Variant of a text that is not Chinese."""


def chinese_variant(text: AnyText, language: str = "zh") -> Variant:
    """Returns the variant of a Chinese text. `language` is its short code.

    A model's `yue` or `lzh` is accepted. In a text that a model calls `zh`, they are recognised by function characters.

    >>> chinese_variant("这是一个测试").name, chinese_variant("這是一個測試").name, chinese_variant("中文").name
    ('zh-Hans', 'zh-Hant', None)
    """
    data = np.frombuffer(EncodedText.of(text).utf8, np.uint8)
    counts: list[int] = kernels.count_kinds(data, *kinds_table()).tolist()
    han, simplified, traditional = counts[:3]
    if language in OWN_NAMES:
        name: str | None = language
    else:
        name = (language == "zh" and _own_name(*counts)) or _script_variant(simplified, traditional)
    return Variant(name, han, simplified, traditional)


def _own_name(
    han: int, _s: int, _t: int, cantonese: int, cantonese_only: int, classical: int, classical_only: int, modern: int
) -> str | None:
    """Returns `yue` or `lzh` according to function characters, else None."""
    if cantonese_only and cantonese >= MIN_CANTONESE_SHARE * han:
        return "yue"
    is_classical = (
        han >= MIN_CLASSICAL_HAN
        and classical >= MIN_CLASSICAL_SHARE * han
        and classical_only >= max(MIN_CLASSICAL_ONLY, MIN_CLASSICAL_ONLY_SHARE * han)
        and modern <= MAX_MODERN_SHARE * han
    )
    return "lzh" if is_classical else None


def _script_variant(simplified: int, traditional: int) -> str | None:
    if not simplified and not traditional:
        return None
    fewer = min(simplified, traditional)
    if simplified == traditional or (fewer >= MIN_OTHERS and fewer >= MIXED_SHARE * (simplified + traditional)):
        return "mixed"
    return "zh-Hans" if simplified > traditional else "zh-Hant"


@functools.cache
def load_sections() -> dict[str, str]:
    """Reads the sections `simplified`, `traditional` and `fold` (pairs: from, to) of data/variants.txt."""
    sections: dict[str, str] = {}
    name = ""
    for line in (files("sluice.text") / "data" / "variants.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif not line.startswith("#"):
            sections[name] = sections.get(name, "") + line
    return sections


@functools.cache
def kinds_table() -> CodePoints:
    """Returns the kinds of each character (uint8), as bits of `language.kernels.variants`."""
    sections = load_sections()
    kinds: dict[int, int] = {}
    for bit, chars in (
        (kernels.SIMPLIFIED, sections["simplified"]),
        (kernels.TRADITIONAL, sections["traditional"]),
        (kernels.CANTONESE, CANTONESE),
        (kernels.CANTONESE_ONLY, CANTONESE_ONLY),
        (kernels.CLASSICAL, CLASSICAL),
        (kernels.CLASSICAL_ONLY, CLASSICAL_ONLY),
        (kernels.MODERN, MODERN),
    ):
        for char in chars:
            kinds[ord(char)] = kinds.get(ord(char), 0) | bit
    return make_table(kinds, np.uint8)


@functools.cache
def simplified_forms() -> dict[int, int]:
    """Returns the simplified form of each traditional character by OpenCC's first choice, for `str.translate`.

    Used only for the deduplication key. Folding twice changes nothing.
    """
    codes = list(map(ord, load_sections()["fold"]))
    return dict(zip(codes[::2], codes[1::2], strict=True))
