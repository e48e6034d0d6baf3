"""Thresholds for a language, computed from known thresholds of another as in FineWeb-2 (arXiv:2506.20920).

FineWeb-2 keeps English FineWeb's filters and sets most of their thresholds per language. Its repository says "we will
soon share more details about how we computed them" (`fineweb-2-pipeline.py`) and contains only results; the paper
compares methods called MeanStd, Quantile, MedianRatio and 10Tail, listed in `METHODS`. Their formulas are ours, after
the names. `FINEWEB2` infers the method for each signal from two published versions of `configs/*.yml` and from scripts
of co-authors (beme248/datatrove, `examples/multilingual`):
- repetition, `mean_std`: the thresholds of top n-gram shares for Classical Chinese are 1.588, 1.774 and 1.802, which
  exceed the maximum of the measure, so they are not quantiles.
- line ends and newlines, `tail`: 1/6 and 1/9 for Classical Chinese and Cantonese are values that texts have. That the
  tail is a tenth, and not English's share, is a guess from the name.
- word length and words with a letter, `mean_std`: the scripts use the mean and some standard deviations. FineWeb-2
  computes them over words and rounds to whole characters; here they are over document means, the only lengths that a
  run stores.
The distributions are from Wikipedia and Common Crawl there, and from a run here.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.core.config.rules import FitThresholdsConfig
from sluice.core.errors import InputError
from sluice.text.rules.rule import Rule, signal_range
from sluice.text.rules.signal_sample import Floats, Marked, SignalSample

Bools = npt.NDArray[np.bool_]

SIDES = ("min", "above", "max", "below")
LOWER = SIDES[:2]
"""Lower bounds, which small values violate."""

REPETITION = (
    "duplicate_line_share",
    *(f"top_{n}gram_share" for n in (2, 3, 4)),
    *(f"duplicate_{n}gram_share" for n in range(5, 11)),
)
FINEWEB2 = {
    **dict.fromkeys(REPETITION, "mean_std"),
    **dict.fromkeys(("mean_word_length", "alphabetic_word_share"), "mean_std"),
    **dict.fromkeys(("fineweb_terminal_line_share", "terminal_line_share", "newlines_per_word"), "tail"),
}
"""Signals whose thresholds FineWeb-2 fits, and the methods. Other thresholds are kept."""

LEFT_OUT = frozenset(
    {
        "duplicate_paragraph_share",
        "duplicate_paragraph_char_share",
        "duplicate_line_char_share",
        "short_line_share",
        *(f"c4_{kind}{field}" for kind in ("", "any_end_") for field in ("sentences", "curly_lines", "lorem_lines")),
    }
)
"""Signals whose English rules FineWeb-2 switches off in other languages."""
REPLACED = {"fineweb_duplicate_line_char_share": 0.1}
"""English has 0.01; FineWeb-2 uses this value for all other languages."""

DIGITS = 3
"""Decimals of a threshold, as in FineWeb-2's configurations."""
SAMPLES = 3


class Proposal(NamedTuple):
    """A threshold for one bound of one rule. Shares are of sample documents that this bound alone drops."""

    signal: str
    side: str
    """`min`, `max`, `above` or `below`."""
    method: str
    """A name in METHODS, `kept` or `replaced`."""
    reference: float
    """The known threshold."""
    reference_share: float
    """Share that it drops in the reference language."""
    value: float | None
    """The proposal; None, with a `reason`, if the method is undefined or the bound could never be violated."""
    share: float
    reason: str | None
    old: float | None
    """The corresponding bound of the active rules, if they have one on this signal and side."""
    old_share: float
    only: list[int]
    """Documents (positions in the sample) dropped by this bound and no other proposal, at most SAMPLES."""
    marks_dropped: tuple[int, int] = (0, 0)
    """Numbers of good and of bad marked documents that this bound alone drops."""


class Fitted(NamedTuple):
    """All proposals for one language, in the order of the known rules."""

    language: str
    reference: str
    num_documents: int
    """Number of documents in the sample."""
    num_reference: int
    proposals: list[Proposal]
    share: float
    """Share dropped by all proposals together."""
    old_share: float
    """Share dropped by all active rules together, without `pareto`."""
    language_score: float | None
    """Proposed minimum probability of the language model; None if no scores are stored."""
    num_marks: tuple[int, int] = (0, 0)
    """Numbers of good and of bad marked documents."""
    marks_dropped: tuple[int, int] = (0, 0)
    """Numbers of them that all proposals together drop."""
    old_marks_dropped: tuple[int, int] = (0, 0)
    """Numbers of them that all active rules together drop, without `pareto`."""


def mean_std(threshold: float, reference: Floats, target: Floats) -> float | None:
    """Same number of standard deviations from the mean as in the reference. None if the reference does not vary."""
    deviation = reference.std()
    if deviation == 0:
        return None
    return float(target.mean() + (threshold - reference.mean()) / deviation * target.std())


def median_ratio(threshold: float, reference: Floats, target: Floats) -> float | None:
    """Same multiple of the median as in the reference. None if the reference's median is 0."""
    median = np.median(reference)
    return None if median == 0 else float(threshold * np.median(target) / median)


def quantile(threshold: float, reference: Floats, target: Floats, side: str) -> float:
    """Value that drops the same share as in the reference."""
    dropped = float(_breaks(side, reference, threshold).mean())
    return _tail_value(target, side, dropped)


def tail(share: float, target: Floats, side: str) -> float:
    """Value that drops a given share, if there are no ties."""
    return _tail_value(target, side, share)


def _tail_value(values: Floats, side: str, share: float) -> float:
    return float(np.quantile(values, share if side in LOWER else 1 - share))


METHODS: dict[str, Callable[[float, Floats, Floats, str, float], float | None]] = {
    "mean_std": lambda threshold, reference, target, side, share: mean_std(threshold, reference, target),
    "median_ratio": lambda threshold, reference, target, side, share: median_ratio(threshold, reference, target),
    "quantile": lambda threshold, reference, target, side, share: quantile(threshold, reference, target, side),
    "tail": lambda threshold, reference, target, side, share: tail(share, target, side),
}
"""Methods to transfer a threshold, by their names in `thresholds.method`."""


def language_score_threshold(scores: Floats) -> float | None:
    """FineWeb-2's minimum language score: median minus one standard deviation, in [0.3, 0.9]; None without scores.

    The scores must be those of all pages that the model assigned to the language; after filtering they are biased.
    """
    known = scores[~np.isnan(scores)]
    if not len(known):
        return None
    return round(float(np.clip(np.median(known) - known.std(), 0.3, 0.9)), DIGITS)


def fit(
    section: FitThresholdsConfig,
    known: Sequence[Rule],
    in_force: Sequence[Rule],
    reference: SignalSample,
    target: SignalSample,
    marked: Marked | None = None,
) -> Fitted:
    """Returns proposals for the target language, computed from the known rules of the reference language.

    `marked` documents of the target language are only counted.

    Raises InputError if a language has too few documents, or if the known rules do not apply to the reference.
    """
    for sample in (reference, target):
        _check_size(section, sample)
    rules = [rule for rule in known if _is_for(rule, reference.language) and rule.signal not in LEFT_OUT]
    if not any(getattr(rule, side) is not None for rule in rules for side in SIDES):
        raise InputError(
            f"thresholds.reference_rules {list(section.reference_rules)} have no bound for {reference.language!r}. "
            "Use rules of the reference language."
        )
    old = [rule for rule in in_force if _is_for(rule, target.language)]
    proposals = [
        _propose(section, rule, side, old, reference, target)
        for rule in rules
        for side in SIDES
        if getattr(rule, side) is not None
    ]
    count = len(target.places)
    broken = [_broken(p.side, target.signals[p.signal], p.value, count) for p in proposals]
    times = np.sum(broken, axis=0)
    proposals = [
        p._replace(only=np.flatnonzero(mine & (times == 1))[:SAMPLES].tolist())
        for p, mine in zip(proposals, broken, strict=True)
    ]
    bounds = [(rule.signal, side, getattr(rule, side)) for rule in old for side in SIDES]
    proposed = [(p.signal, p.side, p.value) for p in proposals]
    if marked is not None:
        proposals = [
            p._replace(marks_dropped=_marks_dropped([bound], marked))
            for p, bound in zip(proposals, proposed, strict=True)
        ]
    return Fitted(
        language=target.language,
        reference=reference.language,
        num_documents=count,
        num_reference=len(reference.places),
        proposals=proposals,
        share=float((times > 0).mean()),
        old_share=float(_dropped(bounds, target).mean()),
        language_score=language_score_threshold(target.language_scores),
        num_marks=(0, 0) if marked is None else (len(marked.good.places), len(marked.bad.places)),
        marks_dropped=(0, 0) if marked is None else _marks_dropped(proposed, marked),
        old_marks_dropped=(0, 0) if marked is None else _marks_dropped(bounds, marked),
    )


Bound = tuple[str, str, float | None]
"""Signal, side and threshold."""


def _dropped(bounds: Sequence[Bound], sample: SignalSample) -> Bools:
    """Returns which documents of a sample at least one bound drops."""
    count = len(sample.places)
    broken = np.zeros(count, bool)
    for signal, side, threshold in bounds:
        broken |= _broken(side, sample.signals[signal], threshold, count)
    return broken


def _marks_dropped(bounds: Sequence[Bound], marked: Marked) -> tuple[int, int]:
    return int(_dropped(bounds, marked.good).sum()), int(_dropped(bounds, marked.bad).sum())


def _check_size(section: FitThresholdsConfig, sample: SignalSample) -> None:
    what = "the reference language" if sample.language == section.reference else "the language"
    if not len(sample.places):
        raise InputError(
            f"The run has no documents in {what} {sample.language!r}. Set thresholds.languages and "
            "thresholds.reference to languages of the run, or extract more."
        )
    if len(sample.places) < section.min_documents:
        raise InputError(
            f"The run has {len(sample.places):,} documents in {what} {sample.language!r}; "
            f"thresholds.min_documents = {section.min_documents:,} are needed. Extract more."
        )


def _is_for(rule: Rule, language: str) -> bool:
    return rule.languages is None or language in rule.languages


def _propose(
    section: FitThresholdsConfig,
    rule: Rule,
    side: str,
    old: Sequence[Rule],
    reference: SignalSample,
    target: SignalSample,
) -> Proposal:
    threshold = getattr(rule, side)
    theirs, ours = reference.signals[rule.signal], target.signals[rule.signal]
    count = len(ours)
    known, values = theirs[~np.isnan(theirs)], ours[~np.isnan(ours)]
    method, value, reason = _carry(section, rule.signal, side, threshold, known, values)
    old_signal, previous = _old_bound(old, rule.signal, side)
    return Proposal(
        signal=rule.signal,
        side=side,
        method=method,
        reference=threshold,
        reference_share=float(_broken(side, theirs, threshold, len(theirs)).mean()),
        value=value,
        share=float(_broken(side, ours, value, count).mean()),
        reason=reason,
        old=previous,
        old_share=float(_broken(side, target.signals[old_signal], previous, count).mean()),
        only=[],
    )


def _carry(
    section: FitThresholdsConfig, signal: str, side: str, threshold: float, reference: Floats, target: Floats
) -> tuple[str, float | None, str | None]:
    """Returns method, proposal, and the reason if there is no proposal."""
    if signal in REPLACED:
        return "replaced", REPLACED[signal], None
    if signal not in FINEWEB2:
        return "kept", threshold, None
    method = FINEWEB2[signal] if section.method == "fineweb2" else section.method
    if not len(reference) or not len(target):
        return method, None, f"{signal} is undefined in one of the samples"
    value = METHODS[method](threshold, reference, target, side, section.tail)
    if value is None:
        return method, None, f"{method} is undefined: the reference does not vary or has the median 0"
    value = round(value, DIGITS)
    low, high = signal_range(signal)
    if not (low < value <= high if side in LOWER else low <= value < high):
        return method, None, f"{value:g} is outside the range of {signal}, {low:g} to {high:g}"
    return method, value, None


def _old_bound(rules: Sequence[Rule], signal: str, side: str) -> tuple[str, float | None]:
    """Returns the first bound of the active rules on the same side of a signal, and the signal of that bound.

    `min` and `above` are the same side. Our line-end signal, which ignores closing quotes, corresponds to FineWeb's.
    """
    same = LOWER if side in LOWER else SIDES[2:]
    for rule in rules:
        if rule.signal in (signal, signal.removeprefix("fineweb_")):
            bounds = [getattr(rule, name) for name in same if getattr(rule, name) is not None]
            if bounds:
                return rule.signal, bounds[0]
    return signal, None


def _broken(side: str, values: Floats, threshold: float | None, count: int) -> Bools:
    """Returns which documents a bound drops, [count]; undefined values and missing bounds drop nothing."""
    return np.zeros(count, bool) if threshold is None else _breaks(side, values, threshold)


def _breaks(side: str, values: Floats, threshold: float) -> Bools:
    tests = {"min": np.less, "above": np.less_equal, "max": np.greater, "below": np.greater_equal}
    broken: Bools = tests[side](values, threshold)
    return broken
