"""Host names that are not plain ASCII: internationalised names, character references, unusual address notations."""

import ipaddress
import re
import socket
import unicodedata
from urllib.parse import unquote

from sluice.text.lists.kernels.urls import MAX_HOST

URL_PARTS = re.compile(r"((?:[a-zA-Z0-9+.-]+:)?[/\\]{2})?([^/\\?#]*)(.*)", re.DOTALL)
DELIMITER = re.compile(r"[/\\?#@:\[\]]")
HOST_PORT = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?")
IGNORED = re.compile("[\u00ad\u034f\u180b-\u180d\u180f\u200b\u2060\u2064\ufe00-\ufe0f\ufeff]")
"""Characters that UTS 46 maps to nothing, so that browsers drop them from hosts: soft hyphens, zero width spaces."""


def with_plain_host(url: str) -> bytes:
    """Applies `plain_host` to the host of a URL, or to a host alone, and removes user and port. Returns UTF-8.

    Raises ValueError as `plain_host` does.
    """
    parts = URL_PARTS.match(url.strip())
    assert parts  # the pattern matches any text
    match = HOST_PORT.fullmatch(parts[2].rpartition("@")[2])
    if not match:
        raise ValueError("more than a host and a port")
    return ((parts[1] or "") + plain_host(match[1]) + parts[3]).encode("utf-8", "surrogatepass")


def plain_host(host: str) -> str:
    """Converts a host to lower-case ASCII: xn-- names, dotted IPv4 addresses, shortest IPv6 addresses.

    Labels are mapped by NFKC and lower case and encoded in Punycode (RFC 3492); this is UTS 46 without its table of
    forbidden characters. Raises ValueError for an invalid host.

    >>> plain_host("例え.中国"), plain_host("0x7f.1"), plain_host("[::0:1]")
    ('xn--r8jz45g.xn--fiqs8s', '127.0.0.1', '[::1]')
    """
    if "%" in host:
        host = unquote(host, errors="strict")
    if host.startswith("["):
        return f"[{ipaddress.IPv6Address(host.strip('[]')).compressed}]"
    host = IGNORED.sub("", unicodedata.normalize("NFKC", host)).lower().replace("。", ".").rstrip(".")
    if len(host) > MAX_HOST:  # Punycode would only lengthen it, in time quadratic in the label length
        raise ValueError(f"a host of more than {MAX_HOST} characters")
    if DELIMITER.search(host):  # written as a reference, or in full width
        raise ValueError("a delimiter of URLs inside the host")
    try:
        labels = [_plain_label(label) for label in host.split(".")]
    except UnicodeError as e:
        raise ValueError(f"not an internationalised name (IDNA): {e}") from e
    if re.fullmatch(r"\d+|0x[\da-f]*", labels[-1]):
        try:
            return socket.inet_ntoa(socket.inet_aton(".".join(labels)))
        except OSError as e:
            raise ValueError("a number at the end, but not an IPv4 address") from e
    return ".".join(labels)


def _plain_label(label: str) -> str:
    if label.startswith("xn--"):
        if not label[4:].encode("ascii").decode("punycode").strip():
            raise UnicodeError("nothing after xn--")
        return label
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
