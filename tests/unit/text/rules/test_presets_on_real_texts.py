"""Every rule of a preset drops some, and not most, of a mixed corpus of real texts and its own examples."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from sluice.text.rules.examples import SHOWN, signals_of, text_of
from sluice.text.rules.rule import first_failure, load_rules, preset_names

DATA = Path(os.environ.get("SLUICE_SHARED_DATA", Path(__file__).parents[5] / "shared" / "data"))
COMMON = 0.6
"""Largest share of the texts that a rule of a preset may drop: above, it is wrong for its language. The highest share
of a published rule is 0.59: FineWeb-2's line ends, on raw Chinese pages with their menus."""


def real_texts(language):
    for path in sorted(DATA.glob("html-truth/*/pages.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for page in map(json.loads, lines):
                truth = page.get("truth") or {}
                text = truth.get("text") or truth.get("markdown")
                if text and (page.get("script") == "zh") == (language == "zh"):
                    yield text
    if language == "zh":
        with gzip.open(DATA / "zh-webtext" / "ia-wide15-zh.jsonl.gz", "rt", encoding="utf-8") as lines:
            yield from (record["text"] for record in map(json.loads, lines))


@pytest.fixture(scope="module", params=["en", "zh"])
def corpus(request):
    if not DATA.is_dir():
        pytest.skip(f"{DATA} is missing: it contains real texts in English and Chinese")
    texts = list(real_texts(request.param))
    assert len(texts) > 600
    return request.param, [signals_of(text, request.param) for text in texts]


@pytest.mark.parametrize("preset", preset_names())
def test_every_rule_drops_some_and_not_most_texts(corpus, preset):
    language, signals = corpus
    rules = [rule for rule in load_rules([preset]) if language in rule.languages and rule.signal in SHOWN]
    if not rules:
        return  # a preset for other languages
    planted = [signals_of(text_of(example), language) for rule in rules for example in rule.drops]
    fired = Counter(rule.name for rule in rules for s in signals if first_failure(s, language, [rule]))
    dead = [rule.name for rule in rules if not any(first_failure(s, language, [rule]) for s in (*signals, *planted))]
    deadly = {name: count / len(signals) for name, count in fired.items() if count > COMMON * len(signals)}
    assert dead == []
    assert deadly == {}
    # at least half of the rules must drop real texts, not only planted ones
    assert len(fired) >= len(rules) / 2
