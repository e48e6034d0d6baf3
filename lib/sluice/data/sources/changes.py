"""Which rows of a piece of a table are removed or get another text."""

from collections.abc import Iterable
from typing import NamedTuple

from sluice.core.errors import StageError


class Change(NamedTuple):
    """A row, by its position in the file, and its new text. None: the row is removed."""

    position: int
    text: str | None


class Changes:
    """The changes of a piece, looked up in order of position."""

    def __init__(self, changes: Iterable[Change]) -> None:
        """`changes` are in order of position, and there is at most one for each."""
        self._rest = iter(changes)
        self._next = next(self._rest, None)

    def at(self, position: int) -> Change | None:
        """Returns the change of a row; None: it stays as it is. Positions must ascend from call to call."""
        found = self._next
        if found is None or found.position != position:
            return None
        self._next = next(self._rest, None)
        return found

    def before(self, stop: int) -> list[Change]:
        """Returns all changes up to the row `stop`, without it, that no call has returned yet."""
        found = []
        while self._next is not None and self._next.position < stop:
            found.append(self._next)
            self._next = next(self._rest, None)
        return found

    def require_end(self, path: str) -> None:
        """Raises StageError if the file has no row for a change."""
        if self._next is not None:
            raise StageError(
                f"{path} has no row at position {self._next.position} any more: it was changed while the job ran. Run "
                "the same command again with --force."
            )
