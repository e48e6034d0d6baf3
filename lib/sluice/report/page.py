"""The HTML page of a report: one file without scripts, images or network access, for small screens and dark mode too.

Texts and URLs in it come from the web and are never trusted: everything passes through `escape`, URLs are text rather
than links, and the page forbids browsers to run or fetch anything.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from sluice.core.reasons import meaning_of
from sluice.report.ablation_section import ablation
from sluice.report.charts import bar, funnel_step
from sluice.report.corpus_section import decontamination, duplicates, repeated_lines, split_check
from sluice.report.parts import (
    PAGE,
    STYLE,
    bar_list,
    change_of,
    count,
    decimal,
    escape,
    measure,
    nothing,
    percent,
    quote,
    share_of,
    table,
)
from sluice.report.training_section import training

MAX_ARCHIVES = 100
"""Maximum rows of the archives table; `report.json` contains all."""
OPEN_LANGUAGES = 3
"""Number of languages whose rules and samples are expanded."""

Values = Mapping[str, Any]


def render(report: Values) -> str:
    """Renders the page from the values of `report.build.build_report`."""
    found = [
        ("funnel", "What became of the input", _funnel(report)),
        ("archives", "Input archives", _archives(report["archives"])),
        ("drops", "Why pages were dropped", _drops(report)),
        ("languages", "Languages", _languages(report)),
        ("rules", "Rules to look at", _rules(report)),
        ("samples", "Samples of text", _samples(report)),
        ("duplicates", "Duplicates", duplicates(report)),
        ("decontamination", "Items of benchmarks", decontamination(report["decontaminate"])),
        ("line_dedup", "Repeated lines", repeated_lines(report["line_dedup"])),
        ("split_check", "Near-copies across splits", split_check(report["split_check"])),
        ("shards", "Tokens and shards", _shards(report)),
        ("training", "Training", training(report["training"])),
        ("ablation", "Does curation help?", ablation(report["ablation"])),
        ("accounts", "Record accounting", _accounts(report["accounts"])),
        ("configuration", "Configuration", _configuration(report["stages"])),
    ]
    sections = [section for section in found if section[2]]
    notes = "".join(f"<li>{escape(note)}</li>" for note in report["attention"])
    return PAGE.format(
        title=escape(report["title"]),
        style=STYLE,
        outcome=escape(report["outcome"]),
        attention=f'<ul class="attention">{notes}</ul>' if notes else "",
        links="".join(f'<a href="#{key}">{name}</a>' for key, name, _ in sections),
        sections="\n".join(
            f'<section id="{key}">\n<h2>{name}</h2>\n{body}\n</section>' for key, name, body in sections
        ),
    )


def _funnel(report: Values) -> str:
    steps = [row for row in report["funnel"] if row["count"] is not None]
    parts = []
    for place, row in enumerate(steps):
        following = steps[place + 1]["share_of_first"] if place + 1 < len(steps) else None
        label = f"{row['what']}: {count(row['count'])}, {percent(row['share_of_first'])} of the first"
        change = f"{change_of(row['lost'])}, keeps {percent(row['share_of_previous'])}" if row["lost"] else "loses none"
        before = change if place else ""
        parts.append(
            f'<div class="step"><div>{escape(row["what"])}</div>'
            f"{funnel_step(row['share_of_first'] or 0.0, following, escape(label))}"
            f'<div class="n"><b>{count(row["count"])}</b> {percent(row["share_of_first"])}'
            f"<small>{before}</small></div></div>"
        )
    missing = [row["what"] for row in report["funnel"] if row["count"] is None]
    text = "".join(parts) + (nothing(f"Not counted yet: {', '.join(missing)}.") if missing else "")
    if report["splits"]:
        tokens = sum(split["tokens"] or 0 for split in report["splits"])
        text += f'<p class="tokens"><b>{count(tokens)}</b> tokens</p>'
    return '<p class="note">Each band is as wide as its share of the first.</p>' + text


def _archives(archives: Values) -> str:
    if archives["count"] is None:
        return nothing("The stage extract has not finished.")
    words = f"{count(archives['count'])} archives, {count(archives['bytes'])} bytes."
    if archives["quarantined_bytes"]:
        lost = share_of(archives["quarantined_bytes"], archives["bytes"])
        words += f" {count(archives['quarantined_bytes'])} bytes ({lost}) could not be read and are quarantined."
    else:
        words += " Every byte was read."
    text = f'<p class="note">{words}</p>'
    if archives["quarantined"]:
        text += "<h3>Causes of quarantine</h3>" + bar_list(archives["quarantined"], None, meaning_of, "bar-dropped")
        text += "<h3>Files, the damaged ones first</h3>"
    shown = archives["files"][:MAX_ARCHIVES]
    rows = []
    for file in shown:
        causes = ", ".join(f"{reason} × {count(times)}" for reason, times in sorted(file["quarantined"].items()))
        bad = bool(file["quarantined_bytes"] or file["quarantined"])
        state = (
            f'<span class="bad-word">{escape(causes or "damaged")}</span>'
            if bad
            else '<span class="good-word">whole</span>'
        )
        numbers = [count(file[name]) for name in ("bytes", "records", "html", "documents", "quarantined_bytes")]
        rows.append(([f"<code class='path'>{escape(file['path'])}</code>", *numbers, state], bad))
    text += table(("file", "bytes#", "records#", "HTML#", "documents#", "lost bytes#", "state"), rows)
    if rest := len(archives["files"]) - len(shown):
        text += nothing(f"{count(rest)} more in report.json.")
    if archives["ignored"]:
        names = "".join(f"<li><code>{escape(path)}</code></li>" for path in archives["ignored"][:MAX_ARCHIVES])
        text += f"<details><summary>Ignored files (not archives): {count(len(archives['ignored']))}</summary>"
        text += f"<ul>{names}</ul></details>"
    return text


def _drops(report: Values) -> str:
    drops, funnel = report["drops"], {row["what"]: row["count"] for row in report["funnel"]}
    text = '<h3>Before the rules</h3><p class="note">Shares are of all records in the archives.</p>'
    if drops["extract"]:
        text += bar_list(drops["extract"], funnel["records in the archives"], meaning_of, "bar-dropped")
    else:
        text += nothing("No drops recorded.")
    if cut := {kind: chars for kind, chars in drops["cut"].items() if chars > 0}:
        total = next((line["in"] for line in report["accounts"] if line["unit"] == "characters"), None)
        text += '<h3>Cut out of documents</h3><p class="note">Characters; shares are of all main text.</p>'
        text += bar_list(cut, total, meaning_of, "bar-dropped")
    if drops["masked"]:
        text += "<h3>Personal data masked</h3>" + bar_list(drops["masked"], None, meaning_of, "bar-dropped")
    if not drops["rules"]:
        return text + "<h3>By the rules</h3>" + nothing("the stage filter has not finished, or checked no document.")
    documents = {row["language"]: row["documents"] for row in report["languages"]}
    meanings = report["rules"]["meaning"]

    def meaning(rule: str) -> str:
        return f"keeps {meanings[rule]}" if rule in meanings else ""

    for place, (language, counts) in enumerate(_by_size(drops["rules"], documents)):
        bars = (
            bar_list(counts, documents.get(language), meaning, "bar-dropped") if counts else nothing("No rule fired.")
        )
        text += _folded(f"By the rules: <b>{escape(language)}</b>", "share of its documents", bars, place)
    return text


def _by_size(by_language: Mapping[str, Any], documents: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(by_language.items(), key=lambda item: (-(documents.get(item[0]) or 0), item[0]))


def _folded(title: str, about: str, body: str, place: int) -> str:
    is_open = " open" if place < OPEN_LANGUAGES else ""
    return f'<details{is_open}><summary>{title} <span class="quiet">{about}</span></summary>{body}</details>'


def _languages(report: Values) -> str:
    if not report["languages"]:
        return nothing("No documents yet.")
    rows = []
    for row in report["languages"]:
        share = (row["kept"] or 0) / row["documents"] if row["documents"] else 0.0
        label = f"{escape(row['language'])}: {percent(share)} kept"
        cells = [
            f"<code>{escape(row['language'])}</code>",
            count(row["documents"]),
            count(row["passed"]),
            share_of(row["passed"], row["documents"]),
            count(row["kept"]),
            share_of(row["kept"], row["documents"]),
            bar(share, label) if row["kept"] is not None else "",
        ]
        rows.append((cells, row["kept"] == 0 and bool(row["documents"])))
    head = ("language", "documents#", "passed the rules#", "share#", "kept#", "share#", "")
    return table(head, rows)


def _rules(report: Values) -> str:
    rules = report["rules"]
    if "fired_on_none" not in rules:
        return nothing("the stage filter has not finished.")
    meanings = rules["meaning"]
    chips = {
        key: "".join(
            f'<code title="{escape(meanings.get(name.partition(" ")[0], ""))}">{escape(name)}</code>'
            for name in rules[key]
        )
        for key in ("fired_on_most", "fired_on_none")
    }
    text = '<p class="note">A rule that drops most documents, or none at all, is often wrong.</p>'
    text += "<h3>Dropped more than half of the documents of a language</h3>"
    text += f'<div class="chips">{chips["fired_on_most"]}</div>' if rules["fired_on_most"] else nothing("None.")
    text += f"<h3>Dropped nothing ({count(len(rules['fired_on_none']))})</h3>"
    return text + (f'<div class="chips">{chips["fired_on_none"]}</div>' if rules["fired_on_none"] else nothing("None."))


def _samples(report: Values) -> str:
    if not report["samples"]:
        return nothing("None: the stage filter has not finished, or checked no document.")
    documents = {row["language"]: row["documents"] for row in report["languages"]}
    ordered = sorted(report["samples"], key=lambda row: (str(row.get("language")), str(row.get("reason") or "")))
    grouped = {name: list(rows) for name, rows in groupby(ordered, key=lambda row: str(row.get("language")))}
    text = '<p class="note">The beginning of some documents, picked by hash. URLs are deliberately not links.</p>'
    for place, (language, rows) in enumerate(_by_size(grouped, documents)):
        kept = "".join(_sample(row, report["rules"]["meaning"]) for row in rows if not row.get("reason"))
        body = f"<h3>Selected</h3>{kept or nothing('None.')}<h3>Dropped</h3>"
        for reason, some in groupby(rows, key=lambda row: row.get("reason")):
            if reason:
                quotes = "".join(_sample(row, report["rules"]["meaning"]) for row in some)
                body += f"<details><summary><code>{escape(reason)}</code></summary>{quotes}</details>"
        text += _folded(f"<b>{escape(language)}</b>", "", body, place)
    return text


def _sample(row: Values, meanings: Mapping[str, str]) -> str:
    about = ""
    if reason := row.get("reason"):
        about = f"<p><code>{escape(reason)}</code> "
        about += f"found {measure(row.get('value'))}, " if row.get("value") is not None else ""
        about += (
            f"keeps {escape(meanings[reason])}</p>"
            if reason in meanings
            else f"limit {measure(row.get('threshold'))}</p>"
        )
    text = quote(row.get("text"), row.get("url"), row.get("language"))
    return f'<blockquote class="{"dropped" if row.get("reason") else "kept"}">{about}{text}</blockquote>'


def _shards(report: Values) -> str:
    tokenizer, text = report["tokenizer"], ""
    if tokenizer["vocab_size"] is not None:
        lossless = {True: "lossless", False: "not lossless"}.get(tokenizer["lossless"], "")
        kind, size = escape(tokenizer["kind"]), count(tokenizer["vocab_size"])
        text += f'<p class="note">Tokenizer: {kind}, {size} tokens, {lossless}; '
        text += f"trained on {count(tokenizer['sample_bytes'])} of {count(tokenizer['training_bytes'])} bytes.</p>"
    if not report["splits"]:
        return text + nothing("The stage shards has not finished.")
    names = ("records", "tokens", "docs", "utf8_bytes")
    rows = [
        (
            [escape(row["split"]), *(count(row[name]) for name in names), decimal(row["bytes_per_token"])],
            not row["tokens"],
        )
        for row in report["splits"]
    ]
    head = ("split", "records#", "tokens#", "documents#", "bytes of text#", "bytes per token#")
    return text + table(head, rows)


def _accounts(accounts: Sequence[Values]) -> str:
    if not accounts:
        return nothing("No ledger yet.")
    states = {
        True: '<span class="good-word">balanced</span>',
        False: '<span class="bad-word">does not balance</span>',
        None: "unknown",
    }
    rows = [
        (
            [
                escape(line["account"]),
                escape(line["unit"]),
                *(count(line[name]) for name in ("in", "out", "dropped")),
                states[line["balanced"]],
            ],
            line["balanced"] is False,
        )
        for line in accounts
    ]
    text = '<p class="note">For every stage: in = out + dropped.'
    text += " An arrow marks a handover between stages.</p>"
    return text + table(("stage", "unit", "in#", "out#", "dropped#", ""), rows)


def _configuration(stages: Sequence[Values]) -> str:
    states = {(True, True): "finished", (False, True): "started, not finished", (False, False): "not started"}
    rows = [
        (
            [
                escape(row["stage"]),
                "of another configuration" if row["stale"] else states[row["finished"], row["started"]],
                decimal(row["seconds"], 1),
                f"<code>{escape(row['digest'])}</code>",
            ],
            row["stale"],
        )
        for row in stages
    ]
    text = table(("stage", "state", "seconds#", "digest of everything the result depends on"), rows)
    for row in stages:
        if row["settings"]:
            settings = escape(json.dumps(row["settings"], indent=1, ensure_ascii=False, sort_keys=True))
            text += f"<details><summary>Settings of {escape(row['stage'])}</summary><pre>{settings}</pre></details>"
    return text
