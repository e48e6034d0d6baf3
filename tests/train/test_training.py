"""The training function on tiny data: learning, runs and checkpoints."""

import json
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sluice.core.errors import ConfigError, FormatError, StageError
from sluice.data import storage
from sluice.train import checkpoint as ckpt
from sluice.train.evaluation.evaluate import evaluate_run
from sluice.train.loop import train_and_evaluate
from sluice.train.model.parameters import parameter_shapes
from sluice.train.run_directory import restore
from tests.helpers.tiny_runs import run_job, settings, train_config, write_dataset


def metrics(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def test_only_a_carried_state_learns_a_dependency_across_blocks(tmp_path: Path) -> None:
    """k a b k c d with a random k of 4: at T = 4, half of the second k are in the step after the first."""
    random = np.random.default_rng(0)
    stream = [token for k in random.integers(4, size=3000) for token in (10 + k, 4, 5, 10 + k, 6, 7)]
    dataset = write_dataset(tmp_path / "data", {"train": [[stream]]}, seq_len=12)

    def final_loss(*more: str) -> float:
        out = tmp_path / "-".join(("run", *more)).replace("=", "-")
        config = train_config(
            dataset, out, "train.data.valid_split=null", "train.data.test_split=null", "train.data.batch_size=20",
            "train.data.bptt_steps=4", "train.run.epochs=12", "train.optim.lr=0.02", "train.log.log_every=100",
            "train.model.hidden=32", "train.model.embedding_dim=16", "train.model.init.scale=0.2", *more,
        )  # fmt: skip
        train_and_evaluate(config)
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        return [line["loss"] for line in lines if line["kind"] == "train"][-2]

    first_k_only = math.log(4) / 6
    assert final_loss() < 1.12 * first_k_only
    assert final_loss("train.data.carry_state=false") > 1.4 * first_k_only


@pytest.mark.parametrize(("length_of_first", "same_as"), [(4, "false"), (3, "true")])
def test_a_step_that_begins_with_a_document_starts_from_zero(
    tmp_path: Path, length_of_first: int, same_as: str
) -> None:
    """Every step of 4 tokens begins with an `<eos>`, or none does."""
    lengths = [length_of_first] + [3] * 200
    random = np.random.default_rng(3)
    documents = [random.integers(4, 44, length).tolist() for length in lengths]
    dataset = write_dataset(tmp_path / "data", {"train": [documents]}, seq_len=12)

    def losses(*more: str) -> list[float]:
        out = tmp_path / "-".join(("run", *more)).replace("=", "-")
        train_and_evaluate(train_config(
            dataset, out, "train.data.valid_split=null", "train.data.test_split=null", "train.data.bptt_steps=4",
            "train.run.steps=12", "train.log.log_every=1", "train.baseline.order=null", *more,
        ))  # fmt: skip
        return [line["loss"] for line in metrics(out) if line["kind"] == "train"]

    reset = losses("train.data.doc_reset=true")
    assert reset == losses(f"train.data.carry_state={same_as}")
    assert reset != losses(f"train.data.carry_state={'true' if same_as == 'false' else 'false'}")


def test_dry_run_prints_sizes_and_writes_nothing(
    tiny_dataset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = train_and_evaluate(train_config(tiny_dataset, tmp_path / "run", "train.run.dry_run=true"))
    output = " ".join(capsys.readouterr().out.split())
    # 44·12 + (12 + 16 + 1)·64 + 16·44 + 44 parameters; 253 records in 8 rows of 31, 2 steps each
    assert "parameters 3,132" in output and "steps per epoch 62" in output
    assert "records 253; 5 not read per epoch" in output
    assert "all records read; all checksums and counts match" in output
    assert result.exit_code == 0 and not (tmp_path / "run").exists()


def test_projection_and_tied_softmax_train(tiny_dataset: str, tmp_path: Path) -> None:
    config = train_config(
        tiny_dataset, tmp_path, "train.model.projection_dim=12", "train.model.tie_embeddings=true", "train.run.steps=3"
    )
    assert "softmax.kernel" not in parameter_shapes(config.model, 44)
    assert train_and_evaluate(config).summary["parameters"] == 44 * 12 + (12 + 16 + 1) * 64 + 16 * 12 + 44


def test_another_configuration_is_an_error_with_its_keys_and_force_starts_over(
    tiny_dataset: str, tmp_path: Path
) -> None:
    assert train_and_evaluate(train_config(tiny_dataset, tmp_path, "train.run.steps=4")).exit_code == 0
    other = train_config(tiny_dataset, tmp_path, "train.run.steps=6", "train.model.hidden=20")
    with pytest.raises(ConfigError, match=r"train\.model\.hidden: 16 -> 20.*--force"):
        train_and_evaluate(other)
    assert train_and_evaluate(other, force=True).summary["step"] == 6
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line["kind"] == "end"] == [6]


@pytest.mark.parametrize("more", [["optim.name=ntasgd"], ["optim.schedule.kind=plateau"]], ids=str)
def test_evaluation_settings_are_part_of_the_identity_only_if_the_run_depends_on_them(
    tiny_dataset: str, tmp_path: Path, more: list[str]
) -> None:
    follows = [f"train.{setting}" for setting in more]
    train_and_evaluate(train_config(tiny_dataset, tmp_path / "a", *follows, "train.run.steps=2"))
    often = ("train.run.eval_every=1", "train.run.steps=3")
    with pytest.raises(ConfigError, match=r"train\.run\.eval_every: \S+ -> 1"):
        train_and_evaluate(train_config(tiny_dataset, tmp_path / "a", *follows, *often))
    train_and_evaluate(train_config(tiny_dataset, tmp_path / "b", "train.run.steps=2"))
    assert train_and_evaluate(train_config(tiny_dataset, tmp_path / "b", *often)).summary["step"] == 3


def test_a_finished_run_continues_when_its_steps_are_raised(tiny_dataset: str, tmp_path: Path) -> None:
    once = train_config(tiny_dataset, tmp_path / "a", "train.run.steps=70")
    train_and_evaluate(train_config(tiny_dataset, tmp_path / "b", "train.run.steps=65"))
    train_and_evaluate(once)
    longer = train_and_evaluate(train_config(tiny_dataset, tmp_path / "b", "train.run.steps=70"))
    assert longer.summary["tokens"] == 70 * 64
    a, b = (ckpt.load(tmp_path / name / "checkpoints", "LATEST") for name in "ab")
    assert a and b
    for name, value in a.arrays.items():
        np.testing.assert_array_equal(b.arrays[name], value)


def test_a_non_finite_loss_fails_and_keeps_the_last_good_checkpoint(tiny_dataset: str, tmp_path: Path) -> None:
    config = train_config(
        tiny_dataset, tmp_path, "train.optim.name=sgd", "train.optim.lr=1.0e+38", "train.optim.clip_norm=null",
        "train.run.checkpoint.every_steps=1",
    )  # fmt: skip
    with pytest.raises(StageError, match=r"At step 2 the loss was .*not finite\. Its checkpoint of step 2 is kept"):
        train_and_evaluate(config)
    assert ckpt.latest_step(tmp_path / "checkpoints") == 2
    assert not (tmp_path / "summary.json").exists()


def test_a_damaged_checkpoint_is_an_error(tiny_dataset: str, tmp_path: Path) -> None:
    train_and_evaluate(train_config(tiny_dataset, tmp_path, "train.run.steps=3"))
    arrays = tmp_path / "checkpoints" / "step-00000003" / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"x")
    with pytest.raises(FormatError, match=r"arrays\.npz has sha256 .* was written with"):
        train_and_evaluate(train_config(tiny_dataset, tmp_path, "train.run.steps=5"))


def test_a_checkpoint_of_another_model_is_an_error(tiny_dataset: str, tmp_path: Path) -> None:
    train_and_evaluate(train_config(tiny_dataset, tmp_path / "a", "train.run.steps=3"))
    train_and_evaluate(train_config(tiny_dataset, tmp_path / "b", "train.run.steps=3", "train.model.hidden=20"))
    shutil.rmtree(tmp_path / "a" / "checkpoints")
    shutil.copytree(tmp_path / "b" / "checkpoints", tmp_path / "a" / "checkpoints")
    with pytest.raises(ConfigError, match=r"checkpoint of step 3 below .* is from another configuration or dataset"):
        train_and_evaluate(train_config(tiny_dataset, tmp_path / "a", "train.run.steps=5"))


@pytest.mark.exhaustive
def test_a_full_disk_keeps_the_last_checkpoint_and_the_run_can_resume(tiny_dataset: str, tmp_path: Path) -> None:
    def run(steps: int, wrapper: str = "") -> subprocess.CompletedProcess[str]:
        return run_job("train", settings(tiny_dataset, tmp_path, f"train.run.steps={steps}"), wrapper=wrapper)

    assert run(10).returncode == 0
    room = (tmp_path / "checkpoints" / "step-00000010" / "arrays.npz").stat().st_size - 1000
    full = run(20, f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))")

    assert full.returncode == 4, full.stderr
    assert f"sluice: File too large, while writing below {tmp_path}. Its checkpoint of step 10 is kept." in full.stderr
    kept = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert kept == ["BEST", "LATEST", "step-00000010"]
    assert run(20).returncode == 0 and ckpt.latest_step(tmp_path / "checkpoints") == 20


def test_only_the_latest_and_the_best_checkpoints_are_kept(tiny_dataset: str, tmp_path: Path) -> None:
    config = train_config(
        tiny_dataset, tmp_path, "train.run.steps=20", "train.run.checkpoint.every_steps=2",
        "train.run.checkpoint.keep=2", "train.run.eval_every=11", "train.optim.lr=0.5", "train.optim.clip_norm=null",
    )  # fmt: skip
    train_and_evaluate(config)
    kept = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    best = [line["step"] for line in lines if line["kind"] == "eval" and line["best"]][-1]
    assert set(kept) == {"BEST", "LATEST", "step-00000018", "step-00000020", f"step-{best:08d}"}


def test_a_kill_between_the_two_pointers_does_not_lose_the_best(
    tiny_dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = ("train.run.steps=20", "train.run.eval_every=10")
    whole = train_and_evaluate(train_config(tiny_dataset, tmp_path / "whole", *more))
    assert whole.summary["evaluated_step"] == 20
    config = train_config(tiny_dataset, tmp_path / "killed", *more)
    write = storage.write_atomic

    def die_at_the_second_best(path: str, data: bytes) -> None:
        if path.endswith("BEST") and Path(path).exists():
            raise KeyboardInterrupt
        write(path, data)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(storage, "write_atomic", die_at_the_second_best)
        train_and_evaluate(config)
    assert ckpt.latest_step(tmp_path / "killed" / "checkpoints") == 20

    resumed = train_and_evaluate(config)

    assert resumed.summary["evaluated_step"] == 20
    assert resumed.summary["splits"] == whole.summary["splits"]


def test_the_jobs_run_without_pyspark(tiny_dataset: str, tmp_path: Path) -> None:
    block = "import sys; sys.modules['pyspark'] = None"
    values = settings(tiny_dataset, tmp_path, "train.run.steps=5", "train.run.prompts=[w01 w02]")
    trained = run_job("train", values, wrapper=block)
    assert trained.returncode == 0, trained.stderr
    evaluated = run_job("evaluate", [f"train.run.out={tmp_path}"], wrapper=block)
    assert evaluated.returncode == 0 and [line.split()[0] for line in evaluated.stdout.splitlines()[1:]] == [
        "valid",
        "test",
    ]
    generated = run_job("generate", [f"train.run.out={tmp_path}", "train.run.prompts=[w01 w02]"], wrapper=block)
    assert generated.returncode == 0 and generated.stdout.startswith("w01 w02 ")


@pytest.mark.parametrize(
    "more",
    [
        ["arch=gru"],
        ["arch=rnn"],
        ["arch=gcnn", "layers=2", "hidden=12"],
        [
            "arch=awd_lstm",
            "layers=2",
            "tie_embeddings=true",
            "dropout={kind: locked, input: 0.1, recurrent: 0.2, embedding: 0.1}",
        ],
    ],
    ids=lambda more: more[0].removeprefix("arch="),
)
def test_every_architecture_learns_and_resumes_from_its_checkpoint(
    tiny_dataset: str, tmp_path: Path, more: list[str]
) -> None:
    values = [f"train.model.{setting}" for setting in more] + ["train.log.log_every=1", "train.loss.ar=0.01"]
    values += ["train.model.init.scale=0.3", "train.optim.lr=0.02"]
    whole = train_and_evaluate(train_config(tiny_dataset, tmp_path / "whole", *values, "train.run.steps=90"))
    part = tmp_path / "part"
    assert train_and_evaluate(train_config(tiny_dataset, part, *values, "train.run.steps=40")).exit_code == 0
    resumed = train_and_evaluate(train_config(tiny_dataset, part, *values, "train.run.steps=90"))
    assert resumed.summary["splits"] == whole.summary["splits"]
    losses = [line["loss"] for line in metrics(tmp_path / "whole") if line["kind"] == "train"]
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10])


@pytest.mark.parametrize("kind", ["chunked", "sampled"])
def test_other_kinds_of_softmax_train_to_about_the_same_loss(tiny_dataset: str, tmp_path: Path, kind: str) -> None:
    more = ["train.run.steps=60", "train.optim.name=adagrad", "train.optim.lr=0.1", "train.loss.chunk_words=24"]
    full = train_and_evaluate(train_config(tiny_dataset, tmp_path / "full", *more)).summary
    more += [f"train.loss.kind={kind}", "train.loss.num_sampled=4000"]
    other = train_and_evaluate(train_config(tiny_dataset, tmp_path / kind, *more)).summary
    near = 1e-5 if kind == "chunked" else 0.02
    assert other["splits"]["test"]["nll"] == pytest.approx(full["splits"]["test"]["nll"], rel=near)


def test_accumulated_steps_give_one_update_by_the_mean_gradient(tiny_dataset: str, tmp_path: Path) -> None:
    """At a very small rate, two updates at half the rate equal one update by the mean."""
    common = ["train.optim.name=sgd", "train.optim.clip_norm=null", "train.run.steps=2", "train.baseline.order=null"]

    def weights(out: str, *more: str) -> dict[str, np.ndarray]:
        assert train_and_evaluate(train_config(tiny_dataset, tmp_path / out, *common, *more)).exit_code == 0
        checkpoint = ckpt.load(tmp_path / out / "checkpoints", "LATEST")
        assert checkpoint
        return checkpoint.part("model")

    start = weights("start", "train.optim.lr=1e-30")
    one = weights("one", "train.optim.lr=0.02", "train.optim.accumulate=2")
    two = weights("two", "train.optim.lr=0.01")
    for name, value in start.items():
        np.testing.assert_allclose(one[name] - value, two[name] - value, atol=2e-6, err_msg=name)
    assert max(np.abs(one[name] - value).max() for name, value in start.items()) > 1e-4


def test_an_accumulated_gradient_is_restored_on_resume(tiny_dataset: str, tmp_path: Path) -> None:
    more = ["train.optim.accumulate=4", "train.optim.ema=0.9", "train.run.eval_every=100"]
    whole = train_and_evaluate(train_config(tiny_dataset, tmp_path / "whole", *more, "train.run.steps=10"))
    assert train_and_evaluate(train_config(tiny_dataset, tmp_path / "part", *more, "train.run.steps=6")).exit_code == 0
    resumed = train_and_evaluate(train_config(tiny_dataset, tmp_path / "part", *more, "train.run.steps=10"))
    assert resumed.summary["splits"] == whole.summary["splits"]


def test_averaged_weights_are_evaluated_and_restored(tiny_dataset: str, tmp_path: Path) -> None:
    config = train_config(tiny_dataset, tmp_path, "train.run.steps=20", "train.optim.ema=0.9")
    summary = train_and_evaluate(config).summary
    checkpoint = ckpt.load(tmp_path / "checkpoints", "BEST")
    assert checkpoint
    restored = restore(config).model.variables
    for name, value in checkpoint.part("model").items():
        np.testing.assert_array_equal(restored[name].numpy(), checkpoint.arrays[f"optim/{name}/average"])
        assert (value != restored[name].numpy()).any()
    assert evaluate_run(config)["test"].nll == pytest.approx(summary["splits"]["test"]["nll"], rel=1e-9)


def test_training_stops_after_evaluations_without_a_new_best(tiny_dataset: str, tmp_path: Path) -> None:
    """At a rate that is much too high, an early evaluation remains the best."""
    more = ["train.run.steps=300", "train.run.eval_every=10", "train.optim.name=sgd", "train.optim.lr=30"]
    more += ["train.baseline.order=null"]
    stopped = train_and_evaluate(train_config(tiny_dataset, tmp_path, *more, "train.run.early_stop_patience=2")).summary
    evaluations = [line for line in metrics(tmp_path) if line["kind"] == "eval"]
    best = min(range(len(evaluations)), key=lambda n: evaluations[n]["nll"])
    assert len(evaluations) == best + 3 and stopped["step"] == 10 * len(evaluations) < 300
    assert stopped["since_best"] == 2 and stopped["evaluated_step"] == evaluations[best]["step"]
    again = train_and_evaluate(train_config(tiny_dataset, tmp_path, *more, "train.run.early_stop_patience=2"))
    assert again.summary == stopped and len(metrics(tmp_path)) == len(evaluations) + 1 + stopped["step"] // 10
    longer = train_and_evaluate(train_config(tiny_dataset, tmp_path, *more, "train.run.early_stop_patience=3")).summary
    assert longer["step"] > stopped["step"]


def test_a_warning_is_logged_for_half_precision_on_a_slow_cpu(
    tiny_dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sluice.train.build.is_slow", lambda precision: precision == "bf16")
    train_and_evaluate(train_config(tiny_dataset, tmp_path, "train.run.steps=1", "train.optim.precision=bf16"))
    assert "this CPU is slow in train.optim.precision = bf16; fp32 is faster" in caplog.messages


def test_half_precision_learns_and_recovers_from_an_overflow(tiny_dataset: str, tmp_path: Path) -> None:
    more = ["train.run.steps=60", "train.log.log_every=1"]
    whole = train_and_evaluate(train_config(tiny_dataset, tmp_path / "fp32", *more)).summary
    for precision in ("fp16", "bf16"):
        config = train_config(tiny_dataset, tmp_path / precision, *more, f"train.optim.precision={precision}")
        half = train_and_evaluate(config).summary
        assert half["splits"]["test"]["nll"] == pytest.approx(whole["splits"]["test"]["nll"], rel=0.05)
        assert half["splits"]["test"]["nll"] == evaluate_run(config)["test"].nll  # both in fp32
