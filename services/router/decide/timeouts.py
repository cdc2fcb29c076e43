"""Deadlines that passed: every object that is not final has exactly one (routing.md 1.1; engine.md 1.8)."""

from __future__ import annotations

from collections.abc import Callable

from services.contract.decisions import (
    AgentPresenceChanged,
    CallbackPromised,
    Forgotten,
    ResolutionConfirmed,
    TargetMissed,
)
from services.contract.facts import HelpResult, Outcome
from services.router.decide import awaiting, ending, helping, overload
from services.router.decide.keeping import give_back
from services.router.decide.offers import expire
from services.router.decide.placing import place, queue, serve
from services.router.decide.step import Step
from services.router.decide.transfer import end_unfilled
from services.router.evolve.agents import ASKED
from services.router.model import Contact, ContactState
from services.router.promises import (
    CALLBACK,
    CALLBACK_TOLD_MS,
    holds_a_line,
    last_deadline_ms,
    new_time_due,
    new_time_ms,
    open_promises,
)


def contact_due(step: Step, contact: Contact) -> None:
    """What follows when the contact's deadline has passed."""
    _DUE[contact.state](step, contact)


def case_due(step: Step, case_id: str) -> None:
    """The repeat window is over: the case is confirmed if it counts, and forgotten."""
    case = step.desk.cases[case_id]
    if case.measured:
        step.emit(
            ResolutionConfirmed(
                case_id=case_id,
                channel=case.first_channel,
                queue_id=case.first_queue_id,
                first_contact=case.first_settled and not case.returned,
            )
        )
    step.emit(Forgotten(case_id=case_id))


def agent_due(step: Step, agent_id: str) -> None:
    """Not ready for two minutes: asked once whether it is meant so (routing.md 1.2); the agent's desktop is told."""
    agent = step.agent(agent_id)
    step.emit(
        AgentPresenceChanged(
            agent_id=agent_id,
            presence=agent.presence,
            reason=ASKED,
            shift_ends_at_ms=agent.shift_ends_at_ms,
        )
    )


def _waits(step: Step, contact: Contact) -> None:
    """Says which promises are broken, then tries again to find somebody; a line that rang for hours is dead."""
    if new_time_due(contact, step.at_ms):
        _new_time(step, contact)
        place(step, contact.contact_id)
        return
    broken = [promise for at_ms, promise in open_promises(step.limits, contact) if at_ms <= step.at_ms]
    ahead = [at_ms for at_ms, _ in open_promises(step.limits, contact) if at_ms > step.at_ms]
    if contact.promised_at_ms:
        ahead.append(contact.promised_at_ms - CALLBACK_TOLD_MS)
    moved_ms = (
        min(ahead) if ahead else last_deadline_ms(step.limits, contact, contact.queued_at_ms, step.at_ms)
    )
    if not broken and _line_is_dead(step, contact):
        ending.close(step, contact.contact_id, Outcome.UNSTATED)
        return
    for promise in broken:
        step.emit(
            TargetMissed(
                contact_id=contact.contact_id,
                queue_id=contact.queue_id,
                channel=contact.channel,
                promise=promise,
                deadline_at_ms=moved_ms,
            )
        )
    place(step, contact.contact_id)
    overload.offer_callback(step, contact.contact_id)


def _new_time(step: Step, contact: Contact) -> None:
    """Nobody has called back yet: the customer is told a new time before the old one passes (routing.md 1.2)."""
    late = contact.promised_at_ms < step.at_ms and CALLBACK not in contact.missed
    due_at_ms = new_time_ms(contact, step.at_ms)
    if late:
        step.emit(
            TargetMissed(
                contact_id=contact.contact_id,
                queue_id=contact.queue_id,
                channel=contact.channel,
                promise=CALLBACK,
                deadline_at_ms=due_at_ms - CALLBACK_TOLD_MS,
            )
        )
    step.emit(
        CallbackPromised(
            contact_id=contact.contact_id,
            due_at_ms=due_at_ms,
            channel=contact.channel,
            queue_id=contact.queue_id,
            queue_at_ms=due_at_ms - CALLBACK_TOLD_MS,
            replaces_at_ms=contact.promised_at_ms,
        )
    )


def _line_is_dead(step: Step, contact: Contact) -> bool:
    return holds_a_line(contact) and step.at_ms >= contact.queued_at_ms + step.limits.lease_ms


def _lease_over(step: Step, contact: Contact) -> None:
    """Nothing was heard of the assignment: the contact waits ahead, its owner may have it back."""
    queue(step, contact, ahead=True)
    place(step, contact.contact_id)
    serve(step, contact.owner_id)


def _help_over(step: Step, contact: Contact) -> None:
    """A consult took too long: the owner goes on alone. Nobody joined: he promises to call back (rule 3).

    An approval is asked for until then, of whoever comes or frees (rule 4). An approver who did not answer is followed by the next one (routing.md 1.1, awaiting_approval).
    """
    if contact.state is ContactState.AWAITING_APPROVAL and step.desk.helps[contact.help_id].adviser_id:
        serve(step, helping.pass_on(step, contact.contact_id, "expired"))
        return
    if contact.state is ContactState.CONSULTING:
        adviser_id = helping.end(step, contact.contact_id, HelpResult.EXPIRED)
        if adviser_id:
            serve(step, adviser_id)
            return
    helping.promise(step, contact.contact_id)
    serve(step, contact.owner_id)


def _handover_due(step: Step, contact: Contact) -> None:
    """The offer of it expired, or the time to find a receiver is over."""
    handover = contact.handover
    over = handover is None or handover.deadline_at_ms <= step.at_ms
    if contact.offer_id and not over:
        expire(step, contact)
        return
    end_unfilled(step, contact.contact_id)


def _call_back(step: Step, contact: Contact) -> None:
    """The promise is due soon: back in the line at its kept place, its owner first; or its approver took too long."""
    adviser_id = ""
    if contact.help_id:
        joined = bool(step.desk.helps[contact.help_id].adviser_id)
        if joined and step.at_ms < helping.call_back_ms(contact):
            serve(step, helping.pass_on(step, contact.contact_id, "expired"))
            return
        adviser_id = helping.end(step, contact.contact_id, HelpResult.EXPIRED)
    give_back(step, contact.contact_id)
    if adviser_id:
        serve(step, adviser_id)


def _wrap_up_over(step: Step, contact: Contact) -> None:
    """Closed without a word, the agent is free."""
    for agent_id in ending.close(step, contact.contact_id, Outcome.UNSTATED):
        serve(step, agent_id)


def _forget(step: Step, contact: Contact) -> None:
    step.emit(Forgotten(contact_id=contact.contact_id))


def _nothing(step: Step, contact: Contact) -> None:
    """A contact between two places has no deadline of its own."""


_DUE: dict[ContactState, Callable[[Step, Contact], None]] = {
    ContactState.RECEIVED: _nothing,
    ContactState.QUEUED: _waits,
    ContactState.OFFERED: expire,
    ContactState.ASSIGNED: _lease_over,
    ContactState.CONSULTING: _help_over,
    ContactState.AWAITING_APPROVAL: _help_over,
    ContactState.HANDING_OVER: _handover_due,
    ContactState.PROMISED: _call_back,
    ContactState.WRAPPING: _wrap_up_over,
    ContactState.CLOSED: _forget,
    ContactState.AWAITING_CUSTOMER: awaiting.due,
}
