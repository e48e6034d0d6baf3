import json
import pickle
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.config.rules import TrainQualityConfig
from sluice.core.errors import ConfigError, InputError
from sluice.data.dataset.words import words
from sluice.text.quality import model_card, score
from sluice.text.quality.score import QualityModel, word_line
from sluice.text.quality.train import train
from sluice.text.unicode import characters

pytest.importorskip("fasttext", reason="training needs it: pip install 'sluice[quality]'")

PROSE = "The committee met on day {i} and decided that the new library would be built beside the old town hall. "
SHOP = "Buy now, item {i}: free shipping, best price, click here to add it to your cart and log in today! "


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The path of a tiny English model."""
    folder = tmp_path_factory.mktemp("quality")
    for name, text in (("good", PROSE), ("bad", SHOP)):
        rows = [{"text": text.format(i=chr(97 + i % 26) * (i + 1)) * 3} for i in range(60)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    section = TrainQualityConfig(
        language="en",
        positive=(f"{folder}/good.jsonl",),
        negative=(f"{folder}/bad.jsonl",),
        output=f"{folder}/en.bin",
        passage_words=20,
        bucket=1000,
        min_count=1,
    )
    model_card.save(train(section))
    return section.output


@pytest.fixture
def copy(trained, tmp_path):
    """A copy of the model whose files a test may change."""
    path = tmp_path / "en.bin"
    for end in ("", ".json"):
        with open(trained + end, "rb") as stream:
            (tmp_path / f"en.bin{end}").write_bytes(stream.read())
    return path


def test_a_line_has_the_words_with_a_letter_in_lower_case():
    assert word_line("# The UTF-8 \n\n table @-@ of 1,234 items ...", "en") == "the utf-8 table of items"
    assert word_line("## 第一条 北京，2024年。", "zh") == "第一条 北京 年"


def test_a_line_has_a_maximum_number_of_words_and_no_label():
    assert word_line("one two three", "en", 2) == "one two"
    assert word_line("a __label__good b", "en") == "a labelgood b"


@pytest.mark.parametrize("text", ["", " \n", "123 !!!", "\ud800"])
def test_a_text_without_words_is_an_empty_line(text):
    assert word_line(text, "en") == ""
    assert word_line(text, "zh") == ""


def test_a_language_without_word_segmentation_has_no_line():
    assert word_line("ภาษาไทย", "th") == ""


def test_only_the_beginning_of_a_long_text_is_read():
    assert word_line("word " * 5000, "en") == " ".join(["word"] * 1000)
    assert word_line("1 " * 5000 + "word", "en") == ""
    assert word_line("。" * 3999 + "你好", "zh") == "你"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["en", "zh"]))
def test_a_line_equals_the_plain_definition(text, language):
    lettered = [word for word in words(text, language) if any(map(str.isalpha, word))]
    kept = ["".join(c for c in word if not characters.flags_of(c) & characters.PRIVATE) for word in lettered]
    assert word_line(text, language) == " ".join(kept).lower().replace("__label__", "label")
    word_line(text, language).encode("utf-8")  # fastText accepts the line of any text


def test_prose_scores_above_a_shop(trained):
    model = QualityModel(trained)
    assert 0.8 < model.score(PROSE, "en") <= 1.0
    assert 0.0 <= model.score(SHOP, "en") < 0.2


def test_an_empty_text_and_another_language_have_no_score(trained):
    model = QualityModel(trained)
    assert model.score("", "en") is None
    assert model.score("42", "en") is None
    assert model.score(PROSE, "de") is None


def test_a_score_depends_on_the_text_only(trained):
    model = QualityModel(trained)
    texts = [PROSE * i + SHOP for i in range(40)]
    expected = [model.score(text, "en") for text in texts]
    found = {}

    def work(number):
        found[number] = [model.score(text, "en") for text in (texts if number % 2 else texts[::-1])]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {0: expected[::-1], 1: expected, 2: expected[::-1], 3: expected}


def test_a_model_is_pickled_as_its_path(trained):
    model = QualityModel(trained)
    model.score(PROSE, "en")
    copy = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(model))))
    assert len(pickle.dumps(model)) < 1000
    assert copy.score(PROSE, "en") == model.score(PROSE, "en")


def test_a_model_configured_for_another_language_is_an_error(trained):
    QualityModel(trained).check("en")
    with pytest.raises(ConfigError, match="was trained on 'en' but is configured for 'zh'"):
        QualityModel(trained).check("zh")


def test_a_missing_model_is_an_error_with_its_name(tmp_path):
    with pytest.raises(InputError, match=r"none\.bin does not exist"):
        QualityModel(str(tmp_path / "none.bin")).check("en")


def test_a_model_without_its_record_is_an_error(copy):
    copy.with_name("en.bin.json").unlink()
    with pytest.raises(ConfigError, match=r"has no en\.bin\.json next to it.*train the model again"):
        QualityModel(str(copy)).score(PROSE, "en")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"preparation": "letters-0"},
            "prepared as 'letters-0', but this version of sluice prepares them as 'letters-1'",
        ),
        ({"jieba": "0.1"}, r"with jieba 0\.1, but jieba None is installed"),
        ({"good": "good"}, "'good' must be one of two labels"),
        ({"labels": ["__label__good", "__label__ok"]}, r"has the labels \['__label__bad', '__label__good'\]"),
        ({"sha256": "0" * 64}, "is not the file for which .* was written"),
        ({"language": 7}, "is not a record of a quality model"),
    ],
)
def test_a_record_that_does_not_match_the_model_is_an_error(copy, change, message):
    path = copy.with_name("en.bin.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ConfigError, match=message):
        QualityModel(str(copy)).score(PROSE, "en")


def test_a_file_that_is_not_a_model_is_an_error(copy):
    copy.write_bytes(b"not a model")
    path = copy.with_name("en.bin.json")
    digest = score.file_digest.__wrapped__(str(copy))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sha256": digest}))
    with pytest.raises(InputError, match=r"en\.bin is not a fastText model"):
        QualityModel(str(copy)).score(PROSE, "en")
