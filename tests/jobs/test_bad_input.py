"""Bad input ends with a one-line error, a non-zero exit code, and no partial output."""

import gzip
import io
import sys

import pytest
from warcio.warcwriter import WARCWriter

from sluice.spark import jobs
from tests.helpers.jobs import Done, command, job_main, run, settings_of


@pytest.fixture
def run_before_spark(monkeypatch, capsys):
    """Runs a Spark job in this process; it must end before it opens a session."""
    monkeypatch.setattr(jobs, "open_session", lambda config, name: pytest.fail("the job has opened a Spark session"))

    def run(job, archives, output, **settings):
        code = job_main(job)(settings_of(archives, output, settings))
        said = capsys.readouterr()
        return Done(code, said.out + said.err)

    return run


def refused(done, code, *words):
    assert done.returncode == code, done.stdout[-3000:]
    lines = [line for line in done.stdout.splitlines() if line.startswith("sluice: ")]
    assert len(lines) == 1, done.stdout[-3000:]
    for word in words:
        assert word in lines[0]
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("setting", "code", "words"),
    [
        ({"plan__inputs": "[/not/there]"}, 3, ["No input files at /not/there", "Use an existing file"]),
        ({"plan__inputs": "[]"}, 3, ["plan.inputs is empty"]),
        ({"extract__min_char": "5"}, 2, ["unknown key 'extract.min_char'", "Did you mean 'extract.min_chars'"]),
        ({"dedup__threshold": "high"}, 2, ["dedup.threshold", "Expected `float`"]),
        ({"dedup__threshold": "1.5"}, 2, ["dedup.threshold", "<= 1.0"]),
        ({"extract__lid_model": "/no/model.bin"}, 3, ["/no/model.bin does not exist", "extract.lid_model"]),
        ({"rules__presets": "[zh-defualt]"}, 2, ["'zh-defualt'", "zh-default"]),
        ({"name": "not-a-name"}, 2, ["'not-a-name'", "letters, digits and underscores"]),
    ],
)
def test_invalid_settings_are_an_error_before_spark_starts(run_before_spark, sample, tmp_path, setting, code, words):
    refused(run_before_spark("pipeline", sample, tmp_path / "out", **setting), code, *words)
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_and_an_output_not_written_by_sluice_are_errors(run_before_spark, run_job, sample, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(run_before_spark("extract", empty, tmp_path / "out"), 3, f"No input files at {empty}")
    foreign = tmp_path / "home" / "extract"
    foreign.mkdir(parents=True)
    (foreign / "thesis.txt").write_text("years of work")
    refused(run_job("pipeline", sample, tmp_path / "home"), 3, "was not written by sluice")
    assert (foreign / "thesis.txt").read_text() == "years of work"


def test_a_stage_without_finished_input_is_an_error_with_the_job_to_run(run_before_spark, sample, tmp_path):
    done = run_before_spark("dedup", sample, tmp_path / "out")
    refused(done, 3, "'filter' has not finished", "sluice run filter")


def test_spark_submit_ends_with_the_message_and_exit_code_of_the_job(sample, tmp_path):
    done = run(command("pipeline", sample, tmp_path / "out", dedup__threshold="high"), timeout_s=60)
    refused(done, 2, "dedup.threshold", "Expected `float`")


def test_the_console_starts_spark_without_messages_of_java(tmp_path):
    done = run([sys.executable, "-m", "sluice", "run", "filter", "--set", f"output={tmp_path / 'out'}"])
    assert done.returncode == 3
    assert done.stdout.startswith("sluice: Stage 'extract' has not finished") and done.stdout.count("\n") == 1


def test_an_archive_without_html_is_an_error_and_leaves_no_finished_stage(run_job, tmp_path):
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True)
    writer.write_record(writer.create_warcinfo_record("x.warc.gz", {"software": "test"}))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "x.warc.gz").write_bytes(buffer.getvalue())
    done = run_job("pipeline", folder, tmp_path / "out")
    refused(done, 3, "1 archives with 1 records contain no HTML page")
    assert not list((tmp_path / "out").rglob("_summary.json"))


def test_a_truncated_archive_fails_above_the_allowed_loss_and_passes_below(run_job, sample, tmp_path):
    whole = (sample / "planted.warc.gz").read_bytes()
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "cut.warc.gz").write_bytes(whole[: int(len(whole) * 0.9)])
    done = run_job("extract", folder, tmp_path / "out")
    refused(done, 4, "bytes could not be read", "truncated x 1", "extract.max_unreadable_share = 0.01")
    assert not (tmp_path / "out" / "extract" / "_summary.json").exists()
    again = run_job("extract", folder, tmp_path / "out", extract__max_unreadable_share="0.2")
    assert again.returncode == 0, again.stdout[-3000:]
    assert "already complete" in again.stdout
    assert gzip.decompress(whole)  # the original is intact


def test_the_help_of_a_job_file_explains_the_job(sample, tmp_path):
    done = run([*command("filter", sample, tmp_path)[:8], "--help"])
    assert done.returncode == 0
    assert "--set A.B=C" in done.stdout
    assert "Apply quality rules" in done.stdout
