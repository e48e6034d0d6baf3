"""Trains quality models for Chinese and English on real text, and reports their accuracy and the cost of a score.

    python -m scripts.bench.quality DATA [--output DIR]

DATA is the collection that SLUICE_SHARED_DATA names. Good Chinese is encyclopaedia and law, bad is raw web text; good
English is encyclopaedia and the article texts that people marked, bad is the visible text of other kinds of pages.
Reports the AUC on held-out groups. Each model also scores sources that are not in its training data: this shows whether
it learnt good text or only its sources.
"""

import argparse
import gzip
import json
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from warcio.archiveiterator import ArchiveIterator

from sluice.core.config.rules import TrainQualityConfig
from sluice.core.log import set_up
from sluice.text.charset import decode
from sluice.text.html import extract
from sluice.text.language.identify import LanguageIdentifier, model_path
from sluice.text.quality import metrics
from sluice.text.quality.fasttext_trainer import predictor
from sluice.text.quality.labelled_texts import group_of, is_held_out, read_classes, split
from sluice.text.quality.model_card import save, summary
from sluice.text.quality.score import GOOD, QualityModel, probability, word_line
from sluice.text.quality.train import train

GROUPS = ("host", "url", "stem", "title")
"""Laws with the same stem are one regulation in versions of many provinces."""
TITLE = re.compile(r"^ = ([^=].*[^=]) = $", re.M)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path, help="directory for models, cards and sources")
    options = parser.parse_args()
    set_up("info")
    with tempfile.TemporaryDirectory() as folder:
        output = options.output or Path(folder)
        output.mkdir(parents=True, exist_ok=True)
        bench_chinese(options.data, output)
        bench_english(options.data, output)


def bench_chinese(data: Path, output: Path) -> None:
    """Trains on encyclopaedia and law against raw web text."""
    ccnet = rows(data / "zh-webtext" / "cc-2021-43-ccnet-zh.jsonl.gz")
    section = TrainQualityConfig(
        language="zh",
        positive=tuple(str(data / "lm" / f"{name}.jsonl.gz") for name in ("zh-hans-wiki-cmrc", "zh-hans-laws")),
        negative=(
            str(data / "zh-webtext" / "ia-wide15-zh.jsonl.gz"),
            write(output / "ccnet-zh.jsonl", ({"url": row["url"], "text": row["raw_content"]} for row in ccnet)),
        ),
        groups=GROUPS,
        output=str(output / "quality-zh.bin"),
    )
    novel = gzip.decompress((data / "lm" / "zh-novel-xiyouji.txt.gz").read_bytes()).decode()
    pages = list(html_pages(data / "html-truth" / "zh-news-pages")) + list(
        html_pages(data / "html-truth" / "cx-extractor")
    )
    unseen = {
        "news pages, main text": [text for _, text in texts_of(pages, "main", "zh")],
        "news pages, all text": [text for _, text in texts_of(pages, "all", "zh")],
        "project documentation, main text": [
            text for _, text in texts_of(html_pages(data / "html-pages" / "asf-project-sites"), "main", "zh")
        ],
        "encyclopaedia in Traditional characters": [
            row["text"] for row in rows(data / "lm" / "zh-hant-wiki-drcd.jsonl.gz")
        ],
        "novel of the 16th century": [novel[i : i + 1000] for i in range(5000, 400_000, 4000)],
    }
    report(section, unseen)


def bench_english(data: Path, output: Path) -> None:
    """Trains on encyclopaedia and marked articles against the visible text of pages that are not articles."""
    truth = data / "html-truth"
    wcxb, aeb = rows(truth / "wcxb" / "pages.jsonl.gz"), rows(truth / "article-extraction-benchmark" / "pages.jsonl.gz")
    articles = {row["url"] for row in wcxb if row.get("page_type") == "article"}
    languages = LanguageIdentifier(model_path(None))
    texts = [(row["url"], row["truth"]["text"]) for row in wcxb if row["url"] in articles]
    texts += [(row["url"], row["truth"]["text"]) for row in aeb]
    marked = [(url, text) for url, text in texts if languages.identify(text).code == "en"]
    others = [page for page in html_pages(truth / "wcxb") if page[0] not in articles]
    mixed = list(html_pages(truth / "trafilatura-eval"))
    hplt = [
        row for row in rows(data / "html-pages" / "hplt-sample" / "pages.jsonl.gz") if row["lid"]["lang"] == "eng_Latn"
    ]
    section = TrainQualityConfig(
        language="en",
        positive=(
            write(output / "wikitext.jsonl", wikitext(data / "lm" / "wikitext-2.valid.txt.gz")),
            write(output / "articles.jsonl", as_rows(marked)),
        ),
        negative=(
            write(output / "others.jsonl", as_rows(texts_of(others, "all", "en"))),
            write(output / "mixed.jsonl", as_rows(texts_of(mixed, "all", "en"))),
            write(output / "hplt.jsonl", ({"url": row["url"], "text": row["upstream_text"]} for row in hplt)),
        ),
        output=str(output / "quality-en.bin"),
    )
    held = [page for page in others if is_held_out(group_of({"url": page[0]}, section), section)]
    newspaper = list(html_pages(truth / "newspaper"))
    ptb = gzip.decompress((data / "lm" / "ptb.valid.txt.gz").read_bytes()).decode().replace("<unk>", "").splitlines()
    unseen = {
        "news pages, main text": [text for _, text in texts_of(newspaper, "main", "en")],
        "news pages, all text": [text for _, text in texts_of(newspaper, "all", "en")],
        "no articles, held out, main text": [text for _, text in texts_of(held, "main", "en")],
        "Wall Street Journal of 1989": [" ".join(ptb[i : i + 20]) for i in range(0, len(ptb) - 20, 20)],
    }
    report(section, unseen)


def report(section: TrainQualityConfig, unseen: dict[str, list[str]]) -> None:
    """Trains and saves a model, and prints all measurements."""
    began = time.perf_counter()
    result = train(section)
    save(result)
    print(
        f"\n== {section.language}: {result.num_passages:,} passages of each class, {time.perf_counter() - began:.0f} s"
    )
    print(summary(result))
    print(f"good words: {' '.join(result.good_words)}\nbad words:  {' '.join(result.bad_words)}")
    model = QualityModel(section.output)
    held = [
        (side, row["text"])
        for side, paths in (("good", section.positive), ("bad", section.negative))
        for path in paths
        for row in rows(Path(path))
        if len(row["text"]) >= section.min_chars and is_held_out(group_of(row, section), section)
    ]
    bad = scores(model, [text for side, text in held if side == "bad"])
    print("\nsource not in training                     documents  median score  >= 0.5  AUC against held-out bad")
    for name, texts in unseen.items():
        found = scores(model, [text for text in texts if len(text) >= section.min_chars])
        area = metrics.auc(np.concatenate([found, bad]), np.arange(len(found) + len(bad)) < len(found))
        print(f"{name:42} {len(found):9,} {np.median(found):13.3f} {(found >= 0.5).mean():7.2f} {area:10.3f}")
    other_seeds = [train(msgspec.structs.replace(section, seed=seed)).documents.auc for seed in range(1, 5)]
    print("\nAUC of documents with four other seeds and splits: " + " ".join(f"{area:.4f}" for area in other_seeds))
    for path in section.positive:
        print(f"trained without {Path(path).name}, tested on it: AUC {auc_without(section, path):.4f}")
    text = "\n".join(text for _, text in held)[: 9_000 if section.language == "en" else 2_000]
    print(f"\nscore of {len(text):,} characters: {best_ms(model, text):.3f} ms; of a text ten times as long: ", end="")
    print(f"{best_ms(model, text * 10):.3f} ms")


def auc_without(section: TrainQualityConfig, path: str) -> float | None:
    """AUC of one source of good text against held-out bad, by a model trained on the other good sources only."""
    rest = msgspec.structs.replace(section, positive=tuple(other for other in section.positive if other != path))
    model = predictor(train(rest).model)
    _, held = split("negative", read_classes(rest)[1].documents, rest)
    texts = [row["text"] for row in rows(Path(path))] + [document.text for document in held]
    lines = [word_line(text, section.language) for text in texts]
    found = np.array([probability(model, line, GOOD) for line in lines])
    return metrics.auc(found, np.arange(len(texts)) < len(texts) - len(held))


def scores(model: QualityModel, texts: Iterable[str]) -> np.ndarray:
    """Scores of the texts for which a score is defined."""
    language = model.record().language
    found = [model.score(text, language) for text in texts]
    return np.array([score for score in found if score is not None])


def best_ms(model: QualityModel, text: str) -> float:
    """Milliseconds of the fastest of 200 scores."""
    best, language = float("inf"), model.record().language
    for _ in range(200):
        began = time.perf_counter()
        model.score(text, language)
        best = min(best, time.perf_counter() - began)
    return best * 1e3


def rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON lines file."""
    data = path.read_bytes()
    return [json.loads(line) for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()]


def write(path: Path, records: Iterable[dict[str, Any]]) -> str:
    """Writes a source for training; returns its path."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records), encoding="utf-8")
    return str(path)


def as_rows(texts: Iterable[tuple[str, str]]) -> Iterator[dict[str, str]]:
    return ({"url": url, "text": text} for url, text in texts)


def html_pages(folder: Path) -> Iterator[tuple[str, bytes, str | None]]:
    """URL, payload and header charset of each page."""
    with (folder / "pages.warc.gz").open("rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type == "response":
                kind = record.http_headers.get_header("Content-Type") or ""
                name = kind.partition("charset=")[2].strip() or None
                yield record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read(), name


def texts_of(
    pages: Iterable[tuple[str, bytes, str | None]], extractor: Any, language: str
) -> Iterator[tuple[str, str]]:
    """URL and text of the pages in a language, extracted by sluice."""
    languages = LanguageIdentifier(model_path(None))
    for url, payload, name in pages:
        text = extract.extract_page(decode.decode(payload, name).text, extractor).text
        if text and languages.identify(text).code == language:
            yield url, text


def wikitext(path: Path) -> Iterator[dict[str, str]]:
    """WikiText's articles without its tokens: `@-@`, `<unk>`, headings."""
    parts = TITLE.split(gzip.decompress(path.read_bytes()).decode())
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        lines = [line for line in text.splitlines() if not line.startswith(" =")]
        plain = re.sub(r" @(.)@ ", r"\1", "\n".join(lines)).replace("<unk>", "")
        yield {"title": title, "text": plain}


if __name__ == "__main__":
    main()
