"""Learned quality: the probability that a text is of the good kind, by a fastText model trained with sluice.

The method is that of GPT-3 and CCNet's successors: a linear classifier trained on wanted and unwanted text
(`text.quality.train`). It measures only similarity to the wanted text. Next to a model `NAME` is its record,
`NAME.json`: without it, the preparation of texts would be unknown.
"""

import functools
import re
from importlib import metadata, resources
from pathlib import Path

import msgspec
import numpy as np

from sluice.core.errors import ConfigError, InputError
from sluice.data.dataset.words import JIEBA_LANGUAGES
from sluice.text.language.fasttext_model import FastTextModel, load_model
from sluice.text.language.identify import file_digest
from sluice.text.quality.kernels.word_line import join_words
from sluice.text.signals.text_view import UNSEGMENTED
from sluice.text.unicode.encoded_text import AnyText, EncodedText
from sluice.text.words.spans import word_spans

DATA = Path(str(resources.files("sluice.text") / "data"))

PREPARATION = "letters-1"
"""Version of `word_line`. Change it whenever `word_line` changes, so that models of the old version are rejected."""

MAX_WORDS = 1_000
MAX_CHARS, MAX_CHINESE_CHARS = 10_000, 4_000
"""Words, and characters, read from the start of a text, so that longer texts cost no more."""

GOOD, BAD = "__label__good", "__label__bad"
BUILTIN = "builtin"
"""Name of the model that is shipped for a language. Instances call it `builtin:LANGUAGE`, which each machine resolves
to its own copy, because paths of packages differ."""
SHIPPED = ("en", "zh")
"""Languages with a shipped model, trained by `scripts/models/train_quality_models.py`."""
LABEL_MARK = "__label__"
"""Prefix of labels. A word of a text with this prefix would be read as a label."""


class ModelRecord(msgspec.Struct, frozen=True):
    """The JSON file next to a model. Its other content is for people (`text.quality.train`)."""

    language: str
    """Short code of the training language; texts in other languages have no score."""
    preparation: str
    labels: tuple[str, ...]
    """Labels as in the model, sorted; the score is the probability of `good`."""
    good: str
    sha256: str
    """SHA-256 of the model file."""
    jieba: str | None
    """Version of jieba used for segmentation; None if jieba is not used."""


def word_line(text: AnyText, language: str, max_words: int = MAX_WORDS) -> str:
    """Prepares a text for fastText, in training and later: its first words in lower case, joined by spaces.

    Words are those of `data.dataset.words.words` with at least one letter (Han are letters). Marks and numbers are
    dropped, because they show how a source was converted rather than how it was written: `#` of Markdown, `@-@` of
    WikiText, spaces before commas, dates. The result has no newlines. It is empty for a text without words, and for a
    language without segmentation.
    """
    if language in UNSEGMENTED:
        return ""
    start = EncodedText.of(text).first(max_chars(language))
    starts, ends = word_spans(start, language)
    out = np.empty(2 * len(start.codes), np.uint32)
    length = join_words(start.codes, start.flags, starts, ends, max_words, out)
    return out[:length].tobytes().decode("utf-32-le").lower().replace(LABEL_MARK, "label")


def max_chars(language: str) -> int:
    """Returns the number of characters read from the start of a text; fewer for Chinese, whose words are shorter."""
    return MAX_CHINESE_CHARS if language in JIEBA_LANGUAGES else MAX_CHARS


def jieba_version(language: str) -> str | None:
    """Returns the version of jieba if it segments the language, else None."""
    return metadata.version("jieba") if language in JIEBA_LANGUAGES else None


class QualityModel:
    """Scores texts of one language. Pickled as the path of its model; each process loads it on first use."""

    def __init__(self, path: str) -> None:
        """`path` is a file, or `builtin:LANGUAGE`."""
        self.path = path

    @classmethod
    def of(cls, path: str, language: str) -> "QualityModel":
        """Creates the model and checks it for the configured language. `path` is a file, or `builtin`.

        Raises as `check` does, and ConfigError for `builtin` in a language without a shipped model.
        """
        if path == BUILTIN and language not in SHIPPED:
            raise ConfigError(
                f"extract.quality_models: no model is built in for {language!r}, only for {' and '.join(SHIPPED)}. "
                "Give the path of a model, or leave the language out."
            )
        model = cls(f"{BUILTIN}:{language}" if path == BUILTIN else path)
        model.check(language)
        return model

    @property
    def file(self) -> str:
        """The path of the model file on this machine."""
        name, _, language = self.path.partition(":")
        return str(DATA / f"quality.{language}.bin") if name == BUILTIN and language in SHIPPED else self.path

    def record(self) -> ModelRecord:
        """The model's record. Raises InputError for a missing file, ConfigError for a record of another model."""
        return _record(self.file)

    def check(self, language: str) -> None:
        """Raises ConfigError or InputError if the model cannot score texts in a language. Loads the model."""
        _load(self.file)
        if self.record().language != language:
            raise ConfigError(
                f"The quality model {self.path} was trained on {self.record().language!r} but is configured for "
                f"{language!r}. Train one for {language!r} with `sluice run train-quality`."
            )

    def score(self, text: AnyText, language: str) -> float | None:
        """Returns the probability of the good label, 0 to 1; None for a text without words or in another language.

        It depends only on the text: not on threads, other texts or their order. Raises as `check` does.
        """
        model = _load(self.file)
        record = self.record()
        line = word_line(text, language) if language == record.language else ""
        return probability(model, line, record.good) if line else None


def probability(model: FastTextModel, line: str, label: str) -> float:
    """Returns the model's probability of a label for a prepared line."""
    return min(model.probability(line.encode(), label), 1.0)


@functools.cache
def _record(path: str) -> ModelRecord:
    if not Path(path).is_file():
        raise InputError(f"The quality model {path} does not exist. Use an existing file, or train one.")
    try:
        data = Path(f"{path}.json").read_bytes()
    except FileNotFoundError:
        raise ConfigError(
            f"The quality model {path} has no {Path(path).name}.json next to it, which states how texts are "
            "prepared. Copy the file that `sluice run train-quality` wrote with the model, or train the model again."
        ) from None
    try:
        record = msgspec.json.decode(data, type=ModelRecord)
    except msgspec.DecodeError as e:
        raise ConfigError(f"{path}.json is not a record of a quality model: {e}. Train the model again.") from None
    _check(path, record)
    return record


def _check(path: str, record: ModelRecord) -> None:
    if record.preparation != PREPARATION:
        raise ConfigError(
            f"The quality model {path} was trained on texts prepared as {record.preparation!r}, but this version of "
            f"sluice prepares them as {PREPARATION!r}. Train it again, use the version of sluice that trained it, or "
            "leave it out of extract.quality_models."
        )
    if record.jieba != jieba_version(record.language):
        raise ConfigError(
            f"The quality model {path} was trained with jieba {record.jieba}, but jieba "
            f"{jieba_version(record.language)} is installed. Install that version, train the model again, or leave it "
            "out of extract.quality_models."
        )
    if not re.fullmatch("__label__.+", record.good) or record.good not in record.labels or len(record.labels) != 2:
        raise ConfigError(f"{path}.json: {record.good!r} must be one of two labels, found {list(record.labels)}.")
    if file_digest(path) != record.sha256:
        raise ConfigError(
            f"The quality model {path} is not the file for which {path}.json was written: its SHA-256 is "
            f"{file_digest(path)}, not {record.sha256}. Copy both files again."
        )


@functools.cache
def _load(path: str) -> FastTextModel:
    """Loads a model and checks it against its record."""
    record = _record(path)
    model = load_model(path)
    labels = tuple(sorted(model.labels))
    if labels != record.labels:
        raise ConfigError(f"The quality model {path} has the labels {list(labels)}; {path}.json has {record.labels}.")
    if model.is_hierarchical:
        raise ConfigError(f"The quality model {path} has a tree of labels. Train it with `sluice run train-quality`.")
    return model
