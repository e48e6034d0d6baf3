"""Word segmentation, used for word-level vocabularies, word perplexities and quality signals.

Chinese (`zh`, `yue`, `lzh`, `wuu`): jieba's default mode with its HMM and default dictionary. All other languages:
close to the tokens of Penn Treebank and spaCy, for which the published English thresholds were set. White space
separates words and is dropped; nothing else is. `text.words.spans` returns the same words faster; this module defines
them.
"""

import functools
import re
import sys
import unicodedata
from typing import Any

from sluice.core.errors import InputError

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003347f"
"""Character class of Han ideographs: the blocks of Unicode 16, including compatibility and extension blocks."""

JIEBA_LANGUAGES = frozenset({"zh", "yue", "lzh", "wuu"})
"""Languages written in Chinese script that jieba segments, as in FineWeb-2."""

URL_TAIL = ".,;:!?'\")]}>»”’。，、；：！？）】》"
"""Characters that are not part of a URL at its end."""

_HAN = re.compile(f"[{HAN}]")


def words(text: str, language: str) -> list[str]:
    """Splits `text` into non-empty words, including punctuation. `language` is an ISO 639 code (`zh`, `en`)."""
    if language in JIEBA_LANGUAGES:
        return [word for word in _jieba().lcut(text) if not word.isspace()]
    return [match.group() for match in _word_pattern().finditer(text)]


def words_by_script(text: str) -> list[str]:
    """Splits a text of unknown language: as Chinese if it contains a Han character, which includes Japanese."""
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
        r"([^\w\s])\1*",  # a run of the same mark
    ]
    return re.compile("|".join(alternatives))


@functools.cache
def _jieba() -> Any:
    """Returns a segmenter whose dictionary is loaded once per process.

    The dictionary is read from the package. `jieba.cache` in the temporary directory is not used: processes and users
    of a machine share it, and its content would be trusted unchecked.
    """
    try:
        import jieba
    except ImportError as e:
        raise InputError("Segmenting Chinese text needs jieba: pip install 'sluice[tokenizers]'.") from e
    jieba.setLogLevel("WARNING")
    segmenter = jieba.Tokenizer()
    segmenter.FREQ, segmenter.total = segmenter.gen_pfdict(segmenter.get_dict_file())
    segmenter.initialized = True
    return segmenter
