"""Reports on proposed thresholds and their effect: a rule file, a table for the terminal, a page with histograms."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from sluice.report.charts import histogram
from sluice.report.parts import PAGE, STYLE, escape, percent
from sluice.text.rules.fit_thresholds import Fitted, Proposal
from sluice.text.rules.signal_sample import SignalSample

Texts = Mapping[int, tuple[str, str]]
"""URL and beginning of the text of documents, by position in the sample."""

BINS = 60
NUM_SHOWN = 0.99
"""Share of the values that a histogram shows; it always includes the thresholds."""

MARKS = """
.histogram { min-width: 20rem; margin: .6rem 0; }
.histogram .fill { fill: var(--slope); }
.histogram line.old { stroke: var(--sand); stroke-width: 2; stroke-dasharray: 5 3; }
.histogram line.new { stroke: var(--alarm); stroke-width: 2; }
.histogram line.known { stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 2 3; }
.old-word { color: var(--sand); } .new-word { color: var(--alarm); }
"""


def rule_file(fitted: Fitted) -> str:
    """Returns the proposals as a YAML rule file; a threshold without a proposal becomes a comment."""
    lines = [
        f"# Proposed by `sluice run fit-thresholds` from {fitted.num_documents:,} documents in {fitted.language!r} and",
        f"# {fitted.num_reference:,} in {fitted.reference!r}.",
        f"# Together they drop {percent(fitted.share)} of the sample; the current rules, {percent(fitted.old_share)}.",
    ]
    if any(fitted.num_marks):
        lines.append(f"# {marks_told(fitted)}")
    if fitted.language_score is not None:
        lines.append(f"# FineWeb-2's minimum language score: {fitted.language_score:g} (extract.min_language_score).")
    lines += [
        "description: >",
        f"  {fitted.language}: thresholds transferred from {fitted.reference} as in FineWeb-2.",
        f'languages: ["{fitted.language}"]',  # YAML reads a bare no (Norwegian) as false
        "rules:" if any(proposal.value is not None for proposal in fitted.proposals) else "rules: []",
    ]
    used: Counter[str] = Counter()
    for proposal in fitted.proposals:
        lines.append(f"  # {_told(proposal, fitted)}")
        if proposal.value is not None:
            name = f"fitted_{proposal.signal}_{proposal.side}"
            used[name] += 1
            name += f"_{used[name]}" if used[name] > 1 else ""
            value = np.format_float_positional(proposal.value, trim="-")  # all digits: the shares are of this value
            lines.append(f"  - {{name: {name}, signal: {proposal.signal}, {proposal.side}: {value}}}")
    return "\n".join(lines) + "\n"


def marks_told(fitted: Fitted) -> str:
    """Says how the proposals and the active rules treat the marked documents."""
    good, bad = fitted.num_marks

    def told(dropped: tuple[int, int]) -> str:
        return f"drop {dropped[0]:,} of {good:,} good documents and keep {bad - dropped[1]:,} of {bad:,} bad ones"

    return (
        f"Of the marks, the proposals {told(fitted.marks_dropped)}; the current rules {told(fitted.old_marks_dropped)}."
    )


def _told(proposal: Proposal, fitted: Fitted) -> str:
    known = f"{proposal.side} {proposal.reference:g}, which drops {percent(proposal.reference_share)} there"
    if proposal.value is None:
        return f"{proposal.signal}: no rule ({known}): {proposal.reason}"
    old = "" if proposal.old is None else f"; currently {proposal.old:g}: {percent(proposal.old_share)}"
    marks = ""
    if any(fitted.num_marks):
        dropped = (f"{n:,} of {of:,}" for n, of in zip(proposal.marks_dropped, fitted.num_marks, strict=True))
        marks = "; of the marks, {} good and {} bad".format(*dropped)
    return f"{proposal.method} from {known}; drops {percent(proposal.share)}{old}{marks}"


def table(fitted: Fitted) -> str:
    """Formats one line per proposal, and the totals."""
    head = ("signal", "bound", fitted.reference, "drops", "in force", "drops", "proposed", "drops", "method")
    rows = [
        (
            p.signal,
            p.side,
            f"{p.reference:g}",
            percent(p.reference_share),
            _number(p.old),
            percent(p.old_share),
            _number(p.value),
            percent(p.share),
            p.method if p.value is not None else f"{p.method}: {p.reason}",
        )
        for p in fitted.proposals
    ]
    rows.append(("together", "", "", "", "", percent(fitted.old_share), "", percent(fitted.share), ""))
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head) - 1)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:-1], widths[1:], strict=True))])
        + f"  {row[-1]}"
        for row in (head, *rows)
    ]
    return "\n".join(line.rstrip() for line in lines)


def page(fitted: Sequence[Fitted], samples: Mapping[str, SignalSample], texts: Mapping[str, Texts]) -> str:
    """Returns one HTML page: for each language and bound a histogram, and documents that it alone would drop."""
    sections = [_section(item, samples[item.language], texts[item.language]) for item in fitted]
    links = "".join(f'<a href="#{escape(item.language)}">{escape(item.language)}</a>' for item in fitted)
    return PAGE.format(
        title="Proposed thresholds",
        style=STYLE + MARKS,
        outcome=escape(
            "; ".join(
                f"{item.language}: of {item.num_documents:,} documents the proposals drop {percent(item.share)}, "
                f"the current rules {percent(item.old_share)}"
                for item in fitted
            )
        ),
        attention="",
        links=links,
        sections="\n".join(sections),
    )


def _section(fitted: Fitted, sample: SignalSample, texts: Texts) -> str:
    score = "" if fitted.language_score is None else f" Minimum language score: {fitted.language_score:g}."
    parts = [
        f'<section id="{escape(fitted.language)}"><h2>{escape(fitted.language)}</h2>',
        f'<p class="note">Transferred from {escape(fitted.reference)} ({fitted.num_reference:,} documents). '
        '<span class="new-word">Proposed</span>, <span class="old-word">current</span>, dotted: reference threshold. '
        f"Heights are square roots of counts; the highest 1 % may be cut off.{score}</p>",
    ]
    if any(fitted.num_marks):
        parts.append(f"<p>{escape(marks_told(fitted))}</p>")
    for proposal in fitted.proposals:
        parts.append(f"<h3>{escape(proposal.signal)} · {proposal.side} {escape(_number(proposal.value))}</h3>")
        parts.append(f"<p>{escape(_told(proposal, fitted))}</p>{_picture(proposal, sample)}")
        for i in proposal.only:
            url, text = texts[i]
            value = sample.signals[proposal.signal][i]
            parts.append(
                f'<blockquote class="dropped"><p class="url">{value:.4g} · {escape(url)}</p>'
                f'<p class="text" lang="{escape(fitted.language)}">{escape(text)}</p></blockquote>'
            )
        if not proposal.only and proposal.value is not None:
            parts.append('<p class="none">This rule alone would drop no document.</p>')
    return "".join([*parts, "</section>"])


def _picture(proposal: Proposal, sample: SignalSample) -> str:
    values = sample.signals[proposal.signal]
    values = values[~np.isnan(values)]
    marks = [
        (value, style, f"{label} {value:g}")
        for value, style, label in (
            (proposal.reference, "known", "known"),
            (proposal.old, "old", "in force"),
            (proposal.value, "new", "proposed"),
        )
        if value is not None
    ]
    if not len(values):
        return '<p class="none">Undefined in every document.</p>'
    ends = [*np.quantile(values, [0, NUM_SHOWN]), *(value for value, _, _ in marks)]
    # a limit of 100,000 words would compress all other values to one point
    most = 4 * ends[1] if ends[1] > 0 else max(ends)
    low, high = min(ends), min(max(ends), most)
    if high <= low:
        high = low + 1
    counts, _ = np.histogram(values, BINS, (low, high))
    return f'<div class="wide">{histogram(counts.tolist(), low, high, marks)}</div>'


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
