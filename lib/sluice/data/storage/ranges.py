"""Ranged reads of network files; a failed read is resumed at the first missing byte.

No GET stays open while a page is parsed: a range is fetched completely, while one thread prefetches the next. The bytes
come from a ByteSource: `data.storage.http` for URLs, `data.storage` for object stores.
"""

import contextlib
import io
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TypeVar, cast

from sluice.core.config.plan import TransportConfig
from sluice.core.errors import RemoteError

PART_BYTES = 1 << 16

T = TypeVar("T")


class Failure(Exception):
    """One failed attempt. `wait_s` is the pause requested by the server; a final failure must not be retried.

    `is_absent`: the server answered that there is no such file.
    """

    def __init__(self, message: str, *, wait_s: float = 0.0, is_final: bool = False, is_absent: bool = False) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        self.is_final = is_final
        self.is_absent = is_absent


class ByteSource(Protocol):
    """A remote file. Every method makes one attempt and raises Failure."""

    name: str

    def fetch_size(self) -> int:
        """Returns the length in bytes."""
        ...

    def iter_range(self, start: int, stop: int) -> Iterator[bytes]:
        """Yields the bytes in [start, stop) in parts; fewer if the connection breaks."""
        ...

    def close(self) -> None:
        """Closes connections."""
        ...


class RangeReader(Protocol):
    """A file of which only some ranges are read. For one caller at a time."""

    size: int

    def read(self, start: int, stop: int) -> bytes:
        """Returns the bytes in [start, stop); fewer at the end of the file. Raises RemoteError."""
        ...

    def close(self) -> None:
        """Closes connections."""
        ...


class RateLimiter:
    """Limits callers of all threads to `per_s` calls per second, evenly spaced."""

    def __init__(
        self, per_s: float, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._interval_s, self._clock, self._sleep = 1 / per_s, clock, sleep
        self._lock = threading.Lock()
        self._next = float("-inf")

    def wait(self) -> None:
        """Blocks until the caller may continue."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._interval_s
        if turn > now:
            self._sleep(turn - now)


_limiters: dict[tuple[int, float], RateLimiter] = {}
_limiters_lock = threading.Lock()


def process_limiter(per_s: float | None) -> RateLimiter | None:
    """Returns the limiter of this process for a rate, shared by all callers; None for no limit."""
    if per_s is None:
        return None
    with _limiters_lock:
        return _limiters.setdefault((os.getpid(), per_s), RateLimiter(per_s))


@dataclass
class RetryPolicy:
    """Number of attempts, and the pauses between them."""

    transport: TransportConfig
    limiter: RateLimiter | None = None
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    @classmethod
    def of(cls, transport: TransportConfig) -> "RetryPolicy":
        """Returns a policy with the limiter shared by all files of this process."""
        return cls(transport, process_limiter(transport.requests_per_s))

    def call(self, attempt: Callable[[], T], name: str) -> T:
        """Returns the first successful result. Raises RemoteError after a final failure or the last attempt."""
        for number in range(1, self.transport.attempts + 1):
            if self.limiter:
                self.limiter.wait()
            try:
                return attempt()
            except Failure as e:
                if e.is_final or number == self.transport.attempts:
                    tries = "" if e.is_final else f" at the last of {number} attempts"
                    error = RemoteError(f"Cannot read {name}: {e}{tries}.")
                    error.is_absent = e.is_absent
                    raise error from e
                self.sleep(self.pause_s(number, e.wait_s))
        raise AssertionError("`attempts` must be at least 1")

    def pause_s(self, number: int, asked_s: float = 0.0) -> float:
        """Seconds to wait after failure `number` (from 1): random between the minimum and a doubling bound."""
        floor, most = self.transport.backoff_s, max(self.transport.backoff_s, self.transport.backoff_max_s)
        bound = min(most, floor * 2.0 ** min(number, 32))
        return max(floor + self.jitter() * (bound - floor), min(asked_s, most))


def open_source(source: ByteSource, retries: RetryPolicy) -> BinaryIO:
    """Opens a seekable stream over a source. Raises RemoteError if its length is not available."""
    try:
        length = retries.call(source.fetch_size, source.name)
    except BaseException:
        source.close()
        raise
    return cast(BinaryIO, io.BufferedReader(_Ranges(source, length, retries), PART_BYTES))


def fetch_size(source: ByteSource, retries: RetryPolicy) -> int:
    """Returns the length in bytes and closes the source. Raises RemoteError."""
    with contextlib.closing(source):
        return retries.call(source.fetch_size, source.name)


def read_range(
    source: ByteSource, start: int, stop: int, retries: RetryPolicy, is_closed: Callable[[], bool] = lambda: False
) -> bytes:
    """Returns the bytes in [start, stop), which must be within the file. RemoteError carries those received."""
    data = bytearray()

    def attempt() -> None:
        if is_closed():
            raise Failure("it was closed", is_final=True)
        for part in source.iter_range(start + len(data), stop):
            data.extend(part)
        if len(data) < stop - start:
            raise Failure(f"the connection ended at byte {start + len(data)}, before {stop}")

    try:
        retries.call(attempt, source.name)
    except RemoteError as e:
        e.received = bytes(data)
        raise
    return bytes(data)


class RemoteRanges:
    """A `RangeReader` over a source. Requests the length once; each read is then one request."""

    def __init__(self, source: ByteSource, retries: RetryPolicy) -> None:
        self._source, self._retries = source, retries
        try:
            self.size = retries.call(source.fetch_size, source.name)
        except BaseException:
            source.close()
            raise

    def read(self, start: int, stop: int) -> bytes:
        stop = min(stop, self.size)
        return read_range(self._source, start, stop, self._retries) if start < stop else b""

    def close(self) -> None:
        self._source.close()


class _Ranges(io.RawIOBase):
    """A stream of fixed-size chunks: one in memory, the next prefetched by a thread. For one reader at a time."""

    def __init__(self, source: ByteSource, length: int, retries: RetryPolicy) -> None:
        self._source, self._length, self._retries = source, length, retries
        self._position = 0
        self._chunk: tuple[int, bytes] = (-1, b"")
        self._error: RemoteError | None = None  # raised after the bytes of the current chunk
        self._ahead: tuple[int, Future[bytes]] | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        if self._position >= self._length:
            return 0
        size = self._retries.transport.chunk_bytes
        number, start = divmod(self._position, size)
        if self._chunk[0] != number:
            try:
                self._chunk, self._error = (number, self._take(number)), None
            except RemoteError as e:  # the bytes received may contain complete records
                self._chunk, self._error = (number, e.received), e
        part = self._chunk[1][start : start + len(buffer)]
        if not part and self._error:
            raise self._error
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def close(self) -> None:
        was_closed = self.closed
        super().close()  # first, so that the prefetching thread does not reconnect
        if not was_closed:
            self._source.close()

    def _take(self, number: int) -> bytes:
        ahead, self._ahead = self._ahead, None
        if ahead and ahead[0] != number:
            ahead[1].exception()  # there is one connection: wait until it is free
        chunk = ahead[1].result() if ahead and ahead[0] == number else self._fetch(number)
        if (number + 1) * self._retries.transport.chunk_bytes < self._length:
            future: Future[bytes] = Future()
            self._ahead = (number + 1, future)
            threading.Thread(target=self._fetch_ahead, args=(number + 1, future), daemon=True).start()
        return chunk

    def _fetch_ahead(self, number: int, future: "Future[bytes]") -> None:
        try:
            future.set_result(self._fetch(number))
        except BaseException as e:
            future.set_exception(e)

    def _fetch(self, number: int) -> bytes:
        size = self._retries.transport.chunk_bytes
        start, stop = number * size, min((number + 1) * size, self._length)
        return read_range(self._source, start, stop, self._retries, lambda: self.closed)
