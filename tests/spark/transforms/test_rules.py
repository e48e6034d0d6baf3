"""Rules in SQL give the same results as in Python."""

import random

import msgspec
from pyspark.sql import types as T

from sluice.core.records.docs import Decision, Signals
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.transforms.rules import decide
from sluice.text.rules.rule import Rule, first_failure, load_rules

RULES = (
    Rule(name="words", signal="n_words", min=50, max=100),
    Rule(name="strict", signal="han_share", above=0.25, below=0.75),
    Rule(name="zh_only", signal="char_entropy", min=3, languages=("zh",)),
)


def decided(spark, found, rules):
    schema = T.StructType(
        [
            T.StructField("doc_id", T.LongType()),
            T.StructField("language", T.StringType()),
            T.StructField("reason", T.StringType()),
            T.StructField("signals", spark_schema(Signals)),
        ]
    )
    plain = [(i, lang, reason, s and msgspec.structs.astuple(s)) for i, lang, reason, s in found]
    df = decide(spark.createDataFrame(plain, schema), rules)
    assert tuple(df.columns) == Decision.__struct_fields__
    return [tuple(row) for row in df.orderBy("doc_id").collect()]


def test_first_rule_broken_is_the_reason_with_value_and_threshold(spark):
    found = [
        (1, "en", None, Signals(n_words=49, han_share=0.9)),
        (2, "en", None, Signals(n_words=101, han_share=0.5)),
        (3, "en", None, Signals(n_words=50, han_share=0.25)),
        (4, "en", None, Signals(n_words=100, han_share=0.75)),
        (5, "en", None, Signals(n_words=100, han_share=0.5, char_entropy=1.0)),
        (6, "zh", None, Signals(n_words=100, han_share=0.5, char_entropy=1.0)),
        (7, "en", None, Signals()),
        (8, "en", "language", None),
        (9, None, "no_text", None),
    ]
    assert decided(spark, found, RULES) == [
        (1, "words", 49.0, 50.0),
        (2, "words", 101.0, 100.0),
        (3, "strict", 0.25, 0.25),
        (4, "strict", 0.75, 0.75),
        (5, None, None, None),
        (6, "zh_only", 1.0, 3.0),
        (7, None, None, None),
        (8, "language", None, None),
        (9, "no_text", None, None),
    ]


def test_an_empty_table_has_no_decisions(spark):
    assert decided(spark, [], RULES) == []


def test_python_and_sql_agree_on_random_signals_and_the_shipped_presets(spark):
    random.seed(7)
    rules = load_rules(("en-default", "zh-default"))
    bounds = {(r.signal, b) for r in rules for b in (r.min, r.max, r.above, r.below) if b is not None}
    values = {
        name: [None, 0.0, 0.5, 1.0, 1e9, *(b for s, b in bounds if s == name)] for name in Signals.__struct_fields__
    }

    def signals():
        chosen = {name: random.choice(values[name]) for name in Signals.__struct_fields__}
        for name, kind in Signals.__annotations__.items():
            if kind == int | None:
                chosen[name] = None if chosen[name] is None else int(chosen[name])
        # most values are undefined, since random ones would fail the first rules
        return Signals(**{name: value for name, value in chosen.items() if random.random() < 0.12})

    found = [(i, random.choice(["en", "zh", "de"]), None, signals()) for i in range(2000)]
    expected = []
    for doc_id, language, _, s in found:
        verdict = first_failure(s, language, rules)
        expected.append((doc_id, *((verdict.reason, verdict.value, verdict.threshold) if verdict else (None,) * 3)))
    got = decided(spark, found, rules)
    assert got == expected
    assert len({row[1] for row in got}) > 30  # many different rules failed


def test_a_rule_for_all_languages_applies_to_a_null_language(spark):
    rule = (Rule(name="any", signal="n_words", min=1),)
    assert decided(spark, [(1, None, None, Signals(n_words=0))], rule) == [(1, "any", 0.0, 1.0)]


def test_python_and_sql_draw_the_same_random_number(spark):
    rules = (
        Rule(name="gentle", signal="quality_score", pareto=1),
        Rule(name="pareto", signal="quality_score", pareto=9),
    )
    draw = random.Random(7)
    found = []
    for i in range(1000):
        score = draw.choice([None, 0.0, 1.0, draw.random()])
        edge = 1.0 if score is None else (2.0 - score) ** -draw.choice([1, 9])  # at the edge, where one bit matters
        found.append(
            (i, "en", None, Signals(quality_score=score, random_unit=draw.choice([None, edge, draw.random()])))
        )
    expected = []
    for i, language, _, signals in found:
        verdict = first_failure(signals, language, rules)
        expected.append((i, verdict.reason, verdict.value, verdict.threshold) if verdict else (i, None, None, None))
    assert decided(spark, found, rules) == expected
    assert {row[1] for row in expected} == {None, "pareto", "gentle"}
