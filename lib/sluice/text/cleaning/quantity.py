"""Whether a number of many digits counts or measures something, instead of naming a telephone.

A mobile number of the mainland is any number from 13 to 19.9 billion, so ages of the universe, areas, sums of money and
terms of integer sequences look like one. Definition: ours.
"""

import re

from sluice.text.cleaning.number_run import DigitRun

MIN_ZEROS = 5
"""Zeros at the end of a number that is rounded. One in 100,000 telephone numbers has as many by chance."""

_MONEY = (
    r"元|圆|圓|块钱|塊錢|美[元金]|[欧歐日港韩韓澳加新台]元|英[镑鎊]|日圆|[韩韓港台]币|新台币|卢布|盧布|卢比|泰铢|越南盾|印尼盾"
    r"|比索|法郎|股(?!东|份)"
    r"|(?:Euros?|Dollars?)\b|(?:USD|RMB|CNY|EUR|JPY|KRW)(?![A-Za-z])"
)
_MEASURE = (
    r"年(?![级會会])|[周週]?[岁歲]|小时|小時|分钟|分鐘|秒(?![回杀发])|天(?![河津猫天])|公里|千米|海里|英里|英尺|光年"
    r"|[厘毫微纳]?米(?!线)|平方|立方|公[顷頃]|[亩畝]"
    r"|公斤|千克|毫克|克(?!拉)|[吨噸]|磅|盎司|毫?升(?![级降])|加仑|桶|焦耳|[千兆]瓦|赫兹|字节|字節|比特|[KMGT]i?B\b"
    r"|(?:Jahren?|Kilometern?|Metern?|Tonnen)\b|(?:bytes|bits|kg|km|cm|mm|mi|ft|lbs?|[kMG]?Hz|kWh|[gmtsK])(?![A-Za-z])"
)
_COUNTER = (
    r"万|萬|亿|億|份(?!额)|人次|人(?=[，。；、,.;:)） ]|$|左右|以上|口)|次(?!日)|[个個](?!人|体|性)|倍"
    r"|颗|顆|粒|枚|株|棵|只(?!有|要|是|能)|隻|头(?!条)|頭|辆|輛|艘|架|篇|册|票|条(?!件)|步(?!行)"
)
_UNIT_AFTER = re.compile(f" ?(?:{_MONEY}|{_MEASURE}|{_COUNTER})")
"""Units and counters. None of them begins a word that usually follows a telephone number, such as a name."""

_WORD_AFTER = re.compile(
    r" (?!(?:x|ext|extension|mobile|cell|phone|tel|fax|office|home|work|ask|only)\b)[a-zà-öø-ÿа-яё]{3,}(?!\w|[@-]|\.\w)"
)
_FUNCTION_WORD_AFTER = re.compile(
    r" (?:or|and|to|for|from|on|in|at|if|is|are|was|with|by|as|via|but|any|the|a|an|please|when|between|during|before"
    r"|after|until|every|each|email|e-mail|wechat|whatsapp|line|viber|who|which|whose|now|today|soon|directly|anytime|not|will|can)\b",
    re.IGNORECASE,
)
_AMOUNT_BEFORE = re.compile(
    r"(?:\b(?:about|approximately|approx\.?|roughly|nearly|almost|around|some|over|under|exceeds?|exceeded|exceeding|than|least"
    r"|most|costs?|worth|totals?|totall?ed|equals?|population of|sum of|total of|area of|mass of)"
    r"|(?<!预)(?<!預)约|(?<!预)(?<!預)約|大[约約]|逾|超[过過]|达到|達到|[高多已可]达|[共总總合]计|[共總合]計|[总總][数數量额額值]|面[积積]|人口|体积|體積"
    r"|[质質]量|距[离離]|(?<!充)(?<!性)价值|價值|市值|金[额額]|[数數]量|[产產][量值]|收入|[资資][产產本]|余[额額])"
    r"[约約为為是有共达達到了:： ]{0,4}\Z",
    re.IGNORECASE,
)
_EQUATION_BEFORE = re.compile(r"[=≈<>≤≥] ?\Z")
_WHOLE_NUMBERS_BEFORE = re.compile(r"(?<![\d.])(\d{1,18})[,，、;；] ?(\d{1,18})[,，、;；] ?\Z")
_WHOLE_NUMBER_BEFORE = re.compile(r"(?<![\d.])(\d{1,18})[,，、;；] ?\Z")
_WHOLE_NUMBER_AFTER = re.compile(r"[,，、;；] ?(\d{1,18})(?![\d-])")
_WHOLE_NUMBERS_AFTER = re.compile(r"[,，、;；] ?(\d{1,18})[,，、;；] ?(\d{1,18})(?![\d-])")
_PHONE_LENGTHS = (7, 8, 11)


def is_quantity(run: DigitRun, start: int, end: int, is_labelled: bool) -> bool:
    """Whether a number without separators is a quantity or a term of a sequence.

    After a label of a telephone number, only a unit counts. Otherwise a rounded number, a word of amount before it, an
    equation, a noun in small letters after it, and two neighbours of other lengths in a list of integers count, too.
    """
    number = run.text[start:end]
    if not number.isdigit():
        return False
    before, after = run.before(start), run.after(end)
    if _UNIT_AFTER.match(after):
        return True
    if is_labelled:
        return False
    return (
        number.endswith("0" * MIN_ZEROS)
        or _EQUATION_BEFORE.search(before) is not None
        or _AMOUNT_BEFORE.search(before) is not None
        or (_WORD_AFTER.match(after) is not None and _FUNCTION_WORD_AFTER.match(after) is None)
        or _is_in_sequence(run, start, end)
    )


def _is_in_sequence(run: DigitRun, start: int, end: int) -> bool:
    before, after = run.before(start, 48), run.after(end)
    neighbours = (
        _WHOLE_NUMBERS_BEFORE.search(before)
        or _WHOLE_NUMBERS_AFTER.match(after)
        or (
            (left := _WHOLE_NUMBER_BEFORE.search(before))
            and (right := _WHOLE_NUMBER_AFTER.match(after))
            and (left, right)
        )
    )
    if not neighbours:
        return False
    found = [match[1] for match in neighbours] if isinstance(neighbours, tuple) else neighbours.groups()
    return not any(len(number) in _PHONE_LENGTHS or number[0] == "0" for number in found)
