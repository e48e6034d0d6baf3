"""Main text of a page: two rounds of decision trees over its blocks, then the choice with the highest expected F score.

Trained on pages with human or template truth by `scripts/models/train_main_text.py`, which also reports the quality on
unseen sites. Source: ours; two rounds as in stacked sequential learning (Cohen and Carvalho 2005), the choice after
"Optimal thresholding of classifiers to maximize F1" (Lipton et al. 2014).
"""

import hashlib
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np

from sluice.text.html.features import TOKENS, Lexicon, block_features, feature_columns, second_features
from sluice.text.html.kernels import render as kernels
from sluice.text.html.markup import Markup
from sluice.text.html.tags import BANNER
from sluice.text.html.trees import TREE_ARRAYS, Trees, predict

MODEL = "main_text.npz"
MAX_BLOCKS = 32_768
"""Pages with more blocks are lists or data, and would need much memory; all their text is kept."""
BETA = 0.65
"""The choice weights recall at 0.42 of precision (beta squared). A language model learns from everything it is given,
and a menu on every page does more harm than a missing line. On pages with known main text, 0.7 gives 0.0005 more F1 and
5 % more forbidden snippets."""
MIN_LIKELY = 1 / 3
"""Blocks with a lower probability are used only if no block has a higher one. They would raise F but are mostly
menus."""


BAR = ord("|")

ROUNDS = ("first", "second")
"""The second round uses the first round's probabilities of surrounding blocks."""


class Model(NamedTuple):
    """Lexicon and decision trees of both rounds."""

    lexicon: Lexicon
    first: Trees
    second: Trees


@cache
def load_model() -> Model:
    """Loads the model that ships with the package."""
    with resources.as_file(resources.files("sluice.text") / "data" / MODEL) as path, np.load(path) as arrays:
        return unpack(dict(arrays))


def model_digest() -> str:
    """Returns the SHA-256 of the shipped model in hex."""
    return hashlib.sha256((resources.files("sluice.text") / "data" / MODEL).read_bytes()).hexdigest()


def unpack(arrays: dict[str, np.ndarray]) -> Model:
    """Builds a model from its arrays: `class_keys` etc. sorted, trees as `first_*` and `second_*`."""
    lexicon = Lexicon(
        *hash_table(arrays["class_keys"], arrays["class_values"]),
        *hash_table(arrays["word_keys"], arrays["word_values"]),
    )
    first, second = (Trees.of({name: arrays[f"{round_}_{name}"] for name in TREE_ARRAYS}) for round_ in ROUNDS)
    return Model(lexicon, first, second)


def hash_table(keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Builds an open-addressing hash table that is at most half full."""
    capacity = 64
    while capacity < 2 * len(keys) + 2:
        capacity *= 2
    slots, held = np.zeros(capacity, np.uint64), np.zeros(capacity, np.float32)
    for key, value in zip(keys.tolist(), values.tolist(), strict=True):
        slot = key & (capacity - 1)
        while slots[slot]:
            slot = (slot + 1) & (capacity - 1)
        slots[slot], held[slot] = key, value
    return slots, held


def probabilities(markup: Markup, title: bytes, model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Returns for each block the probability of being main text, and its number of words; both float32."""
    columns, of_second_round = feature_columns(markup)
    stats = block_features(markup, title, model.lexicon, columns)
    second_features(markup, stats, predict(model.first, columns), of_second_round)
    return predict(model.second, columns), np.ascontiguousarray(stats[:, TOKENS])


def choose_main(markup: Markup, title: bytes, model: Model | None = None) -> np.ndarray:
    """Returns which blocks are main text: bool [B]. `title` is the text of <title>. Depends on the page only.

    Terms of a definition list belong to their definitions.
    """
    num_blocks = len(markup.block_start)
    if num_blocks == 0 or num_blocks > MAX_BLOCKS:
        return np.ones(num_blocks, np.bool_)
    likely, tokens = probabilities(markup, title, model or load_model())
    is_banner = (markup.node_context[markup.block_node] & BANNER) != 0
    if not is_banner.all():
        likely[is_banner] = 0
    chosen = best_choice(likely, tokens)
    chosen |= main_list(markup, tokens)
    complete: np.ndarray = kernels.with_terms(chosen, markup.block_node, markup.node_parent, markup.node_tag)
    return complete


def best_choice(likely: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Returns the blocks, bool [B], with the highest expected F score (BETA) in words: those above a probability."""
    return np.asarray(kernels.best_choice(likely, tokens, BETA, MIN_LIKELY))


def main_list(markup: Markup, tokens: np.ndarray) -> np.ndarray:
    """Returns the blocks of the list that makes up a page without running text (a directory, a table of contents)."""
    starts, ends, nodes, links = markup[1:5]
    return np.asarray(kernels.main_list(nodes, starts, ends, links, markup.node_parent, markup.node_sign, tokens))


def render(markup: Markup, chosen: np.ndarray) -> str:
    """Renders the chosen blocks as readable plain text.

    Paragraphs and headings are separated by empty lines. List items are on separate lines and start with a bullet. Rows
    of data tables are on one line, with cells separated by ` | `. Preformatted text keeps its spaces.
    """
    return render_places(markup, chosen, BAR)[0].decode("utf-8", "replace")


def render_places(markup: Markup, chosen: np.ndarray, bar: int) -> tuple[bytes, np.ndarray]:
    """Like `render`, with the byte `bar` between cells. Also returns int64 [B, 2]: where each block begins, -1
    for nowhere, and the data table that it is in, 0 for none.
    """
    nodes = (markup.node_parent, markup.node_tag, markup.node_context, markup.node_value)
    places = np.full((len(markup.block_start), 2), -1, np.int64)
    return kernels.render(*markup[:4], *nodes, chosen, bar, places).tobytes(), places
