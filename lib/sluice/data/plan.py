"""Which archives there are: inputs to a sorted, numbered, batched list."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from sluice.core.config import Plan
from sluice.core.errors import InputError
from sluice.core.ids import WARC_BITS
from sluice.core.records import PlanEntry
from sluice.data import storage

ARCHIVE_NAME = re.compile(r"\.w?arc($|\.)", re.IGNORECASE)  # .warc .arc, with any ending behind: .gz .zst .wet.gz .lz4


@dataclass(frozen=True, slots=True)
class InputPlan:
    """Archives to read, and the other files beside them: named, so that nothing is passed over in silence."""

    entries: tuple[PlanEntry, ...]
    ignored: tuple[str, ...]


def make_plan(plan: Plan) -> InputPlan:
    """Every archive under `plan.inputs`, sorted by path, once each; ids depend on this order.

    A file that is named itself is taken whatever its name; from directories and globs only archives are.
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
    return InputPlan(tuple(_entries(paths, plan)), tuple(sorted(ignored - set(paths))))


def _entries(paths: Iterable[str], plan: Plan) -> Iterable[PlanEntry]:
    for index, path in enumerate(paths):
        yield PlanEntry(
            crawl=plan.crawl,
            warc_index=index,
            warc_name=warc_name(path),
            path=path,
            size=storage.size(path),
            batch=index // plan.batch_warcs,
        )


def warc_name(path: str) -> str:
    """The path without scheme and host or bucket."""
    if storage.is_uri(path):
        return path.partition("://")[2].partition("/")[2]
    return os.path.abspath(path).lstrip("/")


def _basename(path: str) -> str:
    return path.rpartition("/")[2]
