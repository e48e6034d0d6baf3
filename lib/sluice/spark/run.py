"""The stages of a run. Their digests form a chain, which prevents mixing outputs of different configurations."""

import json
import logging
from functools import cached_property
from typing import Any

import msgspec

from sluice import __version__
from sluice.core.config.dedup import split_minhash
from sluice.core.config.load import digest
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError
from sluice.data import storage
from sluice.data.dataset.manifest import dataset_directory
from sluice.data.plan.cc_index import describe
from sluice.data.plan.cost import table
from sluice.data.plan.inputs import InputPlan, make_plan
from sluice.data.plan.table import estimates, make_plan_table
from sluice.data.stage import MARKER, Stage
from sluice.spark.deduplication.index import result_settings
from sluice.spark.transforms.decontaminate import decontaminate_settings
from sluice.spark.transforms.domains import domain_settings
from sluice.spark.transforms.line_dedup import line_dedup_settings
from sluice.spark.transforms.scores import scores_digest
from sluice.text.cleaning.clean import cut_lines, mask_personal
from sluice.text.decontamination.benchmark import Benchmark
from sluice.text.dedup.key_text import KEY_VERSION
from sluice.text.html.extract import check_extractor, extractor_identity
from sluice.text.language.identify import file_digest, model_path
from sluice.text.pages.lists import PageLists
from sluice.text.rules.rule import Rule, load_rules

log = logging.getLogger("sluice.run")

SWITCHES = {
    "decontaminate": "set decontaminate.benchmarks=[FILES]",
    "line_dedup": "set line_dedup.enabled=true",
    "split_check": "set split_check.enabled=true and hold documents out (shards.valid_fraction, shards.test_fraction)",
}
"""How to switch on each optional stage."""


class Run:
    """Stages by name. A stage's digest covers its own settings and, through `upstream`, those of all earlier stages.

    A run is created before Spark starts, so that an invalid rule, a missing model or (of_archives) missing input is
    reported at once, as ConfigError or InputError.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.rules: tuple[Rule, ...] = load_rules(config.rules.presets)
        self.scores = scores_digest(config.rules)
        if self.scores and all(rule.signal != "bits_per_byte" for rule in self.rules):
            raise ConfigError(
                "rules.scores is set, but no rule uses the signal 'bits_per_byte', so the scores would have no "
                "effect. Add a rule file that uses it to rules.presets, or remove rules.scores."
            )
        self.domain_settings = domain_settings(self.rules, config.rules)
        model_path(config.extract.lid_model)
        check_extractor(config.extract.extractor, config.extract.format)
        self.lists = PageLists.of(config.extract)
        self.dedup_settings = result_settings(config.dedup)
        benchmarks = config.decontaminate.benchmarks
        self.benchmark = Benchmark.load(benchmarks, config.decontaminate) if benchmarks else None
        shares = config.shards
        self.checks_split = config.split_check.enabled and bool(shares.valid_fraction or shares.test_fraction)
        if self.checks_split:
            split_minhash(config.split_check, config.dedup.minhash)  # raises for equal permutations
        clean = cut_lines("é", config.extract.edit)  # raises for a missing ftfy
        mask_personal(clean, config.extract.pii)  # raises for a mask that would itself be masked
        dataset_directory(config.output, config.name, config.version)

    @classmethod
    def of_archives(cls, config: Config) -> "Run":
        """Creates a run that starts by reading archives, which are listed now."""
        run = cls(config)
        run.extract.check()
        return run

    @classmethod
    def with_stage(cls, config: Config, name: str) -> "Run":
        """Creates a run for the job of an optional stage. Raises ConfigError if the stage is switched off."""
        run = cls(config)
        run.require_stage(name)
        return run

    def require_stage(self, name: str) -> Stage:
        """Returns a stage by name. Raises ConfigError if it is switched off."""
        stage: Stage | None = getattr(self, name)
        if stage is None:
            raise ConfigError(
                f"The stage {name!r} is switched off, so later stages would not use its results. To switch it on, "
                f"{SWITCHES[name]}, in this job and all later ones."
            )
        return stage

    @cached_property
    def result_settings(self) -> dict[str, Any]:
        """Settings that determine the result, except locations. They identify the data in manifests."""
        plain = msgspec.to_builtins
        config = self.config
        extract = plain(config.extract)
        del extract["max_unreadable_share"], extract["transport"]
        del extract["page_timeout_s"], extract["page_memory_bytes"]  # they affect only pages that are rejected anyway
        # by content: paths differ between machines
        extract["lid_model"] = file_digest(model_path(config.extract.lid_model))
        extract["extractor"] = extractor_identity(config.extract.extractor)
        extract |= self.lists.identity()
        selected = {} if config.plan.index is None else {"selection": plain(config.plan.selection)}
        return {
            "sluice": __version__,
            "key": KEY_VERSION,
            "crawl": config.plan.crawl,
            **selected,
            "extract": extract,
            "rules": [_without_examples(rule) for rule in plain(self.rules)],
            **({} if self.scores is None else {"scores": self.scores}),
            **self.domain_settings,
            "dedup": self.dedup_settings,
            **self._optional_settings(),
            "tokenizer": plain(config.tokenizer),
            "shards": plain(config.shards),
        }

    def _optional_settings(self) -> dict[str, Any]:
        """Settings of the optional stages that are switched on. Others do not change the digest."""
        found: dict[str, Any] = {}
        if self.benchmark is not None:
            found["decontaminate"] = decontaminate_settings(self.config.decontaminate, self.benchmark)
        if self.config.line_dedup.enabled:
            found["line_dedup"] = line_dedup_settings(self.config.line_dedup)
        if self.checks_split:
            found["split_check"] = split_check_settings(self.config)
        return found

    @cached_property
    def result_digest(self) -> str:
        """SHA-256 of `result_settings`."""
        return digest(self.result_settings)

    def _settings(self, *names: str) -> dict[str, Any]:
        return {name: self.result_settings[name] for name in names}

    @cached_property
    def input_plan(self) -> InputPlan:
        """The archives as listed now. With an index: the plan in the output, created first if necessary."""
        plan, transport = self.config.plan, self.config.extract.transport
        if plan.index is None and not describe(plan.selection):
            return make_plan(plan, transport)
        made = make_plan_table(self.config.output, plan, transport)
        works = estimates(self.config.output, plan)
        for line in table(works, plan.cost, transport.requests_per_s).splitlines():
            log.info("plan: %s", line)
        return made

    @cached_property
    def extract(self) -> Stage:
        """The stage for the archives as listed now; used only by the extract job."""
        plan = self.input_plan
        archives = {"archives": [[entry.path, entry.size] for entry in plan.entries]}
        return self._extract(digest(archives | ({"places": plan.places} if plan.places else {})))

    @cached_property
    def extracted(self) -> Stage:
        """The extract stage for later stages: for the archives that were read, without listing them again."""
        path = storage.join(self.config.output, "extract", MARKER)
        marker = json.loads(storage.read_bytes(path)) if storage.exists(path) else {"settings": {}}
        return self._extract(marker["settings"].get("archives", ""))

    def _extract(self, archives: str) -> Stage:
        settings = {
            **self._settings("sluice", "key", "crawl", "extract"),
            **({} if self.config.plan.index is None else self._settings("selection")),
            "minhash": self.result_settings["dedup"]["minhash"],
            "batch_warcs": self.config.plan.batch_warcs,
            "inputs": list(self.config.plan.inputs),
            "archives": archives,
        }
        return Stage(self.config.output, "extract", settings)

    @cached_property
    def filter(self) -> Stage:
        """The stage that applies the rules."""
        names = ("rules", *self.domain_settings, *(() if self.scores is None else ("scores",)))
        return Stage(self.config.output, "filter", self._settings(*names), self.extracted.digest)

    @cached_property
    def dedup(self) -> Stage:
        """The stage that writes edges, clusters and removals."""
        return Stage(self.config.output, "dedup", self._settings("dedup"), self.filter.digest)

    @cached_property
    def decontaminate(self) -> Stage | None:
        """The stage that finds benchmark items; None without a benchmark."""
        if self.benchmark is None:
            return None
        return Stage(self.config.output, "decontaminate", self._settings("decontaminate"), self.dedup.digest)

    @cached_property
    def line_dedup(self) -> Stage | None:
        """The stage that removes repeated lines; None if switched off."""
        if not self.config.line_dedup.enabled:
            return None
        upstream = self.decontaminate or self.dedup
        return Stage(self.config.output, "line_dedup", self._settings("line_dedup"), upstream.digest)

    @property
    def texts(self) -> Stage:
        """The last stage that changes the text of kept documents."""
        return self.line_dedup or self.decontaminate or self.dedup

    @cached_property
    def split_check(self) -> Stage | None:
        """The stage that removes near-copies of held-out documents; None if switched off or if nothing is held out."""
        if not self.checks_split:
            return None
        return Stage(self.config.output, "split_check", self._settings("split_check"), self.texts.digest)

    @property
    def corpus(self) -> Stage:
        """The last stage that decides which documents are kept."""
        return self.split_check or self.texts

    @cached_property
    def tokenizer(self) -> Stage:
        """The tokenizer stage. It depends on the shard settings, which define the training split."""
        return Stage(self.config.output, "tokenizer", self._settings("tokenizer", "shards"), self.corpus.digest)

    @cached_property
    def shards(self) -> Stage:
        """The stage that writes the dataset."""
        settings = {"name": self.config.name, "version": self.config.version}
        return Stage(self.config.output, "shards", settings, self.tokenizer.digest)

    @cached_property
    def publish(self) -> Stage:
        """The stage that writes the documents in the layout of the Hugging Face hub. It needs no tokenizer."""
        plain: dict[str, Any] = msgspec.to_builtins(self.config.publish)
        del plain["upload"], plain["private"]
        settings = {"name": self.config.name, "version": self.config.version, "publish": plain}
        return Stage(self.config.output, "publish", settings | _held_out(self.config), self.corpus.digest)


def split_check_settings(config: Config) -> dict[str, Any]:
    """Returns the settings that determine the result: the search settings, and the held-out documents."""
    plain: dict[str, Any] = msgspec.to_builtins(config.split_check)
    del plain["enabled"]
    return plain | _held_out(config)


def _held_out(config: Config) -> dict[str, Any]:
    """Returns the settings that assign documents to splits."""
    shards = config.shards
    return {"held_out": {"valid": shards.valid_fraction, "test": shards.test_fraction, "seed": shards.seed}}


def _without_examples(rule: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of a rule that affect results; examples do not."""
    return {name: value for name, value in rule.items() if name not in ("drops", "keeps")}
