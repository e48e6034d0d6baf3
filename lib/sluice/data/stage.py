"""The directory of one stage: its settings, whether it is finished, and its counts.

`_stage.json` is written first and contains the settings of the directory. `_summary.json` is written last and marks the
stage as finished. A directory with other settings is an error; results are never mixed.
"""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sluice.core.config.load import differences, digest
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.core.ledger import Ledger
from sluice.data import storage
from sluice.data.owner import require_held

MARKER, SUMMARY = "_stage.json", "_summary.json"

log = logging.getLogger("sluice.stage")


class Stage:
    """One stage of one run.

    `settings` is everything that the result depends on, as plain values; `upstream` is the digest of its input stage.
    """

    def __init__(self, root: str, name: str, settings: Mapping[str, Any], upstream: str | None = None) -> None:
        self.name = name
        self.path = storage.join(root, name)
        self.settings = dict(settings)
        self.digest = digest({"stage": name, "settings": self.settings, "upstream": upstream})
        self.upstream = upstream
        self._started = time.monotonic()

    def file(self, *parts: str) -> str:
        """Returns a path below the stage's directory."""
        return storage.join(self.path, *parts)

    def begin(self, *, force: bool = False, keep: bool = False) -> bool:
        """Prepares the directory and returns whether there is work to do.

        Leaves an empty directory or, with `keep`, an unfinished one unchanged. Raises ConfigError if the directory
        belongs to other settings, InputError if it is not a stage. `force` clears it in the first case, and also if it
        is finished.
        """
        marker = self.check()
        if marker is not None and marker["digest"] != self.digest and not force:
            raise ConfigError(self._belongs_elsewhere(marker))
        if marker is not None and marker["digest"] == self.digest and not force:
            if self._read(SUMMARY) is not None:
                log.info("%s: already done in %s", self.name, self.path)
                return False
            if keep:
                return True
        if marker is not None and force:
            self._write(MARKER, marker | {"digest": None})  # if killed now, neither finished nor resumable
        storage.delete_tree(self.path)
        self._write(
            MARKER, {"stage": self.name, "digest": self.digest, "upstream": self.upstream, "settings": self.settings}
        )
        self._started = time.monotonic()
        return True

    def check(self) -> dict[str, Any] | None:
        """Returns the marker in the directory, if any. Raises InputError if the directory was not written by sluice."""
        marker = self._read(MARKER)
        if marker is None and self._holds_files():
            raise InputError(
                f"{self.path} exists and was not written by sluice. Choose another `output`, or remove the directory."
            )
        return marker

    def finish(self, ledgers: Sequence[Ledger], **counts: Any) -> dict[str, Any]:
        """Checks the counts and writes the summary, which marks the stage finished. Raises StageError on imbalance."""
        for ledger in ledgers:
            ledger.check(self.name)
        summary = {
            "stage": self.name,
            "digest": self.digest,
            "seconds": round(time.monotonic() - self._started, 2),
            "ledgers": [ledger.to_dict() for ledger in ledgers],
            **counts,
        }
        self._write(SUMMARY, summary)
        first = ledgers[0] if ledgers else None
        words = f"{first.total_in:,} {first.unit} in, {first.total_out:,} out" if first else "done"
        log.info("%s: %s, %.1f s", self.name, words, summary["seconds"])
        return summary

    def require(self) -> dict[str, Any]:
        """Returns the summary of this stage, for use as input.

        Raises InputError if the stage has not finished, ConfigError if it belongs to other settings.
        """
        marker, summary = self._read(MARKER), self._read(SUMMARY)
        if marker is not None and marker["digest"] != self.digest:
            raise ConfigError(self._belongs_elsewhere(marker))
        if marker is None or summary is None:
            raise InputError(
                f"Stage {self.name!r} has not finished in {self.path}. "
                f"Run `sluice run {self.name}` or `sluice run pipeline` first."
            )
        return summary

    def _belongs_elsewhere(self, marker: Mapping[str, Any]) -> str:
        ours = json.loads(json.dumps(self.settings))  # as read back from the file: tuples become lists
        changed = differences(marker["settings"], ours)
        what = "; ".join(changed[:5]) if changed else "an earlier stage changed"
        return (
            f"{self.path} belongs to another configuration ({what}). Choose another `output`, restore the old "
            f"settings, or run the job of stage {self.name!r} with --force to replace it."
        )

    def _holds_files(self) -> bool:
        try:
            return bool(storage.list_files(self.path))
        except InputError:
            return False

    def _read(self, name: str) -> dict[str, Any] | None:
        path = self.file(name)
        if not storage.exists(path):
            return None
        try:
            value: dict[str, Any] = json.loads(storage.read_bytes(path))
        except ValueError as e:
            raise FormatError(f"{path} is damaged: {e}. Remove {self.path} and run the job again.") from e
        return value

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        require_held(self.file(name))
        text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)
        storage.write_atomic(self.file(name), text.encode() + b"\n")


def finished_digest(root: str, name: str) -> str | None:
    """Returns the digest of the finished stage `name` below `root`, whatever its settings; None without one."""
    stage = Stage(root, name, {})
    marker, summary = stage._read(MARKER), stage._read(SUMMARY)
    is_finished = marker is not None and summary is not None and marker["digest"] == summary["digest"]
    return str(summary["digest"]) if summary is not None and is_finished else None


def ledgers_of(summary: Mapping[str, Any]) -> dict[str, Ledger]:
    """Returns the ledgers of a summary by unit."""
    return {item["unit"]: Ledger.from_dict(item) for item in summary["ledgers"]}
