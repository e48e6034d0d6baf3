"""Our reader and kernel agree with the fasttext package, on models of every kind that is trained in a second."""

import functools
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.errors import InputError
from sluice.text.language.fasttext_model import FastTextModel

fasttext = pytest.importorskip("fasttext", reason="the reference is not installed: pip install 'sluice[quality]'")

TEXTS = {
    "en": "the cat sat on the mat and looked at the dog that was in the garden",
    "zh": "这 是 一 只 猫 在 房子 里 看 着 一 条 狗 你好",
    "de": "der hund schläft , die katze schläft nicht ﬀ",
}
PLAIN = {"minn": 0, "maxn": 0}
PARTS = {"minn": 2, "maxn": 4, "bucket": 997}
KINDS = {
    "softmax": {"loss": "softmax", **PLAIN},
    "softmax with parts": {"loss": "softmax", **PARTS},
    "single characters": {"loss": "softmax", "minn": 1, "maxn": 2, "bucket": 100},
    "sequences of words": {"loss": "softmax", **PLAIN, "wordNgrams": 3, "bucket": 97},
    "tree of labels": {"loss": "hs", **PARTS, "wordNgrams": 2},
    "one label against all": {"loss": "ova", **PARTS},
    "negative sampling": {"loss": "ns", **PLAIN},
}
QUANTISED = {
    "all rows": {"qnorm": False},
    "norms apart": {"qnorm": True},
    "pruned": {"qnorm": True, "cutoff": 300, "retrain": False},
    "odd width": {"qnorm": False, "dsub": 4},
    "outputs too": {"qnorm": False, "qout": True},
}
TOLERANCE = 1.3e-7  # one unit of float32 at 1: the package is compiled for the machine and rounds less often


@functools.cache
def trained(kind, quantised=None):
    """The package's model and ours, from the same file."""
    with tempfile.TemporaryDirectory(prefix="fasttext-model-") as folder:
        return both(Path(folder), kind, quantised)


def both(folder, kind, quantised):
    lines = [f"__label__{label} {text}\n" for label, text in TEXTS.items()] + ["__label__no no word of it\n"]
    if quantised:  # needs at least 256 rows
        lines += [f"__label__{i} word{i} {' '.join(TEXTS.values())}\n" for i in range(300)]
    # the tree of labels depends on their frequencies
    (folder / "train.txt").write_text("".join(lines[:3] * 30 + lines[2:] * 5), encoding="utf-8")
    # 0.9.3 initializes a tenth of its matrix per thread, rounded down; the rest is uninitialized and can be NaN
    model = fasttext.train_supervised(
        str(folder / "train.txt"), epoch=30, lr=0.2, dim=10, thread=10, verbose=0, **KINDS[kind]
    )
    name = "model.bin"
    if quantised:
        model.quantize(**QUANTISED[quantised])
        name = "model.ftz"
    model.save_model(str(folder / name))
    return fasttext.load_model(str(folder / name)), FastTextModel(str(folder / name))


ODD_WORDS = [
    "</s>",
    "__label__zh",
    "__label__",
    "__label__other",
    "\u3000",
    "\t",
    "\x00",
    "\r",
    "é",
    "𠀀",
    "ﬀ",
    "unseen",
]
LINES = st.one_of(
    st.lists(st.sampled_from([*" ".join(TEXTS.values()).split(), *ODD_WORDS]), max_size=30).map(" ".join),
    st.text(st.characters(exclude_characters="\n", exclude_categories=("Cs",)), max_size=60),
)


def assert_same(package, ours, line):
    found = package.f.predict(line + "\n", 1, 0.0, "strict")
    answer = ours.predict(line.encode())
    if not found:
        assert answer is None
        return
    ((score, label),) = found
    assert answer[1] == pytest.approx(score, abs=TOLERANCE)
    if answer[0] != label:  # equally probable
        scores = {name: value for value, name in package.f.predict(line + "\n", -1, 0.0, "strict")}
        assert scores[answer[0]] == pytest.approx(score, abs=TOLERANCE)


@pytest.mark.parametrize("kind", KINDS)
@settings(derandomize=True, max_examples=150, deadline=None)
@given(line=LINES)
def test_label_and_score_equal_those_of_the_package(kind, line):
    assert_same(*trained(kind), line)


@pytest.mark.parametrize("quantised", [name for name in QUANTISED if name != "odd width"])
@pytest.mark.parametrize("kind", ["softmax with parts", "tree of labels"])
@settings(derandomize=True, max_examples=60, deadline=None)
@given(line=LINES)
def test_label_and_score_of_a_quantised_model_equal_those_of_the_package(kind, quantised, line):
    assert_same(*trained(kind, quantised), line)


@pytest.mark.parametrize("kind", KINDS)
@settings(derandomize=True, max_examples=60, deadline=None)
@given(line=LINES)
def test_probabilities_of_all_labels_equal_those_of_the_package(kind, line):
    package, ours = trained(kind)
    found = {name: score for score, name in package.f.predict(line + "\n", -1, 0.0, "strict")}
    assert ours.probabilities(line.encode()) == pytest.approx(found, abs=1e-4)  # the package adds 1e-5 per node


@settings(derandomize=True, max_examples=60, deadline=None)
@given(line=LINES)
def test_the_last_quantised_part_may_be_narrower(line):
    assert_same(*trained("softmax with parts", "odd width"), line)  # ten dimensions in parts of four


@pytest.mark.parametrize("kind", ["softmax with parts", "one label against all"])
@settings(derandomize=True, max_examples=60, deadline=None)
@given(line=LINES)
def test_the_probability_of_each_label_equals_that_of_the_package(kind, line):
    package, ours = trained(kind)
    for score, label in package.f.predict(line + "\n", -1, 0.0, "strict"):
        assert ours.probability(line.encode(), label) == pytest.approx(score, abs=TOLERANCE)


@pytest.mark.parametrize("kind", ["softmax with parts", "one label against all", "tree of labels"])
def test_the_choice_among_equally_probable_labels_equals_that_of_the_package(kind, tmp_path):
    package = trained(kind)[0]
    outputs = package.get_output_matrix()
    package.set_matrices(package.get_input_matrix(), np.zeros_like(outputs))
    try:
        package.save_model(str(tmp_path / "even.bin"))
    finally:
        package.set_matrices(package.get_input_matrix(), outputs)
    package, ours = fasttext.load_model(str(tmp_path / "even.bin")), FastTextModel(str(tmp_path / "even.bin"))
    ((score, label),) = package.f.predict("the cat\n", 1, 0.0, "strict")
    found = ours.predict(b"the cat")
    assert found == (label, pytest.approx(score, abs=TOLERANCE))


def test_text_after_an_end_mark_is_ignored():
    _, ours = trained("sequences of words")
    assert ours.predict(b"die katze </s> the cat sat") == ours.predict(b"die katze")


def test_a_line_without_a_known_word_has_no_label(tmp_path):
    (tmp_path / "train.txt").write_text("__label__a one\n__label__b two\n")
    # the end of the line is an ordinary word here, and too rare
    model = fasttext.train_supervised(str(tmp_path / "train.txt"), dim=10, minCount=1, verbose=0, thread=10, **PLAIN)
    model.save_model(str(tmp_path / "m.bin"))
    data = (tmp_path / "m.bin").read_bytes().replace(b"</s>\0", b"<xx>\0")
    (tmp_path / "m.bin").write_bytes(data)
    ours = FastTextModel(str(tmp_path / "m.bin"))
    assert ours.predict(b"unseen") is None
    assert ours.probability(b"unseen", "__label__a") == 0.0
    assert ours.predict(b"one") is not None


@pytest.fixture(scope="module")
def complete_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    (folder / "train.txt").write_text("".join(f"__label__{label} {text}\n" for label, text in TEXTS.items()) * 9)
    model = fasttext.train_supervised(str(folder / "train.txt"), dim=10, thread=10, verbose=0, **PARTS)
    model.save_model(str(folder / "model.bin"))
    return (folder / "model.bin").read_bytes()


@pytest.mark.parametrize("lost", [1, 4, 100, 500, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_model_that_would_crash_the_package_is_an_error(complete_model, tmp_path, lost):
    (tmp_path / "cut.bin").write_bytes(complete_model[: -lost if lost >= 1 else -int(len(complete_model) * lost)])
    with pytest.raises(InputError, match=r"cut\.bin is a fastText model that cannot be read: .*Copy the file again"):
        FastTextModel(str(tmp_path / "cut.bin"))


def test_bytes_after_the_end_of_a_model_are_an_error(complete_model, tmp_path):
    (tmp_path / "long.bin").write_bytes(complete_model + b"12345")
    with pytest.raises(InputError, match=r"long\.bin is a fastText model that cannot be read: 5 bytes follow its end"):
        FastTextModel(str(tmp_path / "long.bin"))


@pytest.mark.parametrize(("place", "name"), [(60, "words"), (64, "labels")])
def test_wrong_counts_in_a_model_are_errors(complete_model, tmp_path, place, name):
    (count,) = struct.unpack_from("<i", complete_model, 4 * 2 + 4 * 12 + 8 + place - 60 + 4)
    assert count in (3, len({*" ".join(TEXTS.values()).split()}) + 1 if name == "words" else 3)
    for wrong in (-1, count + 1, 2**31 - 1):
        at = 4 * 2 + 4 * 12 + 8 + place - 60 + 4
        (tmp_path / "odd.bin").write_bytes(complete_model[:at] + struct.pack("<i", wrong) + complete_model[at + 4 :])
        with pytest.raises(InputError, match=r"odd\.bin is a fastText model that cannot be read"):
            FastTextModel(str(tmp_path / "odd.bin"))


def test_missing_rows_of_a_pruned_model_are_an_error(tmp_path):
    package, _ = trained("softmax with parts", "pruned")
    package.save_model(str(tmp_path / "m.ftz"))
    data = (tmp_path / "m.ftz").read_bytes()
    (num_pruned,) = struct.unpack_from("<q", data, 4 * 14 + 8 + 4 * 3 + 8)
    assert 0 < num_pruned < 300
    # pairs of bucket and row follow the dictionary in arbitrary order, since they are saved from a map
    rows = list(range(num_pruned))
    place = next(
        at
        for at in range(200, len(data) - 8 * num_pruned)
        if sorted(struct.unpack_from(f"<{2 * num_pruned}i", data, at)[1::2]) == rows
    )
    (tmp_path / "m.ftz").write_bytes(data[: place + 4] + struct.pack("<i", num_pruned) + data[place + 8 :])
    with pytest.raises(
        InputError, match=r"m\.ftz is a fastText model that cannot be read: its pruned rows are damaged"
    ):
        FastTextModel(str(tmp_path / "m.ftz"))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 a zip", b"x" * 500], ids=["empty", "zip", "text"])
def test_a_file_that_is_not_a_model_is_an_error(tmp_path, data):
    (tmp_path / "other.bin").write_bytes(data)
    with pytest.raises(InputError, match=r"other\.bin is (not a fastText model|a fastText model that cannot)"):
        FastTextModel(str(tmp_path / "other.bin"))


def test_a_model_of_a_newer_version_is_an_error(complete_model, tmp_path):
    (tmp_path / "new.bin").write_bytes(complete_model[:4] + b"\x0d" + complete_model[5:])
    with pytest.raises(InputError, match=r"new\.bin is a fastText file of version 13 with a supervised model"):
        FastTextModel(str(tmp_path / "new.bin"))


def test_a_model_of_word_vectors_is_an_error(tmp_path):
    (tmp_path / "train.txt").write_text("one two three four five six seven\n" * 20)
    model = fasttext.train_unsupervised(str(tmp_path / "train.txt"), minCount=1, dim=10, epoch=1, thread=10, verbose=0)
    model.save_model(str(tmp_path / "vectors.bin"))
    with pytest.raises(InputError, match=r"version 12 with a skipgram model.*a supervised model"):
        FastTextModel(str(tmp_path / "vectors.bin"))
