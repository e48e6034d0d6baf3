"""Measures accuracy and speed of encoding detection on pages without a declaration.

    python -m scripts.bench.charset COLLECTION

COLLECTION contains `warc/`, `html-truth/SET/` and `html-pages/SET/` with WARC files. Every distinct page is used that
is not plain ASCII, has no byte order mark, and decodes strictly under the charset of its header or meta element. All
declarations are removed, and a detector must produce the same text. Two sets:

  found      the pages in their original encoding (nearly all UTF-8)
  re-encoded the same pages in the legacy encodings of their language; characters that an encoding lacks become
             references (&#8226;), as in authoring tools; at most 2 % of the non-ASCII characters may do so.
             For Big5, filters/opencc-chars.jsonl.gz first converts simplified pages to traditional ones

Other detectors are measured if installed: chardetng_py, chardet, cchardet, charset_normalizer.
`--slow` adds those that take more than 10 ms per page. `--misses N` prints the first N pages that sluice gets wrong.

example: python -m scripts.bench.charset ~/collection --misses 5
"""

import argparse
import gzip
import importlib
import importlib.metadata
import json
import platform
import re
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sluice.core.config.extract import ExtractConfig
from sluice.core.config.plan import PlanConfig
from sluice.core.records.docs import Page, Rejection
from sluice.data import storage
from sluice.data.plan import inputs as plan
from sluice.text.charset.decode import decode
from sluice.text.charset.webcodecs import codec_for, decode_as
from sluice.text.html import extract
from sluice.text.language.identify import LanguageIdentifier, model_path
from sluice.text.pages.archive import extract_archive

DECLARATION = re.compile(rb"<meta[^>]{0,500}?charset\s*=[^>]*>", re.IGNORECASE)
LABEL = re.compile(rb"""<meta[^>]{0,500}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
XML = re.compile(rb"<\?xml[^>]{0,200}>", re.IGNORECASE)
LEGACY = {
    "zh": ["gb18030", "big5hkscs"],
    "ja": ["cp932", "euc_jp", "iso2022_jp_ext"],
    "ko": ["cp949"],
    "ru": ["cp1251", "koi8-r", "iso8859-5", "cp866"],
    "uk": ["cp1251", "koi8-u"],
    "bg": ["cp1251"],
    "sr": ["cp1251"],
    "mk": ["cp1251"],
    "el": ["iso8859-7", "cp1253"],
    "tr": ["cp1254"],
    "he": ["cp1255"],
    "ar": ["cp1256"],
    "fa": ["cp1256"],
    "th": ["cp874"],
    "lt": ["cp1257"],
    "lv": ["cp1257"],
    "et": ["cp1257", "cp1252"],
    **{code: ["iso8859-2", "cp1250"] for code in "pl cs sk hu sl hr bs ro".split()},
    **{code: ["cp1252"] for code in "de fr es pt it nl da sv no nb nn fi is ca gl eu id ms af en".split()},
}


class Case(NamedTuple):
    """A page without declarations: bytes, codec, text, language, and whether this is its original codec."""

    payload: bytes
    codec: str
    text: str
    language: str
    is_found: bool
    url: str


class Collector:
    """Replaces a PageProcessor and collects the pages."""

    def __init__(self) -> None:
        self.extract = ExtractConfig(max_page_bytes=1 << 22)
        self.pages: list[Page] = []

    def process(self, page: Page) -> Rejection:
        self.pages.append(page)
        located = {name: getattr(page, name) for name in Rejection.__struct_fields__ if hasattr(page, name)}
        return Rejection(**located, reason="kept_here")

    def process_text(self, page: Page) -> Rejection:
        """Rejects texts of WET files: they have no encoding to detect."""
        located = {name: getattr(page, name) for name in Rejection.__struct_fields__ if hasattr(page, name)}
        return Rejection(**located, reason="wet")


def pages(collection: Path) -> list[Page]:
    """Every HTML page of the collection, without repeated payloads."""
    collector = Collector()
    inputs = tuple(str(collection / name) for name in ("warc", "html-truth", "html-pages"))
    for entry in plan.make_plan(PlanConfig(inputs=inputs)).entries:
        for _ in extract_archive(entry, collector, partial(storage.open_stream, transport=ExtractConfig().transport)):  # type: ignore[arg-type]
            pass
    return list({page.payload: page for page in collector.pages}.values())


def strict(payload: bytes, codec: str) -> str | None:
    """The decoded text; None if any byte is invalid."""
    text = decode_as(payload, codec)
    return None if "\ufffd" in text else text


def found_cases(page: Page, languages: LanguageIdentifier) -> Case | None:
    """The page without its declarations; None if it has no correct declaration."""
    if page.payload.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return None
    metas = [match[1].decode() for match in LABEL.finditer(page.payload)]
    payload = XML.sub(b"", DECLARATION.sub(b"", page.payload))
    for label in filter(None, [page.header_charset, *metas]):
        codec = codec_for(label)
        if codec == "cp1252" and strict(payload, "utf-8") is not None:
            codec = "utf-8"
        text = strict(payload, codec) if codec else None
        if codec and text is not None and not payload.isascii():
            content = extract.extract_text(text, "all")
            return Case(payload, codec, text, languages.identify(content).code, True, page.url or "")
    return None


def legacy_cases(case: Case, traditional: dict[int, str]) -> Iterator[Case]:
    """The page in each legacy encoding of its language that has (nearly) all of its characters."""
    for codec in LEGACY.get(case.language, []):
        text = case.text.translate(traditional) if codec == "big5hkscs" else case.text
        payload = text.encode(codec, "xmlcharrefreplace")
        written = decode_as(payload, codec)
        high = sum(char > "\x7f" for char in text)
        lost = high - sum(char > "\x7f" for char in written)
        if codec != case.codec and high and lost <= 0.02 * high and not (payload.isascii() and codec[:4] != "iso2"):
            yield Case(payload, codec, written, case.language, False, case.url)


def ours(payload: bytes) -> str:
    return decode(payload, None).text


def by_name(detect: Callable[[bytes], Any]) -> Callable[[bytes], str]:
    """A detector that returns the name of an encoding. Our decoders decode, so that only detection is compared."""
    return lambda payload: decode_as(payload, codec_for(detect(payload) or "utf-8") or "utf-8")


def peers(slow: bool) -> Iterator[tuple[str, Callable[[bytes], str]]]:
    """Name with version, and function, of every installed detector."""
    from resiliparse.parse.encoding import detect_encoding

    makers: dict[str, Callable[[Any], Callable[[bytes], Any]]] = {
        "chardetng_py": lambda m: lambda b: m.detect(b, allow_utf8=True),
        "cchardet": lambda m: lambda b: m.detect(b)["encoding"],
    }
    if slow:
        makers["chardet"] = lambda m: lambda b: m.detect(b)["encoding"]
        makers["charset_normalizer"] = lambda m: lambda b: m.detect(b)["encoding"]
    yield f"resiliparse {importlib.metadata.version('resiliparse')}", by_name(lambda b: detect_encoding(b[:65536]))
    for name, make in makers.items():
        try:
            module = importlib.import_module(name)
        except ImportError:
            print(f"{name} is not installed, so it is not compared", file=sys.stderr)
            continue
        yield f"{name} {importlib.metadata.version(name)}", by_name(make(module))


def traditional_characters(collection: Path) -> dict[int, str]:
    """Maps simplified characters to their first traditional form."""
    path = collection / "filters" / "opencc-chars.jsonl.gz"
    if not path.is_file():
        return {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {ord(row["char"]): row["to"][0] for row in rows if row["table"].startswith("ST")}


def report(cases: list[Case], detectors: list[tuple[str, Callable[[bytes], str]]], misses: int) -> None:
    """Prints the share of correct answers by set and codec, and milliseconds per page."""
    groups: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        kind = "found" if case.is_found else "re-encoded"
        groups[kind, "all"].append(case)
        groups[kind, case.codec].append(case)
        if case.language == "zh":
            groups[kind, "Chinese"].append(case)
    right: dict[str, set[int]] = {}
    for name, detector in detectors:
        seconds = []
        right[name] = set()
        for case in cases:
            start = time.perf_counter()
            text = detector(case.payload)
            seconds.append(time.perf_counter() - start)
            if text == case.text:
                right[name].add(id(case))
        cuts = statistics.quantiles(seconds, n=100)
        print(
            f"{name}: ms per page with decoding: median {1e3 * cuts[49]:.2f}, 95 % {1e3 * cuts[94]:.2f}, "
            f"99 % {1e3 * cuts[98]:.2f}"
        )
    print(f"{'set':11} {'codec':15} {'pages':>6} " + " ".join(f"{name[:18]:>18}" for name, _ in detectors))
    for (kind, codec), group in sorted(groups.items()):
        shares = (sum(id(c) in right[name] for c in group) / len(group) for name, _ in detectors)
        print(f"{kind:11} {codec:15} {len(group):6} " + " ".join(f"{share:18.1%}" for share in shares))
    wrong = [case for case in cases if id(case) not in right[detectors[0][0]]]
    for case in wrong[:misses]:
        found = decode(case.payload, None)
        at = next((i for i, (a, b) in enumerate(zip(found.text, case.text, strict=False)) if a != b), 0)
        print(f"{case.codec} taken for {found.charset}: {case.url}: {case.text[max(at - 20, 0) : at + 30]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection", type=Path)
    parser.add_argument("--slow", action="store_true", help="also measure slow detectors")
    parser.add_argument("--misses", type=int, default=0, metavar="N", help="print N pages that sluice gets wrong")
    options = parser.parse_args()
    everything = pages(options.collection)
    languages = LanguageIdentifier(model_path(None))
    found = [case for page in everything if (case := found_cases(page, languages))]
    n_ascii = sum(page.payload.isascii() for page in everything)
    print(
        f"Python {platform.python_version()}, {platform.processor() or platform.machine()}; {len(everything)} pages: "
        f"{n_ascii} ASCII, {len(found)} others with a correct declaration"
    )
    traditional = traditional_characters(options.collection)
    cases = found + [other for case in found for other in legacy_cases(case, traditional)]
    report(cases, [("sluice", ours), *peers(options.slow)], options.misses)


if __name__ == "__main__":
    main()
