"""Makes corpora of real texts with planted near-duplicates, for the benchmarks of deduplication.

    python -m scripts.bench.dedup.make_corpus DATA OUT.jsonl --documents 62500 --copies 0.2   # 50,000 real texts, edits
    python -m scripts.bench.dedup.make_corpus DATA OUT.jsonl.gz --documents 1000000 --copies 0.3

DATA is the collection that SLUICE_SHARED_DATA names. OUT gets one object per line (`id`, `text`), in random order;
OUT.truth.jsonl describes each: `id`, `kind`, `source` or `of` (the id it was copied from), `family`. Equal arguments
write equal files.

real       laws, encyclopaedias, web pages (all their text), raw web text, novels, verse, newspaper and licences, cut at
           paragraph borders to the size of web documents, half of them in scripts without spaces (Chinese, mostly) and
           half of them in others; all texts are different. If the collection has too few of that size they are cut
           finer, which is logged.
mosaic     if more are requested than can be cut: stretches of three to six real texts. Hardly any is a duplicate, so
           large corpora have as many copies per text as small ones.
template   families that share a frame with different articles, one family of 552; not duplicates at 0.8
copies     exact · light (1 to 3 units) · scattered edits, one block replaced, cut short (each at a Jaccard similarity
           drawn from 0.6 to 0.99) · framed by boilerplate · variant (simplified to traditional or back) · width (full
           width) · case. A fifth of the copies are copies of copies. A unit is a word, or a character in scripts
           without spaces.
"""

import argparse
import functools
import gzip
import json
import random
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from scripts.bench.charset import pages
from scripts.bench.pii import json_lines
from sluice.text.charset import decode
from sluice.text.html import extract
from sluice.text.language.chinese_variant import load_sections, simplified_forms
from sluice.text.language.identify import UNSPACED, main_script

SIDES = ("unspaced", "spaced")
NATURAL = {"unspaced": 900, "spaced": 2500}
"""First choice of the median size in characters of a web document's text: both are about 2.5 kB."""
LEAST = {"unspaced": 100, "spaced": 300}
FINER = 0.9
SHINGLE = 5
SIMILARITIES = (0.6, 0.99)
CHAINED = 0.2
LARGEST_FAMILY = 552
"""Pages of the largest site with one template in the collection."""
SENTENCE_END = re.compile(r"(?<=[。！？])|(?<=[.!?] )")
COPIES: dict[str, tuple[str, ...]] = {
    "unspaced": ("exact", "light", "scattered", "block", "truncated", "framed", "variant", "width"),
    "spaced": ("exact", "light", "scattered", "block", "truncated", "framed", "case", "width"),
}
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}


class Text(NamedTuple):
    """A real text: the set it is from, the kind of script, and the text."""

    source: str
    side: str
    text: str


class Item(NamedTuple):
    """The plan of a document; `parent` is the position of another one, `family` that of its frame."""

    kind: str
    side: str
    parent: int | None = None
    family: int | None = None


# Real texts


def sources(data: Path) -> Iterator[tuple[str, str]]:
    """Set and text of every document of the collection."""
    for name in ("zh-hans-laws", "zh-hans-wiki-cmrc", "zh-hant-wiki-drcd"):
        yield from ((name, row["text"]) for row in json_lines(data / "lm" / f"{name}.jsonl.gz"))
    yield "zh-hant-poems", "\n".join(row["text"] for row in json_lines(data / "lm" / "zh-hant-poems.jsonl.gz"))
    for path in sorted((data / "lm").glob("*.txt.gz")):
        text = gzip.decompress(path.read_bytes()).decode()
        parts = re.split(r"(?m)^(?= = [^=].*[^=] = $)", text) if "wikitext" in path.name else [text]
        yield from ((path.name.removesuffix(".txt.gz"), part) for part in parts)
    for path in sorted((data / "zh-webtext").glob("*.jsonl.gz")):
        yield from (("zh-webtext", row.get("text") or row["raw_content"]) for row in json_lines(path))
    yield from (("licences", row["text"]) for row in json_lines(data / "dedup" / "licence-variants.jsonl.gz"))
    for page in pages(data):
        yield "pages", extract.extract_text(decode.decode(page.payload, page.header_charset).text, "all")


def cut(text: str, sizes: Iterator[float], least: int) -> Iterator[str]:
    """Pieces of whole paragraphs, each of the next size or slightly more, in characters.

    Sentences replace a paragraph that is longer than that size; a remainder of less than `least` is dropped.
    """
    size, piece = next(sizes), ""
    for paragraph in filter(None, map(str.strip, text.splitlines())):
        for part in SENTENCE_END.split(paragraph + "\n") if len(paragraph) > size else [paragraph + "\n"]:
            piece += part
            if len(piece) >= size:
                yield piece.strip()
                size, piece = next(sizes), ""
    if len(piece) > least:
        yield piece.strip()


def real_texts(wholes: list[Text], side: str, wanted: int, seed: int) -> tuple[list[Text], float]:
    """`wanted` different pieces of one side in random order, as large as the collection allows, and the target median.

    All pieces if even those of the least size are too few.
    """
    median = float(NATURAL[side])
    while True:
        sizes = drawn_sizes(median, LEAST[side], random.Random(f"{seed} {side}"))
        found: dict[str, Text] = {}
        for whole in wholes:
            if whole.side == side:
                found |= {piece: whole._replace(text=piece) for piece in cut(whole.text, sizes, LEAST[side])}
        if len(found) >= wanted or median * FINER < LEAST[side]:
            pieces = list(found.values())
            random.Random(f"{seed} {side} order").shuffle(pieces)
            return pieces[:wanted], median
        median *= FINER


def drawn_sizes(median: float, least: int, rng: random.Random) -> Iterator[float]:
    """Log-normal sizes, like those of web documents, without the longest."""
    while True:
        yield min(max(median * rng.lognormvariate(0, 0.7), least), 8 * median)


# Edits: functions of a text, its side, a random generator and another real text


def units(text: str, side: str) -> list[str]:
    """Characters, or words with the white space after them."""
    return list(text) if side == "unspaced" else re.findall(r"\S+\s*", text)


def stretch(text: str, side: str, length: int, rng: random.Random) -> list[str]:
    """`length` consecutive units, or all if there are fewer."""
    parts = units(text, side)
    start = rng.randrange(max(1, len(parts) - length + 1))
    return parts[start : start + length]


def scatter(text: str, side: str, changes: int, rng: random.Random, other: str) -> str:
    """Replaces, inserts or drops units at random positions; new units are from another text."""
    parts, donors = units(text, side), units(other, side)
    for position in rng.sample(range(len(parts)), min(changes, len(parts))):
        donor, way = rng.choice(donors), rng.randrange(4)
        parts[position] = "" if way == 0 else donor + parts[position] if way == 1 else donor
    return "".join(parts)


def edited(kind: str, text: str, side: str, rng: random.Random, other: str) -> str:
    """A copy of one kind. For a target similarity J: of n shingles d = n (1 - J) / (1 + J) must change."""
    similarity = rng.uniform(*SIMILARITIES)
    parts = units(text, side)
    changed = len(parts) * (1 - similarity) / (1 + similarity)
    if kind == "light":
        return scatter(text, side, rng.randint(1, 3), rng, other)
    if kind == "scattered":
        return scatter(text, side, max(1, round(changed / SHINGLE)), rng, other)
    if kind == "block":
        length = max(1, round(changed))
        start = rng.randrange(max(1, len(parts) - length))
        return "".join(parts[:start] + stretch(other, side, length, rng) + parts[start + length :])
    if kind == "truncated":
        return "".join(parts[: max(1, round(similarity * len(parts)))])
    if kind == "framed":
        before, after = (stretch(other, side, rng.randint(5, 40), rng) for _ in range(2))
        return "\n".join(["".join(before), text, "".join(after)][rng.randrange(2) :])
    if kind == "variant":
        traditional = text.translate(traditional_forms())
        return traditional if traditional != text else text.translate(simplified_forms())
    if kind == "width":
        return text.translate(FULL_WIDTH)
    if kind == "case":
        return rng.choice((str.upper, str.lower, str.title))(text)
    return text  # exact


@functools.cache
def traditional_forms() -> dict[int, int]:
    """The inverse of `simplified_forms`, for characters that are only simplified (后 and 制 are not).

    Of several forms the first in Big5, which is ordered by strokes: 当 is 當 more often than 噹.
    """
    simplified_only = set(map(ord, load_sections()["simplified"]))
    forms = sorted(simplified_forms().items(), key=lambda pair: big5(chr(pair[0])), reverse=True)
    return {to: char for char, to in forms if to in simplified_only}


def big5(char: str) -> bytes:
    """The position in Big5; after all others if it has none."""
    try:
        return char.encode("big5")
    except UnicodeEncodeError:
        return b"\xff" + char.encode()


# The corpus


def plan_items(real: list[Text], documents: int, copies: float, templates: float, seed: int) -> list[Item]:
    """The kind of each document, real ones first and each copy after its original."""
    rng = random.Random(f"{seed} plan")
    items = [Item("real", text.side) for text in real]
    num_copies, num_templates = round(documents * copies), round(documents * templates)
    items += [Item("mosaic", SIDES[i % 2]) for i in range(documents - num_copies - num_templates - len(items))]
    family, left = 0, num_templates
    while left > 0:
        size = min(left, rng.randint(20, 60) if family else LARGEST_FAMILY)
        items += [Item("template", SIDES[family % 2], family=family)] * size
        family, left = family + 1, left - size
    first_copy = len(items)
    for _ in range(num_copies):
        is_chained = len(items) > first_copy and rng.random() < CHAINED
        parent = rng.randrange(first_copy, len(items)) if is_chained else rng.randrange(first_copy)
        side = items[parent].side
        items.append(Item(rng.choice(COPIES[side]), side, parent=parent))
    return items


class Maker:
    """Creates any document of a plan, independent of the others."""

    def __init__(self, real: list[Text], items: list[Item], seed: int) -> None:
        self.real, self.items, self.seed = real, items, seed
        self.by_side: dict[str, list[str]] = defaultdict(list)
        for text in real:
            self.by_side[text.side].append(text.text)

    def text(self, position: int) -> str:
        item = self.items[position]
        if item.kind == "real":
            return self.real[position].text
        rng = random.Random(f"{self.seed} {position}")
        if item.kind == "mosaic":
            return self.mosaic(item.side, rng.lognormvariate(0, 0.5), rng)
        if item.family is not None:
            frame_rng = random.Random(f"{self.seed} family {item.family}")
            ratio = frame_rng.uniform(0.5, 6)  # frame size / article size: similarities of ratio / (ratio + 2)
            frame = self.mosaic(item.side, 0.25 * ratio, frame_rng)
            article = self.mosaic(item.side, 0.25, rng)
            half = len(frame) // 2
            return f"{frame[:half]}\n{article}\n{frame[half:]}"
        assert item.parent is not None
        return edited(item.kind, self.text(item.parent), item.side, rng, rng.choice(self.by_side[item.side]))

    def mosaic(self, side: str, scale: float, rng: random.Random) -> str:
        """Stretches of three to six real texts, together as long as a median real text times `scale`."""
        texts = rng.sample(self.by_side[side], rng.randint(3, 6))
        middle = statistics.median(len(units(text, side)) for text in texts)
        length = max(8, round(scale * middle / len(texts)))
        return "\n".join("".join(stretch(text, side, length, rng)).strip() for text in texts)


def rows(maker: Maker) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Documents and their description, shuffled; ids are positions in that order."""
    order = list(range(len(maker.items)))
    random.Random(f"{maker.seed} order").shuffle(order)
    width = len(str(len(order)))
    ids = {position: f"d{i:0{width}d}" for i, position in enumerate(order)}
    for position in order:
        item = maker.items[position]
        truth = {"id": ids[position], "kind": item.kind, "side": item.side}
        if item.kind == "real":
            truth["source"] = maker.real[position].source
        if item.parent is not None:
            truth["of"] = ids[item.parent]
        if item.family is not None:
            truth["family"] = item.family
        yield {"id": ids[position], "text": maker.text(position)}, truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path, help="JSON lines; gzip when the name ends in .gz")
    parser.add_argument("--documents", type=int, default=62_500, help="number of documents (default: %(default)s)")
    parser.add_argument("--copies", type=float, default=0.2, metavar="SHARE", help="edited copies (%(default)s)")
    parser.add_argument("--templates", type=float, default=0.0, metavar="SHARE", help="template pages (%(default)s)")
    parser.add_argument("--real", type=int, default=50_000, metavar="N", help="real texts at most (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    others = round(options.documents * options.copies) + round(options.documents * options.templates)
    wanted = min(options.real, options.documents - others)
    if wanted < 100:
        parser.error(f"{options.documents} documents less {others} copies and template pages leave fewer than 100.")
    wholes = [Text(name, side_of(text), text) for name, text in sources(options.data) if text]
    real: list[Text] = []
    for side in SIDES:
        texts, median = real_texts(wholes, side, wanted // 2, options.seed)
        real += texts
        finer = f"; cut finer, the natural median being {NATURAL[side]}" if median < NATURAL[side] else ""
        print(f"{side}: {len(texts):,} real texts, median aimed at {median:.0f} characters{finer}")
        if len(texts) < wanted // 2:
            print(f"  {wanted // 2:,} were wanted: the collection holds no more of {LEAST[side]} characters and above")
    maker = Maker(
        real, plan_items(real, options.documents, options.copies, options.templates, options.seed), options.seed
    )
    write(maker, options.output)


def side_of(text: str) -> str:
    return SIDES[0] if main_script(text) in UNSPACED else SIDES[1]


def write(maker: Maker, output: Path) -> None:
    """Writes both files and prints a summary."""
    opened: Callable[..., Any] = gzip.open if output.name.endswith(".gz") else open
    kinds: Counter[str] = Counter()
    lengths: dict[str, list[tuple[int, int]]] = defaultdict(list)
    truth_path = output.with_name(output.name.removesuffix(".gz").removesuffix(".jsonl") + ".truth.jsonl")
    with opened(output, "wt", encoding="utf-8") as texts, truth_path.open("w", encoding="utf-8") as truths:
        for document, truth in rows(maker):
            texts.write(json.dumps(document, ensure_ascii=False) + "\n")
            truths.write(json.dumps(truth, ensure_ascii=False) + "\n")
            kinds[truth["kind"]] += 1
            lengths[truth["side"]].append((len(document["text"]), len(document["text"].encode())))
    for side, pairs in lengths.items():
        for name, values in zip(("characters", "bytes"), zip(*pairs, strict=True), strict=True):
            print(f"{side}: {len(values):,} documents, {name}: median {statistics.median(values):,.0f}, ", end="")
            print(f"mean {statistics.mean(values):,.0f}")
    print(f"{output}: {', '.join(f'{count:,} {kind}' for kind, count in kinds.most_common())}")
    print(f"real texts by set: {dict(Counter(text.source for text in maker.real).most_common())}; {truth_path}")


if __name__ == "__main__":
    main()
