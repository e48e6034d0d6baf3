"""Which archives there are: inputs to a sorted, numbered, batched list."""

import gzip
import os
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from sluice.core.config import Plan, Transport
from sluice.core.errors import InputError
from sluice.core.ids import WARC_BITS
from sluice.core.records import PlanEntry
from sluice.data import storage

ARCHIVE_NAME = re.compile(r"\.w?arc($|\.)", re.IGNORECASE)  # .warc .arc, with any ending behind: .gz .zst .wet.gz .lz4
LIST_NAME = re.compile(r"\.paths(\.gz)?$", re.IGNORECASE)  # Common Crawl's warc.paths.gz


@dataclass(frozen=True, slots=True)
class InputPlan:
    """Archives to read, and what was ignored (files, lines of lists): nothing is passed over in silence."""

    entries: tuple[PlanEntry, ...]
    ignored: tuple[str, ...]


def make_plan(plan: Plan, transport: Transport | None = None) -> InputPlan:
    """Every archive under `plan.inputs`, sorted by path, once each; ids depend on this order.

    A file that is named itself is taken whatever its name, but for lists (`*.paths`, `*.paths.gz`), whose lines are;
    from directories and globs only archives are. The length of each file is asked for now.
    Raises InputError when an input is missing or holds no archive.
    """
    if not plan.inputs:
        raise InputError(
            "No input: plan.inputs is empty. Name archive files, directories or globs, for example "
            "--set 'plan.inputs=[/data/crawl]'."
        )
    taken: dict[str, str] = {}  # by its absolute place: two spellings of one path are one file
    ignored: set[str] = set()
    for given in plan.inputs:
        if LIST_NAME.search(given) and not storage.GLOB_CHARACTERS & set(given):
            lines, passed = read_list(given, plan.base_url, transport)
            ignored.update(passed)
            for path in lines:
                taken.setdefault(path if storage.is_uri(path) else os.path.abspath(path), path)
            continue
        files = storage.list_files(given)
        archives = files if files == [given] else [path for path in files if ARCHIVE_NAME.search(_basename(path))]
        if not archives:
            raise InputError(
                f"{given} holds {len(files)} files but no archive (*.warc, *.warc.gz, *.arc, *.arc.gz). "
                "Check plan.inputs."
            )
        for path in archives:
            taken.setdefault(path if storage.is_uri(path) else os.path.abspath(path), path)
        ignored |= set(files) - set(archives)
    paths = sorted(taken.values())
    if len(paths) > 1 << WARC_BITS:
        raise InputError(f"{len(paths):,} archives are more than the {1 << WARC_BITS:,} that one collection can hold.")
    return InputPlan(tuple(_entries(paths, plan, transport)), tuple(sorted(ignored - set(paths))))


def read_list(path: str, base_url: str | None, transport: Transport | None = None) -> tuple[list[str], list[str]]:
    """The paths in a list, one a line, and the lines that are blank or came before, as `list:number: why`.

    Relative lines are put behind `base_url`, else behind the folder of the list. Raises InputError for a damaged or
    empty list.
    """
    with storage.open_stream(path, transport or Transport()) as stream:
        data = stream.read()
    try:
        text = (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as e:
        raise InputError(
            f"{path} is no list of paths: {e}. One path a line in UTF-8, gzipped or not, is expected."
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
        raise InputError(f"{path} names no file: it has no line that is not blank. Check plan.inputs.")
    return list(found), passed


def _entries(paths: Iterable[str], plan: Plan, transport: Transport | None) -> Iterable[PlanEntry]:
    for index, path in enumerate(paths):
        yield PlanEntry(
            crawl=plan.crawl,
            warc_index=index,
            warc_name=warc_name(path),
            path=path,
            size=storage.size(path, transport),
            batch=index // plan.batch_warcs,
        )


def warc_name(path: str) -> str:
    """The path without scheme and host or bucket."""
    if storage.is_uri(path):
        return path.partition("://")[2].partition("/")[2].partition("?")[0]
    return os.path.abspath(path).lstrip("/")


def _basename(path: str) -> str:
    return path.rpartition("/")[2]
