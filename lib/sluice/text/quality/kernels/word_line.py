"""Kernel that joins the words of a text with a letter by spaces, as input of quality models."""

from sluice.text.jit import kernel
from sluice.text.unicode.characters import LETTER, PRIVATE


@kernel
def join_words(codes, flags, starts, ends, most, out):
    """Writes code points of the first `most` words with a letter to `out`, separated by spaces. Returns their number.

    Control characters, lone surrogates and other non-characters are removed. `out` needs space for all code points of
    the words and as many spaces.
    """
    length = num_words = 0
    for i in range(len(starts)):
        if num_words == most:
            break
        has_letter = False
        for j in range(starts[i], ends[i]):
            if flags[j] & LETTER:
                has_letter = True
                break
        if not has_letter:
            continue
        if num_words:
            out[length] = 32
            length += 1
        for j in range(starts[i], ends[i]):
            if not flags[j] & PRIVATE:
                out[length] = codes[j]
                length += 1
        num_words += 1
    return length
