"""The output of a run: `metrics.jsonl`, progress lines, `samples.txt` and, at the end, `summary.json`."""

import json
import logging
import math
import re
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice.data import storage
from sluice.train.evaluation.baseline import BaselineResult
from sluice.train.evaluation.evaluate import Evaluation
from sluice.train.tensorboard import EventWriter

logger = logging.getLogger("sluice.train")
SAMPLES_OF = re.compile(r"^== step (\d+)$", re.MULTILINE)


@dataclass(slots=True)
class StepStats:
    """Sums over several steps."""

    nll: float = 0.0
    tokens: float = 0.0
    steps: int = 0
    clipped: int = 0
    largest_norm: float = 0.0
    sum_norm: float = 0.0
    timed_tokens: float = 0.0
    """Tokens of all steps except the first of a process, which includes tracing."""
    step_s: float = 0.0
    """Seconds of these steps, including the wait for data, without evaluation and checkpoints."""
    wait_s: float = 0.0
    """Seconds of these steps spent waiting for data."""

    @property
    def tokens_per_s(self) -> float:
        return self.timed_tokens / self.step_s if self.step_s else 0.0


def peak_memory_bytes() -> int:
    """Return the peak host memory of this process in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@dataclass(slots=True)
class Reporter:
    """Writes the files of one run, on the chief worker only."""

    out: Path
    is_chief: bool
    total_steps: int
    steps_per_epoch: int
    interval: StepStats = field(default_factory=StepStats)
    """Steps since the last line."""
    process: StepStats = field(default_factory=StepStats)
    """Steps since the start of this process."""
    rates: list[float] = field(default_factory=list)
    """Tokens per second of each line."""
    tensorboard: bool = False
    """Whether to write event files as well."""
    board: EventWriter | None = None

    def step(self, *, nll: float, tokens: float, norm: float, clipped: bool, step_s: float, wait_s: float) -> None:
        """Add one step to the statistics."""
        is_first = not self.process.steps
        if is_first and self.is_chief:
            logger.info("first step: %.1f s, mostly tracing", step_s)
        for stats in (self.interval, self.process):
            stats.nll, stats.tokens, stats.steps = stats.nll + nll, stats.tokens + tokens, stats.steps + 1
            stats.clipped += clipped
            stats.sum_norm, stats.largest_norm = stats.sum_norm + norm, max(stats.largest_norm, norm)
            if not is_first:
                stats.timed_tokens += tokens
                stats.step_s, stats.wait_s = stats.step_s + step_s, stats.wait_s + wait_s

    @property
    def tokens_per_s(self) -> float:
        """Training throughput of this process, without evaluation and checkpoints."""
        return self.process.tokens_per_s

    def speed(self, flop_per_token: int, peak_flop_per_s: float) -> dict[str, Any]:
        """Return performance values for the summary: throughput, data wait, hardware utilisation, memory."""
        rates = sorted(self.rates) or [self.tokens_per_s]
        return {
            "tokens_per_s": self.tokens_per_s,
            "tokens_per_s_median": rates[len(rates) // 2],
            "tokens_per_s_p10": rates[len(rates) // 10],
            "data_wait_share": self.process.wait_s / self.process.step_s if self.process.step_s else 0.0,
            "peak_flop_per_s": peak_flop_per_s,
            "model_flop_use": flop_per_token * self.tokens_per_s / peak_flop_per_s,
            "peak_memory_bytes": peak_memory_bytes(),
        }

    def begin(self, step: int, *, is_evaluated: bool = True) -> None:
        """Resume logging at `step` (0 for a new run): discard lines for later steps and an earlier end.

        Unless `is_evaluated`, also discard the evaluation after this step, which will run again.
        """
        if not self.is_chief:
            return
        lines = self._drop_after(step, step if is_evaluated else step - 1)
        if self.tensorboard:
            self.board = EventWriter(self.out, lines)

    def _drop_after(self, step: int, evaluated: int) -> list[dict[str, Any]]:
        """Truncate the files after these steps and return the remaining lines."""
        last = {"train": step, "eval": evaluated}
        path, samples = self.out / "metrics.jsonl", self.out / "samples.txt"
        if not path.exists():
            return []
        if samples.exists():
            text = samples.read_text(encoding="utf-8")
            later = [match.start() for match in SAMPLES_OF.finditer(text) if int(match[1]) > evaluated]
            storage.write_atomic(str(samples), text[: min(later, default=len(text))].encode())
        lines = path.read_text().splitlines()
        whole = [(line, json.loads(line)) for line in lines if line.endswith("}")]
        kept = [(line, values) for line, values in whole if values["step"] <= last.get(values["kind"], -1)]
        storage.write_atomic(str(path), "".join(line + "\n" for line, _ in kept).encode())
        return [values for _, values in kept]

    def train_line(self, step: int, lr: float) -> None:
        """Write and log one line for the steps since the last line."""
        stats, self.interval = self.interval, StepStats()
        if not stats.steps:
            return
        if stats.step_s:
            self.rates.append(stats.tokens_per_s)
        loss, wait_share = stats.nll / max(stats.tokens, 1.0), stats.wait_s / stats.step_s if stats.step_s else 0.0
        line = {
            "kind": "train",
            "step": step,
            "epoch": step / self.steps_per_epoch,
            "loss": loss,
            "ppl": _exp(loss),
            "lr": lr,
            "grad_norm": stats.sum_norm / stats.steps,
            "grad_norm_max": stats.largest_norm,
            "clipped_share": stats.clipped / stats.steps,
            "tokens": int(stats.tokens),
            "tokens_per_s": stats.tokens_per_s,
            "data_wait_share": wait_share,
        }
        self._write(line)
        if self.is_chief:
            seconds_left = (self.total_steps - step) * (stats.tokens / stats.steps) / max(stats.tokens_per_s, 1e-9)
            logger.info(
                "step %d/%d  epoch %.2f  left %s  loss %.3f  ppl %.1f  lr %.2g  grad %.2f (%d %% clipped)  "
                "%s tok/s  data wait %.1f %%",
                step,
                self.total_steps,
                line["epoch"],
                duration(seconds_left),
                loss,
                line["ppl"],
                lr,
                line["grad_norm"],
                round(100 * stats.clipped / stats.steps),
                f"{stats.tokens_per_s:,.0f}",
                100 * wait_share,
            )

    def evaluation(self, step: int, result: Evaluation, *, best: bool) -> None:
        """Write and log one line for an evaluation."""
        values = result.to_dict()
        self._write({"kind": "eval", "step": step, "epoch": step / self.steps_per_epoch, **values, "best": best})
        if self.is_chief:
            logger.info("step %d  %s%s", step, result, "  (best so far)" if best else "")

    def samples(self, step: int, texts: Sequence[str]) -> None:
        """Append generated texts to `samples.txt`."""
        if self.is_chief and texts:
            with open(self.out / "samples.txt", "a", encoding="utf-8") as stream:
                stream.write(f"== step {step}\n" + "".join(f"{text}\n--\n" for text in texts))

    def end(self, summary: dict[str, Any], results: Sequence[Evaluation], baseline: BaselineResult | None) -> None:
        """Write the last line, and `summary.json`, which marks the run as finished."""
        self._write({"kind": "end", **summary})
        if self.is_chief:
            for result in results:
                logger.info("best checkpoint, step %d: %s", summary["evaluated_step"], result)
            if baseline:
                log_baseline(baseline, results)
            storage.write_atomic(str(self.out / "summary.json"), (json.dumps(summary, indent=2) + "\n").encode())

    def _write(self, line: dict[str, Any]) -> None:
        if self.is_chief:
            with open(self.out / "metrics.jsonl", "a", encoding="utf-8") as stream:
                stream.write(json.dumps({**line, "unix_time": round(time.time(), 3)}) + "\n")
            if self.board:
                self.board.write(line)


def log_baseline(baseline: BaselineResult, results: Sequence[Evaluation]) -> None:
    """Log one line for each split with results of both models."""
    for theirs in baseline.results:
        for ours in (result for result in results if result.split == theirs.split):
            share = ours.nll / theirs.nll - 1
            words = f"{abs(share):.1%} {'more' if share > 0 else 'fewer'} bits"
            logger.info("%d-grams, %s; the model needs %s", baseline.order, theirs, words)


def duration(seconds: float) -> str:
    """Format seconds as `1:02:03` or `2:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))
