"""The report section on an ablation, the same as a page of its own, and its picture as a file."""

from collections.abc import Mapping
from typing import Any

from sluice.report.ablation import interval, rows_of, seeds_of, sentences
from sluice.report.charts import Interval, intervals
from sluice.report.parts import PAGE, STYLE, count, decimal, escape, nothing, percent, table

Values = Mapping[str, Any]

FILE_STYLE = """\
svg { background: #fff; font-family: system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
text { font-size: 12px; fill: #555c64; } text.group { font-weight: 600; fill: #22262b; }
.grid { stroke: #e4e1da; } .axis { stroke: #6a7078; fill: none; }
line.train { stroke: #1f6f8b; stroke-width: 2; } circle.train { fill: #1f6f8b; }
line.eval { stroke: #b9772a; stroke-width: 2; } circle.eval { fill: #b9772a; }
"""
STYLES = ("train", "eval")
"""CSS classes of the models, in order."""


def ablation(results: Values | None) -> str:
    """Renders the picture, the sentences and the table; empty if there was no ablation."""
    if not results:
        return ""
    text = (
        f'<p class="note">Small models trained on {count(results["tokens"])} tokens of every variant: '
        f"{escape(seeds_of(results))}. Lower is better. Intervals are 95 %, over held-out documents and seeds.</p>"
    )
    text += f'<div class="wide">{chart(results)}</div>'
    text += "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in sentences(results)) + "</ul>"
    first = results["variants"][0]["name"]
    head = ("model", "variant", "bits per byte#", f"against {escape(first)}#", "against the variant before#")
    for held_out in results["held_out"]:
        rows = [
            (
                [
                    escape(model),
                    escape(name),
                    decimal(bits, 4),
                    escape(interval(against)) if against else "",
                    escape(interval(before)) if before else "",
                ],
                False,
            )
            for model, name, bits, against, before in rows_of(results, held_out["name"])
        ]
        words = f"{count(held_out['documents'])} documents, {count(held_out['bytes'])} bytes"
        if held_out["excluded"]:
            words += f"; {count(held_out['excluded'])} others are in the training documents and left out"
        text += f'<h3>{escape(held_out["name"])} <span class="quiet">{words}</span></h3>{table(head, rows)}'
    return text + _shared(results)


def _shared(results: Values) -> str:
    """Shows how much of each held-out set occurs somewhere in each variant."""
    names = [held_out["name"] for held_out in results["held_out"]]
    rows = [
        (
            [
                escape(variant["name"]),
                count(variant["documents"]),
                count(variant["available_tokens"]),
                *(percent(held_out["shared_ngrams"][variant["name"]]) for held_out in results["held_out"]),
            ],
            False,
        )
        for variant in results["variants"]
    ]
    about = "The last columns are the share of the 13-grams of a held-out set that occur anywhere in a variant."
    head = ("variant", "documents#", "tokens to draw from#", *(f"{escape(name)}#" for name in names))
    return f'<h3>Variants</h3><p class="note">{about}</p>{table(head, rows)}'


def chart(results: Values) -> str:
    """Draws the change of every variant against the first, by held-out set and model."""
    first, models = results["variants"][0]["name"], list(results["models"])
    groups: dict[str, dict[str, list[Interval]]] = {}
    for row in results["comparisons"]:
        if row["against"] == first:
            style = STYLES[models.index(row["model"]) % len(STYLES)]
            label = f"{row['variant']}, {results['models'][row['model']]['name']}: {interval(row)}"
            found = Interval(escape(label), style, 100 * row["change"], 100 * row["low"], 100 * row["high"])
            groups.setdefault(escape(row["set"]), {}).setdefault(escape(row["variant"]), []).append(found)
    legend = {style: escape(kind["name"]) for style, kind in zip(STYLES, results["models"].values(), strict=False)}
    return intervals(groups, legend, f"change in bits per byte against {escape(first)}, %")


def chart_file(results: Values) -> str:
    """Returns the picture as an SVG file."""
    picture = chart(results).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    start = picture.index(">") + 1
    return f"{picture[:start]}<style>{FILE_STYLE}</style>{picture[start:]}\n"


def page(results: Values) -> str:
    """Renders a page with this section only."""
    names = " → ".join(variant["name"] for variant in results["variants"])
    return PAGE.format(
        title="Does curation help?",
        style=STYLE,
        outcome=escape(names),
        attention="",
        links="",
        sections=f'<section id="ablation">\n{ablation(results) or nothing("No results.")}\n</section>',
    )
