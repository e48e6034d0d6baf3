"""One view of a text for all kernels: its bytes, code points and words are computed once, on first use."""

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from sluice.text.unicode import characters

Argument = TypeVar("Argument", bound=Hashable)
Result = TypeVar("Result")


class EncodedText:
    """A text and the forms in which kernels read it. The text never changes, so each form is computed at most once.

    Functions that read a whole text take an `AnyText`, as NumPy's functions take whatever is like an array: a caller
    with one question gives a `str`; the extract pass gives the same view to all of them.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._kept: dict[Hashable, Any] = {}

    @classmethod
    def of(cls, text: "AnyText") -> "EncodedText":
        """The given view, or a new view of a `str`."""
        return text if isinstance(text, EncodedText) else cls(text)

    @property
    def utf8(self) -> bytes:
        """Valid UTF-8, as models and word lists expect it: each lone surrogate is replaced by `?`."""
        return self._encoded[0]

    @property
    def wtf8(self) -> bytes:
        """UTF-8 that keeps lone surrogates, as three bytes each (WTF-8, Sapin 2014): equal bytes mean equal texts.

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
        """Code points, [characters] uint32, lone surrogates among them. Read-only."""
        return characters.code_points(self.text)

    @cached_property
    def flags(self) -> npt.NDArray[np.uint16]:
        """Properties of the characters (`unicode.characters`), [characters] uint16."""
        return characters.flags(self.codes)

    def first(self, count: int) -> "EncodedText":
        """The first `count` characters: this view if it has no more, otherwise a new view, not kept."""
        return self if len(self.text) <= count else EncodedText(self.text[:count])

    def once(self, compute: Callable[["EncodedText", Argument], Result], argument: Argument) -> Result:
        """`compute(self, argument)`, called once per function and argument.

        For forms that packages above this one compute, such as the words of a language.
        """
        key = compute, argument
        if key not in self._kept:
            self._kept[key] = compute(self, argument)
        result: Result = self._kept[key]
        return result


AnyText: TypeAlias = str | EncodedText
