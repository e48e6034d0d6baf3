"""Building blocks of report pages: page frame and style, escaping, numbers, tables, bars."""

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sluice.report.charts import bar

HAN = re.compile("[\u4e00-\u9fff]")
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Control characters, direction overrides that would affect text after them, surrogates and non-characters."""

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


def escape(value: Any) -> str:
    """Escapes text for use between tags and in quoted attributes. None becomes a dash."""
    return html.escape(UNSAFE.sub("\ufffd", "–" if value is None else str(value)), quote=True)


def count(value: Any) -> str:
    """Formats a count as `1,234`; unknown values become a dash."""
    return f"{value:,.0f}" if isinstance(value, int | float) else "–"


def decimal(value: Any, digits: int = 2) -> str:
    """Formats a number as `1,234.50`; unknown values become a dash."""
    return "–" if value is None else f"{value:,.{digits}f}"


def percent(share: float | None) -> str:
    """Formats a share as `6.6 %`. Very small shares keep two digits and are never shown as 0."""
    if share is None:
        return "–"
    return f"{100 * share:.1f} %" if share >= 0.001 or not share else f"{100 * share:.2g} %"


def change_of(lost: Any) -> str:
    """Formats a loss as `−35`, or `+3` if counts do not balance."""
    return f"−{count(lost)}" if lost is None or lost >= 0 else f"+{count(-lost)}"


def share_of(part: Any, whole: Any) -> str:
    return percent(part / whole if part is not None and whole else None)


def nothing(text: str) -> str:
    return f'<p class="none">{escape(text)}</p>'


def table(head: Sequence[str], rows: Iterable[tuple[Sequence[str], bool]]) -> str:
    """Builds a table from rows of HTML cells, each with a flag for bad rows. Headings ending in # are numeric."""
    kinds = [' class="n"' if name.endswith("#") else "" for name in head]
    heads = "".join(f"<th{kind}>{name.rstrip('#')}</th>" for name, kind in zip(head, kinds, strict=True))
    lines = []
    for cells, is_bad in rows:
        body = "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(cells, kinds, strict=True))
        kind = ' class="bad"' if is_bad else ""
        lines.append(f"<tr{kind}>{body}</tr>")
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def bar_list(counts: Mapping[str, int], total: int | None, meaning: Callable[[str], str], style: str) -> str:
    """Draws one bar per reason, relative to the largest."""
    largest = max(counts.values(), default=0) or 1
    rows = []
    for reason, value in counts.items():
        share = share_of(value, total) if total else ""
        label = f"{escape(reason)}: {count(value)} {share}".rstrip()
        about = f"<small>{escape(text)}</small>" if (text := meaning(reason)) else ""
        rows.append(
            f"<div class='row'><div><code>{escape(reason)}</code>{about}</div>{bar(value / largest, label, style)}"
            f'<div class="n">{count(value)} <span class="quiet">{share}</span></div></div>'
        )
    return f'<div class="bars">{"".join(rows)}</div>'


def measure(value: Any) -> str:
    """Formats a number with four digits; other values are only escaped."""
    return f"{value:,.4g}" if isinstance(value, int | float) else escape(value)


def quote(text: Any, url: Any = None, language: Any = None) -> str:
    """Shows a text from the web and its URL, which is not a link."""
    language = language or ("zh" if HAN.search(str(text)) else None)  # decides glyph variants
    lang = f' lang="{escape(language)}"' if language else ""
    address = f'<p class="url">{escape(url)}</p>' if url is not None else ""
    return f'<p class="text" dir="auto"{lang}>{escape(text)}</p>{address}'


def figures(*pairs: tuple[str, str]) -> str:
    """Shows large numbers in a row, each with its label."""
    return f'<div class="figures">{"".join(f"<div><b>{value}</b>{name}</div>" for value, name in pairs)}</div>'
