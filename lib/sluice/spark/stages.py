"""The stages: read tables, call the functions of this tower, write, balance the books, summarise.

Reading, writing, counting and collecting happen here and nowhere else.
"""

import json
import logging
from typing import Any

import msgspec
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.load import dump
from sluice.core.config.schema import Config
from sluice.core.errors import InputError, StageError
from sluice.core.ledger import Ledger, require_handover
from sluice.core.records.docs import Decision, PlanEntry
from sluice.data import storage
from sluice.data.dataset.manifest import Shard, dataset_directory, token_dtype
from sluice.data.dataset.tokenizer import Tokenizer, save_tokenizer, train_tokenizer
from sluice.data.dataset.writer import DatasetPlan, commit_dataset
from sluice.data.stage import Stage, ledgers_of
from sluice.report.build import write_report
from sluice.spark.decontaminate import decontaminate
from sluice.spark.dedup import dedup
from sluice.spark.extract import extract_entries
from sluice.spark.lines import lines
from sluice.spark.quality import decide, signals_of
from sluice.spark.run import Run
from sluice.spark.samples import SAMPLES, by_language, collect_sorted, sample_by, with_clipped_text
from sluice.spark.scores import check_scores, read_scores, with_scores
from sluice.spark.session import progress
from sluice.spark.shards import ShardJob, shard_names, write_shards
from sluice.spark.split import split, split_check
from sluice.spark.tables import document_rows, kept_documents, read_docs, read_table
from sluice.text.extract import WarcAccount
from sluice.text.guard import CRASH, TIMEOUT

log = logging.getLogger("sluice.stages")

COMMON = 0.5
"""Rules that fire on no document, or on more than this share, are named: they are often mistakes."""


def pipeline(spark: SparkSession, run: Run, *, force: bool) -> None:
    """All stages in order, the optional ones if they are switched on, then the report."""
    for stage in (extract, select, dedup, decontaminate, lines, split, tokenizer, shards):
        stage(spark, run, force=force)
    write_report(run.config.output)
    log.info("report: %s", storage.join(run.config.output, "report.html"))


def extract(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Archives to `extract/docs`, batch by batch; a batch that is complete is never done again."""
    config, stage = run.config, run.extract
    if not stage.begin(force=force, keep=True):
        return
    plan = run.input_plan
    storage.write_atomic(stage.file("config.resolved.yaml"), dump(config).encode())
    storage.write_atomic(stage.file("plan.json"), msgspec.json.format(msgspec.json.encode(plan.entries), indent=1))
    for path in plan.ignored:
        log.info("not an archive, left alone: %s", path)
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
    lost = {"quarantined": account.quarantined_bytes} if account.quarantined_bytes else {}
    records, characters = account.ledgers()
    stage.finish(
        [records, Ledger("bytes", account.bytes, good, lost), characters],
        archives=len(plan.entries),
        ignored=list(plan.ignored),
        html=account.html,
        texts=account.texts,
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
    """One batch: its directory first, then its manifest, which makes it complete. Returns the manifest."""
    manifest = stage.file("docs", "_batches", f"{batch:05d}.json")
    if storage.exists(manifest):
        done: dict[str, Any] = json.loads(storage.read_bytes(manifest))
        if not any("unreadable" in item["account"]["quarantined"] for item in done["archives"]):
            log.info("%s: already complete", what)
            return done
        # a kill in mid-repeat is harmless: the old manifest still says that the batch is to be repeated
        log.info("%s: an archive was unreadable, so it is read again", what)
    directory = stage.file("docs", f"batch={batch:05d}")
    storage.delete_tree(directory)
    known = [entry.size for entry in entries if entry.size is not None]
    unknown = f", {len(entries) - len(known)} of unknown length" if len(known) < len(entries) else ""
    log.info("%s: %d archives, %s bytes%s", what, len(entries), f"{sum(known):,}", unknown)
    with progress(spark, what, config.log.progress_s):
        docs = extract_entries(spark, entries, config.extract, config.dedup.minhash, plan_table)
        docs.write.partitionBy("kind").parquet(directory)
    rows = read_docs(spark, stage, [directory]).where("kind = 'stats'").select("warc_index", "stats").collect()
    accounts = {row["warc_index"]: json.loads(row["stats"]) for row in rows}
    if sorted(accounts) != sorted(entry.warc_index for entry in entries) or len(rows) != len(entries):
        raise StageError(
            f"{what}: {len(entries)} archives were read but {len(rows)} closing accounts came back; exactly one "
            f"each is expected. Remove {directory} and run the job again."
        )
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
    """Whether not even the length of an archive could be learnt: bytes do not show such a loss."""
    return "unreadable" in account["quarantined"] and not account["bytes"]


def _check_extract(config: Config, account: WarcAccount, num_archives: int, num_unread: int) -> None:
    if lost := {reason: n for reason in (CRASH, TIMEOUT) if (n := account.dropped[reason])}:
        causes = " and ".join(f"{count} {reason}" for reason, count in lost.items())
        log.warning(
            "extract: pages that ended or stopped their process were rejected (%s); see `detail` in docs", causes
        )
    if num_unread > config.extract.max_loss * num_archives:
        raise StageError(
            f"{num_unread:,} of {num_archives:,} archives could not be reached at all, more than extract.max_loss = "
            f"{config.extract.max_loss} allows. See kind=quarantine in {config.output}/extract/docs for the causes; "
            "check plan.inputs and plan.base_url, then run the job again."
        )
    if account.quarantined_bytes > config.extract.max_loss * account.bytes:
        causes = ", ".join(f"{reason} x {count}" for reason, count in sorted(account.quarantined.items()))
        raise StageError(
            f"{account.quarantined_bytes:,} of {account.bytes:,} bytes could not be read ({causes}), more than "
            f"extract.max_loss = {config.extract.max_loss} allows. See kind=quarantine in "
            f"{config.output}/extract/docs; fetch the damaged archives again, or allow more loss."
        )
    if account.missing > config.extract.max_loss * account.wanted:
        raise StageError(
            f"{account.missing:,} of the {account.wanted:,} records that the index names could not be read where it "
            f"has them, more than extract.max_loss = {config.extract.max_loss} allows. See kind=quarantine in "
            f"{config.output}/extract/docs; check that plan.index and plan.inputs are of the same crawl."
        )
    if not account.html + account.texts:
        raise InputError(
            f"{num_archives} archives with {account.records:,} records hold no HTML response and no text. Check "
            "plan.inputs: WARC, ARC or WET files are expected; WAT files carry no text."
        )


def select(spark: SparkSession, run: Run, *, force: bool) -> None:
    """`extract/docs` to `select/decisions`: each document row once, with the first rule it broke."""
    config, stage = run.config, run.select
    upstream = run.extracted.require()
    if not stage.begin(force=force):
        return
    docs = document_rows(spark, run)
    with progress(spark, "select", config.log.progress_s):
        measured, scored = docs, None
        if config.rules.scores is not None:
            scores = read_scores(spark, config.rules.scores)
            scored = check_scores(scores, docs, config.rules.scores)
            measured = with_scores(docs, scores, signals_of(run.rules))
        decide(measured, run.rules).write.parquet(stage.file("decisions"))
    decided = read_table(spark, stage, "decisions", Decision).join(
        docs.select("doc_id", "language", F.col("reason").alias("rejected")), "doc_id", "inner"
    )
    counts = collect_sorted(decided.groupBy("language", "rejected", "reason").count(), "language", "rejected", "reason")
    judged = [row for row in counts if row["rejected"] is None]
    dropped: dict[str, int] = {}
    for row in judged:
        if row["reason"]:
            dropped[row["reason"]] = dropped.get(row["reason"], 0) + row["count"]
    total = sum(row["count"] for row in judged)
    ledger = Ledger("documents", total, total - sum(dropped.values()), dropped)
    require_handover(ledgers_of(upstream)["records"], ledger, ("extract", "select"))
    if scored is not None:
        log.info("select: %s of %s documents have a score of rules.scores", f"{scored:,}", f"{total:,}")
    texts = docs.where("text is not null")
    by_rule = decided.where("rejected is null").select("doc_id", "language", "reason", "value", "threshold")
    samples = with_clipped_text(sample_by(by_rule, ("language", "reason"), SAMPLES), texts)
    stage.finish(
        [ledger],
        **({} if scored is None else {"scored": scored}),
        by_language=by_language(judged),
        suspicious_rules=_suspicious(run, by_language(judged)),
        samples=collect_sorted(samples, "language", "reason", "doc_id"),
    )


def _suspicious(run: Run, by_language: dict[str, dict[str, int]]) -> dict[str, list[str]]:
    """Rules that dropped nothing, and rules that dropped more than half of the documents of a language they judge."""
    fired = {reason for counts in by_language.values() for reason in counts}
    common = {
        f"{reason} ({language})"
        for language, counts in by_language.items()
        for reason, count in counts.items()
        if reason != "selected" and count > COMMON * sum(counts.values())
    }
    return {"fired_on_none": [r.name for r in run.rules if r.name not in fired], "fired_on_most": sorted(common)}


def tokenizer(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Kept training text to `tokenizer/tokenizer.json`."""
    config, stage = run.config, run.tokenizer
    run.corpus.require()
    if not stage.begin(force=force):
        return
    kept = kept_documents(spark, run).where("split = 'train'")
    total_bytes = kept.agg(F.sum("n_bytes")).collect()[0][0] or 0
    if not total_bytes:
        raise InputError(
            "No document is left for the training split after rules, deduplication and what follows it, so there is "
            f"nothing to train a tokenizer on. Look at {storage.join(config.output, 'select')} and the rules, or add "
            "input."
        )
    used = 0

    def sample() -> Any:
        nonlocal used
        order = F.xxhash64("doc_id", F.lit(config.tokenizer.seed).cast("long"))
        rows = kept.select("text", "n_bytes", order.alias("place"), "doc_id")
        share = min(1.0, 1.2 * config.tokenizer.sample_bytes / total_bytes)  # 20 % more than needed, then cut exactly
        if share < 1.0:
            rows = rows.where(F.col("place") < int(-(1 << 63) + share * (1 << 64)))
        for row in rows.orderBy("place", "doc_id").select("text", "n_bytes").toLocalIterator(prefetchPartitions=True):
            if used + row["n_bytes"] > config.tokenizer.sample_bytes and used:
                return
            used += row["n_bytes"]
            yield row["text"]

    data = train_tokenizer(sample(), config.tokenizer)
    file, token_bytes = save_tokenizer(stage.path, data)
    trained = Tokenizer.load(stage.file(file.file))
    stage.finish(
        [],
        kind=file.kind,
        lossless=file.lossless,
        vocab_size=trained.vocab_size,
        sample_bytes=used,
        training_bytes=total_bytes,
        tokenizer=msgspec.to_builtins(file),
        token_bytes=msgspec.to_builtins(token_bytes),
    )


def shards(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Kept documents to `shards/<name>/<x.y.z>`: TFRecords, tokenizer, manifest last."""
    config, stage = run.config, run.shards
    trained = run.tokenizer.require()
    upstream = run.corpus.require()
    if not stage.begin(force=force):
        return
    directory = dataset_directory(stage.path, config.name, config.version)
    file, token_bytes = save_tokenizer(directory, storage.read_bytes(run.tokenizer.file(trained["tokenizer"]["file"])))
    vocabulary = Tokenizer.load(storage.join(directory, file.file))
    kept = kept_documents(spark, run)
    splits = tuple(
        name
        for name, share in (("valid", config.shards.valid_fraction), ("test", config.shards.test_fraction))
        if share
    )
    num_train = config.shards.count or _num_shards(kept, config, token_dtype(vocabulary.vocab_size))
    job = ShardJob(
        directory=directory,
        tokenizer=vocabulary,
        ids=vocabulary.ids,
        dtype=token_dtype(vocabulary.vocab_size),
        seq_len=config.shards.seq_len,
        add_bos=config.shards.add_bos,
        names=shard_names(num_train, splits),
        num_train=num_train,
    )
    with progress(spark, "shards", config.log.progress_s):
        rows = write_shards(kept, job, splits, config.shards.seed).collect()
    written = [Shard.from_dict(row.asDict()) for row in rows]
    ledger = _shard_ledger(written)
    require_handover(ledgers_of(upstream)["documents"], ledger[0], (run.corpus.name, "shards"))
    storage.write_atomic(storage.join(directory, "config.resolved.yaml"), dump(config).encode())
    manifest = commit_dataset(
        directory,
        DatasetPlan(
            name=config.name,
            version=config.version,
            seq_len=config.shards.seq_len,
            vocab_size=vocabulary.vocab_size,
            ids=vocabulary.ids,
            tokenizer=file,
            token_bytes=token_bytes,
            config_digest=run.result_digest,
            num_shards={"train": num_train, **dict.fromkeys(splits, 1)},
            split_check=split_check(run),
        ),
        written,
    )
    stage.finish(
        list(ledger),
        directory=directory,
        splits={
            name: {
                "shards": len(s.shards),
                "records": s.records,
                "tokens": s.tokens,
                "docs": s.docs,
                "utf8_bytes": s.utf8_bytes,
                "dropped_tokens": s.dropped_tokens,
            }
            for name, s in manifest.splits.items()
        },
    )


def _num_shards(kept: DataFrame, config: Config, dtype: str) -> int:
    """Training shards for the size aimed at: bytes of text at four per token, in steps of 8 from 8 up."""
    text_bytes = kept.where("split = 'train'").agg(F.sum("n_bytes")).collect()[0][0] or 0
    item_bytes = 2 if dtype == "uint16" else 4
    wanted = max(1, -(-(text_bytes // 4 * item_bytes) // config.shards.shard_bytes))
    return wanted if wanted < 8 else -(-wanted // 8) * 8


def _shard_ledger(written: list[Shard]) -> tuple[Ledger, Ledger]:
    documents = sum(shard.docs for shard in written)
    tokens = sum(shard.tokens for shard in written)
    dropped = sum(shard.dropped_tokens for shard in written)
    drops = {"tail_of_training_shard": dropped} if dropped else {}
    return Ledger("documents", documents, documents, {}), Ledger("tokens", tokens + dropped, tokens, drops)
