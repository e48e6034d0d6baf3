"""Old names and their replacements, so that an error about an old name can state the new one.

A name is looked up here only if it is currently unknown, so old names can be reused.
"""

from collections.abc import Mapping

RENAMED_KEYS: Mapping[str, str] = {
    "extract.max_loss": "extract.max_unreadable_share",
    "table": "source",
    "table.max_loss": "source.max_unreadable_share",
    "lines": "line_dedup",
    "split": "split_check",
    "dedup.centres": "dedup.leaders_per_bucket",
    "dedup.crowd": "dedup.crowded_bucket_size",
    "dedup.crowd_centres": "dedup.leaders_in_crowded_bucket",
    "split.centres": "split_check.leaders_per_bucket",
    "train.data.rows": "train.data.batch_size",
    "train.data.window": "train.data.bptt_steps",
    "train.data.eval_rows": "train.data.eval_batch_size",
    "train.model.embed": "train.model.embedding_dim",
    "train.model.proj": "train.model.projection_dim",
    "train.model.tie": "train.model.tie_embeddings",
    "train.run.early_stop": "train.run.early_stop_patience",
    "train.log.every": "train.log.log_every",
    "classifier.embed": "classifier.embedding_dim",
    "classifier.batch": "classifier.batch_size",
}
"""Old dotted path of a setting or section -> current dotted path."""

RENAMED_JOBS: Mapping[str, str] = {"select": "filter", "lines": "line_dedup", "split": "split_check"}
"""Old name of a job -> current name."""

RENAMED_SIGNALS: Mapping[str, str] = {"dice": "random_unit"}
"""Old name of a signal in rule files -> current name."""


def renamed_key(path: str) -> str | None:
    """Returns the new path of a renamed setting, or None. An entry for a section covers all settings below it."""
    names = path.split(".")
    for end in range(len(names), 0, -1):
        new = RENAMED_KEYS.get(".".join(names[:end]))
        if new is not None:
            return ".".join([new, *names[end:]])
    return None
