"""Checks of all machines before any work: what is accepted, and one line for each cause."""

import socket

import pytest

from sluice import __version__
from sluice.core.errors import ConfigError, InputError, StageError
from sluice.spark.engine.preflight import (
    MIN_FREE_BYTES,
    Seen,
    check_seen,
    look,
    preflight,
    require_scheme,
    warn_of_space,
)


def seen(**changes):
    ours = look("/nowhere", "", 0)
    return Seen(**{**{name: getattr(ours, name) for name in Seen.__struct_fields__}, "problem": None, **changes})


@pytest.mark.parametrize("path", ["out", "/data/out"])
def test_a_path_without_scheme_is_refused_where_spark_would_use_another_file_system(path):
    require_scheme(path, "file:///")
    with pytest.raises(
        ConfigError, match=r"Spark would use hdfs://nn:8020/.*out, sluice the local disk.*file:///"
    ) as e:
        require_scheme(path, "hdfs://nn:8020")
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("path", ["s3://bucket/out", "file:///data/out", "hdfs://nn:8020/out"])
def test_a_path_with_scheme_means_the_same_to_both(path):
    require_scheme(path, "hdfs://nn:8020")


def test_machines_that_saw_and_wrote_are_accepted():
    check_seen([seen(host="a", wrote="a-1"), seen(host="b", wrote="b-1")], "s3://x", {"a-1", "b-1", "c-1"})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sluice": "0.0.9"}, f"b has Python .* and sluice 0.0.9, the driver Python .* and sluice {__version__}"),
        ({"python": "CPython 3.9"}, "b has Python CPython 3.9"),
        ({"problem": "Cannot write s3://x: denied"}, "b cannot use output=s3://x: Cannot write s3://x: denied"),
        (
            {"wrote": "b-1"},
            f"b wrote to output=s3://x, but the driver on {socket.gethostname()} does not find the file",
        ),
    ],
)
def test_a_machine_that_differs_is_named_with_the_cause(changes, words):
    with pytest.raises(StageError, match=words):
        check_seen([seen(host="a", wrote="a-1"), seen(**{"host": "b", "wrote": "a-1", **changes})], "s3://x", {"a-1"})


def test_a_task_reads_the_token_and_writes_a_file(tmp_path):
    (tmp_path / "token").write_text("t")
    found = look(str(tmp_path), "t", 3)
    assert (found.problem, found.sluice) == (None, __version__) and found.free_bytes > 0
    assert (tmp_path / (found.wrote or "")).read_text() == "t"
    assert look(str(tmp_path), "other", 3).problem == "it reads another file than the driver wrote."
    assert "no-token" in (look(str(tmp_path / "no-token"), "t", 3).problem or "")


def test_little_space_is_a_warning(caplog):
    warn_of_space("a", "/tmp", MIN_FREE_BYTES)
    assert not caplog.records
    warn_of_space("a", "/tmp", 10**8)
    assert "a has only 0.1 GB free in /tmp" in caplog.text


def test_the_local_mode_needs_no_job_and_a_cluster_leaves_nothing_behind(spark, tmp_path, monkeypatch):
    preflight(spark, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(spark.sparkContext, "master", "spark://host:7077")
    preflight(spark, str(tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Cannot write"):
        preflight(spark, str(tmp_path / "file"))
