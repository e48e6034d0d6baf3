"""The plan as a table of archives, their wanted records and read modes, with cost estimates.

`<output>/plan/plan.parquet` has one row per archive with wanted records, sorted; it does not depend on the order of
index files. Tasks load the wanted records of their archive from it, so that the driver never holds those of a whole
crawl. The driver holds the other columns, about 300 bytes per archive; a task reads one row group of 16 archives.
"""

import hashlib
import importlib.util
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np

from sluice.core.config.load import names
from sluice.core.config.plan import PlanConfig, TransportConfig
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.core.ids import CELL_BYTES, RECORD_BITS
from sluice.core.ledger import Ledger
from sluice.core.reasons import Reason
from sluice.core.records.docs import PlanEntry
from sluice.data import storage
from sluice.data.archives.wanted import WantedRecords
from sluice.data.arrow import arrow_schema, record_batch
from sluice.data.plan.cc_index import BUCKET_ARCHIVES, IndexCounts, describe, iter_wanted, list_index
from sluice.data.plan.cost import Work, choose_mode, index_work, scan_work
from sluice.data.plan.inputs import InputPlan, Listing, list_archives, plan_entry, sizes
from sluice.data.stage import Stage

ROW_GROUP = 16
"""Archives per row group, the unit that a task reads."""
WAYS = ("scan", "index", "chosen")
WANTED = ("wanted", "wanted_lengths")


def plan_stage(output: str, plan: PlanConfig) -> Stage:
    """Returns the stage whose directory contains the plan table.

    Transport settings may change when a run is resumed: only estimates depend on them.
    """
    return Stage(output, "plan", {"plan": msgspec.to_builtins(plan)})


def make_plan_table(output: str, plan: PlanConfig, transport: TransportConfig, *, force: bool = False) -> InputPlan:
    """Returns the plan in `<output>/plan` and creates it first if it does not exist.

    Raises InputError if archives or index are missing, do not match, or contain no wanted record, and ConfigError if
    the directory contains a plan of other settings.
    """
    if plan.index is None and describe(plan.selection):
        raise ConfigError(
            f"plan.selection has conditions ({names(list(describe(plan.selection)))}) but plan.index is null: "
            "selecting records needs an index. Set plan.index to its Parquet files, or remove the conditions."
        )
    if plan.index is None and plan.mode == "index":
        raise ConfigError("plan.mode = index needs an index, but plan.index is null. Set plan.index.")
    if importlib.util.find_spec("pyarrow") is None:
        raise InputError("Planning with tables needs pyarrow: pip install 'sluice[objectstore]'.")
    stage = plan_stage(output, plan)
    if stage.begin(force=force):
        _make(stage, plan, transport)
    return _read(stage)


def estimates(output: str, plan: PlanConfig) -> dict[str, Work]:
    """Estimates for the plan in `<output>/plan` by read mode; `chosen` is last."""
    summary = plan_stage(output, plan).require()
    return {way: Work(**summary["estimates"][way]) for way in WAYS if way in summary["estimates"]}


def load_wanted(path: str, entry: PlanEntry) -> WantedRecords:
    """Loads the wanted records of one archive from the plan table at `path`."""
    from pyarrow import parquet

    with storage.open_read(path) as stream:
        file = parquet.ParquetFile(stream)
        column = file.schema_arrow.names.index("warc_index")
        for group in range(file.num_row_groups):
            numbers = file.metadata.row_group(group).column(column).statistics
            if numbers.min <= entry.warc_index <= numbers.max:
                rows = file.read_row_group(group, columns=["warc_index", *WANTED])
                for row, number in enumerate(rows.column(0).to_pylist()):
                    if number == entry.warc_index:
                        offsets, lengths = (rows.column(name)[row].values.to_numpy() for name in WANTED)
                        return WantedRecords(offsets, lengths)
    raise FormatError(f"{path} has no archive number {entry.warc_index}. Run `sluice run plan` with --force.")


def _make(stage: Stage, plan: PlanConfig, transport: TransportConfig) -> None:
    from pyarrow import parquet

    listing = list_archives(plan, transport)
    counts = IndexCounts()
    works = {way: Work() for way in WAYS}
    digest = hashlib.sha256()
    num_entries = 0
    with storage.atomic_writer(stage.file("plan.parquet")) as stream:
        with parquet.ParquetWriter(stream, arrow_schema(PlanEntry), compression="zstd") as writer:
            chosen = _iter_chosen(listing, plan, transport, counts, works)
            while group := list(itertools.islice(chosen, ROW_GROUP)):
                writer.write_table(_rows(group))
                num_entries += len(group)
                for entry, wanted in group:
                    digest.update(f"{entry.warc_index} {entry.warc_name}\n".encode())
                    if wanted is not None:
                        digest.update(wanted.offsets.tobytes() + wanted.lengths.tobytes())
        if not num_entries:  # inside, so that no table is published
            raise InputError(_nothing(plan, counts))
    if plan.index is None:
        del works["index"]
    drops: dict[str, int] = {Reason.NOT_SELECTED: counts.not_selected, Reason.REPEATED: counts.repeated}
    stage.finish(
        [Ledger("index rows", counts.rows, counts.selected, drops)] if plan.index is not None else [],
        archives=len(listing.paths),
        archives_wanted=num_entries,
        ignored=list(listing.ignored),
        places=digest.hexdigest() if plan.index is not None else None,
        estimates={name: asdict(work) for name, work in works.items()},
    )


def _nothing(plan: PlanConfig, counts: IndexCounts) -> str:
    conditions = "; ".join(f"{name}: {names(value)}" for name, value in describe(plan.selection).items())
    return (
        f"plan.selection matches none of the {counts.rows:,} rows of the index ({conditions or 'no condition'}). "
        "Languages are ISO 639-3 codes (zho, eng), domains registered domains without host names, mimes as in "
        "text/html; check them against the index."
    )


def _iter_chosen(
    listing: Listing, plan: PlanConfig, transport: TransportConfig, counts: IndexCounts, works: dict[str, Work]
) -> Iterator[tuple[PlanEntry, WantedRecords | None]]:
    """Yields entries with read mode and wanted records (None: all); updates `counts` and `works`."""
    places = _iter_places(listing, plan, counts)
    rank = 0
    while group := list(itertools.islice(places, BUCKET_ARCHIVES)):
        lengths = sizes([listing.paths[number] for number, _ in group], plan, transport, len(listing.paths))
        for (number, wanted), size in zip(group, lengths, strict=True):
            entry = plan_entry(number, listing.paths[number], size, rank // plan.batch_warcs, plan)
            rank += 1
            scan = scan_work(size, None if wanted is None else len(wanted), plan.cost, transport)
            works["scan"] += scan
            if wanted is None:
                works["chosen"] += scan
                yield entry, None
                continue
            _check_places(entry, wanted)
            index = index_work(wanted, transport)
            # records of an ARC file cannot be read without its first record
            mode = "scan" if ".arc" in entry.warc_name.lower() else choose_mode(scan, index, plan)
            works["index"] += index
            works["chosen"] += scan if mode == "scan" else index
            yield msgspec.structs.replace(entry, mode=mode, num_wanted=len(wanted)), wanted


def _iter_places(listing: Listing, plan: PlanConfig, counts: IndexCounts) -> Iterable[tuple[int, WantedRecords | None]]:
    if plan.index is None:
        return ((number, None) for number in range(len(listing.paths)))
    archives = [plan_entry(number, path, None, 0, plan).warc_name for number, path in enumerate(listing.paths)]
    return iter_wanted(list_index(plan.index), plan.selection, archives, counts)


def _check_places(entry: PlanEntry, wanted: WantedRecords) -> None:
    """Raises InputError if ids by offset could not distinguish the records."""
    cells = wanted.offsets // CELL_BYTES
    if cells[-1] >> RECORD_BITS:
        raise InputError(
            f"The index has a record at byte {wanted.offsets[-1]:,} of {entry.warc_name}; "
            f"the limit of ids by offset is {CELL_BYTES << RECORD_BITS:,}. "
            "Read such archives without plan.index, or split them."
        )
    close = np.flatnonzero(cells[1:] == cells[:-1])
    if len(close):
        one, other = wanted.offsets[close[0]], wanted.offsets[close[0] + 1]
        raise InputError(
            f"The index has two records within {CELL_BYTES} bytes in {entry.warc_name}, at {one} and {other}, but HTML "
            "responses are longer. Check plan.index, or read these archives without it."
        )


def _rows(group: Sequence[tuple[PlanEntry, WantedRecords | None]]) -> Any:
    """Returns table rows. Lists are passed from numpy to Arrow directly; as Python numbers they would take minutes."""
    import pyarrow as pa

    schema = arrow_schema(PlanEntry)
    rows = pa.Table.from_batches([record_batch([entry for entry, _ in group], schema)])
    for name, values in (
        ("wanted", [None if wanted is None else wanted.offsets for _, wanted in group]),
        ("wanted_lengths", [None if wanted is None else wanted.lengths for _, wanted in group]),
    ):
        number = schema.get_field_index(name)
        rows = rows.set_column(number, schema.field(number), pa.array(values, schema.field(number).type))
    return rows


def _read(stage: Stage) -> InputPlan:
    """Reads the finished plan, without the wanted records."""
    from pyarrow import parquet

    summary = stage.require()
    path = stage.file("plan.parquet")
    columns = [name for name in PlanEntry.__struct_fields__ if name not in WANTED]
    with storage.open_read(path) as stream:
        rows = parquet.read_table(stream, columns=columns).to_pylist()
    entries = tuple(PlanEntry(**row) for row in rows)
    place = path if storage.is_uri(path) else os.path.abspath(path)  # tasks run in other directories
    return InputPlan(entries, tuple(summary["ignored"]), place if summary["places"] else None, summary["places"])
