"""The key of a URL: URLs with equal keys usually show the same page. It is only compared, never stored.

Syntax and percent-encoding follow RFC 3986, 6.2.2; hosts are read as in browsers. As in the canonical form of the
Wayback Machine's index, it also drops scheme, `www.`, default ports, session ids, campaign parameters, names of index
pages and a trailing slash, and sorts parameters.
"""

import re
from urllib.parse import quote, unquote_to_bytes

from sluice.text.lists.hosts import HOST_PORT, URL_PARTS, plain_host

DEFAULT_PORTS = ("80", "443")
UNRESERVED = "-._~"
PATH_SAFE = "!$&'()*+,;=:@/" + UNRESERVED
QUERY_SAFE = PATH_SAFE + "?"
INDEX_PAGE = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?|jsp|shtml)$", re.IGNORECASE)
SESSION_IN_PATH = re.compile(r";jsessionid=[^/?#]*", re.IGNORECASE)
NO_PAGE = re.compile(
    r"utm_\w+|mtm_\w+|pk_(?:campaign|kwd|source|medium)|fbclid|gclid|dclid|msclkid|yclid|twclid|igshid|spm|_ga"
    r"|mc_[ce]id|phpsessid|jsessionid|aspsessionid\w*|sessionid|session_id|cfid|cftoken",
    re.IGNORECASE,
)
"""Parameters that identify a visitor or the origin of a visit, not the content."""
ENCODED = re.compile(r"(?:%[0-9a-fA-F]{2})+|[^%]+|%")


def url_key(url: str) -> str | None:
    """Returns the key; None for a URL without a host.

    >>> url_key("HTTPS://www.Example.com:443/%7eann/./index.html?utm_source=x&b=2&a=%e4%b8%ad#top")
    'example.com/~ann?a=%E4%B8%AD&b=2'
    """
    parts = URL_PARTS.match(url.strip())
    assert parts  # the pattern matches any text
    match = HOST_PORT.fullmatch(parts[2].rpartition("@")[2])
    if not parts[1] or not match:
        return None
    try:
        host = plain_host(match[1]).removeprefix("www.")
    except ValueError:
        return None
    if not host:
        return None
    if match[2] and match[2] not in DEFAULT_PORTS:
        host += f":{match[2]}"
    path, _, query = parts[3].partition("#")[0].partition("?")
    path = "/".join(_without_dots(_encoded(SESSION_IN_PATH.sub("", path.replace("\\", "/")), PATH_SAFE)))
    path = INDEX_PAGE.sub("/", path).rstrip("/")
    names = sorted(_encoded(part, QUERY_SAFE) for part in query.split("&") if part and not _is_no_page(part))
    return f"{host}{path}{'?' if names else ''}{'&'.join(names)}"


def _is_no_page(parameter: str) -> bool:
    return NO_PAGE.fullmatch(parameter.partition("=")[0]) is not None


def _without_dots(path: str) -> list[str]:
    """Returns path segments with `.` and `..` resolved and empty ones dropped, except the first (RFC 3986, 5.2.4)."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in (".", ""):
            segments.append(segment)
    return ["", *segments] + ([""] if path.endswith("/") else [])


def _encoded(text: str, safe: str) -> str:
    """Normalises percent-encoding: only where needed, in upper case.

    An encoded reserved character remains encoded: %2F is not a slash that separates segments.
    """
    return ENCODED.sub(lambda match: _encoded_part(match[0], safe), text)


def _encoded_part(part: str, safe: str) -> str:
    if part == "%":
        return "%25"
    if part.startswith("%"):
        return "".join(
            chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in UNRESERVED) else f"%{byte:02X}"
            for byte in unquote_to_bytes(part)
        )
    return quote(part, safe, errors="surrogatepass")
