"""The type, default and meaning of each setting."""

import msgspec
import pytest

from sluice.core.config.keys import known_paths
from sluice.core.config.load import load_config
from sluice.core.config.schema import Config
from sluice.core.config.settings import COMMON, section_meaning, settings, type_in_words

BY_PATH = {setting.path: setting for setting in settings()}


def test_every_setting_is_listed_once_and_sections_are_not():
    assert list(BY_PATH) == [path for path in known_paths() if not any(k.startswith(f"{path}.") for k in known_paths())]
    assert len(BY_PATH) == len(settings())
    assert "train.optim.lr" in BY_PATH and "train.optim" not in BY_PATH


def test_every_common_setting_exists():
    assert set(BY_PATH) >= COMMON
    assert 50 <= len(COMMON) <= 80


@pytest.mark.parametrize(
    ("path", "words", "value"),
    [
        ("name", "text", "corpus"),
        ("train.optim.lr", "number above 0", 0.003),
        ("train.optim.clip_norm", "number above 0, or null", 1.0),
        ("extract.max_unreadable_share", "number from 0 to 1", 0.01),
        ("plan.batch_warcs", "whole number from 1", 512),
        ("train.model.init.forget_bias", "number", 1.0),
        ("train.model.tie_embeddings", "true or false", False),
        ("tokenizer.kind", "bpe or word", "bpe"),
        ("extract.languages", "list of: text, or null", ("en", "zh")),
        ("extract.min_language_score", "mapping to: number from 0 to 1", {"en": 0.65, "zh": 0.5}),
        ("extract.bad_words.lists", "mapping to: text, or null", {"en": None, "zh": None}),
    ],
)
def test_type_and_default_are_described_in_words(path, words, value):
    assert (BY_PATH[path].type, BY_PATH[path].value) == (words, value)


def test_the_meaning_is_the_docstring_of_the_field_in_one_line():
    assert BY_PATH["train.optim.lr"].meaning == "Peak learning rate."
    assert BY_PATH["extract.max_page_bytes"].meaning == (
        "Size limit in bytes. Larger HTML payloads are rejected as `too_big` before they are parsed."
    )
    assert not any("\n" in setting.meaning for setting in BY_PATH.values())


def test_every_setting_has_a_meaning():
    assert [setting.path for setting in BY_PATH.values() if len(setting.meaning) < 10] == []


def test_settings_of_a_configuration_have_its_values():
    found = {setting.path: setting.value for setting in settings(load_config([], ["train.optim.lr=0.5"]))}
    assert (found["train.optim.lr"], found["name"]) == (0.5, "corpus")


def test_a_section_has_a_meaning():
    assert section_meaning("rules") == "Which documents are good enough."
    assert section_meaning("train.optim") == "The optimizer: update rule, clipping, averaging, precision."
    assert section_meaning("") == Config.__doc__.strip()


def test_a_type_without_a_description_raises_a_type_error():
    with pytest.raises(TypeError, match="does not know"):
        type_in_words(msgspec.inspect.type_info(bytes))
