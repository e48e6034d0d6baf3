"""The words of a text that hold a letter, joined by spaces: what a quality model looks at."""

from sluice.text.jit import kernel
from sluice.text.unicode.characters import LETTER, PRIVATE


@kernel
def join_words(codes, flags, starts, ends, most, out):
    """Code points of the first `most` words with a letter, a space between; returns their number in `out`.

    Controls, lone surrogates and other non-characters are left out of words. `out` needs room for all code
    points of the words and as many spaces.
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
