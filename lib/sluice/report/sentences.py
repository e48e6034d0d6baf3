"""Sentences in the report: the outcome, and warnings."""

from typing import Any

Values = dict[str, Any]


def attention(report: Values) -> list[str]:
    """Returns warnings that readers should see first, the most serious at the top."""
    notes = [
        f"The counts do not balance: {line['account']}, {line['in']:,} {line['unit']} in, {line['out']:,} out, "
        f"{line['dropped']:,} dropped."
        for line in report["accounts"]
        if line["balanced"] is False
    ]
    notes += [
        f"Stage {row['stage']} read another configuration of the previous stage. Run it again."
        for row in report["stages"]
        if row["stale"]
    ]
    if missing := [row["stage"] for row in report["stages"] if not row["finished"]]:
        notes.append(f"Not finished: {', '.join(missing)}. Their part of this report is missing.")
    archives = report["archives"]
    if archives["damaged"]:
        lost, total = archives["quarantined_bytes"], archives["bytes"]
        share = f" ({100 * lost / total:.2g} %)" if lost and total else ""
        notes.append(f"{archives['damaged']:,} damaged archives: {lost or 0:,} bytes{share} could not be read.")
    drops = report["drops"]["extract"]
    for reason, deed in (
        ("page_crash", "crashed the parser"),
        ("page_timeout", "timed out"),
    ):
        if drops.get(reason):
            notes.append(
                f"Pages that {deed}: {drops[reason]:,}, rejected as {reason}. Their locations are in extract/docs."
            )
    for rule in report["rules"].get("fired_on_most", []):
        notes.append(f"Rule {rule} drops more than half of the documents that it checks.")
    for row in report["languages"]:
        if row["documents"] and row["kept"] == 0:
            notes.append(f"Language {row['language']}: none of {row['documents']:,} documents is kept.")
    for split in report["splits"]:
        if not split["tokens"]:
            notes.append(f"Split {split['split']} is empty.")
    if report["training"] and not report["training"]["finished"]:
        notes.append("Training has not finished; its numbers are the latest, not the final ones.")
    digests = {row["stage"]: row["digest"] for row in report["stages"]}
    used = (report["ablation"] or {}).get("stages") or {}
    changed = [name for name, digest in used.items() if digest != digests.get(name)]
    if changed:
        notes.append(f"The ablation used an earlier result of {', '.join(changed)}. Run `sluice ablate` again.")
    return notes


def outcome(report: Values) -> str:
    """Summarises the run in one sentence: input, output and the quality of the model."""
    counts = {row["what"]: row["count"] for row in report["funnel"] if row["count"] is not None}
    what, last = list(counts.items())[-1] if counts else ("", None)
    first = counts.get("records in the archives")
    sentence = _counted(first, "record") if first is not None else "This run"
    if archives := report["archives"]["count"]:
        sentence += f" from {_counted(archives, 'web archive')}"
    kept = [row["language"] for row in report["languages"] if row["kept"] or row["kept"] is None]
    languages = f" in {' and '.join((', '.join(kept[:-1]), kept[-1]) if len(kept) > 1 else kept)}" if kept else ""
    if report["splits"]:
        tokens = sum(split["tokens"] or 0 for split in report["splits"])
        sentence += f" became {_counted(last, 'document')}{languages}, {_counted(tokens, 'token')} ready to train on"
    elif last is not None:
        where = "" if what.startswith("documents") else f" ({what})"
        sentence += f" became {_counted(last, 'document')}{languages} so far{where}"
    else:
        sentence += " has not counted any document yet"
    training = report["training"] or {"final": {}}
    for split in ("test", "valid"):
        result = training["final"].get(split, {})
        if result.get("ppl") is not None:
            bits = f", {result['bits_per_byte']:.3f} bits per byte" if result["bits_per_byte"] is not None else ""
            return f"{sentence}; the LSTM trained on them reaches a {split} perplexity of {result['ppl']:,.2f}{bits}."
    return sentence + "."


def _counted(count: int | None, noun: str) -> str:
    return f"{count or 0:,} {noun}{'' if count == 1 else 's'}"
