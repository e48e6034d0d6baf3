"""The base of every configuration section and the constrained number types its fields use."""

from typing import Annotated, dataclass_transform

import msgspec
from msgspec import Meta

PositiveInt = Annotated[int, Meta(ge=1)]
CountInt = Annotated[int, Meta(ge=0)]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
CountFloat = Annotated[float, Meta(ge=0.0)]
PositiveFloat = Annotated[float, Meta(gt=0.0)]


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One frozen group of settings. Unknown keys are refused; "off" is null; units are in the names."""
