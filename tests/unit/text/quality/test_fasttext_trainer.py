import sys
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.config.rules import TrainQualityConfig
from sluice.core.errors import ConfigError
from sluice.text.quality import fasttext_trainer
from sluice.text.quality.score import BAD, GOOD, probability

fasttext = pytest.importorskip("fasttext", reason="training needs it: pip install 'sluice[quality]'")

SETTINGS = TrainQualityConfig(dim=4, bucket=50, min_count=1, word_ngrams=3, epochs=20)
EXAMPLES = [
    (GOOD, "der hund schläft"),
    (BAD, "jetzt kaufen 你好"),
    (GOOD, "die katze schläft"),
    (BAD, "hier kaufen"),
] * 3


@pytest.fixture(scope="module")
def model():
    return fasttext_trainer.fit(EXAMPLES, SETTINGS)


def test_a_trained_model_predicts_its_examples(model):
    trained = fasttext_trainer.predictor(model)
    assert probability(trained, "der hund schläft", GOOD) > 0.8
    assert probability(trained, "jetzt kaufen 你好", GOOD) < 0.2


def test_equal_examples_give_equal_bytes_and_another_seed_gives_others(model, tmp_path):
    def data(trained):
        trained.save_model(str(tmp_path / "m.bin"))
        return (tmp_path / "m.bin").read_bytes()

    assert data(fasttext_trainer.fit(EXAMPLES, SETTINGS)) == data(model)
    assert data(fasttext_trainer.fit(EXAMPLES, TrainQualityConfig(**{**as_dict(), "seed": 1}))) != data(model)


def as_dict():
    return {name: getattr(SETTINGS, name) for name in SETTINGS.__struct_fields__}


WORDS = st.sampled_from(["der", "hund", "schläft", "kaufen", "你好", "unbekannt", "ﬀ"])


TOLERANCE = 2.4e-7  # two units of float32 at 1: fastText adds in another order


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_fasttext_predictions_follow_from_our_features(model, line):
    # softmax over fastText's matrices with our features must equal fastText's prediction
    words = {word: number for number, word in enumerate(model.get_words())}
    rows = fasttext_trainer.features(line, words, SETTINGS.bucket, SETTINGS.word_ngrams)
    odds = model.get_output_matrix() @ model.get_input_matrix()[rows].mean(axis=0)
    # fastText adds 1e-5 before it takes the logarithm (std_log in utils), and returns the exponential of the sum
    expected = np.exp(odds) / np.exp(odds).sum() + 1e-5
    good = model.get_labels().index(GOOD)
    found = {label: score for score, label in model.f.predict(line + "\n", 2, 0.0, "strict")}
    assert found[GOOD] == pytest.approx(float(expected[good]), abs=TOLERANCE)


def test_the_hash_of_a_sequence_equals_fasttexts():
    # "a" is 0xE40C292C by FNV-1a, which is negative as an int32
    assert fasttext_trainer._hash("a") == 0xFFFFFFFFE40C292C
    assert fasttext_trainer.features("", {"</s>": 7}, 10, 2).tolist() == [7]


def test_one_descent_step_equals_a_computation_by_hand():
    inputs, outputs = np.array([[1.0], [3.0]], np.float32), np.array([[0.5], [-0.5]], np.float32)
    both = np.array([0, 1])
    fasttext_trainer.descend(both, np.array([0, 2]), np.array([0]), inputs, outputs, 1.0, 1)
    # hidden = 2; odds 1 and -1; p = 0.880797, 0.119203; gradient = 0.119203 * (0.5 + 0.5), halved for two features
    np.testing.assert_allclose(outputs, [[0.5 + 2 * 0.119203], [-0.5 - 2 * 0.119203]], rtol=1e-5)
    np.testing.assert_allclose(inputs, [[1 + 0.0596015], [3 + 0.0596015]], rtol=1e-5)


def test_a_fasttext_package_that_can_only_predict_is_an_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "fasttext", types.SimpleNamespace(load_model=None))
    with pytest.raises(ConfigError, match=r"can only predict .*pip uninstall fasttext-predict"):
        fasttext_trainer.fit(EXAMPLES, SETTINGS)
    monkeypatch.setitem(sys.modules, "fasttext", None)
    with pytest.raises(ConfigError, match=r"not installed: pip install 'sluice\[quality\]'"):
        fasttext_trainer.fit(EXAMPLES, SETTINGS)
