"""Measures `sluice view` on made-up documents: building the index, opening the page, filtering it in Chromium.

    python -m scripts.bench.view [--documents 100000] [--folder DIR]

Half of the documents are English, half Chinese, with the lengths of web pages (medians of about 2,000 and 700
characters) and words in Zipf's distribution. One in ten is dropped by a rule, one in ten is a near-duplicate. Times of
the page are from the change of a filter to the drawn list and document, in the browser, and medians of several.
With DIR, the run and its index are kept and used again.
"""

import argparse
import contextlib
import json
import os
import resource
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sluice.core.records.dedup import Removal
from sluice.core.records.docs import Decision, DocsRow, Signals
from sluice.data.arrow import arrow_schema, record_batch
from sluice.view.index import open_index
from sluice.view.marks import MarkFile
from sluice.view.search import SearchIndex
from sluice.view.server import ViewServer
from sluice.view.stages import read_stages
from tests.helpers.chromium import chromium

PER_FILE = 5_000
TIMES = 7
SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split()
HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 4000)]
READY = (
    "document.querySelector('#document h2, #document .empty') && document.querySelector('#list').ariaBusy === 'false'"
)
RULE = {"name": "gopher_words", "signal": "n_words", "languages": None, "min": 50.0, "max": 100000.0}

FILTERS = {
    "outcome": "form.outcome.value = 'dropped'",
    "language": "form.language.value = 'zh'",
    "host and its hosts below": "form.host.value = 'site7.example'",
    "signal, sorted": "addRange('top_2gram_share', '0.1', '0.2', 'high')",
    "English word": "form.text.value = ' baba '",
    "English, frequent": "form.text.value = 'ba'",
    "Chinese, four characters": "form.text.value = TEXT.slice(0, 4)",
    "Chinese, two characters": "form.text.value = TEXT.slice(0, 2)",
    "Chinese, one frequent character": "form.text.value = '一'",
    "all of them": "form.outcome.value = 'kept'; form.language.value = 'zh'; form.text.value = TEXT.slice(0, 2); "
    "addRange('n_words', '10', '')",
    "none": "",
}


def main() -> None:
    """Makes the run, measures, and prints one line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        output = folder / f"run-{options.documents}"
        if not output.exists():
            make_run(output, options.documents)
        measure(output)


def measure(output: Path) -> None:
    """Measures the index and the page of one run."""
    start = time.perf_counter()
    path = open_index(read_stages(str(output)), 100_000, 0)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = os.path.getsize(path) / 1e6
    print(
        f"index: {time.perf_counter() - start:.1f} s (0 if it was kept), {size:,.0f} MB, at most {memory:,.0f} MiB used"
    )
    start = time.perf_counter()
    index = SearchIndex(open_index(read_stages(str(output)), 100_000, 0))
    print(f"index found again: {time.perf_counter() - start:.2f} s")
    marks = MarkFile(str(output / "marks.jsonl"))
    with ViewServer(0, index, marks) as server, chromium() as page:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        opened = []
        for _ in range(TIMES):
            page.open("about:blank")
            page.wait("location.href === 'about:blank'")
            index._found.clear()
            start = time.perf_counter()
            page.open(server.url)
            page.wait(READY)
            opened.append(time.perf_counter() - start)
        print(f"page opens: {told(opened)}; {page.run('document.querySelectorAll(`*`).length')} elements")
        page.run("globalThis.TEXT = ''")
        chinese = index._database.execute(
            "SELECT text FROM texts JOIN documents USING (position) WHERE language = 'zh'"
        )
        text = chinese.fetchone()[0]
        for name, change in FILTERS.items():
            seconds, total = [], 0
            for _ in range(TIMES):
                index._found.clear()  # otherwise only the first would search
                seconds.append(page.run(timed(change.replace("TEXT", json.dumps(text)))))
                total = page.run("total")
            print(f"filter {name}: {told(seconds)}; {total:,} documents")
        print(f"console: {page.console or 'empty'}")
        server.shutdown()


def timed(change: str) -> str:
    """Returns JavaScript that changes the filters from none, and gives the seconds until everything is drawn."""
    return f"""(async () => {{
        restoreFilters(new URLSearchParams());
        {change};
        const start = performance.now();
        await searchNow();
        await new Promise(requestAnimationFrame);
        return (performance.now() - start) / 1000;
    }})()"""


def told(seconds: list[float]) -> str:
    """Formats the median and the largest of some times."""
    return f"{statistics.median(seconds):.3f} s (at most {max(seconds):.3f} s)"


def make_run(output: Path, count: int) -> None:
    """Writes the tables and markers of a run with this many documents."""
    random = np.random.default_rng(1)
    words = sorted({"".join(random.choice(SYLLABLES, n)) for n in random.integers(1, 5, 30_000)})
    ranks = {name: zipf(len(some)) for name, some in (("en", words), ("zh", HAN))}
    stage(output, "extract", {}, None)
    stage(output, "filter", {"rules": [RULE]}, "extract")
    stage(output, "dedup", {}, "filter")
    docs = output / "extract" / "docs"
    (docs / "_batches").mkdir(parents=True)
    texts: list[str] = []
    for number, start in enumerate(range(0, count, PER_FILE)):
        rows, decisions, removals = [], [], []
        for doc_id in range(start, min(start + PER_FILE, count)):
            language = "zh" if doc_id % 2 else "en"
            size = int(random.lognormal(6.5 if language == "zh" else 5.8, 0.9)) + 20
            chosen = np.searchsorted(ranks[language], random.random(size))
            text = "".join(HAN[i] for i in chosen) if language == "zh" else " ".join(words[i] for i in chosen)
            if doc_id % 10 in (2, 3) and doc_id > 20:
                text = texts[doc_id % 10] + text[:40]
                removals.append(Removal(doc_id, "near", doc_id % 10, doc_id % 10, False, 0.9, doc_id % 10))
            if len(texts) < 10:
                texts.append(text)
            dropped = doc_id % 10 == 7
            decisions.append(
                Decision(doc_id, RULE["name"] if dropped else None, *((12.0, 50.0) if dropped else (None, None)))
            )
            rows.append(made_row(doc_id, language, text, random))
        write(docs / f"batch={number:05d}" / "kind=doc", DocsRow, rows)
        (docs / "_batches" / f"{number:05d}.json").write_text("{}")
        write(output / "filter" / "decisions", Decision, decisions, number)
        write(output / "dedup" / "removals", Removal, removals, number)


def made_row(doc_id: int, language: str, text: str, random: np.random.Generator) -> DocsRow:
    """Returns a row of the docs table with random signals."""
    numbers = dict(zip(Signals.__struct_fields__, random.random(len(Signals.__struct_fields__)).tolist(), strict=True))
    signals = {
        name: value for name, value in numbers.items() if not name.startswith(("n_", "c4_", "longest", "domain"))
    }
    host = f"www{doc_id % 3}.site{doc_id % 2000}.example"
    values: dict[str, Any] = dict.fromkeys(DocsRow.__struct_fields__)
    values |= {"kind": "doc", "doc_id": doc_id, "crawl": 1, "warc_index": 0, "warc_name": "w", "language": language}
    values |= {"host": host, "url": f"https://{host}/{doc_id}", "title": text[:40], "text": text, "n_chars": len(text)}
    return DocsRow(**values | {"signals": Signals(n_words=doc_id % 1000, **signals), "language_score": 0.9})


def zipf(size: int) -> np.ndarray:
    """Returns the cumulative shares of ranks in Zipf's distribution."""
    shares = 1 / np.arange(1, size + 1)
    return np.cumsum(shares / shares.sum())


def stage(output: Path, name: str, settings: dict[str, Any], upstream: str | None) -> None:
    """Writes marker and summary of a finished stage."""
    (output / name).mkdir(parents=True)
    for file in ("_stage.json", "_summary.json"):
        (output / name / file).write_text(json.dumps({"digest": name, "upstream": upstream, "settings": settings}))


def write(folder: Path, record: type, rows: list[Any], number: int = 0) -> None:
    """Writes one Parquet file of records."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_batches([record_batch(rows, arrow_schema(record))])
    dropped = ["kind"] if record is DocsRow else []
    pq.write_table(
        table.drop_columns(dropped), folder / f"part-{number:05d}.parquet", compression="zstd", row_group_size=1000
    )


if __name__ == "__main__":
    main()
