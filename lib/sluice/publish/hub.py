"""Upload of a published dataset to the Hugging Face hub, in commits that an interrupted upload does not repeat."""

import contextlib
import hashlib
import logging
import os
import re
from collections.abc import Iterator
from typing import Any, cast

from sluice.core.config.publish import PublishConfig
from sluice.core.errors import ConfigError, InputError
from sluice.data import storage
from sluice.publish.checksums import SUMS, read_sums
from sluice.publish.describe import CARD

FILES_PER_COMMIT = 32
"""The hub limits commits per hour; an interrupted commit is repeated."""

BEFORE = "Nothing has been computed yet; check the network, or unset publish.upload."
AFTER = "The published files are complete; run the same command again to continue the upload."

log = logging.getLogger("sluice.publish")


class Upload:
    """An upload to the repository `publish.upload`. Creating it checks everything that can fail before the work begins.

    Raises ConfigError without a valid token, for a wrong name, a remote output, or a public repository if
    `publish.private` is set; InputError without the package or the network.
    """

    def __init__(self, publish: PublishConfig, output: str) -> None:
        assert publish.upload is not None
        self._repository, self._private = publish.upload, publish.private
        if not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", self._repository, re.ASCII):
            raise ConfigError(f"publish.upload = {self._repository!r} is not of the form OWNER/NAME.")
        if storage.is_remote(output):
            raise ConfigError(
                f"publish.upload reads the files from a local directory, but output = {output} is remote. Copy the "
                "published directory to disk and run `hf upload OWNER/NAME DIRECTORY --repo-type dataset`."
            )
        token = _hub().get_token()
        if token is None:
            raise ConfigError(
                f"publish.upload = {self._repository} needs a token of the Hugging Face hub: HF_TOKEN is not set, and "
                "no one is logged in. Create a token with write access at https://huggingface.co/settings/tokens, then "
                "set HF_TOKEN or run `hf auth login`."
            )
        self._api = _hub().HfApi(token=token)
        with contextlib.suppress(_Missing), _errors(self._repository, BEFORE):  # a missing repository is created later
            self._api.whoami()
            self._check_visibility()

    def run(self, directory: str) -> None:
        """Uploads all files of a published dataset that the repository does not have yet; README.md last.

        Creates the repository if needed. Files of earlier versions with other names remain in it; the card does not
        refer to them.
        """
        directory = directory.removeprefix("file://")
        sums = read_sums(directory) | {SUMS: hashlib.sha256(storage.read_bytes(f"{directory}/{SUMS}")).hexdigest()}
        with _errors(self._repository, AFTER):
            self._api.create_repo(self._repository, repo_type="dataset", private=self._private, exist_ok=True)
            self._check_visibility()
            present = {file.path: file for file in self._tree()}
            missing = [name for name in sums if not _is_same(directory, name, sums[name], present.get(name))]
            ordered = sorted(missing, key=lambda name: (name == CARD, "/" not in name, name))
            log.info(
                "upload to %s: %d files, %d already there", self._repository, len(missing), len(sums) - len(missing)
            )
            for start in range(0, len(ordered), FILES_PER_COMMIT):
                names = ordered[start : start + FILES_PER_COMMIT]
                self._api.create_commit(
                    self._repository,
                    [_hub().CommitOperationAdd(name, f"{directory}/{name}") for name in names],
                    commit_message=f"Upload {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else ""),
                    repo_type="dataset",
                )
                log.info("upload to %s: %d of %d files", self._repository, start + len(names), len(ordered))

    def _tree(self) -> list[Any]:
        entries = self._api.list_repo_tree(self._repository, recursive=True, repo_type="dataset")
        return [entry for entry in entries if hasattr(entry, "blob_id")]  # folders have none

    def _check_visibility(self) -> None:
        """Raises ConfigError if the repository is public although `publish.private` is set."""
        if not self._private:
            return
        if not self._api.repo_info(self._repository, repo_type="dataset").private:
            raise ConfigError(
                f"{self._repository} on the hub is public, but publish.private is set. Make the repository private, "
                "choose another publish.upload, or set publish.private=false to publish to everyone."
            )


class _Missing(InputError):
    """The repository does not exist, or the token cannot see it."""


def _is_same(directory: str, name: str, sha256: str, remote: Any) -> bool:
    """Whether a file of the repository has the same content: by SHA-256 for large files, by git's id for small ones."""
    if remote is None:
        return False
    if remote.lfs is not None:
        return bool(remote.lfs.sha256 == sha256)
    if remote.size != os.path.getsize(f"{directory}/{name}"):
        return False
    data = storage.read_bytes(f"{directory}/{name}")
    return bool(remote.blob_id == hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest())


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as e:
        raise InputError("publish.upload needs the package huggingface_hub: pip install 'sluice[hub]'.") from e
    return huggingface_hub


@contextlib.contextmanager
def _errors(repository: str, advice: str) -> Iterator[None]:
    """Turns errors of the hub and of the network into ours, in one line that ends with `advice`."""
    from huggingface_hub import errors

    # without an answer, older versions raise an OSError, newer ones the base class of their own HTTP error
    failures = cast(tuple[type[Exception], ...], (OSError, *errors.HfHubHTTPError.__bases__))
    try:
        yield
    except errors.RepositoryNotFoundError as e:
        raise _Missing(f"The hub has no dataset {repository}, or your token does not give access to it.") from e
    except failures as e:
        status = getattr(getattr(e, "response", None), "status_code", None)
        if status in (401, 403):
            raise ConfigError(
                f"The hub rejected the token for {repository} (HTTP status {status}). Create one with write access to "
                "it at https://huggingface.co/settings/tokens, then set HF_TOKEN or run `hf auth login`."
            ) from e
        words = " ".join(str(e).split()) or type(e).__name__
        raise InputError(f"The hub did not accept a request for {repository}: {words.rstrip('.')}. {advice}") from e
