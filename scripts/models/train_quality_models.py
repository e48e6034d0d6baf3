"""Trains the quality models that ship with sluice: one for English, one for Chinese.

    pip install 'sluice[quality]'
    python -m scripts.models.train_quality_models                      # writes lib/sluice/text/data/quality.*
    python -m scripts.models.train_quality_models --sources SOURCES    # and keeps the texts for scripts.bench.quality

The job `train-quality` trains them on the texts of `quality_sources.py`; an existing folder SOURCES is used as it is.
The same texts give the same bytes; the texts change when the extraction of pages does. Each model is trained on four
fifths of the sites; the card beside it has its accuracy on the others. Cards name no sites and quote no text, because
some is pornography.
"""

import argparse
import contextlib
import json
import tempfile
from pathlib import Path

import msgspec

from scripts.bench.main_text_data import data_root
from scripts.models.quality_sources import build
from sluice.core.config.rules import TrainQualityConfig
from sluice.core.log import set_up
from sluice.text.quality.model_card import save, summary
from sluice.text.quality.score import DATA, SHIPPED
from sluice.text.quality.train import train

MEASURED_ONLY = "whole"
"""Kind of the texts of whole pages with their menus: good pages of that kind would teach that menus are good text."""
SETTINGS = TrainQualityConfig(
    groups=("group",),
    passage_words=50,
    passages_per_document=20,
    good_per_bad=2,
    dim=2,
    word_ngrams=2,
    bucket=50_000,
    min_count=3,
)
"""Two dimensions are enough for two classes, and make a file of 1 to 2 MB."""


def write_sources(folder: Path) -> None:
    """Writes a file per language, class, kind and set: LANGUAGE.CLASS.KIND.SET.jsonl."""
    found = build(data_root())
    folder.mkdir(parents=True)
    for key, rows in found.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{'.'.join(key)}.jsonl").write_text(text, encoding="utf-8")
        print(f"{'.'.join(key)}: {len(rows):,} documents of {len({row['group'] for row in rows}):,} groups")


def section_of(folder: Path, language: str) -> TrainQualityConfig:
    """Returns the settings of the job, with the names of files in `folder`, so that records name no machine."""
    good, bad = (sorted(path.name for path in folder.glob(f"{language}.{side}.*.jsonl")) for side in ("good", "bad"))
    return msgspec.structs.replace(
        SETTINGS,
        language=language,
        positive=tuple(name for name in good if name.split(".")[2] != MEASURED_ONLY),
        negative=tuple(bad),
        output=f"quality.{language}.bin",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=Path)
    options = parser.parse_args()
    set_up("info")
    with tempfile.TemporaryDirectory() as temporary:
        sources = (options.sources or Path(temporary) / "sources").absolute()
        if not sources.is_dir():
            write_sources(sources)
        for language in SHIPPED:
            with contextlib.chdir(sources):
                result = train(section_of(sources, language))
            wrong = {
                name: [item._replace(group="not shown", text="not shown") for item in getattr(result, name)]
                for name in ("wrong_good", "wrong_bad")
            }
            with contextlib.chdir(DATA):
                save(result._replace(**wrong))
            print(f"{language}\n{summary(result)}\n{(DATA / result.section.output).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
