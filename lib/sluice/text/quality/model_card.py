"""The files of a quality model: the model, its record for programs, its card for people.

The card states sources, accuracy and purpose. It contains no dates, so that the same sources give the same bytes.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sluice.core.errors import ConfigError
from sluice.data import storage
from sluice.text.quality.labelled_texts import Counts
from sluice.text.quality.score import BAD, GOOD, MAX_WORDS, PREPARATION, ModelRecord, jieba_version, max_chars
from sluice.text.quality.train import Judged, Result, Wrong

CARD = """\
# Quality model: {language}

A fastText classifier. Its score is the probability that a text is like the good sources below rather than the bad ones.

- file: `{file}`, SHA-256 `{sha256}`
- labels: {labels}; the score is the probability of `{good}`
- preparation: `{preparation}`: words with a letter, in lower case, of the first {chars:,} characters, at most
  {words:,} of them{jieba}
- training: {good_passages:,} good and {bad_passages:,} bad passages of {passage_words} words

## AUC on held-out groups

{summary}

Documents are scored as in a run. Passages all have the same length, so their AUC does not depend on length.

## Sources

{sources}

Each SHA-256 is of the sorted digests of the texts used. Groups ({groups}) are in training or held out as a whole.

## Held-out documents, by threshold

{thresholds}

Confusion at 0.5: {confusion}

## Calibration

{calibration}

A score is not the share of good text on a crawl, where the classes have other sizes than in training.

## Most distinctive words

- good: {good_words}
- bad: {bad_words}

## Worst errors on held-out documents

Good with the lowest scores:

{wrong_good}

Bad with the highest scores:

{wrong_bad}

## Use and limits

For ranking or sampling documents in {language!r} by their similarity to the good sources, together with other signals.
The model has learnt those sources, their subjects and their style. Good text of another kind (fiction, forums,
instructions, if not among the good sources) scores low, and an advertisement in the style of an encyclopaedia scores
high. The score does not measure truth, safety or licence. Inspect the words and errors above before choosing a
threshold.

## Settings

{settings}
"""


def check_output(path: str, replace: bool) -> None:
    """Raises ConfigError if `save` may not write to `path`; called before training."""
    folder = Path(path).parent
    if Path(path).is_dir():
        raise ConfigError(f"train_quality.output = {path} is a directory. Set it to a file in it.")
    if Path(path).exists() and not replace:
        raise ConfigError(f"{path} already exists. Choose another train_quality.output, or add --force.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as e:
        raise ConfigError(f"Cannot write train_quality.output = {path}: {e.strerror}. Choose another location.") from e


def save(result: Result) -> None:
    """Writes the record, the card, and finally the model, each atomically. The same sources give the same bytes."""
    section = result.section
    path = section.output
    with tempfile.TemporaryDirectory() as folder:
        result.model.save_model(f"{folder}/model")
        data = Path(folder, "model").read_bytes()
    record = ModelRecord(
        language=section.language,
        preparation=PREPARATION,
        labels=(BAD, GOOD),
        good=GOOD,
        sha256=hashlib.sha256(data).hexdigest(),
        jieba=jieba_version(section.language),
    )
    numbers = {
        "settings": msgspec.to_builtins(section),
        "num_passages": result.num_passages,
        "documents": _plain(result.documents),
        "passages": _plain(result.passages),
        "sources": {"good": _plain(result.good), "bad": _plain(result.bad)},
    }
    text = msgspec.json.format(msgspec.json.encode(msgspec.structs.asdict(record) | numbers), indent=1)
    storage.write_atomic(f"{path}.json", text + b"\n")
    storage.write_atomic(f"{path}.md", card(result, record).encode())
    storage.write_atomic(path, data)


def _plain(value: Any) -> Any:
    """Converts named tuples to mappings, for JSON."""
    if hasattr(value, "_asdict"):
        return {name: _plain(item) for name, item in value._asdict().items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def card(result: Result, record: ModelRecord) -> str:
    """Returns the card as Markdown."""
    section = result.section
    settings = msgspec.to_builtins(section)
    return CARD.format(
        language=record.language,
        file=section.output.rpartition("/")[2],
        sha256=record.sha256,
        labels=" and ".join(f"`{label}`" for label in record.labels),
        good=record.good,
        preparation=record.preparation,
        chars=max_chars(section.language),
        words=MAX_WORDS,
        jieba=f"; words by jieba {record.jieba}" if record.jieba else "",
        good_passages=result.num_passages[0],
        bad_passages=result.num_passages[1],
        passage_words=section.passage_words,
        summary=summary(result),
        sources=_sources([("good", count) for count in result.good] + [("bad", count) for count in result.bad]),
        groups=", ".join(section.groups),
        thresholds=_thresholds(result.documents),
        confusion=", ".join(
            f"{name.replace('_', ' ')} {count:,}" for name, count in result.documents.confusion._asdict().items()
        ),
        calibration=_table(
            ("score", "documents", "mean score", "share of good"),
            (
                (f"{row.low:.1f} to {row.high:.1f}", f"{row.size:,}", _number(row.mean_score), _number(row.good_share))
                for row in result.documents.calibration
            ),
        ),
        good_words=_words(result.good_words),
        bad_words=_words(result.bad_words),
        wrong_good=_wrong(result.wrong_good),
        wrong_bad=_wrong(result.wrong_bad),
        settings="\n".join(
            f"- {key}: {value}" for key, value in settings.items() if key not in ("positive", "negative", "output")
        ),
    )


def summary(result: Result) -> str:
    """Formats AUC and average precision as a table, which the job prints too."""
    return _table(
        ("", "good", "bad", "AUC", "average precision"),
        (
            (
                name,
                f"{found.num_good:,}",
                f"{found.num_bad:,}",
                _number(found.auc, 4),
                _number(found.average_precision, 4),
            )
            for name, found in (("documents", result.documents), ("passages", result.passages))
        ),
    )


def _sources(rows: Sequence[tuple[str, Counts]]) -> str:
    names = [name for name in Counts._fields if name not in ("path", "sha256")]
    return _table(
        ("class", "source", *(name.replace("_", " ") for name in names), "SHA-256"),
        (
            (kind, f"`{counts.path}`", *(f"{getattr(counts, name):,}" for name in names), f"`{counts.sha256[:16]}`")
            for kind, counts in rows
        ),
    )


def _thresholds(found: Judged) -> str:
    return _table(
        ("score at least", "precision", "recall", "share kept"),
        (
            (f"{row.threshold:g}", _number(row.precision), _number(row.recall), _number(row.kept_share))
            for row in found.thresholds
        ),
    )


def _words(words: Sequence[str]) -> str:
    return " · ".join(map(_escaped, words)) or "none frequent enough"


def _wrong(found: Sequence[Wrong]) -> str:
    if not found:
        return "None on the wrong side of 0.5."
    rows = ((f"{item.score:.3f}", _escaped(item.group), _escaped(item.text)) for item in found)
    return _table(("score", "group", "text"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _number(value: Any, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _escaped(text: str) -> str:
    """Escapes text from the web for a table cell: no markup, no cell separators."""
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, f"\\{mark}")
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
