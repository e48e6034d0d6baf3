"""Measures whether the default curation helps language models, in Chinese and English, on the collection of real pages.

    python -m scripts.bench.ablate DATA OUT [--languages zh en] [--set ablate.seeds=2 ...]

DATA is the collection that SLUICE_SHARED_DATA names. OUT/LANGUAGE gets the archives, the held-out sets, two runs (the
whole visible text, and the stages with default settings), and the ablation: OUT/LANGUAGE/run/ablate. Held-out pages are
not in the archives. The program code is that of Python's standard library, which differs between versions.
"""

import argparse
import gzip
import itertools
import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.warcwriter import WARCWriter

from scripts.data import text_archives
from sluice.core.ids import mix64, text_digest
from sluice.report.ablation import interval
from sluice.text.charset.decode import decode
from sluice.text.html.extract import extract_text
from sluice.text.language.identify import LanguageIdentifier, model_path

ROOT = Path(__file__).parents[2]
TITLE = re.compile(r"^ = ([^=].*[^=]) = $", re.M)
MAX_CHARS = 3000
"""Characters of each held-out text that are scored; long texts would make one document outweigh many."""
MIN_CHARS = 200
SMALL = {
    "zh": ("ablate.tokens=450000", "ablate.lstm.steps=1600", "ablate.lstm.hidden=192", "ablate.lstm.embedding_dim=96"),
    "en": ("ablate.tokens=800000", "ablate.lstm.steps=1600", "ablate.lstm.hidden=192", "ablate.lstm.embedding_dim=96"),
}
"""Settings for which all models train in less than 15 minutes on two cores. Chinese has fewer tokens."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--languages", nargs="+", default=["zh", "en"], choices=["zh", "en"])
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="a setting of the ablation")
    options = parser.parse_args()
    for language in options.languages:
        folder = options.out / language
        (folder / "held").mkdir(parents=True, exist_ok=True)
        (chinese if language == "zh" else english)(options.data, folder)
        ablate(language, folder, options.set)


def chinese(data: Path, folder: Path) -> None:
    """Archives and held-out sets in Chinese: encyclopaedia, law, technical pages of a site kept aside, raw web text."""
    archives = folder / "archives"
    text_archives.main(archives, [data / "zh-webtext" / "ia-wide15-zh.jsonl.gz"])
    for name in ("html-truth/cx-extractor", "html-truth/zh-news-pages", "html-pages/hplt-sample"):
        link(data / name / "pages.warc.gz", archives / f"{Path(name).name}.warc.gz")
    for name in ("aql-baidu", "aql-360", "resiliparse-cc-2021", "cmoncrawl-mini-zh"):
        link(data / "warc" / f"{name}.warc.gz", archives / f"{name}.warc.gz")
    asf = data / "html-pages" / "asf-project-sites"
    aside = keep_aside(asf, archives / "asf-project-sites.warc.gz", lambda row: "weex.apache.org" in row["url"])
    technical = [text for url, text in aside if "/zh/" in url or re.search("[一-鿿]{20}", text)]
    ccnet = rows(data / "zh-webtext" / "cc-2021-43-ccnet-zh.jsonl.gz")
    laws = [row["text"] for row in rows(data / "lm" / "zh-hans-laws.jsonl.gz")]
    write(folder, "encyclopaedia", (row["text"] for row in rows(data / "lm" / "zh-hans-wiki-cmrc.jsonl.gz")), 200)
    write(folder, "law", laws, 50)
    write(folder, "technical pages", technical, 100)
    write(folder, "raw web", (row["raw_content"] for row in ccnet), 100)


def english(data: Path, folder: Path) -> None:
    """Archives and held-out sets in English: encyclopaedia, code, manual pages and articles of sets kept aside."""
    archives = folder / "archives"
    archives.mkdir(exist_ok=True)
    sets = ("wcxb", "trafilatura-eval", "mozilla-readability", "newspaper")
    for path in (*(data / "html-truth" / name for name in sets), *(data / "html-pages").iterdir()):
        if path.name != "apache-httpd-manual":
            link(path / "pages.warc.gz", archives / f"{path.name}.warc.gz")
    for path in (data / "warc").glob("*.warc.gz"):  # others are copies in another framing
        link(path, archives / path.name)
    manual = keep_aside(data / "html-pages" / "apache-httpd-manual", None, lambda row: row["lang"] == "en")
    articles = rows(data / "html-truth" / "article-extraction-benchmark" / "pages.jsonl.gz")
    wiki = gzip.decompress((data / "lm" / "wikitext-2.valid.txt.gz").read_bytes()).decode()
    library = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    write(folder, "encyclopaedia", TITLE.split(wiki)[2::2], 100)
    write(folder, "code", (path.read_text(encoding="utf-8", errors="replace") for path in library), 100)
    write(folder, "technical pages", (text for _, text in manual), 100)
    languages = LanguageIdentifier(model_path(None))
    texts = (row["truth"]["text"] for row in articles)
    write(folder, "articles", (text for text in texts if languages.identify(text).code == "en"), 100)


def ablate(language: str, folder: Path, settings: list[str]) -> None:
    """Runs the extraction of the whole text, the stages with default settings, and the ablation."""
    run, uncurated = folder / "run", folder / "uncurated"
    source = [
        f"plan.inputs=[{folder / 'archives'}]",
        f"extract.languages=[{language}]",
        "extract.max_unreadable_share=1",  # some archives of the collection are damaged on purpose
    ]
    sluice("run", "extract", "--conf", str(ROOT / "conf" / "uncurated.yaml"), *pairs(*source, f"output={uncurated}"))
    for stage in ("extract", "filter", "dedup"):
        sluice("run", stage, *pairs(*source, f"output={run}"))
    held_out = {path.stem: [str(path)] for path in sorted((folder / "held").glob("*.jsonl"))}
    ablation = [
        f"output={run}",
        f"ablate.uncurated=[{uncurated / 'extract'}]",
        f"ablate.held_out={json.dumps(held_out)}",
    ]
    sluice("ablate", *pairs(*ablation, *SMALL[language], *settings))
    print(markdown(json.loads((run / "ablate" / "results.json").read_bytes())))


def markdown(results: dict[str, Any]) -> str:
    """The changes of every step and of all steps together as a Markdown table; clear ones are bold."""
    names = [variant["name"] for variant in results["variants"]]
    steps = [*itertools.pairwise(names), (names[0], names[-1])]
    changes = {(row["set"], row["model"], row["against"], row["variant"]): row for row in results["comparisons"]}
    lines = [f"| | {' | '.join(after for _, after in steps[:-1])} | all |", "|---" * (len(steps) + 1) + "|"]
    for held_out in results["held_out"]:
        for model, kind in results["models"].items():
            found = [changes[held_out["name"], model, *step] for step in steps]
            cells = [interval(row) for row in found]
            cells = [cell.removesuffix(" unclear") if "unclear" in cell else f"**{cell}**" for cell in cells]
            lines.append(f"| {held_out['name']}, {kind['name']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def sluice(*arguments: str) -> None:
    """Runs a command; ends the program if it fails."""
    subprocess.run([sys.executable, "-m", "sluice", *arguments], check=True)


def pairs(*settings: str) -> list[str]:
    """The --set options of settings."""
    return [part for setting in settings for part in ("--set", setting)]


def keep_aside(folder: Path, rest: Path | None, is_aside: Callable[[dict[str, Any]], bool]) -> list[tuple[str, str]]:
    """URLs and main texts of the pages of a set that are kept aside. Writes the other pages to the archive `rest`."""
    aside = {row["url"] for row in rows(folder / "pages.jsonl.gz") if is_aside(row)}
    found = []
    with (folder / "pages.warc.gz").open("rb") as stream, open(rest or "/dev/null", "wb") as target:
        writer = WARCWriter(target, gzip=True)
        for record in ArchiveIterator(stream):
            url = record.rec_headers.get_header("WARC-Target-URI")
            if url not in aside:
                writer.write_record(record)
            elif record.rec_type == "response":
                found.append((url, extract_text(decode(record.content_stream().read(), None).text)))
    return found


def link(target: Path, path: Path) -> None:
    """Makes an archive of the collection visible under another name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.symlink_to(target.resolve())


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the objects of a JSON lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def write(folder: Path, name: str, texts: Iterable[str], count: int) -> None:
    """Writes a held-out set: at most `count` different texts in hash order, without short ones, each cut."""
    different = {text.strip()[:MAX_CHARS] for text in texts if len(text.strip()) >= MIN_CHARS}
    chosen = sorted(different, key=lambda text: mix64(int.from_bytes(text_digest(text)[:8], "big"), 0))[:count]
    lines = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in chosen)
    (folder / "held" / f"{name}.jsonl").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
