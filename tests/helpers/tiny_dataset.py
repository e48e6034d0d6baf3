"""A dataset of ten records, written without Spark."""

from pathlib import Path

from sluice.data.dataset.manifest import NamedFile, SpecialIds, TokenizerFile
from sluice.data.dataset.writer import DatasetPlan, commit_dataset, write_shard

SEQ_LEN = 3
IDS = SpecialIds()
PLAN = DatasetPlan(
    name="tiny",
    version="1.0.0",
    seq_len=SEQ_LEN,
    vocab_size=128,
    ids=IDS,
    tokenizer=TokenizerFile(file="tokenizer.json", sha256="aa", kind="bpe", lossless=True),
    token_bytes=NamedFile(file="token_bytes.npy", sha256="bb"),
    config_digest="cc",
    num_shards={"train": 3, "valid": 0, "test": 0},
)


def write_tiny_dataset(path: Path) -> str:
    """Ten records in shards of 4, 0 and 6: 10 to 13, 13 to 16 … 19 20 21 end; 30 to 33 … 45 46 47 end."""
    path.mkdir(parents=True)
    shards = []
    for number, documents in enumerate([[(range(10, 22), 5)], [], [(range(30, 48), 5)]]):
        file = str(path / f"train-{number:05d}-of-00003.tfrecord")
        shards.append(
            write_shard(file, documents, seq_len=SEQ_LEN, dtype="uint16", ids=IDS, add_bos=False, pad_tail=True)
        )
    commit_dataset(str(path), PLAN, shards)
    return str(path)
