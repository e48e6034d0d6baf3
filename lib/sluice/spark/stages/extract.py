"""The extract stage: reads archives in batches and writes `extract/docs`."""

import json
import logging
from typing import Any

import msgspec
from pyspark.sql import SparkSession

from sluice.core.config.load import dump
from sluice.core.config.schema import Config
from sluice.core.errors import InputError, StageError
from sluice.core.ledger import Ledger
from sluice.core.reasons import Reason
from sluice.core.records.docs import PlanEntry
from sluice.data import storage
from sluice.data.parquet_parts import write_list
from sluice.data.stage import Stage
from sluice.spark.engine.session import progress
from sluice.spark.run import Run
from sluice.spark.transforms.extract import write_archives
from sluice.text.pages.archive import WarcAccount
from sluice.text.pages.guard import CRASH, TIMEOUT

log = logging.getLogger("sluice.stages")


def extract(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Reads archives and writes `extract/docs` in batches. Completed batches are skipped after an interruption."""
    config, stage = run.config, run.extract
    if not stage.begin(force=force, keep=True):
        return
    plan = run.input_plan
    storage.write_atomic(stage.file("config.resolved.yaml"), dump(config).encode())
    storage.write_atomic(stage.file("plan.json"), msgspec.json.format(msgspec.json.encode(plan.entries), indent=1))
    for path in plan.ignored:
        log.info("not an archive, ignored: %s", path)
    account = WarcAccount()
    files: list[dict[str, Any]] = []
    num_batches = plan.entries[-1].batch + 1
    for batch in range(num_batches):
        entries = [entry for entry in plan.entries if entry.batch == batch]
        what = f"extract: batch {batch + 1} of {num_batches}"
        done = _extract_batch(spark, config, stage, batch, entries, plan.table, what)
        files += done["archives"]
        for item in done["archives"]:
            account += WarcAccount.from_json(json.dumps(item["account"]))
    _check_extract(config, account, len(plan.entries), sum(_is_unread(item["account"]) for item in files))
    good = account.bytes - account.quarantined_bytes
    lost: dict[str, int] = {Reason.QUARANTINED: account.quarantined_bytes} if account.quarantined_bytes else {}
    records, characters = account.ledgers()
    stage.finish(
        [records, Ledger("bytes", account.bytes, good, lost), characters],
        archives=len(plan.entries),
        ignored=list(plan.ignored),
        html=account.html,
        texts=account.texts,
        unterminated=account.unterminated,
        languages=dict(sorted(account.languages.items())),
        masked=dict(sorted(account.masked.items())),
        quarantined=dict(sorted(account.quarantined.items())),
        files=files,
    )


def _extract_batch(
    spark: SparkSession,
    config: Config,
    stage: Stage,
    batch: int,
    entries: list[PlanEntry],
    plan_table: str | None,
    what: str,
) -> dict[str, Any]:
    """Extracts one batch: writes its directory, then its manifest, which marks it complete. Returns the manifest."""
    manifest = stage.file("docs", "_batches", f"{batch:05d}.json")
    if storage.exists(manifest):
        done: dict[str, Any] = json.loads(storage.read_bytes(manifest))
        if not any("unreadable" in item["account"]["quarantined"] for item in done["archives"]):
            log.info("%s: already complete", what)
            return done
        # if this attempt is killed, the old manifest still requires another
        log.info("%s: an archive was unreadable; repeating the batch", what)
    directory = stage.file("docs", f"batch={batch:05d}")
    storage.delete_tree(directory)
    known = [entry.size for entry in entries if entry.size is not None]
    unknown = f", {len(entries) - len(known)} of unknown length" if len(known) < len(entries) else ""
    log.info("%s: %d archives, %s bytes%s", what, len(entries), f"{sum(known):,}", unknown)
    with progress(spark, what, config.log.progress_s):
        written = write_archives(spark, entries, config.extract, config.dedup.minhash, directory, plan_table)
    if [one.warc_index for one in written] != sorted(entry.warc_index for entry in entries):
        raise StageError(
            f"{what}: {len(entries)} archives were read, but {len(written)} final counts were returned; expected one "
            f"per archive. Remove {directory} and run the job again."
        )
    write_list(directory, [file for one in written for file in one.files])
    accounts = {one.warc_index: json.loads(one.account) for one in written}
    done = {
        "batch": batch,
        "digest": stage.digest,
        "archives": [
            {
                "path": entry.path,
                "size": accounts[entry.warc_index]["bytes"] if entry.size is None else entry.size,
                "account": accounts[entry.warc_index],
            }
            for entry in entries
        ],
    }
    storage.write_atomic(manifest, json.dumps(done, indent=1, sort_keys=True, ensure_ascii=False).encode())
    return done


def _is_unread(account: dict[str, Any]) -> bool:
    """Whether an archive is unreadable and its length unknown, so that byte counts do not show the loss."""
    return "unreadable" in account["quarantined"] and not account["bytes"]


def _check_extract(config: Config, account: WarcAccount, num_archives: int, num_unread: int) -> None:
    if lost := {reason: n for reason in (CRASH, TIMEOUT) if (n := account.dropped[reason])}:
        causes = " and ".join(f"{count} {reason}" for reason, count in lost.items())
        log.warning("extract: pages that crashed or hung the parser were rejected (%s); see `detail` in docs", causes)
    if num_unread > config.extract.max_unreadable_share * num_archives:
        raise StageError(
            f"{num_unread:,} of {num_archives:,} archives could not be read at all, more than "
            f"extract.max_unreadable_share = {config.extract.max_unreadable_share} allows. See kind=quarantine in "
            f"{config.output}/extract/docs for the causes; check plan.inputs and plan.base_url, then run the job again."
        )
    if account.quarantined_bytes > config.extract.max_unreadable_share * account.bytes:
        causes = ", ".join(f"{reason} x {count}" for reason, count in sorted(account.quarantined.items()))
        raise StageError(
            f"{account.quarantined_bytes:,} of {account.bytes:,} bytes could not be read ({causes}), more than "
            f"extract.max_unreadable_share = {config.extract.max_unreadable_share} allows. See kind=quarantine in "
            f"{config.output}/extract/docs; download the damaged archives again, or increase the limit."
        )
    if account.missing > config.extract.max_unreadable_share * account.wanted:
        raise StageError(
            f"{account.missing:,} of the {account.wanted:,} records of the index could not be read at their offsets, "
            f"more than extract.max_unreadable_share = {config.extract.max_unreadable_share} allows. See "
            f"kind=quarantine in {config.output}/extract/docs; check that plan.index and plan.inputs match."
        )
    if not account.html + account.texts:
        raise InputError(
            f"{num_archives} archives with {account.records:,} records contain no HTML page and no text. Check "
            "plan.inputs: expected WARC, ARC or WET files; WAT files contain no text."
        )
