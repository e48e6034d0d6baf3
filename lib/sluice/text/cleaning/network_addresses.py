"""Finders of e-mail and IP addresses."""

import ipaddress
import re

from sluice.text.cleaning.number_run import INVISIBLE, DigitRun, Spans

MAX_LOCAL, MAX_DOMAIN = 64, 255
"""Maximum lengths of the parts before and after the @ (RFC 5321), in characters here."""

_ATEXT = frozenset("!#$%&'*+=?^_`{|}~-")
"""Marks in a local part (RFC 5322)."""
_FIRST_MARK = "_"
"""Mark with which an address may begin. Others before it belong to the text."""
_INSIDE = {chr(code) for code in INVISIBLE}

_LETTER = (
    r"0-9A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0300-\u036f\u0370-\u03ff\u0400-\u052f\u0531-\u0587"
    r"\u05d0-\u05ea\u0620-\u06d3\u0900-\u0d7f\u10a0-\u10ff\u1e00-\u1fff"
)
"""Letters of scripts with spaces between words: Latin to Georgian, and those of India."""
_EAST_ASIAN = r"\u0e00-\u0e5b\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_TOP = (
    r"xn--[0-9A-Za-z-]{1,59}|(?:com|net|org|edu|gov|cn|hk|tw)(?:\.(?:cn|hk|tw|au|uk|br|jp|kr))?(?!-?[0-9a-z]|\.[0-9a-z])"
    r"|[A-Za-z]{2,24}(?!-?[0-9A-Za-z]|\.[A-Za-z])"
)
_LOCAL_TOP = (  # top-level domains in the letters of one script
    r"(?=[a-z]{0,22}[\u00df-\u024f])[a-z\u00df-\u024f]{2,24}|[\u0400-\u052f]{2,24}|[\u0370-\u03ff]{2,24}"
    r"|[\u0531-\u0587]{2,24}|[\u05d0-\u05ea]{2,24}|[\u0620-\u06d3]{2,24}|[\u0900-\u0d7f]{2,24}|[\u10a0-\u10ff]{2,24}"
)
_EAST_ASIAN_TOP = (
    r"公司|集团|网络|網絡|网址|网店|网站|商城|商店|商标|中国|中國|中文网|香港|台湾|台灣|新加坡|在线|移动|游戏|娱乐|企业|信息|公益|政务"
    r"|机构|组织机构|时尚|世界|健康|手机|招聘|食品|餐厅|购物|家電|珠宝|慈善|我爱你|八卦|通販|点看|書籍|联通|广东|佛山|한국|닷컴|닷넷"
    r"|コム|みんな|ストア|セール|クラウド|ファッション|ポイント|ไทย|คอม"
)
_DOMAIN = re.compile(
    rf"(?:[{_LETTER}](?:[{_LETTER}-]{{0,61}}[{_LETTER}])?\.){{1,6}}?(?:{_TOP}|{_LOCAL_TOP})"
    rf"|(?:[{_LETTER}{_EAST_ASIAN}](?:[{_LETTER}{_EAST_ASIAN}-]{{0,61}}[{_LETTER}{_EAST_ASIAN}])?\.){{1,6}}?"
    rf"(?:(?:{_EAST_ASIAN_TOP})|(?:com|net|org|cn|hk|tw|jp|kr)(?![0-9a-z.-]))"
)
_SPACED = re.compile(rf"[{_LETTER}]")
_UNSPACED = re.compile(rf"[{_EAST_ASIAN}]")
_ADDRESSED = re.compile(
    r".*(?:邮箱|郵箱|邮件|郵件|信箱|邮址|地址|联系|聯繫|聯絡|发送?到|发送?至|寄到|寄至|发给|[是为為至到或和及与與，。：])"
)
"""Words and marks that end the text before an address in Han characters."""
_FOLD_ADDRESS = {0xFF00 + i: 0x20 + i for i in range(1, 0x5F)}
"""Maps full-width forms to ASCII."""
_RESERVED_DOMAIN = re.compile(r"(?:.*\.)?(?:example(?:\.(?:com|net|org))?|invalid|test|localhost)", re.IGNORECASE)
_FILE_NAME = re.compile(r".*\.(?:png|jpe?g|gif|webp|svg|css|js|html?|php)", re.IGNORECASE)  # icon@2x.png
_WORD_END = re.compile(r"[0-9A-Za-z._]\Z")
_IPV6_GROUPS = re.compile(r"[23][0-9a-f]{3}:[0-9a-f:]{3,34}", re.IGNORECASE)


def find_email(text: str, at: int) -> Spans:
    """Yields the e-mail address around the @ at `at`, except in domains reserved for examples and in file names."""
    domain = _DOMAIN.match(text[at + 1 : at + 1 + MAX_DOMAIN].translate(_FOLD_ADDRESS))
    if not domain or _RESERVED_DOMAIN.fullmatch(domain[0]) or _FILE_NAME.fullmatch(domain[0]):
        return
    before = text[max(0, at - MAX_LOCAL) : at].translate(_FOLD_ADDRESS)
    start = _local_start(before, _UNSPACED.search(domain[0]) is not None)
    local = before[start:]
    if local and local.lower() != "git":  # git@github.com:owner/name is not a person's address
        yield at - len(local), at + 1 + domain.end()


def _local_start(before: str, is_east_asian: bool) -> int:
    """Returns the start of the local part that ends a text; the length of the text if it ends without a local part.

    It extends to the first character that cannot belong to it, so that no part of it is left. Han, kana, Hangul and
    Thai belong to it only in a domain in these scripts, because they may be adjacent to an address.
    """
    start = len(before)
    for place in range(len(before) - 1, -1, -1):
        char = before[place]
        if char == ".":
            if place == len(before) - 1 or before[place + 1] == ".":
                break
        elif _SPACED.match(char) or char in _FIRST_MARK or (is_east_asian and _UNSPACED.match(char)):
            start = place
        elif char not in _ATEXT and char not in _INSIDE:
            break
    if is_east_asian and (words := _ADDRESSED.match(before, start)) and words.end() < len(before):
        start = words.end()
    return start


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
    r"(?:\bv|\bver\.?|versions?|版本?|release|build|firmware|固件|内核|驱动|driver|sections?|chapters?|articles?|clauses?"
    r"|paragraphs?|para\.?|subsection|\bs\.|第|条|條|款|[规規]范|[规規]程|标准|標準|附[录錄]|rev\.?|§|\bchrome|\bfirefox|\bsafari"
    r"|\bopera|\bedge?)"
    r"[号為为是\s:：./(-]{0,4}\Z",
    re.IGNORECASE,
)
_VERSION_AFTER = re.compile(
    r"\s?(?:官方|正式|版|中文|绿色|破解|简体|安装|beta|build|for\b|x64|x86|[节節章条條款项項目](?![标標的])"
    r"|(?:in|of|and .{1,24} (?:in|of)) (?:the|this|that) (?:Act|Code|Rules?|Regulations?|Law|Agreement|Standard)\b)",
    re.IGNORECASE,
)
_NAME_BEFORE = re.compile(r"(?<![.!?。！？] )(?<![\w.])[A-Z][A-Za-z]{2,24} \Z")
"""A capitalised word directly before, such as the name of a product; not at the start of a sentence."""
_HOST_BEFORE = re.compile(
    r"(?:\bip(?:v4)?\b|ip地址|地址|address(?:es)?|server|服务器|host|主机|dns|ping|proxy|代理|client|来自|from|gateway"
    r"|://|\binet)[^0-9A-Za-z]{0,4}(?:(?:is|of|to|at|was)\s)?\Z",
    re.IGNORECASE,
)
_HOST_AFTER = re.compile(r":\d{2,5}(?!\d)|/\d{1,2}(?![\d.])")


def find_ipv4(run: DigitRun) -> Spans:
    """Yields public IPv4 addresses.

    An address that looks like the number of a version or a section needs a word (IP, host) or a port next to it. It
    does if the first part or two others are below 10, if all parts are below 100, which is true of 2 % of all
    addresses, or if a capitalised word is before it and its first part is below 100.
    """
    if run.text.count(".", run.start, run.end) < 3:
        return
    for match in run.matches(_IPV4):
        before, after = run.before(match.start()), run.after(match.end())
        parts = [int(part) for part in match[0].split(".")]
        if max(parts) > 255 or _VERSION_BEFORE.search(before) or _VERSION_AFTER.match(after):
            continue
        looks_like_address = (
            parts[0] >= 10
            and sum(part >= 10 for part in parts) >= 3
            and max(parts) >= 100
            and (parts[0] >= 100 or not _NAME_BEFORE.search(before))
        )
        if not looks_like_address and not _HOST_BEFORE.search(before) and not _HOST_AFTER.match(after):
            continue
        address = ipaddress.IPv4Address(match[0])
        if address.is_global and not address.is_multicast:
            yield match.span()
