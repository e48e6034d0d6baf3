"""Print the pages of web archives as JSON lines: text, language, signals, verdict.

Prints one object per HTML page, file sent as HTML, or WET text, kept or rejected: url, warc_path, warc_offset, charset,
language, language_score, text, reason (null for a kept page, else the first check or rule that it failed), signals.
Counts are printed to standard error.

Exit codes: 0 done, 2 wrong command line, 3 missing input, or more unreadable than extract.max_unreadable_share allows.

example: sluice pages crawl.warc.gz | jq 'select(.reason == null) | .text'
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sluice.core.config.load import load_config
from sluice.core.config.schema import Config
from sluice.core.errors import InputError
from sluice.core.progress import Bar, progress_bar
from sluice.core.records.docs import Document, PlanEntry, Quarantine, Rejection, WarcStats
from sluice.data import storage
from sluice.data.plan import inputs as plan
from sluice.text import jit
from sluice.text.language.identify import model_path
from sluice.text.pages.archive import OpenRead, WarcAccount, extract_archive
from sluice.text.pages.guard import GuardedProcessor
from sluice.text.pages.page import PageProcessor, to_json
from sluice.text.rules.rule import Rule, first_failure, load_rules


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `sluice pages`."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="WARC, WET or ARC files, directories or globs")
    parser.add_argument("--conf", action="append", default=[], metavar="FILE", help="YAML settings; repeatable")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="one setting; repeatable")


def run(options: argparse.Namespace) -> int:
    """Prints the pages. Raises InputError if more was lost than `extract.max_unreadable_share` allows."""
    inputs = json.dumps(options.files, ensure_ascii=False)
    config = load_config(options.conf, [*options.set, f"plan.inputs={inputs}"])
    account = WarcAccount()
    if jit.is_cold():
        print("compiling kernels, once per machine: about half a minute", file=sys.stderr)
    with progress_bar("pages", unit="bytes", show=not sys.stdout.isatty()) as bar:
        for line in iter_lines(config, bar):
            if isinstance(line, WarcAccount):
                account += line
            else:
                print(json.dumps(line, ensure_ascii=False))
    texts = f"{account.texts} WET texts, " if account.texts else ""
    cut = f" ({account.unterminated} without their last bytes)" if account.unterminated else ""
    drops = ", ".join(f"{reason} {count}" for reason, count in sorted(account.dropped.items()))
    print(
        f"{account.records} records, {account.html} HTML pages{cut}, {texts}{account.documents} documents; "
        f"dropped: {drops or '-'}; quarantined {account.quarantined_bytes} of {account.bytes} bytes",
        file=sys.stderr,
    )
    if not account.records:
        raise InputError(
            f"No record could be read from {', '.join(options.files)} ({account.bytes} bytes). "
            "Expected WARC or ARC files with at least one record. Check the path and the download."
        )
    if account.quarantined_bytes > config.extract.max_unreadable_share * account.bytes:
        causes = ", ".join(f"{reason} {count}" for reason, count in sorted(account.quarantined.items()))
        raise InputError(
            f"{account.quarantined_bytes} of {account.bytes} bytes could not be read ({causes}), more than "
            f"extract.max_unreadable_share = {config.extract.max_unreadable_share} allows. Download the files again or "
            "increase it."
        )
    return 0


def iter_lines(config: Config, bar: Bar | None = None) -> Iterator[dict[str, Any] | WarcAccount]:
    """Yields a dictionary per page, and the counts of each archive after its pages; `bar` shows the bytes read."""
    inner = PageProcessor(config.extract, config.dedup.minhash, model_path(config.extract.lid_model))
    rules = load_rules(config.rules.presets)
    open_read = partial(storage.open_stream, transport=config.extract.transport)
    entries = plan.make_plan(config.plan, config.extract.transport).entries
    # always in a child process: costs 0.5 s at start and 3 % per page, and a page that crashes it becomes an ordinary
    # line
    with GuardedProcessor(inner) as processor:
        sizes = [entry.size for entry in entries]
        total, done = (None if None in sizes else sum(filter(None, sizes))), 0
        for entry in entries:
            for line in _lines_of(entry, processor, rules, open_read):
                if bar is not None and not isinstance(line, WarcAccount):
                    bar.update(done + line["warc_offset"], total)
                yield line
            done += entry.size or 0


def _lines_of(
    entry: PlanEntry, processor: PageProcessor, rules: Sequence[Rule], open_read: OpenRead
) -> Iterator[dict[str, Any] | WarcAccount]:
    for record in extract_archive(entry, processor, open_read):
        match record:
            case WarcStats():
                yield WarcAccount.from_json(record.stats)
            case Quarantine():
                place = f"{entry.path} at {record.rec_offset}, {record.rec_length} bytes"
                print(f"quarantined: {place}: {record.reason} {record.detail or ''}", file=sys.stderr)
            case Document() | Rejection():
                line = {"url": record.url, "warc_path": entry.path, "warc_offset": record.rec_offset}
                line |= {"reason": None, "text": None, "signals": None} | to_json(record)
                if isinstance(record, Document) and (verdict := first_failure(record.signals, record.language, rules)):
                    line |= {"reason": verdict.reason, "detail": f"{verdict.value:g} against {verdict.threshold:g}"}
                yield {name: value for name, value in line.items() if name not in ("crawl", "warc_name", "rec_offset")}
