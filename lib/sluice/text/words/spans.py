"""Words as spans of code points: the same words as `data.dataset.words.words`, from compiled kernels.

Chinese words are identical to jieba's: same dictionary, same hidden Markov model, same arithmetic in the same order
(tests compare them on all available Chinese text). jieba's Python code takes about thirty times as long.
"""

import functools
import math
from importlib import metadata

import numpy as np
import numpy.typing as npt

from sluice.data.dataset.words import JIEBA_LANGUAGES
from sluice.text.shared_tables import Arrays, stored_arrays
from sluice.text.unicode.encoded_text import AnyText, EncodedText
from sluice.text.words.kernels.chinese import FIRST_HAN, NUM_HAN, STATES, insert_children, segment
from sluice.text.words.kernels.spaced import split_words

Spans = npt.NDArray[np.int32]


def word_spans(text: AnyText, language: str) -> tuple[Spans, Spans]:
    """Returns start and end of each word of a text in code points, [words] int32 each, including punctuation.

    A view of a text is segmented once per language.
    """
    return EncodedText.of(text).once(_segment, language)


def _segment(text: EncodedText, language: str) -> tuple[Spans, Spans]:
    codes, flags = text.codes, text.flags
    starts, ends = np.empty(len(codes), np.int32), np.empty(len(codes), np.int32)
    if language in JIEBA_LANGUAGES:
        d = jieba_tables()
        count = segment(
            codes, flags, d["roots"], d["keys"], d["children"], d["weights"], d["emissions"], d["model"], starts, ends
        )
    else:
        count = split_words(codes, flags, starts, ends)
    return starts[:count], ends[:count]


def fast_words(text: str, language: str) -> list[str]:
    """Returns the same as `data.dataset.words.words`, faster."""
    starts, ends = word_spans(text, language)
    return [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


@functools.cache
def jieba_tables() -> Arrays:
    """Returns jieba's dictionary as a trie, and its hidden Markov model.

    Node 0 is the root. `roots` [65,536] int32: child of the root by code point, or 0. `keys` uint64, `children` int32:
    open-addressing table from node << 21 | code point to the child. `weights` [nodes] float64: ln of the word's
    frequency as a share of the dictionary's total, NaN for a prefix that is not a word. `emissions` [states, Han]
    float64; `model`: start of each state, the eight transitions, and the weight of a character that is not a word.
    """
    return stored_arrays(f"jieba-{metadata.version('jieba')}", _build)


def _build() -> Arrays:
    import jieba
    from jieba import finalseg

    frequencies, total = jieba.Tokenizer.gen_pfdict(jieba.Tokenizer().get_dict_file())
    ids = {word: number for number, word in enumerate(frequencies, 1)}
    log_total = math.log(total)
    weights = [math.nan, *(math.log(n) - log_total if n else math.nan for n in frequencies.values())]
    roots = np.zeros(1 << 16, np.int32)
    keys, values = [], []
    for word, number in ids.items():
        if len(word) == 1:
            roots[ord(word)] = number
        else:
            keys.append(ids[word[:-1]] << 21 | ord(word[-1]))
            values.append(number)
    size = 1 << (2 * len(keys)).bit_length()
    table_keys, table_children = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    insert_children(table_keys, table_children, np.array(keys, np.uint64), np.array(values, np.int32))
    emissions = np.full((len(STATES), NUM_HAN), finalseg.MIN_FLOAT)
    for state, name in enumerate(STATES):
        for char, weight in finalseg.emit_P[name].items():
            if 0 <= ord(char) - FIRST_HAN < NUM_HAN:
                emissions[state, ord(char) - FIRST_HAN] = weight
    pairs = [(before, state) for state in STATES for before in sorted(finalseg.PrevStatus[state])]
    model = [
        *(finalseg.start_P[state] for state in STATES),
        *(finalseg.trans_P[before][state] for before, state in pairs),
        math.log(1) - log_total,
    ]
    return {
        "roots": roots,
        "keys": table_keys,
        "children": table_children,
        "weights": np.array(weights),
        "emissions": emissions,
        "model": np.array(model),
    }
