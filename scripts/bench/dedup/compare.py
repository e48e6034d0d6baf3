"""Removes near-duplicates with sluice and other tools, and counts missed pairs and false removals.

    python -m scripts.bench.dedup.make_corpus DATA CORPUS.jsonl --documents 64100 --copies 0.2 --templates 0.02
    python -m scripts.bench.dedup.all_pairs CORPUS.jsonl PAIRS.jsonl --threshold 0.6
    python -m scripts.bench.dedup.compare CORPUS.jsonl PAIRS.jsonl --data DATA --peer datasketch=ENV/bin/python …

An environment for each tool (Python 3.11, Java 17), with this repository's `lib` on its path:

    datasketch, datasketch-16x8  pip install datasketch numba msgspec
    text-dedup                   pip install text-dedup
    datatrove                    pip install 'datatrove[io,processing]' spacy jieba xxhash orjson
    distributed-curator          pip install 'pyspark==3.5.*' pandas pyarrow distributed-curator==0.1.6

PAIRS contains all pairs of the corpus at 0.6 or above, by brute force, with sluice's documented key and shingles. A
pair at 0.8 or above is found if not both of its documents are kept. A removal is false if no kept document is at 0.8 or
above to the removed one. Other tools have their own shingles, by which a pair may be slightly more similar; so removals
without a kept document at 0.6 or above are counted separately: they are false by any definition. With --data the pairs
of Chinese laws, raw Chinese web text and licences of the collection are compared, too; there, a removal is false only
if neither they nor sluice's definition confirm it.

Times are of the whole process, including its start; core time is that of all processes of its session, sampled ten
times per second.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from scripts.bench.dedup.all_pairs import all_pairs
from scripts.bench.dedup.data import Pair, json_rows, read_documents, read_pairs, table_rows
from sluice.text.dedup.key_text import define_key
from sluice.text.language.identify import UNSPACED, main_script

ROOT = Path(__file__).resolve().parents[3]
THRESHOLD, FAR = 0.8, 0.6
TICKS = os.sysconf("SC_CLK_TCK")


class Set(NamedTuple):
    """A corpus, all its pairs to find, and all pairs down to `FAR` by any definition."""

    name: str
    corpus: Path
    wanted: list[Pair]
    pairs: list[Pair]


class Cost(NamedTuple):
    """Seconds, and seconds of all cores."""

    wall: float
    core: float


def run(command: list[str], log: Path) -> Cost | None:
    """The cost of a command; None if it failed (see its log)."""
    began, used = time.perf_counter(), dict[int, float]()
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'lib'}", "TOKENIZERS_PARALLELISM": "false"}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, start_new_session=True, env=environment
        )
        while process.poll() is None:
            used |= session_seconds(process.pid)
            time.sleep(0.1)
    return Cost(time.perf_counter() - began, sum(used.values())) if process.returncode == 0 else None


def session_seconds(session: int) -> dict[int, float]:
    """Core seconds of every living process of a session, by its id."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[3]) == session:
            found[int(path.parent.name)] = (int(fields[11]) + int(fields[12])) / TICKS
    return found


def false_removals(removed: set[str], pairs: Iterable[Pair], least: float) -> set[str]:
    """Removed documents without a kept one at similarity `least`."""
    neighbours = defaultdict(set)
    for pair in pairs:
        if pair.jaccard >= least:
            neighbours[pair.a].add(pair.b)
            neighbours[pair.b].add(pair.a)
    return {name for name in removed if neighbours[name] <= removed}


def recall(pairs: list[Pair], removed: set[str]) -> str:
    """Share of the pairs of which not both documents are kept."""
    return f"{sum(pair.a in removed or pair.b in removed for pair in pairs) / len(pairs):.3f}" if pairs else "–"


def chinese_sets(data: Path, work: Path) -> list[Set]:
    """The reference pairs of the collection, with their texts as corpora."""
    laws = {row["id"]: row["text"] for row in json_rows(data / "lm" / "zh-hans-laws.jsonl.gz")}
    web = [row["text"] for row in json_rows(data / "zh-webtext" / "ia-wide15-zh.jsonl.gz")]
    licences = json_rows(data / "dedup" / "licence-variants.jsonl.gz")
    web_pairs = json_rows(data / "dedup" / "ia-wide15-zh-pairs.jsonl.gz")
    (work / "web-pairs.jsonl").write_text(
        "".join(
            json.dumps({"a": row["line_a"], "b": row["line_b"], "jaccard": row["jaccard"]}) + "\n" for row in web_pairs
        )
    )
    files = {
        "Chinese laws": (laws, data / "dedup" / "zh-laws-pairs.jsonl.gz"),
        "Chinese web text": ({str(i): text for i, text in enumerate(web)}, work / "web-pairs.jsonl"),
        "licences": (
            {f"{row['kind']}/{row['group']}/{row['variant']}": row["text"] for row in licences},
            data / "dedup" / "licence-variants-pairs.jsonl.gz",
        ),
    }
    sets = []
    for name, (documents, pairs) in files.items():
        corpus = work / f"{name.replace(' ', '-')}.jsonl"
        lines = (json.dumps({"id": key, "text": text}, ensure_ascii=False) for key, text in documents.items())
        corpus.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        wanted = read_pairs(pairs, THRESHOLD)
        sets.append(Set(name, corpus, wanted, read_pairs(pairs, FAR) + all_pairs(documents, FAR, 5)))
    return sets


def remove(tool: str, python: str, corpus: Path, out: Path, settings: list[str]) -> tuple[Cost, set[str]] | None:
    """Cost and removed ids of one tool; None if it failed."""
    if tool == "sluice":
        sets = [setting.format(corpus=corpus) for setting in settings] + [f"output={out}"]
        command = [python, f"{ROOT / 'jobs' / 'dedup.py'}"] + [part for s in sets for part in ("--set", s)]
    else:
        command = [python, f"{ROOT / 'scripts/bench/dedup/peers.py'}", tool, f"{corpus}", f"{out}"]
    cost = run(command, out / "log.txt")
    if cost is None:
        return None
    if tool == "sluice":
        return cost, {str(row["id"]) for row in table_rows(out / "dedup" / "removals")}
    return cost, set((out / "removed.txt").read_text(encoding="utf-8").split("\n")) - {""}


def compare(chosen: Set, peers: dict[str, str], settings: list[str], work: Path) -> None:
    """Prints a table of all tools on one corpus."""
    documents = read_documents(chosen.corpus)
    is_unspaced = {name: main_script(define_key(text)) in UNSPACED for name, text in documents.items()}
    sides = [[pair for pair in chosen.wanted if is_unspaced[pair.a] == side] for side in (True, False)]
    print(
        f"\n{chosen.name}: {len(documents):,} documents, {len(chosen.wanted):,} pairs at {THRESHOLD} and above, ",
        end="",
    )
    print(f"{len(sides[0]):,} of them without spaces\n")
    print("| tool | s | core s | core ms per document | removed | pairs found | without spaces | with | ", end="")
    print(f"false removals | nothing kept at {FAR} |\n|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for tool, python in peers.items():
        out = Path(tempfile.mkdtemp(dir=work, prefix=f"{tool}-"))
        done = remove(tool, python, chosen.corpus, out, settings)
        if done is None:
            print(f"| {tool} | failed, see {out / 'log.txt'} |", flush=True)
            continue
        cost, removed = done
        found = " | ".join(recall(pairs, removed) for pairs in (chosen.wanted, *sides))
        times = f"{cost.wall:.0f} | {cost.core:.0f} | {1000 * cost.core / len(documents):.2f}"
        wrong = " | ".join(f"{len(false_removals(removed, chosen.pairs, least)):,}" for least in (THRESHOLD, FAR))
        print(f"| {tool} | {times} | {len(removed):,} | {found} | {wrong} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="JSON lines, not compressed")
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--data", type=Path, help="the collection, for its small sets")
    parser.add_argument("--peer", action="append", default=[], metavar="TOOL=PYTHON", help="can be repeated")
    parser.add_argument(
        "--set",
        action="append",
        metavar="A.B=C",
        help="settings of jobs/dedup.py (default: source.inputs=[CORPUS]); {corpus} is replaced by the file",
    )
    parser.add_argument("--without-sluice", action="store_true", help="the other tools only")
    parser.add_argument("--work", type=Path, help="directory for the output of the tools (default: a temporary one)")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="bench-dedup-"))
    work.mkdir(parents=True, exist_ok=True)
    pairs = read_pairs(options.pairs, FAR)
    wanted = [pair for pair in pairs if pair.jaccard >= THRESHOLD]
    if len(wanted) == len(pairs):
        parser.error(f"{options.pairs} holds no pair below {THRESHOLD}. Run all_pairs.py with --threshold {FAR}.")
    peers = {} if options.without_sluice else {"sluice": sys.executable}
    peers |= dict(peer.partition("=")[::2] for peer in options.peer)
    for chosen in [Set(options.corpus.name, options.corpus, wanted, pairs)] + (
        chinese_sets(options.data, work) if options.data else []
    ):
        compare(chosen, peers, options.set or ["source.inputs=[{corpus}]"], work)


if __name__ == "__main__":
    main()
