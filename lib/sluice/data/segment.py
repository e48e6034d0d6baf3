"""Words of a text: what word-level vocabularies and word perplexities count.

Chinese (`zh`): jieba's default mode with its HMM and its own dictionary. Every other language: a maximal run of
letters, digits, combining marks and underscores, with single joiners inside (`don't`, `well-known`, `U.S`, `and/or`,
`a@b.c`, `1,000`), close to the Penn Treebank tokens that the published English thresholds were set on; then a run of
one and the same mark (`...`, `--`) is a word of its own. In both, white space separates and vanishes; nothing else
does.
"""

import functools
import re
import sys
import unicodedata
from typing import Any

from sluice.core.errors import InputError

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003347f"
"""Character class of Han ideographs: the blocks of Unicode 16 with compatibility and extension planes."""

_HAN = re.compile(f"[{HAN}]")


def words(text: str, language: str) -> list[str]:
    """The words of `text`, punctuation included, none empty; `language` is an ISO 639-1 code."""
    if language == "zh":
        return [word for word in _jieba().lcut(text) if not word.isspace()]
    return [match.group() for match in _word_pattern().finditer(text)]


def words_by_script(text: str) -> list[str]:
    """The words of a text of unknown language: as Chinese if it holds a Han character, which includes Japanese."""
    return words(text, "zh" if _HAN.search(text) else "und")


@functools.cache
def _word_pattern() -> re.Pattern[str]:
    # Python's \w leaves out the vowel signs of Indic scripts
    marks = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c).startswith("M"))
    joiner = r"(?:[-'’._/@&:+]|(?<=\d),(?=\d))"
    return re.compile(rf"[\w{marks}]+(?:{joiner}[\w{marks}]+)*|([^\w\s])\1*")


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
