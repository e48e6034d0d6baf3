"""The LSTM of an ablation: trained on a draw, scored per document, and continued after an interruption."""

import random

import numpy as np
import pytest

from sluice.ablation.models import Cell, Interrupted, lstm, models, ngram
from sluice.core.config.ablate import AblateConfig, AblateLstmConfig, AblateNgramConfig
from sluice.core.errors import EXIT_PREEMPTED
from sluice.data.dataset.tokenizer import Tokenizer
from sluice.train import loop
from sluice.train.loop import TrainingResult
from tests.helpers.tiny_runs import bpe_tokenizer

SMALL = AblateLstmConfig(hidden=16, embedding_dim=8, steps=160, batch_size=4, bptt_steps=8, lr=0.02)
TEXT = "the cat sat on the mat"


@pytest.fixture
def cell(tmp_path):
    """A draw of words in random order, and two held-out documents: the same words, and other letters."""
    (tmp_path / "tokenizer.json").write_bytes(bpe_tokenizer())
    tokenizer = Tokenizer.load(str(tmp_path / "tokenizer.json"))
    pick = random.Random(1)
    texts = [" ".join(pick.sample(TEXT.split(), pick.randint(2, 6))) for _ in range(200)]
    documents = [np.array(tokenizer.encode(text), np.int32) for text in texts]
    held_out = {"mixed": [np.array(tokenizer.encode(text), np.int32) for text in (TEXT, "xyz zyx xzy")]}
    return Cell(documents, held_out, 1, tokenizer, str(tmp_path / "work"))


def test_an_interrupted_training_continues_with_the_same_result(cell, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_and_evaluate", lambda config: TrainingResult(EXIT_PREEMPTED))
        with pytest.raises(Interrupted) as e:
            lstm(cell, SMALL)
    assert e.value.exit_code == EXIT_PREEMPTED
    assert (tmp_path / "work" / "data" / "manifest.json").exists()
    first = lstm(cell, SMALL)["mixed"]
    assert not (tmp_path / "work").exists()
    again = lstm(cell, SMALL)["mixed"]
    assert first.tolist() == again.tolist()
    known, unknown = first / [len(TEXT), len("xyz zyx xzy")]
    assert known < 1 < 2 < unknown


def test_the_n_gram_model_knows_the_training_text(cell):
    known, unknown = ngram(cell, 3)["mixed"] / [len(TEXT), len("xyz zyx xzy")]
    assert known < 1 < 2 < unknown


def test_models_can_be_switched_off():
    both = models(AblateConfig(seed=5, ngram=AblateNgramConfig(order=4, seeds=2), lstm=AblateLstmConfig(seeds=1)))
    assert {name: (kind.words, list(kind.seeds)) for name, kind in both.items()} == {
        "ngram": ("4-gram model", [5, 6]),
        "lstm": ("LSTM", [5]),
    }
    assert not models(AblateConfig(ngram=AblateNgramConfig(order=None), lstm=AblateLstmConfig(enabled=False)))
