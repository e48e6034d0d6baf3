"""The results of jobs/dedup.py are the same rows for any cluster and partitioning, whichever process is killed."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.bench.dedup.check_kills import (
    Verdict,
    command,
    kill_drivers,
    kill_executors,
    results,
    run_and_kill,
    run_calm,
    write_table,
)

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to see what a process writes"),
]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("kills") / "table", 300)


@pytest.fixture(scope="module")
def calm(table, tmp_path_factory):
    """The results of a run on one core with one partition, to which all others are compared."""
    output = tmp_path_factory.mktemp("calm") / "out"
    run_calm(table, output, "local[1]", **{"spark.partitions": "1"})
    return results(output)


def test_planted_duplicates_are_removed(calm, table):
    lines = [line for path in table.glob("*") for line in path.read_text().splitlines()[:-1]]
    ids = {json.loads(line)["id"] for line in lines}
    gone = {row["id"]: row["step"] for row in calm["removals"]}
    copies = {name for name in ids if name.startswith("copy-of")}
    assert len(copies) > 10
    for copy in copies:  # which of the two is kept depends on the order
        assert "exact" in (gone.get(copy), gone.get(copy.removeprefix("copy-of-")))
    assert len([name for name in gone if name.startswith("edit-")]) > 10
    assert not [name for name in gone if name.startswith("family-")]
    for script in "01":  # only neighbours in the chain are similar, so not all others are removed
        assert 3 <= len([name for name in gone if name.startswith(f"chain-{script}")]) <= 4
    assert {row["duplicate_of"] for row in calm["removals"]} <= ids - set(gone)
    assert len(calm["quarantine"]) == 6


def until_killed(tmp_path: Path, kill: Callable[[Path], list[Verdict]]) -> tuple[Path, list[Verdict]]:
    """The first of three runs in which a process was killed in the middle of every table.

    On a busy machine a table may be complete before the kill; such a run tests less, but its results are checked, too.
    """
    for attempt in range(3):
        output = tmp_path / f"out{attempt}"
        verdicts = kill(output)
        assert all(verdict.is_equal and verdict.resumes is not False for verdict in verdicts)
        if all(verdict.was_killed for verdict in verdicts):
            break
    return output, verdicts


def test_killed_executors_of_a_standalone_cluster_do_not_change_the_results(table, calm, tmp_path):
    tables = ["_work/facts", "_work/edges", "removals"]
    _, verdicts = until_killed(tmp_path, lambda output: kill_executors(table, output, tables, calm))
    assert [(verdict.table, verdict.was_killed, verdict.is_equal) for verdict in verdicts] == [
        (name, True, True) for name in tables
    ]


def test_a_killed_driver_with_13_partitions_resumes_after_the_last_complete_table(table, calm, tmp_path):
    tables, settings = ["_work/pairs", "removals"], {"spark.partitions": "13"}
    output, (first, second) = until_killed(
        tmp_path, lambda output: kill_drivers(table, output, tables, calm, **settings)
    )
    assert first == ("driver", "_work/pairs", True, True, True)
    assert second == ("driver", "removals", True, True, True)
    # a finished run does nothing
    done = run_and_kill(command(table, output, "local[2]"), [], output)
    assert done.code == 0 and "already done" in done.log
