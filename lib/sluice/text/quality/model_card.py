"""The files of a quality model: the model, its record for programs, its card for people.

The card states its sources, its accuracy and its purpose; without dates, so that the same sources give the
same bytes.
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

A fastText classifier. Its score is the probability that a text is of the good kind below rather than of the bad kind.

- file: `{file}`, SHA-256 `{sha256}`
- labels: {labels}; the score is the probability of `{good}`
- preparation: `{preparation}`: the words that hold a letter, in lower case, of the first {chars:,} characters, at most
  {words:,} of them{jieba}
- training: {passages:,} passages of {passage_words} words of each class

## AUC on groups held out

{summary}

Documents are scored as in a run. Passages are all of one length: what remains of the difference is not length.

## Sources

{sources}

Each SHA-256 is of the sorted digests of the texts used. Groups ({groups}) are wholly in training or wholly held out.

## Documents held out, by threshold

{thresholds}

Confusion at 0.5: {confusion}

## Calibration

{calibration}

The classes are balanced in training; on a crawl, where good text is rarer, a score is no share of good text.

## Most telling words

- good: {good_words}
- bad: {bad_words}

## Most wrongly judged, of those held out

Good with the lowest scores:

{wrong_good}

Bad with the highest scores:

{wrong_bad}

## Use and limits

For ranking or sampling documents in {language!r} by their likeness to the good sources, beside the other signals. It
has learnt those sources, their subjects and their manner: other good text of another kind scores low (fiction, forums,
instructions, if none was among the good), and an advertisement in the manner of an encyclopaedia scores high. It knows
nothing of truth, safety or licence. Look at the words and the wrong cases above before choosing a threshold.

## Settings

{settings}
"""


def check_output(path: str, replace: bool) -> None:
    """Whether `save` may write there: asked before the training. Raises ConfigError."""
    folder = Path(path).parent
    if Path(path).is_dir():
        raise ConfigError(f"train_quality.output = {path} is a folder. Name a file in it.")
    if Path(path).exists() and not replace:
        raise ConfigError(f"{path} is there already. Choose another train_quality.output, or add --force.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as e:
        raise ConfigError(f"Cannot write train_quality.output = {path}: {e.strerror}. Name another place.") from e


def save(result: Result) -> None:
    """Writes the record, the card, and last the model, each in one act; the same sources give the same bytes."""
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
    """Named tuples as mappings, for JSON."""
    if hasattr(value, "_asdict"):
        return {name: _plain(item) for name, item in value._asdict().items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def card(result: Result, record: ModelRecord) -> str:
    """The Markdown text."""
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
        passages=result.num_passages,
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
    """AUC and average precision as a table; the job prints it too."""
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
    """Text from the web inside a table: no markup, no cell ends."""
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, f"\\{mark}")
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
