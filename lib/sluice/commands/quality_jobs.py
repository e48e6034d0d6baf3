"""The functions of the jobs `train-quality` and `fit-thresholds`, which do not need Spark."""

from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError
from sluice.data import storage
from sluice.data.sources.marks import read_marks
from sluice.text.quality.model_card import check_output, save, summary
from sluice.text.quality.train import train
from sluice.text.rules.fit_thresholds import fit
from sluice.text.rules.rule import load_rules
from sluice.text.rules.signal_sample import read_marked, read_sample, read_texts
from sluice.text.rules.threshold_report import marks_told, page, rule_file, table


def train_quality(config: Config, force: bool) -> None:
    """Trains a quality model, writes it with its record and card, and prints how well it separates held-out text."""
    output = config.train_quality.output
    check_output(output, force)
    result = train(config.train_quality)
    save(result)
    print(summary(result))
    print(f"\ngood: {' '.join(result.good_words)}\nbad: {' '.join(result.bad_words)}\n\nsee {output}.md for details")


def fit_thresholds(config: Config, force: bool) -> None:
    """Proposes thresholds for each language; writes rule files and a report. Raises ConfigError without languages."""
    section = config.thresholds
    if not section.languages:
        raise ConfigError("thresholds.languages is empty. Set it to languages of the run, for example [zh].")
    known, in_force = load_rules(section.reference_rules), load_rules(config.rules.presets)
    signals = sorted({rule.signal for rule in (*known, *in_force)})
    languages = (*section.languages, section.reference)
    samples = read_sample(config.output, languages, signals, section.max_documents, section.seed)
    marks = {mark.doc_id: mark for path in section.marks for mark in read_marks(path).values()}
    marked = read_marked(config.output, marks.values(), section.languages, signals) if marks else {}
    fitted = [
        fit(section, known, in_force, samples[section.reference], samples[language], marked.get(language))
        for language in section.languages
    ]
    texts = {}
    for item in fitted:
        path = storage.join(config.output, "thresholds", f"{item.language}.yaml")
        storage.write_atomic(path, rule_file(item).encode())
        shown = {i for proposal in item.proposals for i in proposal.only}
        texts[item.language] = read_texts(config.output, samples[item.language], sorted(shown))
        print(f"{item.language}, {item.num_documents:,} documents\n{table(item)}\n")
        if any(item.num_marks):
            print(f"{marks_told(item)}\n")
        if item.language_score is not None:
            print(f"smallest language score: {item.language_score:g}\n")
        print(f"rules: {path}")
    report = storage.join(config.output, "thresholds", "report.html")
    storage.write_atomic(report, page(fitted, samples, texts).encode())
    print(f"histograms: {report}")
