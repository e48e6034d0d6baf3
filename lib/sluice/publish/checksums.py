"""The checksums of a published dataset, in the format of `sha256sum`, and their verification."""

import hashlib
import re
from collections.abc import Iterator, Mapping

from sluice.core.errors import FormatError
from sluice.data import storage

SUMS = "SHA256SUMS"


def write_sums(directory: str, sums: Mapping[str, str]) -> None:
    """Writes SHA256SUMS: digest and path below `directory`, sorted by path. `sha256sum -c SHA256SUMS` checks it too."""
    lines = [f"{sums[path]}  {path}\n" for path in sorted(sums)]
    storage.write_atomic(storage.join(directory, SUMS), "".join(lines).encode())


def read_sums(directory: str) -> dict[str, str]:
    """Returns SHA-256 by path. Raises InputError if there is no SHA256SUMS, FormatError for an invalid line."""
    path = storage.join(directory, SUMS)
    found = {}
    for number, line in enumerate(storage.read_bytes(path).decode("utf-8", "replace").splitlines(), 1):
        match = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        if match is None:
            raise FormatError(f"{path}, line {number}: expected a SHA-256, two spaces and a path. Publish again.")
        found[match[2]] = match[1]
    return found


def verify_sums(directory: str) -> Iterator[str]:
    """Yields one line per problem: a missing or changed file, or a data file that is not listed."""
    sums = read_sums(directory)
    for path, expected in sums.items():
        full = storage.join(directory, path)
        if not storage.exists(full):
            yield f"{path}: listed in {SUMS}, but missing"
            continue
        found = sha256_of(full)
        if found != expected:
            yield f"{path}: sha256 {found}, but {SUMS} has {expected}"
    root = len(directory.rstrip("/")) + 1
    for full in storage.list_files(storage.join(directory, "data")):
        name = full[root:]
        if name not in sums and not name.rpartition("/")[2].startswith("."):
            yield f"{name}: in the directory, but not listed in {SUMS}"


def sha256_of(path: str) -> str:
    """Returns the SHA-256 of a file, read in blocks of 1 MiB."""
    digest = hashlib.sha256()
    with storage.open_read(path) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
