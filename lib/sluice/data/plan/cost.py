"""Estimates of requests, bytes, core time and cost before anything is read, for both read modes.

Estimates use the linear model in `core.config.plan.CostConfig`; `sluice run plan --probe` measures its rates.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sluice.core.config.plan import CostConfig, PlanConfig, TransportConfig
from sluice.data.archives.wanted import WantedRecords, coalesce

Mode = Literal["scan", "index"]


@dataclass(frozen=True, slots=True)
class Work:
    """Amounts of work; can be added."""

    archives: int = 0
    pages: float = 0.0
    requests: int = 0
    bytes: int = 0

    def __add__(self, other: "Work") -> "Work":
        return Work(
            self.archives + other.archives,
            self.pages + other.pages,
            self.requests + other.requests,
            self.bytes + other.bytes,
        )


def scan_work(size: int | None, num_wanted: int | None, cost: CostConfig, transport: TransportConfig) -> Work:
    """Work of reading one whole archive in ranges of `chunk_bytes`, after one request for its length."""
    num_bytes = cost.archive_bytes if size is None else size
    pages = cost.pages_per_gb * num_bytes / 1e9 if num_wanted is None else num_wanted
    return Work(1, pages, 1 + math.ceil(num_bytes / transport.chunk_bytes), num_bytes)


def index_work(wanted: WantedRecords, transport: TransportConfig) -> Work:
    """Work of reading only the wanted records of one archive and small gaps, after one request for its length."""
    spans = coalesce(wanted, transport.merge_gap_bytes, transport.chunk_bytes)
    return Work(1, len(wanted), 1 + len(spans), sum(span.stop - span.start for span in spans))


def core_seconds(work: Work, cost: CostConfig) -> float:
    """Seconds of one core, including waiting for responses."""
    return work.bytes / 1e6 / cost.read_mb_per_s + work.pages * cost.page_s + work.requests * cost.request_s


def dollars(work: Work, cost: CostConfig) -> float:
    """Price of cores, requests and data transfer."""
    return (
        core_seconds(work, cost) / 3600 * cost.core_hour
        + work.requests / 1000 * cost.per_1000_requests
        + work.bytes / 1e9 * cost.per_gb
    )


def choose_mode(scan: Work, index: Work, plan: PlanConfig) -> Mode:
    """Returns the configured mode or, for `auto`, the cheaper one for an archive; `scan` if both cost the same."""
    if plan.mode != "auto":
        return plan.mode
    return "index" if dollars(index, plan.cost) < dollars(scan, plan.cost) else "scan"


def table(works: Mapping[str, Work], cost: CostConfig, requests_per_s: float | None) -> str:
    """Formats an estimate as a text table: a column per read mode, a line per amount."""
    rate = f"hours at {requests_per_s:g} requests/s" if requests_per_s else "hours without a request limit"
    rows: list[Sequence[str]] = [("", *works)]
    for name, line in {
        "archives": [f"{w.archives:,}" for w in works.values()],
        "records wanted": [f"{w.pages:,.0f}" for w in works.values()],
        "requests": [f"{w.requests:,}" for w in works.values()],
        "bytes": [_bytes(w.bytes) for w in works.values()],
        rate: [_amount(w.requests / requests_per_s / 3600) if requests_per_s else "-" for w in works.values()],
        "core-hours": [_amount(core_seconds(w, cost) / 3600) for w in works.values()],
        "dollars": [_amount(dollars(w, cost)) for w in works.values()],
    }.items():
        rows.append((name, *line))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    )


def _amount(value: float) -> str:
    return f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.2g}"


def _bytes(number: int) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number} B"
