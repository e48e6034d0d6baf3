"""What all signals look at: lines, paragraphs and words of one text, computed once."""

import re
import unicodedata
from functools import cached_property

from sluice.data.segment import words

NEWLINES = re.compile(r"\n+")
PARAGRAPH_BREAK = re.compile(r"\n{2,}")


class TextView:
    """One text and its parts. `language` chooses the word segmentation and the stop words."""

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self.language = language

    @cached_property
    def tokens(self) -> list[str]:
        """Words and punctuation marks in order, without white space (`data.segment.words`)."""
        return words(self.text, self.language)

    @cached_property
    def words(self) -> list[str]:
        """Tokens with at least one character that is neither punctuation nor a symbol."""
        return [token for token in self.tokens if not is_punctuation(token)]

    @cached_property
    def all_lines(self) -> list[str]:
        """`splitlines()`, empty lines included (Gopher quality counts them, trap T5)."""
        return self.text.splitlines()

    @cached_property
    def lines(self) -> list[str]:
        """Non-empty lines (FineWeb)."""
        return [line for line in self.text.split("\n") if line.strip()]

    @cached_property
    def blocks(self) -> list[str]:
        """Split on runs of newlines (Gopher repetition's lines)."""
        return [part for part in NEWLINES.split(self.text.strip()) if part]

    @cached_property
    def paragraphs(self) -> list[str]:
        """Split on two newlines or more (Gopher repetition's paragraphs)."""
        return [part for part in PARAGRAPH_BREAK.split(self.text.strip()) if part]


def is_punctuation(token: str) -> bool:
    """Whether every character is punctuation or a symbol (Unicode categories P and S)."""
    return not any(char.isalnum() for char in token) and all(unicodedata.category(char)[0] in "PS" for char in token)
