"""Base class of all configuration sections, and the constrained number types of their fields."""

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
    """Base class of a frozen group of settings. Unknown keys are errors; null means "off"; names contain units."""
