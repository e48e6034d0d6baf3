"""Finders of telephone numbers: mainland China, Hong Kong, Macau, Taiwan, North America, and with a country code.

A number needs a distinctive format, a prefix, or a label before it (电话, Tel). Digits in a URL, a code, a decimal or
before a unit are not telephone numbers. Patterns are ours, after ITU-T E.164 and the national numbering plans.
"""

import re

from sluice.text.cleaning.number_run import DigitRun, Spans, is_free
from sluice.text.cleaning.quantity import is_quantity

_PHONE_LABEL = re.compile(
    r"(?:电话|電話|手机|手機|手提|座机|座機|固话|总机|總機|热线|熱線|专线|專線|传真|傳真|致电|致電|來電|来电|查詢|查询|咨询|諮詢|聯絡"
    r"|联系|聯繫|拨打|撥打|客服|\bt[eé]l(?:[eé](?:ph|f)o{1,2}n[eo]?)?|\bphone|\bmobile|\bmob|\bcell|\bcall"
    r"|\b(?:tele)?fax|\bfon|\bwhatsapp|\bsms|\btext|\bтел(?:ефон)?)"
    r"(?:号码?|號碼?|方式| number| us| at| us at| me at| no\.?)?(?: ?[(（]?[一二三四五六七八九十1-9][)）]?)?[是为為]?"
    r"[^\w©]{0,4}\Z",
    re.IGNORECASE,
)
"""Also with a number (客服1：, 电话一：) and with a verb."""
_EXTENSION = re.compile(
    r"(?: ?, ?| ?[(（] ?| )?(?:(?:extension|extn|ext|分机号?|分機號?|内线|內線|转|轉)[. :：]{0,2}|x ?|# ?)"
    r"\d{1,6}(?!\d)(?:/\d{1,6}(?!\d)){0,6}(?: ?[)）])?",
    re.IGNORECASE,
)
_MOBILE_LABEL = re.compile(
    r"(?:手机|手機|手提(?:电话|電話)?|移动电话|行動電話|mobile|cell|whatsapp)(?:号码?|號碼?| number| no\.?)?\W{0,4}\Z",
    re.IGNORECASE,
)
_MAINLAND_MOBILE = re.compile(
    r"(?<![\d+])(?:(?:\(\+?86\)|\(?\+86\)?|0086|86)[- ]{0,2}|0)?"
    r"(?:1[3-9]\d([-. ]?)\d{4}\1\d{4}|1[3-9]\d{2}-\d{3}-\d{4}|1[3-9]\d{3}[- ]\d{3}[- ]?\d{3}"
    r"|1[3-9]\d-(?!(?:19|20)\d{6})\d{8}|1[3-9]\d{5}-\d{4})(?!\d)",  # 150-20161011 is a number with a date
    re.ASCII,
)
_LABELLED_MAINLAND_MOBILE = re.compile(r"(?<![\d+])1[3-9]\d(?: \d{8}| \d{3} \d{5}|\d{4} \d{4})(?!\d)", re.ASCII)
_TAIWAN_MOBILE = re.compile(
    r"(?<![\d+])(?:(?:\+|00)?\(?886\)?[- ]?(?:\(?0\)?)?|0)9\d{2}([- ]?)\d{3}\1?\d{3}(?!\d)", re.ASCII
)
_HONG_KONG_MOBILE = re.compile(
    r"(?<![\d+])(?:\+\(?85[23]\)?|\(\+?85[23]\)|0085[23]|85[23][- ])[- ]?[4-9]\d{3}[- ]?\d{4}(?!\d)", re.ASCII
)
_COUNTED = re.compile(
    r"\s?(?:[部台臺户戶人个個只件套条條次家份字]|(?:times|people|users|customers|subscribers|words|units)\b)"
)
"""Text after an eight-digit count that follows a label: 手机 50000000 部."""
_LOCAL_MOBILE = re.compile(r"(?<!\d)[4-9]\d{3}[- ]?\d{4}(?!\d)", re.ASCII)


def find_mobiles(run: DigitRun) -> Spans:
    """Yields mobile numbers: mainland 1[3-9] + nine digits, Taiwan 09 + eight, Hong Kong and Macau eight digits.

    The last need +852 or +853, or a label. So do mainland numbers in groups that could be columns of a table.
    """
    for pattern in (_MAINLAND_MOBILE, _TAIWAN_MOBILE, _HONG_KONG_MOBILE):
        for match in run.matches(pattern):
            if not is_quantity(run, *match.span(), _is_labelled(run, match.start())):
                yield from _free(run, *match.span())
    for match in run.matches(_LABELLED_MAINLAND_MOBILE):
        if _is_labelled(run, match.start()):
            yield from _free(run, *match.span())
    for match in run.matches(_LOCAL_MOBILE):
        if _MOBILE_LABEL.search(run.before(match.start())) and not _COUNTED.match(run.after(match.end())):
            yield from _free(run, *match.span())


def _is_labelled(run: DigitRun, start: int) -> bool:
    return _PHONE_LABEL.search(run.before(start)) is not None


def _free(run: DigitRun, start: int, end: int) -> Spans:
    """Yields a number with its extension if it is isolated."""
    if extension := _EXTENSION.match(run.after(end)):
        end += extension.end()
    if is_free(run, start, end):
        yield start, end


_MAINLAND_LANDLINE = re.compile(
    r"(?<!\d)(?:(?:\+|00)?86[- ](?:10|2\d|[3-9]\d{2})[- ]|\(86(?:10|2\d|[3-9]\d{2})\)|(?:(?:\+|00)?86[- ])?"
    r"(?:\(0(?:10|2\d|[3-9]\d{2})\)[- ]{0,2}|0(?:10|2\d|[3-9]\d{2})(?:-{1,2}| - | {1,2}|\) ?)))"
    r"[2-8](?:\d{6,7}|\d{2,3}[- ]\d{4})(?!\d)(?:(?:-|转|轉|ext\.? ?)\d{1,5}(?!\d)|(?:/\d{7,8}(?!\d)){1,4})?",
    re.ASCII,
)
_UNPARTED_LANDLINE = re.compile(r"(?<!\d)0(?:10|2\d|[3-9]\d{2})[2-8]\d{6,7}(?!\d)", re.ASCII)
_ISLAND_LANDLINE = re.compile(  # Taiwan, Hong Kong, Macau
    r"(?<![\d+])(?:(?:\(0[2-8]\d?\) ?|0[2-8]\d?-)\d{3,4}[- ]|\(85[23]\)[- ]?[2-8]\d{3}[- ]?)\d{4}(?!\d)", re.ASCII
)
_NORTH_AMERICAN = re.compile(
    r"(?<!\d)(?:\+?1[-. ]{0,2})?"
    r"(?:\([2-9][0-8]\d\)[- ]?[2-9]\d{2}[-. ]|[2-9][0-8]\d([-. ])[2-9]\d{2}\1)\d{4}(?!\d)",
    re.ASCII,
)
_CHINESE_SERVICE = re.compile(
    r"(?<!\d)[48]00(?:([- ])(?:\d{3}\1\d{4}|\d{4}\1\d{3}|\d{7})|\d([- ])\d{3}\2\d{3})(?!\d)", re.ASCII
)
_LOCAL = re.compile(r"(?<!\d)(?:[2-9]\d{2,3}[- ]?\d{4}(?! \d)|[2-9]\d{9})(?!\d|-\d)", re.ASCII)
_YEARS = re.compile(r"(?:19|20)\d\d(?:(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])|[- ](?:19|20)\d\d)", re.ASCII)
_INTERNATIONAL = re.compile(r"(?<![0-9A-Za-z])\+\(?[1-9][0-9 .()/-]{6,24}[0-9]")
_WITHOUT_PLUS = re.compile(
    r"(?<![0-9A-Za-z+])(?:00[ -]?(?=[1-9])|(?=\(?[1-9]\d{0,2}\)?[ .-]))\(?[1-9][0-9 .()/-]{6,24}[0-9]", re.ASCII
)
"""With the prefix 00 or with only the country code, set apart. Needs a label."""

_COUNTRY_CODE = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|2[1-689]\d|3[578]\d|42\d|5[09]\d|6[789]\d|8[0578]\d|9[679]\d",
    re.ASCII,
)
_LENGTHS = {
    **{"1": (11, 11), "7": (11, 11), "33": (11, 11), "44": (11, 12), "61": (11, 11), "65": (10, 10), "81": (11, 12)},
    **{"82": (10, 12), "86": (11, 13), "91": (12, 12), "852": (11, 11), "853": (11, 11), "886": (10, 12)},
}
_OTHER_LENGTH = (9, 13)
"""Number of digits including the country code (ITU-T E.164 allows 15; no country uses more than 13 for persons)."""


def find_phones(run: DigitRun) -> Spans:
    """Yields all other telephone numbers: with + and country code, North American, Chinese landlines, labelled."""
    if "+" in run.text:  # a cheap test before a pattern, as most runs are not telephone numbers
        for match in run.matches(_INTERNATIONAL):
            if end := _international_end(run.text, match.start() + 1, match.end()):
                yield from _free(run, match.start(), end)
    for pattern in (_MAINLAND_LANDLINE, _ISLAND_LANDLINE):
        for match in run.matches(pattern):
            yield from _free(run, *match.span())
    if "00" in run.text:
        for match in run.matches(_CHINESE_SERVICE):
            yield from _free(run, *match.span())
    for match in run.matches(_NORTH_AMERICAN):
        is_plain = match[1] == " " and match[0][0] != "+"  # could be three columns of a table
        if not is_plain or _is_labelled(run, match.start()):
            yield from _free(run, *match.span())
    for pattern in (_UNPARTED_LANDLINE, _LOCAL):
        for match in run.matches(pattern):
            is_count = pattern is _LOCAL and _COUNTED.match(run.after(match.end()))
            if _is_labelled(run, match.start()) and not _YEARS.fullmatch(match[0]) and not is_count:
                yield from _free(run, *match.span())
    for match in run.matches(_WITHOUT_PLUS):
        if _is_labelled(run, match.start()) and not _YEARS.match(match[0]):
            start = match.start() + 2 * match[0].startswith("00")
            if end := _international_end(run.text, start, match.end()):
                yield from _free(run, match.start(), end)


def _international_end(text: str, start: int, end: int) -> int | None:
    """Returns the end of a number with country code, after its last whole group that its country allows, or None."""
    while not text[start].isdigit():
        start += 1
    digits = re.sub(r"\(0\)|\D", "", text[start:end])
    code = _COUNTRY_CODE.match(digits)
    if not code:
        return None
    least, most = _LENGTHS.get(code[0], _OTHER_LENGTH)
    best = None
    count = 0
    place = start
    while place < end:
        if text.startswith("(0)", place):
            place += 3
            continue
        if text[place].isdigit():
            count += 1
            is_group_end = place + 1 == len(text) or not text[place + 1].isdigit()
            if is_group_end and least <= count <= most:
                best = place + 1
        elif not text[place - 1].isdigit() and text[place - 1 : place + 1] not in (") ", " (", ")-", "+("):
            break  # two gaps in a row separate two numbers
        place += 1
    return best
