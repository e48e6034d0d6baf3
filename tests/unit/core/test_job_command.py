"""A job for tests. This docstring is its help text."""

import logging

import pytest
import yaml

from sluice.core.cli import exit_code_of, job, job_with
from sluice.core.errors import ConfigError, FormatError, InputError, StageError


@pytest.fixture(autouse=True)
def logging_as_it_was():
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.getLogger("sluice").setLevel(logging.NOTSET)


def job_that(does):
    @job
    def main(config, force):
        return does(config, force)

    return main


def fail_with(error):
    def main(config, force):
        raise error

    return job_that(main)


def test_a_job_that_ends_well_exits_with_0():
    assert job_that(lambda config, force: None)([]) == 0


def test_a_job_may_choose_its_exit_code():
    assert job_that(lambda config, force: 75)([]) == 75


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConfigError("no"), 2), (InputError("no"), 3), (FormatError("no"), 3), (StageError("no"), 4)],
)
def test_a_deliberate_error_is_one_line_on_standard_error_and_its_code(error, code, capsys):
    assert fail_with(error)([]) == code
    printed = capsys.readouterr()
    assert printed.err == "sluice: no\n"
    assert printed.out == ""


def test_an_error_nobody_foresaw_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        fail_with(ZeroDivisionError())([])


def test_a_traceback_of_a_deliberate_error_is_there_for_the_asking(capsys, monkeypatch):
    monkeypatch.setenv("SLUICE_TRACEBACK", "1")
    assert fail_with(InputError("no"))([]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_says_how_to_go_on(capsys):
    assert fail_with(KeyboardInterrupt())([]) == 130
    assert "run the same command again" in capsys.readouterr().err


def test_the_job_receives_files_settings_and_force(tmp_path):
    (tmp_path / "a.yaml").write_text("name: a\nversion: 3.2.1\n")
    seen = []
    main = job_that(lambda config, force: seen.append((config.name, config.version, force)))
    main(["--conf", str(tmp_path / "a.yaml"), "--set", "name=b"])
    main(["--force"])
    assert seen == [("b", "3.2.1", False), ("corpus", "1.0.0", True)]


def test_print_config_prints_yaml_and_does_not_run_the_job(capsys):
    def never(config, force):
        raise AssertionError("the job ran")

    assert job_that(never)(["--print-config", "--set", "extract.min_chars=7"]) == 0
    printed = capsys.readouterr()
    tree = yaml.safe_load(printed.out)
    assert tree["extract"]["min_chars"] == 7
    assert tree["plan"]["batch_warcs"] == 512
    assert printed.err == ""


def test_a_wrong_setting_exits_with_2_and_one_line_without_running(capsys):
    assert job_that(lambda config, force: 99)(["--set", "extract.max_los=1"]) == 2
    assert capsys.readouterr().err == (
        "sluice: The configuration has an unknown key 'extract.max_los'. Did you mean 'extract.max_loss'?\n"
    )


def test_a_missing_configuration_exits_with_2(capsys):
    assert job_that(lambda config, force: 99)(["--conf", "no/such.yaml"]) == 2
    assert "no/such.yaml" in capsys.readouterr().err


def test_an_unknown_option_exits_with_2(capsys):
    with pytest.raises(SystemExit) as e:
        job_that(lambda config, force: None)(["--bands", "3"])
    assert e.value.code == 2
    assert "--bands" in capsys.readouterr().err


def test_help_is_the_docstring_of_the_job_with_every_option_and_code(capsys):
    with pytest.raises(SystemExit) as e:
        job_that(lambda config, force: None)(["--help"])
    assert e.value.code == 0
    text = capsys.readouterr().out
    assert "A job for tests. This docstring is its help text." in text
    for word in ("--conf", "--set", "--force", "--print-config", "0 done, 2 bad configuration, 3 bad input, 4 a check"):
        assert word in text


def test_the_log_goes_to_standard_error_at_the_level_asked_for(capsys):
    def talk(config, force):
        logging.getLogger("sluice.test").info("heard")
        logging.getLogger("sluice.test").debug("unheard")
        logging.getLogger("other").info("unheard too")

    job_that(talk)([])
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith(" I sluice.test  heard\n") and printed.err.count("\n") == 1


def test_a_reader_that_has_had_enough_is_no_error(monkeypatch):
    import sys

    monkeypatch.setattr(sys, "stdout", sys.stdout)

    def run():
        raise BrokenPipeError

    assert exit_code_of(run) == 0


def test_a_job_may_take_switches_beside_its_settings(capsys):
    seen = []

    @job_with(probe="measure too", dry="only look")
    def main(config, force, *, probe, dry):
        seen.append((config.name, force, probe, dry))

    assert main(["--probe", "--set", "name=b"]) == 0
    assert main(["--force"]) == 0
    assert seen == [("b", False, True, False), ("corpus", True, False, False)]
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--probe" in (text := capsys.readouterr().out) and "measure too" in text
