"""Sections of the dataset card about the run: sources, funnel, rules, duplicates, personal data, splits."""

from collections.abc import Iterator
from typing import Any

from sluice.core.reasons import meaning_of
from sluice.publish.layout import Dataset
from sluice.publish.markdown import code, count, escape, table
from sluice.publish.run_facts import RunFacts
from sluice.report.build import condition_of

MAX_ARCHIVES = 20
"""Archives that the card lists by name."""

OF_STAGE = {
    "extract": "extraction (records)",
    "filter": "rules",
    "dedup": "duplicates",
    "decontaminate": "benchmark items",
    "line_dedup": "repeated lines",
    "split_check": "copies across splits",
}


def run_sections(run: RunFacts, dataset: Dataset) -> Iterator[str]:
    """Yields headings and texts in the order of the card."""
    yield "## Sources"
    yield _sources(run)
    yield "## What became of the input"
    yield _funnel(run, dataset)
    yield "## Rules"
    yield _rules(run)
    yield "## Duplicates"
    yield _duplicates(run)
    yield "## Splits"
    yield _splits(run)
    yield "## Personal data"
    yield _personal_data(run)


def _sources(run: RunFacts) -> str:
    archives = run.report["archives"]
    rows = [
        ("crawl", ", ".join(map(escape, run.crawls)) or escape(run.settings_of("extract").get("crawl", "–"))),
        ("archives", count(archives["count"])),
        *([("segments", count(run.segments))] if run.segments else []),
        ("bytes of archives", count(archives["bytes"])),
        ("bytes that could not be read", count(archives["quarantined_bytes"])),
        ("documents fetched from", escape(run.first_date or "–")),
        ("documents fetched until", escape(run.last_date or "–")),
    ]
    text = table(("", ""), rows)
    if 0 < len(run.archives) <= MAX_ARCHIVES:
        names = sorted(path.rpartition("/")[2] for path in run.archives)
        text += "\n\nArchives: " + ", ".join(map(code, names)) + "."
    return text


def _funnel(run: RunFacts, dataset: Dataset) -> str:
    steps = [row for row in run.report["funnel"] if row["what"] != "in shards"]
    rows = [(escape(row["what"]), count(row["count"]), count(row["lost"])) for row in steps]
    rows.append(("published", count(dataset.rows), count(steps[-1]["count"] - dataset.rows)))
    text = table(("step", "left#", "removed#"), rows)
    reasons = [
        (OF_STAGE[stage], code(reason), count(number), escape(meaning_of(reason)))
        for stage in OF_STAGE
        if stage != "filter"
        for reason, number in run.dropped_by(stage).items()
    ]
    if reasons:
        text += "\n\nBy reason, except for the rules below:\n\n"
        text += table(("stage", "reason", "removed#", "meaning"), reasons)
    text += "\n\n" + table(
        ("language", "documents#", "passed the rules#", "kept#"),
        [
            (escape(row["language"]), count(row["documents"]), count(row["passed"]), count(row["kept"]))
            for row in run.report["languages"]
        ],
    )
    if cut := run.report["drops"]["cut"]:
        text += "\n\nCharacters removed from texts that were kept or dropped later:\n\n"
        rows = [(code(reason), count(number), escape(meaning_of(reason))) for reason, number in cut.items()]
        text += table(("reason", "characters#", "meaning"), rows)
    return text


def _rules(run: RunFacts) -> str:
    removed: dict[str, dict[str, int]] = run.report["drops"]["rules"]
    rows = []
    for rule in run.settings_of("filter").get("rules", []):
        languages = rule.get("languages") or sorted(removed)
        number = sum(removed.get(language, {}).get(rule["name"], 0) for language in languages)
        condition = condition_of(rule)
        if rule.get("pareto") is not None:
            condition += f"at random, with probability (2 - value)^-{rule['pareto']}"
        scope = ", ".join(map(escape, rule.get("languages") or ["all"]))
        rows.append((code(rule["name"]), scope, code(condition), count(number)))
    if not rows:
        return "No rules were applied."
    text = "A document is kept if it meets the condition of every rule of its language. It is counted under the first "
    text += "rule that it does not meet. The signals are defined in the documentation of sluice.\n\n"
    return text + table(("rule", "languages", "condition", "removed#"), rows)


def _duplicates(run: RunFacts) -> str:
    settings: dict[str, Any] = run.settings_of("dedup").get("dedup", {})
    minhash, dropped = settings.get("minhash", {}), run.dropped_by("dedup")
    text = f"Exact duplicates removed: {dropped.get('exact', 0):,}; near-duplicates: {dropped.get('near', 0):,}"
    if settings.get("urls") is not None:
        text += f"; other versions of the same URL: {dropped.get('url', 0):,} ({escape(settings['urls'])})"
    text += ". A document was removed as a near-duplicate only if a kept document has at least "
    text += f"{settings.get('threshold')} of its shingles in common (Jaccard similarity, computed exactly). Candidates "
    text += f"were found by MinHash: {minhash.get('bands')} bands of {minhash.get('rows')} values, shingles of "
    text += f"{minhash.get('shingle')} words, or characters in Chinese."
    if run.report["line_dedup"] is not None:
        cuts = run.report["line_dedup"]["cuts"] or ()
        lines, characters = (sum(row[name] or 0 for row in cuts) for name in ("n_lines_removed", "n_chars_removed"))
        text += (
            f"\n\nLines that occur in several documents were removed from all except the best one: {lines:,} lines, "
        )
        text += f"{characters:,} characters, in {sum(row['edited'] for row in cuts):,} documents. Quality signals and "
        text += "scores were computed before."
    if run.report["decontaminate"] is not None:
        found = run.report["decontaminate"]["benchmarks"] or ()
        text += "\n\nDocuments that contain items of these benchmarks were removed:\n\n"
        rows = [
            [escape(row["benchmark"]), *(count(row[key]) for key in ("items", "found", "documents"))] for row in found
        ]
        text += table(("benchmark", "items#", "items found#", "documents removed#"), rows)
    return text


def splits_of_run(run: RunFacts) -> dict[str, Any]:
    """Returns whether similar documents in different splits were searched for, and the values of that stage."""
    values = run.report["split_check"]
    return {"checked": values is not None, **(values or {})}


def _splits(run: RunFacts) -> str:
    text = "Documents are assigned to splits by a hash of their near-duplicate cluster, so that a cluster is never "
    text += "divided. The splits are those of the TFRecord shards of the same run."
    found = splits_of_run(run)
    if found["checked"]:
        dropped = run.dropped_by("split_check")
        removed = sum(dropped.values())
        text += f" Held-out documents were compared with those of other splits again: {removed:,} similar documents "
        text += "were removed."
        if found["catch_probability"] is not None:
            missed = 1 - found["catch_probability"]
            text += f" A pair at the threshold is missed with a probability of at most {missed:.2g}."
    return text


def _personal_data(run: RunFacts) -> str:
    masks: dict[str, str | None] = run.settings_of("extract").get("extract", {}).get("pii", {})
    masked: dict[str, int] = run.report["drops"]["masked"]
    rows = [
        (escape(kind), code(mask) if mask is not None else "not searched for", count(masked.get(kind, 0)))
        for kind, mask in masks.items()
    ]
    if not rows:
        return "It is not recorded whether personal data was masked."
    text = "Counts are of all extracted documents, before rules and deduplication.\n\n"
    return text + table(("kind", "replaced by", "masked#"), rows)
