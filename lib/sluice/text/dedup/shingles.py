"""Shingles, by which near-duplicates are compared: script-aware, computed on the key text (`text.dedup.key_text`).

A Jaccard value depends on key text and shingles. Shingles are sets of 5 letters, digits or marks in unspaced scripts
(Han, kana, Thai), and of 5 words elsewhere, where a word is a run of letters, marks, digits and underscores. Marks
belong to both, because the vowels of Hindi, Tamil, Khmer and other languages are marks; spaces and punctuation to none.
"""

import numpy as np
import numpy.typing as npt

from sluice.text.dedup.kernels.minhash import hash_shingles
from sluice.text.dedup.kernels.sets import count_common
from sluice.text.language.identify import UNSPACED, main_script
from sluice.text.unicode.characters import WORD, flags_of, table
from sluice.text.unicode.encoded_text import AnyText, EncodedText

Hashes = npt.NDArray[np.uint64]


def shingles(key: str, size: int) -> frozenset[str]:
    """Returns the distinct shingles of a key text: `size` characters of words, or `size` words joined with spaces.

    A text shorter than one shingle has none; otherwise all such texts would count as equal.
    """
    if main_script(key) in UNSPACED:
        solid = "".join(words(key))
        return frozenset(solid[i : i + size] for i in range(len(solid) - size + 1))
    tokens = words(key)
    return frozenset(" ".join(tokens[i : i + size]) for i in range(len(tokens) - size + 1))


def words(key: str) -> list[str]:
    """Returns the runs of letters, digits, underscores and combining marks.

    >>> words("हिन्दी में, snake_case!")
    ['हिन्दी', 'में', 'snake_case']
    """
    return "".join(char if flags_of(char) & WORD else " " for char in key).split()


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Returns the exact Jaccard similarity of two shingle sets; 0 if both are empty."""
    common = len(a & b)
    union = len(a) + len(b) - common
    return common / union if union else 0.0


def shingle_hashes(key: AnyText, size: int) -> Hashes:
    """Returns the first 8 bytes of SHA-1, little-endian, of each distinct shingle: datasketch's 64-bit input hash.

    [n] uint64, one for each of `shingles(key, size)`, in order of first occurrence. The lower halves are datasketch's
    32-bit input hashes.
    """
    view = EncodedText.of(key)
    data = np.frombuffer(view.wtf8, np.uint8)
    hashes: Hashes = hash_shingles(data, *table(), size, main_script(view) in UNSPACED)
    return hashes


def shingle_set(key: AnyText, size: int) -> Hashes:
    """Returns the hashes of `shingles(key, size)` for comparison: ascending, [n] uint64.

    A text with a million distinct shingles has a collision with a probability of one in 37 million.
    """
    return np.sort(shingle_hashes(key, size))


def similarity(a: Hashes, b: Hashes) -> float:
    """Returns `jaccard` of two shingle sets as returned by `shingle_set`."""
    common = count_common(a, b)
    union = len(a) + len(b) - common
    return common / union if union else 0.0
