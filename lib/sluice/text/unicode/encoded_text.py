"""Cached view of a text for all kernels: its bytes, code points and words are computed once, on first use."""

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from sluice.text.unicode import characters

Argument = TypeVar("Argument", bound=Hashable)
Result = TypeVar("Result")


class EncodedText:
    """A text and its representations for kernels. The text never changes, so each is computed at most once.

    Functions that read a whole text accept `AnyText`, as NumPy functions accept anything array-like. Callers of a
    single function pass a `str`; the extract pass shares one view among all functions.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._kept: dict[Hashable, Any] = {}

    @classmethod
    def of(cls, text: "AnyText") -> "EncodedText":
        """Returns a given view unchanged, and a new view of a `str`."""
        return text if isinstance(text, EncodedText) else cls(text)

    @property
    def utf8(self) -> bytes:
        """Valid UTF-8 for models and word lists, with `?` for each lone surrogate."""
        return self._encoded[0]

    @property
    def wtf8(self) -> bytes:
        """UTF-8 that encodes lone surrogates as three bytes each (WTF-8, Sapin 2014): equal bytes mean equal texts.

        The same object as `utf8` for a text without lone surrogates.
        """
        return self._encoded[1]

    @cached_property
    def _encoded(self) -> tuple[bytes, bytes]:
        try:
            data = self.text.encode()
        except UnicodeEncodeError:
            return self.text.encode("utf-8", "replace"), self.text.encode("utf-8", "surrogatepass")
        return data, data

    @cached_property
    def codes(self) -> npt.NDArray[np.uint32]:
        """Code points including lone surrogates, [characters] uint32. Read-only."""
        return characters.code_points(self.text)

    @cached_property
    def flags(self) -> npt.NDArray[np.uint16]:
        """Properties of the characters (`unicode.characters`), [characters] uint16."""
        return characters.flags(self.codes)

    def first(self, count: int) -> "EncodedText":
        """View of the first `count` characters: this view if the text is no longer, otherwise a new, uncached one."""
        return self if len(self.text) <= count else EncodedText(self.text[:count])

    def once(self, compute: Callable[["EncodedText", Argument], Result], argument: Argument) -> Result:
        """Returns `compute(self, argument)`, called once per function and argument.

        For representations computed by higher-level packages, such as the words of a language.
        """
        key = compute, argument
        if key not in self._kept:
            self._kept[key] = compute(self, argument)
        result: Result = self._kept[key]
        return result


AnyText: TypeAlias = str | EncodedText
