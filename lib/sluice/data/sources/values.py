"""Values of a row as programs write them: ids, texts, numbers and times. An invalid number or time is null."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sluice.core.config.dedup import SourceConfig
from sluice.core.records.docs import SourceRow


def row_of(values: Mapping[str, Any], source: SourceConfig) -> SourceRow:
    """Returns the row with the configured fields of `values`. An error is stored in `problem`, never raised.

    The fields of id and text must exist. A text that is null is no error.
    """
    name, text = values[source.id], values[source.text]
    if isinstance(name, float) and name.is_integer():  # of a data frame in which some ids are missing
        name = int(name)
    if isinstance(name, bool) or not isinstance(name, str | int):
        return SourceRow(problem=f"{source.id!r} is not a string or integer")
    if text is not None and not isinstance(text, str):
        return SourceRow(problem=f"{source.text!r} is not a string")
    url = values.get(source.url) if source.url else None
    return SourceRow(
        name=str(name),
        text=text,
        quality=number_of(values.get(source.quality)) if source.quality else None,
        fetched_at=time_of(values.get(source.fetched_at)) if source.fetched_at else None,
        url=url if isinstance(url, str) else None,
    )


def number_of(value: Any) -> float | None:
    """Returns a number, also one that is written as a string. None for NaN and anything else."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if math.isnan(number) else number


def time_of(value: Any) -> datetime | None:
    """Parses ISO 8601, as UTC if it has no zone. None for anything else."""
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
