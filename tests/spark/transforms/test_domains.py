"""Signals of domains: hosts, documents and spam under a registered domain."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from pyspark.sql import functions as F

from sluice.core.config.rules import RulesConfig
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError
from sluice.core.ledger import Ledger
from sluice.spark.run import Run
from sluice.spark.stages import filter as filter_stage
from sluice.spark.transforms import domains
from sluice.text.lists.domains import registered_domain
from tests.helpers.docs_table import document, write_run

RULES = """
description: spam, then short texts, then domains of spam
rules:
  - {name: spam, languages: [zh], signal: bad_word_share, max: 0.01}
  - {name: short, signal: n_words, min: 10}
  - {name: spam_domains, signal: domain_spam_share, max: 0.5}
"""
SETTINGS = {"spam_rules": ("spam",), "domain_min_hosts": 3}


def page(doc_id, host, *, language="zh", reason=None, **signals):
    row = document(doc_id, language, **{"n_words": 50, "bad_word_share": 0.0} | signals)
    return structs.replace(row, host=host, reason=reason)


def rows():
    """A farm of four hosts, a hosting service of five, a farm of two hosts, and pages without a domain."""
    spam = {"bad_word_share": 0.5}
    return [
        page(1, "a.farm.loan", **spam),
        page(2, "b.farm.loan", n_words=5, **spam),  # short, but spam comes first
        page(3, "c.farm.loan", **spam),
        page(4, "d.farm.loan"),  # 3 of 4 are spam
        page(5, "e.farm.loan", reason="too_short"),  # a rejected page counts for nothing
        page(11, "a.github.io", **spam),
        page(12, "b.github.io"),
        page(13, "c.github.io"),
        page(14, "d.github.io", language="en", **spam),  # the rule on spam is for Chinese
        page(15, "d.github.io"),  # 1 of 5 documents on 4 hosts
        page(21, "a.small.top", **spam),
        page(22, "b.small.top", **spam),
        page(23, "b.small.top"),  # 2 of 3, but on two hosts
        page(31, "192.0.2.1", **spam),
        page(32, "192.0.2.1"),
        page(33, None),
    ]


EXPECTED = {
    1: ("spam", 0.5, 0.01),
    2: ("spam", 0.5, 0.01),
    3: ("spam", 0.5, 0.01),
    4: ("spam_domains", 0.75, 0.5),
    5: ("too_short", None, None),
    11: ("spam", 0.5, 0.01),
    21: ("spam", 0.5, 0.01),
    22: ("spam", 0.5, 0.01),
    31: ("spam", 0.5, 0.01),
}


@pytest.fixture
def preset(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(RULES)
    return str(path)


def run_filter(spark, output, preset, files, **changes):
    """Runs extract's end and the filter stage; the decisions by document, and the summary."""
    config = Config(output=str(output), rules=RulesConfig(presets=(preset,), **{**SETTINGS, **changes}))
    run = Run(config)
    assert run.extracted.begin()
    found = rows()
    write_run(output, found, files=files)
    kept = sum(row.reason is None for row in found)
    run.extracted.finish([Ledger("records", len(found), kept, {"too_short": len(found) - kept})])
    filter_stage.filter_documents(spark, run, force=False)
    decided = spark.read.parquet(f"{output}/filter/decisions").collect()
    assert len(decided) == len(found)
    summary = json.loads((Path(output) / "filter" / "_summary.json").read_text())
    return {row["doc_id"]: (row["reason"], row["value"], row["threshold"]) for row in decided}, summary


@pytest.mark.parametrize("files", [1, 5])
def test_a_page_of_a_farm_is_dropped_and_one_of_a_hosting_service_is_kept(spark, tmp_path, preset, files):
    decisions, summary = run_filter(spark, tmp_path / "out", preset, files)
    assert {key: value for key, value in decisions.items() if value[0]} == EXPECTED
    assert summary["ledgers"][0]["dropped"] == {"spam": 7, "spam_domains": 1}


def test_a_domain_needs_the_minimum_number_of_hosts(spark, tmp_path, preset):
    decisions, _ = run_filter(spark, tmp_path / "out", preset, 1, domain_min_hosts=5)
    assert decisions[4] == (None, None, None)


def test_the_signals_are_counts_of_the_domain(spark, tmp_path, preset):
    run = Run(Config(output=str(tmp_path / "out"), rules=RulesConfig(presets=(preset,), **SETTINGS)))
    write_run(tmp_path / "out", rows())
    docs = filter_stage.document_rows(spark, run)
    rules = [structs.replace(run.rules[-1], signal=name) for name in domains.DOMAIN_SIGNALS] + list(run.rules[:2])
    found = domains.with_domains(docs, rules, run.config.rules).select("doc_id", "signals.*").collect()
    signals = {row["doc_id"]: tuple(row[name] for name in domains.DOMAIN_SIGNALS) for row in found}
    assert signals[4] == (4, 4, 0.75)
    assert signals[15] == (4, 5, 0.2)
    assert signals[23] == signals[32] == signals[33] == (None, None, None)


def test_nothing_is_counted_for_rules_without_signals_of_domains(spark, tmp_path, monkeypatch):
    path = tmp_path / "own.yaml"
    path.write_text("description: x\nrules: [{name: short, signal: n_words, min: 10}]\n")
    monkeypatch.setattr(filter_stage, "with_domains", None)
    decisions, _ = run_filter(spark, tmp_path / "out", str(path), 1)
    assert {key for key, value in decisions.items() if value[0] == "short"} == {2}


def test_settings_of_domains_are_part_of_the_digest_only_if_a_rule_needs_them(tmp_path, preset):
    def digest(**changes):
        return Run(Config(output=str(tmp_path), rules=RulesConfig(**changes))).filter.digest

    assert digest(presets=(preset,), **SETTINGS) != digest(presets=(preset,), **{**SETTINGS, "domain_min_hosts": 4})
    assert digest(presets=("fineweb",)) == digest(presets=("fineweb",), domain_min_hosts=4, spam_rules=("x",))


def test_rules_on_domains_without_a_rule_on_spam_are_an_error(tmp_path, preset):
    config = Config(output=str(tmp_path), rules=RulesConfig(presets=(preset,), spam_rules=("bad_words",)))
    with pytest.raises(ConfigError, match=r"rules\.spam_rules = \['bad_words'\] names no rule of rules\.presets"):
        Run(config)


LABELS = st.text(st.sampled_from("ab1-") | st.sampled_from("éん"), max_size=3) | st.sampled_from(
    ["com", "co", "uk", "cn"]
)
HOSTS = st.lists(LABELS, max_size=5).map(".".join)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(HOSTS, min_size=50, max_size=80))
def test_spark_and_python_agree_on_domains(spark, hosts):
    frame = spark.createDataFrame([(host,) for host in hosts], "host string")
    found = frame.select("host", domains.registered_domain(F.col("host")).alias("domain")).collect()
    assert [(row["host"], row["domain"]) for row in found] == [(host, registered_domain(host)) for host in hosts]
