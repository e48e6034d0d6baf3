"""sluice: Common Crawl in, language-model training data and a trained LSTM out.

Without Spark: `sluice.read_warc`, `sluice.extract_text`, `sluice.identify_language`, `sluice.signals`, `sluice.judge`,
`sluice.mask`, `sluice.dedup`, `sluice.load_dataset`. With TensorFlow: `sluice.train_model`, `sluice.generate`.
`sluice.spark` has functions for Spark's data frames. Each name is imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from sluice.api.datasets import load_dataset
    from sluice.api.duplicates import dedup
    from sluice.api.pages import extract_text, identify_language, judge, mask, read_warc, signals
    from sluice.api.training import generate, train_model

_MODULES = {
    "dedup": "duplicates",
    "extract_text": "pages",
    "generate": "training",
    "identify_language": "pages",
    "judge": "pages",
    "load_dataset": "datasets",
    "mask": "pages",
    "read_warc": "pages",
    "signals": "pages",
    "train_model": "training",
}
__all__ = [
    "dedup",
    "extract_text",
    "generate",
    "identify_language",
    "judge",
    "load_dataset",
    "mask",
    "read_warc",
    "signals",
    "train_model",
]


def __getattr__(name: str) -> Any:
    """Imports the module of a public name."""
    if name not in _MODULES:
        raise AttributeError(f"module 'sluice' has no attribute {name!r}. Public: {', '.join(__all__)}.")
    return getattr(importlib.import_module(f"sluice.api.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
