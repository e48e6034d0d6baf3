"""Detection of pages in an unwanted language from their HTML, before the main text is extracted.

Menus and footers may be in another language than the text. So only long runs of text outside links are classified, two
samples of them must agree, and a page with too little text is not skipped. Ours.
"""

from collections.abc import Sequence

import numpy as np

from sluice.core.config.extract import PrecheckConfig
from sluice.text.language.decision import decide_language
from sluice.text.language.identify import Language, LanguageIdentifier
from sluice.text.language.kernels import precheck as kernels
from sluice.text.language.labels import NOT_LANGUAGES
from sluice.text.language.scripts import CHINESE

MAX_HTML = 100_000
"""Number of characters (bytes, for bytes input) read from the start of a page."""
MIN_RUN_BYTES = 60
MIN_PLAIN_SHARE = 0.7
"""Minimum share of a run outside of links."""
ENOUGH_BYTES = 2_000
"""Reading stops when runs have this many bytes in total."""

NUM_RUNS = 8
RUN_BYTES = 100
"""Bytes used from the start of each of the longest runs, which are assigned to the two samples alternately."""
MIN_SAMPLE_BYTES = 150
"""Minimum length of each sample; with less, no page is skipped."""
MIN_HAN = 20
MAX_KANA_SHARE = 0.05
"""If Chinese is wanted, a page with this many Han characters and a smaller share of kana is never skipped."""


class Precheck:
    """Checks pages if only some languages (short codes) are wanted. Pickled with its identifier.

    `min_score` is the minimum probability, in both samples, of unwanted languages.
    """

    def __init__(
        self,
        languages: Sequence[str] | None,
        identifier: LanguageIdentifier,
        min_score: float = PrecheckConfig().min_score,
    ) -> None:
        self.languages = None if languages is None else frozenset(languages)
        if self.languages and "zh" in self.languages:
            self.languages |= CHINESE
        self.identifier = identifier
        self.min_score = min_score

    def unwanted(self, html: str | bytes) -> Language | None:
        """Returns the language of a page that is certainly in no wanted language; None if that is not certain.

        `html` is a decoded page, or the same in UTF-8, which avoids the encoding that takes half of the time. If
        `languages` is None, every language is wanted.
        """
        if self.languages is None:
            return None
        start = html[:MAX_HTML]
        data = start.encode("utf-8", "replace") if isinstance(start, str) else start
        page = np.frombuffer(data, np.uint8)
        text, runs, kana, han = kernels.find_runs(page, MIN_RUN_BYTES, MIN_PLAIN_SHARE, ENOUGH_BYTES)
        if self.languages & CHINESE and han >= MIN_HAN and kana < MAX_KANA_SHARE * (kana + han):
            return None
        longest = np.argsort(runs[:, 0] - runs[:, 1], kind="stable")[:NUM_RUNS]
        pieces = [text[start : min(end, start + RUN_BYTES)].tobytes() for start, end in runs[longest].tolist()]
        found = None
        for half in (pieces[1::2], pieces[::2]):  # the half with the longest run last: it determines the language
            sample = b" ".join(half)
            if len(sample) < MIN_SAMPLE_BYTES:
                return None
            found = decide_language(sample.decode("utf-8", "ignore"), self.identifier)
            if found.code in self.languages | NOT_LANGUAGES or found.score < self.min_score:
                return None
        return found
