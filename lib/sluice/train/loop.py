"""The training loop: steps, evaluation, samples and checkpoints. `train_and_evaluate` is the entry point."""

import contextlib
import logging
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from sluice.core.config.train import TrainConfig
from sluice.core.errors import EXIT_PREEMPTED, FormatError
from sluice.core.progress import Bar, progress_bar
from sluice.data.dataset.tokenizer import Tokenizer
from sluice.data.dataset.verify import verify_dataset
from sluice.train import run_directory
from sluice.train.build import TrainingParts, build_training
from sluice.train.checkpoint import Checkpoint
from sluice.train.checkpointer import Progress
from sluice.train.distributed.cluster import join_cluster, peak_flop_per_s
from sluice.train.distributed.launch import launch_local
from sluice.train.estimate import estimate
from sluice.train.evaluation.baseline import BaselineResult, evaluate_baseline
from sluice.train.evaluation.evaluate import Evaluation
from sluice.train.failures import readable_errors, require_finite
from sluice.train.input import open_dataset, training_blocks
from sluice.train.optim import StepSettings
from sluice.train.rows import position
from sluice.train.schedule import ValidationLoss, average_from, is_best, learning_rate, since_best
from sluice.train.tensorboard import require_tensorboard

logger = logging.getLogger("sluice.train")
PROBLEMS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The exit code and summary of a run."""

    exit_code: int
    summary: dict[str, Any] = field(default_factory=dict)
    """The content of summary.json; empty unless the run is finished."""


def train_and_evaluate(config: TrainConfig, force: bool = False) -> TrainingResult:
    """Train to the end, resuming from an earlier process of the same run. `force` starts over.

    Exit code 0: finished. 75: stopped by a signal and saved. 76: a peer was lost. Raises ConfigError, InputError or
    FormatError before anything is written, and StageError if the loss is not finite or a disk is full; the last good
    checkpoint is kept.
    """
    if config.log.tensorboard:
        require_tensorboard()
    dataset = open_dataset(config.data)
    plan = estimate(config, dataset)
    if not force:
        run_directory.check_owner(config, dataset.manifest_sha256)
    if config.run.dry_run:
        print(plan)
        _check_records(config)
        return TrainingResult(0)
    if not force and (summary := run_directory.finished(config, plan.total_steps)):
        logger.info("%s is finished; increase train.run.epochs to continue, or start over with --force", config.run.out)
        return TrainingResult(0, summary)
    if config.dist.strategy == "multiworker" and config.dist.local_workers and "TF_CONFIG" not in os.environ:
        code = launch_local(config, config.dist.local_workers, force)
        return TrainingResult(code, run_directory.finished(config, plan.total_steps) or {})
    with join_cluster(config.dist) as cluster, readable_errors(cluster, run_directory.checkpoints(config)):
        return TrainingLoop(build_training(config, dataset, plan, cluster, force=force)).run()


def _check_records(config: TrainConfig) -> None:
    """Verify the whole dataset. Raises FormatError with the first problems if it does not match its manifest."""
    if problems := list(verify_dataset(config.data.manifest)):
        shown = "; ".join(problems[:PROBLEMS_SHOWN])
        raise FormatError(f"{config.data.manifest} has {len(problems)} problems: {shown}. Copy or write it again.")
    print("data              all records read; all checksums and counts match")


class TrainingLoop:
    """Runs the steps of one process, and the evaluations, samples and checkpoints between them."""

    def __init__(self, parts: TrainingParts) -> None:
        self.parts = parts
        self.progress = Progress(parts.carried.zeros())

    def run(self) -> TrainingResult:
        """Resume, train to the end or to a signal, and finish the run."""
        parts, total = self.parts, self.parts.plan.total_steps
        self.progress = progress = parts.checkpointer.resume()
        if progress.step:
            logger.info("resumed at step %d of %d", progress.step, total)
        parts.reporter.begin(progress.step, is_evaluated=not progress.evaluation_due)
        if parts.is_chief:
            run_directory.claim(parts.config, parts.dataset.manifest_sha256)
        if progress.evaluation_due:
            self._run_due_evaluation()
        with progress_bar("train", total, unit="steps", begin=progress.step, show=parts.is_chief) as bar:
            if self._train(bar):
                logger.info("stopped by a signal at step %d; run the same command again to continue", progress.step)
                return TrainingResult(EXIT_PREEMPTED)
            return TrainingResult(0, self._finish())

    def _train(self, bar: Bar) -> bool:
        """Run the remaining steps; return whether a signal stopped them."""
        parts, progress, config = self.parts, self.progress, self.parts.config
        per_epoch, total = parts.plan.steps_per_epoch, parts.plan.total_steps
        while progress.step < total and not self._stops_early():
            place = position(progress.step, per_epoch)
            if place.step == 0:
                progress.state = parts.carried.zeros()
            blocks = training_blocks(
                parts.cluster.strategy, parts.dataset, config.data, seed=config.run.seed, step=progress.step
            )
            for _ in range(min(per_epoch - place.step, total - progress.step)):
                stop = self.one_step(blocks)
                bar.update(progress.step)
                self._after_step(stop)
                if stop:
                    return True
                if self._stops_early():
                    return False
        return False

    def _stops_early(self) -> bool:
        patience = self.parts.config.run.early_stop_patience
        return patience is not None and since_best(self.progress.losses) >= patience

    def one_step(self, blocks: Any) -> bool:
        """Train on the next blocks; return whether any process wants to stop."""
        parts, progress, optim = self.parts, self.progress, self.parts.config.optim
        began = time.perf_counter()
        tokens = next(blocks)
        waited = time.perf_counter() - began
        start = average_from(progress.losses, optim.patience)
        settings = StepSettings(progress.step, self._lr(progress.step), -1 if start is None else start)
        result = parts.train_step(tokens, progress.state, settings, parts.cluster.stop.wanted)
        require_finite(
            result,
            progress.step,
            skips_overflow=optim.precision == "fp16",
            checkpoints=parts.checkpointer.directory,
        )
        progress.state = result.state
        progress.step += 1
        progress.tokens += int(result.count)
        limit, is_finite = optim.clip_norm, math.isfinite(result.norm)
        parts.reporter.step(
            nll=result.nll,
            tokens=result.count,
            norm=result.norm if is_finite else 0.0,
            clipped=limit is not None and is_finite and result.norm > limit,
            step_s=time.perf_counter() - began,
            wait_s=waited,
        )
        parts.cluster.beat()
        return bool(result.stop)

    def _after_step(self, stop: bool) -> None:
        """Log, evaluate and save if due. Same decision on every worker, because gathering the state is collective."""
        parts, progress, run = self.parts, self.progress, self.parts.config.run
        is_last = progress.step == parts.plan.total_steps
        if progress.step % parts.config.log.log_every == 0 or is_last or stop:
            parts.reporter.train_line(progress.step, self._lr(progress.step - 1))
        is_eval = progress.step % (run.eval_every or parts.plan.steps_per_epoch) == 0 or is_last
        progress.evaluation_due = is_eval and stop  # it may take longer than the grace period
        best = self._evaluate() if is_eval and not stop else False
        if is_eval or stop or progress.step % run.checkpoint.every_steps == 0:
            parts.checkpointer.save(progress, best=best)

    def _run_due_evaluation(self) -> None:
        """Run the evaluation that a signal prevented. It repeats if the process dies before its next checkpoint."""
        if self._evaluate():
            self.parts.checkpointer.mark_best()
        self.progress.evaluation_due = False
        self.parts.cluster.first_value(self.progress.step)

    def _evaluate(self) -> bool:
        """Evaluate the validation split and write samples; return whether the result is the best so far."""
        parts, progress, config, best = self.parts, self.progress, self.parts.config, False
        with _averaged_weights(parts):
            if config.data.valid_split:
                result = parts.evaluator.evaluate(
                    config.data.valid_split, max_tokens=config.run.eval_tokens, beat=parts.cluster.beat
                )
                progress.losses += (ValidationLoss(progress.step, result.nll_per_token),)
                best = is_best(progress.losses)
                parts.reporter.evaluation(progress.step, result, best=best)
            if config.run.prompts and parts.is_chief:
                tokenizer = Tokenizer.load(parts.dataset.tokenizer_path)
                texts = parts.sampler.texts(tokenizer, config.run.prompts, config.run.sample, config.run.seed)
                parts.reporter.samples(progress.step, texts)
        return best

    def _finish(self) -> dict[str, Any]:
        """Evaluate the best weights on the whole validation and test splits; write and return the summary."""
        parts, data = self.parts, self.parts.config.data
        checkpoint = parts.checkpointer.best_or_latest()
        parts.model.assign(checkpoint.weights())
        splits = filter(None, (data.valid_split, data.test_split))
        results = [parts.evaluator.evaluate(name, beat=parts.cluster.beat) for name in splits]
        baseline = evaluate_baseline(parts.config.baseline, data, parts.dataset) if parts.is_chief else None
        summary = self._summary(checkpoint, results, baseline)
        parts.reporter.end(summary, results, baseline)
        parts.cluster.first_value(self.progress.step)  # a peer that exits early looks like one that died
        return summary

    def _summary(
        self, checkpoint: Checkpoint, results: list[Evaluation], baseline: BaselineResult | None
    ) -> dict[str, Any]:
        """The content of summary.json."""
        parts, progress, plan = self.parts, self.progress, self.parts.plan
        return {
            "step": progress.step,
            "epochs": progress.step / plan.steps_per_epoch,
            "evaluated_step": checkpoint.facts.step,
            "parameters": plan.parameters,
            "tokens": progress.tokens,
            "wall_seconds": progress.seconds,
            **parts.reporter.speed(plan.flop_per_token, peak_flop_per_s(parts.cluster, parts.model.dtype)),
            "since_best": since_best(progress.losses),
            "replicas": parts.cluster.strategy.num_replicas_in_sync,
            "splits": {result.split: result.to_dict() for result in results},
            "baseline": baseline.to_dict() if baseline else None,
            "tensorflow": tf.__version__,
        }

    def _lr(self, step: int) -> float:
        plan, losses = self.parts.plan, self.progress.losses
        return learning_rate(
            self.parts.config.optim, step, per_epoch=plan.steps_per_epoch, total=plan.total_steps, losses=losses
        )


@contextlib.contextmanager
def _averaged_weights(parts: TrainingParts) -> Iterator[None]:
    """Use the averaged weights, if these exist, until the block ends."""
    averages = parts.optimizer.averages()
    if averages is None:
        yield
        return
    weights = {name: variable.numpy() for name, variable in parts.model.variables.items()}
    parts.model.assign(weights | averages)
    yield
    parts.model.assign(weights)
