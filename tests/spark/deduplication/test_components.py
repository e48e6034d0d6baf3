"""Connected components by both algorithms equal those of a plain union-find."""

import random

import numpy as np
import pytest

from sluice.core.errors import StageError
from sluice.spark.deduplication import components as module
from sluice.spark.deduplication.components import components
from sluice.spark.engine.work import Checkpoints
from sluice.text.dedup.clusters import smallest_members


def union_find(edges):
    parent = {}

    def root(x):
        while parent.setdefault(x, x) != x:
            x = parent[x]
        return x

    for u, v in edges:
        a, b = root(u), root(v)
        parent[max(a, b)] = min(a, b)
    return {x: root(x) for x in parent}


def random_graph():
    random.seed(11)
    return [tuple(sorted(random.sample(range(400), 2))) for _ in range(260)]


GRAPHS = {
    "empty": [],
    "one edge": [(3, 9)],
    "chain": [(i, i + 1) for i in range(200)],
    "chain backwards": [(200 - i - 1, 200 - i) for i in range(200)],
    "star": [(0, i) for i in range(1, 100)],
    "star round the largest": [(i, 100) for i in range(100)],
    "two cliques": [(i, j) for k in (0, 50) for i in range(k, k + 8) for j in range(i + 1, k + 8)],
    "random": random_graph(),
    "large ids": [(1 << 62, (1 << 62) + 5), (7, 1 << 62)],
}


@pytest.mark.parametrize("name", GRAPHS)
def test_labels_from_arrays_equal_union_find(name):
    edges = GRAPHS[name]
    u = np.array([e[0] for e in edges], np.int64)
    v = np.array([e[1] for e in edges], np.int64)
    nodes, roots = smallest_members(u, v)
    assert dict(zip(nodes.tolist(), roots.tolist(), strict=True)) == union_find(edges)


@pytest.mark.parametrize("name", ["empty", "chain", "star round the largest", "random"])
def test_distributed_rounds_give_the_same_labels_as_one_task(spark, tmp_path, name):
    edges = GRAPHS[name]
    df = spark.createDataFrame(edges, "u long, v long")

    for edges_per_task in (10**6, 60):  # one task; several partitions
        found = components(df, len(edges), edges_per_task, Checkpoints(str(tmp_path))).collect()
        assert {row["rank"]: row["cluster"] for row in found} == union_find(edges)
        assert len(found) == len({row["rank"] for row in found})


def test_rounds_that_do_not_converge_stop_the_run(spark, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "MAX_ROUNDS", 1)
    df = spark.createDataFrame(GRAPHS["chain"], "u long, v long")
    with pytest.raises(StageError, match="did not converge in 1 rounds"):
        components(df, 200, 10, Checkpoints(str(tmp_path)))


def test_components_of_a_graph_of_a_million_nodes():
    rng = np.random.default_rng(5)
    chain = np.arange(500_000, dtype=np.int64)
    noise = rng.integers(500_001, 1_000_000, (2, 300_000))
    u = np.concatenate([chain, noise.min(axis=0)])
    v = np.concatenate([chain + 1, noise.max(axis=0)])
    nodes, roots = smallest_members(u, v)
    label = dict(zip(nodes.tolist(), roots.tolist(), strict=True))
    assert {label[i] for i in range(500_001)} == {0}
    assert all(label[a] == label[b] for a, b in zip(u.tolist(), v.tolist(), strict=True))
    assert all(root <= node for node, root in label.items())
    assert {label[root] == root for root in label.values()} == {True}
