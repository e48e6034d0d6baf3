"""Describe a file or directory written by sluice, and show its first records.

PATH is a dataset directory, a .tfrecord shard in one, a tokenizer.json, a .json or .jsonl file (gzipped or not),
a Parquet file or table directory, or a checkpoint directory. Long texts are shortened.

example: sluice inspect data/notes/1.0.0 -n 2
"""

import argparse
import json
import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec
import numpy as np

from sluice.core.errors import FormatError, InputError
from sluice.data import storage
from sluice.data.dataset.manifest import MANIFEST, Manifest, read_manifest
from sluice.data.dataset.tfrecord import decode_example, iter_records
from sluice.data.dataset.tokenizer import Tokenizer
from sluice.data.dataset.verify import summary
from sluice.data.sources.json_objects import decode_object, is_json_lines
from sluice.data.sources.texts import iter_lines, read_whole

TEXT_CHARS = 200
"""Maximum characters shown of a text."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the path and the number of rows."""
    parser.add_argument("path", metavar="PATH", help="what to inspect")
    parser.add_argument("-n", type=int, default=3, dest="rows", metavar="N", help="records or rows to show (3)")


def run(options: argparse.Namespace) -> int:
    """Prints the description line by line."""
    for line in describe(options.path, options.rows):
        print(line)
    return 0


def describe(path: str, rows: int) -> Iterator[str]:
    """Returns lines that describe `path`. Raises InputError if sluice does not know its format."""
    name = path.rstrip("/")
    if not storage.exists(path):
        raise InputError(f"There is nothing at {path}. Check the path.")
    if storage.exists(storage.join(path, MANIFEST)):
        return _dataset(path, rows)
    if name.endswith(".tfrecord"):
        return _shard(path, rows)
    if name.lower().removesuffix(".gz").removesuffix(".zst").endswith(".json"):
        return _json_file(path, rows)
    if is_json_lines(name):
        return _json_lines(path, rows)
    files = storage.list_files(path)
    tables = [file for file in files if file.endswith(".parquet")]
    if tables:
        return _table(tables, rows)
    descriptions = [file for file in files if file.endswith(".json")]
    if descriptions and files != [path]:
        return _checkpoint(path, files, descriptions)
    raise InputError(
        f"{path} is not something that sluice writes: no {MANIFEST}, TFRecord, JSON, tokenizer, Parquet or checkpoint. "
        "`sluice inspect --help` lists the known formats."
    )


def _dataset(directory: str, rows: int) -> Iterator[str]:
    manifest = read_manifest(directory)
    yield f"dataset {summary(manifest)}"
    yield (
        f"  records of {manifest.record_bytes} bytes, {manifest.dtype} ids from byte {manifest.payload_offset}; "
        f"tokenizer {manifest.tokenizer.kind}, {'lossless' if manifest.tokenizer.lossless else 'not lossless'}"
    )
    for name, split in manifest.splits.items():
        size = sum(shard.bytes for shard in split.shards)
        yield (
            f"  {name}: {len(split.shards)} shards, {size:,} bytes, from {split.utf8_bytes:,} bytes of text; "
            f"{split.dropped_tokens:,} tokens dropped, {split.padded_tokens:,} padded"
        )
    for split in islice(manifest.splits.values(), 1):
        yield from _shard(storage.join(directory, split.shards[0].path), rows)


def _shard(path: str, rows: int) -> Iterator[str]:
    directory = path.rpartition("/")[0] or "."
    if not storage.exists(storage.join(directory, MANIFEST)):
        yield f"shard {path}, without a manifest next to it"
        with storage.open_read(path) as stream:
            for i, example in enumerate(islice(iter_records(stream, path), rows)):
                yield f"  record {i}: {len(example):,} bytes, {example[:32].hex(' ')} …"
        return
    manifest = read_manifest(directory)
    tokenizer = Tokenizer.load(storage.join(directory, manifest.tokenizer.file))
    yield f"shard {path}"
    with storage.open_read(path) as stream:
        for i, example in enumerate(islice(iter_records(stream, path), rows)):
            yield from _record(i, example, manifest, tokenizer)


def _record(index: int, example: bytes, manifest: Manifest, tokenizer: Tokenizer) -> Iterator[str]:
    ids = np.frombuffer(decode_example(example), dtype=np.dtype(manifest.dtype).newbyteorder("<"))
    real = ids[ids != manifest.ids.pad]
    ends, unknown = (int(np.count_nonzero(real == i)) for i in (manifest.ids.eos, manifest.ids.unk))
    yield f"  record {index}: {len(ids)} ids, {ends} <eos>, {unknown} <unk>, {len(ids) - len(real)} <pad>"
    yield f"    ids  {' '.join(map(str, ids[:12]))}{' …' if len(ids) > 12 else ''}"
    yield f"    text {shorten(tokenizer.decode(real.tolist()))}"


def _json_lines(path: str, rows: int) -> Iterator[str]:
    yield f"JSON lines {path}"
    for number, line in islice(iter_lines(path), rows):
        yield f"  line {number}"
        yield from _fields(_parsed(line, path))


def _is_object(line: bytes) -> bool:
    try:
        decode_object(line)
    except ValueError:
        return False
    return True


def _json_file(path: str, rows: int) -> Iterator[str]:
    data = read_whole(path)
    if _is_object(data.partition(b"\n")[0]) and data.strip().count(b"\n"):
        yield from _json_lines(path, rows)
        return
    tree = _parsed(data, path)
    if isinstance(tree, dict) and isinstance(tree.get("model"), dict) and "vocab" in tree["model"]:
        yield from _tokenizer(path, rows)
        return
    yield f"JSON file {path}"
    yield from _fields(tree)


def _tokenizer(path: str, rows: int) -> Iterator[str]:
    tokenizer = Tokenizer.load(path)
    yield f"tokenizer {path}: kind {tokenizer.kind}, {tokenizer.vocab_size:,} tokens, sha256 {tokenizer.sha256}"
    longest = np.argsort(-tokenizer.token_bytes, kind="stable")[:rows].tolist()
    for i in longest:
        yield f"  among the longest: {i} {shorten(tokenizer.decode([i]))}"


def _table(files: list[str], rows: int) -> Iterator[str]:
    try:
        from pyarrow import parquet
    except ImportError as e:
        raise InputError("Reading Parquet needs pyarrow: pip install 'sluice[objectstore]'.") from e
    left, total = rows, 0
    for number, file in enumerate(files):
        with storage.open_read(file) as stream:
            try:
                table = parquet.ParquetFile(stream)
            except Exception as e:  # pyarrow raises ArrowInvalid or OSError depending on the defect
                raise FormatError(f"{file} is not a readable Parquet file: {e}") from e
            if number == 0:
                columns = ", ".join(f"{field.name} {field.type}" for field in table.schema_arrow)
                yield f"table of {len(files)} Parquet files: {columns}"
            total += table.metadata.num_rows
            for batch in table.iter_batches(batch_size=max(left, 1)) if left > 0 else ():
                for row in batch.slice(0, left).to_pylist():
                    yield "  row"
                    yield from _fields(row)
                    left -= 1
                break
    yield f"{total:,} rows"


def _checkpoint(path: str, files: list[str], descriptions: list[str]) -> Iterator[str]:
    size = sum(storage.size(file) for file in files)
    yield f"directory {path}: {len(files)} files, {size:,} bytes"
    for file in descriptions:
        yield os.path.relpath(file, path) if not storage.is_uri(file) else file
        yield from _fields(_parsed(storage.read_bytes(file), file))


def _fields(tree: Any) -> Iterator[str]:
    if not isinstance(tree, dict):
        yield f"    {shorten(tree)}"
        return
    for key, value in tree.items():
        yield f"    {key}: {shorten(value)}"


def _parsed(data: bytes, path: str) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError as e:
        raise FormatError(f"{path} is not JSON: {e}. Was it truncated while being written?") from e


def shorten(value: object) -> str:
    """Formats a value as one line of JSON of at most about TEXT_CHARS characters, with control characters escaped."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= TEXT_CHARS else f"{text[: TEXT_CHARS - 1]}… ({len(text):,} characters)"
