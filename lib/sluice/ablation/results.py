"""The numbers of an ablation: bits per byte of every variant, and its change against others."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sluice.ablation.intervals import change

Floats = npt.NDArray[np.float64]
Nats = Mapping[tuple[str, str], Mapping[str, Floats]]
"""By variant and model: for each held-out set, nats [seeds, documents]."""


def scores(nats: Nats, num_bytes: Mapping[str, int]) -> list[dict[str, Any]]:
    """Returns bits per byte of each variant, model and set: of every seed, and their mean."""
    rows = []
    for (variant, model), sets in nats.items():
        for name, values in sets.items():
            by_seed = (values.sum(1) / (math.log(2) * num_bytes[name])).tolist()
            mean = sum(by_seed) / len(by_seed)
            rows.append(
                {"variant": variant, "model": model, "set": name, "bits_per_byte": mean, "by_seed": by_seed},
            )
    return rows


def comparisons(nats: Nats, variants: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the change of each variant against the first and against the one before it, by model and set."""
    rows = []
    for place, variant in enumerate(variants[1:], 1):
        for against in dict.fromkeys((variants[0], variants[place - 1])):
            for model in dict.fromkeys(model for _, model in nats):
                before, after = nats[against, model], nats[variant, model]
                for name in after:
                    found = change(before[name], after[name])
                    rows.append(
                        {
                            "variant": variant,
                            "against": against,
                            "model": model,
                            "set": name,
                            "change": found.value,
                            "low": found.low,
                            "high": found.high,
                        }
                    )
    return rows
