"""Words of a text: what word-level vocabularies, word perplexities and quality signals count.

Chinese (`zh`, `yue`, `lzh`, `wuu`): jieba's default mode with its HMM and its own dictionary. Every other language:
close to the tokens of Penn Treebank and spaCy, on which the published English thresholds were set. In both, white
space separates and vanishes; nothing else does. `text.words.spans` gives the same words faster; this is their
definition.
"""

import functools
import re
import sys
import unicodedata
from typing import Any

from sluice.core.errors import InputError

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003347f"
"""Character class of Han ideographs: the blocks of Unicode 16 with compatibility and extension planes."""

JIEBA_LANGUAGES = frozenset({"zh", "yue", "lzh", "wuu"})
"""Languages of Chinese script that jieba segments, as in FineWeb-2."""

URL_TAIL = ".,;:!?'\")]}>»”’。，、；：！？）】》"
"""Marks that are not part of a URL at its end."""

_HAN = re.compile(f"[{HAN}]")


def words(text: str, language: str) -> list[str]:
    """The words of `text`, punctuation included, none empty; `language` is a short code (`zh`, `en`)."""
    if language in JIEBA_LANGUAGES:
        return [word for word in _jieba().lcut(text) if not word.isspace()]
    return [match.group() for match in _word_pattern().finditer(text)]


def words_by_script(text: str) -> list[str]:
    """The words of a text of unknown language: as Chinese if it holds a Han character, which includes Japanese."""
    return words(text, "zh" if _HAN.search(text) else "und")


@functools.cache
def _word_pattern() -> re.Pattern[str]:
    # Python's \w leaves out the vowel signs of Indic scripts
    marks = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c).startswith("M"))
    w = rf"[\w{marks}]"
    negation = rf"[nN]['’][tT](?!{w})"
    clitic = rf"['’](?:[sS]|[rR][eE]|[vV][eE]|[lL][lL]|[mM]|[dD])(?!{w})"
    joiners = [
        rf"(?!{clitic})['’]",  # O'Neill; but don't is do n't, and it's is it 's
        r"\.",  # example.com, 3.14
        r"[@&+]",
        r"[/:](?=\d)",  # 24/7, 10:30; but and / or
        r"(?<=\d),(?=\d)",  # 1,000
        r"(?<!\d)-(?=\d)|(?<=\d)-(?!\d)",  # UTF-8, 4-year; but well - known, 1990 - 2000
    ]
    part = rf"(?:(?!{negation}){w})+"
    alternatives = [
        negation,
        clitic,
        rf"https?://\S*[^\s{re.escape(URL_TAIL)}]",
        rf"(?:[A-Za-z]\.){{2,}}(?!{w})",  # U.S., e.g.
        rf"{part}(?:(?:{'|'.join(joiners)}){part})*",
        r"([^\w\s])\1*",  # a run of one and the same mark
    ]
    return re.compile("|".join(alternatives))


@functools.cache
def _jieba() -> Any:
    """A segmenter of our own, its dictionary loaded once in this process.

    The dictionary is read from the package and never through `jieba.cache` in the temporary directory, which
    processes and users of one machine share and which would be believed whatever it holds.
    """
    try:
        import jieba
    except ImportError as e:
        raise InputError("Chinese text needs jieba to find its words: pip install 'sluice[tokenizers]'.") from e
    jieba.setLogLevel("WARNING")
    segmenter = jieba.Tokenizer()
    segmenter.FREQ, segmenter.total = segmenter.gen_pfdict(segmenter.get_dict_file())
    segmenter.initialized = True
    return segmenter
