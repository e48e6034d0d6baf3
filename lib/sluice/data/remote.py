"""Files on a network, read in ranges: what fails is asked for again, from the first byte that has not come.

No GET is held open while a page is parsed: a range is fetched whole, and one thread fetches the next one meanwhile.
HTTP(S) is http.client, without a library: a status code, two headers and a byte count are all that is needed.
"""

import contextlib
import email.utils
import http.client
import io
import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol, TypeVar, cast
from urllib.parse import urljoin, urlsplit

from sluice.core.config import Transport
from sluice.core.errors import InputError, RemoteError

PART_BYTES = 1 << 16
MAX_REDIRECTS = 5
REDIRECTS = frozenset((301, 302, 303, 307, 308))
TRANSIENT = frozenset((403, 408, 425, 429, 500, 502, 503, 504))
"""Statuses worth another try; 403 is what data.commoncrawl.org answers to a client that asks too often."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)$")

T = TypeVar("T")


class Failure(Exception):
    """One attempt failed. `wait_s` is what the server asked for; a final failure would fail again."""

    def __init__(self, message: str, *, wait_s: float = 0.0, is_final: bool = False) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        self.is_final = is_final


class Source(Protocol):
    """A file at a distance; every method is one attempt and raises Failure."""

    name: str

    def fetch_size(self) -> int:
        """Length in bytes."""
        ...

    def iter_range(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from start to stop in parts; fewer when the connection breaks."""
        ...

    def close(self) -> None:
        """Ends connections."""
        ...


class RangeReader(Protocol):
    """A file of which only some stretches are wanted. One caller at a time."""

    size: int

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from start to stop; fewer where the file ends. Raises RemoteError."""
        ...

    def close(self) -> None:
        """Ends connections."""
        ...


class RateLimiter:
    """Lets callers of any thread pass at most `per_s` times a second, evenly spaced."""

    def __init__(
        self, per_s: float, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._interval_s, self._clock, self._sleep = 1 / per_s, clock, sleep
        self._lock = threading.Lock()
        self._next = float("-inf")

    def wait(self) -> None:
        """Returns when the caller may go on."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._interval_s
        if turn > now:
            self._sleep(turn - now)


_limiters: dict[tuple[int, float], RateLimiter] = {}
_limiters_lock = threading.Lock()


def process_limiter(per_s: float | None) -> RateLimiter | None:
    """The one limiter of this process for a rate."""
    if per_s is None:
        return None
    with _limiters_lock:
        return _limiters.setdefault((os.getpid(), per_s), RateLimiter(per_s))


@dataclass
class Patience:
    """How often and how fast something is tried."""

    transport: Transport
    limiter: RateLimiter | None = None
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    @classmethod
    def of(cls, transport: Transport) -> "Patience":
        """With the limiter that all files of this process share."""
        return cls(transport, process_limiter(transport.requests_per_s))

    def insist(self, attempt: Callable[[], T], name: str) -> T:
        """The result of the first attempt that succeeds. Raises RemoteError after a final failure or too many."""
        for number in range(1, self.transport.attempts + 1):
            if self.limiter:
                self.limiter.wait()
            try:
                return attempt()
            except Failure as e:
                if e.is_final or number == self.transport.attempts:
                    tries = "" if e.is_final else f" at the last of {number} attempts"
                    raise RemoteError(f"Cannot read {name}: {e}{tries}.") from e
                self.sleep(self.pause_s(number, e.wait_s))
        raise AssertionError("at least one attempt is made")

    def pause_s(self, number: int, asked_s: float = 0.0) -> float:
        """Seconds after failure `number` (from 1): random between the floor and a doubling bound."""
        floor, most = self.transport.backoff_s, max(self.transport.backoff_s, self.transport.backoff_max_s)
        bound = min(most, floor * 2.0 ** min(number, 32))
        return max(floor + self.jitter() * (bound - floor), min(asked_s, most))


def open_source(source: Source, patience: Patience) -> BinaryIO:
    """A seekable stream over a source. Raises RemoteError when its length cannot be learnt."""
    try:
        length = patience.insist(source.fetch_size, source.name)
    except BaseException:
        source.close()
        raise
    return cast(BinaryIO, io.BufferedReader(_Ranges(source, length, patience), PART_BYTES))


def fetch_size(source: Source, patience: Patience) -> int:
    """Length in bytes. Raises RemoteError."""
    with contextlib.closing(source):
        return patience.insist(source.fetch_size, source.name)


def read_range(
    source: Source, start: int, stop: int, patience: Patience, is_closed: Callable[[], bool] = lambda: False
) -> bytes:
    """The bytes from start to stop, which must lie within the file. Raises RemoteError, with what has come of them."""
    data = bytearray()

    def attempt() -> None:
        if is_closed():
            raise Failure("it was closed", is_final=True)
        for part in source.iter_range(start + len(data), stop):
            data.extend(part)
        if len(data) < stop - start:
            raise Failure(f"the connection ended at byte {start + len(data)}, before {stop}")

    try:
        patience.insist(attempt, source.name)
    except RemoteError as e:
        e.received = bytes(data)
        raise
    return bytes(data)


class RemoteRanges:
    """A `RangeReader` over a source: its length is asked for once, then each read is one request."""

    def __init__(self, source: Source, patience: Patience) -> None:
        self._source, self._patience = source, patience
        try:
            self.size = patience.insist(source.fetch_size, source.name)
        except BaseException:
            source.close()
            raise

    def read(self, start: int, stop: int) -> bytes:
        stop = min(stop, self.size)
        return read_range(self._source, start, stop, self._patience) if start < stop else b""

    def close(self) -> None:
        self._source.close()


class _Ranges(io.RawIOBase):
    """Chunks on a fixed grid: one in hand, the next one on its way in a thread. One reader at a time."""

    def __init__(self, source: Source, length: int, patience: Patience) -> None:
        self._source, self._length, self._patience = source, length, patience
        self._position = 0
        self._chunk: tuple[int, bytes] = (-1, b"")
        self._error: RemoteError | None = None  # behind the bytes of the chunk in hand
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
        size = self._patience.transport.chunk_bytes
        number, start = divmod(self._position, size)
        if self._chunk[0] != number:
            try:
                self._chunk, self._error = (number, self._take(number)), None
            except RemoteError as e:  # records may be whole in what has come
                self._chunk, self._error = (number, e.received), e
        part = self._chunk[1][start : start + len(buffer)]
        if not part and self._error:
            raise self._error
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def close(self) -> None:
        was_closed = self.closed
        super().close()  # first, so that the thread that reads ahead does not connect anew
        if not was_closed:
            self._source.close()

    def _take(self, number: int) -> bytes:
        ahead, self._ahead = self._ahead, None
        if ahead and ahead[0] != number:
            ahead[1].exception()  # one connection: it is awaited, then free
        chunk = ahead[1].result() if ahead and ahead[0] == number else self._fetch(number)
        if (number + 1) * self._patience.transport.chunk_bytes < self._length:
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
        size = self._patience.transport.chunk_bytes
        start, stop = number * size, min((number + 1) * size, self._length)
        return read_range(self._source, start, stop, self._patience, lambda: self.closed)


@dataclass
class HttpFile:
    """One URL. The connection is kept between ranges; a server that ignores Range is read on from where it stands."""

    url: str
    transport: Transport
    name: str = field(init=False)
    _connection: http.client.HTTPConnection | None = None
    _response: http.client.HTTPResponse | None = None
    _place: str = ""
    _position: int = 0
    _size: int | None = None
    _etag: str | None = None

    def __post_init__(self) -> None:
        self.name = without_secrets(self.url)
        require_safe(self.url)

    def fetch_size(self) -> int:
        response = self._request("HEAD", {})
        response.read()
        length = response.getheader("Content-Length")
        if response.status == 200 and length and length.isdecimal():
            self._remember(int(length), response)
        elif response.status in (200, 403, 405, 501):
            # no HEAD here, or a signature that is good for GET only: the first byte tells the length of the whole
            self._open(0, 1)
            self._drop()
        else:
            raise self._failure(response)
        if self._size is None:
            raise Failure("the server does not tell its length", is_final=True)
        return self._size

    def iter_range(self, start: int, stop: int) -> Iterator[bytes]:
        if self._response is None or self._position > start:
            self._open(start, stop)
        self._skip_to(start)  # no ranges here: what is known or unwanted is passed over
        assert self._response is not None
        while self._position < stop:
            with self._breaking():
                part = self._response.read(min(PART_BYTES, stop - self._position))
            if not part:
                self._drop()
                return
            self._position += len(part)
            yield part
        if self._response.isclosed():
            self._response = None

    def close(self) -> None:
        self._drop()

    def _open(self, start: int, stop: int) -> None:
        """Stands at `start` of a body afterwards, or at its beginning if the server does not know ranges."""
        if self._response is not None:
            self._drop()
        response = self._request("GET", {"Range": f"bytes={start}-{stop - 1}"})
        if response.status == 206:
            match = CONTENT_RANGE.match(response.getheader("Content-Range") or "")
            if not match or int(match[1]) != start:
                self._drop()
                raise Failure("the server sent another range than it was asked for", is_final=True)
            self._remember(int(match[3]), response)
        elif response.status == 200:
            length = response.getheader("Content-Length") or ""
            self._remember(int(length) if length.isdecimal() else None, response)
        else:
            if response.status == 416:
                self._drop()
                raise Failure(f"it has no byte {start} any more: it changed while it was read", is_final=True)
            raise self._failure(response)
        self._response, self._position = response, start if response.status == 206 else 0

    def _skip_to(self, start: int) -> None:
        while self._position < start:
            assert self._response is not None
            with self._breaking():
                skipped = len(self._response.read(min(PART_BYTES, start - self._position)))
            if not skipped:
                self._drop()
                raise Failure("the connection ended before the first unread byte")
            self._position += skipped

    def _request(self, method: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """The response after redirects, status and headers read."""
        place = self._place or self.url
        for _ in range(MAX_REDIRECTS + 1):
            parts = urlsplit(place)
            with self._breaking():
                if self._connection is None:
                    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
                    self._connection = kind(parts.hostname or "", parts.port, timeout=self.transport.timeout_s)
                target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                own = {"User-Agent": self.transport.user_agent, "Accept-Encoding": "identity"}
                self._connection.request(method, target, headers={**own, **headers})
                response = self._connection.getresponse()
            if response.status not in REDIRECTS:
                self._place = place
                return response
            place = urljoin(place, response.getheader("Location") or "")
            self._drop()
            require_safe(place)
            if parts.scheme == "https" and not place.startswith("https:"):
                raise Failure("it is redirected from https to http", is_final=True)
        raise Failure(f"more than {MAX_REDIRECTS} redirects", is_final=True)

    def _remember(self, size: int | None, response: http.client.HTTPResponse) -> None:
        etag = response.getheader("ETag")
        if self._size is not None and size is not None and size != self._size:
            self._drop()
            raise Failure(f"its length was {self._size} and is now {size}: it changed while it was read", is_final=True)
        if self._etag and etag and etag != self._etag:
            self._drop()
            raise Failure(f"its ETag was {self._etag} and is now {etag}: it changed while it was read", is_final=True)
        self._size, self._etag = self._size if size is None else size, self._etag or etag

    def _failure(self, response: http.client.HTTPResponse) -> Failure:
        status, wait_s = response.status, retry_after_s(response.getheader("Retry-After"))
        self._drop()
        hint = ", is not there" if status in (404, 410) else ""
        return Failure(f"HTTP {status}{hint}", wait_s=wait_s, is_final=status not in TRANSIENT)

    @contextlib.contextmanager
    def _breaking(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as e:
            # the last two: the connection was closed from another thread in mid-read
            self._drop()
            words = " ".join(str(e).split())
            raise Failure(f"the connection broke ({type(e).__name__}{': ' if words else ''}{words})") from e

    def _drop(self) -> None:
        connection, self._connection, self._response, self._place = self._connection, None, None, ""
        if connection is not None:
            connection.close()


def is_http(path: str) -> bool:
    """Whether a path is a URL of this module."""
    return path.lower().startswith(("https://", "http://"))


def require_safe(url: str) -> None:
    """Raises InputError for a URL without a host, and for plain http beyond this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as e:
        raise InputError(f"{without_secrets(url)} is not a URL: {e}. Check plan.inputs.") from e
    if not host or parts.scheme not in ("https", "http"):
        raise InputError(f"{without_secrets(url)} is not a URL of a file. https://host/path is expected.")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise InputError(f"{without_secrets(url)}: plain http can be changed by anyone on the way. Use https://.")


def without_secrets(url: str) -> str:
    """A URL without user, password and query, which may hold a signature."""
    head, separator, rest = url.partition("://")
    host, slash, path = rest.partition("?")[0].partition("/")
    return f"{head}{separator}{host.rpartition('@')[2]}{slash}{path}"


def retry_after_s(value: str | None) -> float:
    """Seconds of a Retry-After header, a number or a date; 0 when there is none."""
    if not value:
        return 0.0
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
