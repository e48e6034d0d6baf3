"""Exported models give the same numbers in TensorFlow, NumPy and torch."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from safetensors.numpy import load_file

from sluice.core.config.train import ModelConfig
from sluice.core.errors import ConfigError, InputError
from sluice.text.quality import language_model
from sluice.text.quality.language_model import Scorer
from sluice.train.export import export_run, torch_names
from sluice.train.loop import train_and_evaluate
from sluice.train.model.cells import lstm_reference
from sluice.train.run_directory import restore
from tests.helpers.tiny_runs import WORDS, random_documents, run_job, settings, train_config, write_dataset


@pytest.fixture(params=["lstm", "gru", "rnn", "gcnn", "awd_lstm"])
def run(request: pytest.FixtureRequest, tiny_dataset: str, tmp_path: Path) -> Path:
    more = [f"train.model.arch={request.param}", "train.model.layers=2", "train.run.steps=12"]
    more += (
        ["train.model.embedding_dim=16", "train.model.tie_embeddings=true"]
        if request.param != "gcnn"
        else ["train.model.projection_dim=10"]
    )
    assert train_and_evaluate(train_config(tiny_dataset, tmp_path / "run", *more)).exit_code == 0
    return tmp_path / "run"


def expected_nll(run: Path, text: list[int]) -> float:
    """Loss of the trained model itself, for tokens after an <eos>."""
    restored = restore(train_config("", run))
    tokens = tf.constant([[2, *text]])
    output = restored.model.forward(tokens[:, :-1], restored.model.zero_state(1))
    logits = restored.model.logits(output.hidden)
    return float(tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(tokens[0, 1:], logits)))


def test_the_saved_model_the_numpy_model_and_the_run_agree(run: Path) -> None:
    out = export_run(train_config("", run))
    text = random_documents(9, 1, 150)[0]  # longer than a chunk of the scorer
    expected = expected_nll(run, [*text, 2])
    loaded = tf.saved_model.load(str(out / "saved_model"))
    found = loaded.signatures["nll"](tokens=tf.constant([[2, *text, 2]]))["nll"]
    assert float(found[0]) == pytest.approx(expected, rel=2e-6)
    words = " ".join(f"w{token - 4:02d}" for token in text)
    (score, empty) = Scorer(str(out)).scores([words, ""])
    assert score.nll == pytest.approx(expected, rel=2e-6)
    assert (score.tokens, score.utf8_bytes, score.is_cut) == (151, 3 * 150, False)  # bytes of the words
    assert score.bits_per_byte == pytest.approx(expected / np.log(2) / 450, rel=2e-6)
    (cut,) = Scorer(str(out)).scores([words], max_tokens=150)
    assert cut.nll == pytest.approx(expected_nll(run, text), rel=2e-6)
    assert (cut.tokens, cut.is_cut) == (150, True)
    assert (empty.tokens, empty.bits_per_byte) == (1, None)


def test_single_steps_with_carried_state_equal_one_call(run: Path) -> None:
    out = export_run(train_config("", run))
    step = tf.saved_model.load(str(out / "saved_model")).signatures["step"]
    tokens = tf.constant(np.random.default_rng(1).integers(4, 4 + WORDS, (2, 7)), tf.int32)
    restored = restore(train_config("", run))
    state = {f"state_{n}": part for n, part in enumerate(restored.model.zero_state(2))}
    logits = []
    for t in range(7):
        done = step(tokens=tokens[:, t : t + 1], **state)
        logits.append(done.pop("logits")[:, 0])
        state = done
    whole = restored.model.forward(tokens, restored.model.zero_state(2))
    expected = tf.reshape(restored.model.logits(whole.hidden), [7, 2, -1])
    np.testing.assert_allclose(tf.stack(logits).numpy(), expected.numpy(), atol=1e-5)


def test_torch_parameters_follow_the_equations_of_nn_lstm() -> None:
    random = np.random.default_rng(2)
    config = ModelConfig(layers=1, hidden=3, embedding_dim=4)
    kernel, recurrent, bias = (random.normal(size=shape) for shape in [(4, 12), (3, 12), (12,)])
    values = {"embed.weight": random.normal(size=(9, 4)), "softmax.kernel": random.normal(size=(3, 9))}
    values |= {"lstm.0.kernel": kernel, "lstm.0.recurrent_kernel": recurrent, "lstm.0.bias": bias}
    named = torch_names(config, values | {"softmax.bias": np.zeros(9)})
    assert named["lstm.weight_ih_l0"].shape == (12, 4) and named["head.weight"].shape == (9, 3)
    # torch: gates = W_ih x + b_ih + W_hh h + b_hh, rows in the order i, f, g, o
    x, h, c = random.normal(size=(1, 4)), random.normal(size=(1, 3)), random.normal(size=(1, 3))
    gates = x @ named["lstm.weight_ih_l0"].T + named["lstm.bias_ih_l0"] + named["lstm.bias_hh_l0"]
    gates += h @ named["lstm.weight_hh_l0"].T
    i, f, g, o = np.split(gates, 4, axis=1)
    new_c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    expected = np.tanh(new_c) / (1 + np.exp(-o))
    np.testing.assert_allclose(lstm_reference(x[None], h, c, kernel, recurrent, bias)[1], expected, atol=1e-12)


def test_numpy_and_reference_lstm_agree() -> None:
    random = np.random.default_rng(3)
    x, h, c, W, U, b = (random.normal(size=s) for s in [(6, 2, 4), (2, 3), (2, 3), (4, 12), (3, 12), (12,)])
    expected, *_ = lstm_reference(x, h, c, W, U, b)
    found, _ = language_model.lstm(x, (h, c), {"kernel": W, "recurrent_kernel": U, "bias": b})
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_job_writes_all_files_and_a_model_card_with_results(tiny_dataset: str, tmp_path: Path) -> None:
    values = settings(tiny_dataset, tmp_path / "run", "train.run.steps=5")
    assert train_and_evaluate(train_config(tiny_dataset, tmp_path / "run", "train.run.steps=5")).exit_code == 0
    done = run_job("export", values)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "run" / "export"
    names = {"config.json", "model.safetensors", "torch.safetensors", "tokenizer.json", "token_bytes.npy"}
    assert {path.name for path in out.iterdir()} == names | {"README.md", "saved_model"}
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert json.loads((out / "config.json").read_text())["splits"] == summary["splits"]
    assert f"ppl {summary['splits']['test']['ppl']:.2f}" in (out / "README.md").read_text()
    weights = load_file(out / "model.safetensors")
    assert load_file(out / "torch.safetensors")["embed.weight"].tobytes() == weights["embed.weight"].tobytes()
    before = (out / "model.safetensors").read_bytes()
    export_run(train_config("", tmp_path / "run"))
    assert (out / "model.safetensors").read_bytes() == before


def test_a_directory_without_an_export_is_neither_replaced_nor_read(tiny_dataset: str, tmp_path: Path) -> None:
    more = ["train.run.steps=2", f"train.export.out={tmp_path}"]
    config = train_config(tiny_dataset, tmp_path / "run", *more)
    with pytest.raises(InputError, match="contains no checkpoint"):
        export_run(config)
    assert train_and_evaluate(config).exit_code == 0
    with pytest.raises(ConfigError, match="contains files that are not an export"):
        export_run(config)
    with pytest.raises(InputError, match=r"contains no config\.json\. Use the directory written by `sluice export`"):
        Scorer(str(tmp_path))


def test_a_model_with_a_byte_level_tokenizer_scores_any_text(tmp_path: Path) -> None:
    """Any text has a score, and its bytes are those of the text."""
    from tests.helpers.tiny_runs import bpe_tokenizer

    documents = [[4 + byte for byte in b"the cat sat on the mat"] for _ in range(30)]
    splits = {"train": [documents], "valid": [documents[:3]], "test": [documents[:3]]}
    dataset = write_dataset(tmp_path / "data", splits, seq_len=8, vocab_size=280, tokenizer=bpe_tokenizer())
    assert train_and_evaluate(train_config(dataset, tmp_path / "run", "train.run.steps=3")).exit_code == 0
    (score,) = Scorer(str(export_run(train_config("", tmp_path / "run")))).scores(["中文"])
    assert (score.tokens, score.utf8_bytes) == (7, 6)
