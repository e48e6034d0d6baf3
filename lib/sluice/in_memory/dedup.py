"""Deduplication of a table that fits in memory: the stage of `spark.stages.dedup` in one process, with its results."""

import os
from collections.abc import Sequence

import msgspec
import pyarrow.parquet as pq

from sluice.core.config.dedup import SourceConfig
from sluice.core.config.schema import Config
from sluice.core.errors import StageError
from sluice.core.progress import progress_bar
from sluice.data import storage
from sluice.data.sources.changes import Change
from sluice.data.sources.json_objects import COMPRESSED
from sluice.data.sources.table import check_columns, keep_piece, read_piece
from sluice.data.sources.table_files import Piece, pieces_of, place_of, table_files
from sluice.data.stage import Stage
from sluice.in_memory.decisions import Decisions, SignedRows, decide, result_tables
from sluice.text.dedup.table_stage import table_stage

EXPANSION = 4
"""Estimated bytes of text per byte of a compressed file."""
SUBMITTED = "PYSPARK_GATEWAY_PORT"
"""Set by spark-submit, which expects that the program uses Spark."""


def fits(config: Config) -> bool:
    """Whether the table of `source.inputs` is small, and the settings are supported without Spark.

    Raises InputError if there is no table.
    """
    dedup = config.dedup
    if not config.source.inputs or dedup.urls or dedup.earlier or dedup.write_index or SUBMITTED in os.environ:
        return False
    kind, files = table_files(config.source.inputs)
    left = config.spark.min_table_bytes
    for path, _ in files:  # stops early: each size of a remote file is a request
        is_packed = kind == "parquet" or path.lower().endswith(COMPRESSED)
        left -= storage.size(path) * (EXPANSION if is_packed else 1)
        if left <= 0:
            return False
    return left > 0


def dedup_table(config: Config, *, force: bool) -> None:
    """Writes `dedup/removals`, `copies`, `clusters`, `edges`, `quarantine` and `kept`. Raises as the stage on Spark."""
    kind, files = table_files(config.source.inputs)
    check_columns(kind, files, config.source)
    settings = msgspec.to_builtins(config.dedup) | {"earlier": []}
    stage = table_stage(config, "dedup", {"dedup": settings}, files)
    if not stage.begin(force=force):
        return
    pieces = list(pieces_of(kind, files))
    rows = _read(pieces, config)
    decisions = decide(rows, config.source, config.dedup, lambda fact: place_of(pieces[fact.piece], fact.position))
    for name, table in result_tables(decisions).items():
        with storage.atomic_writer(stage.file(name, "part-00000.parquet")) as stream:
            pq.write_table(table, stream, compression="zstd")
    if config.source.write_kept:
        _write_kept(stage, pieces, decisions, config.source)
    stage.finish([decisions.ledger], **decisions.counts, files=len(files), samples=[])


def _read(pieces: Sequence[Piece], config: Config) -> SignedRows:
    rows = SignedRows()
    with progress_bar("dedup: rows", unit="rows") as bar:
        for number, piece in enumerate(pieces):
            for batch in read_piece(piece, number, config.source):
                rows.add(batch, config.dedup.minhash)
                bar.update(len(rows.facts))
    return rows


def _write_kept(stage: Stage, pieces: Sequence[Piece], decisions: Decisions, source: SourceConfig) -> None:
    gone: dict[int, list[Change]] = {}
    for i in sorted(decisions.reasons):
        fact = decisions.facts[i]
        gone.setdefault(fact.piece, []).append(Change(fact.position, None))
    directory = stage.file("kept")
    written = sum(keep_piece(piece, i, source, gone.get(i, []), directory) for i, piece in enumerate(pieces))
    if written != decisions.ledger.total_out:
        raise StageError(
            f"{stage.name}: {decisions.ledger.total_out:,} rows are to be kept, but {written:,} were written. The "
            "files were changed while the job ran; run the same command again with --force."
        )
