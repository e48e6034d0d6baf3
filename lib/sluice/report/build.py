"""Builds the report of a run: `report.html` for people, `report.json` with the same numbers for programs.

All values come from the `_summary.json` files of finished stages and from the files of a training run in `output`.
Equal inputs give equal bytes.
"""

import json
from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any

from sluice.core.errors import InputError
from sluice.data import storage
from sluice.data.stage import MARKER, SUMMARY
from sluice.report.ablation import ablation
from sluice.report.page import render
from sluice.report.sentences import attention, outcome
from sluice.report.training import training
from sluice.report.values import (
    Values,
    all_without_credentials,
    descending,
    dropped_of,
    ledger_of,
    minus,
    number,
    pick,
    ratio,
    read_json,
    without_credentials,
)

STAGES = ("extract", "filter", "dedup", "decontaminate", "line_dedup", "split_check", "tokenizer", "shards")
OPTIONAL = ("decontaminate", "line_dedup", "split_check")

DEDUP_COUNTS = ("candidate_pairs", "likely_pairs", "edges", "too_short_for_near", "too_long_for_near")
SPLIT_COUNTS = (*DEDUP_COUNTS, "documents", "catch_probability", "crowded", "least_bands", "samples")


def write_report(output: str) -> None:
    """Writes `report.json` and `report.html` into the directory of a run, replacing earlier ones.

    The report names stages that have not finished. Raises InputError if no stage has finished.
    """
    report = build_report(output)
    text = json.dumps(report, indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False) + "\n"
    storage.write_atomic(storage.join(output, "report.json"), text.encode("utf-8", "replace"))
    storage.write_atomic(storage.join(output, "report.html"), render(report).encode("utf-8", "replace"))


def build_report(output: str, optional: Collection[str] | None = None) -> Values:
    """Returns all numbers of the report as plain values. Unknown values are None, never NaN.

    optional: the optional stages of the run; None: those whose results the next stage used.
    """
    markers = {name: read_json(storage.join(output, name, MARKER)) for name in STAGES}
    summaries = {name: read_json(storage.join(output, name, SUMMARY)) for name in STAGES}
    if optional is None:
        names = _stages_of_run(summaries, markers)
    else:
        names = [name for name in STAGES if name not in OPTIONAL or name in optional]
    summaries = {name: summaries[name] for name in names}
    if not any(summaries.values()):
        raise InputError(
            f"{output} has no finished stage: expected {SUMMARY} in at least one of {', '.join(summaries)} below it. "
            "Use the `output` directory of a run, or run `sluice run pipeline` first."
        )
    report: Values = {
        "title": _title(output, markers["shards"]),
        "stages": _stages(summaries, markers),
        "funnel": _funnel(summaries),
        "archives": _archives(summaries["extract"]),
        "drops": {
            "extract": dropped_of(summaries["extract"], "records"),
            "cut": dropped_of(summaries["extract"], "characters"),
            "masked": descending(summaries["extract"].get("masked") or {}),
            "rules": _rules_by_language(summaries["filter"]),
        },
        "languages": _languages(summaries),
        "rules": {"meaning": _rule_meanings(markers["filter"])} | summaries["filter"].get("suspicious_rules", {}),
        "samples": summaries["filter"].get("samples", []),
        "dedup": pick(summaries["dedup"], *DEDUP_COUNTS),
        "pairs": summaries["dedup"].get("samples", []),
        "decontaminate": _optional(summaries.get("decontaminate"), "benchmarks", "too_short", "too_common", "samples"),
        "line_dedup": _optional(summaries.get("line_dedup"), "cuts", "samples"),
        "split_check": _optional(summaries.get("split_check"), *SPLIT_COUNTS),
        "tokenizer": pick(summaries["tokenizer"], "kind", "vocab_size", "lossless", "sample_bytes", "training_bytes"),
        "splits": _splits(summaries["shards"]),
        "accounts": _accounts(summaries),
        "training": training(output),
        "ablation": ablation(output),
    }
    report["attention"] = attention(report)
    report["outcome"] = outcome(report)
    return report


def _title(output: str, shards_marker: Values) -> str:
    settings = shards_marker.get("settings", {})
    name, version = settings.get("name"), settings.get("version")
    return f"{name} {version}" if name and version else without_credentials(output).rstrip("/").rpartition("/")[2]


def _stages_of_run(summaries: Mapping[str, Values], markers: Mapping[str, Values]) -> list[str]:
    """Lists the stages in order. Optional stages are included only if they were started and the next stage used them.

    An optional stage that the next stage did not use is left over from a run with other settings.
    """
    names = list(STAGES)
    for name in reversed(OPTIONAL):
        place = names.index(name)
        before = {markers[other].get("digest") for other in names[:place]} - {None}
        if not (summaries[name] or markers[name]) or markers[names[place + 1]].get("upstream") in before:
            names.remove(name)
    return names


def _optional(summary: Values | None, *names: str) -> Values | None:
    """Returns values of an optional stage; None if it is not part of the run or has not finished."""
    return pick(summary, *names) if summary else None


def _stages(summaries: Mapping[str, Values], markers: Mapping[str, Values]) -> list[Values]:
    """Returns each stage with its state; `stale` if it read another configuration of the previous stage."""
    rows: list[Values] = []
    before: Any = None
    for name in summaries:
        summary, marker = summaries[name], markers[name]
        digest, upstream = summary.get("digest"), marker.get("upstream")
        rows.append(
            {
                "stage": name,
                "finished": bool(summary),
                "started": bool(summary or marker),
                "seconds": number(summary.get("seconds")),
                "digest": digest,
                "stale": bool(digest and upstream and before and upstream != before),
                "dropped": dropped_of(summary, "records" if name == "extract" else "documents"),
                "settings": all_without_credentials(marker.get("settings", {})),
            }
        )
        before = digest
    return rows


def _funnel(summaries: Mapping[str, Values]) -> list[Values]:
    """Counts from records to documents in shards; `count` is None if not counted yet."""
    extract, filtered, dedup = summaries["extract"], summaries["filter"], summaries["dedup"]
    records, unique = ledger_of(extract, "records"), ledger_of(dedup, "documents")
    removed = dropped_of(dedup, "documents")
    one_each = minus(number(unique.get("in")), removed.get("url", 0))
    pages, texts = number(extract.get("html")), number(extract.get("texts"))
    counts = [
        ("records in the archives", number(records.get("in"))),
        ("HTML pages and WET texts", (pages or 0) + texts) if texts else ("HTML pages", pages),
        ("documents in wanted languages", number(records.get("out"))),
        ("passed the rules", number(ledger_of(filtered, "documents").get("out"))),
        *([("one per address", one_each)] if removed.get("url") else []),
        ("after exact duplicates", minus(one_each, removed.get("exact", 0))),
        ("after near-duplicates", number(unique.get("out"))),
        *(
            (words, number(ledger_of(summaries[name], "documents").get("out")))
            for name, words in (
                ("decontaminate", "without benchmark items"),
                ("line_dedup", "after repeated lines"),
                ("split_check", "without near-copies of held-out documents"),
            )
            if name in summaries
        ),
        ("in shards", number(ledger_of(summaries["shards"], "documents").get("out"))),
    ]
    rows: list[Values] = []
    first = previous = None
    for what, count in counts:
        first = count if first is None else first
        rows.append(
            {
                "what": what,
                "count": count,
                "share_of_first": ratio(count, first),
                "share_of_previous": ratio(count, previous),
                "lost": minus(previous, count),
            }
        )
        previous = count if count is not None else previous
    return rows


def _archives(extract: Values) -> Values:
    """Returns files with their counts: damaged files first, then sorted by path."""
    files = [
        pick(file.get("account") or {}, "records", "html", "documents", "quarantined_bytes")
        | {
            "path": without_credentials(str(file.get("path"))),
            "bytes": number(file.get("size")),
            "quarantined": (file.get("account") or {}).get("quarantined") or {},
        }
        for file in extract.get("files", [])
    ]
    total = ledger_of(extract, "bytes")
    return {
        "count": number(extract.get("archives")),
        "bytes": number(total.get("in")),
        "quarantined_bytes": minus(number(total.get("in")), number(total.get("out"))),
        "quarantined": extract.get("quarantined") or {},
        "damaged": sum(1 for file in files if is_damaged(file)),
        "files": sorted(
            files, key=lambda file: (-(file["quarantined_bytes"] or 0), not is_damaged(file), file["path"])
        ),
        "ignored": [without_credentials(str(path)) for path in extract.get("ignored", [])],
    }


def is_damaged(file: Values) -> bool:
    """Whether a part of the archive was quarantined."""
    return bool(file["quarantined_bytes"] or file["quarantined"])


def _rules_by_language(summary: Values) -> dict[str, dict[str, int]]:
    """Counts documents dropped by each rule, in descending order."""
    return {
        language: descending({reason: count for reason, count in counts.items() if reason != "kept"})
        for language, counts in summary.get("by_language", {}).items()
    }


def _languages(summaries: Mapping[str, Values]) -> list[Values]:
    found = summaries["extract"].get("languages") or {}
    judged = summaries["filter"].get("by_language") or {}
    last = next((name for name in reversed(OPTIONAL) if summaries.get(name)), "dedup")
    removed = summaries[last].get("by_language") or {}
    rows = [
        {
            "language": language,
            "documents": number(found.get(language, sum(judged.get(language, {}).values()) or None)),
            "passed": judged.get(language, {}).get("kept", 0) if summaries["filter"] else None,
            "kept": removed.get(language, {}).get("kept", 0) if summaries[last] else None,
        }
        for language in sorted({*found, *judged, *removed}, key=str)
    ]
    return sorted(rows, key=lambda row: -(row["documents"] or 0))


def _rule_meanings(marker: Values) -> dict[str, str]:
    return {rule["name"]: condition_of(rule) for rule in marker.get("settings", {}).get("rules", [])}


def condition_of(rule: Values) -> str:
    """Describes the limits of a rule, for example `signal ≥ 0.8`."""
    signs = {"min": "≥", "above": ">", "max": "≤", "below": "<"}
    limits = [f"{sign} {rule[key]:g}" for key, sign in signs.items() if number(rule.get(key)) is not None]
    return f"{rule.get('signal')} {' and '.join(limits)}"


def _splits(shards: Values) -> list[Values]:
    order = {"train": 0, "valid": 1, "test": 2}
    return [
        {"split": name, **pick(split, "records", "tokens", "docs", "utf8_bytes")}
        | {"bytes_per_token": ratio(number(split.get("utf8_bytes")), number(split.get("tokens")))}
        for name, split in sorted(shards.get("splits", {}).items(), key=lambda item: (order.get(item[0], 3), item[0]))
    ]


def _accounts(summaries: Mapping[str, Values]) -> list[Values]:
    """Returns one line per ledger, handover and total; `balanced` is None if a side is unknown."""
    lines = [
        {
            "account": name,
            "unit": ledger["unit"],
            "in": number(ledger.get("in")),
            "out": number(ledger.get("out")),
            "dropped": sum((ledger.get("dropped") or {}).values()),
        }
        for name in summaries
        for ledger in summaries[name].get("ledgers", [])
    ]
    names = [name for name in summaries if name != "tokenizer"]
    for upstream, downstream in pairwise(names):
        if summaries[upstream] and summaries[downstream]:
            unit = "records" if upstream == "extract" else "documents"
            given, taken = ledger_of(summaries[upstream], unit), ledger_of(summaries[downstream], "documents")
            lines.append(_equal(f"{upstream} → {downstream}", "documents", given.get("out"), taken.get("in")))
    splits = summaries["shards"].get("splits", {}).values()
    for unit, field in (("documents", "docs"), ("tokens", "tokens")):
        if splits and (ledger := ledger_of(summaries["shards"], unit)):
            total = sum(number(split.get(field)) or 0 for split in splits)
            lines.append(_equal("shards → splits", unit, ledger.get("out"), total))
    for line in lines:
        known = line["in"] is not None and line["out"] is not None
        line["balanced"] = line["in"] == line["out"] + line["dropped"] if known else None
    return lines


def _equal(account: str, unit: str, given: Any, taken: Any) -> Values:
    return {"account": account, "unit": unit, "in": number(given), "out": number(taken), "dropped": 0}
