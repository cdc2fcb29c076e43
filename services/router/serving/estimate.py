"""How long a contact will wait about, from the folded state alone.

The queue-length estimate of Whitt (Predicting queueing delays, Management Science 45, 1999): with n ahead and the
people who may take it serving mu contacts a second when busy (each as many at once as fit), (n + 1) / mu. It knows nothing of who will come later or
leave, so it is a figure for people, never a promise. Contacts that others could take too count by the share of their
agents who could take this one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.contract.facts import Channel
from services.router.eligibility import Pool
from services.router.evolve.work import kind_of
from services.router.model import Contact, DeskState
from services.router.waiting import Fit, Kind, Lane, Work, entries

NANO = 1_000_000_000
CALL_UNITS = 100
MEDIA = {Channel.PHONE: "voice", Channel.EMAIL: "email"}
"""Usual medium of a family; others wait like messages whatever they are."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An expected wait; None while nobody who may take it is at work."""

    seconds: float | None
    ahead: float
    """Contacts ahead of it, each by the share of its agents that could take this one."""
    available: int
    """Agents at work who may take it."""
    free: int
    """Those of them who have room for it now."""


def possible_work(desk: DeskState, channel: Channel, medium: str, topic_id: str, language: str) -> Work:
    """The class of a contact that might come, as far as its caller knows it."""
    kind, settings = kind_of(channel, medium or MEDIA.get(channel, "")), desk.crew.settings
    units = {Kind.CALL: CALL_UNITS, Kind.MESSAGE: settings.units_message, Kind.EMAIL: settings.units_email}
    topics = (topic_id,) if topic_id else ()
    return Work(kind, Fit(language, topics, "", "", 0, units[kind]), 1.0, False)


def of_contact(desk: DeskState, contact: Contact) -> Estimate | None:
    """The wait that a queued contact still has; None when it does not wait."""
    if contact.lane is None:
        return None
    return of_work(desk, contact.lane, contact.contact_id)


def of_work(desk: DeskState, work: Work, contact_id: str = "") -> Estimate:
    """The wait of one more contact of a class, or of the one that is in its lane."""
    pool, each = desk.crew.pool(_anybodys(work)), work.fit.units
    available = len(pool.at)
    ahead = _ahead(desk, work, pool, contact_id)
    if not available:
        return Estimate(None, ahead, 0, 0)
    room = (pool.there.capacity - desk.agents.units[pool.at]) // each
    free, places = int(np.count_nonzero(room > 0)), int(room[room > 0].sum())
    if places > ahead:
        return Estimate(0.0, ahead, available, free)
    rate = float((pool.there.rates(desk.crew.ledger) * (pool.there.capacity // each)).sum()) / NANO
    return Estimate((ahead - places + 1) / rate if rate > 0 else None, ahead, available, free)


def _anybodys(work: Work) -> Work:
    """The same work without who had or declined it: an estimate is of the line, not of one contact's history."""
    return work._replace(fit=work.fit._replace(had=(), declined=()))


def _ahead(desk: DeskState, work: Work, pool: Pool, contact_id: str) -> float:
    """Contacts of the same class that come before it, and those of other classes that are no less urgent."""
    mine = np.zeros(len(desk.agents), np.bool_)
    mine[pool.at] = True
    total = 0.0
    for other, lane in desk.waiting.items():
        if other is work or other == work:
            total += _before(lane, contact_id)
            continue
        if _rank(other) > _rank(work):
            continue
        theirs = desk.crew.pool(other).at
        if len(theirs):
            shared = int(np.count_nonzero(mine[theirs]))
            total += sum(len(chunk) for chunk in lane) * shared / len(theirs)
    return total


def _before(lane: Lane, contact_id: str) -> int:
    """How many of a lane come before a contact of it; all of them before one that is not there."""
    if not contact_id:
        return sum(len(chunk) for chunk in lane)
    place = 0
    for _, _, one in entries(lane):
        if one == contact_id:
            return place
        place += 1
    return place


def _rank(work: Work) -> int:
    """Live work comes before deferrable work (routing.md 2.6)."""
    return 1 if work.slope.deferrable else 0
