"""The report section on a training run."""

from collections.abc import Mapping
from typing import Any

from sluice.report.charts import Series, curve
from sluice.report.parts import count, decimal, escape, figures, nothing, percent, quote, table

Values = Mapping[str, Any]


def training(run: Values | None) -> str:
    """HTML with results, learning curve, n-gram baseline and generated texts."""
    if run is None:
        return nothing("No model has been trained yet.")
    text = ""
    final = run["final"]
    results = [(decimal(values["ppl"]), f"{escape(split)} perplexity") for split, values in final.items()]
    if not final:
        latest = ((split, points[-1]) for split, points in run["evaluations"].items())
        results = [
            (decimal(point["ppl"]), f"{escape(split)} perplexity at step {count(point['step'])}")
            for split, point in latest
        ]
    text += figures(*results) if results else ""
    text += _facts(run)
    series = [Series("training", "train", run["train"], False)]
    for style, (split, points) in zip(("eval", "eval2"), run["evaluations"].items(), strict=False):
        places = [(point["step"], point["loss"]) for point in points if point["loss"] is not None]
        series.append(Series(escape(split), style, places, True))
    picture = curve([line for line in series if line.points])
    text += f'<div class="wide">{picture}</div>' if picture else nothing("The training curve has no points yet.")
    if final:
        rows = [(_result(escape(split), values), False) for split, values in final.items()]
        rows += [
            (_result(f"{escape(split)}, {escape(run['baseline']['order'])}-grams", values), True)
            for split, values in run["baseline"]["splits"].items()
        ]
        text += table(("split", "perplexity#", "loss, nats per token#", "bits per byte#", "tokens scored#"), rows)
    if run["generated"]:
        step = run["generated"]["step"]
        text += f"<h3>Written by the model{f' after step {count(step)}' if step is not None else ''}</h3>"
        for sample in run["generated"]["texts"]:
            text += f"<blockquote>{quote(sample)}</blockquote>"
    return text


def _facts(run: Values) -> str:
    """A sentence with sizes and speed."""
    facts = [
        (run["parameters"], "parameters"),
        (run["step"], "steps"),
        (run["tokens"], "tokens seen"),
        (run["tokens_per_s"], "tokens per second"),
        (run["wall_seconds"], "seconds"),
    ]
    words = [f"{count(value)} {name}" for value, name in facts if value is not None]
    shares = [
        (run["model_flop_use"], "of the peak of the machine"),
        (run["data_wait_share"], "of the time spent waiting for data"),
    ]
    words += [f"{percent(value)} {name}" for value, name in shares if value is not None]
    text = ", ".join(words)
    if run["evaluated_step"] is not None:
        text += f"; the results are of step {count(run['evaluated_step'])}"
    return f'<p class="note">{escape(text)}.</p>' if text else ""


def _result(name: str, values: Values) -> list[str]:
    return [
        name,
        decimal(values["ppl"]),
        decimal(values["loss"], 4),
        decimal(values["bits_per_byte"], 4),
        count(values["tokens"]),
    ]
