"""A progress bar with rate and remaining time on a terminal; nothing where standard error is a file or a pipe.

Log lines say the same for batch logs. A bar never writes to standard output.
"""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")


class Bar(Protocol):
    """A progress bar in use."""

    def update(self, done: int, total: int | None = None) -> None:
        """Shows `done` units of `total`; without a new `total` the last one holds."""

    def advance(self, by: int = 1) -> None:
        """Shows `by` units more."""


class _NoBar:
    def update(self, done: int, total: int | None = None) -> None:
        """Shows nothing."""

    def advance(self, by: int = 1) -> None:
        """Shows nothing."""


class _RichBar:
    def __init__(self, progress: Any, task: Any) -> None:
        self._progress, self._task = progress, task

    def update(self, done: int, total: int | None = None) -> None:
        """Moves the bar."""
        self._progress.update(self._task, completed=done, total=total)

    def advance(self, by: int = 1) -> None:
        """Moves the bar on."""
        self._progress.advance(self._task, by)


def advancing(items: Iterable[Item], bar: Bar) -> Iterator[Item]:
    """The items unchanged; each moves the bar by one unit."""
    for item in items:
        bar.advance()
        yield item


@contextlib.contextmanager
def progress_bar(
    name: str, total: int | None = None, *, unit: str = "", begin: int = 0, show: bool = True
) -> Iterator[Bar]:
    """A bar from `begin` to `total` around a block of work; None for a total that is not known yet.

    `unit` is what is counted: "steps", "tasks"; "bytes" gives sizes such as 3.2 GB. `show` false: no bar, for a process
    beside the one that reports, or a program whose results go to the same terminal.
    """
    if not (show and is_terminal()):
        yield _NoBar()
        return
    from rich.console import Console  # late: a tenth of a second, and only needed on a terminal
    from rich.progress import Progress

    # standard output stays as it is, so that results of a program never go to the stream of the bar
    with Progress(*_columns(unit), console=Console(stderr=True), transient=True, redirect_stdout=False) as progress:
        progress.console.show_cursor(True)  # rich hides it, and a process that is killed could not show it again
        yield _RichBar(progress, progress.add_task(name, total=total, completed=begin))


def is_terminal() -> bool:
    """Whether people watch standard error on a terminal that can move its cursor."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _columns(unit: str) -> list[Any]:
    """Name, bar, done of total, rate, remaining time; the last two only where they are known."""
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
