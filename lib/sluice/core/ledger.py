"""The record accounting of a stage: in = out + dropped, each drop with its reason."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sluice.core.errors import StageError


@dataclass(frozen=True, slots=True)
class Ledger:
    """Counts of one stage in one unit (`records`, `documents`, `bytes`, `tokens`).

    Counts of parts can be added in any order.
    """

    unit: str
    total_in: int
    total_out: int
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: "Ledger") -> "Ledger":
        if other.unit != self.unit:
            raise ValueError(f"cannot add a ledger of {other.unit} to one of {self.unit}")
        dropped = Counter(self.dropped)
        dropped.update(other.dropped)
        return Ledger(self.unit, self.total_in + other.total_in, self.total_out + other.total_out, dict(dropped))

    def check(self, stage: str) -> "Ledger":
        """Returns itself if `in = out + Σ dropped`. Otherwise raises StageError with both sides."""
        drops = sum(self.dropped.values())
        if self.total_in != self.total_out + drops:
            raise StageError(
                f"The counts of stage {stage!r} do not balance: {self.total_in:,} {self.unit} came in, but "
                f"{self.total_out:,} went out and {drops:,} were dropped ({dict(self.dropped)}). "
                "Nothing was published. This is a bug in sluice or bad input; please report it with the log."
            )
        return self

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON. Reasons are sorted so that equal counts give equal text."""
        return {
            "unit": self.unit,
            "in": self.total_in,
            "out": self.total_out,
            "dropped": {reason: self.dropped[reason] for reason in sorted(self.dropped) if self.dropped[reason]},
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, object]) -> "Ledger":
        """The inverse of `to_dict`."""
        dropped = value["dropped"]
        assert isinstance(dropped, Mapping)
        return cls(str(value["unit"]), int(str(value["in"])), int(str(value["out"])), dict(dropped))


def require_handover(upstream: Ledger, downstream: Ledger, names: tuple[str, str]) -> None:
    """Raises StageError unless the downstream stage read exactly as many units as the upstream stage wrote."""
    if upstream.total_out != downstream.total_in:
        raise StageError(
            f"Stage {names[1]!r} read {downstream.total_in:,} {downstream.unit}, but stage {names[0]!r} wrote "
            f"{upstream.total_out:,}. They must be equal; run {names[0]!r} again with --force."
        )
