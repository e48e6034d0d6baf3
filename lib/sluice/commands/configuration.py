"""Reading of the files given to --conf."""

from sluice.core.config.load import read_local


def read_file(path: str) -> bytes:
    """Returns the content of a local file, or of a URI that `data.storage` reads: s3, gs, hdfs, https, file.

    Raises OSError for an unreadable local file, InputError for an unreadable remote one.
    """
    if "://" not in path:
        return read_local(path)
    from sluice.data import storage  # most commands need no network, and its import takes longer than they do

    return storage.read_bytes(path)
