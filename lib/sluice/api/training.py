"""Training of language models, and text from them, for Python code."""

from collections.abc import Mapping, Sequence
from typing import Any

from sluice.core.config.load import config_with
from sluice.core.config.schema import Config
from sluice.core.errors import EXIT_PREEMPTED, ConfigError, StageError
from sluice.data import storage


def train_model(
    dataset: str,
    *,
    out: str,
    recipe: str | Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Trains a language model on a dataset, `<root>/<name>/<x.y.z>`, and returns its summary, as in OUT/summary.json.

    `out`: directory of the run; an interrupted run continues, a finished one is returned. `recipe`: YAML files with
    settings, in order, local or remote, such as conf/ptb-small.yaml of the repository. `settings`: others by path, such
    as {"train.run.epochs": 3}; `sluice config train` lists them. `force` starts over.

    Raises ConfigError without TensorFlow or for invalid settings, InputError for an unusable dataset, StageError if
    training failed or was stopped; the last checkpoint is kept.

    >>> sluice.train_model("data/corpus/1.0.0", out="run", settings={"train.run.epochs": 1})["epochs"]  # doctest: +SKIP
    """
    given = {"train.data.manifest": dataset, "train.run.out": out, **(settings or {})}
    config = config_with(given, [recipe] if isinstance(recipe, str) else recipe, storage.read_bytes)
    result = _engine("loop").train_and_evaluate(config.train, force)
    if result.exit_code:
        why = "it was stopped by a signal" if result.exit_code == EXIT_PREEMPTED else "a worker was lost"
        raise StageError(f"Training in {out} did not finish: {why}. Its last checkpoint is kept; call it again.")
    summary: dict[str, Any] = result.summary
    return summary


def generate(run: str, prompts: Sequence[str] = ("",), *, settings: Mapping[str, Any] | None = None) -> list[str]:
    """Continues prompts with the best checkpoint of a run, or the latest. Returns each prompt with its continuation.

    `settings`: for example {"train.run.sample.temperature": 0.7}. The same `train.run.seed` gives the same text. Raises
    ConfigError without TensorFlow, InputError for a directory without a checkpoint.

    >>> sluice.generate("run", ["The city", "今天"])  # doctest: +SKIP
    """
    config: Config = config_with({"train.run.out": run, "train.run.prompts": list(prompts), **(settings or {})})
    texts: list[str] = _engine("evaluation.sample").generate_run(config.train)
    return texts


def _engine(module: str) -> Any:
    """Imports a module of `sluice.train`, without TensorFlow's messages."""
    import importlib

    from sluice.train.start import quiet_tensorflow

    with quiet_tensorflow():
        try:
            return importlib.import_module(f"sluice.train.{module}")
        except ImportError as e:
            if e.name not in ("tensorflow", "safetensors"):
                raise
            raise ConfigError(f"Training needs {e.name}: pip install 'sluice[train]'.") from e
