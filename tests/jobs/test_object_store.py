"""The whole pipeline with plain PySpark and an output in S3: no connector, no committer, the same bytes."""

import hashlib
import subprocess
import sys

import pytest

from sluice.data import storage
from tests.helpers import s3_server
from tests.helpers.jobs import command, digests, run

pytestmark = pytest.mark.exhaustive


@pytest.fixture
def bucket(tmp_path):
    with s3_server.moto() as port, s3_server.bucket(f"http://127.0.0.1:{port}", "bucket", tmp_path) as uri:
        yield uri


def test_shards_in_a_bucket_have_the_bytes_of_local_ones(reference, sample, bucket):
    output = f"{bucket}/run"
    done = run(command("pipeline", sample, output), timeout_s=900)
    assert done.returncode == 0, done.stdout[-4000:]
    folder = f"{output}/shards/corpus/1.0.0"
    found = {
        path.removeprefix(f"{folder}/"): hashlib.sha256(storage.read_bytes(path)).hexdigest()
        for path in storage.list_files(folder)
        if not path.endswith("config.resolved.yaml")
    }
    assert found == digests(reference)
    names = [path.removeprefix(f"{output}/") for path in storage.list_files(output)]
    assert not [name for name in names if "_temporary" in name or name.startswith(("_owner", "_preflight"))]
    assert "extract/docs/batch=00000/_files.json" in names and "report.html" in names
    verified = subprocess.run([sys.executable, "-m", "sluice", "verify", folder], capture_output=True, text=True)
    assert verified.returncode == 0, verified.stderr
    again = run(command("pipeline", sample, output))
    assert again.returncode == 0 and "extract: already done" in again.stdout


def test_the_scheme_of_hadoop_is_understood_and_a_missing_bucket_is_one_line(sample, bucket):
    done = run(command("extract", sample, f"{bucket.replace('s3:', 's3a:')}/run"), timeout_s=600)
    assert done.returncode == 0, done.stdout[-4000:]
    failed = run(command("extract", sample, "s3://nowhere/run"))
    assert failed.returncode == 3
    assert failed.stdout.splitlines()[-1].startswith("sluice: Cannot")
    assert "Traceback" not in failed.stdout and "bucket does not exist" in failed.stdout
