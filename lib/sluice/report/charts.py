"""Small SVG charts as text: no scripts, colours from the page's style sheet. Callers must escape labels."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 720, 340
LEFT, RIGHT, TOP, BOTTOM = 60, 78, 16, 46


class Series(NamedTuple):
    """One line of `curve`. `style` is its CSS class; `dots` marks every point."""

    label: str
    style: str
    points: Sequence[tuple[float, float]]
    dots: bool


def bar(share: float, label: str, style: str = "bar") -> str:
    """Draws a bar that fills `share` (0 to 1) of its width; `label` is shown on hover."""
    width = 100 * min(max(share, 0.004 if share > 0 else 0.0), 1.0)  # a share above 0 is always visible
    return (
        f'<svg class="{style}" viewBox="0 0 100 10" preserveAspectRatio="none" role="img"><title>{label}</title>'
        f'<rect class="track" width="100" height="10"/><rect class="fill" width="{width:.2f}" height="10"/></svg>'
    )


def funnel_step(share: float, next_share: float | None, label: str) -> str:
    """Draws one band of a funnel and the slope to the next."""
    wide, narrow = (100 * min(max(value, 0.004), 1.0) for value in (share, share if next_share is None else next_share))
    slope = (
        ""
        if next_share is None
        else f'<polygon class="slope" points="{50 - wide / 2:.2f},30 {50 + wide / 2:.2f},30 '
        f'{50 + narrow / 2:.2f},48 {50 - narrow / 2:.2f},48"/>'
    )
    return (
        '<svg class="funnel" viewBox="0 0 100 48" preserveAspectRatio="none" role="img">'
        f'<title>{label}</title><rect class="fill" x="{50 - wide / 2:.2f}" width="{wide:.2f}" height="30"/>'
        f"{slope}</svg>"
    )


def histogram(counts: Sequence[int], low: float, high: float, marks: Sequence[tuple[float, str, str]]) -> str:
    """Draws bars of equal width from `low` to `high`, and vertical lines at `marks` (value, CSS class, label).

    Heights are square roots of counts, so that a tail of 1 % is visible. Marks outside the range are drawn at its ends.
    """
    left, width, floor = 8, WIDTH - 16, 120
    top = max(max(counts, default=0), 1)
    parts = []
    for i, count in enumerate(counts):
        height = (floor - 8) * math.sqrt(count / top)
        x = left + width * i / len(counts)
        span = f"{low + (high - low) * i / len(counts):.3g} to {low + (high - low) * (i + 1) / len(counts):.3g}"
        parts.append(
            f'<rect class="fill" x="{x:.1f}" y="{floor - height:.1f}" width="{width / len(counts) - 1:.1f}" '
            f'height="{height:.1f}"><title>{span}: {count:,}</title></rect>'
        )
    parts.append(f'<line class="axis" x1="{left}" x2="{left + width}" y1="{floor}" y2="{floor}"/>')
    for value, anchor in ((low, "start"), (high, "end")):
        x = left if anchor == "start" else left + width
        parts.append(f'<text x="{x}" y="{floor + 15}" text-anchor="{anchor}">{value:.3g}</text>')
    for value, style, label in marks:
        share = (min(max(value, low), high) - low) / (high - low)
        x = left + width * share
        parts.append(
            f'<line class="{style}" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{floor}"><title>{label}</title></line>'
        )
    return f'<svg class="curve histogram" viewBox="0 0 {WIDTH} {floor + 20}" role="img">{"".join(parts)}</svg>'


def curve(series: Sequence[Series]) -> str:
    """Draws loss in nats per token against step. The right axis shows the same values as perplexity, exp(loss).

    Empty if there are no points.
    """
    points = [point for line in series for point in line.points]
    if not points:
        return ""
    last = max(step for step, _ in points) or 1
    low, high = min(loss for _, loss in points), max(loss for _, loss in points)
    margin = 0.06 * (high - low) or 0.5
    low, high = max(0.0, low - margin), high + margin

    def x(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / last

    def y(loss: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (loss - low) / (high - low)

    edge, floor = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for tick in ticks(low, high, 5):
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{edge}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{_words(tick)}</text>')
    for tick in _perplexities(low, high):
        at = y(math.log(tick))
        parts.append(f'<line class="axis" x1="{edge}" x2="{edge + 5}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{edge + 9}" y="{at + 4:.1f}">{_words(tick)}</text>')
    for tick in ticks(0, last, 6):
        parts.append(f'<line class="axis" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{floor}" y2="{floor + 5}"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{floor + 19}" text-anchor="middle">{_words(tick)}</text>')
    middle = (TOP + floor) / 2
    parts.append(f'<polyline class="axis" points="{LEFT},{TOP} {LEFT},{floor} {edge},{floor} {edge},{TOP}"/>')
    parts.append(f'<text class="label" x="{(LEFT + edge) / 2}" y="{HEIGHT - 6}" text-anchor="middle">step</text>')
    for at, text in ((14, "loss (nats per token)"), (WIDTH - 6, "perplexity")):
        parts.append(
            f'<text class="label" transform="translate({at} {middle}) rotate(-90)" text-anchor="middle">{text}</text>'
        )
    for place, line in enumerate(series):
        parts.append(_line(line, [(x(step), y(loss)) for step, loss in line.points]))
        top = TOP + 14 + 20 * place
        parts.append(f'<line class="{line.style}" x1="{edge - 150}" x2="{edge - 126}" y1="{top - 4}" y2="{top - 4}"/>')
        parts.append(f'<text x="{edge - 118}" y="{top}">{line.label}</text>')
    return f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def _line(line: Series, places: Sequence[tuple[float, float]]) -> str:
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    text = f'<polyline class="{line.style}" points="{drawn}"><title>{line.label}</title></polyline>'
    if line.dots or len(places) == 1:
        for (x, y), (step, loss) in zip(places, line.points, strict=True):
            title = f"{line.label}, step {step:,}: loss {loss:.4f}, perplexity {math.exp(min(loss, 700.0)):,.2f}"
            text += f'<circle class="{line.style}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{title}</title></circle>'
    return text


def _words(tick: float) -> str:
    return f"{tick:,.0f}" if tick == round(tick) else f"{tick:g}"


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers from `low` to `high`: steps of 1, 2 or 5 times a power of ten, at most `about` + 1 values."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _perplexities(low: float, high: float) -> list[float]:
    """Returns round perplexities whose logarithm is between `low` and `high`."""
    tens = range(math.floor(low / math.log(10)), math.ceil(high / math.log(10)) + 1)
    for factors in ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 5), (1, 3), (1,)):
        found = [
            factor * 10.0**ten for ten in tens for factor in factors if low <= math.log(factor * 10.0**ten) <= high
        ]
        if len(found) <= 8:
            break
    return found[:: max(1, len(found) // 8)]


class Interval(NamedTuple):
    """A value with the ends of its interval. `style` is its CSS class; `label` is shown on hover."""

    label: str
    style: str
    value: float
    low: float
    high: float


def intervals(groups: Mapping[str, Mapping[str, Sequence[Interval]]], legend: Mapping[str, str], axis: str) -> str:
    """Draws values with their intervals, one line per row of every group, several values per row side by side.

    groups: rows by name, by the name of their group. legend: label of each style. axis: label of the value axis.
    """
    every = [found for rows in groups.values() for some in rows.values() for found in some]
    low, high = min(0.0, *(found.low for found in every)), max(0.0, *(found.high for found in every))
    margin = 0.05 * (high - low) or 1.0
    low, high, left, right, step = low - margin, high + margin, 190, WIDTH - 20, 24

    def x(value: float) -> float:
        return left + (right - left) * (value - low) / (high - low)

    at, parts = 30, []
    for name, rows in groups.items():
        parts.append(f'<text class="group" x="8" y="{at + 4}">{name}</text>')
        at += step
        for row, some in rows.items():
            parts.append(f'<text x="22" y="{at + 4}">{row}</text>')
            for place, found in enumerate(some):
                y = at + 7 * (place - (len(some) - 1) / 2)
                parts.append(
                    f'<g><title>{found.label}</title><line class="{found.style}" x1="{x(found.low):.1f}" '
                    f'x2="{x(found.high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
                    f'<circle class="{found.style}" cx="{x(found.value):.1f}" cy="{y:.1f}" r="3.5"/></g>'
                )
            at += step
        at += 6
    grid = []
    for tick in ticks(low, high, 8):
        style = "axis" if tick == 0 else "grid"
        grid.append(f'<line class="{style}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="18" y2="{at - 10}"/>')
        grid.append(
            f'<text x="{x(tick):.1f}" y="{at + 6}" text-anchor="middle">{_words(tick).replace("-", "−")}</text>'
        )
    grid.append(f'<text class="label" x="{(left + right) / 2}" y="{at + 26}" text-anchor="middle">{axis}</text>')
    for place, (style, words) in enumerate(legend.items()):
        start = left + 150 * place
        grid.append(f'<line class="{style}" x1="{start}" x2="{start + 24}" y1="8" y2="8"/>')
        grid.append(f'<text x="{start + 32}" y="12">{words}</text>')
    return f'<svg class="curve" viewBox="0 0 {WIDTH} {at + 34}" role="img">{"".join((*grid, *parts))}</svg>'
