import json
import sys

import pytest

from sluice.core.errors import ConfigError, FormatError, InputError, StageError
from sluice.core.ledger import Ledger
from sluice.data import storage
from sluice.data.stage import Stage, finished_digest, ledgers_of

SETTINGS = {"extract": {"min_chars": 50, "languages": ["en", "zh"]}, "seed": 1}
RECORDS = Ledger("records", 10, 7, {"too_short": 3})


def stage(root, settings=SETTINGS, upstream=None):
    return Stage(str(root), "extract", settings, upstream)


def finished(root, **kwargs):
    done = stage(root, **kwargs)
    assert done.begin()
    (root / "extract" / "part-0").write_text("data")
    done.finish([RECORDS])
    return done


def test_a_new_stage_has_work_to_do_and_an_empty_marked_directory(tmp_path):
    assert stage(tmp_path).begin() is True
    assert [path.name for path in (tmp_path / "extract").iterdir()] == ["_stage.json"]
    marker = json.loads((tmp_path / "extract" / "_stage.json").read_text())
    assert marker["stage"] == "extract"
    assert marker["settings"] == SETTINGS


def test_a_finished_stage_is_skipped_and_kept_unchanged(tmp_path):
    finished(tmp_path)
    assert stage(tmp_path).begin() is False
    assert (tmp_path / "extract" / "part-0").read_text() == "data"


def test_an_unfinished_stage_is_cleared_and_run_again(tmp_path):
    stage(tmp_path).begin()
    (tmp_path / "extract" / "part-0").write_text("half")
    assert stage(tmp_path).begin() is True
    assert not (tmp_path / "extract" / "part-0").exists()


def test_an_unfinished_stage_is_kept_on_request(tmp_path):
    stage(tmp_path).begin()
    (tmp_path / "extract" / "part-0").write_text("half")
    assert stage(tmp_path).begin(keep=True) is True
    assert (tmp_path / "extract" / "part-0").read_text() == "half"


def test_force_runs_a_finished_stage_again(tmp_path):
    finished(tmp_path)
    assert stage(tmp_path).begin(force=True) is True
    assert [path.name for path in (tmp_path / "extract").iterdir()] == ["_stage.json"]


def test_other_settings_are_an_error_with_the_differences(tmp_path):
    finished(tmp_path)
    other = {"extract": {"min_chars": 60, "languages": ["en", "zh"]}, "seed": 1}
    with pytest.raises(ConfigError) as e:
        stage(tmp_path, other).begin()
    assert "(extract.min_chars: 50 -> 60)" in str(e.value)
    assert "--force" in str(e.value)
    assert str(tmp_path) in str(e.value)
    assert (tmp_path / "extract" / "part-0").read_text() == "data"


@pytest.mark.parametrize("keep", [True, False])
def test_other_settings_are_an_error_even_if_the_stage_never_finished(tmp_path, keep):
    stage(tmp_path).begin()
    with pytest.raises(ConfigError, match="seed: 1 -> 2"):
        stage(tmp_path, {**SETTINGS, "seed": 2}).begin(keep=keep)


def test_force_replaces_a_stage_of_other_settings(tmp_path):
    finished(tmp_path)
    assert stage(tmp_path, {**SETTINGS, "seed": 2}).begin(force=True, keep=True) is True
    assert not (tmp_path / "extract" / "part-0").exists()
    assert json.loads((tmp_path / "extract" / "_stage.json").read_text())["settings"]["seed"] == 2


def test_a_changed_upstream_stage_is_an_error(tmp_path):
    finished(tmp_path, upstream="one")
    with pytest.raises(ConfigError, match="an earlier stage changed"):
        stage(tmp_path, upstream="two").begin()


def test_the_order_of_settings_does_not_matter(tmp_path):
    finished(tmp_path)
    turned = {"seed": 1, "extract": {"languages": ["en", "zh"], "min_chars": 50}}
    assert stage(tmp_path, turned).begin() is False


@pytest.mark.parametrize("force", [True, False])
def test_a_directory_not_written_by_sluice_is_never_changed(tmp_path, force):
    (tmp_path / "extract" / "deep").mkdir(parents=True)
    (tmp_path / "extract" / "deep" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="was not written by sluice"):
        stage(tmp_path).begin(force=force)
    assert (tmp_path / "extract" / "deep" / "thesis.txt").read_text() == "mine"


def test_a_file_with_the_name_of_the_directory_is_never_changed(tmp_path):
    (tmp_path / "extract").write_text("mine")
    with pytest.raises(InputError, match="was not written by sluice"):
        stage(tmp_path).begin(force=True)


def test_a_stage_may_start_in_an_empty_directory(tmp_path):
    (tmp_path / "extract").mkdir()
    assert stage(tmp_path).begin() is True


def test_the_summary_contains_counts_ledgers_and_digest(tmp_path):
    begun = stage(tmp_path)
    begun.begin()
    begun.finish([RECORDS, Ledger("bytes", 5, 5)], files=3)
    summary = json.loads((tmp_path / "extract" / "_summary.json").read_text())
    assert summary["ledgers"] == [
        {"unit": "records", "in": 10, "out": 7, "dropped": {"too_short": 3}},
        {"unit": "bytes", "in": 5, "out": 5, "dropped": {}},
    ]
    assert (summary["stage"], summary["files"], summary["digest"]) == ("extract", 3, begun.digest)
    assert ledgers_of(summary) == {"records": RECORDS, "bytes": Ledger("bytes", 5, 5, {})}


def test_counts_that_do_not_balance_leave_the_stage_unfinished(tmp_path):
    begun = stage(tmp_path)
    begun.begin()
    with pytest.raises(StageError, match="'extract' do not balance: 10 records came in"):
        begun.finish([Ledger("bytes", 1, 1), Ledger("records", 10, 7, {"too_short": 2})])
    assert not (tmp_path / "extract" / "_summary.json").exists()
    assert stage(tmp_path).begin() is True


def test_a_finished_stage_can_be_read_from(tmp_path):
    finished(tmp_path)
    assert stage(tmp_path).require()["ledgers"][0]["out"] == 7


def test_a_stage_that_never_started_cannot_be_read_from(tmp_path):
    with pytest.raises(InputError, match=r"'extract' has not finished in .* Run `sluice run extract`"):
        stage(tmp_path).require()


def test_an_unfinished_stage_cannot_be_read_from(tmp_path):
    stage(tmp_path).begin()
    with pytest.raises(InputError, match="has not finished"):
        stage(tmp_path).require()


def test_a_stage_of_other_settings_cannot_be_read_from(tmp_path):
    finished(tmp_path)
    with pytest.raises(ConfigError, match="seed: 1 -> 9"):
        stage(tmp_path, {**SETTINGS, "seed": 9}).require()


def test_a_stage_at_a_uri_behaves_the_same(tmp_path):
    remote = Stage(f"file://{tmp_path}", "extract", SETTINGS)
    assert remote.begin() is True
    remote.finish([RECORDS])
    assert stage(tmp_path).begin() is False
    assert remote.begin(force=True) is True
    with pytest.raises(InputError, match="has not finished"):
        stage(tmp_path).require()


def test_a_damaged_marker_is_an_error_that_names_the_directory_to_remove(tmp_path):
    finished(tmp_path)
    (tmp_path / "extract" / "_stage.json").write_text("{half")
    with pytest.raises(FormatError, match=r"_stage\.json is damaged: .*Remove .*extract and run the job again"):
        stage(tmp_path).begin()


def test_a_stage_killed_while_force_clears_it_is_neither_finished_nor_resumed(tmp_path, monkeypatch):
    finished(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(storage, "delete_tree", lambda path: sys.exit(9))
        with pytest.raises(SystemExit):
            stage(tmp_path).begin(force=True)
    with pytest.raises(ConfigError, match="--force"):
        stage(tmp_path).begin(keep=True)
    with pytest.raises(ConfigError):
        stage(tmp_path).require()
    (tmp_path / "extract" / "_stage.json").unlink()  # the summary still exists
    with pytest.raises(InputError, match="has not finished"):
        stage(tmp_path).require()


def test_only_differing_settings_are_named_even_if_others_are_tuples(tmp_path):
    finished(tmp_path, settings={"rules": ({"languages": ("en",)},), "seed": 1})
    with pytest.raises(ConfigError, match=r"another configuration \(seed: 1 -> 2\)"):
        stage(tmp_path, {"rules": ({"languages": ("en",)},), "seed": 2}).begin()


def test_the_digest_of_a_finished_stage_is_returned_for_any_settings(tmp_path):
    assert finished_digest(str(tmp_path), "extract") is None
    begun = stage(tmp_path)
    begun.begin()
    assert finished_digest(str(tmp_path), "extract") is None
    begun.finish([RECORDS])
    assert finished_digest(str(tmp_path), "extract") == begun.digest
    other = stage(tmp_path, {"seed": 2})
    other.begin(force=True)
    assert finished_digest(str(tmp_path), "extract") is None
