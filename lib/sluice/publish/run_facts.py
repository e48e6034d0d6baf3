"""Facts about the run that made the documents, for the card: values of its report, and its settings as a file."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from sluice.core.config.schema import Config
from sluice.report.values import Values, without_credentials

SECTIONS = ("extract", "rules", "dedup", "decontaminate", "line_dedup", "split_check", "publish")
"""Sections that determine the published documents as a whole; of `plan` and `shards`, only the fields below."""

PLAN = ("inputs", "base_url", "crawl", "batch_warcs", "index", "selection")
SHARDS = ("valid_fraction", "test_fraction", "seed")
NO_EFFECT = {
    "extract": ("transport", "max_unreadable_share", "page_timeout_s", "page_memory_bytes"),
    "publish": ("upload", "private"),
}
"""Settings that do not affect the documents, and differ between the machines that run the same job."""


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a run. All counts are those of its report, hence of the summaries of its stages."""

    report: Values
    settings: str
    """settings.yaml, see `settings_file`."""
    first_date: str | None = None
    last_date: str | None = None
    """Earliest and latest fetch of a published document, ISO 8601."""

    def settings_of(self, stage: str) -> Values:
        """Returns the settings of a stage; empty if it is not part of the run."""
        return next((row["settings"] for row in self.report["stages"] if row["stage"] == stage), {})

    def dropped_by(self, stage: str) -> dict[str, int]:
        """Returns the documents that a stage dropped, by reason; for extract, the records."""
        return next((row["dropped"] for row in self.report["stages"] if row["stage"] == stage), {})

    @property
    def archives(self) -> list[str]:
        """Paths of the archives."""
        return [file["path"] for file in self.report["archives"]["files"]]

    @property
    def crawls(self) -> list[str]:
        """Common Crawl's names of the crawls (CC-MAIN-2024-10), as far as paths contain them, sorted."""
        names = (re.search(r"CC-(?:MAIN|NEWS)-\d{4}-\d{2}(?!\d)", path) for path in self.archives)
        return sorted({match[0] for match in names if match})

    @property
    def segments(self) -> int:
        """Number of Common Crawl's segments, as far as paths contain them."""
        found = (re.search(r"/segments/([^/]+)/", path) for path in self.archives)
        return len({match[1] for match in found if match})

    @property
    def has_crawl(self) -> bool:
        """Whether an archive has a name as Common Crawl gives them."""
        return any(re.search(r"(^|/)CC-(MAIN|NEWS)-\d", path) for path in self.archives)


def settings_file(config: Config) -> str:
    """Returns the settings that differ from the defaults and determine the documents, as YAML for `--conf`.

    Contains no credentials. Of absolute local paths only the last part, since they name machines and people.
    """
    ours, default = (msgspec.to_builtins(one) for one in (config, Config()))
    wanted = {name: ours[name] for name in ("name", "version", "seed")}
    wanted["plan"] = {name: ours["plan"][name] for name in PLAN}
    for section in SECTIONS:
        wanted[section] = {
            name: value for name, value in ours[section].items() if name not in NO_EFFECT.get(section, ())
        }
    wanted["shards"] = {name: ours["shards"][name] for name in SHARDS}
    changed = _changed(wanted, default)
    return yaml.safe_dump(_public(changed), allow_unicode=True, sort_keys=False, width=10_000) if changed else "{}\n"


def _changed(ours: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values that differ from the defaults, section by section."""
    found: dict[str, Any] = {}
    for name, value in ours.items():
        if isinstance(value, Mapping) and isinstance(default.get(name), Mapping) and value:
            if inner := _changed(value, default[name]):
                found[name] = inner
        elif value != default.get(name):
            found[name] = value
    return found


def _public(value: Any) -> Any:
    match value:
        case str():
            is_local_path = value.startswith("/") and len(value) > 1
            return value.rstrip("/").rpartition("/")[2] if is_local_path else without_credentials(value)
        case Mapping():
            return {key: _public(item) for key, item in value.items()}
        case list() | tuple():
            return [_public(item) for item in value]
    return value
