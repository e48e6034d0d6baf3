"""The base class of all records, and number types with an explicit width in tables."""

from typing import Annotated, dataclass_transform

import msgspec

Int32 = Annotated[int, "int32"]


Float32 = Annotated[float, "float32"]


@dataclass_transform(frozen_default=True)
class Record(msgspec.Struct, frozen=True):
    """Base class of all table rows."""
