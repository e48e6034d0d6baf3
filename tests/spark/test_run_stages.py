"""Which stages a run has, and what their digests depend on."""

import json

import pytest

from sluice.core.config import Config
from sluice.core.dedup_config import Decontaminate, Lines
from sluice.core.errors import ConfigError
from sluice.spark.run import Run

ITEM = {"id": 1, "q": "Which of these two metals is the better conductor of heat at low temperature and why?"}


@pytest.fixture
def quiz(tmp_path):
    path = tmp_path / "quiz.jsonl"
    path.write_text(json.dumps(ITEM))
    return str(path)


def test_a_run_without_the_optional_stages_is_as_if_there_were_none():
    run = Run(Config())
    assert run.decontaminate is None and run.lines is None
    assert run.corpus is run.dedup
    assert run.tokenizer.upstream == run.dedup.digest
    assert {"decontaminate", "lines"}.isdisjoint(run.result_settings)
    other = Run(Config(lines=Lines(min_documents=9), decontaminate=Decontaminate(ngram=8)))
    assert (other.shards.digest, other.result_digest) == (run.shards.digest, run.result_digest)


def test_later_stages_depend_on_those_that_are_switched_on(quiz):
    plain = Run(Config())
    both = Run(Config(lines=Lines(enabled=True), decontaminate=Decontaminate(benchmarks=(quiz,))))
    assert both.dedup.digest == plain.dedup.digest
    assert both.decontaminate.upstream == both.dedup.digest
    assert both.lines.upstream == both.decontaminate.digest
    assert both.tokenizer.upstream == both.lines.digest
    assert both.result_digest != plain.result_digest
    lines = Run(Config(lines=Lines(enabled=True)))
    assert lines.lines.upstream == lines.dedup.digest
    assert lines.tokenizer.upstream == lines.lines.digest
    changed = Run(Config(lines=Lines(enabled=True, min_documents=4)))
    assert changed.shards.digest != lines.shards.digest


def test_a_benchmark_is_known_by_what_it_holds(quiz, tmp_path):
    def digest(path, **settings):
        return Run(Config(decontaminate=Decontaminate(benchmarks=(str(path),), **settings))).shards.digest

    first = digest(quiz)
    (tmp_path / "moved").mkdir()
    moved = tmp_path / "moved" / "quiz.ndjson"
    moved.write_text(json.dumps(ITEM) + "\n\n")
    assert digest(moved, max_index_mib=64) == first
    assert digest(moved, ngram_share=0.4) != first
    moved.write_text(json.dumps(ITEM | {"q": ITEM["q"] + " Explain."}))
    assert digest(moved) != first


def test_the_job_of_a_stage_that_is_switched_off_is_refused():
    with pytest.raises(
        ConfigError, match=r"'lines' is switched off.*set lines\.enabled=true, in this job and all later"
    ):
        Run.with_stage(Config(), "lines")
    with pytest.raises(ConfigError, match=r"name files with decontaminate\.benchmarks=\[FILES\]"):
        Run.with_stage(Config(), "decontaminate")
    assert Run.with_stage(Config(lines=Lines(enabled=True)), "lines").lines.name == "lines"
