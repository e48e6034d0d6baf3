"""Reading and writing files, local and remote; import the package and call `storage.read_bytes(path)`."""

from sluice.data.storage.files import (
    GLOB_CHARACTERS,
    atomic_writer,
    delete_file,
    delete_tree,
    exists,
    is_remote,
    is_uri,
    join,
    list_files,
    open_ranges,
    open_read,
    open_stream,
    read_bytes,
    size,
    stream_size,
    write_atomic,
)
from sluice.data.storage.hidden import data_base, list_data

__all__ = [
    "GLOB_CHARACTERS",
    "atomic_writer",
    "data_base",
    "delete_file",
    "delete_tree",
    "exists",
    "is_remote",
    "is_uri",
    "join",
    "list_data",
    "list_files",
    "open_ranges",
    "open_read",
    "open_stream",
    "read_bytes",
    "size",
    "stream_size",
    "write_atomic",
]
