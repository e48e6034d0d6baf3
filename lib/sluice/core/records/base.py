"""The base of every record and the number types whose width a table keeps."""

from typing import Annotated, dataclass_transform

import msgspec

Int32 = Annotated[int, "int32"]


Float32 = Annotated[float, "float32"]


@dataclass_transform(frozen_default=True)
class Record(msgspec.Struct, frozen=True):
    """Base of everything that becomes a row."""
