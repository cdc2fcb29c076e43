"""What the desk learns of an event: results, handle times, levels really needed, who was free to approve.

A step here sees the desk before and after the event's own step. It learns of the owner's own result only: stuck is 0
even if an expert then helps him through, and after an approval the result after it counts; a transfer is no result, nor
is a customer who left (routing.md 3). Beliefs are published by the first event that teaches something a minute or more
after the last publication, so they follow from the log alone.
"""

# ruff: noqa: ARG001 - every event is learned from by a function of one signature

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from services.contract import decisions as d
from services.contract.facts import Outcome, Presence, TransferReason
from services.router.evolve.levels import is_advice
from services.router.evolve.work import kind_of
from services.router.learned import (
    NEW_FOR_MS,
    SHARE,
    Learned,
    Newcomer,
    configured_of,
    learns,
    load,
    with_held,
)
from services.router.model import Contact, DeskState, changed
from services.router.need import top_topic
from services.router.policy.board import Board
from services.router.policy.labels import Statement
from services.router.policy.learning import Key, Skills, Strengths, stratum_of
from services.router.policy.memory import VALUE, with_changes
from services.router.policy.outcomes import Open, Outcomes
from services.router.policy.patience import fitted
from services.router.policy.strength import EVERY_DAYS, evenness_after, measured
from services.router.waiting import Kind

PUBLISHED_EVERY_MS = 60_000
DIGITS = 9
_STATEMENTS = {
    Outcome.RESOLVED: Statement.SETTLED,
    Outcome.UNSTATED: Statement.UNSTATED,
    Outcome.CUSTOMER_SILENT: Statement.UNSTATED,
}
"""Endings after which a repeat is waited for; UNRESOLVED is a failure at once, all others teach nothing."""


def applied(desk: DeskState, before: DeskState | None, at_ms: int) -> DeskState:
    """A configuration is in force: what is known is kept by id, priors and order are the new ones."""
    roster, known = desk.crew.roster, desk.learned
    settings = roster.settings
    if before is None:
        known = Learned(
            began_ms=at_ms,
            half_life_days=settings.decay_half_life_days,
            approver_free=settings.approver_free_first,
            strengths=Strengths(settings.strength_agent, settings.strength_cell),
        )
    elif (settings.strength_agent, settings.strength_cell) != _strengths_of(before):
        known = with_changes(known, strengths=Strengths(settings.strength_agent, settings.strength_cell))
    newcomers = known.newcomers
    for agent_id in sorted(newcomers):
        if agent_id not in roster.agents:
            newcomers = newcomers.delete(agent_id)
    there = before.agents if before is not None else desk.agents
    for agent_id in roster.agent_ids:
        if agent_id not in there and agent_id not in newcomers:
            newcomers = newcomers.set(agent_id, Newcomer(at_ms))
    board = Board.of(configured_of(roster, newcomers), known.skills, known.speeds)
    return _published(changed(desk, learned=with_changes(known, newcomers=newcomers, board=board)), at_ms)


def _strengths_of(desk: DeskState) -> tuple[float, float]:
    return desk.crew.settings.strength_agent, desk.crew.settings.strength_cell


def contact_ended(before: DeskState, desk: DeskState, event: d.Resolved | d.Closed, at_ms: int) -> DeskState:
    """The owner's result, how long it took, and which level it needed."""
    contact = before.contacts[event.contact_id]
    outcome = event.outcome if isinstance(event, d.Closed) else Outcome.RESOLVED
    topic_id = (event.tally.topic_id if event.tally is not None else "") or top_topic(contact.need)
    known = desk.learned
    if not learns(desk.crew.settings) or contact.epoch == 0:
        return desk
    if outcome in _STATEMENTS or outcome is Outcome.UNRESOLVED:
        known = _level_needed(known, contact, topic_id, at_ms, resolved=outcome is Outcome.RESOLVED)
        if outcome is not Outcome.UNSTATED:
            known = _handled(known, desk, contact, topic_id, at_ms)
        if contact.opened.customer_key and not contact.advised:
            known = _result(known, contact, event.agent_id, topic_id, _STATEMENTS.get(outcome), at_ms)
    return _after(desk, known, at_ms)


def opened(before: DeskState, desk: DeskState, event: d.ContactOpened, at_ms: int) -> DeskState:
    """A repeat: results of its case on the same topic were none."""
    known = desk.learned
    results = [] if event.first_in_case else known.outcomes.of(event.case_id)
    if not results:
        return desk
    topics = {topic.topic_id: topic.weight for topic in event.need.topics} if event.need is not None else {}
    today, board = known.today(at_ms), _board(known)
    window_ms = desk.limits.repeat_window_ms
    skills, outcomes = known.outcomes.came_back(
        known.skills,
        results,
        topics,
        board.prior,
        lambda ended_ms: (at_ms - ended_ms) / window_ms,
        today=today,
        timed=at_ms - known.began_ms >= window_ms,
    )
    cells = [one.result.key for _, one in results]
    return _after(desk, _touched(known, skills, outcomes, cells), at_ms)


def window_over(
    before: DeskState, desk: DeskState, event: d.ResolutionConfirmed | d.Forgotten, at_ms: int
) -> DeskState:
    """The repeat window of a case is over: its results stand. They take less room once a contact of it is forgotten."""
    known = desk.learned
    if isinstance(event, d.Forgotten) and event.contact_id:
        return _put_away(desk, before.contacts[event.contact_id].case_id)
    results = known.outcomes.of(event.case_id)
    if not results:
        return desk
    cells = [one.result.key for _, one in results]
    skills, outcomes = known.outcomes.window_over(known.skills, results, _board(known).prior)
    return _after(desk, _touched(known, skills, outcomes, cells), at_ms)


def _put_away(desk: DeskState, case_id: str) -> DeskState:
    outcomes = desk.learned.outcomes.put_away(case_id)
    if outcomes is desk.learned.outcomes:
        return desk
    return changed(desk, learned=with_changes(desk.learned, outcomes=outcomes))


def help_ended(before: DeskState, desk: DeskState, event: d.ConsultEnded, at_ms: int) -> DeskState:
    """An expert's advice: the owner was stuck, whatever comes of it. Marked on the contact by its own step."""
    if not is_advice(event):
        return desk
    return _stuck(before, desk, before.contacts[event.contact_id], at_ms)


def transferred(before: DeskState, desk: DeskState, event: d.Transferred, at_ms: int) -> DeskState:
    """Passing on is no result; being stuck is one."""
    if event.reason is not TransferReason.STUCK:
        return desk
    return _stuck(before, desk, before.contacts[event.contact_id], at_ms)


def approver_asked(
    before: DeskState, desk: DeskState, event: d.HelpRequested | d.HandoverStarted, at_ms: int
) -> DeskState:
    """phi: whether an approver was free when a right was missing."""
    if event.approver is d.ApproverFound.UNSPECIFIED:
        return desk
    found = 1.0 if event.approver is d.ApproverFound.FREE else 0.0
    phi, step = desk.learned.approver_free, desk.crew.settings.approver_free_step
    phi = round(phi + step * (found - phi), DIGITS)
    return _after(desk, with_changes(desk.learned, approver_free=phi), at_ms)


def assigned(before: DeskState, desk: DeskState, event: d.Assigned, at_ms: int) -> DeskState:
    """A wait that was answered; loads of newcomers, while there are any."""
    if event.first:
        desk = _waited(before, desk, event, left=False)
    known = desk.learned
    if not known.newcomers:
        return desk
    newcomers = known.newcomers
    newcomer = newcomers.get(event.agent_id)
    if newcomer is not None:
        newcomers = newcomers.set(event.agent_id, with_changes(newcomer, taken=newcomer.taken + 1))
    mean_load = known.mean_load + SHARE // max(1, len(desk.crew.signed_in))
    known = with_changes(known, newcomers=newcomers, mean_load=mean_load)
    return changed(desk, learned=with_held(known, event.agent_id, at_ms))


def abandoned(before: DeskState, desk: DeskState, event: d.Abandoned, at_ms: int) -> DeskState:
    """A wait that its customer ended; believed with the next publication."""
    return _waited(before, desk, event, left=True)


def presence_changed(
    before: DeskState, desk: DeskState, event: d.AgentPresenceChanged, at_ms: int
) -> DeskState:
    """A newcomer's mean load counts while it is signed in; after its first days nothing is counted any more."""
    known = desk.learned
    newcomer = known.newcomers.get(event.agent_id)
    if newcomer is None or at_ms - newcomer.since_ms > NEW_FOR_MS:
        return desk
    if event.presence is Presence.OFFLINE:
        newcomer = with_changes(newcomer, mean_load=load(known, newcomer), counted_from=-1)
    elif newcomer.counted_from < 0:
        newcomer = with_changes(newcomer, counted_from=known.mean_load)
    return changed(desk, learned=with_changes(known, newcomers=known.newcomers.set(event.agent_id, newcomer)))


Step = Callable[[DeskState, DeskState, Any, int], DeskState]
LEARN: dict[type, Step] = {
    d.Resolved: contact_ended,
    d.Closed: contact_ended,
    d.ContactOpened: opened,
    d.ResolutionConfirmed: window_over,
    d.Forgotten: window_over,
    d.ConsultEnded: help_ended,
    d.Transferred: transferred,
    d.HelpRequested: approver_asked,
    d.HandoverStarted: approver_asked,
    d.Assigned: assigned,
    d.Abandoned: abandoned,
    d.AgentPresenceChanged: presence_changed,
}
"""Events that teach something; for all others there is no step."""


def _waited(before: DeskState, desk: DeskState, event: d.Assigned | d.Abandoned, *, left: bool) -> DeskState:
    """Counts the wait of a caller on the line; whom we promised to call back did not hold it."""
    contact, settings = before.contacts[event.contact_id], desk.crew.settings
    on_line = kind_of(contact.channel, contact.medium) is Kind.CALL and not contact.released
    if not on_line or contact.epoch > 0 or not learns(settings):
        return desk
    others, loyal = desk.learned.waits
    if contact.tier in settings.loyal_tiers:
        loyal = loyal.after(event.wait_since_queue_ms, left=left)
    else:
        others = others.after(event.wait_since_queue_ms, left=left)
    return changed(desk, learned=with_changes(desk.learned, waits=(others, loyal)))


def _stuck(before: DeskState, desk: DeskState, contact: Contact, at_ms: int) -> DeskState:
    """The owner's own result is a failure; not where he should never have had it, for want of a certificate."""
    topic_id = top_topic(contact.need)
    certified = desk.crew.roster.certified.get(contact.owner_id, frozenset())
    known_customer = bool(contact.opened.customer_key)
    if not learns(desk.crew.settings) or contact.advised or topic_id not in certified or not known_customer:
        return desk
    return _after(desk, _result(desk.learned, contact, contact.owner_id, topic_id, None, at_ms), at_ms)


def _result(
    known: Learned, contact: Contact, agent_id: str, topic_id: str, said: Statement | None, at_ms: int
) -> Learned:
    """With the owner's own result; a failure for certain when nothing is `said` of it."""
    board, today = _board(known), known.today(at_ms)
    configured = board.before(agent_id, topic_id)
    if configured is None:
        return known
    stratum = stratum_of(_likeliest_level(contact), complaint=contact.complaint, repeat=contact.repeat)
    key = Key(agent_id, topic_id, stratum)
    outcomes = known.outcomes
    label = 0.0 if said is None else outcomes.provisional(topic_id, said, 0.0, today)
    result = known.skills.result(key, label, configured, known.strengths, today)
    if said is None:
        skills = known.skills.entered(result, configured.topic)
    else:
        entry = Open(contact.case_id, at_ms, said, result)
        skills, outcomes = outcomes.entered(known.skills, entry, configured.topic)
    return _touched(known, skills, outcomes, [key])


def _touched(known: Learned, skills: Skills, outcomes: Outcomes, keys: list[Key]) -> Learned:
    cells = known.cells_touched
    for key in keys:
        cells = cells.set((key.agent_id, key.topic_id), True)
    return with_changes(known, skills=skills, outcomes=outcomes, cells_touched=cells)


def _handled(known: Learned, desk: DeskState, contact: Contact, topic_id: str, at_ms: int) -> Learned:
    """The handle time of a call that one agent had to himself: no advice, no call-back, no transfer before."""
    plain = contact.consults == 0 and not contact.released and contact.owner_id
    configured = desk.crew.roster.handle_seconds(topic_id)
    if kind_of(contact.channel, contact.medium) is not Kind.CALL or not plain or not topic_id:
        return known
    if topic_id not in desk.crew.roster.topics or not contact.assigned_at_ms:
        return known
    seconds = (at_ms - contact.assigned_at_ms) / 1000
    speeds = known.speeds.after(contact.owner_id, topic_id, seconds, configured, known.today(at_ms))
    if speeds is known.speeds:
        return known
    return with_changes(known, speeds=speeds, agents_timed=known.agents_timed.set(contact.owner_id, True))


def _level_needed(known: Learned, contact: Contact, topic_id: str, at_ms: int, *, resolved: bool) -> Learned:
    """What it really took, of a contact whose words did not state it."""
    first = contact.opened.need
    if first is None or first.known or not topic_id:
        return known
    if not (contact.level_used or contact.need.known or resolved):
        return known
    level = contact.level_used or (_likeliest_level(contact) if contact.need.known else 0)
    signal = first.signal_level - 1 if first.signal_level else None
    expected = sum([part.weight for part in first.levels if part.level > 0])
    levels = known.levels.after(
        topic_id, level, signal, known.today(at_ms), complaint=contact.complaint, expected=expected
    )
    return with_changes(known, levels=levels)


def _likeliest_level(contact: Contact) -> int:
    best = max(contact.need.levels, key=lambda part: (part.weight, -part.level), default=None)
    return best.level if best is not None else 0


def _board(known: Learned) -> Board:
    if known.board is None:
        raise LookupError("the desk is not configured")
    return known.board


def _after(desk: DeskState, known: Learned, at_ms: int) -> DeskState:
    """The desk with what it has learned; looks at a few results again, and publishes when it is time."""
    if known is desk.learned:
        return desk
    known = _looked_at(known, desk.limits.repeat_window_ms, at_ms)
    desk = changed(desk, learned=known)
    if at_ms - known.published_at_ms < PUBLISHED_EVERY_MS:
        return desk
    return _published(desk, at_ms)


def _looked_at(known: Learned, window_ms: int, at_ms: int) -> Learned:
    before = known.outcomes
    skills, outcomes, keys = before.looked_at(
        known.skills, _board(known).prior, lambda ended_ms: (at_ms - ended_ms) / window_ms, known.today(at_ms)
    )
    if outcomes is before:
        return known
    if skills is known.skills:
        return with_changes(known, outcomes=outcomes)
    return _touched(known, skills, outcomes, keys)


def _published(desk: DeskState, at_ms: int) -> DeskState:
    """Brings the beliefs in force up to what is known."""
    known = desk.learned
    if not learns(desk.crew.settings):
        beliefs = replace(desk.crew.roster.configured_beliefs(), approver_free=known.approver_free)
    else:
        known = _measured(known, at_ms)
        version = known.beliefs.version + 1 if known.beliefs is not None else 0
        board = _board(known).brought_up(
            known.skills, known.speeds, sorted(known.cells_touched), sorted(known.agents_timed)
        )
        known = with_changes(known, board=board)
        beliefs = board.beliefs(
            known.skills,
            known.speeds,
            known.strengths,
            known.today(at_ms),
            version=version,
            approver_free=known.approver_free,
        )
        beliefs = replace(beliefs, patience=(fitted(known.waits[0]), fitted(known.waits[1])))
    known = with_changes(
        known,
        beliefs=beliefs,
        published_at_ms=at_ms,
        cells_touched=type(known.cells_touched)(),
        agents_timed=type(known.agents_timed)(),
    )
    return changed(desk, learned=known, crew=desk.crew.with_beliefs(beliefs))


def _measured(known: Learned, at_ms: int) -> Learned:
    """Strengths from the data, once a month."""
    day = known.day(at_ms)
    if day - known.strengths_day < EVERY_DAYS:
        return known
    today = known.today(at_ms)
    counts, excess = _board(known).counts_and_excess(known.skills, today)
    every = list(known.skills.agents.values())
    n = sum(sums.n for sums in every)
    mean = sum(sums.s for sums in every) / (n * VALUE) if n else 0.0
    if not 0.0 < mean < 1.0:
        return with_changes(known, strengths_day=day)
    evenness = evenness_after(day, known.half_life_days)
    return with_changes(
        known, strengths=measured(counts, excess, mean, evenness, known.strengths), strengths_day=day
    )
