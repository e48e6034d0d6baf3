"""Appends marks to a file, and keeps those that count in memory."""

import os
import threading
from pathlib import Path

import msgspec

from sluice.core.errors import InputError
from sluice.data import storage
from sluice.data.sources.marks import Mark, read_marks


class MarkFile:
    """A file of marks that this process appends to. Usable from several threads."""

    def __init__(self, path: str) -> None:
        """Reads the marks of earlier sessions. Raises InputError if the path cannot be written."""
        if storage.is_uri(path):
            raise InputError(f"Marks cannot be appended to {path}. Name a local file with --marks.")
        self.path = Path(path)
        self._lock = threading.Lock()
        if not os.access(self.path if self.path.exists() else self.path.parent, os.W_OK):
            raise InputError(f"Cannot write {path}. Name another file with --marks.")
        marks = read_marks(path) if self.path.exists() else {}
        self.labels = {doc_id: str(mark.label) for doc_id, mark in marks.items()}
        """Labels by document id."""

    def add(self, mark: Mark) -> None:
        """Appends one line. If it cannot be written as a whole, nothing is left of it. Raises InputError then."""
        line = msgspec.json.encode(mark) + b"\n"
        with self._lock:
            try:
                self._append(line)
            except OSError as e:
                raise InputError(f"The mark was not saved: cannot write {self.path}: {e.strerror}.") from e
            self.labels.pop(mark.doc_id, None)
            if mark.label is not None:
                self.labels[mark.doc_id] = mark.label

    def _append(self, line: bytes) -> None:
        with self.path.open("ab", buffering=0) as stream:
            size = stream.seek(0, os.SEEK_END)
            try:
                written = 0
                while written < len(line):
                    written += stream.write(line[written:])
                os.fsync(stream.fileno())
            except OSError:
                stream.truncate(size)
                raise
