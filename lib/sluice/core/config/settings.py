"""Path, type, default and meaning of every setting, read from the section classes and their docstrings."""

import ast
import functools
import inspect
import itertools
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from sluice.core.config.keys import section_of
from sluice.core.config.schema import Config

COMMON = frozenset(
    """
    name version output seed
    plan.inputs plan.base_url plan.crawl plan.batch_warcs
    extract.languages extract.min_language_score extract.extractor extract.min_chars extract.max_unreadable_share
    extract.quality_models extract.pii.email extract.pii.phone extract.pii.mobile
    rules.presets
    dedup.threshold dedup.minhash.bands dedup.minhash.rows dedup.urls
    decontaminate.benchmarks decontaminate.fields line_dedup.enabled
    source.inputs source.id source.text source.quality
    tokenizer.kind tokenizer.vocab_size tokenizer.sample_bytes
    shards.seq_len shards.shard_bytes shards.valid_fraction shards.test_fraction
    publish.columns publish.formats publish.license publish.upload
    train.data.manifest train.data.batch_size train.data.bptt_steps train.data.eval_batch_size
    train.model.arch train.model.layers train.model.hidden train.model.embedding_dim
    train.model.projection_dim train.model.tie_embeddings
    train.model.kernel train.model.dropout.input train.model.dropout.between train.model.dropout.output
    train.optim.name train.optim.lr train.optim.clip_norm train.optim.weight_decay train.optim.precision
    train.optim.schedule.kind train.optim.schedule.warmup_steps
    train.run.out train.run.seed train.run.epochs train.run.eval_every train.run.early_stop_patience
    train.run.prompts train.run.dry_run train.run.checkpoint.every_steps train.dist.strategy train.dist.local_workers
    ablate.variants ablate.uncurated ablate.held_out ablate.tokens
    ablate.ngram.seeds ablate.lstm.enabled ablate.lstm.seeds
    log.level
    """.split()
)
"""Settings that recipes set and newcomers need. `sluice config` lists all others only with --all."""


class Setting(NamedTuple):
    """One setting and its description."""

    path: str
    """Dotted path: train.optim.lr."""
    type: str
    """Type in words: number above 0, or null."""
    value: Any
    """Default or current value as a plain value: string, number, list, mapping or None."""
    meaning: str
    """The docstring of the field, in one line."""


def settings(config: Config | None = None) -> list[Setting]:
    """Lists all settings in configuration order, with the values of `config` or, if None, the defaults."""
    return list(_settings(config or Config(), ""))


def section_meaning(path: str) -> str:
    """Returns the first sentence of a section's docstring. An empty path means the whole configuration."""
    section: type[msgspec.Struct] = Config
    for name in filter(None, path.split(".")):
        section = next(filter(None, (section_of(f.type) for f in msgspec.structs.fields(section) if f.name == name)))
    return _one_line((section.__doc__ or "").partition("\n\n")[0])


def _settings(values: msgspec.Struct, prefix: str) -> Iterator[Setting]:
    meanings = _meanings(type(values))
    for field in msgspec.structs.fields(type(values)):
        path, value = f"{prefix}{field.encode_name}", getattr(values, field.name)
        if isinstance(value, msgspec.Struct):
            yield from _settings(value, f"{path}.")
        else:
            words = type_in_words(msgspec.inspect.type_info(field.type))
            yield Setting(path, words, msgspec.to_builtins(value), meanings[field.name])


def type_in_words(info: msgspec.inspect.Type) -> str:
    """Describes a type from `msgspec.inspect` in words."""
    match info:
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.IntType():
            return f"whole number{_bounds(info)}"
        case msgspec.inspect.FloatType():
            return f"number{_bounds(info)}"
        case msgspec.inspect.StrType():
            return "text"
        case msgspec.inspect.NoneType():
            return "null"
        case msgspec.inspect.LiteralType():
            return ", ".join(str(value) for value in info.values[:-1]) + f" or {info.values[-1]}"
        case msgspec.inspect.VarTupleType():
            return f"list of: {type_in_words(info.item_type)}"
        case msgspec.inspect.DictType():
            return f"mapping to: {type_in_words(info.value_type)}"
        case msgspec.inspect.UnionType():
            parts = sorted(info.types, key=lambda part: isinstance(part, msgspec.inspect.NoneType))
            return ", or ".join(type_in_words(part) for part in parts)
    raise TypeError(f"type_in_words does not know {info}")


def _bounds(info: msgspec.inspect.IntType | msgspec.inspect.FloatType) -> str:
    if info.ge is not None and info.le is not None:
        return f" from {info.ge:g} to {info.le:g}"
    if info.ge is not None:
        return f" from {info.ge:g}"
    return f" above {info.gt:g}" if info.gt is not None else ""


def _meanings(section: type[msgspec.Struct]) -> dict[str, str]:
    """Docstrings of the fields of a section class, by field name."""
    body = next(
        node.body
        for node in _module(section.__module__).body
        if isinstance(node, ast.ClassDef) and node.name == section.__name__
    )
    found = {}
    for field, text in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match text:
                case ast.Expr(value=ast.Constant(value=str(words))):
                    found[field.target.id] = _one_line(words)
    return found


@functools.cache
def _module(name: str) -> ast.Module:
    return ast.parse(inspect.getsource(sys.modules[name]))


def _one_line(text: str) -> str:
    return " ".join(text.split())
