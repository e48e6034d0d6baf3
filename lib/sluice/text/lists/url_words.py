"""Unwanted words in URLs, in three lists of different weight.

Source: RefinedWeb (Penedo et al. 2023) as applied by FineWeb and DCLM: one hard word is sufficient, two different soft
words are needed, and a strict word also matches inside other words and across hyphens. Ours: percent-encoding is
resolved, and letters of all scripts form words, so that a strict word may be Chinese.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import unquote

from sluice.core.config.extract import UrlWordsConfig
from sluice.core.errors import ConfigError, FormatError
from sluice.data.sources.texts import iter_lines

SEPARATORS = re.compile(r"[\W_]+")
SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://")
Weight = Literal["hard", "soft", "strict"]
MIN_STRICT_BYTES = 3
"""Minimum UTF-8 bytes of a strict word: two letters occur in nearly every URL; one Chinese character is a word."""


class WordMatch(NamedTuple):
    """The list that matched a URL, and the words found, sorted."""

    weight: Weight
    words: tuple[str, ...]


@dataclass(frozen=True)
class UrlWords:
    """The lists, in lower case; `soft_min` different soft words are needed."""

    hard: frozenset[str] = frozenset()
    soft: frozenset[str] = frozenset()
    strict: frozenset[str] = frozenset()
    soft_min: int = 2

    @classmethod
    def of(cls, section: UrlWordsConfig) -> "UrlWords":
        """Loads the configured lists. Raises InputError for a missing file, FormatError with file and line for a word
        that cannot match, and ConfigError for fewer soft words than needed.
        """
        hard, soft = (_read(path) if path else frozenset() for path in (section.hard, section.soft))
        strict = _read(section.strict, MIN_STRICT_BYTES) if section.strict else frozenset()
        if len(soft) < section.soft_min and soft:
            raise ConfigError(
                f"{section.soft} has {len(soft)} words, but extract.url_words.soft_min requires {section.soft_min} of "
                "them in one URL. Decrease it or add words."
            )
        return cls(hard, soft, strict, section.soft_min)

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of everything that affects the result."""
        parts = ["\n".join(sorted(words)) for words in (self.hard, self.soft, self.strict)]
        return hashlib.sha256("\0".join([*parts, str(self.soft_min)]).encode()).hexdigest()

    def match(self, url: str) -> WordMatch | None:
        """Returns matches in a URL: hard words first, then strict, then soft ones; None if there is no match.

        >>> UrlWords(hard=frozenset({"poker"})).match("https://example.org/Poker-rooms/")
        WordMatch(weight='hard', words=('poker',))
        """
        parts = SEPARATORS.split(SCHEME.sub("", unquote(url).lower()))
        found = self.hard.intersection(parts)
        if found:
            return WordMatch("hard", tuple(sorted(found)))
        if self.strict:
            joined = "".join(parts)
            inside = sorted(word for word in self.strict if word in joined)
            if inside:
                return WordMatch("strict", tuple(inside))
        found = self.soft.intersection(parts)
        return WordMatch("soft", tuple(sorted(found))) if len(found) >= self.soft_min else None


def _read(path: str, min_bytes: int = 2) -> frozenset[str]:
    words = set()
    for number, line in iter_lines(path):
        try:
            word = line.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"").decode().strip().lower()
        except UnicodeDecodeError as e:
            raise FormatError(f"{path}, line {number}, is not UTF-8. Convert the file to UTF-8.") from e
        if not word or word.startswith("#"):
            continue
        if SEPARATORS.search(word):
            raise FormatError(
                f"{path}, line {number}: {word!r} can never match: URLs are split at everything except letters and "
                "digits. Write one word per line."
            )
        if len(word.encode()) < min_bytes:
            raise FormatError(f"{path}, line {number}: {word!r} would match nearly every URL. Delete it.")
        words.add(word)
    if not words:
        raise FormatError(f"{path} contains no word. Use a list with one word per line, or omit the setting.")
    return frozenset(words)
