"""The files beside the data of a published dataset. README.md is written last: without it, the hub shows no dataset."""

import hashlib

from sluice.data import storage
from sluice.publish.card import card
from sluice.publish.checksums import write_sums
from sluice.publish.croissant import croissant
from sluice.publish.layout import Dataset
from sluice.publish.run_facts import RunFacts

CARD, CROISSANT, SETTINGS = "README.md", "croissant.json", "settings.yaml"


def describe(directory: str, dataset: Dataset, run: RunFacts | None = None) -> None:
    """Writes croissant.json, settings.yaml (of a run), SHA256SUMS of all files, and README.md."""
    texts = {CROISSANT: croissant(dataset), **({SETTINGS: run.settings} if run else {}), CARD: card(dataset, run)}
    data = {name: text.encode("utf-8", "replace") for name, text in texts.items()}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in data.items()}
    write_sums(directory, sums | {file.path: file.sha256 for file in dataset.files})
    for name, content in data.items():
        storage.write_atomic(storage.join(directory, name), content)
