"""The training jobs. `sluice.commands.jobs` refers to them by name, so that their help does not import TensorFlow.

Only `train` uses `force`; the other jobs overwrite their own results.
"""

from sluice.core.config.schema import Config
from sluice.train.start import quiet_tensorflow


def train(config: Config, force: bool) -> int:
    """Train a language model and return the exit code: 0, 75 (stopped by a signal) or 76 (stalled)."""
    import_tensorflow()
    from sluice.train.loop import train_and_evaluate

        return train_and_evaluate(config.train, force).exit_code


def evaluate(config: Config, force: bool) -> None:
    """Evaluate a trained model and print the results."""
    import_tensorflow()
    from sluice.train.evaluation.evaluate import evaluate_run, table

        print(table(evaluate_run(config.train)))


def generate(config: Config, force: bool) -> None:
    """Print a continuation of each prompt."""
    import_tensorflow()
    from sluice.train.evaluation.sample import generate_run

        for text in generate_run(config.train):
            print(text, end="\n--\n")


def export(config: Config, force: bool) -> None:
    """Export a trained model and print the output directory."""
    import_tensorflow()
    from sluice.train.export import export_run

        print(export_run(config.train))


def train_classifier(config: Config, force: bool) -> None:
    """Train a text classifier and print its accuracy."""
    import_tensorflow()
    from sluice.train.classifier import train as classify

        found = classify.train_classifier(config.classifier)
        print(
            f"accuracy {found['accuracy']:.4f}, macro F1 {found['macro_f1']:.4f}: {config.classifier.out}/report.json"
        )
