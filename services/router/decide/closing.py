"""The talk is over, its result is recorded, or the customer hung up (routing.md 1.1, "wrapping", "closed")."""

from __future__ import annotations

from services.contract.decisions import EndedEarly
from services.contract.facts import (
    CallerHungUp,
    ContactResolved,
    ConversationEnded,
    Outcome,
)
from services.router.decide import ending
from services.router.decide.owned import owned
from services.router.decide.placing import serve
from services.router.decide.refusal import Malformed, Refuse
from services.router.decide.step import Step
from services.router.decide.words import checked_ids
from services.router.evolve.work import kind_of
from services.router.model import HELP_STATES, ContactState
from services.router.waiting import Kind

_OUTCOMES = (
    Outcome.RESOLVED,
    Outcome.UNRESOLVED,
    Outcome.UNSTATED,
    Outcome.SPAM,
    Outcome.DUPLICATE,
    Outcome.CUSTOMER_SILENT,
)
_TALKING = (ContactState.ASSIGNED, *sorted(HELP_STATES))


def conversation_ended(step: Step, body: ConversationEnded) -> None:
    """The result is still to be recorded; the agent's units stay reserved for that."""
    owned(step, body.contact_id, body.agent_id, body.epoch, *_TALKING)
    freed = ending.wrap_up(step, body.contact_id)
    step.accept(body.contact_id, epoch=body.epoch)
    _serve_all(step, freed)


def resolved(step: Step, body: ContactResolved) -> None:
    """The owner says how it ended; straight from the talk, after it, or instead of waiting any longer."""
    states = (*_TALKING, ContactState.WRAPPING, ContactState.PROMISED, ContactState.AWAITING_CUSTOMER)
    owned(step, body.contact_id, body.agent_id, body.epoch, *states)
    if body.outcome not in _OUTCOMES:
        raise Refuse("malformed", "outcome must be one that an agent can state")
    if body.topic_id and body.topic_id not in step.crew.roster.topics:
        raise Refuse("malformed", "topic_id must be a topic of the desk, or empty")
    freed = ending.close(step, body.contact_id, body.outcome, topic_id=body.topic_id)
    step.accept(body.contact_id, epoch=body.epoch)
    _serve_all(step, freed)


def hung_up(step: Step, body: CallerHungUp) -> None:
    """Ends a call wherever it stands; remembered when the call has not arrived yet (facts may be out of order)."""
    if not body.contact_id:
        raise Malformed("caller_hung_up: contact_id is required")
    checked_ids("caller_hung_up", contact_id=body.contact_id)
    contact = step.desk.contacts.get(body.contact_id)
    if contact is None:
        if body.contact_id not in step.desk.ended_early_ids:
            step.emit(EndedEarly(contact_id=body.contact_id))
        return
    if contact.released or kind_of(contact.channel, contact.medium) is not Kind.CALL:
        return
    if contact.state in (ContactState.QUEUED, ContactState.OFFERED):
        _serve_all(step, ending.abandon(step, body.contact_id))
    elif contact.state in (*_TALKING, ContactState.HANDING_OVER):
        _serve_all(step, ending.wrap_up(step, body.contact_id))


def _serve_all(step: Step, agent_ids: list[str]) -> None:
    for agent_id in dict.fromkeys(agent_ids):
        serve(step, agent_id)
