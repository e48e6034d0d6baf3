"""The task of a process is read from the environment of different schedulers."""

import json

import pytest

from sluice.core.config.train import DistConfig
from sluice.core.errors import ConfigError
from sluice.train.distributed.task import Task, expand_counts, expand_nodes, this_task

MULTIWORKER = DistConfig(strategy="multiworker")
SLURM = {
    "SLURM_STEP_NODELIST": "n[9-10],gpu1",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2),1",
    "SLURM_PROCID": "2",
    "SLURM_NODEID": "1",
    "SLURM_LOCALID": "0",
}


def test_without_multiworker_there_is_one_task() -> None:
    assert this_task(DistConfig(), {"TF_CONFIG": "nonsense"}) == Task(0, ("localhost",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n1", ["n1"]),
        ("n[8-10,3],gpu", ["n8", "n9", "n10", "n3", "gpu"]),
        ("rack[01-03]-a,b[7]", ["rack01-a", "rack02-a", "rack03-a", "b7"]),
    ],
)
def test_node_lists_keep_order_and_leading_zeros(text: str, expected: list[str]) -> None:
    assert expand_nodes(text) == expected


def test_task_counts_of_slurm_are_expanded() -> None:
    assert expand_counts("2(x3),1") == [2, 2, 2, 1]
    assert expand_counts("4") == [4]


def test_the_task_is_read_from_slurm() -> None:
    task = this_task(DistConfig(strategy="multiworker", port=5000), SLURM)
    assert task == Task(2, ("n9:5000", "n9:5001", "n10:5000", "n10:5001", "gpu1:5000"))
    assert not task.is_chief
    assert json.loads(task.tf_config())["task"] == {"type": "worker", "index": 2}


def test_slurm_with_cyclic_distribution_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"task 2 as number 1 on node 0; .* --distribution=block"):
        this_task(MULTIWORKER, SLURM | {"SLURM_NODEID": "0", "SLURM_LOCALID": "1"})


def test_the_task_is_read_from_an_indexed_job_with_a_list_of_workers() -> None:
    config = DistConfig(strategy="multiworker", workers=("job-0.svc:2222", "job-1.svc:2222"))
    assert this_task(config, {"JOB_COMPLETION_INDEX": "1"}) == Task(1, config.workers)
    with pytest.raises(ConfigError, match="lists 2 workers, but none of JOB_COMPLETION_INDEX"):
        this_task(config, {})
    with pytest.raises(ConfigError, match=r"is worker 2, but there are only 2, counted from 0: job-0\.svc:2222"):
        this_task(config, {"JOB_COMPLETION_INDEX": "2"})


def test_tf_config_has_priority_and_its_chief_is_worker_0() -> None:
    value = {"cluster": {"chief": ["c:1"], "worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}
    assert this_task(MULTIWORKER, SLURM | {"TF_CONFIG": json.dumps(value)}) == Task(2, ("c:1", "a:1", "b:1"))


@pytest.mark.parametrize("text", ["", "[]", '{"cluster": {}}', '{"cluster": {"worker": []}, "task": {}}'])
def test_an_incomplete_tf_config_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError, match=r"TF_CONFIG must contain cluster\.worker and task, but it is"):
        this_task(MULTIWORKER, {"TF_CONFIG": text})


def test_an_address_without_a_port_is_an_error() -> None:
    config = DistConfig(strategy="multiworker", workers=("job-0.svc:2222", "job-1.svc"))
    with pytest.raises(ConfigError, match=r"worker address 'job-1\.svc' does not have the form host:port"):
        this_task(config, {"JOB_COMPLETION_INDEX": "0"})


def test_missing_workers_are_an_error() -> None:
    with pytest.raises(ConfigError, match=r"no workers are configured\. .* train\.dist\.local_workers"):
        this_task(MULTIWORKER, {})
