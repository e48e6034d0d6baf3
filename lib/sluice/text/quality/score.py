"""Learned quality: the probability that a text is of the good kind, by a fastText model trained with sluice.

The idea is that of GPT-3 and CCNet's successors: a linear classifier that has seen text one wants and text one does
not want (`text.quality.train`). What it measures is likeness to the first, and nothing else. Beside a model `NAME`
stands `NAME.json`, its record: without it the preparation of texts would be unknown.
"""

import functools
import re
from importlib import metadata
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

PREPARATION = "letters-1"
"""Name of what `word_line` does. Whoever changes it changes the name: models of the old one are refused then."""

MAX_WORDS = 1_000
MAX_CHARS, MAX_CHINESE_CHARS = 10_000, 4_000
"""Only this many first words, of this many first characters, are read: a longer text costs no more."""

GOOD, BAD = "__label__good", "__label__bad"
LABEL_MARK = "__label__"
"""Begins labels: a word of a text that begins so would be taken for one."""


class ModelRecord(msgspec.Struct, frozen=True):
    """The JSON file beside a model. What it holds beyond these fields is for people (`text.quality.train`)."""

    language: str
    """Short code of the language that it was trained on; texts in another have no score."""
    preparation: str
    labels: tuple[str, ...]
    """As the model has them, sorted; the score is the probability of `good`."""
    good: str
    sha256: str
    """Of the model file."""
    jieba: str | None
    """Version of the dictionary that made the words; None where jieba has no part."""


def word_line(text: AnyText, language: str, max_words: int = MAX_WORDS) -> str:
    """A text as fastText sees it, in training and after: its first words in lower case, joined by spaces.

    Words are those of `data.dataset.words.words` that hold a letter (Han are letters). Marks and numbers are left out,
    since they tell how a source was converted rather than how it was written: `#` of Markdown, `@-@` of WikiText,
    spaces before commas, dates. Newlines are gone. Empty for a text without words and for a language that nothing
    segments.
    """
    if language in UNSEGMENTED:
        return ""
    start = EncodedText.of(text).first(max_chars(language))
    starts, ends = word_spans(start, language)
    out = np.empty(2 * len(start.codes), np.uint32)
    length = join_words(start.codes, start.flags, starts, ends, max_words, out)
    return out[:length].tobytes().decode("utf-32-le").lower().replace(LABEL_MARK, "label")


def max_chars(language: str) -> int:
    """First characters of a text that are looked at; Chinese words are shorter."""
    return MAX_CHINESE_CHARS if language in JIEBA_LANGUAGES else MAX_CHARS


def jieba_version(language: str) -> str | None:
    """Version of jieba where it makes the words of a language."""
    return metadata.version("jieba") if language in JIEBA_LANGUAGES else None


class QualityModel:
    """Scores texts of one language. Pickles as the path of its model, which is loaded on first use in each process."""

    def __init__(self, path: str) -> None:
        self.path = path

    @classmethod
    def of(cls, path: str, language: str) -> "QualityModel":
        """The model, checked against the language that it is named for. Raises as `check` does."""
        model = cls(path)
        model.check(language)
        return model

    def record(self) -> ModelRecord:
        """The model's record. Raises InputError for a missing file, ConfigError for a record that does not fit it."""
        return _record(self.path)

    def check(self, language: str) -> None:
        """Raises ConfigError or InputError when the model cannot score texts of a language. Loads it."""
        _load(self.path)
        if self.record().language != language:
            raise ConfigError(
                f"The quality model {self.path} was trained on {self.record().language!r} and is named for "
                f"{language!r}. Train one for {language!r} with `sluice run train-quality`."
            )

    def score(self, text: AnyText, language: str) -> float | None:
        """The probability of the good label, 0 to 1; None for a text without words or in another language.

        It depends on the text alone: not on threads, other texts or the order of texts. Raises as `check` does.
        """
        model = _load(self.path)
        record = self.record()
        line = word_line(text, language) if language == record.language else ""
        return probability(model, line, record.good) if line else None


def probability(model: FastTextModel, line: str, label: str) -> float:
    """The model's probability of a label for a prepared line."""
    return min(model.probability(line.encode(), label), 1.0)


@functools.cache
def _record(path: str) -> ModelRecord:
    if not Path(path).is_file():
        raise InputError(f"The quality model {path} is not there. Name an existing file, or train one.")
    try:
        data = Path(f"{path}.json").read_bytes()
    except FileNotFoundError:
        raise ConfigError(
            f"The quality model {path} has no {Path(path).name}.json beside it, which states how texts are "
            "prepared. Copy the file that `sluice run train-quality` wrote with the model, or train the model anew."
        ) from None
    try:
        record = msgspec.json.decode(data, type=ModelRecord)
    except msgspec.DecodeError as e:
        raise ConfigError(f"{path}.json is no record of a quality model: {e}. Train the model anew.") from None
    _check(path, record)
    return record


def _check(path: str, record: ModelRecord) -> None:
    if record.preparation != PREPARATION:
        raise ConfigError(
            f"The quality model {path} was trained on texts prepared as {record.preparation!r}; this sluice prepares "
            f"them as {PREPARATION!r}. Train it anew, or use the sluice that trained it."
        )
    if record.jieba != jieba_version(record.language):
        raise ConfigError(
            f"The quality model {path} was trained on words of jieba {record.jieba}; here is jieba "
            f"{jieba_version(record.language)}. Install that version, or train the model anew."
        )
    if not re.fullmatch("__label__.+", record.good) or record.good not in record.labels or len(record.labels) != 2:
        raise ConfigError(f"{path}.json: {record.good!r} was expected to be one of two labels {list(record.labels)}.")
    if file_digest(path) != record.sha256:
        raise ConfigError(
            f"The quality model {path} is not the file that {path}.json was written for: its SHA-256 is "
            f"{file_digest(path)}, not {record.sha256}. Copy both files again."
        )


@functools.cache
def _load(path: str) -> FastTextModel:
    """A model that fits its record."""
    record = _record(path)
    model = load_model(path)
    labels = tuple(sorted(model.labels))
    if labels != record.labels:
        raise ConfigError(f"The quality model {path} has the labels {list(labels)}; {path}.json says {record.labels}.")
    if model.is_hierarchical:
        raise ConfigError(f"The quality model {path} has a tree of labels. Train it with `sluice run train-quality`.")
    return model
