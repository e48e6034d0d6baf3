"""Numbers with a check digit that identify a person: identity numbers and bank cards.

The check digit alone decides if prefix, length and date make a coincidence unlikely. Otherwise the number needs a label
before it (身份证, card number). Patterns are ours; the definitions are those of the standards named below.
"""

import re
from datetime import date

from sluice.text.cleaning.number_run import DigitRun, Spans, is_free

_REGIONS = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()
)
_RESIDENT = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}([- ]?)(?:18|19|20)\d{6}\1\d{3}[0-9Xx](?![0-9A-Za-z])", re.ASCII)
_RESIDENT_15 = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{14}(?![0-9A-Za-z])", re.ASCII)
_IDENTITY_LABEL = re.compile(
    r"(?:身份证|身份證|身分證|居民证|证件|證件|id card)"
    r"(?:号码?|號碼?|字號|統一編號| no\.?| number)?[^0-9A-Za-z]{0,6}\Z",
    re.IGNORECASE,
)
_HONG_KONG_ID = re.compile(r"(?<![0-9A-Za-z])[A-Z]{1,2}\d{6}\([0-9A]\)(?![0-9A-Za-z])", re.ASCII)
_TAIWAN_ID = re.compile(r"(?<![0-9A-Za-z])[A-Z][12]\d{8}(?![0-9A-Za-z])", re.ASCII)


def is_resident_id(number: str) -> bool:
    """Whether 18 characters are a valid mainland resident identity number: province, birth date and check character.

    Source: GB 11643-1999, check character by ISO 7064 MOD 11-2.

    >>> is_resident_id("11010519491231002X"), is_resident_id("110105194912310021")
    (True, False)
    """
    weighted = sum(int(digit) * pow(2, 17 - i, 11) for i, digit in enumerate(number[:17]))
    return (
        number[:2] in _REGIONS
        and _is_date(number[6:10], number[10:12], number[12:14])
        and "10X98765432"[weighted % 11] == number[17].upper()
    )


def is_hong_kong_id(number: str) -> bool:
    """Whether this is a Hong Kong identity card number such as A123456(3): weights 9 to 2, modulo 11, A for 10."""
    letters, digits = number[:-9], number[-9:-3]
    values = [36] * (2 - len(letters)) + [ord(letter) - 55 for letter in letters] + [int(digit) for digit in digits]
    check = -sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True)) % 11
    return number[-2] == "0123456789A"[check]


def is_taiwan_id(number: str) -> bool:
    """Whether this is a Taiwan national identification number such as A123456789: weights 1, 9 ... 1, 1, modulo 10."""
    code = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(number[0]) + 10
    values = [code // 10, code % 10, *map(int, number[1:])]
    weights = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) % 10 == 0


def find_identities(run: DigitRun) -> Spans:
    """Yields identity numbers. Old 15-digit ones and Taiwan's are checked weakly and need a label before them."""
    if run.end - run.start < 15 and not run.before(run.start, 1).isalpha():
        return  # most runs: too short for the mainland, no letter for the others
    for match in run.matches(_RESIDENT):
        if is_resident_id(re.sub("[- ]", "", match[0])):
            yield match.span()
    for match in run.matches(_RESIDENT_15):
        number = match[0]
        is_dated = number[:2] in _REGIONS and _is_date("19" + number[6:8], number[8:10], number[10:12])
        if is_dated and _IDENTITY_LABEL.search(run.before(match.start())):
            yield match.span()
    for match in run.matches(_HONG_KONG_ID):
        if is_hong_kong_id(match[0]):
            yield match.span()
    for match in run.matches(_TAIWAN_ID):
        if is_taiwan_id(match[0]) and _IDENTITY_LABEL.search(run.before(match.start())):
            yield match.span()


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        return 1850 <= date(int(year), int(month), int(day)).year <= 2035
    except ValueError:
        return False


_CARD_LABEL = re.compile(
    r"(?:卡号|卡號|账号|帐号|賬號|帳號|账户|帐户|賬戶|帳戶|信用卡|银行卡|銀行卡|借记卡|储蓄卡"
    r"|(?:credit |debit |bank )?card(?: (?:number|no\.?))?|visa|mastercard)"
    r"[^0-9A-Za-z]{0,6}\Z",
    re.IGNORECASE,
)
_CARD = re.compile(
    r"(?<!\d)(?:\d{13,19}|\d{4}([- ])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?"
    r"|\d{4}([- ])\d{6}\2\d{4,5}|\d{6}([- ])\d{10,13})(?!\d)",
    re.ASCII,
)


def is_luhn(number: str) -> bool:
    """Whether the check digit is valid (ISO/IEC 7812-1 annex B).

    >>> is_luhn("4111111111111111"), is_luhn("4111111111111112")
    (True, False)
    """
    digits = [int(digit) for digit in reversed(number)]
    return (sum(digits[::2]) + sum(digit // 5 + digit * 2 % 10 for digit in digits[1::2])) % 10 == 0


def _is_issued(number: str, is_sure: bool) -> bool:
    """Whether prefix and length are valid for an issuer. Lengths shared with other numbers require `is_sure`."""
    length, head = len(number), int(number[:4])
    if 6200 <= head <= 6299:
        return 16 <= length <= 19  # UnionPay
    if is_sure and length >= 16:
        return True
    if length == 16:
        return (
            4000 <= head <= 4999  # Visa
            or 5100 <= head <= 5599  # Mastercard
            or 2221 <= head <= 2720
            or head == 6011  # Discover
            or 6440 <= head <= 6599
            or 3528 <= head <= 3589  # JCB
        )
    if length == 15:
        return number[:2] in ("34", "37")  # American Express
    if not is_sure:
        return False
    if length == 14:
        return 3000 <= head <= 3059 or number[:2] in ("36", "38", "39")  # Diners
    return length == 13 and number[0] == "4"


def find_cards(run: DigitRun) -> Spans:
    """Yields credit and bank card numbers with valid prefix, length and Luhn digit.

    After a label (卡号, card number), numbers of 16 or more digits may have any issuer.
    """
    for match in run.matches(_CARD):
        number = re.sub("[- ]", "", match[0])
        is_labelled = bool(_CARD_LABEL.search(run.before(match.start())))
        if is_luhn(number) and _is_issued(number, is_labelled) and len(set(number)) > 1 and is_free(run, *match.span()):
            yield match.span()
