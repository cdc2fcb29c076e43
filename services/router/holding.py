"""Whom a contact that somebody free could take is held for: the busy agents of the hold test (routing.md 2.4, step 2).

Only those are weighed whose cost may matter: nearly under that of the best free agent, at most as many as the test looks
at. A bounded wait for the agent whom the customer had or asked for comes first (2.7).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.router.eligibility import AVAILABLE, Index, Mask, Pool
from services.router.evolve.work import waiting_key
from services.router.ledger import NEARLY_CS, Task
from services.router.model import Contact, ContactState, DeskState
from services.router.policy.cost import MICRO, NANO
from services.router.policy.hold import CANDIDATES_MAX, MARGIN_MICRO, Hold, hold_test
from services.router.preferred import preferred_agents
from services.router.score import Slate
from services.router.urgency import SECOND_MS, Urgency
from services.router.waiting import Kind, Work


class WaitedFor(NamedTuple):
    """Who may be waited for beside those who have no room."""

    asked: int
    """Place in the roster of who was asked just now, room or not; -1 for nobody."""
    here: int
    """Place of who would take it, and is not waited for; -1 for nobody."""
    raising: Mask | None
    """Of the pool, who gains something over the owner; None for everybody."""


def others_waiting(desk: DeskState, contact: Contact) -> int:
    """Live contacts of the same topic and language that wait beside it."""
    count = desk.live_waiting.get(waiting_key(contact), 0)
    own = (
        contact.lane is not None
        and contact.state is ContactState.QUEUED
        and not contact.lane.slope.deferrable
    )
    return max(0, count - own)


def tested(
    desk: DeskState,
    contact: Contact,
    pool: Pool,
    urgency: Urgency,
    waited_for: WaitedFor,
    work: Work,
    task: Task,
    best_cost: int,
) -> tuple[Hold | None, Slate | None]:
    """The hold test against the busy agents; the free one costs `best_cost`, in micro-cs."""
    if urgency.left_seconds <= 0:
        return None, None
    crew = desk.crew
    kept = kept_for_preferred(desk, contact, pool, urgency, waited_for, work, best_cost)
    if kept is not None:
        return kept
    at = _cheapest_busy(desk, pool, waited_for, work, task, best_cost)
    if not len(at):
        return None, None
    busy = Slate(at, crew.ledger.costs_of(at, task))
    hold = hold_test(
        np.arange(len(at)),
        busy.costs.total,
        crew.ledger.rate[at],
        best_cost=best_cost,
        waiting=1 + others_waiting(desk, contact),
        waiting_cs=urgency.waits_cs,
        left_seconds=urgency.left_seconds,
    )
    return hold, busy


def _cheapest_busy(
    desk: DeskState, pool: Pool, waited_for: WaitedFor, work: Work, task: Task, best_cost: int
) -> Index:
    """Places in the roster of the busy agents who may be cheaper than the best free one, rising.

    All of those that `hold_test` may look at, and few more: costs as they are nearly are enough to leave out the rest.
    """
    at = pool.at
    if waited_for.raising is not None:
        at = at[waited_for.raising]
    near = None
    if len(at) > CANDIDATES_MAX:
        near = desk.crew.ledger.nearly(pool, task)
        if waited_for.raising is not None:
            near = near[waited_for.raising]
        cheaper = (near < (best_cost - MARGIN_MICRO) / MICRO + NEARLY_CS).nonzero()[0]
        at, near = at[cheaper], near[cheaper]
    busy = ~has_room(desk, at, work)
    if waited_for.asked >= 0:
        busy |= at == waited_for.asked
    if waited_for.here >= 0:
        busy &= at != waited_for.here
    at = at[busy]
    if near is not None and len(at) > CANDIDATES_MAX:
        near = near[busy]
        most = np.partition(near, CANDIDATES_MAX - 1)[CANDIDATES_MAX - 1] + 2 * NEARLY_CS
        at = at[near <= most]
    return at


def kept_for_preferred(
    desk: DeskState,
    contact: Contact,
    pool: Pool,
    urgency: Urgency,
    waited_for: WaitedFor,
    work: Work,
    best_cost: int,
) -> tuple[Hold, Slate] | None:
    """A bounded wait for the busy agent whom the customer had or asked for, where the bonus outweighs it (2.7)."""
    wanted = preferred_agents(contact)
    if not wanted:
        return None
    crew, settings = desk.crew, desk.crew.settings
    position = crew.roster.seats.index.get(wanted[0], -1)
    if position < 0 or crew.presences[position] != AVAILABLE or not pool.there.has(position):
        return None
    here = np.array([position])
    room = has_room(desk, here, work)[0] and position != waited_for.asked
    if room or position == waited_for.here:
        return None
    if waited_for.raising is not None and not waited_for.raising[pool.at.searchsorted(position)]:
        return None
    seconds = NANO / int(crew.ledger.rate[position])
    call = contact.lane.kind is Kind.CALL if contact.lane is not None else urgency.patience is not None
    limit_ms = settings.preferred_phone_ms if call else settings.preferred_message_ms
    bonus = settings.continuity_share * settings.not_resolved_cs * urgency.weight
    waiting = urgency.waiting_cs(seconds) * seconds
    if seconds * SECOND_MS > limit_ms or bonus <= waiting or seconds >= urgency.left_seconds:
        return None
    busy = Slate(here, crew.ledger.costs_at(here, contact.need, work.weight))
    waits = round(waiting * MICRO)
    return Hold(True, best_cost, busy.costs.total.item(0) + waits, waits, round(seconds, 6), 1, 0), busy


def has_room(desk: DeskState, at: Index, work: Work) -> Mask:
    """Who of these has room for it now; a call stops what is interruptible."""
    used = desk.agents.firm if stops_others(desk, work) else desk.agents.units
    found: Mask = used[at] + work.fit.units <= desk.crew.roster.capacity[at]
    return found


def stops_others(desk: DeskState, work: Work) -> bool:
    """True for a call at a desk where calls stop what is interruptible."""
    return work.kind is Kind.CALL and bool(desk.crew.settings.interrupt_email)
