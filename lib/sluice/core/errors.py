"""The errors that sluice raises on purpose; each knows the exit code of the process it ends."""


class SluiceError(Exception):
    """Base of all deliberate errors. The message states what happened, what was expected and what to do."""

    exit_code = 1


class ConfigError(SluiceError):
    """A command line or configuration that cannot be right."""

    exit_code = 2


class InputError(SluiceError):
    """Input that is missing or cannot be read."""

    exit_code = 3


class FormatError(InputError):
    """Input that is there but does not follow its format."""


class RemoteError(InputError, OSError):
    """A file on a network that stayed unreadable after all retries. An OSError too: readers must let it pass."""

    received = b""
    """The bytes of the range that arrived before it failed."""


class StageError(SluiceError):
    """A check of our own failed: unbalanced counts, a shard set that is not whole, a loss that is not finite."""

    exit_code = 4


EXIT_PREEMPTED = 75
"""Stopped by a signal after saving; running the same command again continues."""

EXIT_STALLED = 76
"""Peers are missing or a step never ended; running the same command again may continue."""
