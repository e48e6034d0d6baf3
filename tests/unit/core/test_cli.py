"""The command line of a job: arguments, configuration, late import, exit codes."""

import logging
import sys

import pytest
import yaml

from sluice.core.cli import Job, exit_code_of, job_main
from sluice.core.config.load import read_local
from sluice.core.errors import ConfigError, FormatError, InputError, StageError, without_secrets


@pytest.fixture(autouse=True)
def restored_logging():
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.getLogger("sluice").setLevel(logging.NOTSET)


BODY = []


def body(config, force, **switches):
    return BODY[-1](config, force, **switches)


def job_that(does, **switches):
    """The command line of a job that calls `does`."""
    BODY.append(does)
    job = Job("run test", "A job for tests.", "Its help.", f"{__name__}:body", "extra", switches)
    return job_main(job, read_local)


def fail_with(error):
    def main(config, force):
        raise error

    return job_that(main)


def test_a_successful_job_exits_with_0():
    assert job_that(lambda config, force: None)([]) == 0


def test_a_job_may_return_its_exit_code():
    assert job_that(lambda config, force: 75)([]) == 75


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConfigError("no"), 2), (InputError("no"), 3), (FormatError("no"), 3), (StageError("no"), 4)],
)
def test_an_expected_error_is_one_line_on_standard_error_with_its_exit_code(error, code, capsys):
    assert fail_with(error)([]) == code
    printed = capsys.readouterr()
    assert printed.err == "sluice: no\n"
    assert printed.out == ""


def test_an_unexpected_error_is_raised():
    with pytest.raises(ZeroDivisionError):
        fail_with(ZeroDivisionError())([])


def test_sluice_traceback_prints_the_traceback_of_an_expected_error(capsys, monkeypatch):
    monkeypatch.setenv("SLUICE_TRACEBACK", "1")
    assert fail_with(InputError("no"))([]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_prints_how_to_resume(capsys):
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


def test_an_invalid_setting_exits_with_2_and_one_line_without_running_the_job(capsys):
    assert job_that(lambda config, force: 99)(["--set", "extract.min_char=1"]) == 2
    assert capsys.readouterr().err == (
        "sluice: The configuration has an unknown key 'extract.min_char'. Did you mean 'extract.min_chars'?\n"
    )


def test_a_missing_configuration_exits_with_2(capsys):
    assert job_that(lambda config, force: 99)(["--conf", "no/such.yaml"]) == 2
    assert "no/such.yaml" in capsys.readouterr().err


def test_an_unknown_option_exits_with_2(capsys):
    with pytest.raises(SystemExit) as e:
        job_that(lambda config, force: None)(["--bands", "3"])
    assert e.value.code == 2
    assert "--bands" in capsys.readouterr().err


def test_the_help_has_summary_and_text_of_the_job_and_every_option_and_exit_code(capsys):
    with pytest.raises(SystemExit) as e:
        job_that(lambda config, force: None)(["--help"])
    assert e.value.code == 0
    text = capsys.readouterr().out
    assert "\nA job for tests.\n\nIts help.\n" in text
    for word in ("--conf", "--set", "--force", "--print-config", "0 done, 2 bad configuration, 3 bad input, 4 a check"):
        assert word in text
    assert "`sluice config` lists the settings" in text


@pytest.mark.parametrize(
    ("argument", "hint"),
    [
        ("--fore", "unrecognized arguments: --fore. Did you mean --force?"),
        ("--forc", "unrecognized arguments: --forc. Did you mean --force?"),  # abbreviations are not accepted
        ("--prnt-config=1", "Did you mean --print-config?"),
        ("--dedup.threshold=0.7", "Write a setting as --set dedup.threshold=0.7"),
        ("dedup.threshold=0.7", "Write a setting as --set dedup.threshold=0.7"),
        ("--dedup.threshold", "Write a setting as --set dedup.threshold=VALUE"),
        ("--zzzz", "unrecognized arguments: --zzzz\n"),
        ("", "unrecognized arguments: \n"),
    ],
)
def test_an_unknown_option_is_an_error_that_suggests_a_similar_one(argument, hint, capsys):
    with pytest.raises(SystemExit) as e:
        job_that(lambda config, force: 99)([argument])
    assert e.value.code == 2
    assert hint in capsys.readouterr().err


def test_a_missing_package_is_an_error_with_the_extra_that_installs_it(capsys, monkeypatch, tmp_path):
    (tmp_path / "needs_engine.py").write_text("import engine_of_tests.part\n\n\ndef body(config, force): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    main = job_main(Job("run test", "", "", "needs_engine:body", "spark,extract"), read_local)
    assert main([]) == 3
    assert capsys.readouterr().err == (
        "sluice: `sluice run test` needs the package engine_of_tests: pip install 'sluice[spark,extract]'.\n"
    )


def test_a_missing_package_of_a_late_import_is_an_error_with_its_name(capsys):
    def does(config, force):
        import engine_of_tests  # noqa: F401

    assert job_that(does)([]) == 3
    assert "needs the package engine_of_tests: pip install 'sluice[extra]'." in capsys.readouterr().err


def test_a_missing_module_of_sluice_is_raised():
    with pytest.raises(ModuleNotFoundError, match=r"sluice\.nowhere"):
        job_main(Job("run test", "", "", "sluice.nowhere:body", "spark"), read_local)([])


@pytest.mark.parametrize(
    "arguments", [["--set", "a.b"], ["--set", "extract.zzz=1"], ["--conf", "none.yaml"], ["--print-config"]]
)
def test_the_job_is_imported_only_after_arguments_and_configuration_are_checked(arguments, capsys):
    main = job_main(Job("run test", "", "", "module.that.is.not.there:body", ""), read_local)
    assert main(arguments) == (0 if arguments == ["--print-config"] else 2)


def test_the_log_is_written_to_standard_error_at_the_requested_level(capsys):
    def talk(config, force):
        logging.getLogger("sluice.test").info("heard")
        logging.getLogger("sluice.test").debug("unheard")
        logging.getLogger("other").info("unheard too")

    job_that(talk)([])
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith(" I sluice.test  heard\n") and printed.err.count("\n") == 1


def test_a_broken_pipe_exits_with_0(monkeypatch):
    monkeypatch.setattr(sys, "stdout", sys.stdout)

    def run():
        raise BrokenPipeError

    assert exit_code_of(run) == 0


def test_a_job_may_have_switches_besides_its_settings(capsys):
    seen = []

    def does(config, force, *, probe, dry):
        seen.append((config.name, force, probe, dry))

    main = job_that(does, probe="measure too", dry="only look")
    assert main(["--probe", "--set", "name=b"]) == 0
    assert main(["--force"]) == 0
    assert seen == [("b", False, True, False), ("corpus", True, False, False)]
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--probe" in (text := capsys.readouterr().out) and "measure too" in text


def test_names_in_messages_contain_no_secrets():
    assert without_secrets("https://me:pw@h.test/a?Signature=x") == "https://h.test/a"
    assert without_secrets("conf/a?b@c.yaml") == "conf/a?b@c.yaml"
