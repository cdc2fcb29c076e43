"""PromQL of durable totals, in the one form that survives a hand-over (operations.md 2.2).

While two replicas hand a partition over, both may tell it for a moment. So the larger of the two is recorded first
(`partition:frontdesk_x:max`), and only then is its increase taken. `increase` and not `rate`: people count contacts.
"""

from __future__ import annotations

RANGE = "$__range"
"""What the board shows; for one number."""
STEP = "$__rate_interval"
"""For curves."""
CHOSEN = 'channel=~"$channel", queue=~"$queue"'
"""What the reader chose at the top of a board."""


def durable(name: str) -> str:
    """Name of the recorded series of an exported one: frontdesk_x_total or frontdesk_x_bucket."""
    return f"partition:{name.removesuffix('_total')}:max"


def grew(name: str, window: str, *, by: str = "", where: str = "") -> str:
    """By how much a durable series grew; `name` as exported, without the prefix frontdesk_."""
    grouped = f"sum by ({by})" if by else "sum"
    selected = f"{{{where}}}" if where else ""
    return f"{grouped} (increase({durable('frontdesk_' + name)}{selected}[{window}]))"


def share(part: str, whole: str) -> str:
    """part / whole; no sample where the whole is 0 (operations.md 1.1)."""
    return f"{part} / ({whole} > 0)"


def joined(*conditions: str) -> str:
    return ", ".join(condition for condition in conditions if condition)
