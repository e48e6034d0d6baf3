"""Classifiers: inputs, learning, output files and errors."""

import gzip
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from msgspec import structs

from sluice.core.config.classifier import ClassifierConfig
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.train.classifier.input import batches, read_labelled_texts
from sluice.train.classifier.models import TextClassifier, classifier_values
from sluice.train.classifier.train import Predictor, report, train_classifier
from tests.helpers.tiny_runs import run_job

ARCHS = ["textcnn", "bilstm_cls"]


def write_examples(path: Path, rows: list[tuple[str, object]]) -> str:
    text = "".join(json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n" for text, label in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return str(path)


def examples(seed: int, count: int) -> list[tuple[str, object]]:
    """Label 1 if `not` occurs directly before `good`, which a bag of words cannot express."""
    random = np.random.default_rng(seed)
    rows: list[tuple[str, object]] = []
    for number in range(count):
        words = list(random.choice(["a", "b", "c", "not", "good"], size=int(random.integers(4, 12))))
        words = [word for n, word in enumerate(words) if not (word == "good" and n and words[n - 1] == "not")]
        if number % 2:
            at = int(random.integers(len(words) + 1))
            words[at:at] = ["not", "good"]
        label = int(any(pair == ("not", "good") for pair in itertools.pairwise(words)))
        rows.append((" ".join(words), label))
    return rows


def config(tmp_path: Path, rows: list[tuple[str, object]], **more: object) -> ClassifierConfig:
    settings = {
        "embedding_dim": 16,
        "hidden": 16,
        "filters": 12,
        "windows": (2, 3),
        "min_frequency": 1,
        "lr": 0.01,
        **more,
    }
    return ClassifierConfig(train=(write_examples(tmp_path / "in.jsonl", rows),), out=str(tmp_path / "out"), **settings)


@pytest.mark.parametrize("arch", ARCHS)
def test_logits_depend_on_every_token_of_the_text_but_not_on_padding_or_other_texts(arch: str) -> None:
    settings = ClassifierConfig(arch=arch, embedding_dim=6, hidden=5, filters=20, windows=(2, 3))
    values = classifier_values(settings, vocab_size=20, num_labels=3)
    model = TextClassifier(settings, values)
    text = [5, 7, 9, 11]
    alone = model.logits(tf.constant([text]), tf.constant([4])).numpy()
    padded = tf.constant([[*text, 0, 0, 0], [3] * 7, [*text, 19, 18, 17]])
    together = model.logits(padded, tf.constant([4, 7, 4])).numpy()
    np.testing.assert_allclose(together[[0]], alone, atol=1e-7)
    np.testing.assert_allclose(together[[2]], alone, atol=1e-7)
    if arch == "bilstm_cls":
        for place in range(4):
            other = list(text)
            other[place] = 13
            assert (model.logits(tf.constant([other]), tf.constant([4])).numpy() != alone).any()


@pytest.mark.parametrize("arch", ARCHS)
def test_the_order_of_words_is_learnt_and_the_best_epoch_is_kept(tmp_path: Path, arch: str) -> None:
    settings = config(tmp_path, examples(1, 800), arch=arch, epochs=12, valid_fraction=0.25)
    found = train_classifier(settings)
    assert found["accuracy"] > 0.95 and set(found["labels"]) == {"0", "1"}
    out = tmp_path / "out"
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert len(lines) == 12
    assert max(line["valid_accuracy"] for line in lines) == found["accuracy"]
    rows = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    assert sum(row["label"] == row["predicted"] for row in rows) / len(rows) == found["accuracy"]
    predicted = Predictor(str(out)).predict([row["text"] for row in rows])
    assert [label for label, _ in predicted] == [row["predicted"] for row in rows]
    assert [p for _, p in predicted] == pytest.approx(
        [row["probability"] for row in rows], abs=1e-6
    )  # six digits are written


def test_the_same_texts_give_the_same_model(tmp_path: Path) -> None:
    settings = config(tmp_path, examples(2, 120), epochs=2)
    train_classifier(settings)
    first = (tmp_path / "out" / "model.safetensors").read_bytes()
    train_classifier(settings)
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == first
    train_classifier(structs.replace(settings, seed=2))
    assert (tmp_path / "out" / "model.safetensors").read_bytes() != first


def test_chinese_is_segmented_and_a_text_without_tokens_gets_a_prediction(tmp_path: Path) -> None:
    rows: list[tuple[str, object]] = [("这部电影很好看", "好"), ("这部电影不好看", "坏")] * 30
    valid = write_examples(tmp_path / "valid.jsonl.gz", [("电影很好看", "好"), ("", "坏")])
    settings = structs.replace(config(tmp_path, rows, epochs=6), valid=(valid,))
    found = train_classifier(settings)
    assert found["labels"]["好"]["recall"] == 1.0
    assert len((tmp_path / "out" / "predictions.jsonl").read_text().splitlines()) == 2


def test_an_epoch_contains_every_example_once_in_its_own_order() -> None:
    encoded, labels = [[n] * (1 + n % 7) for n in range(1, 131)], np.arange(130)
    settings = ClassifierConfig(batch_size=20)

    def seen(epoch: int | None) -> list[int]:
        return [int(label) for b in batches(encoded, labels, settings, epoch=epoch, pad=0) for label in b.labels]

    assert seen(None) == list(range(130))
    assert sorted(seen(0)) == sorted(seen(1)) == list(range(130))
    assert seen(0) != seen(1) and seen(0) == seen(0)
    (batch, *_) = batches(encoded, labels, settings, epoch=None, pad=0)
    assert batch.tokens.shape == (20, 7) and batch.tokens[0].tolist() == [1, 1, 0, 0, 0, 0, 0]


def test_equal_texts_are_in_the_same_split(tmp_path: Path) -> None:
    rows: list[tuple[str, object]] = [(f"text {n % 100}", n % 2) for n in range(400)]
    train, valid = read_labelled_texts(config(tmp_path, rows, valid_fraction=0.3))
    assert len(train.texts) + len(valid.texts) == 400
    assert not set(train.texts) & set(valid.texts) and len(valid.texts) > 40


def test_the_only_texts_of_a_label_are_not_held_out(tmp_path: Path) -> None:
    rows: list[tuple[str, object]] = [(f"text {n}", n % 2) for n in range(100)]
    rows += [(f"rare text {n}", f"rare {n}") for n in range(20)]
    for seed in range(1, 6):
        train, valid = read_labelled_texts(config(tmp_path, rows, valid_fraction=0.3, seed=seed))
        assert len(train.texts) + len(valid.texts) == 120
        assert set(valid.labels) == {"0", "1"}
        assert len(train.labels) > len(valid.labels) > 15


def test_labels_that_neither_occur_nor_are_predicted_do_not_count_in_macro_f1() -> None:
    found = report(["a", "b", "c"], np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]))
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2, rel=1e-15)
    assert report(["a", "b"], np.array([0, 0]), np.array([0, 1]))["macro_f1"] == pytest.approx(1 / 3, rel=1e-15)


def test_a_report_equals_values_computed_by_hand() -> None:
    found = report(["a", "b"], np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]))
    assert found["accuracy"] == 0.75
    a, b = found["labels"]["a"], found["labels"]["b"]
    assert (a["precision"], a["recall"], a["f1"], a["taken_for"]) == (1.0, 2 / 3, 0.8, {"b": 1})
    assert (b["precision"], b["recall"], b["f1"], b["taken_for"]) == (0.5, 1.0, 2 / 3, {})
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2, rel=1e-15)


def test_invalid_input_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"classifier\.train is empty"):
        read_labelled_texts(ClassifierConfig())
    with pytest.raises(FormatError, match=r"object 2: the field 'label' contains 0\.5, but a text or a whole number"):
        read_labelled_texts(config(tmp_path, [("a", 1), ("b", 0.5)]))
    with pytest.raises(InputError, match="All 9 training texts have the label 'x'"):
        rows: list[tuple[str, object]] = [(f"text {n}", "x") for n in range(9)]
        valid = write_examples(tmp_path / "valid.jsonl", [("a", "x")])
        read_labelled_texts(structs.replace(config(tmp_path, rows), valid=(valid,)))
    with pytest.raises(InputError, match="Validation texts have labels that do not occur in training: z"):
        valid = write_examples(tmp_path / "valid.jsonl", [("a", "z")])
        read_labelled_texts(structs.replace(config(tmp_path, [("a", "x"), ("b", "y")]), valid=(valid,)))
    with pytest.raises(InputError, match=r"2 training texts and 0 validation texts are too few"):
        read_labelled_texts(config(tmp_path, [("a", "x"), ("b", "y")], valid_fraction=0.0))
    with pytest.raises(
        InputError, match=r"contains no config\.json\. Use the output directory of `sluice train-classifier`"
    ):
        Predictor(str(tmp_path))


def test_the_job_trains_and_prints_the_accuracy(tmp_path: Path) -> None:
    path = write_examples(tmp_path / "in.jsonl", examples(3, 200))
    values = [f"classifier.train=[{path}]", f"classifier.out={tmp_path / 'out'}", "classifier.epochs=1"]
    done = run_job("train_classifier", values)
    assert done.returncode == 0, done.stderr
    assert "accuracy 0." in done.stdout and "epoch 1 of 1" in done.stderr
