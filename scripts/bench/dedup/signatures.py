"""Measures the cost of a signature on one thread (ours, datasketch, rensa) and checks that ours equal datasketch's.

    python -m venv ENV && ENV/bin/pip install . datasketch rensa
    python -m scripts.bench.dedup.make_corpus DATA CORPUS.jsonl --documents 4000 --copies 0
    ENV/bin/python -m scripts.bench.dedup.signatures CORPUS.jsonl

First, signatures of real texts and of texts of random code points, including surrogates, are compared to datasketch's
bit for bit, in both schemes: a difference ends the run. Then all functions take turns on the same documents; a figure
is the median of the rounds, in processor time. The last column compares each with ours, for the same input and scheme;
rensa, which has its own scheme, with `affine32`.

given shingles  the sets are given as Python objects: bytes for datasketch and for us, strings for rensa, which is
                faster with them
from text       including key text and shingles; for the others by the plain definition in Python
drawn once      datasketch's permutations are reused; `MinHash(128)` draws them for each document
rensa's rho pipeline is excluded: it samples tokens, so its signatures are not of the whole text.
"""

import argparse
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import datasketch
import numpy as np

from scripts.bench.dedup.data import documented, read_documents
from sluice.core.config.dedup import MinHashConfig
from sluice.text.dedup.kernels.minhash import sha1_of_spans
from sluice.text.dedup.kernels.sha1 import BLOCK
from sluice.text.dedup.key_text import define_key, key_text
from sluice.text.dedup.minhash import signature
from sluice.text.dedup.shingles import shingle_hashes
from sluice.text.language.identify import UNSPACED, main_script

SCHEMES = ("affine32", "legacy")
PERMUTATIONS = 128
SIZE = 5
PARTS = documented(SIZE)
OURS = {scheme: MinHashConfig(bands=16, rows=PERMUTATIONS // 16, shingle=SIZE, scheme=scheme) for scheme in SCHEMES}
DRAWN = {scheme: datasketch.MinHash(PERMUTATIONS, scheme=scheme).permutations for scheme in SCHEMES}
Way = Callable[[], Any]


def from_text(text: str, scheme: str) -> np.ndarray:
    return signature(shingle_hashes(key_text(text), SIZE), OURS[scheme])


def from_shingles(parts: list[bytes], scheme: str) -> np.ndarray:
    data = np.frombuffer(b"".join([*parts, bytes(BLOCK + 3)]), np.uint8)
    ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)))
    return signature(sha1_of_spans(data, np.concatenate([[0], ends[:-1]]), ends), OURS[scheme])


def datasketch_signature(parts: list[bytes], scheme: str, drawn: Any = None) -> np.ndarray:
    sketch = datasketch.MinHash(PERMUTATIONS, permutations=drawn, scheme=scheme)
    sketch.update_batch(parts)
    return sketch.hashvalues


def encoded(text: str) -> list[bytes]:
    """The shingles of the plain definition."""
    return [part.encode("utf-8", "surrogatepass") for part in PARTS(text)]


def random_texts(number: int, rng: random.Random) -> Iterator[str]:
    """Texts of any code points, mixed with words and Han characters so that both kinds of shingles occur."""
    alphabets = [
        lambda: chr(rng.randrange(0x110000)),
        lambda: chr(rng.randrange(0x3000)),
        lambda: chr(rng.randrange(0x4E00, 0xA000)),
        lambda: rng.choice(["a", "é", " ", " ", "\u3000", "ﬃ", "Ａ", "e\u0301", "한", "ก", "か"]),
    ]
    for _ in range(number):
        some = rng.choices(alphabets, k=rng.randint(1, 3))
        yield "".join(rng.choice(some)() for _ in range(rng.randint(5, 400)))


def assert_equal(texts: list[str]) -> int:
    """Number of signatures compared; ends the run at the first difference. Texts without shingles have none."""
    compared = 0
    for text in texts:
        parts = encoded(text)
        for scheme in SCHEMES if parts else ():
            expected = datasketch_signature(parts, scheme)
            for ours in (from_text(text, scheme), from_shingles(parts, scheme)):
                if not np.array_equal(expected.astype(np.uint64), ours.astype(np.uint64)):
                    raise SystemExit(f"{scheme}: the signature of {text!r} is not datasketch's.")
                compared += 1
    return compared


def rensa_ways() -> dict[str, Callable[..., Any]]:
    """Its full signatures of many sets at once; empty if it is not installed."""
    try:
        import rensa
    except ImportError:
        print("rensa is not installed and is not compared")
        return {}
    return {
        f"rensa {version('rensa')} R-MinHash": rensa.RMinHash.digests_from_token_sets,
        f"rensa {version('rensa')} C-MinHash": rensa.CMinHash.digests_from_token_sets,
    }


def ways(texts: list[str]) -> dict[str, dict[str, Way]]:
    """The functions to time, by their input."""
    sets = [PARTS(text) for text in texts]
    strings, given = [list(parts) for parts in sets], [encoded(text) for text in texts]
    keys = [key_text(text) for text in texts]
    hashes = [shingle_hashes(key, SIZE) for key in keys]
    parts_of_ours: dict[str, Way] = {
        "key text": lambda: [key_text(text) for text in texts],
        "shingle hashes": lambda: [shingle_hashes(key, SIZE) for key in keys],
        "values, affine32": lambda: [signature(some, OURS["affine32"]) for some in hashes],
        "values, legacy": lambda: [signature(some, OURS["legacy"]) for some in hashes],
    }
    shingles: dict[str, Way] = {}
    whole: dict[str, Way] = {}
    for scheme in SCHEMES:
        shingles[f"sluice {scheme}"] = lambda s=scheme: [from_shingles(parts, s) for parts in given]
        whole[f"sluice {scheme}"] = lambda s=scheme: [from_text(text, s) for text in texts]
    for scheme in SCHEMES:
        for note, drawn in ((", drawn once", DRAWN[scheme]), ("", None)):
            name, call = f"datasketch {scheme}{note}", partial(datasketch_signature, scheme=scheme, drawn=drawn)
            shingles[name] = lambda call=call: [call(parts) for parts in given]
            whole[name] = lambda call=call: [call(encoded(text)) for text in texts]
    for name, digests in rensa_ways().items():
        shingles[name] = lambda digests=digests: digests(strings, PERMUTATIONS, 1)
        whole[name] = lambda digests=digests: digests([list(PARTS(text)) for text in texts], PERMUTATIONS, 1)
    return {"given shingles": shingles, "from text": whole, "(a part of ours)": parts_of_ours}


def measure(name: str, texts: list[str], rounds: int) -> None:
    """Prints a table of one group of documents."""
    characters = statistics.mean(map(len, texts))
    size = statistics.mean(len(PARTS(text)) for text in texts)
    print(f"\n{name}: {len(texts):,} documents, {characters:,.0f} characters and {size:,.0f} shingles on average")
    print(f"| {PERMUTATIONS} values per document | from | µs per document | times ours |")
    print("|---|---|---|---|")
    seconds: dict[tuple[str, str], list[float]] = {}
    turns = ways(texts)
    for _ in range(rounds):
        for start, some in turns.items():
            for way, call in some.items():
                began = time.process_time()
                call()
                seconds.setdefault((way, start), []).append(time.process_time() - began)
    medians = {key: statistics.median(values) for key, values in seconds.items()}
    for (way, start), value in medians.items():
        ours = medians.get(("sluice legacy" if "legacy" in way else "sluice affine32", start))
        print(f"| {way} | {start} | {1e6 * value / len(texts):.1f} | {f'{value / ours:.1f}' if ours else ''} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="JSON lines or Parquet with id and text")
    parser.add_argument("--documents", type=int, default=500, metavar="N", help="of each kind of script (%(default)s)")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ["RAYON_NUM_THREADS"] = "1"  # rensa creates its pool on first use
    texts = [text for text in read_documents(options.corpus).values() if PARTS(text)]
    groups = {
        "words": [text for text in texts if main_script(define_key(text)) not in UNSPACED][: options.documents],
        "characters": [text for text in texts if main_script(define_key(text)) in UNSPACED][: options.documents],
    }
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, one thread; ", end="")
    print(", ".join(f"{name} {version(name)}" for name in ("datasketch", "numpy", "numba")))
    arbitrary = list(random_texts(2_000, random.Random(options.seed)))
    compared = assert_equal([text for some in groups.values() for text in some] + arbitrary)
    print(f"{compared:,} signatures equal datasketch's bit for bit, {', '.join(SCHEMES)}")
    for name, some in groups.items():
        measure(name, some, options.rounds)


if __name__ == "__main__":
    main()
