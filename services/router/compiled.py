"""Scores and the hold test by compiled code (kernels/): what score.py and holding.py say, to the last bit, without numpy.

Used where it was built (`kernels.COMPILED`) and nothing explores. Most searches are one call into the compiled code
(kernels/seeking.pyx); `best_of` and `tested` serve the contacts that it leaves, those that come back to an owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.router import kernels
from services.router.holding import WaitedFor, kept_for_preferred, others_waiting, stops_others
from services.router.model import Contact, DeskState
from services.router.policy.cost import MICRO, NANO
from services.router.policy.hazard import PATIENT
from services.router.policy.hold import Hold
from services.router.policy.value import deferrable_waiting_cs
from services.router.preferred import preferred_agents
from services.router.urgency import Urgency
from services.router.waiting import Work

if TYPE_CHECKING:
    from services.router.eligibility import Index, Pool
    from services.router.kernels.arrival import Choice, Row
    from services.router.kernels.weigher import Asked
    from services.router.score import Slate


def room_of(desk: DeskState, pool: Pool, work: Work, but: int) -> Index:
    """`seeking.with_room`."""
    loads, there = desk.agents.version.loads(), pool.there
    weigher = desk.crew.ledger.weigher
    return kernels.arrival.room(
        weigher, there, there.columns, loads, work.fit.units, stops_others(desk, work), but
    )


def best_of(
    desk: DeskState, contact: Contact, chosen: Index, work: Work, now_ms: int
) -> tuple[Asked, Choice]:
    """`score.ranking_of` of those at these places, who are some, and the contact as it was weighed."""
    crew = desk.crew
    settings, weigher = crew.settings, crew.ledger.weigher
    asked = weigher.asked(contact.need, work.weight)
    bonus = round(settings.continuity_share * settings.not_resolved_cs * work.weight * MICRO)
    liked: list[int] = []
    opened = contact.opened
    if contact.last_owner_id or opened.preferred_agent_id or opened.familiar_agent_id:
        index = crew.roster.seats.index
        liked = [index[one] for one in preferred_agents(contact) if one in index]
    hands = desk.agents.version.loads().hands
    return asked, kernels.arrival.ranked(weigher, chosen, hands, asked, now_ms, bonus, tuple(liked))


def tested(
    desk: DeskState,
    contact: Contact,
    pool: Pool,
    urgency: Urgency,
    waited_for: WaitedFor,
    work: Work,
    asked: Asked,
    best_cost: int,
) -> tuple[Hold | None, Slate | Row | None]:
    """`holding.tested`."""
    left_seconds = urgency.left_seconds
    if left_seconds <= 0:
        return None, None
    crew, opened = desk.crew, contact.opened
    if contact.last_owner_id or opened.preferred_agent_id or opened.familiar_agent_id:
        kept = kept_for_preferred(desk, contact, pool, urgency, waited_for, work, best_cost)
        if kept is not None:
            return kept
    patience, weight, waited = urgency.patience, urgency.weight, urgency.waited_seconds
    leaving, before = None, 0.0
    if patience is None:
        second_cs = deferrable_waiting_cs(weight, waited, crew.settings)
    else:
        second_cs = weight * (1.0 + urgency.waited_ms / urgency.target_ms)
        if patience is not PATIENT:
            leaving, before = crew.leavings[patience is crew.patience[1]], patience.left_share_log(waited)
    there = pool.there
    found = kernels.holding.tested(
        crew.ledger.weigher,
        there,
        there.columns,
        desk.agents.version.loads().hands,
        asked,
        work.fit.units,
        stops_others(desk, work),
        (waited_for.asked, waited_for.here, waited_for.raising),
        leaving,
        (best_cost, (1 + others_waiting(desk, contact)) * NANO, waited, before, second_cs, left_seconds),
    )
    if found is None:
        return None, None
    held, hold_cost, waiting_cost, seconds, agents, first = found
    return Hold(held, best_cost, hold_cost, waiting_cost, round(seconds, 6), agents, 0), first
