"""Progress bars with rate and remaining time, shown only if standard error is a terminal.

Batch logs get the same information from log lines. A bar never writes to standard output.
"""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")


class Bar(Protocol):
    """An active progress bar."""

    def update(self, done: int, total: int | None = None) -> None:
        """Shows `done` units of `total`. If `total` is None, the previous total is kept."""

    def advance(self, by: int = 1) -> None:
        """Advances the bar by `by` units."""


class _NoBar:
    def update(self, done: int, total: int | None = None) -> None:
        """Shows nothing."""

    def advance(self, by: int = 1) -> None:
        """Shows nothing."""


class _RichBar:
    def __init__(self, progress: Any, task: Any) -> None:
        self._progress, self._task = progress, task

    def update(self, done: int, total: int | None = None) -> None:
        """Sets the position of the bar."""
        self._progress.update(self._task, completed=done, total=total)

    def advance(self, by: int = 1) -> None:
        """Advances the bar."""
        self._progress.advance(self._task, by)


def advancing(items: Iterable[Item], bar: Bar) -> Iterator[Item]:
    """Yields the items unchanged; each advances the bar by one unit."""
    for item in items:
        bar.advance()
        yield item


@contextlib.contextmanager
def progress_bar(
    name: str, total: int | None = None, *, unit: str = "", begin: int = 0, show: bool = True
) -> Iterator[Bar]:
    """Shows a bar from `begin` to `total` during a block of work. `total` is None if it is not yet known.

    `unit` is what is counted: "steps", "tasks"; "bytes" gives sizes such as 3.2 GB. Use `show=False` in a process that
    is not the one reporting, or in a program that prints its results to the same terminal.
    """
    if not (show and is_terminal()):
        yield _NoBar()
        return
    from rich.console import Console  # imported late: takes 0.1 s and is only needed on a terminal
    from rich.progress import Progress

    # keep standard output, so that a program's results never go to the bar's stream
    with Progress(*_columns(unit), console=Console(stderr=True), transient=True, redirect_stdout=False) as progress:
        progress.console.show_cursor(True)  # rich hides it, and a killed process could not restore it
        yield _RichBar(progress, progress.add_task(name, total=total, completed=begin))


def is_terminal() -> bool:
    """Whether standard error is a terminal that can move its cursor."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _columns(unit: str) -> list[Any]:
    """Name, bar, done of total, rate, remaining time. The last two are empty if unknown."""
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, ProgressColumn, TextColumn
    from rich.progress import TransferSpeedColumn as SizeRate
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(f"{task.speed:,.1f} {unit}/s" if task.speed else "", style="progress.data.speed")

    class Left(ProgressColumn):
        max_refresh = 0.5

        def render(self, task: Any) -> Text:
            seconds = task.time_remaining
            return Text(
                "" if seconds is None else f"left {timedelta(seconds=int(seconds))}", style="progress.remaining"
            )

    count, rate = (DownloadColumn(), SizeRate()) if unit == "bytes" else (MofNCompleteColumn(), Rate())
    return [TextColumn("{task.description}"), BarColumn(), count, rate, Left()]
