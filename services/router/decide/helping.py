"""Help for an owner who keeps the customer: asked for, joined, ended, and a promise where nobody came.

These functions emit; whoever calls them serves the agents that they free.
"""

from __future__ import annotations

from services.contract.decisions import (
    ApproverFound,
    CallbackPromised,
    ConsultEnded,
    ConsultStarted,
    HelpPassedOn,
    HelpRequested,
    Need,
    WaitingReason,
)
from services.contract.facts import DecisionWanted, HelpKind, HelpResult
from services.router.advisers import adviser_for, has_room, may_advise, why_nobody
from services.router.decide.step import Step
from services.router.evolve.work import kind_of
from services.router.model import Contact, ContactState, Help
from services.router.promises import CALLBACK_LEAD_MS
from services.router.waiting import Kind

DEFERRABLE_UNFILLED_MS = 4 * 3_600_000
"""How long a request about an e-mail or a message that is not urgent waits for an adviser."""


def ask(
    step: Step,
    contact: Contact,
    kind: HelpKind,
    *,
    level: int = 0,
    topic_id: str = "",
    wanted: DecisionWanted | None = None,
    need: Need | None = None,
    counts: bool = True,
    ahead: bool = False,
) -> str:
    """Asks for help; somebody free joins at once. Answers the request's id.

    `need` is what the ask has taught of the contact. `counts` is false where a hand-over told already whether an
    approver was free (phi of routing.md 2.0). `ahead`: at the head of the line (2.8, rule 3).
    """
    help_id = step.new_id(contact.contact_id, "h")
    request = Help(help_id, contact.contact_id, contact.owner_id, kind, level, topic_id, wanted)
    adviser_id = adviser_for(step.desk, contact, request)
    joined = adviser_id is not None
    step.emit(
        HelpRequested(
            help_id=help_id,
            contact_id=contact.contact_id,
            owner_id=contact.owner_id,
            kind=kind,
            level=level,
            topic_id=topic_id,
            decision_wanted=wanted,
            deadline_at_ms=step.at_ms + unfilled_ms(step, contact),
            reason=WaitingReason.UNSPECIFIED if joined else why_nobody(step.desk, contact, request),
            approver=_found(joined=joined)
            if counts and kind is HelpKind.APPROVAL
            else ApproverFound.UNSPECIFIED,
            need=need if need != contact.need else None,
            ahead=ahead,
        )
    )
    if adviser_id is not None:
        _join(step, contact, help_id, adviser_id)
    return help_id


def _found(*, joined: bool) -> ApproverFound:
    return ApproverFound.FREE if joined else ApproverFound.NOBODY_FREE


def join_oldest(step: Step, agent_id: str, room: int) -> bool:
    """Lets a free agent join the oldest request that it can answer; False when there is none.

    Customers who are with their owners come before those who will be called back.
    """
    later: tuple[Contact, str] | None = None
    for help_id in step.desk.pending_help_ids:
        request = step.desk.helps[help_id]
        contact = step.contact(request.contact_id)
        promised = contact.state is ContactState.PROMISED
        if promised and later is not None:
            continue
        fits = contact.units <= room and has_room(step.desk, agent_id, contact.units)
        if not fits or not may_advise(step.desk, contact, request, agent_id):
            continue
        if not promised:
            _join(step, contact, help_id, agent_id)
            return True
        later = contact, help_id
    if later is not None:
        _join(step, *later, agent_id)
    return later is not None


def pass_on(step: Step, contact_id: str, reason: str) -> str:
    """The adviser who joined leaves the request unanswered; the next one free joins, else it waits at the head.

    Answers who left. Advisers are asked one after the other, each once (routing.md 1.1, awaiting_approval).
    """
    contact = step.contact(contact_id)
    request = step.desk.helps[contact.help_id]
    step.emit(
        HelpPassedOn(
            help_id=request.help_id,
            contact_id=contact_id,
            adviser_id=request.adviser_id,
            reason=reason,
            deadline_at_ms=_look_again_ms(step, contact, unfilled_ms(step, contact)),
        )
    )
    contact = step.contact(contact_id)
    next_id = adviser_for(step.desk, contact, step.desk.helps[contact.help_id])
    if next_id is not None:
        _join(step, contact, request.help_id, next_id)
    return request.adviser_id


def unfilled_ms(step: Step, contact: Contact) -> int:
    """How long a request waits for an adviser: live 120 s, deferrable work 4 h (routing.md 1.1)."""
    live = kind_of(contact.channel, contact.medium) is Kind.CALL or contact.opened.urgent
    return step.limits.consult_unfilled_ms if live else DEFERRABLE_UNFILLED_MS


def call_back_ms(contact: Contact) -> int:
    """When a contact whose owner will call back waits again, a little before the time told."""
    return contact.promised_at_ms - CALLBACK_LEAD_MS


def _look_again_ms(step: Step, contact: Contact, after_ms: int, *, joined: bool = False) -> int:
    """When the contact's one timer runs out: after so long, or at its call-back, where that was promised.

    It is looked at sooner than that while an adviser has joined.
    """
    at_ms = step.at_ms + after_ms
    if contact.state is not ContactState.PROMISED:
        return at_ms
    back_ms = max(step.at_ms, call_back_ms(contact))
    return min(at_ms, back_ms) if joined else back_ms


def end(step: Step, contact_id: str, result: HelpResult) -> str:
    """Ends the contact's open request; the owner goes on alone, or will call back. Answers the adviser's id, empty when nobody joined."""
    contact = step.contact(contact_id)
    request = step.desk.helps[contact.help_id]
    step.emit(
        ConsultEnded(
            help_id=request.help_id,
            contact_id=contact_id,
            adviser_id=request.adviser_id,
            result=result,
            kind=request.kind,
            channel=contact.channel,
            queue_id=contact.queue_id,
            deadline_at_ms=_look_again_ms(step, contact, step.limits.lease_ms),
        )
    )
    return request.adviser_id


def promise(step: Step, contact_id: str) -> None:
    """The owner will call back: the customer need not wait on the line for somebody who did not come.

    The contact waits again a little before, at its place, so that the time is kept. An approval that is asked for
    stays open until then (routing.md 2.8, rule 4): who may give it and comes, or frees, still joins.
    """
    contact = step.contact(contact_id)
    wait_ms = step.limits.callback_ms
    step.emit(
        CallbackPromised(
            contact_id=contact_id,
            owner_id=contact.owner_id,
            due_at_ms=step.at_ms + wait_ms,
            queue_at_ms=step.at_ms + max(wait_ms // 2, wait_ms - CALLBACK_LEAD_MS),
            channel=contact.channel,
            queue_id=contact.queue_id,
            help_id=contact.help_id,
        )
    )


def _join(step: Step, contact: Contact, help_id: str, adviser_id: str) -> None:
    step.emit(
        ConsultStarted(
            help_id=help_id,
            contact_id=contact.contact_id,
            adviser_id=adviser_id,
            units=contact.units,
            deadline_at_ms=_look_again_ms(step, contact, step.limits.consult_joined_ms, joined=True),
        )
    )
