"""Today's figures, each beside what is usual: the same weekday before, up to the same time of day (requirement S2.2).

A figure is two counts of one code path, divided (operations.md 1.1): absent where there is nothing to divide by. It
is called unusual only when chance does not explain it: three standard errors of the difference (operations.md 3.4,
with the usual's own error too, for it may rest on one day), and at least 20 cases today. One busy hour is no verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import msgspec

SIGMAS = 3.0
CASES_MIN = 20


@dataclass(frozen=True, slots=True)
class Kind:
    """What a figure is made of."""

    name: str
    part: str
    of: tuple[str, ...]
    """The denominator is the sum of these."""
    share: bool = True
    """False for a number per contact, which may exceed 1."""


KINDS = (
    Kind("within_promise", "promises_kept", ("promises_kept", "promises_broken")),
    Kind("resolution", "fcr_provisional_resolved", ("fcr_provisional_closed",)),
    Kind("escalation", "escalated", ("handled",)),
    Kind("transfers", "transfers", ("handled",), share=False),
    Kind("abandonment", "abandoned", ("offered",)),
    Kind("resolution_matured", "fcr_resolved", ("fcr_matured",)),
)
"""In the order of the frame."""


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One figure of the day as shown; `value` and `usual` are absent where there is nothing to divide by."""

    name: str
    part: int
    of: int
    value: float | None = None
    usual: float | None = None
    usual_of: int = 0
    verdict: str = ""
    """"above" or "below" what is usual, "usual", or empty where nothing can be said."""


def figure(kind: Kind, today: Mapping[str, int], before: Mapping[str, int]) -> Figure:
    """The figure of the day; `before` are the counts of all earlier days together, up to the same time of day."""
    part, of = _counts(kind, today)
    usual_part, usual_of = _counts(kind, before)
    return Figure(
        kind.name,
        part,
        of,
        part / of if of else None,
        usual_part / usual_of if usual_of else None,
        usual_of,
        _verdict(kind, part, of, usual_part, usual_of),
    )


def _counts(kind: Kind, counts: Mapping[str, int]) -> tuple[int, int]:
    return counts.get(kind.part, 0), sum(counts.get(name, 0) for name in kind.of)


def _verdict(kind: Kind, part: int, of: int, usual_part: int, usual_of: int) -> str:
    if of < CASES_MIN or usual_of < CASES_MIN:
        return ""
    pooled = (part + usual_part) / (of + usual_of)
    variance = pooled * (1 - pooled) if kind.share else pooled
    error = sqrt(variance * (1 / of + 1 / usual_of))
    if not error:
        return "usual"  # all or none, then as now
    sigmas = (part / of - usual_part / usual_of) / error
    return "usual" if abs(sigmas) < SIGMAS else "above" if sigmas > 0 else "below"
