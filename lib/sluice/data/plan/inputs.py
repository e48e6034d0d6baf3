"""Conversion of inputs to a sorted, numbered, batched list of archives."""

import contextlib
import gzip
import logging
import os
import re
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sluice.core.config.plan import PlanConfig, TransportConfig
from sluice.core.errors import InputError
from sluice.core.ids import WARC_BITS
from sluice.core.records.docs import PlanEntry
from sluice.data import storage

ARCHIVE_NAME = re.compile(r"\.w?arc($|\.)", re.IGNORECASE)  # .warc .arc, with any further suffix: .gz .zst .wet.gz .lz4
LIST_NAME = re.compile(r"\.paths(\.gz)?$", re.IGNORECASE)  # Common Crawl's warc.paths.gz


MAX_ASKED = 1000
"""With `plan.sizes: auto`, sizes are not requested for longer lists of remote archives. At 4 requests per second, the
90,000 archives of a Common Crawl would take six hours."""
ASKING_THREADS = 16
PROGRESS_S = 10.0

log = logging.getLogger("sluice.plan")


@dataclass(frozen=True, slots=True)
class Listing:
    """Paths of all archives, sorted, and the ignored files and list lines, so that nothing is skipped silently."""

    paths: tuple[str, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InputPlan:
    """Archives to read, and ignored inputs.

    With a selection, `table` is the path of the plan table with the wanted records, and `places` a digest of them.
    """

    entries: tuple[PlanEntry, ...]
    ignored: tuple[str, ...]
    table: str | None = None
    places: str | None = None


def make_plan(plan: PlanConfig, transport: TransportConfig | None = None) -> InputPlan:
    """Plans to read every archive under `plan.inputs` completely, in order. Raises as `list_archives` does."""
    listing = list_archives(plan, transport)
    lengths = sizes(listing.paths, plan, transport)
    entries = (
        plan_entry(index, path, lengths[index], index // plan.batch_warcs, plan)
        for index, path in enumerate(listing.paths)
    )
    return InputPlan(tuple(entries), listing.ignored)


def list_archives(plan: PlanConfig, transport: TransportConfig | None = None) -> Listing:
    """Returns all archives under `plan.inputs`, sorted by path, without duplicates. Ids depend on this order.

    A file given by name is used whatever its name, except lists (`*.paths`, `*.paths.gz`), whose lines are used. From
    directories and globs, only archives are used. Raises InputError if an input is missing or contains no archive.
    """
    if not plan.inputs:
        raise InputError(
            "No input: plan.inputs is empty. Set it to archive files, directories or globs, for example "
            "--set 'plan.inputs=[/data/crawl]'."
        )
    taken: dict[str, str] = {}  # by absolute path, so that two spellings of a path are one file
    ignored: set[str] = set()
    for given in plan.inputs:
        if LIST_NAME.search(given) and not storage.GLOB_CHARACTERS & set(given):
            lines, passed = read_list(given, plan.base_url, transport)
            ignored.update(passed)
            for path in lines:
                taken.setdefault(path if storage.is_uri(path) else os.path.abspath(path), path)
            continue
        files = storage.list_data(given)
        archives = files if files == [given] else [path for path in files if ARCHIVE_NAME.search(_basename(path))]
        if not archives:
            raise InputError(
                f"{given} contains {len(files)} files but no archive (*.warc, *.warc.gz, *.arc, *.arc.gz). "
                "Check plan.inputs."
            )
        for path in archives:
            taken.setdefault(path if storage.is_uri(path) else os.path.abspath(path), path)
        ignored |= set(files) - set(archives)
    paths = sorted(taken.values())
    if len(paths) > 1 << WARC_BITS:
        raise InputError(f"{len(paths):,} archives are more than the {1 << WARC_BITS:,} that one crawl can have.")
    return Listing(tuple(paths), tuple(sorted(ignored - set(paths))))


def sizes(
    paths: Sequence[str], plan: PlanConfig, transport: TransportConfig | None = None, num_listed: int | None = None
) -> list[int | None]:
    """Returns the size of each file in bytes; None if it is determined later. Requests remote sizes in parallel.

    All threads share the request limiter. `num_listed` is the length of the full list if `paths` is a part of it.
    """
    is_asked = plan.sizes == "ask" or (plan.sizes == "auto" and (num_listed or len(paths)) <= MAX_ASKED)
    found: list[int | None] = []
    said = time.monotonic()
    with contextlib.ExitStack() as stack:
        pool = ThreadPoolExecutor(ASKING_THREADS, "length")
        stack.callback(pool.shutdown, cancel_futures=True)  # after an error, do not wait for the rest of the list
        asked = [
            pool.submit(storage.size, path, transport) if is_asked or not storage.is_remote(path) else None
            for path in paths
        ]
        for future in asked:
            found.append(future.result() if future else None)
            if time.monotonic() - said > PROGRESS_S:
                said = time.monotonic()
                log.info("plan: %s of %s sizes are known", f"{len(found):,}", f"{len(paths):,}")
    return found


def read_list(path: str, base_url: str | None, transport: TransportConfig | None = None) -> tuple[list[str], list[str]]:
    """Returns the paths in a list, one per line, and the blank and repeated lines as `list:number: reason`.

    Relative lines are appended to `base_url` or, if None, to the directory of the list. Raises InputError for a damaged
    or empty list.
    """
    with storage.open_stream(path, transport or TransportConfig()) as stream:
        data = stream.read()
    try:
        text = (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as e:
        raise InputError(
            f"{path} is not a list of paths: {e}. Expected one path per line in UTF-8, optionally gzipped."
        ) from e
    base = base_url or path.rpartition("/")[0] or "."
    found: dict[str, None] = {}
    passed: list[str] = []
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        name = line.strip()
        full = name if storage.is_uri(name) or name.startswith("/") else storage.join(base, name)
        if not name or full in found:
            passed.append(f"{path}:{number}: {'repeated' if name else 'blank'} line")
        else:
            found[full] = None
    if not found:
        raise InputError(f"{path} contains no path: all lines are blank. Check plan.inputs.")
    return list(found), passed


def plan_entry(index: int, path: str, size: int | None, batch: int, plan: PlanConfig) -> PlanEntry:
    """Returns the entry of one archive with number `index` in the full list."""
    return PlanEntry(crawl=plan.crawl, warc_index=index, warc_name=warc_name(path), path=path, size=size, batch=batch)


def warc_name(path: str) -> str:
    """Returns the path without scheme and host or bucket."""
    if storage.is_uri(path):
        return path.partition("://")[2].partition("/")[2].partition("?")[0]
    return os.path.abspath(path).lstrip("/")


def _basename(path: str) -> str:
    return path.rpartition("/")[2]
