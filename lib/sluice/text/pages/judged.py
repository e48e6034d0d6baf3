"""Reads the pages of archives with a configuration and judges each by its rules, in this process."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from sluice.core.config.schema import Config
from sluice.core.errors import InputError
from sluice.core.progress import Bar
from sluice.core.records.docs import Document, PlanEntry, Quarantine, Rejection, WarcStats
from sluice.data import storage
from sluice.data.plan import inputs as plan
from sluice.text.language.identify import model_path
from sluice.text.pages.archive import OpenRead, WarcAccount, extract_archive
from sluice.text.pages.guard import GuardedProcessor
from sluice.text.pages.page import PageProcessor
from sluice.text.rules.rule import Rule, Verdict, first_failure, load_rules


@dataclass(frozen=True, slots=True)
class JudgedPage:
    """A page of the archive `path`. `verdict`: the first rule that its document breaks."""

    path: str
    record: Document | Rejection
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of the archive `path` that cannot be read."""

    path: str
    record: Quarantine


def iter_judged(config: Config, bar: Bar | None = None) -> Generator[JudgedPage | Unread | WarcAccount, None, None]:
    """Yields every page and unreadable part, in order, and the counts of each archive after it.

    `bar` shows the bytes read. Raises as `extract_archive` and `PageProcessor` do.
    """
    inner = PageProcessor(config.extract, config.dedup.minhash, model_path(config.extract.lid_model))
    rules = load_rules(config.rules.presets)
    open_read = partial(storage.open_stream, transport=config.extract.transport)
    entries = plan.make_plan(config.plan, config.extract.transport).entries
    # always in a child process: costs 0.5 s at start and 3 % per page, and a page that crashes it becomes an ordinary
    # result
    with GuardedProcessor(inner) as processor:
        sizes = [entry.size for entry in entries]
        total, done = (None if None in sizes else sum(filter(None, sizes))), 0
        for entry in entries:
            for found in _judged(entry, processor, rules, open_read):
                if bar is not None and not isinstance(found, WarcAccount):
                    bar.update(done + found.record.rec_offset, total)
                yield found
            done += entry.size or 0


def _judged(
    entry: PlanEntry, processor: PageProcessor, rules: Sequence[Rule], open_read: OpenRead
) -> Iterator[JudgedPage | Unread | WarcAccount]:
    for record in extract_archive(entry, processor, open_read):
        match record:
            case WarcStats():
                yield WarcAccount.from_json(record.stats)
            case Quarantine():
                yield Unread(entry.path, record)
            case Document():
                yield JudgedPage(entry.path, record, first_failure(record.signals, record.language, rules))
            case Rejection():
                yield JudgedPage(entry.path, record)


def check_account(account: WarcAccount, config: Config) -> None:
    """Raises InputError if nothing was read, or less than `extract.max_unreadable_share` allows."""
    if not account.records:
        raise InputError(
            f"No record could be read from {', '.join(config.plan.inputs)} ({account.bytes} bytes). "
            "Expected WARC or ARC files with at least one record. Check the path and the download."
        )
    if account.quarantined_bytes > config.extract.max_unreadable_share * account.bytes:
        causes = ", ".join(f"{reason} {count}" for reason, count in sorted(account.quarantined.items()))
        raise InputError(
            f"{account.quarantined_bytes} of {account.bytes} bytes could not be read ({causes}), more than "
            f"extract.max_unreadable_share = {config.extract.max_unreadable_share} allows. Download the files again or "
            "increase it."
        )
