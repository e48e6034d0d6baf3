"""Benchmark items are found in a DataFrame of documents."""

from sluice.core.config.dedup import DecontaminateConfig
from sluice.core.records.corpus import Contamination
from sluice.spark.transforms.decontaminate import contaminated, contamination_reasons
from sluice.text.decontamination.benchmark import Part, build

QUESTION = "Which of these two metals is the better conductor of heat at low temperature and why?"
ZH_QUESTION = "在標準大氣壓下，水的沸點是多少攝氏度？"
KEY = "which of these two metals is the better conductor of heat at low temperature and why"
BENCHMARK = build(
    [Part("en", "a", "question"), Part("zh", "7", "text")], [QUESTION, ZH_QUESTION], DecontaminateConfig()
)


def found(spark, rows, partitions=2):
    df = spark.createDataFrame(rows, "doc_id long, text string").repartition(partitions)
    table = contaminated(df, BENCHMARK)
    assert tuple(table.columns) == Contamination.__struct_fields__
    return sorted(map(tuple, table.collect()))


def test_each_item_in_each_document_is_a_row_with_its_match(spark):
    rows = [
        (1, f"quiz: {QUESTION}"),
        (2, "nothing of the kind"),
        (3, f"题：在标准大气压下,水的沸点是多少摄氏度 {QUESTION} {QUESTION}"),
        (4, None),
        (5, ""),
    ]
    expected = [
        (1, "en", "a", "question", "ngram", 1.0, KEY),
        (3, "en", "a", "question", "ngram", 1.0, KEY),
        (3, "zh", "7", "text", "ngram", 1.0, "在标准大气压下,水的沸点是多少摄氏度"),
    ]
    assert found(spark, rows) == expected
    assert found(spark, rows, partitions=5) == expected


def test_the_reason_is_ngram_if_any_item_was_found_by_ngrams(spark):
    rows = [(1, "near"), (2, "ngram"), (3, "near"), (3, "ngram"), (3, "near"), (1, "near")]
    found = contamination_reasons(spark.createDataFrame(rows, "doc_id long, kind string"))
    assert sorted(map(tuple, found.collect())) == [(1, "near"), (2, "ngram"), (3, "ngram")]


def test_an_empty_table_has_no_matches(spark):
    assert found(spark, []) == []
