"""The results of `sluice ablate` in sentences, and as a table for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from sluice.data import storage
from sluice.report.values import Values, read_json

RESULTS = "results.json"
"""Name of the file with all numbers in the directory `ablate` below `output`."""


def ablation(output: str) -> Values | None:
    """Returns the results of a finished ablation in the directory of a run; None without one."""
    return read_json(storage.join(output, "ablate", RESULTS)) or None


def sentences(results: Mapping[str, Any]) -> list[str]:
    """Returns a sentence per step, model and held-out set: the change against the variant before, with its interval."""
    order = [variant["name"] for variant in results["variants"]]
    return [
        sentence(row, results["models"][row["model"]]["name"])
        for row in results["comparisons"]
        if order.index(row["against"]) == order.index(row["variant"]) - 1
    ]


def sentence(row: Mapping[str, Any], model: str) -> str:
    """Describes one change, for example: `+ rules` lowers bits per byte on clean text by 1.9 % (1.6 to 2.2)."""
    low, high = 100 * row["low"], 100 * row["high"]
    begin, end = f"`{row['variant']}`", f"against `{row['against']}` ({model})."
    if low > 0:
        amount = f"{100 * row['change']:.1f} % ({low:.1f} to {high:.1f})"
        return f"{begin} raises bits per byte on {row['set']} by {amount} {end}"
    if high < 0:
        amount = f"{-100 * row['change']:.1f} % ({-high:.1f} to {-low:.1f})"
        return f"{begin} lowers bits per byte on {row['set']} by {amount} {end}"
    ends = " to ".join(signed(row[name]).removesuffix(" %") for name in ("low", "high"))
    return f"{begin}: no clear difference on {row['set']}, {signed(row['change'])} ({ends}, which includes 0) {end}"


def signed(change: float) -> str:
    """Formats a relative change as `−1.9 %` or `+0.3 %`."""
    value = f"{100 * abs(change):.1f}"
    return f"{'' if value == '0.0' else '−' if change < 0 else '+'}{value} %"


def interval(row: Mapping[str, Any]) -> str:
    """Formats a change with its interval: `−1.9 % (−2.2 to −1.6)`, and `unclear` if the interval includes 0."""
    low, high = (signed(row[name]).removesuffix(" %") for name in ("low", "high"))
    unclear = "" if row["low"] > 0 or row["high"] < 0 else " unclear"
    return f"{signed(row['change'])} ({low} to {high}){unclear}"


def rows_of(
    results: Mapping[str, Any], held_out: str
) -> Iterator[tuple[str, str, float, Values | None, Values | None]]:
    """Yields for a held-out set: model, variant, bits per byte, change against the first and against the one before."""
    order = [variant["name"] for variant in results["variants"]]
    bits = {(row["model"], row["variant"]): row["bits_per_byte"] for row in results["scores"] if row["set"] == held_out}
    changes = {
        (row["model"], row["variant"], row["against"]): row for row in results["comparisons"] if row["set"] == held_out
    }
    for model, kind in results["models"].items():
        for place, name in enumerate(order):
            first = changes.get((model, name, order[0]))
            before = changes.get((model, name, order[place - 1])) if place > 1 else None
            yield kind["name"], name, bits[model, name], first, before


def seeds_of(results: Mapping[str, Any]) -> str:
    """Lists the models with their number of seeds: `5-gram model with 8 seeds, LSTM with 3 seeds`."""
    counts = [(kind["name"], len(kind["seeds"])) for kind in results["models"].values()]
    return ", ".join(f"{name} with {count} seed{'' if count == 1 else 's'}" for name, count in counts)


def table(results: Mapping[str, Any]) -> str:
    """Formats the results for a terminal."""
    first = results["variants"][0]["name"]
    head = ("model", "variant", "bits per byte", f"against {first}", "against the variant before")
    lines = [f"{results['tokens']:,} tokens of every variant; {seeds_of(results)}; 95 % intervals"]
    for held_out in results["held_out"]:
        lines += ["", f"{held_out['name']}: {held_out['documents']:,} documents, {held_out['bytes']:,} bytes"]
        rows = [
            (model, name, f"{bits:.4f}", interval(a) if a else "", interval(b) if b else "")
            for model, name, bits, a, b in rows_of(results, held_out["name"])
        ]
        widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
        lines += [
            "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in (head, *rows)
        ]
    return "\n".join(lines)
