"""Reads the index of this process and the addresses of all workers from the scheduler. Does not import TensorFlow.

Sources, in this order: TF_CONFIG, as set by hosted training services and Kubernetes operators; `train.dist.workers`
with the index of an indexed job; SLURM. TensorFlow's own SLURM resolver calls nvidia-smi, fails without a GPU, and
sorts n10 before n9 (TF 2.21).
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sluice.core.config.train import DistConfig
from sluice.core.errors import ConfigError

INDEX_VARIABLES = ("JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_NODE_INDEX", "BATCH_TASK_INDEX")
"""Index variables of Kubernetes, AWS Batch and Google Batch."""
NODES = re.compile(r"([^,\[\]]+)(?:\[([^\]]*)\])?([^,\[\]]*)(?:,|$)")
TASKS = re.compile(r"(\d+)(?:\(x(\d+)\))?(?:,|$)")


@dataclass(frozen=True, slots=True)
class Task:
    """The index of this process, and the addresses of all processes."""

    index: int
    addresses: tuple[str, ...]
    """Addresses of all processes, the chief first."""

    @property
    def is_chief(self) -> bool:
        return self.index == 0

    def tf_config(self) -> str:
        """Return the value of TF_CONFIG for TensorFlow."""
        cluster = {"worker": list(self.addresses)}
        return json.dumps({"cluster": cluster, "task": {"type": "worker", "index": self.index}})


def this_task(config: DistConfig, environment: Mapping[str, str] = os.environ) -> Task:
    """Return the task of this process. Raises ConfigError if the workers of `multiworker` are missing or invalid."""
    if config.strategy != "multiworker":
        return Task(0, ("localhost",))
    if "TF_CONFIG" in environment:
        task = _from_tf_config(environment["TF_CONFIG"])
    elif config.workers:
        task = _from_index(config.workers, environment)
    elif "SLURM_PROCID" in environment:
        task = _from_slurm(config.port, environment)
    else:
        raise ConfigError(
            "train.dist.strategy = multiworker, but no workers are configured. Let a scheduler set TF_CONFIG, run "
            "under srun, list all in train.dist.workers in an indexed job, or start processes on this machine with "
            "train.dist.local_workers."
        )
    for address in task.addresses:
        if not re.fullmatch(r".+:\d+", address):
            raise ConfigError(f"The worker address {address!r} does not have the form host:port, for example n1:2222.")
    if not 0 <= task.index < len(task.addresses):
        raise ConfigError(
            f"This process is worker {task.index}, but there are only {len(task.addresses)}, counted from 0: "
            f"{', '.join(task.addresses)}. Start one process per address."
        )
    return task


def _from_tf_config(text: str) -> Task:
    try:
        value = json.loads(text)
        cluster, task = value["cluster"], value["task"]
        chiefs = tuple(cluster.get("chief", ()))
        index = int(task["index"]) + (len(chiefs) if task["type"] == "worker" else 0)
        return Task(index, (*chiefs, *cluster["worker"]))
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise ConfigError(
            f"TF_CONFIG must contain cluster.worker and task, but it is {text[:80]!r}. Let your scheduler set it, or "
            "unset it."
        ) from e


def _from_index(workers: tuple[str, ...], environment: Mapping[str, str]) -> Task:
    for name in INDEX_VARIABLES:
        if name in environment:
            return Task(int(environment[name]), workers)
    raise ConfigError(
        f"train.dist.workers lists {len(workers)} workers, but none of {', '.join(INDEX_VARIABLES)} is set, so the "
        "index of this process is unknown. Run it in an indexed job, or set TF_CONFIG."
    )


def _from_slurm(port: int, environment: Mapping[str, str]) -> Task:
    nodes = expand_nodes(environment["SLURM_STEP_NODELIST"])
    counts = expand_counts(environment["SLURM_STEP_TASKS_PER_NODE"])
    if len(nodes) != len(counts):
        raise ConfigError(
            f"SLURM lists {len(nodes)} nodes ({environment['SLURM_STEP_NODELIST']}), but task counts for "
            f"{len(counts)} ({environment['SLURM_STEP_TASKS_PER_NODE']})."
        )
    places = [(node, local) for node, count in enumerate(counts) for local in range(count)]
    index = int(environment["SLURM_PROCID"])
    where = (int(environment.get("SLURM_NODEID", 0)), int(environment.get("SLURM_LOCALID", 0)))
    if index < len(places) and "SLURM_NODEID" in environment and places[index] != where:
        raise ConfigError(
            f"SLURM runs task {index} as number {where[1]} on node {where[0]}; expected number {places[index][1]} on "
            f"node {places[index][0]}. Start the job with srun --distribution=block."
        )
    return Task(index, tuple(f"{nodes[node]}:{port + local}" for node, local in places))


def expand_nodes(text: str) -> list[str]:
    """`n[8-10,3],gpu` → n8, n9, n10, n3, gpu, in this order, which is also the order of the tasks."""
    found = []
    for prefix, ranges, suffix in NODES.findall(text):
        for part in ranges.split(",") if ranges else [""]:
            first, _, last = part.partition("-")
            numbers = range(int(first), int(last or first) + 1) if first else [None]
            found += [f"{prefix}{'' if n is None else f'{n:0{len(first)}d}'}{suffix}" for n in numbers]
    return found


def expand_counts(text: str) -> list[int]:
    """`2(x3),1` → 2, 2, 2, 1."""
    return [int(count) for count, times in TASKS.findall(text) for _ in range(int(times or 1))]
