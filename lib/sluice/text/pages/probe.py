"""Measurement of this machine's speed on the beginning of a plan, with the real code."""

import time
from dataclasses import dataclass
from functools import partial

import msgspec

from sluice.core.config.plan import CostConfig
from sluice.core.config.schema import Config
from sluice.core.errors import InputError
from sluice.core.records.docs import Document, Page, Rejection
from sluice.data import storage
from sluice.data.plan.inputs import InputPlan
from sluice.data.plan.table import load_wanted
from sluice.data.storage.ranges import RangeReader
from sluice.text.language.identify import model_path
from sluice.text.pages.archive import extract_archive
from sluice.text.pages.page import PageProcessor

MAX_PAGES, MAX_S = 2000, 60.0


@dataclass(frozen=True, slots=True)
class Speed:
    """Measured speeds. Reading includes waiting for the network."""

    pages: int
    bytes: int
    read_s: float
    page_s: float

    def apply(self, cost: CostConfig) -> CostConfig:
        """Returns the cost model with these speeds; waiting is included in the read speed."""
        return msgspec.structs.replace(cost, read_mb_per_s=self.mb_per_s, page_s=1 / self.pages_per_s, request_s=0.0)

    @property
    def mb_per_s(self) -> float:
        """Megabytes (10^6 bytes) of the archive per second of reading."""
        return self.bytes / 1e6 / max(self.read_s, 1e-9)

    @property
    def pages_per_s(self) -> float:
        """Pages per second of page processing."""
        return self.pages / max(self.page_s, 1e-9)

    def __str__(self) -> str:
        return f"{self.pages:,} pages: {self.mb_per_s:,.1f} MB/s read, {self.pages_per_s:,.1f} pages/s"


class _TimedProcessor(PageProcessor):
    """A processor that measures its total time."""

    spent_s = 0.0

    def process(self, page: Page) -> Document | Rejection:
        started = time.perf_counter()
        try:
            return super().process(page)
        finally:
            self.spent_s += time.perf_counter() - started


class _CountedRanges:
    """A range reader that counts the bytes it returns."""

    def __init__(self, reader: RangeReader, total: list[int]) -> None:
        self._reader, self._total, self.size = reader, total, reader.size

    def read(self, start: int, stop: int) -> bytes:
        data = self._reader.read(start, stop)
        self._total[0] += len(data)
        return data

    def close(self) -> None:
        self._reader.close()


def measure(config: Config, plan: InputPlan) -> Speed:
    """Reads the first archive of a plan like extraction, up to 2,000 pages or one minute, and discards the results.

    Raises InputError if no HTML page was read.
    """
    transport = config.extract.transport
    processor = _TimedProcessor(config.extract, config.dedup.minhash, model_path(config.extract.lid_model))
    processor.warm_up()
    entry = plan.entries[0]
    wanted = load_wanted(plan.table, entry) if plan.table else None
    delivered = [0]
    rows = extract_archive(
        entry,
        processor,
        partial(storage.open_stream, transport=transport),
        wanted=wanted,
        open_ranges=lambda path: _CountedRanges(storage.open_ranges(path, transport), delivered),
    )
    started = time.perf_counter()
    pages = end = 0
    for row in rows:
        if isinstance(row, Document | Rejection):
            pages += 1
            end = row.rec_offset + (row.rec_length or 0)
        if pages == MAX_PAGES or time.perf_counter() - started > MAX_S:
            break
    spent_s = time.perf_counter() - started
    rows.close()
    if not pages:
        raise InputError(f"{entry.path} has no HTML page to measure. Check plan.inputs and the selection.")
    num_bytes = delivered[0] if entry.mode == "index" else end
    return Speed(pages, num_bytes, max(0.0, spent_s - processor.spent_s), processor.spent_s)
