"""One run per output: refusal while the other lives, and going on after its death, without trusting clocks."""

import json
import os
import subprocess
import sys

import msgspec
import pytest

from sluice.core.errors import ConfigError, InputError, StageError
from sluice.data import owner
from sluice.data.owner import GRACE_S, OWNER, WATCH_S, Owner, hold, process_start, require_held

ELSEWHERE = {"host": "other", "boot": "b"}


def claim(directory, **changes):
    values = msgspec.to_builtins(Owner(str(directory)).claim) | {"token": "theirs"} | changes
    (directory / OWNER).write_text(json.dumps(values))
    return values


def test_a_directory_is_held_during_the_block_only(tmp_path):
    with hold(str(tmp_path / "out")):
        held = json.loads((tmp_path / "out" / OWNER).read_text())
        assert (held["pid"], held["beat"]) == (os.getpid(), 0)
        with hold(str(tmp_path / "out") + "/"):  # the stages of a pipeline
            pass
        assert (tmp_path / "out" / OWNER).exists()
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    with hold(str(tmp_path / "out")):
        pass
    assert (tmp_path / "out").is_dir()


def test_a_living_process_of_this_machine_is_refused_and_a_dead_one_is_not(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    claim(tmp_path, pid=other.pid, process_start=process_start(other.pid))
    waited = []
    with pytest.raises(ConfigError, match=rf"is being written by process {other.pid} on .* add --take-over"):
        Owner(str(tmp_path), sleep=waited.append).take(False)
    assert waited == [GRACE_S]

    def end(seconds):
        other.communicate(b"\n")

    Owner(str(tmp_path), sleep=end).take(False)  # it ends during the wait
    claim(tmp_path, pid=other.pid, process_start="1")
    held = Owner(str(tmp_path), sleep=never)
    held.take(False)
    assert json.loads((tmp_path / OWNER).read_text())["token"] == held.claim.token


def test_another_process_with_the_same_id_is_not_the_owner(tmp_path):
    claim(tmp_path, pid=os.getpid(), process_start="12")
    Owner(str(tmp_path), sleep=never).take(False)


def test_a_process_elsewhere_is_refused_if_it_gives_a_sign_of_life(tmp_path):
    values = claim(tmp_path, **ELSEWHERE)
    waited = []

    def beat(seconds):
        waited.append(seconds)
        (tmp_path / OWNER).write_text(json.dumps(values | {"beat": 1}))

    with pytest.raises(ConfigError, match="on other"):
        Owner(str(tmp_path), sleep=beat).take(False)
    assert waited == [WATCH_S]
    waited.clear()
    Owner(str(tmp_path), sleep=waited.append).take(False)  # it does not change any more
    assert waited == [WATCH_S]


def test_take_over_does_not_wait_and_the_other_stops_writing(tmp_path):
    with hold(str(tmp_path)):
        first = owner._held[str(tmp_path)]
        require_held(f"{tmp_path}/extract/_summary.json")
        second = Owner(str(tmp_path), sleep=never)
        second.take(True)
        first.renew()
        with pytest.raises(StageError, match="was taken over by process"):
            require_held(f"{tmp_path}/extract/_summary.json")
        require_held(f"{tmp_path}-other/x")
    assert json.loads((tmp_path / OWNER).read_text())["token"] == second.claim.token


def test_a_renewal_counts(tmp_path):
    held = Owner(str(tmp_path))
    held.take(False)
    held.renew()
    held.renew()
    assert json.loads((tmp_path / OWNER).read_text())["beat"] == 2
    held.release()


def test_a_damaged_file_is_replaced_and_a_directory_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / OWNER).write_text("{")
    with hold(str(tmp_path)):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Cannot write"), hold(str(tmp_path / "file")):
        pass


def never(_):
    raise AssertionError("it waited")
