"""The input of all signal definitions: lines, paragraphs and words of a text, computed once."""

import re
import unicodedata
from functools import cached_property

from sluice.data.dataset.words import JIEBA_LANGUAGES, words
from sluice.text.unicode.characters import GOPHER_MARKS

UNSEGMENTED = frozenset({"ja", "th", "lo", "km", "my", "bo", "dz"})
"""Languages without spaces between words and without a segmenter here; signals that count words are undefined."""

NEWLINES = re.compile(r"\n+")
PARAGRAPH_BREAK = re.compile(r"\n{2,}")


class TextView:
    """A text and its parts. `language` determines word segmentation and stop words."""

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self.language = language
        self.is_chinese = language in JIEBA_LANGUAGES
        self.is_unspaced = self.is_chinese or language in UNSEGMENTED

    @cached_property
    def tokens(self) -> list[str] | None:
        """Words and marks in order, without white space (`data.dataset.words.words`); None without segmentation."""
        return None if self.language in UNSEGMENTED else words(self.text, self.language)

    @cached_property
    def words(self) -> list[str] | None:
        """Tokens with at least one character that is not a Gopher mark."""
        return None if self.tokens is None else [token for token in self.tokens if not is_mark(token)]

    @cached_property
    def all_lines(self) -> list[str]:
        """`splitlines()`, including empty lines (Gopher quality counts them)."""
        return self.text.splitlines()

    @cached_property
    def lines(self) -> list[str]:
        """Non-blank lines between newlines (FineWeb)."""
        return [line for line in self.text.split("\n") if line.strip()]

    @cached_property
    def blocks(self) -> list[str]:
        """Parts between runs of newlines (the lines of Gopher repetition); empty before or after newlines at an end."""
        return NEWLINES.split(self.text) if self.text else []

    @cached_property
    def paragraphs(self) -> list[str]:
        """Parts between runs of two or more newlines (the paragraphs of Gopher repetition)."""
        return PARAGRAPH_BREAK.split(self.text.strip()) if self.text else []

    @cached_property
    def solid(self) -> int:
        """Number of characters that are not white space."""
        return sum(not char.isspace() for char in self.text)


def is_mark(token: str) -> bool:
    """Whether every character is in datatrove's PUNCTUATION_SET."""
    return all(char in GOPHER_MARKS for char in token)


def is_sign(char: str) -> bool:
    """Whether a character is punctuation or a symbol (Unicode categories P and S)."""
    return unicodedata.category(char)[0] in "PS"
