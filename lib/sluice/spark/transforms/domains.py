"""Counts over the documents of a registered domain as signals for rules: farms of spam use a new host for each page."""

import functools
import operator
from collections.abc import Sequence
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sluice.core.config.rules import RulesConfig
from sluice.core.errors import ConfigError
from sluice.spark.transforms.rules import signals_of, violation
from sluice.text.lists.domains import ADDRESS, PATTERN
from sluice.text.rules.rule import Rule

DOMAIN_SIGNALS = ("domain_hosts", "domain_documents", "domain_spam_share")


def needs_domains(rules: Sequence[Rule]) -> bool:
    """Whether a rule uses a signal of domains. If none does, nothing is computed."""
    return any(rule.signal in DOMAIN_SIGNALS for rule in rules)


def registered_domain(host: Column) -> Column:
    """SQL for `text.lists.domains.registered_domain`."""
    found = F.regexp_extract(host, PATTERN, 0)
    return F.when(~host.rlike(ADDRESS) & (found != ""), found)


def domain_settings(rules: Sequence[Rule], settings: RulesConfig) -> dict[str, Any]:
    """Returns the settings that the signals of domains depend on; none if no rule uses them.

    Raises ConfigError if no rule is named by `spam_rules`, so that there would be no spam.
    """
    if not needs_domains(rules):
        return {}
    known = sorted({rule.name for rule in rules})
    if not set(known).intersection(settings.spam_rules):
        raise ConfigError(
            f"rules.spam_rules = {list(settings.spam_rules)} names no rule of rules.presets, but a rule uses a signal "
            f"of domains, which needs one. Name some of {', '.join(known)}, or leave out the rules on {DOMAIN_SIGNALS}."
        )
    return {"domains": {"spam_rules": sorted(settings.spam_rules), "min_hosts": settings.domain_min_hosts}}


def with_domains(docs: DataFrame, rules: Sequence[Rule], settings: RulesConfig) -> DataFrame:
    """Returns the same rows with the signals that rules use, among them those of the document's domain.

    A document counts as spam if it breaks a rule that `spam_rules` names, whatever other rules it breaks. Rejected
    documents do not count. Domains with fewer than `domain_min_hosts` hosts have no signals.

    Needs: docs, kind=doc (doc_id, host, language, reason, signals). Returns: doc_id, language, reason, signals.
    Shuffle: per host a row of counts, by domain. The domains with signals are broadcast, in 170 bytes each (Spark 4.1).
    """
    spam_rules = [rule for rule in rules if rule.name in settings.spam_rules]
    spam = functools.reduce(operator.or_, (violation(rule).isNotNull() for rule in spam_rules))
    domain = registered_domain(F.col("host")).alias("domain")
    judged = docs.where("reason is null").select(domain, "host", spam.cast("long").alias("spam"))
    hosts = judged.where("domain is not null").groupBy("domain", "host")
    by_host = hosts.agg(F.count("*").alias("n"), F.sum("spam").alias("spam"))
    n, n_spam = F.sum("n"), F.sum("spam")
    counted = by_host.groupBy("domain").agg(
        F.count("*").alias("domain_hosts"),
        n.alias("domain_documents"),
        (n_spam / n).alias("domain_spam_share"),
    )
    domains = counted.where(F.col("domain_hosts") >= settings.domain_min_hosts)
    names = signals_of(rules)
    own = (F.col(f"signals.{name}") for name in names if name not in DOMAIN_SIGNALS)
    joined = docs.select("doc_id", "language", "reason", domain, *own).join(F.broadcast(domains), "domain", "left")
    return joined.select("doc_id", "language", "reason", F.struct(*names).alias("signals"))
