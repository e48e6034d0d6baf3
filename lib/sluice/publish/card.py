"""The dataset card: README.md with the metadata that the Hugging Face hub reads, and a description for people.

Contains no time or machine, so that the same dataset has the same card. Sections about a run are in `card_run`.
"""

import re
from typing import Any

import yaml

from sluice import __version__
from sluice.publish.card_run import run_sections, splits_of_run
from sluice.publish.layout import UNDETERMINED, Dataset, configurations, size_category, sizes
from sluice.publish.markdown import code, count, escape, fenced, table
from sluice.publish.run_facts import RunFacts

COMMON_CRAWL_TERMS = "https://commoncrawl.org/terms-of-use"

LOAD = """\
from datasets import load_dataset

path = {path!r}  # the directory of this file, or OWNER/NAME on the hub
documents = load_dataset(path)
stream = load_dataset(path, split="{split}", streaming=True)  # without downloading all files first"""

LOAD_LANGUAGE = """
only_one = load_dataset(path, "{language}")"""

PANDAS = """\
import pandas as pd

table = pd.read_parquet(f"{{path}}/{file}")"""

CHECK = """\
sha256sum -c SHA256SUMS    # or: sluice verify ."""

READ = """\
sluice run dedup --set 'source.inputs=[data/**/*.parquet]' --set source.id=id --set source.text=text \\
    --set output=unique"""


def card(dataset: Dataset, run: RunFacts | None = None) -> str:
    """Returns README.md. Without `run`, it describes only the files: nothing is known about the origin of the texts."""
    sections = [
        f"---\n{_metadata(dataset)}---\n",
        f"# {escape(dataset.name)}{f' {escape(dataset.version)}' if dataset.version else ''}",
        _summary(dataset, run),
        "## Load",
        _load(dataset),
        "## Contents",
        _contents(dataset),
        *(run_sections(run, dataset) if run else ()),
        "## Licence",
        _licence(dataset),
        "## Limits",
        _limits(run),
        *(_reproduce(run) if run else ()),
    ]
    return "\n\n".join(sections).replace("---\n\n\n", "---\n\n") + "\n"


def _metadata(dataset: Dataset) -> str:
    values: dict[str, Any] = {"pretty_name": _line(f"{dataset.name} {dataset.version or ''}".strip())}
    if languages := [name for name in dataset.languages if name != UNDETERMINED]:
        values["language"] = languages
    if dataset.license is None:
        values["license"] = "other"
    elif re.fullmatch(r"[a-z0-9][a-z0-9.-]*", dataset.license):
        values["license"] = dataset.license
    else:
        values |= {"license": "other", "license_name": _line(dataset.license)}
    values |= {
        "size_categories": [size_category(dataset.rows)],
        "task_categories": ["text-generation"],
        "tags": ["sluice", *(["common-crawl"] if dataset.has_crawl else [])],
        "configs": configurations(dataset.parts),
        "dataset_info": sizes(dataset),
    }
    return yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=10_000)


def _line(text: str) -> str:
    """Text in one line without characters that cannot be printed; YAML's quoting does the rest."""
    return "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))


def _summary(dataset: Dataset, run: RunFacts | None) -> str:
    characters = sum(file.characters for file in dataset.tables)
    words = f"{_counted(dataset.rows, 'document')}, {characters:,} characters of text"
    if dataset.languages:
        words += f", in {', '.join(escape(name) for name in dataset.languages)}"
    if run and (archives := run.report["archives"]["count"]):
        words += f". Made from {_counted(archives, 'web archive')} with sluice {__version__}"
    return words + "."


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _load(dataset: Dataset) -> str:
    first = dataset.parts[0]
    python = LOAD.format(path=dataset.name, split=first.split)
    if len(dataset.languages) > 1:
        python += LOAD_LANGUAGE.format(language=dataset.languages[0])
    text = "\n\n".join(
        (
            fenced(python, "python"),
            "A single file with pandas, and the checksums of all files:",
            fenced(PANDAS.format(file=f"{first.stem(0)}.parquet"), "python"),
            fenced(CHECK, "bash"),
        )
    )
    if {"id", "text"} <= {column.name for column in dataset.columns}:
        text += "\n\nsluice reads the files as a table, for example to find near-duplicates:\n\n" + fenced(READ, "bash")
    return text


def _contents(dataset: Dataset) -> str:
    rows = []
    for part in dataset.parts:
        files = dataset.files_of(part)
        sums = [sum(getattr(file, name) for file in files) for name in ("rows", "characters", "text_bytes", "bytes")]
        language = [escape(part.language)] if dataset.languages else []
        rows.append([*language, escape(part.split), *map(count, sums), count(len(files))])
    head = (["language"] if dataset.languages else []) + ["split", "documents#", "characters#"]
    text = table([*head, "UTF-8 bytes of text#", "bytes of Parquet#", "files#"], rows)
    described = ([code(column.name), code(column.type), escape(column.description)] for column in dataset.columns)
    text += "\n\n" + table(["column", "type", "meaning"], described)
    text += (
        "\n\nThe file of a document depends only on its id: every file is a random sample of its part. Rows are sorted "
        "by id. SHA256SUMS has the checksum of every file, croissant.json the description in Croissant 1.0."
    )
    if len(dataset.languages) > 1:
        text += " The configuration `default` has all languages; each language is a configuration of its own."
    return text


def _licence(dataset: Dataset) -> str:
    if dataset.license is None:
        text = "No licence is granted for the texts. They are from web pages, whose rights remain with their owners"
        text += "; whether and how they may be used depends on the page and on the law that applies to you."
    else:
        text = f"The publisher of this collection has chosen the licence {code(dataset.license)}. It can cover the "
        text += "collection only: the rights in the texts remain with their owners."
    if dataset.has_crawl:
        text += f" The pages were collected by Common Crawl, whose [terms of use]({COMMON_CRAWL_TERMS}) apply."
    if any(column.name == "licence" for column in dataset.columns):
        text += " The column `licence` has the Creative Commons licence that a page names, which was not checked."
    return text


def _limits(run: RunFacts | None) -> str:
    points = [
        "The texts are as their authors wrote them, with errors, advertising, prejudice and offensive passages.",
    ]
    if run:
        points += [
            "Main text, language and quality are decided by programs. Some good pages were removed and some bad ones "
            "kept, and parts of pages are missing.",
            "Personal data is found by patterns. Names, addresses and other data in free text remain.",
            "Documents of one language, region or subject may be over-represented: the web and the crawl are no sample "
            "of what people write.",
        ]
        if not splits_of_run(run)["checked"]:
            points.append("Similar documents in different splits were not searched for after deduplication.")
    else:
        points.append("This card was written from the files alone. It is not known how the texts were chosen.")
    return "\n".join(f"- {point}" for point in points)


def _reproduce(run: RunFacts) -> list[str]:
    versions = f"sluice {__version__}. Number of cores, partitions and machines and the version of Spark do not matter"
    return [
        "## Reproduce",
        f"{versions}; the bytes of Parquet files also depend on the version of pyarrow, which their footers name.",
        fenced("sluice run pipeline --conf settings.yaml\nsluice publish --conf settings.yaml", "bash"),
        "settings.yaml, beside this file, has the settings that differ from the defaults. Local paths are shortened to "
        "their last part, so set `plan.inputs` and the paths of lists and benchmarks again:",
        fenced(run.settings, "yaml"),
    ]
