"""Rules compiled to SQL on stored signals, without Python; equivalent to `text.rules.rule.first_failure`."""

import functools
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sluice.text.rules.rule import Rule


def decide(df: DataFrame, rules: Sequence[Rule]) -> DataFrame:
    """Finds the first rule that each document violates, or null; earlier rejections keep their reason.

    Needs: docs, kind=doc (doc_id, language, reason, signals). Returns: decisions, one row per document.
    """
    verdict = first_failure_column(rules)
    return df.select(
        "doc_id", F.col("reason").alias("rejected"), F.when(F.col("reason").isNull(), verdict).alias("verdict")
    ).select(
        "doc_id",
        F.coalesce("rejected", "verdict.reason").alias("reason"),
        F.col("verdict.value").alias("value"),
        F.col("verdict.threshold").alias("threshold"),
    )


def signals_of(rules: Sequence[Rule]) -> list[str]:
    """Returns the names of signals used by rules, sorted."""
    return sorted({rule.signal for rule in rules} | {"random_unit" for rule in rules if rule.pareto is not None})


def first_failure_column(rules: Sequence[Rule], language: str = "language") -> Column:
    """Returns a nullable struct<reason, value, threshold> over `language` and `signals`: the first violated rule."""
    none = F.lit(None).cast("struct<reason: string, value: double, threshold: double>")
    return F.coalesce(*(violation(rule, language) for rule in rules), none)


def violation(rule: Rule, language: str = "language") -> Column:
    """Returns the struct of a rule if it is violated, else null."""
    value = F.col(f"signals.{rule.signal}").cast("double")
    bounds = [
        (rule.min, lambda bound: value < bound),
        (rule.max, lambda bound: value > bound),
        (rule.above, lambda bound: value <= bound),
        (rule.below, lambda bound: value >= bound),
    ]
    broken = F.lit(None).cast("double")
    if rule.pareto is not None:
        random_unit = F.col("signals.random_unit")
        product = functools.reduce(lambda product, _: product * (F.lit(2.0) - value), range(rule.pareto), random_unit)
        broken = F.when(product >= 1.0, random_unit)
    for bound, is_broken in reversed(bounds):
        if bound is not None:
            broken = F.when(is_broken(F.lit(float(bound))), F.lit(float(bound))).otherwise(broken)
    applies = F.lit(True) if rule.languages is None else F.col(language).isin(*rule.languages)
    verdict = F.struct(F.lit(rule.name).alias("reason"), value.alias("value"), broken.alias("threshold"))
    return F.when(applies & broken.isNotNull(), verdict)
