"""A URL as a ByteSource of `data.storage.ranges`.

Uses http.client without another library: only a status code, two headers and byte counts are needed.
"""

import contextlib
import email.utils
import http.client
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from sluice.core.config.plan import TransportConfig
from sluice.core.errors import InputError, without_secrets
from sluice.data.storage.ranges import PART_BYTES, Failure

MAX_REDIRECTS = 5
REDIRECTS = frozenset((301, 302, 303, 307, 308))
TRANSIENT = frozenset((403, 408, 425, 429, 500, 502, 503, 504))
"""Statuses that are retried. data.commoncrawl.org answers 403 to clients that send too many requests."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)$")


@dataclass
class HttpFile:
    """One URL. The connection is reused between ranges; if a server ignores Range, the body is read sequentially."""

    url: str
    transport: TransportConfig
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
            # no HEAD support, or a signature valid for GET only: a request for the first byte returns the full length
            self._open(0, 1)
            self._drop()
        else:
            raise self._failure(response)
        if self._size is None:
            raise Failure("the server does not report its length", is_final=True)
        return self._size

    def iter_range(self, start: int, stop: int) -> Iterator[bytes]:
        if self._response is None or self._position > start:
            self._open(start, stop)
        self._skip_to(start)  # without range support: skip known and unwanted bytes
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
        """Requests a body from `start` on. The position is then `start`, or 0 if the server does not support ranges."""
        if self._response is not None:
            self._drop()
        response = self._request("GET", {"Range": f"bytes={start}-{stop - 1}"})
        if response.status == 206:
            match = CONTENT_RANGE.match(response.getheader("Content-Range") or "")
            if not match or int(match[1]) != start:
                self._drop()
                raise Failure("the server sent a different range than requested", is_final=True)
            self._remember(int(match[3]), response)
        elif response.status == 200:
            length = response.getheader("Content-Length") or ""
            self._remember(int(length) if length.isdecimal() else None, response)
        else:
            if response.status == 416:
                self._drop()
                raise Failure(f"it no longer has byte {start}: it changed while being read", is_final=True)
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
        """Returns the response after redirects, with status and headers read."""
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
            raise Failure(f"its length was {self._size} and is now {size}: it changed while being read", is_final=True)
        if self._etag and etag and etag != self._etag:
            self._drop()
            raise Failure(f"its ETag was {self._etag} and is now {etag}: it changed while being read", is_final=True)
        self._size, self._etag = self._size if size is None else size, self._etag or etag

    def _failure(self, response: http.client.HTTPResponse) -> Failure:
        status, wait_s = response.status, retry_after_s(response.getheader("Retry-After"))
        self._drop()
        is_absent = status in (404, 410)
        return Failure(
            f"HTTP {status}{', is not there' if is_absent else ''}",
            wait_s=wait_s,
            is_final=status not in TRANSIENT,
            is_absent=is_absent,
        )

    @contextlib.contextmanager
    def _breaking(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as e:
            # the last two: another thread closed the connection during a read
            self._drop()
            words = " ".join(str(e).split())
            raise Failure(f"the connection broke ({type(e).__name__}{': ' if words else ''}{words})") from e

    def _drop(self) -> None:
        connection, self._connection, self._response, self._place = self._connection, None, None, ""
        if connection is not None:
            connection.close()


def is_http(path: str) -> bool:
    """Whether a path is an HTTP or HTTPS URL."""
    return path.lower().startswith(("https://", "http://"))


def require_safe(url: str) -> None:
    """Raises InputError for a URL without a host, and for plain http to another machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as e:
        raise InputError(f"{without_secrets(url)} is not a URL: {e}. Check plan.inputs.") from e
    if not host or parts.scheme not in ("https", "http"):
        raise InputError(f"{without_secrets(url)} is not the URL of a file. Expected https://host/path.")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise InputError(f"{without_secrets(url)}: plain http can be modified in transit. Use https://.")


def retry_after_s(value: str | None) -> float:
    """Returns the seconds in a Retry-After header, given as a number or a date; 0 without the header."""
    if not value:
        return 0.0
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
