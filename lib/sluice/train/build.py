"""Builds the objects of a training run: model, optimizer, step function, evaluation, checkpoints and reporter."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from sluice.core.config.train import TrainConfig
from sluice.core.errors import ConfigError
from sluice.data.dataset.tokenizer import Tokenizer
from sluice.train import run_directory
from sluice.train.carried_state import CarriedState
from sluice.train.checkpointer import Checkpointer, RunIdentity
from sluice.train.distributed.cluster import TrainingCluster, is_slow
from sluice.train.estimate import Estimate
from sluice.train.evaluation.evaluate import Evaluator
from sluice.train.evaluation.sample import Sampler
from sluice.train.input import Dataset, check_replicas
from sluice.train.model.glove import embedding_from_glove
from sluice.train.model.language_model import TrainableLanguageModel
from sluice.train.optim import Optimizer
from sluice.train.reporter import Reporter
from sluice.train.step import StepResult, make_step

logger = logging.getLogger("sluice.train")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingParts:
    """The objects used by one process of a run."""

    config: TrainConfig
    dataset: Dataset
    plan: Estimate
    cluster: TrainingCluster
    model: TrainableLanguageModel
    optimizer: Optimizer
    train_step: Callable[..., StepResult]
    carried: CarriedState
    checkpointer: Checkpointer
    evaluator: Evaluator
    sampler: Sampler
    reporter: Reporter

    @property
    def is_chief(self) -> bool:
        return self.cluster.task.is_chief


def build_training(
    config: TrainConfig, dataset: Dataset, plan: Estimate, cluster: TrainingCluster, *, force: bool = False
) -> TrainingParts:
    """Check the settings against the devices and build all parts; `force` deletes the files of an earlier run.

    Raises ConfigError for settings that the devices do not support.
    """
    _check_devices(config, cluster)
    if cluster.task.is_chief and force:
        run_directory.clear(config)
    model, optimizer = _build_model(config, dataset, cluster)
    ids, strategy = dataset.manifest.ids, cluster.strategy
    carried = CarriedState(strategy, model.state_shapes(config.data.batch_size))
    return TrainingParts(
        config=config,
        dataset=dataset,
        plan=plan,
        cluster=cluster,
        model=model,
        optimizer=optimizer,
        train_step=make_step(strategy, model, optimizer, config, ids),
        carried=carried,
        checkpointer=Checkpointer(
            directory=run_directory.checkpoints(config),
            identity=_identity(config, dataset),
            keep=config.run.checkpoint.keep,
            per_epoch=plan.steps_per_epoch,
            cluster=cluster,
            model=model,
            optimizer=optimizer,
            carried=carried,
        ),
        evaluator=Evaluator(model, dataset, config.data.eval_batch_size),
        sampler=Sampler(model, ids.eos),
        reporter=Reporter(
            Path(config.run.out),
            cluster.task.is_chief,
            plan.total_steps,
            plan.steps_per_epoch,
            tensorboard=config.log.tensorboard,
        ),
    )


def _check_devices(config: TrainConfig, cluster: TrainingCluster) -> None:
    check_replicas(config.data, cluster.strategy.num_replicas_in_sync)
    has_gpu = bool(tf.config.list_physical_devices("GPU"))
    if config.model.kernel == "cudnn" and not has_gpu:
        raise ConfigError("train.model.kernel = cudnn, but TensorFlow finds no GPU. Use loop_xla or loop.")
    if is_slow(config.optim.precision) and not has_gpu:
        logger.warning("this CPU is slow in train.optim.precision = %s; fp32 is faster", config.optim.precision)


def _build_model(
    config: TrainConfig, dataset: Dataset, cluster: TrainingCluster
) -> tuple[TrainableLanguageModel, Optimizer]:
    """Create model and optimizer, with variables on all replicas."""
    with cluster.strategy.scope():
        model = TrainableLanguageModel(
            config.model, dataset.manifest.vocab_size, config.run.seed, config.optim.precision
        )
        optimizer = Optimizer(config.optim, model.trained)
    if config.model.glove.path:
        embedding = model.variables["embed.weight"]
        tokenizer = Tokenizer.load(dataset.tokenizer_path)
        embedding.assign(embedding_from_glove(config.model.glove, tokenizer, embedding.numpy()))
    return model, optimizer


def _identity(config: TrainConfig, dataset: Dataset) -> RunIdentity:
    identity = run_directory.identity(config, dataset.manifest_sha256)
    return RunIdentity(config_digest=run_directory.identity_digest(identity), manifest_sha256=dataset.manifest_sha256)
