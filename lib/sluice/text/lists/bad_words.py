"""Counts of bad words by language: occurrences, distinct words, and their share of a text.

A list is a UTF-8 file with one term per line; `#` starts a comment. Case, full width and kinds of spaces are ignored.
In languages with spaces between words, a term counts only if it does not begin or end inside a word; in others it
counts anywhere, as in C4 (Raffel et al. 2020). A list of allowed words excludes the hits inside them: 性 in 女性.
Measures and shipped lists are ours.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sluice.core.config.extract import BadWordsConfig
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.text.lists.kernels import terms as kernels
from sluice.text.unicode.encoded_text import AnyText, EncodedText

UNSPACED_LANGUAGES = frozenset({"zh", "yue", "wuu", "lzh", "ja", "th", "lo", "km", "my", "bo"})
"""ISO 639 codes of languages in which terms are matched anywhere, not only as whole words."""
SHIPPED = frozenset({"en", "zh"})
"""Languages with a shipped list."""


@dataclass(frozen=True, slots=True)
class BadWordCounts:
    """Counts of listed terms in a text."""

    hits: int
    """Occurrences, including overlapping ones."""
    distinct: int
    """Distinct terms."""
    covered: int
    """Characters that are part of an occurrence."""
    lines: int
    """Lines with an occurrence."""
    characters: int
    """Characters of the text."""

    @property
    def covered_share(self) -> float | None:
        """Share of the characters that are part of an occurrence; None for an empty text."""
        return self.covered / self.characters if self.characters else None

    def signals(self) -> dict[str, float | None]:
        """Returns the fields of `Signals` about bad words."""
        return {
            "n_bad_words": self.hits,
            "n_different_bad_words": self.distinct,
            "bad_word_share": self.covered_share,
        }


class BadWords:
    """The list of one language. Pickled as paths and digests; every process reads the files once."""

    def __init__(self, language: str, path: str | None, digest: str, allow_path: str | None) -> None:
        self.language = language
        self.path = path
        self.digest = digest
        self.allow_path = allow_path
        self._trie: _Trie | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return BadWords, (self.language, self.path, self.digest, self.allow_path)

    @classmethod
    def load(cls, path: str | None, language: str, allow_path: str | None = None) -> "BadWords":
        """Loads the list in a file, and the allowed words in another, inside which hits do not count.

        Without a path, loads the list that ships with sluice, and its allowed words unless others are given. Raises
        InputError if a file does not exist, FormatError with file and line for an invalid term, and ConfigError if no
        list is shipped.
        """
        if path is None and language not in SHIPPED:
            raise ConfigError(
                f"sluice ships no list of bad words for {language!r}, only for {', '.join(sorted(SHIPPED))}. "
                f"Set extract.bad_words.lists.{language} to a file."
            )
        found = cls(language, path, "", allow_path)
        found._trie = found._load()
        found.digest = found._trie.digest
        return found

    def measure(self, text: AnyText) -> BadWordCounts:
        """Counts the terms in a text."""
        trie = self._trie or self._read_again()
        data = np.frombuffer(EncodedText.of(text).utf8, np.uint8)
        return BadWordCounts(*kernels.count(data, *trie.arrays))

    def _files(self) -> tuple[str, str | None]:
        """Returns the paths of list and allowed words on this machine."""
        allow = self.allow_path
        if self.path is None:
            data = resources.files("sluice.text") / "data"
            shipped = data / f"allow-words.{self.language}.txt"
            return str(data / f"bad-words.{self.language}.txt"), allow or (str(shipped) if shipped.is_file() else None)
        return self.path, allow

    def _load(self) -> "_Trie":
        path, allow_path = self._files()
        allowed = None if allow_path is None else _File.read(allow_path)
        return _build(_File.read(path), allowed, self.language in UNSPACED_LANGUAGES)

    def _read_again(self) -> "_Trie":
        trie = self._load()
        if trie.digest != self.digest:
            raise InputError(
                f"{self._files()[0]} or its allowed words differ from those at the start of this run (sha256 "
                f"{trie.digest}, expected {self.digest}). Use the same files on all workers, and do not change them."
            )
        self._trie = trie
        return trie


class BadWordLists:
    """The lists of all languages that have one."""

    def __init__(self, lists: Mapping[str, BadWords]) -> None:
        self.lists = dict(lists)

    @classmethod
    def of(cls, section: BadWordsConfig) -> "BadWordLists":
        """Loads the configured lists. Raises as `BadWords.load`; ConfigError for allowed words without a list."""
        unknown = sorted(set(section.allow) - set(section.lists))
        if unknown:
            raise ConfigError(
                f"extract.bad_words.allow has {', '.join(unknown)}, but extract.bad_words.lists does not. Add the list."
            )
        return cls(
            {
                language: BadWords.load(path, language, section.allow.get(language))
                for language, path in section.lists.items()
            }
        )

    def measure(self, text: AnyText, language: str) -> BadWordCounts | None:
        """Counts the terms in a text; None in a language without a list."""
        found = self.lists.get(language)
        return None if found is None else found.measure(text)


class _Trie(NamedTuple):
    arrays: tuple[Any, ...]
    """Arguments of `lists.kernels.terms.count` after the text."""
    digest: str


class _File(NamedTuple):
    path: str
    data: bytes

    @classmethod
    def read(cls, path: str) -> "_File":
        try:
            return cls(path, Path(path).read_bytes())
        except OSError as e:
            raise InputError(f"Cannot read the list of words {path}: {e.strerror}. Check that it exists.") from e


@lru_cache(16)
def _build(list_file: _File, allow_file: _File | None, is_unspaced: bool) -> _Trie:
    digest = hashlib.sha256(list_file.data + b"\0" + (allow_file.data if allow_file else b"")).hexdigest()
    listed = _parse(list_file)
    if not listed:
        raise FormatError(
            f"{list_file.path} contains no term. Use a list with one term per line, or omit the language."
        )
    allowed = _parse(allow_file) if allow_file else []
    size = sum(len(term) for _, term in (*listed, *allowed)) + 1
    capacity = 1 << (2 * size).bit_length()
    keys, targets = np.zeros(capacity, np.uint64), np.zeros(capacity, np.int32)
    terms = np.zeros(size, np.int32)
    filters = np.zeros((3, kernels.FILTER_SIZE), np.uint8)
    codes, ends = _flat([term for _, term in listed])
    n_states = kernels.insert(codes, ends, 1, keys, targets, terms, 1)
    kernels.make_filters(codes, ends, filters)
    trie = _Trie((*_tables(), filters, keys, targets, terms, len(listed), int(not is_unspaced)), digest)
    if allow_file:
        known = {term for _, term in listed}
        for number, term in allowed:
            data = np.frombuffer(term.encode(), np.uint8)
            if term in known or kernels.count(data, *trie.arrays)[0] == 0:
                raise FormatError(
                    f"{allow_file.path}, line {number}: {term!r} allows nothing: it must contain a term of "
                    f"{list_file.path} and be longer. Correct or delete it."
                )
        codes, ends = _flat([term for _, term in allowed])
        kernels.insert(codes, ends, -1, keys, targets, terms, n_states)
        kernels.make_filters(codes, ends, filters)
    return trie


def _flat(terms: list[str]) -> tuple[np.ndarray, np.ndarray]:
    codes = np.frombuffer("".join(terms).encode("utf-32-le"), np.uint32).astype(np.int64)
    return codes, np.cumsum([len(term) for term in terms], dtype=np.int64)


def _parse(file: _File) -> list[tuple[int, str]]:
    """Parses the folded terms of a file, with their line numbers."""
    found = []
    for number, line in enumerate(file.data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            text = line.decode().strip(" \r")
        except UnicodeDecodeError as e:
            raise FormatError(f"{file.path}, line {number}, is not UTF-8. Convert the file to UTF-8.") from e
        if not text or text.startswith("#"):
            continue
        term = fold_text(text)
        problem = None
        if any(unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") for char in text):
            problem = "a tab or control character is inside"
        elif len(term.encode()) < 2:
            problem = "a single letter or digit would match everywhere"
        elif len(term) > kernels.MAX_TERM:
            problem = f"more than {kernels.MAX_TERM} characters"
        if problem:
            raise FormatError(f"{file.path}, line {number}: {text!r} is not a term: {problem}. Use one term per line.")
        found.append((number, term))
    return found


def fold_text(text: str) -> str:
    """Folds a text as for comparing terms: case, half width, ’ to ', space runs to one space. Keeps one char per char.

    >>> fold_text("ＡＶ  Über’s")
    "av über's"
    """
    return " ".join(filter(None, "".join(map(_fold, text)).split(" ")))


@cache
def _fold(char: str) -> str:
    code = ord(char)
    if 0xFF01 <= code <= 0xFF5E:
        char = chr(code - 0xFEE0)
    elif code >= kernels.FOLD_SIZE:
        return char
    if char.isspace() and char != "\n":
        return " "
    if char == "’":
        return "'"
    return next((form for form in (char.casefold(), char.lower()) if len(form) == 1), char)


@cache
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Returns folded code points (uint16), and whether each is part of words: letters, marks, numbers, underscores."""
    fold = np.array([ord(_fold(chr(code))) for code in range(kernels.FOLD_SIZE)], np.uint16)
    is_word = np.array(
        [unicodedata.category(chr(code))[0] in "LMN" or code == 95 for code in range(kernels.WORD_SIZE)], np.uint8
    )
    return fold, is_word
