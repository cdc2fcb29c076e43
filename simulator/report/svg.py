"""Two kinds of picture as inline SVG: estimates as dots with their intervals, and lines. Colours are the page's classes.

Sizes are in the units of the view box, of which a column of the page is WIDTH wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, isfinite, log10

WIDTH = 560.0
ROW_HEIGHT = 22.0
LINES_HEIGHT = 260.0
LETTER_WIDTH = 7.1
"""Of the font at its size, about; labels are placed by it."""
LABEL_GAP = 14.0


@dataclass(frozen=True, slots=True)
class Dot:
    """One estimate; NaN half-widths draw none."""

    label: str
    mean: float
    half_width: float
    style: str
    """Class of the page's style: its colour."""


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    points: Sequence[tuple[float, float]]
    style: str
    half_widths: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across that says where something is: a goal, an event."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """From figures to places."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round figures inside [low, high], some `about` of them; their distance is 1, 2 or 5 times a power of ten."""
    span = high - low
    if span <= 0 or not isfinite(span):
        return [low]
    power = 10.0 ** floor(log10(span / about))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if span / (factor * power) <= about + 1)
    first = -floor(-low / step + 1e-9)
    return [round(step * number, 10) for number in range(first, floor(high / step + 1e-9) + 1)]


def spread(values: Sequence[float], margin: float = 0.06) -> tuple[float, float]:
    """A range that shows them all, and a little more."""
    known = [value for value in values if isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    more = (high - low or abs(high) or 1.0) * margin
    return low - more, high + more


def dots(rows: Sequence[Dot], title: str, unit: str = "", mark: Mark | None = None) -> str:
    """One row an estimate, its value written behind it."""
    ends = [
        row.mean + side * (row.half_width if isfinite(row.half_width) else 0.0)
        for row in rows
        for side in (-1, 1)
    ]
    low, high = spread([*ends, *([mark.at] if mark else [])])
    top, bottom = 30.0, 30.0 + ROW_HEIGHT * len(rows)
    labels_width = max((len(row.label) for row in rows), default=0) * LETTER_WIDTH + 12.0
    scale = Scale(low, high, labels_width, WIDTH - 78.0)
    parts = [_text(0.0, 14.0, title, "title"), *_across(scale, top, bottom, unit)]
    if mark is not None:
        parts.append(_line(scale(mark.at), top - 4.0, scale(mark.at), bottom, "mark"))
        parts.append(_text(scale(mark.at), top - 6.0, mark.label, "label middle"))
    for number, row in enumerate(rows):
        y = top + ROW_HEIGHT * (number + 0.5)
        parts.append(_text(labels_width - 12.0, y + 4.0, row.label, f"label end {row.style}"))
        if not isfinite(row.mean):
            continue
        if isfinite(row.half_width):
            parts.append(
                _line(
                    scale(row.mean - row.half_width),
                    y,
                    scale(row.mean + row.half_width),
                    y,
                    f"interval {row.style}",
                )
            )
        parts.append(f'<circle cx="{scale(row.mean):.1f}" cy="{y:.1f}" r="4.2" class="dot {row.style}"/>')
        parts.append(_text(WIDTH - 66.0, y + 4.0, f"{row.mean:.1f}{unit}", f"label {row.style}"))
    return _svg(bottom + 26.0, title, parts)


def lines(
    series: Sequence[Line],
    title: str,
    x_title: str,
    unit: str = "",
    *,
    at_least: float | None = None,
    marks: Sequence[Mark] = (),
) -> str:
    """Labels stand at the lines' ends, apart from each other. `at_least`: the axis begins there."""
    series = [one for one in series if one.points]
    if not series:
        return ""
    xs = [x for one in series for x, _ in one.points]
    ys = [y for one in series for _, y in one.points]
    low, high = spread(ys)
    labels_width = max(len(one.label) for one in series) * LETTER_WIDTH + 14.0
    across = Scale(min(xs), max(xs) or 1.0, 44.0, WIDTH - labels_width)
    up = Scale(low if at_least is None else at_least, high, LINES_HEIGHT, 30.0)
    parts = [_text(0.0, 14.0, title, "title")]
    for tick in ticks(up.low, up.high):
        parts.append(_line(across.start, up(tick), across.end, up(tick), "grid"))
        parts.append(_text(across.start - 7.0, up(tick) + 4.0, f"{tick:g}{unit}", "tick end"))
    for tick in ticks(across.low, across.high, 7):
        parts.append(_text(across(tick), LINES_HEIGHT + 17.0, f"{tick:g}", "tick middle"))
    parts.append(_text((across.start + across.end) / 2, LINES_HEIGHT + 35.0, x_title, "tick middle"))
    for mark in marks:
        parts.append(_line(across(mark.at), 26.0, across(mark.at), LINES_HEIGHT, "mark"))
        parts.append(_text(across(mark.at) + 5.0, 36.0, mark.label, "label"))
    for one in series:
        for (x, y), half in zip(one.points, one.half_widths, strict=False):
            if isfinite(half) and isfinite(y):
                parts.append(
                    _line(across(x), up(y - half), across(x), up(y + half), f"interval thin {one.style}")
                )
        path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in one.points if isfinite(y))
        parts.append(f'<polyline points="{path}" class="line {one.style}"/>')
    ends = [(up(one.points[-1][1]), one) for one in series if isfinite(one.points[-1][1])]
    for y, one in _apart(ends):
        parts.append(_text(across.end + 8.0, y + 4.0, one.label, f"label {one.style}"))
    return _svg(LINES_HEIGHT + 42.0, title, parts)


def _apart(ends: Sequence[tuple[float, Line]]) -> list[tuple[float, Line]]:
    """From the top down, each label at least LABEL_GAP below the one above it, then the stack moved up if it left the plot."""
    placed: list[tuple[float, Line]] = []
    for y, one in sorted(ends, key=lambda end: end[0]):
        placed.append((max(y, placed[-1][0] + LABEL_GAP) if placed else y, one))
    for number in range(len(placed) - 1, -1, -1):
        most = LINES_HEIGHT if number == len(placed) - 1 else placed[number + 1][0] - LABEL_GAP
        placed[number] = (min(placed[number][0], most), placed[number][1])
    return placed


def _across(scale: Scale, top: float, bottom: float, unit: str) -> list[str]:
    parts = []
    for tick in ticks(scale.low, scale.high):
        parts.append(_line(scale(tick), top, scale(tick), bottom, "grid"))
        parts.append(_text(scale(tick), bottom + 16.0, f"{tick:g}{unit}", "tick middle"))
    return parts


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}">{escape(text)}</text>'


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="img" aria-label="{escape(title, quote=True)}">'
        + "".join(parts)
        + "</svg>"
    )
