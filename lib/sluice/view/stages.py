"""The stages of an output directory whose results belong together, and the rules that its filter stage applied."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sluice.core.errors import FormatError, InputError
from sluice.data import storage
from sluice.data.stage import MARKER, SUMMARY

ORDER = ("extract", "filter", "dedup", "decontaminate", "line_dedup", "split_check", "tokenizer", "shards")
TABLE_STAGES = ("dedup", "decontaminate", "line_dedup")
"""Stages that also work on a user's table."""

Values = dict[str, Any]


class Stages(NamedTuple):
    """Stages of one run, in order, by name: the `settings` that each was made with."""

    output: str
    settings: dict[str, Values]
    fingerprint: str
    """Digest of all stage files; it changes when a stage runs again or another batch is complete."""

    def path(self, *parts: str) -> str:
        """Returns a path below the output."""
        return storage.join(self.output, *parts)


def read_stages(output: str) -> Stages:
    """Finds the stages to show: the last finished one and all that it builds on.

    A stage that was left over from other settings is not among them. The first is `extract`, also if it has not
    finished; or the stages that worked on a user's table. Raises InputError without such a stage.
    """
    read: Values = {}
    texts: list[str] = []
    for name in ORDER:
        found: list[Values] = []
        for file in (MARKER, SUMMARY):
            path = storage.join(output, name, file)
            data = storage.read_bytes(path) if storage.exists(path) else b"{}"
            texts.append(data.decode("utf-8", "replace"))
            found.append(_object(data, path))
        read[name] = found
    batches = storage.join(output, "extract", "docs", "_batches")
    if storage.exists(batches):
        texts += storage.list_files(batches)
    names = chain({name: found[0] for name, found in read.items()}, {n: f[1] for n, f in read.items() if f[1]})
    if not names:
        raise InputError(
            f"{output} has no documents to show: expected the output of `sluice run pipeline`, or of `sluice run "
            "dedup` on a table. Use the directory that was set as `output`."
        )
    fingerprint = hashlib.sha256(json.dumps(texts).encode()).hexdigest()
    return Stages(output, {name: read[name][0].get("settings", {}) for name in names}, fingerprint)


def _object(data: bytes, path: str) -> Values:
    try:
        value: Values = json.loads(data)
    except ValueError as e:
        raise FormatError(f"{path} is damaged: {e}. Remove the directory and run the job again.") from e
    return value


def chain(markers: Mapping[str, Values], summaries: Mapping[str, Values]) -> list[str]:
    """Returns the names of the stages to show, in order.

    They are found backwards from the last finished stage, through the digest of each stage's input. Without a run,
    the finished stages that worked on a table are returned.
    """
    digests = {marker["digest"]: name for name, marker in markers.items() if marker.get("digest")}
    for last in reversed(ORDER):
        names: list[str] = []
        name: str | None = last
        while name is not None and (name == "extract" or _is_finished(markers[name], summaries.get(name))):
            names.insert(0, name)
            name = digests.get(markers[name].get("upstream") or "")
        if names and names[0] == "extract" and markers["extract"]:
            return names
    finished = [name for name in TABLE_STAGES if _is_finished(markers[name], summaries.get(name))]
    return [name for name in finished if markers[name]["settings"].get("source")]


def _is_finished(marker: Values, summary: Values | None) -> bool:
    return bool(marker and summary and marker.get("digest") == summary.get("digest"))


SIGNS = {"min": "≥", "above": ">", "max": "≤", "below": "<"}


class RuleCheck(NamedTuple):
    """One rule beside the value of a document."""

    rule: str
    signal: str
    value: float | None
    keeps: str
    """The values that the rule keeps, for example `≥ 0.1 and ≤ 0.8`."""
    passes: bool | None
    """None if the value is undefined or not stored, so that the rule cannot be checked."""


def check_rules(rules: Sequence[Values], language: str | None, measures: Mapping[str, float | None]) -> list[RuleCheck]:
    """Compares the values of one document with all rules for its language, in the order of the rules."""
    checks = []
    for rule in rules:
        if rule.get("languages") is not None and language not in rule["languages"]:
            continue
        value = measures.get(rule["signal"])
        bounds = {name: rule[name] for name in SIGNS if rule.get(name) is not None}
        keeps = " and ".join(f"{SIGNS[name]} {bound:g}" for name, bound in bounds.items())
        if rule.get("pareto"):
            keeps = " and ".join(filter(None, [keeps, "at random, more often near 1"]))
        passes = None if value is None or not bounds else all(_holds(name, value, b) for name, b in bounds.items())
        checks.append(RuleCheck(rule["name"], rule["signal"], value, keeps, passes))
    return checks


def _holds(side: str, value: float, bound: float) -> bool:
    if side == "min":
        return value >= bound
    if side == "max":
        return value <= bound
    return value > bound if side == "above" else value < bound
