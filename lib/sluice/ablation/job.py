"""The job `ablate`: reads the variants, refuses overlap, trains every cell that is not finished, writes the results."""

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from sluice import __version__
from sluice.ablation.documents import Document, finished_stages, iter_documents
from sluice.ablation.draw import BYTES_PER_TOKEN, MAX_TOKENS, Draw, choose_tokens, cut
from sluice.ablation.held_out import HeldOutSet, read_held_out, require_enough
from sluice.ablation.models import Cell, Kind, models
from sluice.ablation.overlap import OverlapCheck, refusal
from sluice.ablation.results import comparisons, scores
from sluice.commands.pack import encode_documents
from sluice.core.config.ablate import AblateConfig, Paths
from sluice.core.config.dataset import TokenizerConfig
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError, InputError, SluiceError
from sluice.core.ids import MASK64, text_digest
from sluice.data import storage
from sluice.data.dataset.tokenizer import Tokenizer, train_tokenizer
from sluice.data.stage import Stage, finished_digest
from sluice.report.ablation import RESULTS, table
from sluice.report.ablation_section import chart_file, page

log = logging.getLogger("sluice.ablate")

Ids = npt.NDArray[np.int32]

STEPS = {"extract": "main text", "filter": "+ rules", "dedup": "+ dedup"}
"""Variants of a run if none are configured, by stage."""
CHECKED = "ablate_overlap.jsonl"
"""List of overlapping documents below `output`; the directory of the stage is not begun while they are refused."""


class Variant:
    """The drawn documents of a variant, and the digest of all its documents."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.digest = 0
        self.ids: dict[int, Ids] = {}
        """Token ids of the drawn texts, by number."""

    def add(self, document: Document) -> None:
        """Adds a document. The digest does not depend on the order of documents."""
        self.draw.add(document.key, document.text)
        self.digest = self.digest + int.from_bytes(text_digest(f"{document.key} {document.text}")[:8], "big") & MASK64

    def encode(self, tokenizer: Tokenizer) -> None:
        """Encodes the drawn texts."""
        texts = self.draw.texts
        encoded = encode_documents(tokenizer, texts.values())
        self.ids = {number: ids for number, (ids, _) in zip(texts, encoded, strict=True)}

    def available(self, seed: int) -> int:
        """Returns the tokens of the draw of a seed, one of them the end of each document."""
        return sum(len(self.ids[number]) + 1 for number in self.draw.numbers(seed))

    def drawn(self, seed: int, tokens: int) -> list[Ids]:
        """Returns the documents of a seed with exactly `tokens` tokens."""
        return cut((self.ids[number] for number in self.draw.numbers(seed)), tokens)


def ablate(config: Config, force: bool) -> None:
    """Compares the variants and prints a table. Raises ConfigError or InputError before anything is trained."""
    section = config.ablate
    if section.lstm.enabled and storage.is_uri(config.output):
        raise ConfigError(
            f"output = {config.output}: the LSTM needs a local directory. Use one, or ablate.lstm.enabled=false."
        )
    kinds = models(section)
    if not kinds:
        raise ConfigError(
            "ablate.ngram.order is null and ablate.lstm.enabled is false, so there is no model to compare."
        )
    sources = _sources(config)
    seeds = max((kind.seeds for kind in kinds.values()), key=len)
    sets = read_held_out(section.held_out, section.language, section.max_documents)
    check = OverlapCheck(sets, section.overlap_share)
    variants = {name: _read(name, paths, section, check, seeds) for name, paths in sources.items()}
    kept = _without_overlap(config, check, sets)
    stage = Stage(config.output, "ablate", _settings(section, sources, variants, kept))
    if stage.begin(force=force, keep=True):
        tokenizer, available, tokens = _prepare(stage, section, variants, seeds)
        nats = _train(stage, kinds, variants, kept, tokenizer, tokens)
        results = {
            "tokens": tokens,
            "stages": _stages_of_output(config.output, sources),
            "tokenizer": {"vocab_size": tokenizer.vocab_size, "sha256": tokenizer.sha256},
            "variants": [
                {"name": name, "documents": variant.draw.num_documents, "available_tokens": available[name]}
                for name, variant in variants.items()
            ],
            "held_out": _described(sets, kept, check, variants),
            "models": {name: {"name": kind.words, "seeds": list(kind.seeds)} for name, kind in kinds.items()},
            "scores": scores(nats, {held_out.name: held_out.num_bytes for held_out in kept}),
            "comparisons": comparisons(nats, list(variants)),
        }
        _write(stage.file(RESULTS), results)
        storage.write_atomic(stage.file("report.html"), page(results).encode())
        storage.write_atomic(stage.file("changes.svg"), chart_file(results).encode())
        stage.finish([])
    results = json.loads(storage.read_bytes(stage.file(RESULTS)))
    print(f"{table(results)}\n\n{stage.file('report.html')}; `sluice report` adds it to the report of a run")


def _prepare(
    stage: Stage, section: AblateConfig, variants: Mapping[str, Variant], seeds: range
) -> tuple[Tokenizer, dict[str, int], int]:
    """Encodes the variants. Returns the tokenizer, the tokens available in each variant, and those to train on.

    After an error, the directory is empty again, so that other settings can use it: nothing has been trained.
    """
    try:
        tokenizer = _tokenizer(stage, section, variants)
        for variant in variants.values():
            variant.encode(tokenizer)
        available = {name: min(map(variant.available, seeds)) for name, variant in variants.items()}
        tokens = choose_tokens(section.tokens, available)
    except SluiceError:
        storage.delete_tree(stage.path)
        raise
    listed = ", ".join(f"{name} {count:,}" for name, count in available.items())
    log.info("%s tokens of every variant; available: %s", f"{tokens:,}", listed)
    return tokenizer, available, tokens


def _described(
    before: list[HeldOutSet], after: list[HeldOutSet], check: OverlapCheck, variants: Mapping[str, Variant]
) -> list[dict[str, Any]]:
    """Describes the held-out sets, without overlapping documents, and what they share with the variants."""
    shared = {name: check.shared_ngrams(name) for name in variants}
    return [
        {
            "name": kept.name,
            "documents": len(kept.texts),
            "bytes": kept.num_bytes,
            "excluded": len(whole.texts) - len(kept.texts),
            "shared_ngrams": {name: shares[kept.name] for name, shares in shared.items()},
        }
        for whole, kept in zip(before, after, strict=True)
    ]


def _sources(config: Config) -> dict[str, Paths]:
    """Returns the sources of each variant. Raises ConfigError for fewer than two."""
    section = config.ablate
    if section.variants and section.uncurated:
        raise ConfigError("ablate.uncurated is only for empty ablate.variants. Add it to ablate.variants instead.")
    if section.variants:
        sources = dict(section.variants)
    else:
        stages = [stage for stage in finished_stages(config.output) if stage in STEPS]
        sources = {"uncurated": section.uncurated} if section.uncurated else {}
        sources |= {STEPS[stage]: (storage.join(config.output, stage),) for stage in stages}
    if len(sources) < 2:
        raise ConfigError(
            f"An ablation compares at least two variants; found {len(sources)}. Set output to the directory of a "
            "finished run (sluice run pipeline), or ablate.variants to sources of text."
        )
    return sources


def _stages_of_output(output: str, sources: Mapping[str, Paths]) -> dict[str, str | None]:
    """Returns the digests of the stages of `output` that are sources: the report warns if they are run again."""
    paths = {path.rstrip("/") for paths in sources.values() for path in paths}
    found = [stage for stage in finished_stages(output) if storage.join(output, stage) in paths]
    return {stage: finished_digest(output, stage) for stage in found}


def _read(name: str, paths: Paths, section: AblateConfig, check: OverlapCheck, seeds: range) -> Variant:
    variant = Variant(Draw(seeds, BYTES_PER_TOKEN * (section.tokens or MAX_TOKENS)))
    for document in iter_documents(paths, section.language):
        check.add(name, document)
        variant.add(document)
    if not variant.draw.num_documents:
        language = f" in the language {section.language!r}" if section.language else ""
        raise InputError(f"The variant {name!r} has no documents{language}: {', '.join(paths)}. Use other sources.")
    log.info("%s: %s documents", name, f"{variant.draw.num_documents:,}")
    return variant


def _without_overlap(config: Config, check: OverlapCheck, sets: list[HeldOutSet]) -> list[HeldOutSet]:
    """Returns the sets without overlapping documents. Raises InputError if these are refused, or too few remain."""
    entries = check.entries()
    path = storage.join(config.output, CHECKED)
    if entries:
        lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        storage.write_atomic(path, lines.encode("utf-8", "replace"))
    if entries and not config.ablate.exclude_overlap:
        raise refusal(entries, sets, path)
    kept = []
    for held_out, excluded in zip(sets, check.excluded(), strict=True):
        kept.append(held_out.without(excluded))
        if excluded:
            log.warning(
                "%s: %s documents overlap with training documents and are left out", held_out.name, len(excluded)
            )
        require_enough(kept[-1])
    return kept


def _settings(
    section: AblateConfig, sources: Mapping[str, Paths], variants: Mapping[str, Variant], sets: list[HeldOutSet]
) -> dict[str, Any]:
    """Returns everything that the results depend on. Sources are identified by content, not by path."""
    settings: dict[str, Any] = msgspec.to_builtins(section)
    for name in ("uncurated", "exclude_overlap", "language", "max_documents", "overlap_share"):
        del settings[name]
    if section.tokenizer:
        settings["tokenizer"] = Tokenizer.load(section.tokenizer).sha256
    settings["variants"] = [[name, f"{variants[name].digest:016x}"] for name in sources]  # the order counts
    settings["held_out"] = {
        held_out.name: hashlib.sha256(b"".join(map(text_digest, held_out.texts))).hexdigest() for held_out in sets
    }
    return {"sluice": __version__, **settings}


def _tokenizer(stage: Stage, section: AblateConfig, variants: Mapping[str, Variant]) -> Tokenizer:
    """Returns the tokenizer of all variants; trains it on equal parts of each, unless it is configured or exists."""
    path = stage.file("tokenizer.json")
    if not storage.exists(path):
        if section.tokenizer:
            data = storage.read_bytes(section.tokenizer)
        else:
            config = TokenizerConfig(vocab_size=section.vocab_size)
            data = train_tokenizer(_equal_parts(variants, section.seed, section.tokenizer_bytes), config)
        storage.write_atomic(path, data)
    tokenizer = Tokenizer.load(path)
    if not tokenizer.lossless:
        raise ConfigError(
            f"ablate.tokenizer = {section.tokenizer} loses text, so bits per byte are undefined. Use byte-level BPE."
        )
    return tokenizer


def _equal_parts(variants: Mapping[str, Variant], seed: int, max_bytes: int) -> list[str]:
    """Returns texts of each variant in the order of a seed, up to the same number of bytes."""
    parts = {name: [variant.draw.texts[i] for i in variant.draw.numbers(seed)] for name, variant in variants.items()}
    smallest = min(sum(len(text.encode()) for text in texts) for texts in parts.values())
    found = []
    for texts in parts.values():
        left = min(max_bytes, smallest)
        for text in texts:
            if left <= 0:
                break
            found.append(text.encode()[:left].decode("utf-8", "ignore"))
            left -= len(text.encode())
    return found


def _train(
    stage: Stage,
    kinds: Mapping[str, Kind],
    variants: Mapping[str, Variant],
    sets: list[HeldOutSet],
    tokenizer: Tokenizer,
    tokens: int,
) -> dict[tuple[str, str], dict[str, npt.NDArray[np.float64]]]:
    """Returns the nats of all cells; a finished cell is read from its file."""
    held_out = {held.name: [ids for ids, _ in encode_documents(tokenizer, held.texts)] for held in sets}
    found: dict[tuple[str, str], dict[str, list[list[float]]]] = {}
    for model, kind in kinds.items():
        total, done, trained, began = len(kind.seeds) * len(variants), 0, 0, time.monotonic()
        for seed in kind.seeds:
            for place, (name, variant) in enumerate(variants.items()):
                done += 1
                path = stage.file("cells", f"{place}-{model}-{seed}.json")
                if not storage.exists(path):
                    directory = stage.file("work", f"{place}-{model}-{seed}")
                    nats = kind.run(Cell(variant.drawn(seed, tokens), held_out, seed, tokenizer, directory))
                    values = {key: value.tolist() for key, value in nats.items()}
                    _write(path, {"variant": name, "model": model, "seed": seed, "nats": values})
                    trained += 1
                    left = (time.monotonic() - began) / trained * (total - done)
                    log.info("%s %d of %d (%s, seed %d); about %.0f s left", kind.words, done, total, name, seed, left)
                for key, value in json.loads(storage.read_bytes(path))["nats"].items():
                    found.setdefault((name, model), {}).setdefault(key, []).append(value)
    return {key: {name: np.array(rows) for name, rows in values.items()} for key, values in found.items()}


def _write(path: str, value: Mapping[str, Any]) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    storage.write_atomic(path, text.encode())
