"""Figures as bars of text."""

from __future__ import annotations

PLOT_WIDTH = 60


def plot(title: str, values: list[tuple[str, float]]) -> str:
    """Bars of text, the longest PLOT_WIDTH wide; near-logarithmic growth shows as steps that stay alike."""
    most = max(value for _, value in values)
    rows = [f"{name:>18} {'#' * round(PLOT_WIDTH * value / most)} {value:.1f} us" for name, value in values]
    return "\n".join([title, *rows]) + "\n"
