"""Verification of all bytes of a dataset against its manifest."""

import hashlib
import io
from collections.abc import Iterator

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from sluice.core.errors import FormatError, InputError
from sluice.data import storage
from sluice.data.dataset.manifest import DATASET_INFO, FEATURES, Manifest, Shard, Split, read_manifest, token_dtype
from sluice.data.dataset.tfrecord import Readable, decode_example, iter_records, record_layout
from sluice.data.dataset.writer import shard_name


def verify_dataset(directory: str) -> Iterator[str]:
    """Yields one line per problem; nothing for a valid dataset.

    Checks presence, size, sha256 and crc32c of every shard, both checksums and the size of every record, that ids are
    below the vocabulary size, the overlap of one token within a shard, all counts, tokenizer and byte table, and looks
    for shards that the manifest does not list. Raises InputError or FormatError if there is no readable manifest.
    """
    manifest = read_manifest(directory)
    yield from _fields(manifest)
    yield from _named_files(directory, manifest)
    token_bytes = _load_token_bytes(directory, manifest)
    if token_bytes is not None and len(token_bytes) != manifest.vocab_size:
        found = f"{len(token_bytes):,} entries"
        yield f"{manifest.token_bytes.file}: {found}, but the vocabulary has {manifest.vocab_size:,}"
        token_bytes = None
    for name, split in manifest.splits.items():
        yield from _split_problems(name, split)
        for shard in split.shards:
            yield from _shard_problems(directory, shard, manifest, token_bytes)
    yield from _unlisted(directory, manifest)


def summary(manifest: Manifest) -> str:
    """Describes a dataset in one line."""
    splits = ", ".join(
        f"{name} {split.records:,} records, {split.tokens:,} tokens, {split.docs:,} documents"
        for name, split in manifest.splits.items()
    )
    return f"{manifest.name} {manifest.version}: {splits}; L = {manifest.seq_len}, vocabulary {manifest.vocab_size:,}"


def _fields(manifest: Manifest) -> Iterator[str]:
    """Yields inconsistencies between fields of the manifest."""
    dtype = token_dtype(manifest.vocab_size)
    if manifest.dtype != dtype:
        yield f"manifest.json: dtype {manifest.dtype}, but a vocabulary of {manifest.vocab_size:,} needs {dtype}"
    if manifest.overlap != 1:
        yield f"manifest.json: overlap {manifest.overlap}, but format 1 has overlap 1"
    layout = record_layout(manifest.seq_len, np.dtype(manifest.dtype).itemsize)
    given, expected = (
        (manifest.record_bytes, manifest.payload_offset),
        (layout.record_bytes, layout.payload_offset),
    )
    if given != expected:
        yield f"manifest.json: (record_bytes, payload_offset) {given}, but L = {manifest.seq_len} requires {expected}"


def _named_files(directory: str, manifest: Manifest) -> Iterator[str]:
    for part in (manifest.tokenizer, manifest.token_bytes):
        path = storage.join(directory, part.file)
        if not storage.exists(path):
            yield f"{part.file}: listed in the manifest, but missing"
            continue
        sha256 = hashlib.sha256(storage.read_bytes(path)).hexdigest()
        if sha256 != part.sha256:
            yield f"{part.file}: sha256 {sha256}, but the manifest has {part.sha256}"
    for name in (DATASET_INFO, FEATURES):
        if not storage.exists(storage.join(directory, name)):
            yield f"{name}: missing, so TFDS cannot load the dataset"


def _load_token_bytes(directory: str, manifest: Manifest) -> NDArray[np.int64] | None:
    """Returns the byte table, or None if it is invalid, which `_named_files` has already reported."""
    try:
        table = np.load(io.BytesIO(storage.read_bytes(storage.join(directory, manifest.token_bytes.file))))
        return np.asarray(table, dtype=np.int64)
    except (InputError, ValueError, EOFError):
        return None


def _split_problems(name: str, split: Split) -> Iterator[str]:
    expected = [shard_name(name, i, len(split.shards)) for i in range(len(split.shards))]
    listed = [shard.path for shard in split.shards]
    if listed != expected:
        yield f"manifest.json: split {name} lists {listed}, but its {len(listed)} shards must be named {expected}"
    sums = Split.of(split.shards)
    for field in ("records", "tokens", "docs", "utf8_bytes", "dropped_tokens", "padded_tokens"):
        given, total = getattr(split, field), getattr(sums, field)
        if given != total:
            yield f"manifest.json: split {name} has {field} {given:,}, but its shards add up to {total:,}"


class _Digests:
    """A reader that hashes the data read through it."""

    def __init__(self, stream: Readable) -> None:
        self._stream, self.sha256, self.crc32c, self.size = stream, hashlib.sha256(), 0, 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self.sha256.update(data)
        self.crc32c = google_crc32c.extend(self.crc32c, data)
        self.size += len(data)
        return data


class _Contents:
    """Counts of a shard, updated record by record."""

    def __init__(self, manifest: Manifest, token_bytes: NDArray[np.int64] | None) -> None:
        self._manifest, self._token_bytes = manifest, token_bytes
        self._dtype = np.dtype(manifest.dtype).newbyteorder("<")
        self._payload_bytes = (manifest.seq_len + 1) * self._dtype.itemsize
        self._last: int | None = None
        self.records = self.eos = self.padding = self.utf8_bytes = 0
        self.has_table = token_bytes is not None

    def problems(self, example: bytes) -> Iterator[str]:
        """Counts one record and yields its problems."""
        where = f"record {self.records}"
        self.records += 1
        try:
            payload = decode_example(example)
        except FormatError as e:
            yield f"{where}: {e}"
            self._last = None
            return
        if len(payload) != self._payload_bytes:
            yield f"{where}: {len(payload)} bytes of ids, expected {self._payload_bytes}"
            self._last = None
            return
        tokens = np.frombuffer(payload, dtype=self._dtype)
        low, high = int(tokens.min()), int(tokens.max())
        if low < 0 or high >= self._manifest.vocab_size:
            yield f"{where}: id {low if low < 0 else high}, but the vocabulary has {self._manifest.vocab_size:,}"
            self.has_table = False
        if self._last is not None and tokens[0] != self._last:
            yield f"{where}: begins with id {tokens[0]}, but the previous record ends with {self._last}"
        if self.padding:
            yield f"{where}: comes after a padded record, which must be the last"
        fresh = tokens if self.records == 1 else tokens[1:]
        is_pad = fresh == self._manifest.ids.pad
        self.padding += int(is_pad.sum())
        if is_pad.any() and not is_pad[int(is_pad.argmax()) :].all():
            yield f"{where}: padding inside the text"
        self._last = int(tokens[-1])
        self.eos += int(np.count_nonzero(fresh == self._manifest.ids.eos))
        if self.has_table and self._token_bytes is not None:
            self.utf8_bytes += int(self._token_bytes[fresh].sum())


def _shard_problems(
    directory: str, shard: Shard, manifest: Manifest, token_bytes: NDArray[np.int64] | None
) -> Iterator[str]:
    path = storage.join(directory, shard.path)
    if not storage.exists(path):
        yield f"{shard.path}: listed in the manifest, but missing"
        return
    contents = _Contents(manifest, token_bytes)
    complete = False
    with storage.open_read(path) as stream:
        reader = _Digests(stream)
        try:
            for example in iter_records(reader, shard.path):
                for problem in contents.problems(example):
                    yield f"{shard.path}: {problem}"
            complete = True
        except FormatError as e:
            yield str(e)
            while reader.read(1 << 20):
                pass
    for what, given, found in (
        ("bytes", shard.bytes, reader.size),
        ("sha256", shard.sha256, reader.sha256.hexdigest()),
        ("crc32c", shard.crc32c, f"{reader.crc32c:08x}"),
    ):
        if given != found:
            yield f"{shard.path}: {what} {found}, but the manifest has {given}"
    if complete:
        for problem in _count_problems(shard, manifest, contents):
            yield f"{shard.path}: {problem}"


def _count_problems(shard: Shard, manifest: Manifest, contents: _Contents) -> Iterator[str]:
    stored = contents.records * manifest.seq_len + (contents.records > 0) - contents.padding
    checks = [
        ("records", shard.records, contents.records),
        ("padded_tokens", shard.padded_tokens, contents.padding),
        ("tokens", shard.tokens, stored),
    ]
    # documents and bytes in a dropped tail can no longer be counted
    if not shard.dropped_tokens:
        checks.append(("docs", shard.docs, contents.eos))
        if manifest.tokenizer.lossless and contents.has_table:
            checks.append(("utf8_bytes", shard.utf8_bytes, contents.utf8_bytes))
    for what, given, found in checks:
        if given != found:
            yield f"has {what} {found:,}, but the manifest has {given:,}"


def _unlisted(directory: str, manifest: Manifest) -> Iterator[str]:
    listed = {shard.path for split in manifest.splits.values() for shard in split.shards}
    for path in storage.list_files(directory):
        name = path.rpartition("/")[2]
        if name.endswith(".tfrecord") and name not in listed:
            yield f"{name}: in the directory, but not listed in the manifest"
