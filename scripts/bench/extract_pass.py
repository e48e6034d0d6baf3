"""Compares the whole extract pass with datatrove's, on the same archives, alternating, on one core each.

    pip install '.[extract,bench]'
    python -m scripts.bench.extract_pass ARCHIVE.warc.gz… [--rounds N]

sluice: archive, charset, language before extraction, main text, cuts and masks, language, all signals, text hash,
MinHash signature; every page in a wanted language passes every step. datatrove: WarcReader, Trafilatura, Gopher
repetition, Gopher quality, C4 without the rule on line ends, FineWeb, MinHash signature to a file, as in its
`examples/fineweb.py`; a dropped page skips the later filters, and no language is identified (the model would have to
be downloaded). datatrove runs its extractor in a child process; both process one page at a time. Medians of the rounds.
"""

import argparse
import platform
import statistics
import sys
import tempfile
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

from datatrove.pipeline.dedup import MinhashDedupSignature
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.readers import WarcReader
from loguru import logger
from warcio.archiveiterator import ArchiveIterator
from warcio.warcwriter import WARCWriter

from scripts.bench.signals import cpu
from sluice.core.config.dedup import MinHashConfig
from sluice.core.config.extract import ExtractConfig
from sluice.core.config.plan import PlanConfig
from sluice.core.records.docs import WarcStats
from sluice.data import storage
from sluice.data.plan import inputs
from sluice.data.plan.inputs import InputPlan
from sluice.text.language.identify import model_path
from sluice.text.pages.archive import WarcAccount, extract_archive
from sluice.text.pages.page import PageProcessor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archives", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    print(f"{cpu()}, Python {platform.python_version()}, datatrove {version('datatrove')}, ", end="")
    print(f"trafilatura {version('trafilatura')}, {options.rounds} rounds")
    processor = PageProcessor(ExtractConfig(), MinHashConfig(), model_path(None))
    processor.warm_up()
    for given in options.archives:
        with tempfile.TemporaryDirectory() as directory:
            archive = Path(directory) / "pages.warc.gz"
            pages = write_as_common_crawl(given, archive)
            print(f"{given.parent.name}/{given.name}: {pages} HTML pages, {archive.stat().st_size:,} bytes")
            compare(archive, pages, processor, options.rounds)


def write_as_common_crawl(given: Path, archive: Path) -> int:
    """Writes the HTML responses of an archive with the type that Common Crawl identifies; returns their number.

    Without that type datatrove guesses, and drops two of three pages.
    """
    pages = 0
    with given.open("rb") as source, archive.open("wb") as target:
        writer = WARCWriter(target, gzip=True)
        for record in ArchiveIterator(source):
            headers = record.http_headers
            if record.rec_type != "response" or headers is None or "html" not in headers.get_header("Content-Type", ""):
                continue
            record.rec_headers.replace_header("WARC-Identified-Payload-Type", "text/html")
            writer.write_record(record)
            pages += 1
    return pages


def compare(archive: Path, pages: int, processor: PageProcessor, rounds: int) -> None:
    """Prints pages per second of both tools."""
    entries = inputs.make_plan(PlanConfig(inputs=(str(archive),)))
    seconds: dict[str, list[float]] = {"sluice": [], "datatrove": []}
    for _ in range(rounds):
        start = time.perf_counter()
        account = run_sluice(entries, processor)
        seconds["sluice"].append(time.perf_counter() - start)
        start = time.perf_counter()
        kept = run_datatrove(archive)
        seconds["datatrove"].append(time.perf_counter() - start)
    ours, theirs = (statistics.median(times) for times in seconds.values())
    print(f"    sluice     {pages / ours:8.1f} pages/s, {account.documents} documents, before any rule")
    print(f"    datatrove  {pages / theirs:8.1f} pages/s, {kept} documents after its filters")
    print(f"    {theirs / ours:.1f} times as fast")


def run_sluice(entries: InputPlan, processor: PageProcessor) -> WarcAccount:
    open_read = partial(storage.open_stream, transport=ExtractConfig().transport)
    total = WarcAccount()
    for entry in entries.entries:
        for record in extract_archive(entry, processor, open_read):
            if isinstance(record, WarcStats):
                total += WarcAccount.from_json(record.stats)
    return total


def run_datatrove(archive: Path) -> int:
    """Returns the number of documents that have a signature."""
    with tempfile.TemporaryDirectory() as directory:
        data = WarcReader(str(archive.parent), glob_pattern=archive.name).run(None, 0, 1)
        steps = [
            Trafilatura(favour_precision=True),
            GopherRepetitionFilter(),
            GopherQualityFilter(),
            C4QualityFilter(filter_no_terminal_punct=False),
            FineWebQualityFilter(),
        ]
        for step in steps:
            data = step.run(data, 0, 1)
        count = 0

        def counted():  # type: ignore[no-untyped-def]
            nonlocal count
            for document in data:
                count += 1
                yield document

        MinhashDedupSignature(directory).run(counted(), 0, 1)
        return count


if __name__ == "__main__":
    main()
