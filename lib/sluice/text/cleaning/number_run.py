"""A run of digits with its context, and whether a number in it is isolated."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sluice.core.config.plan import MIB

CONTEXT_BEFORE, CONTEXT_AFTER = 80, 18
"""Characters of context: before, enough for a URL; after, enough for a unit or an extension."""

SPACES = (0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
"""White space of other widths; French and Intl.NumberFormat group digits by U+202F."""
INVISIBLE = (0xAD, *range(0x200B, 0x200E), 0x2060, 0xFEFF)
"""Soft hyphen, zero-width spaces and joiners, byte order mark."""
FOLD = {
    **{0xFF00 + i: 0x20 + i for i in range(1, 0x5F)},
    **dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0xB7, 0x2022, 0x2027, 0x30FB, ord("~"), 0xFF5E], ord("-")),
    **dict.fromkeys([*SPACES, *INVISIBLE], ord(" ")),
}
"""Maps full-width forms to ASCII, dashes, middle dots and tildes to `-`, spaces to one, one character to one."""

DULL = re.compile(
    r"(?:19|20)\d\d([-/.])\d{1,2}\1\d{1,2}(?: \d{1,2}| ?[(（]\d{1,6})?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d(?: \d{1,2})?|\d\d-\d\d ?[(（]\d{1,6}"
    r"|(?:19|20)\d\d ?[-–/~] ?(?:19|20)\d\d|\d{1,6}\.\d{4,}|\d{5,9}\.\d\d",
    re.ASCII,
)
"""Runs that consist of dates, also with a count in brackets, pairs of years or decimals, as most do; no finder needs to
examine them."""


class DigitRun(NamedTuple):
    """A run of digits with its context, folded by FOLD; `start` and `end` are positions in `text`."""

    text: str
    start: int
    end: int

    def matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Yields matches that begin in the run, or one sign or letter before it. The context has runs of its own."""
        for match in pattern.finditer(self.text, max(0, self.start - 4)):
            if match.start() >= self.end:
                return
            if match.end() > self.start:
                yield match

    def before(self, place: int, width: int = 24) -> str:
        """Returns the text before a position; limited in length, because patterns are tried at every character."""
        return self.text[max(0, place - width) : place]

    def after(self, place: int) -> str:
        """Returns the text after a position."""
        return self.text[place : place + CONTEXT_AFTER]


Spans = Iterator[tuple[int, int]]
Finder = Callable[[DigitRun], Spans]

_GLUED_BEFORE = re.compile(
    r"(?:[0-9A-Za-z_#=&%\\@^*]|\d\.|(?<!\d)\d{1,6}[-/,:]|(?:[$€£¥￥￡]|人民币|人民幣|港币|港幣|美元|USD|RMB|CNY) ?)\Z"
)
_GLUED_AFTER = re.compile(
    r"(?:[0-9A-Za-z_%‰°@=]|\.\d|[-/]\d{1,6}(?!\d)|,\d{3}(?!\d)"
    r"|\.(?:html?|php|aspx?|jsp|jpe?g|png|gif|pdf|mp4)(?![0-9A-Za-z])"
    r"|\s?(?:元|圆|圓|美元|美金|港元|日元|欧元|万|萬|亿|億|股|吨|噸|字节|人次|次|bytes|USD|RMB))"
)
_WORD_BEFORE = re.compile(
    r"(?:(?<![A-Za-z])(?:tel|phone|mobile|mob|cell|call|fax|qq|wechat|whatsapp|vx|wx|sms|[tmfpv])"
    r"|(?:手机|手機|电话|電話|热线|熱線|客服|传真|傳真)[号號]?[码碼]? ?[一二三四五六七八九十1-9]?)[^\w$€£¥￥￡]{0,2}\Z",
    re.IGNORECASE,
)
_WORD_AFTER = re.compile(r"(?:qq|e-?mail|tel|fax|wechat|vx|wx|or\b|and\b)", re.IGNORECASE)
_URL = re.compile(
    r"(?:://|www\.|[a-z0-9]\.(?:com|cn|net|org|info|html?|php|aspx?|jsp)[/?:])[!-~]*\Z",
    re.IGNORECASE,
)
_CODE_LABEL = re.compile(
    r"(?:isbn(?:[- ]?1[03])?|issn|imei|doi|pmid|sku|upc|ean|oclc|order(?: (?:no|number|id))?|tracking(?: number)?"
    r"|serial(?: (?:no|number))?|invoice|patent|case|model|part(?: no)?|(?:\b|_|user|order)u?id|timestamp"
    r"|(?:订单|訂單|运单|運單|快递|快遞|单|單|编|編|型|货|序列|備案|备案|注册|专利|文|批|证|期|书|書|刊|合同|案|流水|凭证|发票"
    r"|商品|产品|物料|条形|税|登记|帖|房|座|件|学|工|户)[号號][码碼]?|第|编码|編碼|条形码|書碼"
    r"|订单|訂單|許可證號?|许可证号?|条码|代码|版本号?|群号?|时间戳)\W{0,3}(?:为|為|是)?\W{0,3}\Z",
    re.IGNORECASE,
)


def is_free(run: DigitRun, start: int, end: int) -> bool:
    """Whether a number is isolated: not part of a word, code, decimal, amount, file name or URL, nor a byte size."""
    number = run.text[start:end]
    if _GLUED_BEFORE.search(run.before(start, 8)) and not _WORD_BEFORE.search(run.before(start)):
        return False
    if _GLUED_AFTER.match(run.after(end)) and not _WORD_AFTER.match(run.after(end)):
        return False
    if number.isdigit() and int(number) % MIB == 0:
        return False  # 17179869184
    return not _URL.search(run.before(start, CONTEXT_BEFORE)) and not _CODE_LABEL.search(run.before(start))
