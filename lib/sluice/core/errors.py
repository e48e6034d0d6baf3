"""The errors that sluice raises deliberately, each with the exit code of the process."""


class SluiceError(Exception):
    """Base class of all deliberate errors. Messages state what happened, what was expected and what to do."""

    exit_code = 1


class ConfigError(SluiceError):
    """An invalid command line or configuration."""

    exit_code = 2


class InputError(SluiceError):
    """Missing or unreadable input."""

    exit_code = 3


class FormatError(InputError):
    """Input that exists but violates its format."""


class RemoteError(InputError, OSError):
    """A network file could not be read after all retries. Also an OSError: readers must not catch it."""

    received = b""
    """The bytes of the range that arrived before it failed."""
    is_absent = False
    """Whether the storage answered that there is no such file."""


class StageError(SluiceError):
    """A failed check of our own: unbalanced counts, an incomplete shard set, a loss that is not finite."""

    exit_code = 4


def without_secrets(url: str) -> str:
    """Removes user, password and query, which may contain a signature, from a URL. A path is returned unchanged."""
    head, separator, rest = url.partition("://")
    if not separator:
        return url
    host, slash, path = rest.partition("?")[0].partition("/")
    return f"{head}{separator}{host.rpartition('@')[2]}{slash}{path}"


EXIT_PREEMPTED = 75
"""Stopped by a signal after saving. Run the same command again to continue."""

EXIT_STALLED = 76
"""Peers are missing or a step did not finish. Running the same command again may help."""
