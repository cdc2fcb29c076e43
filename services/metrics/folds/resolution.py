"""First-contact resolution, provisional and matured, and repeats (operations.md 1.2; requirement S1.2).

Provisional: both counters move when a case's first contact closes, which is quick and too high by the repeats
that follow. Matured: both move when the repeat window is over, for failures too, and speak of the window before.
A case whose customer is unknown is in neither: no repeat of it could be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.contract.decisions import Closed, Reopened, ResolutionConfirmed, Resolved
from services.contract.facts import Outcome
from services.metrics.contact_measures import (
    FCR_MATURED,
    FCR_PROVISIONAL_CLOSED,
    FCR_PROVISIONAL_RESOLVED,
    FCR_RESOLVED,
    FCR_REVISED,
    FCR_UNATTRIBUTABLE,
    REPEATS,
)
from services.metrics.folds.scene import Scene
from services.metrics.folds.totals import Move, Series, channel_label, count, total

_DAY_MS = 86_400_000
_NO_CASE = (Outcome.SPAM, Outcome.DUPLICATE)
"""Endings that say there was nothing to resolve."""


def resolved(event: Resolved, scene: Scene) -> Iterator[Move]:
    yield from _first_contact_closed(event, scene, settled=True)


def closed(event: Closed, scene: Scene) -> Iterator[Move]:
    if event.outcome not in _NO_CASE:
        yield from _first_contact_closed(event, scene, settled=False)


def _first_contact_closed(event: Resolved | Closed, scene: Scene, *, settled: bool) -> Iterator[Move]:
    tally = event.tally
    if tally is None or not (tally.first_in_case and tally.handled):
        return
    channel, queue = channel_label(tally.channel.label), scene.desk.queue(tally.first_queue_id)
    if tally.unattributable:
        yield count(FCR_UNATTRIBUTABLE, channel, queue)
        return
    yield count(FCR_PROVISIONAL_CLOSED, channel, queue)
    if settled:
        yield count(FCR_PROVISIONAL_RESOLVED, channel, queue)


def confirmed(event: ResolutionConfirmed, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(FCR_MATURED, channel, queue, scene.desk.window)
    if event.first_contact:
        yield count(FCR_RESOLVED, channel, queue, scene.desk.window)
        if event.case_id in scene.live.revised:
            yield count(FCR_REVISED, channel, queue, "up")


def reopened(event: Reopened, scene: Scene) -> Iterator[Move]:
    within = "1d" if event.after_ms <= _DAY_MS else "7d" if event.after_ms <= 7 * _DAY_MS else "later"
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(REPEATS, channel, queue, within)
    if event.first_contact:
        yield count(FCR_REVISED, channel, queue, "down")


def result(totals: Mapping[Series, int]) -> dict[str, int]:
    """The parts of GetKpis that speak of resolution."""
    return {
        "fcr_provisional_closed": total(totals, FCR_PROVISIONAL_CLOSED),
        "fcr_provisional_resolved": total(totals, FCR_PROVISIONAL_RESOLVED),
        "fcr_matured": total(totals, FCR_MATURED),
        "fcr_resolved": total(totals, FCR_RESOLVED),
        "fcr_revised": total(totals, FCR_REVISED, direction="down"),
        "fcr_revised_up": total(totals, FCR_REVISED, direction="up"),
        "repeats": total(totals, REPEATS),
    }
