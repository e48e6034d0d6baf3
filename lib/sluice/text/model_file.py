"""What a fastText file says of itself: the package itself crashes on a file that is cut short."""

import struct
from pathlib import Path

from sluice.core.errors import InputError

MAGIC = 793_712_314
MAX_VERSION = 12
HEADER = struct.Struct("<2i 12i d 3i 2q")
"""Magic and version; dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket, minn, maxn, lrUpdateRate, t; size,
words, labels, tokens, pruned of the dictionary. As in facebookresearch/fastText `args.cc` and `dictionary.cc`."""
SHAPE = struct.Struct("<2q")
KINDS = {1: "cbow", 2: "skipgram", 3: "supervised"}


def check_classifier(path: str) -> None:
    """Raises InputError unless a file is a whole supervised fastText model.

    It ends in the output matrix: rows, columns, and a float32 for each label and dimension. A quantised one (-qout,
    which no published language model has) cannot be told from a file that is cut short.
    """
    with Path(path).open("rb") as file:
        start = file.read(HEADER.size)
        if len(start) < HEADER.size or struct.unpack_from("<i", start) != (MAGIC,):
            raise InputError(f"{path} is not a fastText model. Set extract.lid_model to a .bin or .ftz file.")
        _, version, dim, *_, kind, _, _, _, _, _, _, _, num_labels, _, _ = HEADER.unpack(start)
        if version > MAX_VERSION or KINDS.get(kind) != "supervised":
            raise InputError(
                f"{path} is a fastText file of version {version} with a {KINDS.get(kind, kind)} model. Set "
                f"extract.lid_model to a supervised model of version {MAX_VERSION} or older."
            )
        end = file.seek(0, 2) - 4 * num_labels * dim - SHAPE.size
        if end >= HEADER.size:
            file.seek(end)
            if SHAPE.unpack(file.read(SHAPE.size)) == (num_labels, dim):
                return
    raise InputError(
        f"{path} is a fastText model that does not end in its matrix of {num_labels} labels x {dim}: it is cut short, "
        "or quantised with -qout. Copy the file again, or set extract.lid_model to another one."
    )
