"""Reading of report values from the files of a run, and arithmetic with unknown values."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from sluice.core.errors import FormatError
from sluice.data import storage

CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")

Values = dict[str, Any]


def ledger_of(summary: Values, unit: str) -> Values:
    return next((item for item in summary.get("ledgers", []) if item.get("unit") == unit), {})


def dropped_of(summary: Values, unit: str) -> dict[str, int]:
    return descending(ledger_of(summary, unit).get("dropped") or {})


def descending(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def pick(values: Values, *names: str) -> Values:
    return {name: values.get(name) for name in names}


def number(value: Any) -> Any:
    """Returns the value if it is a finite number, else None."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def minus(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a - b


def ratio(a: float | None, b: float | None) -> float | None:
    return None if a is None or not b else a / b


def without_credentials(path: str) -> str:
    """Removes `user:secret@` from a path or URI, because reports are shared."""
    return CREDENTIALS.sub("", path)


def all_without_credentials(value: Any) -> Any:
    """Applies `without_credentials` to all strings in a plain value."""
    match value:
        case str():
            return without_credentials(value)
        case list():
            return [all_without_credentials(item) for item in value]
        case dict():
            return {key: all_without_credentials(item) for key, item in value.items()}
    return value


def read_json(path: str) -> Values:
    """Reads a JSON object; empty if the file does not exist. NaN and infinity become None."""
    if not storage.exists(path):
        return {}
    try:
        value = _parse(storage.read_bytes(path).decode())
    except ValueError as e:
        raise FormatError(f"{path} is not JSON: {e}. Run the job that writes it again with --force.") from e
    if not isinstance(value, dict):
        raise FormatError(f"{path} contains a {type(value).__name__}; expected a JSON object.")
    return value


def read_lines(path: str) -> list[Values]:
    """Reads JSON objects, one per line. Skips lines that a killed process left incomplete."""
    if not storage.exists(path):
        return []
    lines = []
    for line in storage.read_bytes(path).decode("utf-8", "replace").splitlines():
        try:
            value = _parse(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            lines.append(value)
    return lines


def _parse(text: str) -> Any:
    return json.loads(text, parse_constant=lambda _: None, parse_float=lambda digits: number(float(digits)))
