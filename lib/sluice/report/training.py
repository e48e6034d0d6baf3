"""The part of a report on a training run, finished or not."""

import math
import re
from collections.abc import Sequence

from sluice.data import storage
from sluice.report.values import Values, number, pick, ratio, read_json, read_lines

MODEL_DIRECTORIES = ("model", "train")
"""Where a training run is looked for below `output`; the first that holds one counts."""
MAX_POINTS = 400
"""Of the training curve; neighbours of longer runs are averaged."""
MAX_TEXTS = 3
GENERATED_CHARS = 1500


def training(output: str) -> Values | None:
    """What a training run wrote, finished or not; None where there is none."""
    for name in MODEL_DIRECTORIES:
        directory = storage.join(output, name)
        lines = read_lines(storage.join(directory, "metrics.jsonl"))
        summary = read_json(storage.join(directory, "summary.json"))
        if lines or summary:
            break
    else:
        return None
    evaluations: dict[str, dict[int, Values]] = {}
    for line in lines:
        if line.get("kind") == "eval" and (step := number(line.get("step"))) is not None:
            evaluations.setdefault(str(line.get("split", "valid")), {})[step] = _evaluation(line)
    final = summary.get("splits") or read_json(storage.join(directory, "evaluation.json")).get("splits") or {}
    # of a step that a killed process did twice, the later line counts
    train = {
        line["step"]: line for line in lines if line.get("kind") == "train" and number(line.get("step")) is not None
    }
    losses = [(step, loss) for step, line in sorted(train.items()) if (loss := number(line.get("loss"))) is not None]
    return {
        "finished": bool(summary),
        "directory": name,
        **pick(summary, "step", "epochs", "evaluated_step", "parameters", "tokens", "wall_seconds", "tokens_per_s"),
        **pick(summary, "replicas", "tensorflow", "model_flop_use", "data_wait_share"),
        "train": _thinned(losses),
        "evaluations": {
            split: [{"step": step, **values} for step, values in sorted(by_step.items())]
            for split, by_step in sorted(evaluations.items())
        },
        "final": {split: _evaluation(values) for split, values in final.items()},
        "baseline": _baseline(summary.get("baseline") or {}),
        "generated": _generated(storage.join(directory, "samples.txt")),
    }


def _evaluation(values: Values) -> Values:
    """Loss in nats per token, perplexity and bits per byte, each from the others where it is missing."""
    ppl, nll, tokens = number(values.get("ppl")), number(values.get("nll")), number(values.get("tokens"))
    loss = ratio(nll, tokens)
    if loss is None and ppl is not None and ppl > 0:
        loss = math.log(ppl)
    if ppl is None and loss is not None:
        ppl = math.exp(min(loss, 700.0))
    return {"loss": loss, "ppl": ppl, "bits_per_byte": number(values.get("bits_per_byte")), "tokens": tokens}


def _baseline(values: Values) -> Values:
    """Of the n-gram model, the same numbers."""
    splits = {split: _evaluation(found) for split, found in (values.get("splits") or {}).items()}
    return {"order": values.get("order"), "splits": splits}


def _thinned(points: Sequence[tuple[int, float]]) -> list[list[float]]:
    """At most MAX_POINTS of [step, loss]: the mean of neighbours, at the last of their steps."""
    size = max(1, math.ceil(len(points) / MAX_POINTS))
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [[group[-1][0], sum(loss for _, loss in group) / len(group)] for group in groups]


def _generated(path: str) -> Values | None:
    """The last texts that the model wrote."""
    if not storage.exists(path):
        return None
    block = ("\n" + storage.read_bytes(path).decode("utf-8", "replace")).rpartition("\n== step ")[2]
    step, _, rest = block.partition("\n")
    texts = [text[:GENERATED_CHARS] for text in re.split(r"\n--(?:\n|$)", rest) if text.strip()]
    return {"step": int(step) if step.isascii() and step.isdigit() else None, "texts": texts[:MAX_TEXTS]}
