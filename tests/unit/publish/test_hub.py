"""Upload to the hub, against a fake of the methods of HfApi that it uses."""

import hashlib
import inspect
import sys

import pytest

from sluice.core.config.load import to_config
from sluice.core.errors import ConfigError, InputError
from sluice.publish import hub
from sluice.publish.checksums import write_sums

pytest.importorskip("huggingface_hub")

import huggingface_hub
from huggingface_hub import errors

from tests.helpers.fake_hub import Hub, Response

FILES = {
    "README.md": b"# card",
    "croissant.json": b"{}",
    "data/train-00000-of-00002.parquet": b"one",
    "data/train-00001-of-00002.parquet": b"two",
}
NAMES = {*FILES, "SHA256SUMS"}


@pytest.fixture
def fake(monkeypatch):
    made = Hub()
    monkeypatch.setattr(hub, "_hub", lambda: made)
    return made


@pytest.fixture
def directory(tmp_path):
    for name, data in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    write_sums(str(tmp_path), {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()})
    return str(tmp_path)


def upload(output="out", **settings):
    config = to_config({"publish": {"upload": "owner/name", **settings}})
    return hub.Upload(config.publish, output)


def test_all_files_arrive_in_a_new_private_repository_with_the_card_last(fake, directory, monkeypatch):
    monkeypatch.setattr(hub, "FILES_PER_COMMIT", 2)
    upload().run(directory)
    assert fake.private is True
    assert fake.files.keys() == NAMES
    assert all(fake.files[name] == data for name, data in FILES.items())
    assert fake.commits == [
        ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
        ["SHA256SUMS", "croissant.json"],
        ["README.md"],
    ]


def test_an_interrupted_upload_continues_and_a_finished_one_sends_nothing(fake, directory, monkeypatch):
    monkeypatch.setattr(hub, "FILES_PER_COMMIT", 1)
    fake.fail_at = 1
    with pytest.raises(InputError, match=r"connection was reset. The published files are complete; run the same"):
        upload().run(directory)
    assert fake.files.keys() == {"data/train-00000-of-00002.parquet"}
    upload().run(directory)
    assert fake.files.keys() == NAMES
    assert len(fake.commits) == 5  # the first file was not sent again
    upload().run(directory)
    assert len(fake.commits) == 5


def test_changed_files_are_sent_again(fake, directory, tmp_path):
    upload().run(directory)
    fake.files["data/train-00001-of-00002.parquet"] = b"TWO"
    fake.files["croissant.json"] = b"[]"
    fake.files["data/old-00000-of-00001.parquet"] = b"of an earlier version"
    upload().run(directory)
    assert fake.commits[1] == ["data/train-00001-of-00002.parquet", "croissant.json"]
    assert "data/old-00000-of-00001.parquet" in fake.files


def test_a_missing_token_is_an_error_before_any_request(fake):
    fake.token = None
    fake.rejects = AssertionError("no request without a token")
    with pytest.raises(ConfigError, match=r"needs a token .*huggingface\.co/settings/tokens, then set HF_TOKEN or run"):
        upload()
    assert fake.calls == []


def test_a_rejected_token_is_an_error_before_the_work(fake):
    fake.rejects = errors.HfHubHTTPError("401 Client Error", response=Response(401))
    with pytest.raises(ConfigError, match=r"rejected the token for owner/name \(HTTP status 401\)"):
        upload()
    assert fake.calls == []


def test_a_network_without_the_hub_is_an_error_before_the_work(fake):
    (unanswered,) = [base for base in errors.HfHubHTTPError.__bases__ if base is not OSError]
    fake.rejects = unanswered("Name or service not known")
    with pytest.raises(InputError, match=r"Name or service not known. Nothing has been computed yet"):
        upload()


def test_a_private_upload_to_a_public_repository_is_an_error_before_the_work(fake, directory):
    fake.private = False
    with pytest.raises(ConfigError, match=r"owner/name on the hub is public, but publish\.private is set"):
        upload()
    upload(private=False).run(directory)
    assert fake.files.keys() == NAMES


def test_a_new_repository_is_public_only_on_request(fake, directory):
    upload(private=False).run(directory)
    assert fake.private is False


@pytest.mark.parametrize("name", ["name", "a/b/c", "owner/", "/name", "owner/na me", "-x/y", "owner/../name"])
def test_a_repository_needs_an_owner_and_a_name(fake, name):
    with pytest.raises(ConfigError, match="is not of the form OWNER/NAME"):
        upload(upload=name)


def test_a_remote_output_cannot_be_uploaded(fake):
    with pytest.raises(ConfigError, match=r"output = s3://bucket/out is remote. Copy the published directory"):
        upload("s3://bucket/out")


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=r"pip install 'sluice\[hub\]'"):
        upload()


@pytest.mark.parametrize("name", ["whoami", "repo_info", "create_repo", "list_repo_tree", "create_commit"])
def test_the_methods_of_the_fake_have_parameters_of_the_real_ones(name):
    real = inspect.signature(getattr(huggingface_hub.HfApi, name)).parameters
    for parameter in inspect.signature(getattr(Hub, name)).parameters.values():
        assert real[parameter.name].kind == parameter.kind, parameter.name
