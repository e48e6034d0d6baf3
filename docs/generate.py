"""Writes the reference pages from the code; mkdocs runs it before every build (plugin gen-files)."""

import argparse
import importlib
import inspect

import mkdocs_gen_files
import msgspec

from sluice.commands.jobs import JOBS
from sluice.commands.main import COMMANDS, add_arguments
from sluice.core.cli import Parser
from sluice.core.config.settings import COMMON, section_meaning, settings
from sluice.core.reasons import Reason
from sluice.core.records import corpus, dedup, docs
from sluice.core.records.base import Record
from sluice.core.records.docs import Signals
from sluice.text.rules.rule import load_rules, preset_names, read_description
from sluice.text.signals.catalogue import describe


def page(name: str, *lines: str) -> None:
    """Writes one reference page."""
    with mkdocs_gen_files.open(f"reference/{name}.md", "w") as stream:
        stream.write("\n".join(lines) + "\n")


def cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def configuration() -> None:
    """Every setting by section; the common ones are bold."""
    lines = [
        "# Configuration",
        "Settings come from the defaults, then each `--conf` file, then each `--set`; later ones win.",
        "Settings in bold are the common ones, which `sluice config` shows without `--all`.",
    ]
    section = None
    for setting in settings():
        parent = setting.path.rpartition(".")[0]
        if parent != section:
            section = parent
            lines += ["", f"## {parent or 'Top level'}", "", section_meaning(parent), ""]
            lines += ["| Setting | Default | Type | Meaning |", "|---|---|---|---|"]
        name = setting.path.rpartition(".")[2]
        shown = f"**`{name}`**" if setting.path in COMMON else f"`{name}`"
        lines.append(f"| {shown} | `{setting.value}` | {cell(setting.type)} | {cell(setting.meaning)} |")
    page("configuration", *lines)


def commands() -> None:
    """The help of every command."""
    lines = ["# Command line", "", "`python -m sluice` is the same as `sluice`.", ""]
    for name in [*(job.name for job in JOBS.values()), *COMMANDS]:
        parser = Parser(prog=f"sluice {name}", formatter_class=argparse.RawDescriptionHelpFormatter)
        add_arguments(parser, name)
        lines += [f"## sluice {name}", "", "```text", parser.format_help().rstrip(), "```", ""]
    page("cli", *lines)


def signals() -> None:
    """Every quality signal with its definition."""
    lines = [
        "# Signals",
        "",
        "`sluice signals FILE` computes them for a text.",
        "",
        "| Signal | Definition |",
        "|---|---|",
    ]
    lines += [f"| `{name}` | {cell(describe(name))} |" for name in Signals.__struct_fields__]
    page("signals", *lines)


def presets() -> None:
    """Every rule of every preset."""
    lines = ["# Presets"]
    for name in preset_names():
        lines += [
            "",
            f"## {name}",
            "",
            read_description(name),
            "",
            "| Rule | Languages | Signal | Bounds |",
            "|---|---|---|---|",
        ]
        for rule in load_rules([name]):
            bounds = [(s, getattr(rule, a)) for s, a in (("≥", "min"), ("≤", "max"), (">", "above"), ("&lt;", "below"))]
            words = ", ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)
            lines.append(f"| `{rule.name}` | {', '.join(rule.languages or ('all',))} | `{rule.signal}` | {words} |")
    page("presets", *lines)


def tables() -> None:
    """Every record with its columns."""
    lines = ["# Tables", "", "All tables are Parquet. A column marked null may be undefined."]
    for module in (docs, dedup, corpus):
        for record in vars(module).values():
            if not (inspect.isclass(record) and issubclass(record, Record) and record.__module__ == module.__name__):
                continue
            lines += ["", f"## {record.__name__}", "", " ".join((inspect.getdoc(record) or "").split()), ""]
            lines += ["| Column | Type |", "|---|---|"]
            for field in msgspec.structs.fields(record):
                kind = getattr(field.type, "__name__", str(field.type)).replace("typing.", "")
                lines.append(f"| `{field.name}` | {cell(kind)} |")
    page("tables", *lines)


def reasons() -> None:
    """Every rejection reason."""
    lines = [
        "# Rejection reasons",
        "",
        "A document that a filter rule drops has the name of the rule as its reason.",
        "",
        "| Reason | Meaning |",
        "|---|---|",
        *(f"| `{reason}` | {cell(reason.meaning)} |" for reason in Reason),
    ]
    page("rejection-reasons", *lines)


def formats() -> None:
    """The module docstrings that define the file formats."""
    lines = ["# File formats"]
    for title, module in (
        ("manifest.json", "sluice.data.dataset.manifest"),
        ("TFRecord shards", "sluice.data.dataset.tfrecord"),
        ("Packing of tokens", "sluice.data.dataset.packing"),
        ("Stage directories", "sluice.data.stage"),
    ):
        text = inspect.getdoc(importlib.import_module(module)) or ""
        lines += ["", f"## {title}", "", text]
    page("file-formats", *lines)


def api() -> None:
    """Functions that are useful from Python; signatures and docstrings by mkdocstrings."""
    names = (
        "sluice.data.archives.reader.read_archive",
        "sluice.text.html.extract.extract_text",
        "sluice.text.charset.decode.decode",
        "sluice.text.signals.compute.compute",
        "sluice.text.rules.rule.load_rules",
        "sluice.text.rules.rule.first_failure",
        "sluice.text.quality.language_model.Scorer",
        "sluice.data.dataset.manifest.read_manifest",
        "sluice.data.dataset.verify.verify_dataset",
        "sluice.core.config.load.load_config",
    )
    lines = [
        "# Python API",
        "",
        "Functions that need neither Spark nor TensorFlow. They are not stable before 1.0.",
        "",
    ]
    page("python-api", *lines, *(f"::: {name}\n" for name in names))


for write in (configuration, commands, signals, presets, tables, reasons, formats, api):
    write()
