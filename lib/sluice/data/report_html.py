"""The page of a report: one file without scripts, pictures or network, readable on a phone and in the dark.

Texts and addresses in it come from the web and are never trusted: everything passes through `escape`, addresses are
text and not links, and the page forbids browsers to run or fetch anything.
"""

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sluice.data.charts import Series, bar, curve, funnel_step

MAX_ARCHIVES = 100
"""Rows of the archives table; `report.json` has all."""
OPEN_LANGUAGES = 3
"""Languages whose rules and samples are unfolded."""
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Control characters, direction overrides that would reach beyond their text, surrogates and non-characters."""
HAN = re.compile("[\u4e00-\u9fff]")

MEANINGS = {
    "not_response": "requests, metadata and other records that are no response",
    "not_html": "responses that are not HTML",
    "not_selected": "records that plan.selection does not want",
    "blocked_url": "on the block list",
    "url_words": "words in the address",
    "policy": "lines about copyright, privacy, cookies and terms",
    "javascript": "warnings that a page needs JavaScript",
    "citation_marks": "[12], [edit], [来源请求]",
    "social": "counters and share buttons",
    "sign_in": "lines that only ask to sign in",
    "read_more": "read more, 阅读全文",
    "pii": "what masks are shorter by than what they cover",
    "http_status": "the server's answer was an error or a redirect",
    "too_big": "larger than extract.max_page_bytes",
    "too_short": "less text than extract.min_chars",
    "no_text": "nothing left after the page frame was taken off",
    "language": "in none of the wanted languages, or not surely",
    "bad_encoding": "the body could not be decompressed or decoded",
    "extract_error": "the page could not be parsed",
    "timeout": "the page took too long to parse",
    "truncated": "the archive ends in the middle of a record",
    "unreadable": "a remote file still failed after all retries",
    "no_record": "places of the index where no record begins",
    "bad_member": "a compressed member is damaged",
    "content_length": "bytes that belong to no record",
    "trailing_bytes": "bytes after the last record",
    "unsupported_format": "not a WARC or ARC file",
    "empty_file": "nothing in it",
    "tail_of_training_shard": "tokens at the end of a shard that do not fill a record",
}

Values = Mapping[str, Any]

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · sluice</title>
<style>
{style}</style>
</head>
<body>
<header>
<p class="kind">sluice report</p>
<h1>{title}</h1>
<p class="outcome">{outcome}</p>
{attention}
<nav>{links}</nav>
</header>
<main>
{sections}
</main>
</body>
</html>
"""

STYLE = """\
:root {
  --paper: #fbfaf7; --card: #fff; --ink: #22262b; --quiet: #6a7078; --line: #e4e1da; --track: #efece5;
  --water: #1f6f8b; --slope: #1f6f8b2e; --sand: #b9772a; --leaf: #3c7d4b; --alarm: #b3362b; --alarm-paper: #fbeae7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181b; --card: #1d2125; --ink: #e3e5e6; --quiet: #98a0a8; --line: #32383e; --track: #2a2f34;
    --water: #58b2d1; --slope: #58b2d133; --sand: #e0a458; --leaf: #7fc48f; --alarm: #f0857a; --alarm-paper: #3a2320;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink); line-height: 1.55; overflow-wrap: anywhere;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", "PingFang SC",
    "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif;
}
header, main { max-width: 62rem; margin: 0 auto; padding: 0 1.1rem; }
header { padding-top: 2.2rem; }
main { padding-bottom: 4rem; }
h1 { font-size: 2.1rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.35rem; margin: 0 0 .3rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
.kind { margin: 0; color: var(--water); font-size: .85rem; letter-spacing: .06em; }
.outcome { font-size: 1.2rem; margin: 0 0 1rem; max-width: 48rem; }
.quiet, .note { color: var(--quiet); }
.note { margin: 0 0 1rem; max-width: 48rem; }
.none { color: var(--quiet); font-style: italic; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; font-size: .92rem; margin: 1rem 0; }
a { color: var(--water); text-decoration: none; }
a:hover { text-decoration: underline; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: 1.3rem;
  margin-top: 1.2rem; }
ul.attention { list-style: none; margin: 0; padding: .7rem 1rem; border-left: .25rem solid var(--alarm);
  background: var(--alarm-paper); border-radius: .3rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--quiet); font-weight: 500; white-space: nowrap; }
th.n, td.n { text-align: right; white-space: nowrap; overflow-wrap: normal; }
.path { display: block; min-width: 15rem; }
td { min-width: 5rem; }
tr.bad td { background: var(--alarm-paper); }
.bad-word { color: var(--alarm); font-weight: 600; }
.good-word { color: var(--leaf); }
svg { display: block; width: 100%; }
svg .fill { fill: var(--water); }
svg .track { fill: var(--track); }
svg .slope { fill: var(--slope); }
svg.bar, svg.bar-dropped { height: .75rem; border-radius: .2rem; }
svg.bar-dropped .fill { fill: var(--sand); }
svg.funnel { height: 3.2rem; }
.step { display: grid; grid-template-columns: 14.5rem 1fr 10rem; gap: 0 1.2rem; }
.step > div { padding-top: .2rem; }
.step .n { text-align: right; font-variant-numeric: tabular-nums; }
.tokens { text-align: right; margin: .6rem 0 0; }
.step b, .tokens b { font-size: 1.1rem; }
.step small { display: block; color: var(--quiet); line-height: 1.3; }
.bars .row { display: grid; grid-template-columns: 16rem 1fr 7rem; gap: 0 1rem; align-items: center;
  margin-bottom: .4rem; font-size: .92rem; }
.bars .n { text-align: right; font-variant-numeric: tabular-nums; }
.bars small { display: block; color: var(--quiet); line-height: 1.3; }
.chips { display: flex; flex-wrap: wrap; gap: .35rem; }
.chips code, .chip { background: var(--track); border-radius: .8rem; padding: .1rem .6rem; font-size: .82rem; }
code, pre { font-family: ui-monospace, "SF Mono", Consolas, "Noto Sans Mono", monospace; }
code { font-size: .9em; }
pre { font-size: .8rem; overflow-x: auto; overflow-wrap: normal; margin: .5rem 0; }
details { margin: .5rem 0; }
details details { margin: .1rem 0; }
summary + h3 { margin-top: .4rem; }
td svg.bar { margin-top: .4rem; min-width: 5rem; }
summary { cursor: pointer; padding: .2rem 0; }
blockquote { margin: .7rem 0 1rem; padding: .1rem 0 .1rem .9rem; border-left: .2rem solid var(--line); }
blockquote.kept { border-color: var(--leaf); }
blockquote.dropped { border-color: var(--sand); }
blockquote p { margin: 0; }
.text { white-space: pre-wrap; unicode-bidi: isolate; max-height: 15rem; overflow-y: auto; font-size: .95rem; }
.text:lang(zh), .text:lang(ja) { line-height: 1.75; }
.url { font-size: .8rem; color: var(--quiet); unicode-bidi: isolate; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.2rem; }
.figures { display: flex; flex-wrap: wrap; gap: .6rem 2.2rem; margin: .4rem 0 1.2rem; }
.figures div { line-height: 1.3; }
.figures b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.curve { min-width: 34rem; }
.curve text { font-size: 12px; fill: var(--quiet); font-family: inherit; }
.curve .grid { stroke: var(--line); }
.curve .axis { fill: none; stroke: var(--quiet); }
.curve polyline.train, .curve line.train { fill: none; stroke: var(--water); stroke-width: 1.6; }
.curve polyline.eval, .curve line.eval { fill: none; stroke: var(--sand); stroke-width: 1.6; }
.curve polyline.eval2, .curve line.eval2 { fill: none; stroke: var(--leaf); stroke-width: 1.6; }
.curve circle.train { fill: var(--water); }
.curve circle.eval { fill: var(--sand); }
.curve circle.eval2 { fill: var(--leaf); }
@media (max-width: 40rem) {
  section { padding: 1rem .8rem; }
  .step { grid-template-columns: 1fr 1fr; }
  .step svg { grid-row: 2; grid-column: 1 / 3; }
  .bars .row { grid-template-columns: 1fr max-content; }
  .bars svg { grid-row: 2; grid-column: 1 / 3; margin: .2rem 0 .5rem; }
  .pair { grid-template-columns: 1fr; }
}
@media print { section { break-inside: avoid; } .text { max-height: none; } }
"""


def render(report: Values) -> str:
    """The whole page for what `report.build_report` returns."""
    sections = [
        ("funnel", "What became of the input", _funnel(report)),
        ("archives", "Input archives", _archives(report["archives"])),
        ("drops", "Why pages were dropped", _drops(report)),
        ("languages", "Languages", _languages(report)),
        ("rules", "Rules to look at", _rules(report)),
        ("samples", "Samples of text", _samples(report)),
        ("duplicates", "Duplicates", _pairs(report)),
        ("shards", "Tokens and shards", _shards(report)),
        ("training", "Training", _training(report["training"])),
        ("books", "The books", _books(report["books"])),
        ("configuration", "Configuration", _configuration(report["stages"])),
    ]
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


def escape(value: Any) -> str:
    """Text that is safe between tags and in quoted attributes."""
    return html.escape(UNSAFE.sub("\ufffd", "–" if value is None else str(value)), quote=True)


def count(value: Any) -> str:
    """`1,234`, or a dash for what is not known."""
    return f"{value:,.0f}" if isinstance(value, int | float) else "–"


def decimal(value: Any, digits: int = 2) -> str:
    """`1,234.50`, or a dash for what is not known."""
    return "–" if value is None else f"{value:,.{digits}f}"


def percent(share: float | None) -> str:
    """`6.6 %`; very small shares keep two digits and never read as 0."""
    if share is None:
        return "–"
    return f"{100 * share:.1f} %" if share >= 0.001 or not share else f"{100 * share:.2g} %"


def _change(lost: Any) -> str:
    """`−35`, and `+3` where books do not balance."""
    return f"−{count(lost)}" if lost is None or lost >= 0 else f"+{count(-lost)}"


def _share(part: Any, whole: Any) -> str:
    return percent(part / whole if part is not None and whole else None)


def _none(text: str) -> str:
    return f'<p class="none">{escape(text)}</p>'


def _table(head: Sequence[str], rows: Iterable[tuple[Sequence[str], bool]]) -> str:
    """Rows of cells that are HTML already, each with whether it is bad; a heading that ends in # is of numbers."""
    kinds = [' class="n"' if name.endswith("#") else "" for name in head]
    heads = "".join(f"<th{kind}>{name.rstrip('#')}</th>" for name, kind in zip(head, kinds, strict=True))
    lines = []
    for cells, is_bad in rows:
        body = "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(cells, kinds, strict=True))
        kind = ' class="bad"' if is_bad else ""
        lines.append(f"<tr{kind}>{body}</tr>")
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _bars(counts: Mapping[str, int], total: int | None, meaning: Callable[[str], str], style: str) -> str:
    """One bar per reason, as wide as its share of the largest."""
    largest = max(counts.values(), default=0) or 1
    rows = []
    for reason, value in counts.items():
        share = _share(value, total) if total else ""
        label = f"{escape(reason)}: {count(value)} {share}".rstrip()
        about = f"<small>{escape(text)}</small>" if (text := meaning(reason)) else ""
        rows.append(
            f"<div class='row'><div><code>{escape(reason)}</code>{about}</div>{bar(value / largest, label, style)}"
            f'<div class="n">{count(value)} <span class="quiet">{share}</span></div></div>'
        )
    return f'<div class="bars">{"".join(rows)}</div>'


def _funnel(report: Values) -> str:
    steps = [row for row in report["funnel"] if row["count"] is not None]
    parts = []
    for place, row in enumerate(steps):
        following = steps[place + 1]["share_of_first"] if place + 1 < len(steps) else None
        label = f"{row['what']}: {count(row['count'])}, {percent(row['share_of_first'])} of the first"
        change = f"{_change(row['lost'])}, keeps {percent(row['share_of_previous'])}" if row["lost"] else "loses none"
        before = change if place else ""
        parts.append(
            f'<div class="step"><div>{escape(row["what"])}</div>'
            f"{funnel_step(row['share_of_first'] or 0.0, following, escape(label))}"
            f'<div class="n"><b>{count(row["count"])}</b> {percent(row["share_of_first"])}'
            f"<small>{before}</small></div></div>"
        )
    missing = [row["what"] for row in report["funnel"] if row["count"] is None]
    text = "".join(parts) + (_none(f"Not counted yet: {', '.join(missing)}.") if missing else "")
    if report["splits"]:
        tokens = sum(split["tokens"] or 0 for split in report["splits"])
        text += f'<p class="tokens"><b>{count(tokens)}</b> tokens</p>'
    return '<p class="note">Each band is as wide as its share of the first.</p>' + text


def _archives(archives: Values) -> str:
    if archives["count"] is None:
        return _none("The stage extract has not finished.")
    words = f"{count(archives['count'])} archives, {count(archives['bytes'])} bytes."
    if archives["quarantined_bytes"]:
        lost = _share(archives["quarantined_bytes"], archives["bytes"])
        words += f" {count(archives['quarantined_bytes'])} bytes ({lost}) could not be read and are quarantined."
    else:
        words += " Every byte was read."
    text = f'<p class="note">{words}</p>'
    if archives["quarantined"]:
        text += "<h3>Causes of quarantine</h3>" + _bars(archives["quarantined"], None, _meaning, "bar-dropped")
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
    text += _table(("file", "bytes#", "records#", "HTML#", "documents#", "lost bytes#", "state"), rows)
    if rest := len(archives["files"]) - len(shown):
        text += _none(f"{count(rest)} more, all in report.json.")
    if archives["ignored"]:
        names = "".join(f"<li><code>{escape(path)}</code></li>" for path in archives["ignored"][:MAX_ARCHIVES])
        text += f"<details><summary>Left alone (no archives): {count(len(archives['ignored']))}</summary>"
        text += f"<ul>{names}</ul></details>"
    return text


def _drops(report: Values) -> str:
    drops, funnel = report["drops"], {row["what"]: row["count"] for row in report["funnel"]}
    text = '<h3>Before the rules</h3><p class="note">Shares are of all records in the archives.</p>'
    if drops["extract"]:
        text += _bars(drops["extract"], funnel["records in the archives"], _meaning, "bar-dropped")
    else:
        text += _none("No drop is recorded.")
    if cut := {kind: chars for kind, chars in drops["cut"].items() if chars > 0}:
        total = next((book["in"] for book in report["books"] if book["unit"] == "characters"), None)
        text += '<h3>Cut out of documents</h3><p class="note">Characters; shares are of all main text.</p>'
        text += _bars(cut, total, _meaning, "bar-dropped")
    if drops["masked"]:
        text += "<h3>Personal data masked</h3>" + _bars(drops["masked"], None, _meaning, "bar-dropped")
    if not drops["rules"]:
        return text + "<h3>By the rules</h3>" + _none("The stage select has not finished, or judged no document.")
    documents = {row["language"]: row["documents"] for row in report["languages"]}
    meanings = report["rules"]["meaning"]

    def meaning(rule: str) -> str:
        return f"keeps {meanings[rule]}" if rule in meanings else ""

    for place, (language, counts) in enumerate(_by_size(drops["rules"], documents)):
        bars = _bars(counts, documents.get(language), meaning, "bar-dropped") if counts else _none("No rule fired.")
        text += _folded(f"By the rules: <b>{escape(language)}</b>", "share of its documents", bars, place)
    return text


def _by_size(by_language: Mapping[str, Any], documents: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(by_language.items(), key=lambda item: (-(documents.get(item[0]) or 0), item[0]))


def _folded(title: str, about: str, body: str, place: int) -> str:
    is_open = " open" if place < OPEN_LANGUAGES else ""
    return f'<details{is_open}><summary>{title} <span class="quiet">{about}</span></summary>{body}</details>'


def _meaning(reason: str) -> str:
    return MEANINGS.get(reason, "")


def _languages(report: Values) -> str:
    if not report["languages"]:
        return _none("No document yet.")
    rows = []
    for row in report["languages"]:
        share = (row["kept"] or 0) / row["documents"] if row["documents"] else 0.0
        label = f"{escape(row['language'])}: {percent(share)} kept"
        cells = [
            f"<code>{escape(row['language'])}</code>",
            count(row["documents"]),
            count(row["selected"]),
            _share(row["selected"], row["documents"]),
            count(row["kept"]),
            _share(row["kept"], row["documents"]),
            bar(share, label) if row["kept"] is not None else "",
        ]
        rows.append((cells, row["kept"] == 0 and bool(row["documents"])))
    head = ("language", "documents#", "selected by rules#", "share#", "kept after duplicates#", "share#", "")
    return _table(head, rows)


def _rules(report: Values) -> str:
    rules = report["rules"]
    if "fired_on_none" not in rules:
        return _none("The stage select has not finished.")
    meanings = rules["meaning"]
    chips = {
        key: "".join(
            f'<code title="{escape(meanings.get(name.partition(" ")[0], ""))}">{escape(name)}</code>'
            for name in rules[key]
        )
        for key in ("fired_on_most", "fired_on_none")
    }
    text = '<p class="note">A rule that drops most documents, or none at all, is often a mistake.</p>'
    text += "<h3>Dropped more than half of the documents of a language</h3>"
    text += f'<div class="chips">{chips["fired_on_most"]}</div>' if rules["fired_on_most"] else _none("None.")
    text += f"<h3>Dropped nothing ({count(len(rules['fired_on_none']))})</h3>"
    return text + (f'<div class="chips">{chips["fired_on_none"]}</div>' if rules["fired_on_none"] else _none("None."))


def _samples(report: Values) -> str:
    if not report["samples"]:
        return _none("None: the stage select has not finished, or judged no document.")
    documents = {row["language"]: row["documents"] for row in report["languages"]}
    ordered = sorted(report["samples"], key=lambda row: (str(row.get("language")), str(row.get("reason") or "")))
    grouped = {name: list(rows) for name, rows in groupby(ordered, key=lambda row: str(row.get("language")))}
    text = '<p class="note">The beginning of some documents, picked by hash. Addresses are not links on purpose.</p>'
    for place, (language, rows) in enumerate(_by_size(grouped, documents)):
        kept = "".join(_sample(row, report["rules"]["meaning"]) for row in rows if not row.get("reason"))
        body = f"<h3>Selected</h3>{kept or _none('None.')}<h3>Dropped</h3>"
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
        about += f"found {_measure(row.get('value'))}, " if row.get("value") is not None else ""
        about += (
            f"keeps {escape(meanings[reason])}</p>"
            if reason in meanings
            else f"limit {_measure(row.get('threshold'))}</p>"
        )
    quote = _text(row.get("text"), row.get("url"), row.get("language"))
    return f'<blockquote class="{"dropped" if row.get("reason") else "kept"}">{about}{quote}</blockquote>'


def _measure(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, int | float) else escape(value)


def _text(text: Any, url: Any = None, language: Any = None) -> str:
    language = language or ("zh" if HAN.search(str(text)) else None)  # decides the shapes of shared characters
    lang = f' lang="{escape(language)}"' if language else ""
    address = f'<p class="url">{escape(url)}</p>' if url is not None else ""
    return f'<p class="text" dir="auto"{lang}>{escape(text)}</p>{address}'


def _pairs(report: Values) -> str:
    dedup = report["dedup"]
    if dedup["edges"] is None and not report["pairs"]:
        return _none("The stage dedup has not finished.")
    text = _figures(
        (count(dedup["candidate_pairs"]), "candidate pairs"),
        (count(dedup["edges"]), "verified as similar"),
        (count(dedup["too_short_for_near"]), "documents too short for the near step"),
    )
    if not report["pairs"]:
        return text + _none("No document was removed as a duplicate.")
    text += '<p class="note">Left what was removed, right the kept document that makes it redundant.</p>'
    for row in report["pairs"]:
        similarity = row.get("jaccard")
        words = f"{escape(row.get('step'))} duplicate, similarity {_measure(similarity)}"
        text += f'<h3>{words}</h3><div class="pair"><blockquote class="dropped"><p class="quiet">removed, document '
        text += f"{escape(row.get('doc_id'))}</p>{_text(row.get('text'), row.get('url'))}</blockquote>"
        text += f'<blockquote class="kept"><p class="quiet">kept, document {escape(row.get("witness"))}</p>'
        text += f"{_text(row.get('witness_text'), row.get('witness_url'))}</blockquote></div>"
    return text


def _figures(*pairs: tuple[str, str]) -> str:
    return f'<div class="figures">{"".join(f"<div><b>{value}</b>{name}</div>" for value, name in pairs)}</div>'


def _shards(report: Values) -> str:
    tokenizer, text = report["tokenizer"], ""
    if tokenizer["vocab_size"] is not None:
        lossless = {True: "lossless", False: "not lossless"}.get(tokenizer["lossless"], "")
        kind, size = escape(tokenizer["kind"]), count(tokenizer["vocab_size"])
        text += f'<p class="note">Tokenizer: {kind}, {size} tokens, {lossless}; '
        text += f"trained on {count(tokenizer['sample_bytes'])} of {count(tokenizer['training_bytes'])} bytes.</p>"
    if not report["splits"]:
        return text + _none("The stage shards has not finished.")
    names = ("records", "tokens", "docs", "utf8_bytes")
    rows = [
        (
            [escape(row["split"]), *(count(row[name]) for name in names), decimal(row["bytes_per_token"])],
            not row["tokens"],
        )
        for row in report["splits"]
    ]
    head = ("split", "records#", "tokens#", "documents#", "bytes of text#", "bytes per token#")
    return text + _table(head, rows)


def _training(training: Values | None) -> str:
    if training is None:
        return _none("No model has been trained yet.")
    text = ""
    final = training["final"]
    figures = [(decimal(values["ppl"]), f"{escape(split)} perplexity") for split, values in final.items()]
    if not final:
        latest = ((split, points[-1]) for split, points in training["evaluations"].items())
        figures = [
            (decimal(point["ppl"]), f"{escape(split)} perplexity at step {count(point['step'])}")
            for split, point in latest
        ]
    text += _figures(*figures) if figures else ""
    facts = [
        (training["parameters"], "parameters"),
        (training["step"], "steps"),
        (training["tokens"], "tokens seen"),
        (training["tokens_per_s"], "tokens per second"),
        (training["wall_seconds"], "seconds"),
    ]
    words = ", ".join(f"{count(value)} {name}" for value, name in facts if value is not None)
    if training["evaluated_step"] is not None:
        words += f"; the results are of step {count(training['evaluated_step'])}"
    text += f'<p class="note">{escape(words)}.</p>' if words else ""
    series = [Series("training", "train", training["train"], False)]
    for style, (split, points) in zip(("eval", "eval2"), training["evaluations"].items(), strict=False):
        places = [(point["step"], point["loss"]) for point in points if point["loss"] is not None]
        series.append(Series(escape(split), style, places, True))
    picture = curve([line for line in series if line.points])
    text += f'<div class="wide">{picture}</div>' if picture else _none("No point of the training curve yet.")
    if final:
        rows = [
            (
                [
                    escape(split),
                    decimal(values["ppl"]),
                    decimal(values["loss"], 4),
                    decimal(values["bits_per_byte"], 4),
                    count(values["tokens"]),
                ],
                False,
            )
            for split, values in final.items()
        ]
        text += _table(("split", "perplexity#", "loss, nats per token#", "bits per byte#", "tokens scored#"), rows)
    if training["generated"]:
        step = training["generated"]["step"]
        text += f"<h3>Written by the model{f' after step {count(step)}' if step is not None else ''}</h3>"
        for sample in training["generated"]["texts"]:
            text += f"<blockquote>{_text(sample)}</blockquote>"
    return text


def _books(books: Sequence[Values]) -> str:
    if not books:
        return _none("No ledger yet.")
    states = {
        True: '<span class="good-word">balanced</span>',
        False: '<span class="bad-word">does not balance</span>',
        None: "not known",
    }
    rows = [
        (
            [
                escape(line["book"]),
                escape(line["unit"]),
                *(count(line[name]) for name in ("in", "out", "dropped")),
                states[line["balanced"]],
            ],
            line["balanced"] is False,
        )
        for line in books
    ]
    text = '<p class="note">For every stage: what came in is what went out plus what was dropped.'
    text += " An arrow is a handover.</p>"
    return text + _table(("stage", "unit", "in#", "out#", "dropped#", ""), rows)


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
    text = _table(("stage", "state", "seconds#", "digest of everything the result depends on"), rows)
    for row in stages:
        if row["settings"]:
            settings = escape(json.dumps(row["settings"], indent=1, ensure_ascii=False, sort_keys=True))
            text += f"<details><summary>Settings of {escape(row['stage'])}</summary><pre>{settings}</pre></details>"
    return text
