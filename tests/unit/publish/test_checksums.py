"""SHA256SUMS of a published dataset finds every kind of damage, also through `sluice verify`."""

import hashlib
import shutil
import subprocess

import pytest

from sluice.commands.main import main
from sluice.core.errors import FormatError
from sluice.publish.checksums import read_sums, verify_sums, write_sums

FILES = {"README.md": b"# card", "data/en/train-00000-of-00001.parquet": b"rows", "data/b.parquet": b"\x00\xff"}


@pytest.fixture
def published(tmp_path):
    for name, data in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    write_sums(str(tmp_path), {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()})
    return tmp_path


def test_undamaged_files_have_no_problems(published, capsys):
    assert list(verify_sums(str(published))) == []
    assert list(read_sums(str(published))) == sorted(FILES)
    assert main(["verify", str(published)]) == 0
    assert capsys.readouterr().out == "ok: 3 files match SHA256SUMS\n"


def test_sha256sum_reads_the_file(published):
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=published, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.count(": OK") == 3


def test_a_changed_a_missing_and_an_unlisted_file_are_reported(published, capsys):
    (published / "data/b.parquet").write_bytes(b"\x00\xfe")
    (published / "README.md").unlink()
    (published / "data/en/train-00001-of-00002.parquet").write_bytes(b"more")
    changed = hashlib.sha256(b"\x00\xfe").hexdigest()
    expected = hashlib.sha256(b"\x00\xff").hexdigest()
    assert list(verify_sums(str(published))) == [
        "README.md: listed in SHA256SUMS, but missing",
        f"data/b.parquet: sha256 {changed}, but SHA256SUMS has {expected}",
        "data/en/train-00001-of-00002.parquet: in the directory, but not listed in SHA256SUMS",
    ]
    assert main(["verify", str(published)]) == 4
    assert "does not match its SHA256SUMS (problems: 3, listed above)" in capsys.readouterr().err


def test_an_invalid_line_is_named(published):
    (published / "SHA256SUMS").write_text("abc  README.md\n")
    with pytest.raises(FormatError, match="line 1: expected a SHA-256, two spaces and a path"):
        read_sums(str(published))
