"""A fake of the methods of huggingface_hub.HfApi that an upload uses, with repositories in memory."""

import hashlib
import types

import huggingface_hub
from huggingface_hub import errors


class Response(types.SimpleNamespace):
    """An answer with a status."""

    def __init__(self, status: int) -> None:
        super().__init__(status_code=status, headers={}, request=None)


class Hub:
    """The repository owner/name, and a log of calls. `fail_at` is the number of the commit that fails."""

    def __init__(self):
        self.private: bool | None = None
        self.files: dict[str, bytes] = {}
        self.commits: list[list[str]] = []
        self.calls: list[str] = []
        self.token: str | None = "secret"
        self.fail_at: int | None = None
        self.rejects: BaseException | None = None

    def get_token(self):
        return self.token

    def HfApi(self, token):
        assert token == self.token
        return self

    CommitOperationAdd = huggingface_hub.CommitOperationAdd

    def whoami(self):
        if self.rejects:
            raise self.rejects
        return {"name": "owner"}

    def repo_info(self, repo_id, *, repo_type):
        assert (repo_id, repo_type) == ("owner/name", "dataset")
        if self.private is None:
            raise errors.RepositoryNotFoundError("404", response=Response(404))
        return types.SimpleNamespace(private=self.private)

    def create_repo(self, repo_id, *, repo_type, private, exist_ok):
        assert (repo_id, repo_type, exist_ok) == ("owner/name", "dataset", True)
        self.calls.append("create_repo")
        if self.private is None:
            self.private = private

    def list_repo_tree(self, repo_id, *, recursive, repo_type):
        assert (repo_id, recursive, repo_type) == ("owner/name", True, "dataset")
        yield types.SimpleNamespace(path="data", tree_id="0")
        for path, data in self.files.items():
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            lfs = types.SimpleNamespace(sha256=hashlib.sha256(data).hexdigest())
            is_large = path.endswith(".parquet")
            yield types.SimpleNamespace(path=path, size=len(data), blob_id=blob, lfs=lfs if is_large else None)

    def create_commit(self, repo_id, operations, *, commit_message, repo_type):
        assert (repo_id, repo_type) == ("owner/name", "dataset") and commit_message.startswith("Upload ")
        if len(self.commits) == self.fail_at:
            self.fail_at = None
            raise ConnectionResetError("the connection was reset")
        names = []
        for operation in operations:
            with operation.as_file() as stream:
                self.files[operation.path_in_repo] = stream.read()
            names.append(operation.path_in_repo)
        self.commits.append(names)
