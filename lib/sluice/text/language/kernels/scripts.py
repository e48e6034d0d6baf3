"""Kernels that count letters by script, in a text and in its lines."""

import numpy as np

from sluice.text.jit import array_kernel, inlined
from sluice.text.unicode.kernels.code_points import look_up
from sluice.text.unicode.kernels.utf8 import code_point

ARAB, CYRL, DEVA, GREK, HANG, HANI, HEBR, JPAN, LATN, THAI, ZZZZ = range(1, 12)
NUM_SCRIPTS = 12
"""Length of `text.language.scripts.SCRIPTS`."""

LETTERS_PER_HAN = 3
"""Weight of a Han, kana or Hangul character, which carries as much information as about three letters."""


@inlined
def add_scripts(text, start, end, rows, scripts, counts):
    """Adds the letters of text[start:end] to counts [NUM_SCRIPTS]; counts[0] counts other characters."""
    i = start
    while i < end:
        code, width = code_point(text, i)
        counts[look_up(code, rows, scripts)] += 1
        i += width


@array_kernel
def count_scripts(text, rows, scripts):
    """Returns the letters by script, [NUM_SCRIPTS], of a text in UTF-8."""
    counts = np.zeros(NUM_SCRIPTS, np.int64)
    add_scripts(text, 0, len(text), rows, scripts, counts)
    return counts


@array_kernel
def judge_lines(text, rows, scripts, own, is_certain, min_weight, min_own_share, min_kana_share):
    """Classifies the lines of a text by script: letters in checked and foreign lines, and undecided lines [L, 3].

    own bool [NUM_SCRIPTS]: scripts of the text's language. is_certain: no other language uses them. Lines with a weight
    (letters, LETTERS_PER_HAN for Han, kana, Hangul) below min_weight are skipped. A line is foreign if its other
    letters have a share above 1 - min_own_share. It is undecided (start, end, letters) if its own letters have a share
    of at least min_own_share and the script is not certain. Han in a line with enough kana counts as kana.
    """
    counts = np.zeros(NUM_SCRIPTS, np.int64)
    undecided = np.empty((len(text) // min_weight + 1, 3), np.int64)
    judged = foreign = num_undecided = 0
    start = 0
    while start < len(text):
        end = start
        while end < len(text) and text[end] != 10:
            end += 1
        if end - start >= min_weight:  # in no script does a character weigh more than its bytes
            counts[:] = 0
            add_scripts(text, start, end, rows, scripts, counts)
            letters = counts[1:].sum()
            east_asian = counts[HANI] + counts[JPAN] + counts[HANG]
            if letters + (LETTERS_PER_HAN - 1) * east_asian >= min_weight:
                if counts[JPAN] >= min_kana_share * (counts[JPAN] + counts[HANI]) and not (own[HANI] and own[JPAN]):
                    counts[JPAN] += counts[HANI]
                    counts[HANI] = 0
                own_letters = 0
                for script in range(1, NUM_SCRIPTS):
                    if own[script]:
                        own_letters += counts[script]
                judged += letters
                if own_letters < (1 - min_own_share) * letters:
                    foreign += letters
                elif own_letters >= min_own_share * letters and not is_certain:
                    undecided[num_undecided, 0] = start
                    undecided[num_undecided, 1] = end
                    undecided[num_undecided, 2] = letters
                    num_undecided += 1
        start = end + 1
    return judged, foreign, undecided[:num_undecided]
