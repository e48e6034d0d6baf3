"""Masking of personal data in a text: e-mail and IP addresses, numbers, accounts, labelled names and addresses."""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from sluice.core.config.extract import PiiConfig
from sluice.core.errors import ConfigError
from sluice.text.cleaning import contact_data
from sluice.text.cleaning.identity_numbers import find_cards, find_identities
from sluice.text.cleaning.kernels import pii_places as kernels
from sluice.text.cleaning.network_addresses import find_email, find_ipv4, find_ipv6
from sluice.text.cleaning.number_run import CONTEXT_AFTER, CONTEXT_BEFORE, DULL, FOLD, DigitRun, Finder
from sluice.text.cleaning.phone_numbers import find_mobiles, find_phones
from sluice.text.cleaning.phrase_finder import LineFinder
from sluice.text.unicode.encoded_text import AnyText, EncodedText

_NUMBERS: tuple[tuple[str, int, Finder], ...] = (
    ("identity", 7, find_identities),
    ("card", 13, find_cards),
    ("ipv4", 4, find_ipv4),
    ("mobile", 8, find_mobiles),
    ("phone", 7, find_phones),
)
"""Kind, minimum number of digits in a run, finder."""

KINDS = ("email", "ipv6", *(kind for kind, _, _ in _NUMBERS), *contact_data.KINDS)
"""In order of certainty: if two kinds match the same characters, the first one is used."""

_LABELS = ("电话", "手机", "身份证", "卡号", "IP", "QQ:", "微信号:", "收件人:", "家庭住址:")
"""Words after which more is masked. A mask must not itself be masked there either, or masking would not terminate."""


@dataclass(frozen=True, slots=True)
class Masked:
    """The masked text, and the number of masks of each kind that was found."""

    text: str
    counts: dict[str, int] = field(default_factory=dict)


def mask(text: AnyText, options: PiiConfig) -> Masked:
    """Replaces each kind of personal data that has a mask. Masking a masked text does not change it.

    Digits and letters may be full-width, and Han characters may be adjacent. Not masked: names and postal addresses
    without a label (`text.cleaning.contact_data`), obfuscated addresses (name [at] host), addresses reserved for
    examples, private IP addresses, and telephone and card numbers that are part of a URL. The result depends only on
    the text and the options. Raises ConfigError if a mask would itself be masked.

    >>> mask("邮箱zhang.san@mail.cn，电话13812345678。", Pii()).text
    '邮箱email@example.com，电话<PHONE>。'
    """
    _check(options)
    return _mask(EncodedText.of(text), options)


@cache
def _check(options: PiiConfig) -> None:
    for kind in KINDS:
        value = getattr(options, kind)
        labelled = " ".join(f"{label} {value}" for label in ("", *_LABELS))
        if value is not None and (found := {name for _, _, name in find(labelled, options)}):
            raise ConfigError(
                f"extract.pii.{kind} = {value} would itself be masked as {', '.join(sorted(found))}; choose a mask "
                "without such data, for example <PHONE> or email@example.com."
            )


def _mask(view: EncodedText, options: PiiConfig) -> Masked:
    counts: dict[str, int] = {}
    # Text next to a number may look like a number once that is masked. A mask is never masked, so this ends.
    while spans := find(view, options):
        pieces = []
        place = 0
        for start, end, kind in spans:
            pieces += [view.text[place:start], getattr(options, kind)]
            counts[kind] = counts.get(kind, 0) + 1
            place = end
        view = EncodedText("".join([*pieces, view.text[place:]]))
    return Masked(view.text, counts)


def find(text: AnyText, options: PiiConfig) -> list[tuple[int, int, str]]:
    """Returns (start, end, kind) of what the first pass of `mask` replaces, in order, in characters, no overlaps."""
    view = EncodedText.of(text)
    data = np.frombuffer(view.wtf8, np.uint8)
    rows = np.empty((len(data) + 1, 3), np.int32)  # at most one place per byte
    num_rows, has_labels = kernels.find_places(data, rows)
    contacts = _find_contacts(view, options) if has_labels else []
    if not num_rows and not contacts:
        return []
    claims: dict[str, list[tuple[int, int]]] = {kind: [] for kind in KINDS}
    for kind, found in contacts:
        claims[kind].append(found)
    for place, start, end in rows[:num_rows].tolist():
        if place == kernels.AT:
            claims["email"] += find_email(view.text, start)
        elif place == kernels.COLONS:
            claims["ipv6"] += find_ipv6(view.text, start, end)
        else:
            for kind, found in _find_numbers(view.text, start, end, options):
                claims[kind].append(found)
    starts: list[int] = []
    spans: list[tuple[int, int, str]] = []
    for kind in KINDS:
        for start, end in claims[kind] if getattr(options, kind) is not None else []:
            i = bisect.bisect(starts, start)
            if (i and spans[i - 1][1] > start) or (i < len(spans) and spans[i][0] < end):
                continue
            starts.insert(i, start)
            spans.insert(i, (start, end, kind))
    return spans


@cache
def _contact_finder() -> LineFinder:
    return LineFinder([contact_data.WANTED[kind] for kind in contact_data.KINDS])


def _find_contacts(view: EncodedText, options: PiiConfig) -> list[tuple[str, tuple[int, int]]]:
    """Returns what a label identifies, with its kind."""
    return [
        (kind, span)
        for line in _contact_finder().marked_lines(view)
        for k, kind in enumerate(contact_data.KINDS)
        if line.kinds >> k & 1 and getattr(options, kind) is not None
        for span in contact_data.find_contacts(kind, view.text, line.start, line.end)
    ]


def _find_numbers(text: str, start: int, end: int, options: PiiConfig) -> Iterator[tuple[str, tuple[int, int]]]:
    number = text[start:end]
    if DULL.fullmatch(number):
        return
    base = max(0, start - CONTEXT_BEFORE)
    run = DigitRun(text[base : end + CONTEXT_AFTER].translate(FOLD), start - base, end - base)
    num_digits = sum(map(str.isdigit, number))
    for kind, fewest, finder in _NUMBERS:
        if num_digits >= fewest and getattr(options, kind) is not None:
            for found_start, found_end in finder(run):
                yield kind, (base + found_start, base + found_end)
