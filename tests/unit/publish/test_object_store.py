"""Files, descriptions and checksums of a published dataset in an object store."""

import pyarrow as pa
import pytest

from sluice.data import storage
from sluice.publish.checksums import verify_sums
from sluice.publish.describe import describe
from sluice.publish.layout import Column, Dataset, plan_parts
from sluice.publish.writer import write_files
from tests.helpers import s3_server


@pytest.fixture
def bucket(tmp_path):
    """An empty bucket on a server of its own."""
    with s3_server.moto() as port, s3_server.bucket(f"http://127.0.0.1:{port}", "bucket", tmp_path) as uri:
        yield uri


def test_a_dataset_in_an_object_store_is_complete_and_damage_is_found(bucket):
    directory, schema = f"{bucket}/out/publish/corpus", pa.schema([("id", pa.int64()), ("text", pa.string())])
    parts = plan_parts({("en", "train"): 1, ("zh", "train"): 1}, 100)
    files = []
    for part, text in zip(parts, ("The river.", "今天天气很好。"), strict=True):
        rows = pa.record_batch([[1], [text]], schema=schema)
        options = {"language": part.language, "split": part.split, "text": "text", "formats": ("parquet", "jsonl")}
        files += write_files(directory, part.stem(0), [rows], schema=schema, **options)
    columns = (Column("id", "bigint"), Column("text", "string"))
    describe(directory, Dataset(name="corpus", columns=columns, parts=parts, files=tuple(files)))
    assert list(verify_sums(directory)) == []
    names = [path.removeprefix(directory) for path in storage.list_files(directory)]
    assert names == [
        "/README.md",
        "/SHA256SUMS",
        "/croissant.json",
        "/data/en/train-00000-of-00001.jsonl.zst",
        "/data/en/train-00000-of-00001.parquet",
        "/data/zh/train-00000-of-00001.jsonl.zst",
        "/data/zh/train-00000-of-00001.parquet",
    ]
    storage.write_atomic(f"{directory}/data/zh/train-00000-of-00001.parquet", b"damaged")
    (problem,) = verify_sums(directory)
    assert problem.startswith("data/zh/train-00000-of-00001.parquet: sha256 ")
