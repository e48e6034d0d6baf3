"""Pages that are certainly in an unwanted language, told from their HTML before the main text is looked for.

Menus and footers may be in another language than the text: only long runs of text that is mostly no link are asked
about, two samples of them must agree, and a page that shows too little is not skipped. Ours.
"""

from collections.abc import Sequence

import numpy as np

from sluice.core.config.extract import PrecheckConfig
from sluice.text.language.identify import Language, LanguageIdentifier
from sluice.text.language.kernels import precheck as kernels
from sluice.text.language.labels import NOT_LANGUAGES
from sluice.text.language.scripts import CHINESE

MAX_HTML = 100_000
"""Number of first characters of a page (bytes, if it is given as bytes) that are read."""
MIN_RUN_BYTES = 60
MIN_PLAIN_SHARE = 0.7
"""Share of a run that is not in links."""
ENOUGH_BYTES = 2_000
"""Reading stops at this many bytes in runs."""

NUM_RUNS = 8
RUN_BYTES = 100
"""The samples are the beginnings of the longest runs, dealt out in turn."""
MIN_SAMPLE_BYTES = 150
"""Each sample has at least this length, or nothing is certain."""
MIN_HAN = 20
MAX_KANA_SHARE = 0.05
"""Where Chinese is wanted, a page with this many Han characters, kana being less than this share, is never skipped."""


class Precheck:
    """Looks at pages for those who want some languages only, by their short codes. Pickles with its identifier.

    `min_score` is the least probability, in both samples, of languages that are not wanted.
    """

    def __init__(
        self,
        languages: Sequence[str] | None,
        identifier: LanguageIdentifier,
        min_score: float = PrecheckConfig().min_score,
    ) -> None:
        self.languages = None if languages is None else frozenset(languages)
        self.identifier = identifier
        self.min_score = min_score

    def unwanted(self, html: str | bytes) -> Language | None:
        """The language of a page that is certainly none of the wanted ones; None where that is not certain.

        `html` is a decoded page, or the same in UTF-8: half of the time goes into encoding it. With `languages` None
        every language is wanted.
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
        for half in (pieces[1::2], pieces[::2]):  # the half with the longest run last: it names the language
            sample = b" ".join(half)
            if len(sample) < MIN_SAMPLE_BYTES:
                return None
            found = self.identifier.identify(sample.decode("utf-8", "ignore"))
            if found.code in self.languages | NOT_LANGUAGES or found.score < self.min_score:
                return None
        return found
