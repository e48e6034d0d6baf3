"""Writes shards, for Spark tasks and `sluice pack`, and commits them as a dataset.

The bytes of a shard are a function of its documents. Every attempt writes the same bytes to the same name, so retries
and speculative execution are harmless. The dataset exists only once `commit_dataset` has written the manifest.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable

import google_crc32c
import msgspec
import numpy as np
from numpy.typing import ArrayLike

from sluice.core.errors import StageError
from sluice.data import storage
from sluice.data.dataset.manifest import (
    Manifest,
    NamedFile,
    Shard,
    SpecialIds,
    Split,
    SplitCheck,
    TokenizerFile,
    token_dtype,
    write_manifest,
)
from sluice.data.dataset.packing import PackingCounts, pack
from sluice.data.dataset.tfrecord import encode_records, record_layout


class DatasetPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Properties of a dataset that are known before its shards are written."""

    name: str
    version: str
    seq_len: int
    vocab_size: int
    ids: SpecialIds
    tokenizer: TokenizerFile
    token_bytes: NamedFile
    config_digest: str
    num_shards: dict[str, int]
    """Number of shards by split; splits without shards are not in the manifest."""
    split_check: SplitCheck | None = None


def shard_name(split: str, index: int, num_shards: int) -> str:
    """Returns a name such as `train-00003-of-00008.tfrecord`."""
    return f"{split}-{index:05d}-of-{num_shards:05d}.tfrecord"


def write_shard(
    path: str,
    documents: Iterable[tuple[ArrayLike, int]],
    *,
    seq_len: int,
    dtype: str,
    ids: SpecialIds,
    add_bos: bool,
    pad_tail: bool,
) -> Shard:
    """Writes one shard atomically and returns its description; `Shard.path` is the last part of `path`.

    documents: (ids, UTF-8 bytes of the text), in order. See `packing.pack` for the other parameters.
    Memory is bounded by one block of windows. Raises StageError for ids that a document must not contain.
    """
    counts = PackingCounts()
    sha256, crc32c, size = hashlib.sha256(), 0, 0
    with storage.atomic_writer(path) as stream:
        for windows in pack(
            documents, counts, seq_len=seq_len, dtype=dtype, ids=ids, add_bos=add_bos, pad_tail=pad_tail
        ):
            block = encode_records(windows)
            stream.write(block)
            sha256.update(block)
            crc32c = google_crc32c.extend(crc32c, block)
            size += len(block)
    return Shard(
        path=path.rpartition("/")[2],
        records=counts.records,
        bytes=size,
        sha256=sha256.hexdigest(),
        crc32c=f"{crc32c:08x}",
        tokens=counts.tokens,
        docs=counts.docs,
        utf8_bytes=counts.utf8_bytes,
        dropped_tokens=counts.dropped_tokens,
        padded_tokens=counts.padded_tokens,
    )


def commit_dataset(directory: str, plan: DatasetPlan, shards: Iterable[Shard]) -> Manifest:
    """Checks the written shards against the plan, writes the manifest last, and returns it.

    Raises StageError, and publishes nothing, unless every planned shard was written exactly once.
    """
    shards = list(shards)
    names = {split: [shard_name(split, i, n) for i in range(n)] for split, n in plan.num_shards.items() if n}
    _require_each_once([name for split in names.values() for name in split], [shard.path for shard in shards])
    by_name = {shard.path: shard for shard in shards}
    dtype = token_dtype(plan.vocab_size)
    layout = record_layout(plan.seq_len, np.dtype(dtype).itemsize)
    for shard in shards:
        if shard.bytes != shard.records * layout.record_bytes:
            raise StageError(
                f"Shard {shard.path} has {shard.bytes:,} bytes, but {shard.records:,} records of "
                f"{layout.record_bytes} bytes each were expected (L = {plan.seq_len}, {dtype}). Nothing was published."
            )
    manifest = Manifest(
        name=plan.name,
        version=plan.version,
        dtype=dtype,
        seq_len=plan.seq_len,
        record_bytes=layout.record_bytes,
        payload_offset=layout.payload_offset,
        vocab_size=plan.vocab_size,
        ids=plan.ids,
        tokenizer=plan.tokenizer,
        token_bytes=plan.token_bytes,
        config_digest=plan.config_digest,
        split_check=plan.split_check,
        splits={split: Split.of([by_name[name] for name in names[split]]) for split in names},
    )
    write_manifest(directory, manifest)
    return manifest


def _require_each_once(expected: list[str], found: list[str]) -> None:
    times = Counter(found)
    missing = [name for name in expected if not times[name]]
    twice = [name for name, n in times.items() if n > 1]
    unknown = sorted(times.keys() - set(expected))
    problems = [
        f"{what}: {', '.join(names[:5])}"
        for what, names in (("missing", missing), ("more than once", twice), ("not planned", unknown))
        if names
    ]
    if problems:
        raise StageError(
            f"The shard set is incomplete: {len(expected)} shards were planned, {len(found)} were written "
            f"({'; '.join(problems)}). Nothing was published; run the stage again."
        )
