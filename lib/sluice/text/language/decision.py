"""Language of a text: the model's answer, unless the letters of the text contradict it.

A fastText model sums up features of words and parts of words. A text without spaces has few that it knows, so that a
brand name outweighs a sentence of Han characters. The letters are evidence of another kind: no Japanese text of some
length has no kana and a character such as 们. Ours.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace

from sluice.text.language.identify import LID_CHARS, UNKNOWN, Language, LanguageIdentifier
from sluice.text.language.letters import LetterCounts, count_letters
from sluice.text.language.scripts import CHINESE, scripts_of
from sluice.text.unicode.encoded_text import AnyText, EncodedText
from sluice.text.unicode.structure import without_code

MIN_WRITTEN_CHARS = 50
"""A text with fewer characters outside of code is judged with its code."""

MAX_READ = 5 * LID_CHARS
"""Characters of a text whose words are looked for: names of code may be most of it."""
MIN_PART = 0.1
"""A language with a smaller probability is not one of the languages of a text in two languages."""

_ASCII_RUN = re.compile(r"[!-~]+")
_WORD = re.compile(r"[\"'(\[]*(?:[A-Z]?[a-z]+(?:['-][A-Z]?[a-z]+)*|[AI])[.,;:!?)\]\"']*")

MIN_HANGUL_SHARE = 0.05
"""Share of Hangul among Han, kana and Hangul below which a text is not Korean."""
MAX_KANA_SHARE = 0.05
"""A text with this share of kana among Han and kana is Japanese, whatever its ideographs are."""

MIN_OWN_SHARE = 0.05
"""Share of a script among the letters that are not Han, kana and Hangul, below which no language is written in it."""

SURE_SCORE = 0.9
"""An answer with this probability keeps its score."""

MIN_BROKEN_LETTERS = 30
MIN_PAIRS_SHARE = 0.25
MIN_SWAPS_SHARE = 0.05
MIN_PRIVATE_SHARE = 0.05

MIN_BEYOND_ASCII = 0.1
"""Additional bytes per character, below which a text is neither in Han characters nor wrongly decoded."""

MIN_CANTONESE_SHARE = 0.01
MIN_WU_SHARE = 0.03
"""Shares of function characters among Han, below which a text is not in these languages. In the Declaration of Human
Rights they have 0.05 and more of each quarter of the passages."""

EAST_ASIAN = frozenset({"Hani", "Jpan", "Hang"})


def written_part(text: AnyText) -> EncodedText:
    """Returns the text outside of code, or all of it if that is too short. Tables are in the language of their page."""
    view = EncodedText.of(text)
    written = without_code(view)
    return written if len(written.text) >= MIN_WRITTEN_CHARS else view


def decide_written_language(text: AnyText, identifier: LanguageIdentifier) -> Language:
    """Returns the language of a text with code: the surer of the answers for its written part and for all of it.

    Names and keywords of code are English to a model, or nothing it knows. Evidence: of 1,572 pages of 33 sites, 171
    have too low a score for any language if all of the text is asked about; 111 of them have one by their written part.
    Headings around a manual that is one block of code say less than the manual.
    """
    view = EncodedText.of(text)
    written = written_part(view)
    found = decide_language(written, identifier)
    return found if written is view else max(found, decide_language(view, identifier), key=_score)


def decide_mixed_language(text: AnyText, identifier: LanguageIdentifier, wanted: Collection[str]) -> Language:
    """Returns the language of a text of which `decide_written_language` is not certain: the surer of two answers.

    Asked are its words without names of code (`plain_words`): a manual names classes, options and files in each line.
    Second, a text may be in two of the wanted languages, as manuals and lessons in Chinese and English are. Then it is
    in the more probable one, with the sum of their probabilities; each has at least MIN_PART. Evidence: of 179 pages of
    20 sites without a certain language, lists of links not counted, 77 have one by this.
    """
    written = written_part(text)
    words = EncodedText(plain_words(written.first(MAX_READ).text))
    if len(words.text) < MIN_WRITTEN_CHARS:
        words = written
    found = decide_language(words, identifier)
    if not found.score:
        return UNKNOWN
    scores: dict[str, Language] = {}
    for candidate in sorted(identifier.candidates(words), key=_score, reverse=True):
        code = "zh" if candidate.code in CHINESE and candidate.code not in wanted else candidate.code
        if code in wanted:
            best = scores.get(code, replace(candidate, score=0.0))
            scores[code] = replace(best, score=best.score + candidate.score)
    parts = [language for language in scores.values() if language.score >= MIN_PART]
    if len(parts) < 2:
        return found
    both = replace(max(parts, key=_score), score=min(sum(map(_score, parts)), 1.0))
    return max(found, both, key=_score)


def plain_words(text: str) -> str:
    """Returns a text without runs of ASCII that are not words, and with single spaces.

    The words of a line that has more such runs than words are names and keywords, too.

    >>> plain_words("Call foo_bar(x) in main.py first. 运行cat a.txt即可\\nfor (int i=0; i<n; ++i)  // 每行")
    'Call in first. 运行cat 即可 每行'
    """
    return " ".join(word for line in text.split("\n") for word in _line_words(line).split())


def _line_words(line: str) -> str:
    runs = _ASCII_RUN.findall(line)
    is_code = 2 * sum(_WORD.fullmatch(run) is not None for run in runs) < len(runs)
    return _ASCII_RUN.sub(lambda run: run[0] if not is_code and _WORD.fullmatch(run[0]) else " ", line)


def decide_language(text: AnyText, identifier: LanguageIdentifier) -> Language:
    """Returns the language of the first LID_CHARS characters of a text, see `decide`.

    Equal to the model's answer for composed text (NFC) that is neither wrongly decoded nor in Han, kana or Hangul, and
    for all answers of at least SURE_SCORE that the letters do not contradict. The model is asked about the composed
    form, on which it was trained: without composition, lid.176 recognises 2 % of Korean sentences, 47 % of Czech and
    76 % of Vietnamese ones instead of 100, 97 and 100 %.
    """
    sample = EncodedText.of(text).first(LID_CHARS)
    if not unicodedata.is_normalized("NFC", sample.text):
        composed = unicodedata.normalize("NFC", sample.text)
        if len(composed) < len(sample.text):  # longer: letters of Bengali and others that NFC takes apart
            sample = EncodedText(composed)
    found = identifier.identify(sample)
    if len(sample.utf8) < (1 + MIN_BEYOND_ASCII) * len(sample.text):
        return found
    letters = count_letters(sample)
    if is_mojibake(letters):
        return UNKNOWN
    is_sure = found.score >= SURE_SCORE or not letters.is_east_asian
    if is_sure and not is_contradicted(found, letters):
        return found
    return decide(identifier.candidates(sample), letters)


def decide(candidates: Sequence[Language], letters: LetterCounts) -> Language:
    """Returns the most probable candidate that the letters do not contradict.

    If the most probable one of all is written in Han, kana or Hangul, so is the returned one: it is what the model
    recognised. `candidates`: all languages of a model with their probabilities. The returned score is the probability
    under the condition that none of the contradicted ones is right. The probabilities of Chinese languages are added,
    because the model cannot always tell them apart in a short text; the code is that of the most probable one. `und`
    with score 0 if no candidate is left.

    Evidence: of 9,087 poems of the Tang and Song dynasties, lid.176 calls 27 % ja, wuu, yue or worse. 99.5 % of them
    (of those with 50 characters: all) and all of 419 Chinese sentences have more characters that only Chinese uses than
    characters that only Japanese uses. So have 2 % of 217 Japanese sentences of eight or more ideographs after removal
    of their kana. All poems with 50 characters are `zh` in the end.
    """
    best = max(candidates, key=_score, default=UNKNOWN)
    possible = [
        candidate
        for candidate in candidates
        if not is_contradicted(candidate, letters) and (_is_east_asian(candidate) or not _is_east_asian(best))
    ]
    total = sum(candidate.score for candidate in possible)
    chinese = [candidate for candidate in possible if candidate.code in CHINESE]
    score = sum(candidate.score for candidate in chinese)
    others = [candidate for candidate in possible if candidate.code not in CHINESE]
    best = max(others, key=_score, default=UNKNOWN)
    if score > best.score:
        best = max(chinese, key=_score)
    else:
        score = best.score
    return replace(best, score=min(score / total, 1.0)) if score else UNKNOWN


def _score(language: Language) -> float:
    return language.score


def _is_east_asian(language: Language) -> bool:
    return not EAST_ASIAN.isdisjoint(scripts_of(language.code, language.script))


def is_contradicted(language: Language, letters: LetterCounts) -> bool:
    """Whether the letters of a text rule out a language. Texts without Han, kana and Hangul are not judged.

    Ruled out are Korean without Hangul; Japanese with little kana and more characters that only Chinese uses than
    characters that only Japanese uses; Cantonese and Wu without their function characters; Chinese with more kana and
    Hangul than Han; and languages in other scripts if Han, kana and Hangul carry at least half of the text, or if
    almost none of the other letters can be theirs.
    """
    if not letters.east_asian:
        return False
    scripts = scripts_of(language.code, language.script)
    if "Hang" in scripts:
        return letters.hangul < MIN_HANGUL_SHARE * letters.east_asian
    if "Jpan" in scripts:
        has_kana = letters.kana >= MAX_KANA_SHARE * (letters.kana + letters.han)
        is_korean = 2 * letters.hangul > letters.east_asian
        return is_korean or (not has_kana and letters.chinese_only > letters.japanese_only)
    if "Hani" not in scripts:
        own = letters.latin * ("Latn" in scripts) + (letters.others - letters.latin) * (set(scripts) != {"Latn"})
        return letters.is_east_asian or own < MIN_OWN_SHARE * letters.others
    lacks_cantonese = language.code == "yue" and letters.cantonese < MIN_CANTONESE_SHARE * letters.han
    lacks_wu = language.code == "wuu" and letters.wu < MIN_WU_SHARE * letters.han
    return lacks_cantonese or lacks_wu or 2 * letters.han < letters.east_asian


def is_mojibake(letters: LetterCounts) -> bool:
    """Whether a text was decoded with a wrong encoding, as far as its letters show.

    Private-use characters are a twentieth of the letters or more. For text in letters other than Han, kana and Hangul,
    there are two signs, both with margins on the Declaration of Human Rights (9,985 passages in 448 languages,
    correctly and wrongly decoded). Letters beyond ASCII rarely follow each other in any language in Latin letters: at
    most 0.125 pairs per letter (Mòoré; Vietnamese 0.07), but 0.36 and more if Chinese, Japanese, Korean, Cyrillic,
    Greek, Arabic, Hebrew or Thai text of any encoding is read as windows-1250, 1252, 1254 or Latin-1. Capitals rarely
    follow small letters directly: at most 0.016, but 0.06 and more in such text that is read as windows-1251.
    """
    if letters.private >= max(MIN_BROKEN_LETTERS, MIN_PRIVATE_SHARE * (letters.east_asian + letters.others)):
        return True
    if letters.is_east_asian:
        return False
    has_pairs = letters.pairs >= MIN_PAIRS_SHARE * letters.western and 2 * letters.western >= letters.others
    has_swaps = letters.swaps >= MIN_SWAPS_SHARE * letters.cased and 2 * letters.cased >= letters.others
    return (has_pairs and letters.western >= MIN_BROKEN_LETTERS) or (has_swaps and letters.cased >= MIN_BROKEN_LETTERS)
