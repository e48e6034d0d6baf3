"""Finders of e-mail and IP addresses."""

import ipaddress
import re

from sluice.text.cleaning.number_run import FOLD, DigitRun, Spans

_LOCAL_PART = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z!#$%&'*+=?^_`{|}~-]|\.(?!\.)){0,63}(?<!\.)\Z")
_DOMAIN = re.compile(
    r"(?:[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.){1,6}?"
    r"(?:(?:com|net|org|edu|gov|cn|hk|tw)(?:\.(?:cn|hk|tw|au|uk|br|jp|kr))?(?!-?[0-9a-z]|\.[0-9a-z])"
    r"|[A-Za-z]{2,24}(?!-?[0-9A-Za-z]|\.[A-Za-z]))"
)
_RESERVED_DOMAIN = re.compile(r"(?:.*\.)?(?:example(?:\.(?:com|net|org))?|invalid|test|localhost)", re.IGNORECASE)
_FILE_NAME = re.compile(r".*\.(?:png|jpe?g|gif|webp|svg|css|js|html?|php)", re.IGNORECASE)  # icon@2x.png
_WORD_END = re.compile(r"[0-9A-Za-z._]\Z")
_IPV6_GROUPS = re.compile(r"[23][0-9a-f]{3}:[0-9a-f:]{3,34}", re.IGNORECASE)


def find_email(text: str, at: int) -> Spans:
    """Yields the e-mail address around the @ at `at`, except in domains reserved for examples and in file names."""
    local = _LOCAL_PART.search(text[max(0, at - 64) : at].translate(FOLD))
    domain = _DOMAIN.match(text[at + 1 : at + 256].translate(FOLD))
    if not local or not domain or local[0].lower() == "git":  # git@github.com:owner/name is not a person's address
        return
    if not _RESERVED_DOMAIN.fullmatch(domain[0]) and not _FILE_NAME.fullmatch(domain[0]):
        yield at - len(local[0]), at + 1 + domain.end()


def find_ipv6(text: str, start: int, end: int) -> Spans:
    """Yields the public IPv6 address in a run of hexadecimal digits and colons. Only 2000::/3 is in use (RFC 4291)."""
    while text[end - 1] == ":" and text[end - 2] != ":":  # a colon of the sentence
        end -= 1
    if text[start] == ":" or _WORD_END.search(text[max(0, start - 1) : start]):  # of a label: IPv6:2400:3200::1
        start = text.index(":", start) + 1
    if not _IPV6_GROUPS.fullmatch(text, start, end):
        return
    try:
        address = ipaddress.IPv6Address(text[start:end])
    except ValueError:
        return
    if address.is_global:
        yield start, end


_IPV4 = re.compile(
    r"(?<![0-9A-Za-z_.])(?<![A-Za-z]-)(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})(?![0-9A-Za-z_]|\.\d)",
    re.ASCII,
)
_VERSION_BEFORE = re.compile(
    r"(?:\bv|\bver\.?|version|版本?|release|build|firmware|固件|内核|driver|驱动|section|chapter|article|第|rev\.?|§"
    r"|\bchrome|\bfirefox|\bsafari|\bopera|\bedge?)"
    r"[号為为是\s:：./(-]{0,4}\Z",
    re.IGNORECASE,
)
_VERSION_AFTER = re.compile(
    r"\s?(?:官方|正式|版|中文|绿色|破解|简体|安装|beta|build|for\b|x64|x86|节|章)", re.IGNORECASE
)
_HOST_BEFORE = re.compile(
    r"(?:\bip(?:v4)?\b|ip地址|地址|address(?:es)?|server|服务器|host|主机|dns|ping|proxy|代理|client|来自|from|gateway"
    r"|://|\binet)[^0-9A-Za-z]{0,4}(?:(?:is|of|to|at|was)\s)?\Z",
    re.IGNORECASE,
)
_HOST_AFTER = re.compile(r":\d{2,5}(?!\d)|/\d{1,2}(?![\d.])")


def find_ipv4(run: DigitRun) -> Spans:
    """Yields public IPv4 addresses.

    An address that looks like a version (first part, or two others, below 10) needs a word (IP, host) or port next to
    it.
    """
    if run.text.count(".", run.start, run.end) < 3:
        return
    for match in run.matches(_IPV4):
        before, after = run.before(match.start()), run.after(match.end())
        parts = [int(part) for part in match[0].split(".")]
        if max(parts) > 255 or _VERSION_BEFORE.search(before) or _VERSION_AFTER.match(after):
            continue
        looks_like_address = parts[0] >= 10 and sum(part >= 10 for part in parts) >= 3
        if not looks_like_address and not _HOST_BEFORE.search(before) and not _HOST_AFTER.match(after):
            continue
        address = ipaddress.IPv4Address(match[0])
        if address.is_global and not address.is_multicast:
            yield match.span()
