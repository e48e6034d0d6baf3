"""One page on a run: `report.html` for people, `report.json` with the same numbers for programs.

Everything comes from the `_summary.json` of the finished stages and from the files of a training run beside them.
Equal inputs give equal bytes.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sluice.core.errors import FormatError, InputError
from sluice.data import storage
from sluice.data.report_html import render
from sluice.data.report_words import attention, outcome
from sluice.data.stage import MARKER, SUMMARY

STAGES = ("extract", "select", "dedup", "tokenizer", "shards")
MODEL_DIRECTORIES = ("model", "train")
"""Where a training run is looked for below `output`; the first that holds one counts."""
MAX_POINTS = 400
"""Of the training curve; neighbours of longer runs are averaged."""
MAX_TEXTS = 3
GENERATED_CHARS = 1500
CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")

Values = dict[str, Any]


DEDUP_COUNTS = ("candidate_pairs", "likely_pairs", "edges", "too_short_for_near", "too_long_for_near")


def write_report(output: str) -> None:
    """Writes `report.json` and `report.html` into the directory of a run, over earlier ones.

    Stages that have not finished are named as such. Raises InputError when none has.
    """
    report = build_report(output)
    text = json.dumps(report, indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False) + "\n"
    storage.write_atomic(storage.join(output, "report.json"), text.encode("utf-8", "replace"))
    storage.write_atomic(storage.join(output, "report.html"), render(report).encode("utf-8", "replace"))


def build_report(output: str) -> Values:
    """All numbers of the report as plain values; what is not known is None, and never NaN."""
    summaries = {name: _read_json(storage.join(output, name, SUMMARY)) for name in STAGES}
    markers = {name: _read_json(storage.join(output, name, MARKER)) for name in STAGES}
    if not any(summaries.values()):
        raise InputError(
            f"{output} holds no finished stage: expected {SUMMARY} in at least one of {', '.join(STAGES)} below it. "
            "Give the `output` directory of a run, or run jobs/pipeline.py first."
        )
    report: Values = {
        "title": _title(output, markers["shards"]),
        "stages": _stages(summaries, markers),
        "funnel": _funnel(summaries),
        "archives": _archives(summaries["extract"]),
        "drops": {
            "extract": _dropped(summaries["extract"], "records"),
            "cut": _dropped(summaries["extract"], "characters"),
            "masked": _descending(summaries["extract"].get("masked") or {}),
            "rules": _rules_by_language(summaries["select"]),
        },
        "languages": _languages(summaries),
        "rules": {"meaning": _rule_meanings(markers["select"])} | summaries["select"].get("suspicious_rules", {}),
        "samples": summaries["select"].get("samples", []),
        "dedup": _pick(summaries["dedup"], *DEDUP_COUNTS),
        "pairs": summaries["dedup"].get("samples", []),
        "tokenizer": _pick(summaries["tokenizer"], "kind", "vocab_size", "lossless", "sample_bytes", "training_bytes"),
        "splits": _splits(summaries["shards"]),
        "books": _books(summaries),
        "training": _training(output),
    }
    report["attention"] = attention(report)
    report["outcome"] = outcome(report)
    return report


def _title(output: str, shards_marker: Values) -> str:
    settings = shards_marker.get("settings", {})
    name, version = settings.get("name"), settings.get("version")
    return f"{name} {version}" if name and version else without_credentials(output).rstrip("/").rpartition("/")[2]


def _stages(summaries: Mapping[str, Values], markers: Mapping[str, Values]) -> list[Values]:
    """Each stage with what it belongs to; `stale` when it read another configuration of the stage before it."""
    rows: list[Values] = []
    before: Any = None
    for name in STAGES:
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
                "settings": _without_credentials(marker.get("settings", {})),
            }
        )
        before = digest
    return rows


def _funnel(summaries: Mapping[str, Values]) -> list[Values]:
    """From records to documents in shards; `count` is None for what has not been counted yet."""
    extract, select, dedup = summaries["extract"], summaries["select"], summaries["dedup"]
    records, unique = _ledger(extract, "records"), _ledger(dedup, "documents")
    removed = _dropped(dedup, "documents")
    pages, texts = number(extract.get("html")), number(extract.get("texts"))
    counts = [
        ("records in the archives", number(records.get("in"))),
        ("HTML pages and WET texts", (pages or 0) + texts) if texts else ("HTML pages", pages),
        ("documents in wanted languages", number(records.get("out"))),
        ("selected by the rules", number(_ledger(select, "documents").get("out"))),
        ("after exact duplicates", _minus(number(unique.get("in")), removed.get("exact", 0))),
        ("after near-duplicates", number(unique.get("out"))),
        ("in shards", number(_ledger(summaries["shards"], "documents").get("out"))),
    ]
    rows: list[Values] = []
    first = previous = None
    for what, count in counts:
        first = count if first is None else first
        rows.append(
            {
                "what": what,
                "count": count,
                "share_of_first": _ratio(count, first),
                "share_of_previous": _ratio(count, previous),
                "lost": _minus(previous, count),
            }
        )
        previous = count if count is not None else previous
    return rows


def _archives(extract: Values) -> Values:
    """Files with their accounts, the damaged first, then in order of their paths."""
    files = [
        _pick(file.get("account") or {}, "records", "html", "documents", "quarantined_bytes")
        | {
            "path": without_credentials(str(file.get("path"))),
            "bytes": number(file.get("size")),
            "quarantined": (file.get("account") or {}).get("quarantined") or {},
        }
        for file in extract.get("files", [])
    ]
    total = _ledger(extract, "bytes")
    return {
        "count": number(extract.get("archives")),
        "bytes": number(total.get("in")),
        "quarantined_bytes": _minus(number(total.get("in")), number(total.get("out"))),
        "quarantined": extract.get("quarantined") or {},
        "damaged": sum(1 for file in files if is_damaged(file)),
        "files": sorted(
            files, key=lambda file: (-(file["quarantined_bytes"] or 0), not is_damaged(file), file["path"])
        ),
        "ignored": [without_credentials(str(path)) for path in extract.get("ignored", [])],
    }


def is_damaged(file: Values) -> bool:
    """Whether a part of an archive was quarantined."""
    return bool(file["quarantined_bytes"] or file["quarantined"])


def _rules_by_language(select: Values) -> dict[str, dict[str, int]]:
    """Documents dropped by each rule, the most frequent first."""
    return {
        language: _descending({reason: count for reason, count in counts.items() if reason != "selected"})
        for language, counts in select.get("by_language", {}).items()
    }


def _languages(summaries: Mapping[str, Values]) -> list[Values]:
    found = summaries["extract"].get("languages") or {}
    judged = summaries["select"].get("by_language") or {}
    removed = summaries["dedup"].get("by_language") or {}
    rows = [
        {
            "language": language,
            "documents": number(found.get(language, sum(judged.get(language, {}).values()) or None)),
            "selected": judged.get(language, {}).get("selected", 0) if summaries["select"] else None,
            "kept": removed.get(language, {}).get("kept", 0) if summaries["dedup"] else None,
        }
        for language in sorted({*found, *judged, *removed}, key=str)
    ]
    return sorted(rows, key=lambda row: -(row["documents"] or 0))


def _rule_meanings(select_marker: Values) -> dict[str, str]:
    """What each rule asks for, as `signal ≥ 0.8`."""
    signs = {"min": "≥", "above": ">", "max": "≤", "below": "<"}
    meanings = {}
    for rule in select_marker.get("settings", {}).get("rules", []):
        limits = [f"{sign} {rule[key]:g}" for key, sign in signs.items() if number(rule.get(key)) is not None]
        meanings[rule["name"]] = f"{rule.get('signal')} {' and '.join(limits)}"
    return meanings


def _splits(shards: Values) -> list[Values]:
    order = {"train": 0, "valid": 1, "test": 2}
    return [
        {"split": name, **_pick(split, "records", "tokens", "docs", "utf8_bytes")}
        | {"bytes_per_token": _ratio(number(split.get("utf8_bytes")), number(split.get("tokens")))}
        for name, split in sorted(shards.get("splits", {}).items(), key=lambda item: (order.get(item[0], 3), item[0]))
    ]


def _books(summaries: Mapping[str, Values]) -> list[Values]:
    """One line per ledger, handover and total; `balanced` is None when a side is not known."""
    lines = [
        {
            "book": name,
            "unit": ledger["unit"],
            "in": number(ledger.get("in")),
            "out": number(ledger.get("out")),
            "dropped": sum((ledger.get("dropped") or {}).values()),
        }
        for name in STAGES
        for ledger in summaries[name].get("ledgers", [])
    ]
    for upstream, unit, downstream in (
        ("extract", "records", "select"),
        ("select", "documents", "dedup"),
        ("dedup", "documents", "shards"),
    ):
        if summaries[upstream] and summaries[downstream]:
            given, taken = _ledger(summaries[upstream], unit), _ledger(summaries[downstream], "documents")
            lines.append(_equal(f"{upstream} → {downstream}", "documents", given.get("out"), taken.get("in")))
    splits = summaries["shards"].get("splits", {}).values()
    for unit, field in (("documents", "docs"), ("tokens", "tokens")):
        if splits and (ledger := _ledger(summaries["shards"], unit)):
            total = sum(number(split.get(field)) or 0 for split in splits)
            lines.append(_equal("shards → splits", unit, ledger.get("out"), total))
    for line in lines:
        known = line["in"] is not None and line["out"] is not None
        line["balanced"] = line["in"] == line["out"] + line["dropped"] if known else None
    return lines


def _equal(book: str, unit: str, given: Any, taken: Any) -> Values:
    return {"book": book, "unit": unit, "in": number(given), "out": number(taken), "dropped": 0}


def _training(output: str) -> Values | None:
    """What a training run wrote, finished or not; None where there is none."""
    for name in MODEL_DIRECTORIES:
        directory = storage.join(output, name)
        lines = _read_lines(storage.join(directory, "metrics.jsonl"))
        summary = _read_json(storage.join(directory, "summary.json"))
        if lines or summary:
            break
    else:
        return None
    evaluations: dict[str, dict[int, Values]] = {}
    for line in lines:
        if line.get("kind") == "eval" and (step := number(line.get("step"))) is not None:
            evaluations.setdefault(str(line.get("split", "valid")), {})[step] = _evaluation(line)
    final = summary.get("splits") or _read_json(storage.join(directory, "evaluation.json")).get("splits") or {}
    # of a step that a killed process did twice, the later line counts
    train = {
        line["step"]: line for line in lines if line.get("kind") == "train" and number(line.get("step")) is not None
    }
    losses = [(step, loss) for step, line in sorted(train.items()) if (loss := number(line.get("loss"))) is not None]
    return {
        "finished": bool(summary),
        "directory": name,
        **_pick(summary, "step", "epochs", "evaluated_step", "parameters", "tokens", "wall_seconds", "tokens_per_s"),
        **_pick(summary, "replicas", "tensorflow"),
        "train": _thinned(losses),
        "evaluations": {
            split: [{"step": step, **values} for step, values in sorted(by_step.items())]
            for split, by_step in sorted(evaluations.items())
        },
        "final": {split: _evaluation(values) for split, values in final.items()},
        "generated": _generated(storage.join(directory, "samples.txt")),
    }


def _evaluation(values: Values) -> Values:
    """Loss in nats per token, perplexity and bits per byte, each from the others where it is missing."""
    ppl, nll, tokens = number(values.get("ppl")), number(values.get("nll")), number(values.get("tokens"))
    loss = _ratio(nll, tokens)
    if loss is None and ppl is not None and ppl > 0:
        loss = math.log(ppl)
    if ppl is None and loss is not None:
        ppl = math.exp(min(loss, 700.0))
    return {"loss": loss, "ppl": ppl, "bits_per_byte": number(values.get("bits_per_byte")), "tokens": tokens}


def _thinned(points: Sequence[tuple[int, float]]) -> list[list[float]]:
    """At most MAX_POINTS of [step, loss]: the mean of neighbours, at the last of their steps."""
    size = max(1, math.ceil(len(points) / MAX_POINTS))
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [[group[-1][0], sum(loss for _, loss in group) / len(group)] for group in groups]


def _generated(path: str) -> Values | None:
    """The last texts that the model wrote."""
    if not storage.exists(path):
        return None
    block = ("\n" + storage.read_bytes(path).decode("utf-8", "replace")).rpartition("\n== step ")[2]
    step, _, rest = block.partition("\n")
    texts = [text[:GENERATED_CHARS] for text in re.split(r"\n--(?:\n|$)", rest) if text.strip()]
    return {"step": int(step) if step.isascii() and step.isdigit() else None, "texts": texts[:MAX_TEXTS]}


def _ledger(summary: Values, unit: str) -> Values:
    return next((item for item in summary.get("ledgers", []) if item.get("unit") == unit), {})


def _dropped(summary: Values, unit: str) -> dict[str, int]:
    return _descending(_ledger(summary, unit).get("dropped") or {})


def _descending(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _pick(values: Values, *names: str) -> Values:
    return {name: values.get(name) for name in names}


def number(value: Any) -> Any:
    """The value when it is a finite number, else None."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def _minus(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a - b


def _ratio(a: float | None, b: float | None) -> float | None:
    return None if a is None or not b else a / b


def without_credentials(path: str) -> str:
    """A path or URI without `user:secret@`: reports are passed on."""
    return CREDENTIALS.sub("", path)


def _without_credentials(value: Any) -> Any:
    match value:
        case str():
            return without_credentials(value)
        case list():
            return [_without_credentials(item) for item in value]
        case dict():
            return {key: _without_credentials(item) for key, item in value.items()}
    return value


def _read_json(path: str) -> Values:
    """A JSON object; empty when there is no such file. NaN and infinity become None."""
    if not storage.exists(path):
        return {}
    try:
        value = _parse(storage.read_bytes(path).decode())
    except ValueError as e:
        raise FormatError(f"{path} is not JSON: {e}. Run the job that writes it again with --force.") from e
    if not isinstance(value, dict):
        raise FormatError(f"{path} holds a {type(value).__name__}; a JSON object is expected.")
    return value


def _read_lines(path: str) -> list[Values]:
    """JSON objects, one a line; what a killed process left half-written is passed over."""
    if not storage.exists(path):
        return []
    lines = []
    for line in storage.read_bytes(path).decode("utf-8", "replace").splitlines():
        try:
            value = _parse(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            lines.append(value)
    return lines


def _parse(text: str) -> Any:
    return json.loads(text, parse_constant=lambda _: None, parse_float=lambda digits: number(float(digits)))
