"""Evaluation and samples against token-by-token computation in float64."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest

from sluice.core.config.train import SampleConfig, TrainConfig
from sluice.core.errors import InputError
from sluice.data.dataset.tokenizer import Tokenizer
from sluice.train.evaluation.baseline import BaselineResult
from sluice.train.evaluation.evaluate import Evaluation, Evaluator, evaluate_run, table
from sluice.train.evaluation.ngram import NGram
from sluice.train.evaluation.sample import draw, generate_run
from sluice.train.input import open_dataset
from sluice.train.loop import train_and_evaluate
from sluice.train.model.cells import lstm_reference
from sluice.train.model.language_model import TrainableLanguageModel
from sluice.train.reporter import log_baseline
from tests.helpers.tiny_runs import IDS, WORDS, bpe_tokenizer, random_documents, train_config, write_dataset


def brute_force(weights: dict[str, np.ndarray], stream: list[int], layers: int) -> float:
    """Sum of the negative log-likelihoods of stream[1:], one token at a time from a zero state."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    hidden = w["lstm.0.recurrent_kernel"].shape[0]
    states = [(np.zeros((1, hidden)), np.zeros((1, hidden)))] * layers
    nll = 0.0
    for token, target in itertools.pairwise(stream):
        x = w["embed.weight"][[token]]
        for layer in range(layers):
            parts = [w[f"lstm.{layer}.{part}"] for part in ("kernel", "recurrent_kernel", "bias")]
            _, h, c = lstm_reference(x[None], *states[layer], *parts)
            states[layer], x = (h, c), h
        scores = (x @ w["softmax.kernel"] + w["softmax.bias"])[0]
        nll += np.log(np.exp(scores - scores.max()).sum()) + scores.max() - scores[target]
    return float(nll)


def stream_of(documents: list[list[int]]) -> list[int]:
    return [token for document in documents for token in (*document, IDS.eos)]


def model_with_large_weights(
    config: TrainConfig, vocab_size: int
) -> tuple[TrainableLanguageModel, dict[str, np.ndarray]]:
    model = TrainableLanguageModel(config.model, vocab_size, seed=5)
    weights = {name: 10 * variable.numpy() for name, variable in model.variables.items()}
    model.assign(weights)
    return model, weights


@pytest.mark.parametrize("layers", [1, 2])
def test_every_target_is_scored_once_with_the_state_carried(tiny_dataset: str, tmp_path: Path, layers: int) -> None:
    config = train_config(tiny_dataset, tmp_path, f"train.model.layers={layers}")
    model, weights = model_with_large_weights(config, 44)
    stream = stream_of(random_documents(4, 5, 33))  # 170 tokens: ten records of 16 and a padded tail

    result = Evaluator(model, open_dataset(config.data), batch_size=1).evaluate("valid")

    assert result.tokens == len(stream) - 1 == 169
    assert result.nll == pytest.approx(brute_force(weights, stream, layers), rel=1e-6)
    assert result.ppl == pytest.approx(math.exp(result.nll / 169))


def test_further_rows_start_from_zero_and_every_target_is_scored(tiny_dataset: str, tmp_path: Path) -> None:
    config = train_config(tiny_dataset, tmp_path)
    model, weights = model_with_large_weights(config, 44)
    stream = stream_of(random_documents(4, 5, 33))
    # 11 records over 3 rows: 0-2, 3-6, 7-10, each with the token after its last record as last target
    rows = [stream[0 : 3 * 16 + 1], stream[3 * 16 : 7 * 16 + 1], stream[7 * 16 :]]

    result = Evaluator(model, open_dataset(config.data), batch_size=3).evaluate("valid")

    assert result.tokens == 169
    assert result.nll == pytest.approx(sum(brute_force(weights, row, 1) for row in rows), rel=1e-6)


def test_bits_per_byte_is_not_reported_with_unk_in_the_vocabulary(tiny_dataset: str, tmp_path: Path) -> None:
    config = train_config(tiny_dataset, tmp_path)
    model, _ = model_with_large_weights(config, 44)
    result = Evaluator(model, open_dataset(config.data), batch_size=1).evaluate("test")
    assert result.bits_per_byte is None
    assert "tokenizer is not lossless" in str(result)


SENTENCE = "the cat sat on the mat, the hat was flat. "


def bpe_dataset(directory: Path, *valid_texts: str) -> str:
    data = bpe_tokenizer()
    (directory / "tokenizer.json").write_bytes(data)
    tokenizer = Tokenizer.load(str(directory / "tokenizer.json"))
    train = [tokenizer.encode(SENTENCE) for _ in range(60)]
    valid = [tokenizer.encode(text) for text in valid_texts]
    return write_dataset(
        directory / "bpe", {"train": [train], "valid": [valid]}, seq_len=8, vocab_size=280, tokenizer=data
    )


def test_bits_per_byte_divides_by_the_utf8_bytes_of_the_scored_tokens(tmp_path: Path) -> None:
    texts = ("the cat sät", "on 垫子")
    config = train_config(bpe_dataset(tmp_path, *texts), tmp_path, "train.data.test_split=null")
    model, _ = model_with_large_weights(config, 280)
    dataset = open_dataset(config.data)

    result = Evaluator(model, dataset, batch_size=1).evaluate("valid")

    assert dataset.token_bytes()[IDS.eos] == 0
    first_token = Tokenizer.load(dataset.tokenizer_path).encode(texts[0])[0]  # read, not scored
    assert result.utf8_bytes == sum(len(text.encode()) for text in texts) - dataset.token_bytes()[first_token]
    assert result.bits_per_byte == pytest.approx(result.nll / math.log(2) / result.utf8_bytes)


def test_a_run_is_evaluated_and_sampled_from_its_directory(tmp_path: Path) -> None:
    out = tmp_path / "run"
    prompts = 'train.run.prompts=["the cat", "the hat"]'
    config = train_config(
        bpe_dataset(tmp_path, SENTENCE), out, "train.data.test_split=null", "train.run.steps=215",
        "train.run.eval_every=70", "train.optim.lr=0.03", "train.model.init.scale=0.3", prompts,
    )  # fmt: skip
    trained = train_and_evaluate(config)
    assert trained.exit_code == 0

    results = evaluate_run(train_config("", out, f"train.data.domains={{mats: {config.data.manifest}}}"))

    valid = results["valid"]
    assert results["mats"].split == "valid" and results["mats"].nll == pytest.approx(valid.nll, rel=1e-12)
    assert table(results).splitlines()[1].split() == ["valid", *table({"": valid}).split()[-3:]]
    assert valid.nll == pytest.approx(trained.summary["splits"]["valid"]["nll"], rel=1e-12)
    assert json.loads((out / "evaluation.json").read_bytes())["splits"]["valid"]["ppl"] == pytest.approx(valid.ppl)
    headings = [line for line in (out / "samples.txt").read_text().splitlines() if line.startswith("==")]
    assert headings == ["== step 70", "== step 140", "== step 210", "== step 215"]

    texts = generate_run(train_config("", out, prompts))
    assert texts == generate_run(train_config("", out, prompts))
    hot = (prompts, "train.run.sample.temperature=3")
    assert generate_run(train_config("", out, *hot)) != generate_run(train_config("", out, *hot, "train.run.seed=2"))
    assert [text[:7] for text in texts] == ["the cat", "the hat"]
    likeliest = generate_run(train_config("", out, prompts, "train.run.sample.top_k=1"))
    assert likeliest[0].startswith("the cat sat on the mat"), likeliest


def test_a_run_of_another_version_is_an_error(tiny_dataset: str, tmp_path: Path) -> None:
    config = train_config(tiny_dataset, tmp_path, "train.run.steps=1")
    train_and_evaluate(config)
    path = tmp_path / "config.resolved.yaml"
    path.write_text(path.read_text().replace("chunk_words", "chunk_tokens"))
    with pytest.raises(
        InputError, match=r"resolved\.yaml does not match this version of sluice: .*unknown field `chunk_tokens`"
    ):
        evaluate_run(config)


def test_draw_applies_temperature_and_top_k() -> None:
    logits = np.log(np.array([0.1, 0.2, 0.3, 0.4]))

    def shares(**values: object) -> np.ndarray:
        random = np.random.default_rng(0)
        drawn = [draw(logits, SampleConfig(**values), random) for _ in range(4000)]  # type: ignore[arg-type]
        return np.bincount(drawn, minlength=4) / 4000

    np.testing.assert_allclose(shares(temperature=1.0, top_k=None), [0.1, 0.2, 0.3, 0.4], atol=0.03)
    np.testing.assert_allclose(shares(temperature=1.0, top_k=2), [0, 0, 3 / 7, 4 / 7], atol=0.03)
    squares = np.array([1, 4, 9, 16]) / 30
    np.testing.assert_allclose(shares(temperature=0.5, top_k=None), squares, atol=0.03)
    assert shares(temperature=1.0, top_k=1)[3] == 1.0


def test_a_domain_with_another_tokenizer_is_an_error(tiny_dataset: str, tmp_path: Path) -> None:
    assert train_and_evaluate(train_config(tiny_dataset, tmp_path / "run", "train.run.steps=1")).exit_code == 0
    other = bpe_dataset(tmp_path, SENTENCE)
    with pytest.raises(InputError, match=r"The domain news .* has a tokenizer with sha256 .* --tokenizer"):
        evaluate_run(train_config("", tmp_path / "run", f"train.data.domains={{news: {other}}}"))


def test_the_baseline_scores_the_same_targets_and_is_in_the_summary(tmp_path: Path) -> None:
    """Two shards with a padded tail: every token except the first of each shard is scored."""
    documents = [random_documents(1, 20, 50), random_documents(2, 10, 50)]
    splits = {"train": documents, "valid": [random_documents(4, 3, 21), random_documents(5, 2, 9)]}
    dataset = write_dataset(tmp_path / "data", splits, seq_len=16)
    more = ["train.data.test_split=null", "train.run.steps=2", "train.baseline.order=2"]
    summary = train_and_evaluate(train_config(dataset, tmp_path / "run", *more)).summary
    streams = [np.concatenate([[*d, IDS.eos] for d in shard]) for shard in splits["valid"]]
    trained = [np.concatenate([[*d, IDS.eos] for d in shard]) for shard in documents]
    # the incomplete last record of a training shard is not used
    trained = [stream[: (len(stream) - 1) // 16 * 16 + 1] for stream in trained]
    model = NGram(trained, 2, WORDS + 4)
    baseline = summary["baseline"]
    assert baseline["order"] == 2 and baseline["tokens"] == sum(map(len, trained))
    valid = baseline["splits"]["valid"]
    assert valid["tokens"] == summary["splits"]["valid"]["tokens"] == sum(len(s) - 1 for s in streams)
    expected = -sum(model.log_probabilities(stream).sum() for stream in streams)
    assert valid["nll"] == pytest.approx(expected, rel=1e-12)
    assert 0 < summary["model_flop_use"] < 1 and 0 <= summary["data_wait_share"] < 1
    assert summary["peak_memory_bytes"] > 100 << 20
    less = train_and_evaluate(train_config(dataset, tmp_path / "less", *more, "train.baseline.max_tokens=100")).summary
    assert less["baseline"]["tokens"] == 100
    none = train_and_evaluate(train_config(dataset, tmp_path / "none", *more, "train.baseline.order=null")).summary
    assert none["baseline"] is None


@pytest.mark.parametrize(("ours", "expected"), [(80.0, "20.0% fewer bits"), (114.8, "14.8% more bits")])
def test_the_comparison_with_the_baseline_is_logged(
    ours: float, expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    counted = BaselineResult(
        order=5, tokens=9, results=(Evaluation(split="test", nll=100.0, tokens=10, utf8_bytes=None),)
    )
    with caplog.at_level("INFO", logger="sluice.train"):
        log_baseline(counted, [Evaluation(split="test", nll=ours, tokens=10, utf8_bytes=None)])
    assert caplog.messages[0].endswith(f"the model needs {expected}")
