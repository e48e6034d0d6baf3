"""Trains the main-text model that ships with sluice, and reports its quality on sites that it has not seen.

    pip install lightgbm
    python -m scripts.models.train_main_text                # writes lib/sluice/text/data/main_text.npz, about 3 minutes
    python -m scripts.models.train_main_text --cross-fit    # scores every page by a model that saw no page of its site

Blocks of a page are labelled by aligning their words with the page's true text. Two rounds of gradient-boosted trees
follow; the second gets the first one's scores of the whole page, which for training pages come from models that did not
see their site. Log-odds of class words and words are computed the same way, never from the page itself.
"""

import argparse
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

import lightgbm
import numpy as np
from numba import njit

from scripts.bench.main_text_data import FOLDS, HELD_OUT, TruthPage, data_root, iter_pages, precision_recall_f1, words
from sluice.text.html import main_text
from sluice.text.html.extract import title_bytes
from sluice.text.html.features import (
    FEATURES,
    SECOND_FEATURES,
    Lexicon,
    block_features,
    feature_columns,
    second_features,
    word_hashes,
)
from sluice.text.html.markup import Markup, parse

OUTPUT = Path(__file__).parents[2] / "lib/sluice/text/data" / main_text.MODEL
ROUNDS = 200
BOOSTING = {
    "objective": "cross_entropy",
    "learning_rate": 0.06,
    "num_leaves": 31,
    "min_data_in_leaf": 40,
    "min_sum_hessian_in_leaf": 0.5,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "max_bin": 127,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
MIN_SITES_CLASS, MIN_SITES_WORD = 4, 10
"""Minimum number of sites of a word in the lexicon."""
SMOOTHING = 2.0
SET_WEIGHT = {"asf-project-sites": 0.25}  # 193 pages of two templates
REFERENCE_WEIGHT = 0.25
AGED_WEIGHT = 0.1
"""Weight of each page's second copy, in the style before 2010: no class names, no sectioning elements, and on every
second page tables instead of lists."""
NAMES = re.compile(r"""\s(?:class|id|role|itemprop)\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE)
OLD_TAGS = [
    (re.compile(r"<[uo]l(?![\w-])[^>]*>", re.IGNORECASE), "<table><tr>"),
    (re.compile(r"</[uo]l\s*>", re.IGNORECASE), "</tr></table>"),
    (re.compile(r"<(/?)li(?![\w-])", re.IGNORECASE), r"<\1td"),
]
SECTIONS = re.compile(r"<(/?)(?:nav|header|footer|aside|article|main|section)(?![\w-])", re.IGNORECASE)
SNIPPET_WEIGHT = 0.12
LINE_WEIGHT = 1.5
"""Constant added to the number of words of a block to obtain its weight."""
MAX_CELLS = 600_000_000
"""Larger alignments (page words x true words) use shared 4-grams only."""


@dataclass
class Example:
    """A page with the share of each block that is main text, and each block's weight (0: unknown)."""

    page: TruthPage
    markup: Markup
    title: bytes
    share: np.ndarray
    weight: np.ndarray
    features: np.ndarray = field(default_factory=lambda: np.empty(0))
    stats: np.ndarray = field(default_factory=lambda: np.empty(0))
    counts: tuple = ()


@njit
def align(page, places, truth, bonus):
    """Marks the page words on the best common subsequence; consecutive matches earn a bonus."""
    n, m = len(page), len(truth)
    back = np.zeros((n + 1, m + 1), np.uint8)  # 1 up, 2 left, 3 match; 8: the match continues the one before
    total, run = np.zeros(m + 1, np.float32), np.full(m + 1, -1e9, np.float32)
    for i in range(1, n + 1):
        total_here, run_here = np.zeros(m + 1, np.float32), np.full(m + 1, -1e9, np.float32)
        follows = i > 1 and places[i - 1] - places[i - 2] == 1
        for j in range(1, m + 1):
            best, move = total[j], 1
            if total_here[j - 1] > best:
                best, move = total_here[j - 1], 2
            joined = 0
            if page[i - 1] == truth[j - 1]:
                value = 1 + total[j - 1]
                if follows and run[j - 1] + 1 + bonus > value:
                    value, joined = run[j - 1] + 1 + bonus, 8
                run_here[j] = value
                if value >= best:
                    best, move = value, 3
            back[i, j] = move | joined
            total_here[j] = best
        total, run = total_here, run_here
    hit = np.zeros(n, np.bool_)
    i, j, forced = n, m, False
    while i > 0 and j > 0:
        move = 3 if forced else back[i, j] & 7
        if move == 3:
            hit[i - 1] = True
            forced = (back[i, j] & 8) != 0
            i -= 1
            j -= 1
        elif move == 1:
            i -= 1
        else:
            j -= 1
    return hit


def block_texts(markup: Markup) -> list[str]:
    data = markup.text.tobytes()
    spans = zip(markup.block_start, markup.block_end, strict=True)
    return [data[start:end].decode("utf-8", "replace") for start, end in spans]


def matched_shares(blocks: list[list[str]], truth: list[str]) -> np.ndarray:
    """For each block, the share of its words that the true text has at that place of the page."""
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys(truth))}
    found, places, owners, place = [], [], [], 0
    for number, block in enumerate(blocks):
        for word in block:
            if word in vocabulary:
                found.append(vocabulary[word])
                places.append(place)
                owners.append(number)
            place += 1
    sizes = np.array([len(block) for block in blocks], float)
    hits = np.zeros(len(blocks))
    if found and len(found) * len(truth) < MAX_CELLS:
        hit = align(np.array(found), np.array(places), np.array([vocabulary[word] for word in truth]), 1.0)
        np.add.at(hits, np.array(owners)[hit], 1)
    shares = hits / np.maximum(sizes, 1)
    grams = {tuple(truth[i : i + 4]) for i in range(len(truth) - 3)}
    seen = set()
    for number, block in enumerate(blocks):  # text at a different place in the truth than on the page
        key = tuple(block)
        if len(block) >= 8 and shares[number] < 0.5 and key not in seen:
            shared = sum(tuple(block[i : i + 4]) in grams for i in range(len(block) - 3)) / (len(block) - 3)
            if shared > 0.8:
                shares[number] = shared
        seen.add(key)
    return shares


def aged(page: TruthPage) -> TruthPage:
    html = SECTIONS.sub(r"<\1div", NAMES.sub("", page.html))
    if len(page.html) % 2:
        for pattern, tags in OLD_TAGS:
            html = pattern.sub(tags, html)
    return replace(page, html=html)


def make_example(page: TruthPage, scale: float = 1.0) -> Example:
    data = page.html.encode("utf-8", "replace")
    markup = parse(data)
    texts = block_texts(markup)
    blocks = [words(text) for text in texts]
    sizes = np.array([len(block) for block in blocks], float)
    if page.text:
        share, known = matched_shares(blocks, words(page.text)), np.ones(len(blocks), bool)
    else:
        share, known = np.zeros(len(blocks)), np.zeros(len(blocks), bool)
        flat = [" ".join(text.split()) for text in texts]
        for snippets, value in ((page.required, 1.0), (page.forbidden, 0.0)):
            for snippet in filter(None, (" ".join(s.split()) for s in snippets)):
                for number, text in enumerate(flat):
                    if snippet in text:
                        share[number], known[number] = value, True
    # the F1 of a page counts words, and every page has the same weight; readers also see lines
    weight = np.where(known, (sizes + LINE_WEIGHT) / max((sizes * share).sum(), 30.0), 0)
    unwanted = (weight * (1 - share)).sum()
    if unwanted > 2:
        weight = np.where(share < 0.5, weight * 2 / unwanted, weight)
    if not page.text:
        weight = np.where(known, SNIPPET_WEIGHT, 0)
    weight *= scale * SET_WEIGHT.get(page.set, 1.0) * (REFERENCE_WEIGHT if page.is_reference else 1.0)
    return Example(page, markup, title_bytes(data, markup), share, weight)


def count_words(example: Example) -> tuple:
    """Hashes of class words and of words, each with its weight inside and outside of main text; a page has weight 1."""
    markup, share, weight = example.markup, example.share, example.weight
    inside, outside = np.zeros(len(markup.node_parent)), np.zeros(len(markup.node_parent))
    np.add.at(inside, markup.block_node, weight * share)
    np.add.at(outside, markup.block_node, weight * (1 - share))
    for node in range(len(inside) - 1, 0, -1):
        inside[markup.node_parent[node]] += inside[node]
        outside[markup.node_parent[node]] += outside[node]
    owner, hashes = word_hashes(markup)
    sizes = np.maximum(np.bincount(owner, minlength=len(share)), 1)
    tables = []
    for keys, good, bad in (
        (markup.word_hash, inside[markup.word_node], outside[markup.word_node]),
        (hashes, (weight * share / sizes)[owner], (weight * (1 - share) / sizes)[owner]),
    ):
        unique, inverse = np.unique(keys, return_inverse=True)
        good, bad = np.bincount(inverse, good, len(unique)), np.bincount(inverse, bad, len(unique))
        seen = good + bad > 0
        total = np.maximum(good + bad, 1e-12)
        mass = np.minimum(1, total if keys is markup.word_hash else np.bincount(inverse, minlength=len(unique)))
        tables.append((unique[seen], (good / total * mass)[seen], (bad / total * mass)[seen]))
    return tuple(tables)


def learn_lexicon(examples: list[Example]) -> tuple[np.ndarray, ...]:
    """Sorted keys and log-odds of class words, then of words."""
    result: list[np.ndarray] = []
    sites = {site: number for number, site in enumerate(sorted({e.page.site for e in examples}))}
    for which, min_sites in ((0, MIN_SITES_CLASS), (1, MIN_SITES_WORD)):
        tables = [(*e.counts[which], np.full(len(e.counts[which][0]), sites[e.page.site])) for e in examples]
        keys, good, bad, site = (np.concatenate(column) for column in zip(*tables, strict=True))
        unique, inverse = np.unique(keys, return_inverse=True)
        pairs = np.unique(np.stack([inverse, site], 1), axis=0)
        good, bad = np.bincount(inverse, good, len(unique)), np.bincount(inverse, bad, len(unique))
        prior = good.sum() / (good.sum() + bad.sum())
        odds = np.log((good + SMOOTHING * prior) / (bad + SMOOTHING * (1 - prior))) - np.log(prior / (1 - prior))
        kept = (np.bincount(pairs[:, 0], minlength=len(unique)) >= min_sites) & (np.abs(odds) > 0.3)
        result += [unique[kept], odds[kept].astype(np.float32)]
    return tuple(result)


def as_lexicon(learned: tuple[np.ndarray, ...]) -> Lexicon:
    return Lexicon(*main_text.hash_table(*learned[:2]), *main_text.hash_table(*learned[2:]))


def measure(example: Example, lexicon: Lexicon) -> None:
    columns, _ = feature_columns(example.markup)
    example.stats = block_features(example.markup, example.title, lexicon, columns)
    example.features = np.ascontiguousarray(columns[: len(FEATURES)].T)


def with_second_round(example: Example, opinion: np.ndarray) -> np.ndarray:
    """The features of both rounds."""
    _, columns = feature_columns(example.markup)
    second_features(example.markup, example.stats, opinion, columns)
    return np.concatenate([example.features, columns.T], axis=1)


def boost(examples: list[Example], features: list[np.ndarray]) -> lightgbm.Booster:
    used = [e.weight > 0 for e in examples]
    rows = np.concatenate([f[u] for f, u in zip(features, used, strict=True)])
    labels = np.concatenate([np.clip(e.share[u], 0, 1) for e, u in zip(examples, used, strict=True)])
    weights = np.concatenate([e.weight[u] for e, u in zip(examples, used, strict=True)])
    data = lightgbm.Dataset(rows, labels, weight=weights * len(weights) / weights.sum())
    return lightgbm.train(BOOSTING, data, ROUNDS)


def train(examples: list[Example]) -> dict[str, np.ndarray]:
    """Trains a model and returns its arrays. Changes the features of the examples."""
    folds = sorted({e.page.fold for e in examples})
    for fold in folds:
        lexicon = as_lexicon(learn_lexicon([e for e in examples if e.page.fold != fold]))
        for example in examples:
            if example.page.fold == fold:
                measure(example, lexicon)
    opinions: dict[int, np.ndarray] = {}
    for half in (folds[: len(folds) // 2], folds[len(folds) // 2 :]):
        seen = [e for e in examples if e.page.fold not in half]
        model = boost(seen, [e.features for e in seen])
        for example in examples:
            if example.page.fold in half:
                opinions[id(example)] = model.predict(example.features).astype(np.float32)
    first = boost(examples, [e.features for e in examples])
    second = boost(examples, [with_second_round(e, opinions[id(e)]) for e in examples])
    names = ("class_keys", "class_values", "word_keys", "word_values")
    arrays = dict(zip(names, learn_lexicon(examples), strict=True))
    for name, booster in (("first", first), ("second", second)):
        arrays |= {f"{name}_{key}": value for key, value in tree_arrays(booster).items()}
    return arrays


def tree_arrays(booster: lightgbm.Booster) -> dict[str, np.ndarray]:
    """LightGBM's trees in the form that `sluice.text.html.trees.Trees.of` expects."""
    roots, feature, threshold, children, leaves = [], [], [], [], []
    for tree in booster.dump_model()["tree_info"]:

        def add(node: dict) -> int:
            if "leaf_value" in node:
                leaves.append(node["leaf_value"])
                return -len(leaves)
            here = len(feature)
            feature.append(node["split_feature"])
            value = np.float32(node["threshold"])  # rounded down, so that float32 features compare as LightGBM did
            threshold.append(np.nextafter(value, np.float32(-np.inf)) if value > node["threshold"] else value)
            children.append([0, 0])
            children[here] = [add(node["left_child"]), add(node["right_child"])]
            return here

        roots.append(add(tree["tree_structure"]))
    return {
        "roots": np.array(roots, np.int32),
        "feature": np.array(feature, np.int16),
        "threshold": np.array(threshold, np.float32),
        "children": np.array(children, np.int32),
        "leaves": np.array(leaves, np.float32),
    }


def report(examples: list[Example], arrays: dict[str, np.ndarray], scores: dict[str, list]) -> None:
    """Adds to `scores`, by set, the scores of pages whose truth is from a person or a template."""
    model = main_text.unpack(arrays)
    for example in examples:
        if example.page.text and not example.page.is_reference:
            chosen = main_text.choose_main(example.markup, example.title, model)
            text = main_text.render(example.markup, chosen)
            score = precision_recall_f1(text, example.page.text)
            scores[example.page.set].append(score)
            if example.page.page_type:
                scores[f"{example.page.set}: {example.page.page_type}"].append(score)


def count_snippets(examples: list[Example], arrays: dict[str, np.ndarray], counts: Counter) -> None:
    """Adds to `counts` the required and forbidden snippets: all, and those in the main text."""
    model = main_text.unpack(arrays)
    for example in examples:
        flat = " ".join(
            main_text.render(example.markup, main_text.choose_main(example.markup, example.title, model)).split()
        )
        for kind, snippets in (("found", example.page.required), ("leaked", example.page.forbidden)):
            for snippet in filter(None, (" ".join(s.split()) for s in snippets)):
                counts[example.page.set, kind, snippet in flat] += 1


def show(scores: dict[str, list]) -> None:
    print(f"{'set':32}{'pages':>6}{'precision':>11}{'recall':>8}{'F1':>8}")
    for name, values in sorted(scores.items()):
        precision, recall, f1 = np.mean(values, 0)
        print(f"{name:32}{len(values):6}{precision:11.4f}{recall:8.4f}{f1:8.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cross-fit", action="store_true", help="report on every fold in turn; writes no model")
    options = parser.parse_args()
    began = time.monotonic()
    pages = list(iter_pages(data_root()))
    examples = [make_example(page) for page in pages]
    copies = [make_example(aged(page), AGED_WEIGHT) for page in pages if page.set != "asf-project-sites"]
    for example in examples + copies:
        example.counts = count_words(example)
    num_blocks = sum(len(e.share) for e in examples)
    print(f"{len(examples)} pages, {num_blocks:,} blocks, {len(FEATURES)} + {len(SECOND_FEATURES)} features")
    scores: dict[str, list] = defaultdict(list)
    aged_scores: dict[str, list] = defaultdict(list)
    snippets: Counter = Counter()
    for fold in range(FOLDS) if options.cross_fit else [HELD_OUT]:
        seen = [e for e in examples + copies if e.page.fold != fold]
        arrays = train(seen)
        report([e for e in copies if e.page.fold == fold], arrays, aged_scores)
        count_snippets([e for e in examples if e.page.fold == fold], arrays, snippets)
        report([e for e in examples if e.page.fold == fold], arrays, scores)
        print(
            f"fold {fold}: trained on {len(seen)} pages, {time.monotonic() - began:.0f} s since the start", flush=True
        )
    if not options.cross_fit:
        np.savez_compressed(OUTPUT, **arrays)
        print(f"wrote {OUTPUT} ({OUTPUT.stat().st_size:,} bytes)")
    print("Pages of sites that the scoring model has not seen:")
    show(scores)
    for name, kind in sorted({key[:2] for key in snippets}):
        yes, no = snippets[name, kind, True], snippets[name, kind, False]
        print(f"{name}: {kind} {yes} of {yes + no} snippets, {yes / (yes + no):.4f}")
    print("The same without class names and sectioning elements:")
    show(aged_scores)


if __name__ == "__main__":
    main()
