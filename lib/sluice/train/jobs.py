"""The training jobs. `sluice.commands.jobs` refers to them by name, so that its help does not import TensorFlow.

`force` is used only by `train`; the others overwrite their earlier results.
"""

from sluice.core.config.schema import Config
from sluice.train.start import quiet_tensorflow


def train(config: Config, force: bool) -> int:
    """Trains a language model. Returns the exit code: 0, 75 (stopped by a signal) or 76 (stalled)."""
    with quiet_tensorflow():
        from sluice.train.loop import train_and_evaluate

        return train_and_evaluate(config.train, force).exit_code


def evaluate(config: Config, force: bool) -> None:
    """Evaluates a trained model and prints the results."""
    with quiet_tensorflow():
        from sluice.train.evaluation.evaluate import evaluate_run, table

        print(table(evaluate_run(config.train)))


def generate(config: Config, force: bool) -> None:
    """Prints a continuation of each prompt."""
    with quiet_tensorflow():
        from sluice.train.evaluation.sample import generate_run

        for text in generate_run(config.train):
            print(text, end="\n--\n")


def export(config: Config, force: bool) -> None:
    """Exports a trained model and prints the output directory."""
    with quiet_tensorflow():
        from sluice.train.export import export_run

        print(export_run(config.train))


def train_classifier(config: Config, force: bool) -> None:
    """Trains a text classifier and prints its accuracy."""
    with quiet_tensorflow():
        from sluice.train.classifier import train as classify

        found = classify.train_classifier(config.classifier)
        print(
            f"accuracy {found['accuracy']:.4f}, macro F1 {found['macro_f1']:.4f}: {config.classifier.out}/report.json"
        )
