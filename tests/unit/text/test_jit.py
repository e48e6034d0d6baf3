import os
import stat
import subprocess
import sys
from pathlib import Path

import numba

from sluice.text.jit import cache_directory


def run(environment):
    done = subprocess.run(
        [sys.executable, "-c", "from sluice.text.jit import cache_directory as c; print(c())"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(done.stdout.strip())


def test_machine_code_is_stored_in_a_private_folder_named_after_the_sources(tmp_path):
    directory = run({"XDG_CACHE_HOME": str(tmp_path)})
    assert directory.parent == tmp_path / "sluice"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert directory.name == Path(cache_directory()).name


def test_without_a_writable_home_machine_code_is_stored_in_the_temporary_folder(tmp_path):
    (tmp_path / "file").touch()
    directory = run({"XDG_CACHE_HOME": str(tmp_path / "file"), "TMPDIR": str(tmp_path)})
    assert directory.parent == tmp_path / f"sluice-{os.getuid()}"


def test_a_folder_writable_by_other_users_is_not_used(tmp_path):
    directory = run({"XDG_CACHE_HOME": str(tmp_path)})
    directory.chmod(0o777)
    other = run({"XDG_CACHE_HOME": str(tmp_path), "TMPDIR": str(tmp_path)})
    assert other != directory


def test_a_machine_without_cached_code_is_detected(tmp_path):
    code = "from sluice.text import jit; print(jit.is_cold())"
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    (next((tmp_path / "sluice").iterdir()) / "a.nbc").touch()
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_cache_of_other_packages_is_not_changed():
    assert os.environ.get("NUMBA_CACHE_DIR", "") == numba.config.CACHE_DIR
