"""The stages of a run, and the dependencies of their digests."""

import json

import pytest

from sluice.core.config.dataset import ShardsConfig, TokenizerConfig
from sluice.core.config.dedup import DecontaminateConfig, DedupConfig, LineDedupConfig, MinHashConfig, SplitCheckConfig
from sluice.core.config.publish import PublishConfig
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError
from sluice.spark.run import Run

ITEM = {"id": 1, "q": "Which of these two metals is the better conductor of heat at low temperature and why?"}


@pytest.fixture
def quiz(tmp_path):
    path = tmp_path / "quiz.jsonl"
    path.write_text(json.dumps(ITEM))
    return str(path)


def test_optional_stages_do_not_change_the_digests_of_a_run_without_them():
    run = Run(Config(split_check=SplitCheckConfig(enabled=False)))
    assert run.decontaminate is None and run.line_dedup is None and run.split_check is None
    assert run.corpus is run.dedup
    assert run.tokenizer.upstream == run.dedup.digest
    assert {"decontaminate", "line_dedup", "split_check"}.isdisjoint(run.result_settings)
    off = SplitCheckConfig(enabled=False, bands=8)
    other = Run(
        Config(line_dedup=LineDedupConfig(min_documents=9), decontaminate=DecontaminateConfig(ngram=8), split_check=off)
    )
    assert (other.shards.digest, other.result_digest) == (run.shards.digest, run.result_digest)


def test_digests_of_later_stages_depend_on_enabled_stages(quiz):
    plain = Run(Config())
    both = Run(Config(line_dedup=LineDedupConfig(enabled=True), decontaminate=DecontaminateConfig(benchmarks=(quiz,))))
    assert both.dedup.digest == plain.dedup.digest
    assert both.decontaminate.upstream == both.dedup.digest
    assert both.line_dedup.upstream == both.decontaminate.digest
    assert both.split_check.upstream == both.line_dedup.digest
    assert both.tokenizer.upstream == both.split_check.digest
    assert both.result_digest != plain.result_digest
    lines = Run(Config(line_dedup=LineDedupConfig(enabled=True)))
    assert lines.line_dedup.upstream == lines.dedup.digest
    assert lines.split_check.upstream == lines.line_dedup.digest
    changed = Run(Config(line_dedup=LineDedupConfig(enabled=True, min_documents=4)))
    assert changed.shards.digest != lines.shards.digest


def test_a_benchmark_is_identified_by_its_content(quiz, tmp_path):
    def digest(path, **settings):
        return Run(Config(decontaminate=DecontaminateConfig(benchmarks=(str(path),), **settings))).shards.digest

    first = digest(quiz)
    (tmp_path / "moved").mkdir()
    moved = tmp_path / "moved" / "quiz.ndjson"
    moved.write_text(json.dumps(ITEM) + "\n\n")
    assert digest(moved, max_index_mib=64) == first
    assert digest(moved, ngram_share=0.4) != first
    moved.write_text(json.dumps(ITEM | {"q": ITEM["q"] + " Explain."}))
    assert digest(moved) != first


def test_the_job_of_a_disabled_stage_is_an_error():
    with pytest.raises(
        ConfigError, match=r"'line_dedup' is switched off.*set line_dedup\.enabled=true, in this job and all later"
    ):
        Run.with_stage(Config(), "line_dedup")
    with pytest.raises(ConfigError, match=r"set decontaminate\.benchmarks=\[FILES\]"):
        Run.with_stage(Config(), "decontaminate")
    assert (
        Run.with_stage(Config(line_dedup=LineDedupConfig(enabled=True)), "line_dedup").line_dedup.name == "line_dedup"
    )


def test_the_split_is_checked_if_documents_are_held_out():
    plain = Run(Config())
    assert plain.corpus is plain.split_check
    assert plain.split_check.upstream == plain.dedup.digest
    assert plain.tokenizer.upstream == plain.split_check.digest
    assert Run(Config(shards=ShardsConfig(valid_fraction=0, test_fraction=0))).split_check is None
    assert Run(Config(shards=ShardsConfig(valid_fraction=0))).split_check is not None
    # the held-out documents change the result; the length of a record does not
    assert Run(Config(shards=ShardsConfig(seed=5))).split_check.digest != plain.split_check.digest
    assert Run(Config(shards=ShardsConfig(test_fraction=0.02))).split_check.digest != plain.split_check.digest
    assert Run(Config(shards=ShardsConfig(seq_len=64))).split_check.digest == plain.split_check.digest
    assert Run(Config(split_check=SplitCheckConfig(bands=16))).split_check.digest != plain.split_check.digest


def test_a_published_dataset_depends_on_documents_splits_and_columns_but_not_on_tokenizer_and_upload():
    def digest(**sections):
        return Run(Config(**sections)).publish.digest

    plain = digest()
    assert Run(Config()).publish.upstream == Run(Config()).corpus.digest
    assert digest(tokenizer=TokenizerConfig(vocab_size=600), shards=ShardsConfig(seq_len=64)) == plain
    assert digest(publish=PublishConfig(upload="owner/name", private=False)) == plain
    assert digest(publish=PublishConfig(columns=("id", "text"))) != plain
    off = SplitCheckConfig(enabled=False)  # no earlier stage depends on the splits
    assert digest(split_check=off) != digest(split_check=off, shards=ShardsConfig(seed=5)) != plain


def test_a_check_with_the_permutations_of_deduplication_is_an_error():
    with pytest.raises(ConfigError, match=r"split_check\.seed and dedup\.minhash\.seed are both 2.*Choose another"):
        Run(Config(dedup=DedupConfig(minhash=MinHashConfig(seed=2))))
    assert (
        Run(
            Config(dedup=DedupConfig(minhash=MinHashConfig(seed=2)), split_check=SplitCheckConfig(enabled=False))
        ).split_check
        is None
    )
    with pytest.raises(ConfigError, match=r"split_check\.enabled=true and hold documents out \(shards\.valid_fraction"):
        Run.with_stage(Config(shards=ShardsConfig(valid_fraction=0, test_fraction=0)), "split_check")
