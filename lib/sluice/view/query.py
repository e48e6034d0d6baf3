"""The filters of the page: parsed from a query string, and turned into SQL with parameters."""

import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sluice.core.errors import InputError
from sluice.view.documents import MEASURES
from sluice.view.verdicts import OUTCOMES

MARKS = ("good", "bad", "none")
ORDERS = ("sample", "low", "high")
GRAM = 3
"""Characters of a trigram."""
WIDE = re.compile("[\u2e80-\uffff]")
"""Chinese, Japanese and Korean characters: most other texts have none, and need not be searched for one."""
SPECIAL = re.compile(r"[\\%_]")
"""Characters with a meaning in LIKE."""
MAX_SPELLINGS = 16
LAST = "\U0010ffff"
"""Sorts after every character."""


class Range(NamedTuple):
    """Documents whose `measure` is between two bounds, both included; None is no bound."""

    measure: str
    low: float | None
    high: float | None


class Filter(NamedTuple):
    """Conditions for documents. An empty string is no condition."""

    text: str = ""
    """A substring of the text. Letters of both cases are equal."""
    outcome: str = ""
    stage: str = ""
    reason: str = ""
    language: str = ""
    host: str = ""
    """A host; hosts below it belong to it: `example.org` includes `www.example.org`."""
    mark: str = ""
    """`good`, `bad`, or `none` for documents without a mark."""
    ranges: tuple[Range, ...] = ()
    order: str = "sample"
    """`sample` is the order of the hashes; `low` and `high` begin with the smallest or largest value of the first
    range."""


def parse_filter(fields: Mapping[str, Sequence[str]]) -> Filter:
    """Reads a filter from the fields of a query string; `range` is `MEASURE,LOW,HIGH`, any number of times.

    Raises InputError for a value that is not one of its field's.
    """
    values = {name: fields[name][-1] for name in Filter._fields if name != "ranges" and fields.get(name)}
    for name, allowed in {"outcome": OUTCOMES, "mark": MARKS, "order": ORDERS}.items():
        if (value := values.get(name)) and value not in allowed:
            raise InputError(f"{name}={value!r} is not known. Use one of {', '.join(allowed)}.")
    ranges = tuple(_range(text) for text in fields.get("range", ()))
    return Filter(**values, ranges=ranges)


def _range(text: str) -> Range:
    measure, *bounds = text.split(",")
    if measure not in MEASURES or len(bounds) != 2:
        raise InputError(f"range={text!r} is not known. Use MEASURE,LOW,HIGH with a number of the list of signals.")
    try:
        low, high = (float(bound) if bound else None for bound in bounds)
    except ValueError:
        raise InputError(f"range={text!r} has a bound that is not a number. Use for example 0.1 or nothing.") from None
    if any(bound is not None and math.isnan(bound) for bound in (low, high)):
        raise InputError(f"range={text!r} has a bound that is not a number. Use for example 0.1 or nothing.")
    return Range(measure, low, high)


def to_sql(wanted: Filter, marks: Mapping[str, str], *, is_frequent: bool = False) -> tuple[str, list[object]]:
    """Returns a query for the positions of all documents that a filter selects, in order, and its parameters.

    `marks` are the labels by document id. A text is found by its trigrams; a text shorter than one, as its beginning.
    That is slow for a frequent text, which `is_frequent` finds with LIKE instead: most documents have it near their
    beginning. Values are always parameters; names in the query come from MEASURES.
    """
    conditions, parameters = ["is_sampled"], list[object]()

    def require(condition: str, *values: object) -> None:
        conditions.append(condition)
        parameters.extend(values)

    for name in ("outcome", "stage", "reason", "language"):
        if value := getattr(wanted, name):
            require(f"{name} = ?", value)
    if wanted.host:
        host = wanted.host.strip().lower()
        require("(host = ? OR substr(host, -length(?)) = ?)", host, f".{host}", f".{host}")
    if wanted.mark == "none":
        require("doc_id NOT IN (SELECT value FROM json_each(?))", json.dumps(sorted(marks)))
    elif wanted.mark:
        ids = sorted(doc_id for doc_id, label in marks.items() if label == wanted.mark)
        require("doc_id IN (SELECT value FROM json_each(?))", json.dumps(ids))
    like = _like(wanted.text) if is_frequent and wanted.text else None
    if wanted.text:
        require(*(like or _by_trigrams(wanted.text)))
    for measure, low, high in wanted.ranges:
        require(f'm."{measure}" IS NOT NULL')
        if low is not None:
            require(f'm."{measure}" >= ?', low)
        if high is not None:
            require(f'm."{measure}" <= ?', high)
    order = "position"
    if wanted.ranges and wanted.order != "sample":
        order = f'm."{wanted.ranges[0].measure}" {"ASC" if wanted.order == "low" else "DESC"}, position'
    join = " JOIN measures m USING (position)" if wanted.ranges else ""
    join += " JOIN texts t USING (position)" if like else ""
    query = f"SELECT position FROM documents{join} WHERE {' AND '.join(conditions)} ORDER BY {order}"
    return query, parameters


def _like(text: str) -> tuple[str, *tuple[object, ...]] | None:
    """Returns the condition for a frequent substring, and its parameters; None if it has too many spellings.

    LIKE ignores the case of A to Z only, so each spelling of other letters is a pattern of its own.
    """
    choices = [sorted({char, fold(char), _raise(char)}) if not char.isascii() else [char] for char in text]
    if math.prod(map(len, choices)) > MAX_SPELLINGS:
        return None
    patterns = [SPECIAL.sub(r"\\\g<0>", "".join(chars)) for chars in itertools.product(*choices)]
    either = " OR ".join(["t.text LIKE ? ESCAPE '\\'"] * len(patterns))
    return f"{'is_wide AND ' if WIDE.search(text) else ''}({either})", *(f"%{pattern}%" for pattern in patterns)


def _by_trigrams(text: str) -> tuple[str, *tuple[object, ...]]:
    """Returns the condition for a substring that is not frequent, and its parameters."""
    if len(text) >= GRAM:
        phrase = '"' + text.replace('"', '""').replace("\0", "") + '"'
        return "position IN (SELECT rowid FROM found WHERE found MATCH ?)", phrase
    return "position IN (SELECT doc FROM grams WHERE term >= ? AND term < ?)", *term_range(text)


def term_range(text: str) -> tuple[str, str]:
    """Returns the first trigram that begins with a short text, and the first after all of them."""
    low = fold(text)
    return low, low + LAST


def fold(text: str) -> str:
    """Returns a text in lower case, character by character, as FTS5 folds it."""
    return "".join(lower if len(lower := char.lower()) == 1 else char for char in text)


def _raise(char: str) -> str:
    """Returns the capital of a letter; the letter itself if that is more than one, as of ß."""
    return upper if len(upper := char.upper()) == 1 else char
