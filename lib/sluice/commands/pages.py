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
from collections.abc import Iterator
from typing import Any

from sluice.commands.configuration import read_file
from sluice.core.cli import add_settings
from sluice.core.config.load import load_config
from sluice.core.config.schema import Config
from sluice.core.progress import Bar, progress_bar
from sluice.text import jit
from sluice.text.pages.archive import WarcAccount
from sluice.text.pages.judged import JudgedPage, Unread, check_account, iter_judged
from sluice.text.pages.page import to_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `sluice pages`."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="WARC, WET or ARC files, directories or globs")
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the pages. Raises InputError if more was lost than `extract.max_unreadable_share` allows."""
    inputs = json.dumps(options.files, ensure_ascii=False)
    config = load_config(options.conf, [*options.set, f"plan.inputs={inputs}"], read_file)
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
    check_account(account, config)
    return 0


def iter_lines(config: Config, bar: Bar | None = None) -> Iterator[dict[str, Any] | WarcAccount]:
    """Yields a dictionary per page, and the counts of each archive after its pages; `bar` shows the bytes read."""
    for found in iter_judged(config, bar):
        match found:
            case WarcAccount():
                yield found
            case Unread(path, record):
                place = f"{path} at {record.rec_offset}, {record.rec_length} bytes"
                print(f"quarantined: {place}: {record.reason} {record.detail or ''}", file=sys.stderr)
            case JudgedPage():
                yield _line(found)


def _line(page: JudgedPage) -> dict[str, Any]:
    line = {"url": page.record.url, "warc_path": page.path, "warc_offset": page.record.rec_offset}
    line |= {"reason": None, "text": None, "signals": None} | to_json(page.record)
    if verdict := page.verdict:
        line |= {"reason": verdict.reason, "detail": f"{verdict.value:g} against {verdict.threshold:g}"}
    return {name: value for name, value in line.items() if name not in ("crawl", "warc_name", "rec_offset")}
