"""The order of things: steps, evaluation, samples, checkpoints. `train_and_evaluate` is the one entry."""

import contextlib
import errno
import logging
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from sluice.core.config.train import TrainConfig
from sluice.core.errors import EXIT_PREEMPTED, EXIT_STALLED, ConfigError, FormatError, StageError
from sluice.core.progress import Bar, progress_bar
from sluice.data.dataset.tokenizer import Tokenizer
from sluice.data.dataset.verify import verify_dataset
from sluice.train import checkpoint as ckpt
from sluice.train import run_directory
from sluice.train.distributed.cluster import TrainingCluster, is_slow, join_cluster, peak_flop_per_s
from sluice.train.distributed.launch import launch_local
from sluice.train.estimate import Estimate, estimate
from sluice.train.evaluation.baseline import evaluate_baseline
from sluice.train.evaluation.evaluate import Evaluator
from sluice.train.evaluation.sample import Sampler
from sluice.train.input import Dataset, check_replicas, open_dataset, training_blocks
from sluice.train.model.glove import embedding_from_glove
from sluice.train.model.language_model import TrainableLanguageModel
from sluice.train.optim import Optimizer, StepSettings
from sluice.train.reporter import Reporter
from sluice.train.rows import position
from sluice.train.schedule import ValidationLoss, average_from, is_best, learning_rate, since_best
from sluice.train.step import StepResult, Trainer, make_step
from sluice.train.tensorboard import require_tensorboard

logger = logging.getLogger("sluice.train")
NO_CHECKPOINT = -1
PROBLEMS_SHOWN = 3
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Disk full, quota used up, file larger than the process may write."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """How a run ended."""

    exit_code: int
    summary: dict[str, Any] = field(default_factory=dict)
    """The content of summary.json; empty unless the run is finished."""


def train_and_evaluate(config: TrainConfig, force: bool = False) -> TrainingResult:
    """Trains to the end, or goes on where an earlier process of the same run stopped.

    Exit code 0: finished. 75: asked to stop by a signal, and saved. 76: a peer is gone. Raises ConfigError, InputError
    or FormatError before anything is written, and StageError when the loss is not finite or a disk is full; the last
    good checkpoint stays. `force` starts over.
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
        logger.info("%s is finished; raise train.run.epochs to go on, or start over with --force", config.run.out)
        return TrainingResult(0, summary)
    if config.dist.strategy == "multiworker" and config.dist.local_workers and "TF_CONFIG" not in os.environ:
        code = launch_local(config, config.dist.local_workers, force)
        return TrainingResult(code, run_directory.finished(config, plan.total_steps) or {})
    with join_cluster(config.dist) as cluster, _readable_errors(cluster, run_directory.checkpoints(config)):
        return Training(config, dataset, plan, cluster, force).run()


def _check_records(config: TrainConfig) -> None:
    """Reads all of a dataset. Raises FormatError, naming some problems, where it is not what its manifest says."""
    if problems := list(verify_dataset(config.data.manifest)):
        shown = "; ".join(problems[:PROBLEMS_SHOWN])
        raise FormatError(f"{config.data.manifest} has {len(problems)} problems: {shown}. Copy or write it again.")
    print("data              every record read, all checksums and counts hold")


@contextlib.contextmanager
def _readable_errors(cluster: TrainingCluster, checkpoints: Path) -> Iterator[None]:
    """Turns into words: a peer that died, a damaged record, a full disk."""
    try:
        yield
    except OSError as e:
        if e.errno not in NO_ROOM:
            raise
        raise StageError(
            f"{e.strerror}, while writing below {checkpoints.parent}. {_kept_checkpoint(checkpoints)} "
            "Make room, and run the same command again."
        ) from e
    except tf.errors.DataLossError as e:
        raise FormatError(f"A training record is damaged: {e.message}. Run `sluice verify` on the dataset.") from e
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError) as e:
        if len(cluster.task.addresses) == 1:
            raise
        logger.error("worker %d lost a peer: %s", cluster.task.index, str(e.message).splitlines()[0])
        logging.shutdown()
        os._exit(EXIT_STALLED)  # an orderly end would wait for the lost peer


def _kept_checkpoint(checkpoints: Path) -> str:
    """What is left of a run that has failed."""
    step = ckpt.latest_step(checkpoints)
    return "It has no checkpoint yet." if step is None else f"Its checkpoint of step {step} is kept."


class Training:
    """What one process holds during a run."""

    def __init__(
        self, config: TrainConfig, dataset: Dataset, plan: Estimate, cluster: TrainingCluster, force: bool
    ) -> None:
        self.config, self.dataset, self.cluster = config, dataset, cluster
        self.strategy, self.is_chief = cluster.strategy, cluster.task.is_chief
        self.per_epoch, self.total = plan.steps_per_epoch, plan.total_steps
        check_replicas(config.data, self.strategy.num_replicas_in_sync)
        manifest = dataset.manifest
        self.directory = run_directory.checkpoints(config)
        self.identity_digest = run_directory.identity_digest(run_directory.identity(config, dataset.manifest_sha256))
        has_gpu = bool(tf.config.list_physical_devices("GPU"))
        if config.model.kernel == "cudnn" and not has_gpu:
            raise ConfigError("train.model.kernel = cudnn, but TensorFlow sees no GPU. Use loop_xla or loop.")
        if self.is_chief and force:
            run_directory.clear(config)
        if is_slow(config.optim.precision) and not has_gpu:
            logger.warning("this CPU is slow in train.optim.precision = %s; fp32 is faster", config.optim.precision)
        with self.strategy.scope():
            self.model = TrainableLanguageModel(
                config.model, manifest.vocab_size, config.run.seed, config.optim.precision
            )
            self.optimizer = Optimizer(config.optim, self.model.trained)
        if config.model.glove.path:
            embedding = self.model.variables["embed.weight"]
            tokenizer = Tokenizer.load(dataset.tokenizer_path)
            embedding.assign(embedding_from_glove(config.model.glove, tokenizer, embedding.numpy()))
        self.train_step = make_step(Trainer(self.strategy, self.model, self.optimizer), config, manifest.ids)
        # traced once: outside a tf.function TensorFlow traces every gather again
        self._gathered = tf.function(lambda state: [self.strategy.gather(part, axis=0) for part in state])
        self.evaluator = Evaluator(self.model, dataset, config.data.eval_batch_size)
        self.sampler = Sampler(self.model, manifest.ids.eos)
        self.report = Reporter(
            Path(config.run.out), self.is_chief, self.total, self.per_epoch, tensorboard=config.log.tensorboard
        )
        self.state = self._zero_state()
        self.step, self.tokens, self.seconds = 0, 0, 0.0
        self.losses: tuple[ValidationLoss, ...] = ()
        self.evaluation_due = False
        self.started = time.monotonic()
        self.parameters, self.flop_per_token = plan.parameters, plan.flop_per_token

    def run(self) -> TrainingResult:
        """The whole run."""
        self._resume()
        self.report.begin(self.step, is_evaluated=not self.evaluation_due)
        if self.is_chief:
            run_directory.claim(self.config, self.dataset.manifest_sha256)
        if self.evaluation_due:
            self._make_up_for_evaluation()
        with progress_bar("train", self.total, unit="steps", begin=self.step, show=self.is_chief) as bar:
            return self._train(bar)

    def _train(self, bar: Bar) -> TrainingResult:
        """All steps that are left, and the end of the run."""
        while self.step < self.total and not self._is_enough():
            place = position(self.step, self.per_epoch)
            if place.step == 0:
                self.state = self._zero_state()
            blocks = training_blocks(
                self.strategy, self.dataset, self.config.data, seed=self.config.run.seed, step=self.step
            )
            for _ in range(min(self.per_epoch - place.step, self.total - self.step)):
                stop = self.one_step(blocks)
                bar.update(self.step)
                self._after_step(stop)
                if stop:
                    logger.info("stopped by a signal at step %d; the same command goes on from there", self.step)
                    return TrainingResult(EXIT_PREEMPTED)
                if self._is_enough():
                    return self._finish()
        return self._finish()

    def _is_enough(self) -> bool:
        patience = self.config.run.early_stop_patience
        return patience is not None and since_best(self.losses) >= patience

    def one_step(self, blocks: Any) -> bool:
        """Trains on the next blocks; says whether any process wants to stop."""
        began = time.perf_counter()
        tokens = next(blocks)
        waited = time.perf_counter() - began
        lr = self._lr(self.step)
        start = average_from(self.losses, self.config.optim.patience)
        settings = StepSettings(self.step, lr, -1 if start is None else start)
        result = self.train_step(tokens, self.state, settings, self.cluster.stop.wanted)
        self._require_finite(result)
        self.state = result.state
        self.step += 1
        self.tokens += int(result.count)
        limit, is_finite = self.config.optim.clip_norm, math.isfinite(result.norm)
        self.report.step(
            nll=result.nll,
            tokens=result.count,
            norm=result.norm if is_finite else 0.0,
            clipped=limit is not None and is_finite and result.norm > limit,
            step_s=time.perf_counter() - began,
            wait_s=waited,
        )
        self.cluster.beat()
        return bool(result.stop)

    def _after_step(self, stop: bool) -> None:
        """Whatever is due at this step; the same on every worker, since gathering the state is collective."""
        config = self.config
        is_last = self.step == self.total
        if self.step % config.log.log_every == 0 or is_last or stop:
            self.report.train_line(self.step, self._lr(self.step - 1))
        every = config.run.eval_every or self.per_epoch
        is_eval = self.step % every == 0 or is_last
        self.evaluation_due = is_eval and stop  # it may take longer than whoever sent the signal will wait
        best = self._evaluate_while_training() if is_eval and not stop else False
        if is_eval or stop or self.step % config.run.checkpoint.every_steps == 0:
            self._save(best)

    def _make_up_for_evaluation(self) -> None:
        """What was left out at a signal; should this process end before its next checkpoint, the next one does it."""
        if self._evaluate_while_training() and self.is_chief:
            ckpt.mark_best(self.directory)
        self.evaluation_due = False
        self.cluster.first_value(self.step)

    def _evaluate_while_training(self) -> bool:
        """Evaluates the validation split and writes samples; says whether this is the best so far.

        With averaged weights, where these are kept.
        """
        averages = self.optimizer.averages()
        if averages is None:
            return self._evaluate()
        weights = {name: variable.numpy() for name, variable in self.model.variables.items()}
        self.model.assign(weights | averages)
        best = self._evaluate()
        self.model.assign(weights)
        return best

    def _evaluate(self) -> bool:
        config, best = self.config, False
        if config.data.valid_split:
            result = self.evaluator.evaluate(
                config.data.valid_split, max_tokens=config.run.eval_tokens, beat=self.cluster.beat
            )
            self.losses += (ValidationLoss(self.step, result.nll_per_token),)
            best = is_best(self.losses)
            self.report.evaluation(self.step, result, best=best)
        if config.run.prompts and self.is_chief:
            tokenizer = Tokenizer.load(self.dataset.tokenizer_path)
            texts = self.sampler.texts(tokenizer, config.run.prompts, config.run.sample, config.run.seed)
            self.report.samples(self.step, texts)
        return best

    def _finish(self) -> TrainingResult:
        """Evaluates the best weights on all of validation and test, and writes the summary."""
        config = self.config
        checkpoint = ckpt.load(self.directory, "BEST") or ckpt.load(self.directory, "LATEST")
        assert checkpoint is not None, "a checkpoint is written after the last step"
        self.model.assign(checkpoint.weights())
        splits = list(filter(None, (config.data.valid_split, config.data.test_split)))
        results = {name: self.evaluator.evaluate(name, beat=self.cluster.beat) for name in splits}
        baseline = evaluate_baseline(config.baseline, config.data, self.dataset) if self.is_chief else None
        seconds = self._seconds()
        summary = {
            "step": self.step,
            "epochs": self.step / self.per_epoch,
            "evaluated_step": checkpoint.facts.step,
            "parameters": self.parameters,
            "tokens": self.tokens,
            "wall_seconds": seconds,
            **self.report.speed(self.flop_per_token, peak_flop_per_s(self.cluster, self.model.dtype)),
            "since_best": since_best(self.losses),
            "replicas": self.strategy.num_replicas_in_sync,
            "splits": {name: result.to_dict() for name, result in results.items()},
            "baseline": baseline.to_dict() if baseline else None,
            "tensorflow": tf.__version__,
        }
        self.report.end(summary, list(results.values()), baseline)
        self.cluster.first_value(self.step)  # a peer that leaves early looks like one that died
        return TrainingResult(0, summary)

    def _resume(self) -> None:
        """Loads the latest checkpoint, the one that the chief sees."""
        latest = ckpt.latest_step(self.directory)
        step = self.cluster.first_value(NO_CHECKPOINT if latest is None else latest)
        if step == NO_CHECKPOINT:
            return
        checkpoint = ckpt.load(self.directory, "LATEST")
        if checkpoint is None or checkpoint.facts.step != step:
            raise StageError(
                f"Worker {self.cluster.task.index} does not see the checkpoint of step {step} below {self.directory}. "
                "train.run.out must be on storage that all workers share."
            )
        facts = checkpoint.facts
        if facts.config_digest != self.identity_digest:
            raise ConfigError(
                f"The checkpoint of step {step} below {self.directory} is of another configuration or dataset: its "
                f"digest is {facts.config_digest}, that of this run {self.identity_digest}. Put back the checkpoints "
                "of this run, or start over with --force."
            )
        self.model.assign(checkpoint.part("model"))
        self.optimizer.assign(checkpoint.part("optim"))
        states = checkpoint.part("state")
        self.state = self._distribute([states[str(index)] for index in range(len(states))])
        self.step, self.tokens, self.seconds, self.losses = facts.step, facts.tokens, facts.seconds, facts.losses
        self.evaluation_due = facts.evaluation_due
        if self.is_chief and self.losses and self.losses[-1].step == step and is_best(self.losses):
            ckpt.mark_best(self.directory)  # a kill between the two pointers may have left the one before
        logger.info("resumed at step %d of %d", self.step, self.total)

    def _save(self, best: bool) -> None:
        """Gathers the state from all workers; the chief writes."""
        arrays = {f"state/{index}": part for index, part in enumerate(self._gather(self.state))}
        if self.is_chief:
            self._write(arrays, best)
        self.cluster.first_value(self.step)  # nobody goes on, or leaves, before it is published

    def _write(self, arrays: dict[str, np.ndarray], best: bool) -> None:
        arrays |= {f"model/{name}": variable.numpy() for name, variable in self.model.variables.items()}
        arrays |= {f"optim/{name}": slot.numpy() for name, slot in self.optimizer.slots.items()}
        facts = ckpt.CheckpointFacts(
            step=self.step,
            epoch=position(self.step, self.per_epoch).epoch,
            tokens=self.tokens,
            seconds=self._seconds(),
            losses=self.losses,
            evaluation_due=self.evaluation_due,
            config_digest=self.identity_digest,
            manifest_sha256=self.dataset.manifest_sha256,
        )
        ckpt.save(self.directory, ckpt.Checkpoint(facts, arrays), keep=self.config.run.checkpoint.keep, best=best)

    def _require_finite(self, result: StepResult) -> None:
        # with loss scaling a step may overflow: it is skipped and the scale halves
        norm = 0.0 if self.config.optim.precision == "fp16" else result.norm
        if not math.isfinite(result.nll + norm):
            raise StageError(
                f"At step {self.step} the loss was {result.nll / result.count} and the gradient norm {result.norm}, "
                f"which are not finite. {_kept_checkpoint(self.directory)} Start over with a smaller "
                "train.optim.lr or train.optim.clip_norm."
            )

    def _zero_state(self) -> Any:
        return self._distribute([np.zeros(shape, np.float32) for shape in self._state_shapes()])

    def _state_shapes(self) -> list[tuple[int, ...]]:
        return self.model.state_shapes(self.config.data.batch_size)

    def _distribute(self, state: list[np.ndarray]) -> Any:
        """Per replica its rows of a global state [G, H]."""
        rows = self.config.data.batch_size // self.strategy.num_replicas_in_sync

        def of_replica(context: Any) -> Any:
            first = int(context.replica_id_in_sync_group) * rows
            return tuple(tf.constant(part[first : first + rows]) for part in state)

        return self.strategy.experimental_distribute_values_from_function(of_replica)

    def _gather(self, state: Any) -> list[np.ndarray]:
        """The global state [G, H], in row order. Collective."""
        return [part.numpy() for part in self._gathered(state)]

    def _lr(self, step: int) -> float:
        return learning_rate(self.config.optim, step, per_epoch=self.per_epoch, total=self.total, losses=self.losses)

    def _seconds(self) -> float:
        return self.seconds + time.monotonic() - self.started
