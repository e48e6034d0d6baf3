"""Propose thresholds of the rules for a language from a run's documents, by the method of FineWeb-2. Needs no Spark.

python jobs/fit_thresholds.py --set output=OUT --set 'thresholds.languages=[zh]' --set thresholds.reference=en

Reads a sample of OUT/extract/docs; writes OUT/thresholds/LANGUAGE.yaml, a file for rules.presets, and
OUT/thresholds/report.html with histograms and documents that one rule alone would drop. Nothing else changes: look at
what goes, edit the file, name it in rules.presets, and run jobs/select.py again.
"""

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.core.errors import ConfigError
from sluice.data import storage
from sluice.text.rules import load_rules
from sluice.text.signal_sample import read_sample, read_texts
from sluice.text.threshold_report import page, rule_file, table
from sluice.text.thresholds import fit


@job
def main(config: Config, force: bool) -> None:
    section = config.thresholds
    if not section.languages:
        raise ConfigError("thresholds.languages is empty: there is nothing to fit. Name languages of the run, as [zh].")
    known, in_force = load_rules(section.reference_rules), load_rules(config.rules.presets)
    signals = sorted({rule.signal for rule in (*known, *in_force)})
    languages = (*section.languages, section.reference)
    samples = read_sample(config.output, languages, signals, section.max_documents, section.seed)
    fitted = [
        fit(section, known, in_force, samples[section.reference], samples[language]) for language in section.languages
    ]
    texts = {}
    for item in fitted:
        path = storage.join(config.output, "thresholds", f"{item.language}.yaml")
        storage.write_atomic(path, rule_file(item).encode())
        shown = {i for proposal in item.proposals for i in proposal.only}
        texts[item.language] = read_texts(config.output, samples[item.language], sorted(shown))
        print(f"{item.language}, {item.num_documents:,} documents\n{table(item)}\n")
        if item.language_score is not None:
            print(f"smallest language score: {item.language_score:g}\n")
        print(f"rules: {path}")
    report = storage.join(config.output, "thresholds", "report.html")
    storage.write_atomic(report, page(fitted, samples, texts).encode())
    print(f"pictures: {report}")


if __name__ == "__main__":
    raise SystemExit(main())
