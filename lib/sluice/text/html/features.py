"""Features that separate main text from menus: of each block, its elements, its neighbours and its page.

Compiled; linear in the size of the page, except for a sort of its blocks. Sources: text and link density (Kohlschütter
et al. 2010, "Boilerplate Detection using Shallow Text Features"), paragraph scores propagated to parents (Arc90's
Readability), repeated siblings and paths, prices (ours), log-odds of class words and words (ours, learned).
"""

from typing import NamedTuple

import numpy as np

from sluice.text.html.kernels import block_stats as counts
from sluice.text.html.kernels import first_round as kernels
from sluice.text.html.kernels import second_round
from sluice.text.html.kernels.first_round import LEVELS, NEIGHBOURS
from sluice.text.html.markup import Markup

TOKENS = counts.TOKENS


class Lexicon(NamedTuple):
    """Log-odds (content or not) of class words and of text words, as hash tables: keys uint64, values float32."""

    class_keys: np.ndarray
    class_values: np.ndarray
    word_keys: np.ndarray
    word_values: np.ndarray


_OWN = (
    "characters tokens mean_word link bold breaks pictures han digits upper marks_per_token ends commas first last "
    "lex_sum lex_mean lex_min lex_max title is_good tag depth context_distance class_own class_parent class_sum "
    "class_min class_max class_near"
).split()
_CONTEXTS = (
    "nav header footer aside article main form table list figure quote pre hidden link dialog button heading item "
    "definition paragraph cell label caption noscript"
).split()
_LEVEL = "tokens link good blocks share class lex repeated".split()
_GROUP = "size tokens link good".split()
_BEST = "in_best to_best from_best best_share meet_share meet_link meet_good".split()
_PLACE = (
    "index token_share tokens_left since_heading heading_tag heading_class after_title repeated repeat_distance".split()
)
_NEIGHBOUR = "tokens link good lex same_path same_parent heading".split()
_WINDOW = "tokens link good lex".split()
_FAMILY = "size share mean before in level".split()
_PAGE = "tokens link good blocks han largest best lex".split()

FEATURES: tuple[str, ...] = (
    *_OWN,
    *(f"in_{name}" for name in _CONTEXTS),
    *(f"level{level}_{name}" for level in range(1, LEVELS + 1) for name in _LEVEL),
    *(f"group_{name}" for name in _GROUP),
    *_BEST,
    *_PLACE,
    *(f"near{offset:+d}_{name}" for offset in NEIGHBOURS for name in _NEIGHBOUR),
    *(f"window_{name}" for name in _WINDOW),
    *(f"family_{name}" for name in _FAMILY),
    *(f"page_{name}" for name in _PAGE),
)


_CHOICE = (
    "own odds_before odds_after path page cumulative expected_rank since_first to_last heading family "
    "level1 level2 level3 level4 level5 window3 window8 max_before max_after near-3 near-2 near-1 near+1 near+2 near+3"
).split()
_SIBLINGS = (
    "size share chosen mean prices link pictures before agreed spread heading_first heading_lex heading_distance"
).split()
_PRICE = "own page page_share".split()
_SURE = "highest unsure expected chosen".split()
_CARDS = "share prices link chosen in".split()
SECOND_FEATURES: tuple[str, ...] = (
    *(f"first_{name}" for name in _CHOICE),
    *(f"{group}_siblings_{name}" for group in ("many", "outer") for name in _SIBLINGS),
    *(f"price_{name}" for name in _PRICE),
    *("top_heading_distance", "top_heading_first"),
    *(f"sure_{name}" for name in _SURE),
    *(f"cards_{name}" for name in _CARDS),
)


_USED = tuple(name for name in Markup._fields if name not in ("text", "node_value", "marks", "spans"))
_USED_SECOND = (
    "text block_start block_end block_node block_link block_pictures node_parent node_tag node_context node_path "
    "node_sign"
).split()


def feature_columns(markup: Markup) -> tuple[np.ndarray, np.ndarray]:
    """Allocates the features of both rounds: [FEATURES + SECOND_FEATURES, B] float32 zeros; also the second part."""
    columns = np.zeros((len(FEATURES) + len(SECOND_FEATURES), len(markup.block_start)), np.float32)
    return columns, columns[len(FEATURES) :]


def block_features(markup: Markup, title: bytes, lexicon: Lexicon, columns: np.ndarray) -> np.ndarray:
    """Fills `columns`, one per block, rows named by FEATURES. Returns the counts used, [B, NUM_STATS] float32."""
    table = counts.title_table(np.frombuffer(title, np.uint8))
    stats: np.ndarray = counts.block_stats(markup.text, markup.block_start, markup.block_end, table, *lexicon[2:])
    fields = (getattr(markup, name) for name in _USED)
    kernels.block_features(*fields, stats, *lexicon[:2], columns)
    return stats


def second_features(markup: Markup, stats: np.ndarray, first: np.ndarray, columns: np.ndarray) -> None:
    """Fills `columns` with the features SECOND_FEATURES.

    `stats` is the result of `block_features`, `first` [B] the first round's probabilities of all blocks.
    """
    second_round.second_features(*(getattr(markup, name) for name in _USED_SECOND), stats, first, columns)


def word_hashes(markup: Markup) -> tuple[np.ndarray, np.ndarray]:
    """Returns block and hash of every word and of every pair of adjacent Han characters, for training a lexicon."""
    blocks, hashes = counts.word_hashes(markup.text, markup.block_start, markup.block_end)
    return blocks, hashes
