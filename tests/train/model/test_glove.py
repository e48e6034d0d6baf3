"""Word vectors from valid and invalid files."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from sluice.core.errors import ConfigError, FormatError
from sluice.train import checkpoint as ckpt
from sluice.train.loop import train_and_evaluate
from sluice.train.model.glove import read_glove
from tests.helpers.tiny_runs import bpe_tokenizer, train_config, write_dataset

WORDS = ["<pad>", "fish", "new york", "bird", "cat"]


def glove(tmp_path: Path, text: str) -> str:
    path = tmp_path / "glove.txt"
    path.write_text(text)
    return str(path)


def test_words_get_their_vectors_and_missing_words_are_marked(tmp_path: Path) -> None:
    vectors = read_glove(glove(tmp_path, "bird 1 2\nwhale 3 4\nfish -0.5 1e-3\nbird 9 9\nnew york 5 6\n"), WORDS, 2)
    assert vectors.is_found.tolist() == [False, True, True, True, False]
    np.testing.assert_allclose(vectors.values[1:4], [[-0.5, 0.001], [5, 6], [1, 2]])
    assert vectors.coverage == 0.6


def test_gzip_and_the_header_of_word2vec_are_read(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt.gz"
    path.write_bytes(gzip.compress(b"2 3\nbird 1 2 3\nfish 4 5 6\n"))
    assert read_glove(str(path), WORDS, 3).is_found.sum() == 2


@pytest.mark.parametrize("line", ["bird 1 2 3 4", "bird 1 2"])
def test_another_width_is_an_error_with_both_widths(tmp_path: Path, line: str) -> None:
    found = len(line.split()) - 1
    with pytest.raises(
        ConfigError, match=rf"line 2: the vector has {found} numbers, but train\.model\.embedding_dim is 3"
    ):
        read_glove(glove(tmp_path, f"fish 1 2 3\n{line}\n"), WORDS, 3)


def test_a_field_that_is_not_a_number_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"line 2: could not convert string to float: 'x'"):
        read_glove(glove(tmp_path, "fish 1 2\nbird 3 x\n"), WORDS, 2)


def test_vectors_are_fixed_or_trained(tiny_dataset: str, tmp_path: Path) -> None:
    path = glove(tmp_path, "w00 1 2 3\nw01 4 5 6\n")

    def embedding(*more: str) -> np.ndarray:
        out = tmp_path / str(len(more))
        values = ["train.model.embedding_dim=3", f"train.model.glove={{path: {path}, scale: 0.1}}", "train.run.steps=5"]
        assert train_and_evaluate(train_config(tiny_dataset, out, *values, *more)).exit_code == 0
        checkpoint = ckpt.load(out / "checkpoints", "LATEST")
        assert checkpoint
        return checkpoint.arrays["model/embed.weight"]

    fixed = embedding("train.model.glove.trainable=false", "train.optim.ema=0.9")
    np.testing.assert_allclose(fixed[4:6], [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], rtol=1e-6)
    learnt = embedding()
    assert (np.abs(learnt[4:6] - fixed[4:6]) > 1e-4).all()


def test_a_subword_tokenizer_is_an_error(tmp_path: Path) -> None:
    documents = [[4 + byte for byte in b"the cat sat"] for _ in range(30)]
    splits = {"train": [documents], "valid": [documents[:3]], "test": [documents[:3]]}
    dataset = write_dataset(tmp_path / "data", splits, seq_len=8, vocab_size=280, tokenizer=bpe_tokenizer())
    config = train_config(dataset, tmp_path / "run", f"train.model.glove.path={glove(tmp_path, 'cat 1')}")
    with pytest.raises(
        ConfigError, match=r"the tokenizer of the dataset is of kind bpe: its tokens are parts of words"
    ):
        train_and_evaluate(config)
