"""Finds lines that contain one of many phrases, in one pass over the text."""

from collections import deque
from typing import NamedTuple

import numpy as np

from sluice.text.cleaning.kernels import phrase_finder as kernels
from sluice.text.unicode.encoded_text import AnyText, EncodedText

UNLIMITED = 1 << 62


class Phrases(NamedTuple):
    """Lower-case phrases of one kind, and the maximum length, in UTF-8 bytes, of lines in which they count."""

    phrases: tuple[str, ...]
    max_bytes: int = UNLIMITED


class MarkedLine(NamedTuple):
    """A line with a phrase: its number from 0, bit k for each kind k found, and its start and end in characters."""

    number: int
    kinds: int
    start: int
    end: int


class LineFinder:
    """An Aho-Corasick automaton (1975) over UTF-8. ASCII letters match in either case, all others exactly."""

    def __init__(self, wanted: list[Phrases]) -> None:
        """Accepts at most 63 kinds; phrases must not be empty or contain a newline."""
        patterns = [(p.encode(), 1 << kind) for kind, group in enumerate(wanted) for p in group.phrases]
        used = sorted({byte for pattern, _ in patterns for byte in pattern})
        self._columns = np.zeros(256, np.uint8)
        for column, byte in enumerate(used, 1):
            self._columns[byte] = column
            if 97 <= byte <= 122:
                self._columns[byte - 32] = column
        self._steps, self._kinds = _automaton(patterns, self._columns, len(used) + 1)
        self._limits = np.array([group.max_bytes for group in wanted], np.int64)

    def marked_lines(self, text: AnyText) -> list[MarkedLine]:
        """Returns the lines with a phrase. Lines end with `\\n`."""
        view = EncodedText.of(text)
        data = np.frombuffer(view.wtf8, np.uint8)
        rows = np.empty((view.text.count("\n") + 1, 4), np.int64)
        num_rows = kernels.mark_lines(data, self._columns, self._steps, self._kinds, self._limits, rows)
        return [MarkedLine(*row) for row in rows[:num_rows].tolist()]


def _automaton(
    patterns: list[tuple[bytes, int]], columns: np.ndarray, num_columns: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns steps with failure links resolved, and the kinds found in each state, as arguments of `mark_lines`."""
    children: list[dict[int, int]] = [{}]
    kinds = [0]
    for pattern, bit in patterns:
        state = 0
        for column in columns[list(pattern)].tolist():
            if column not in children[state]:
                children[state][column] = len(children)
                children.append({})
                kinds.append(0)
            state = children[state][column]
        kinds[state] |= bit
    steps = np.zeros((len(children), num_columns), np.int32)
    fails = [0] * len(children)
    queue = deque([0])
    while queue:  # breadth first: a failure state is closer to the root, so its row is complete
        state = queue.popleft()
        kinds[state] |= kinds[fails[state]]
        if state:
            steps[state] = steps[fails[state]]
        for column, child in children[state].items():
            fails[child] = int(steps[state, column])
            steps[state, column] = child
            queue.append(child)
    found = np.array(kinds, np.int64)
    return (2 * num_columns * steps + (found != 0)[steps]).astype(np.int32).ravel(), found
