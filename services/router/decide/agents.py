"""An agent's presence: what it holds is given on when it goes, and it is served when it comes.

Going offline: offers are taken back, consults end, contacts wait ahead of their class with their owner kept as
the preferred one (routing.md 1.1, `agent_lost`). Any other absence takes back offers only.
"""

from __future__ import annotations

from services.contract.decisions import AgentPresenceChanged
from services.contract.facts import AgentSignedIn, AgentStateChanged, HelpResult, Outcome, Presence
from services.router.decide import awaiting, ending, helping
from services.router.decide.owned import known_agent
from services.router.decide.placing import offer_handover, place, queue, serve
from services.router.decide.refusal import Refuse
from services.router.decide.step import Step
from services.router.decide.words import word
from services.router.model import HELP_STATES, ContactState

_SETTABLE = (
    Presence.OFFLINE,
    Presence.AVAILABLE,
    Presence.BREAK,
    Presence.NOT_READY,
    Presence.ENDING,
)

SHIFT_MS_MAX = 7 * 86_400_000
"""Longest from now to the end of a shift."""


def signed_in(step: Step, body: AgentSignedIn) -> None:
    """Presence becomes available until the shift ends; an end that is over already says nothing."""
    known_agent(step, body.agent_id)
    if body.shift_ends_at_ms > step.at_ms + SHIFT_MS_MAX:
        raise Refuse("malformed", "shift_ends_at must be within a week")
    ends_at_ms = body.shift_ends_at_ms if body.shift_ends_at_ms > step.at_ms else 0
    set_presence(step, body.agent_id, Presence.AVAILABLE, "signed_in", shift_ends_at_ms=ends_at_ms)
    step.accept(body.agent_id)


def state_changed(step: Step, body: AgentStateChanged) -> None:
    """Presence becomes what the agent says."""
    known_agent(step, body.agent_id)
    if body.presence not in _SETTABLE:
        raise Refuse("malformed", "presence must be one that this version knows")
    set_presence(step, body.agent_id, body.presence, word(body.reason))
    step.accept(body.agent_id)


def set_presence(
    step: Step, agent_id: str, presence: Presence, reason: str, *, shift_ends_at_ms: int | None = None
) -> None:
    """Changes presence and does what follows; nothing when it is so already.

    The end of the shift stays as it was when none is given; who goes offline has none any more.
    """
    before = step.agent(agent_id)
    if shift_ends_at_ms is None:
        shift_ends_at_ms = 0 if presence is Presence.OFFLINE else before.shift_ends_at_ms
    if before.presence is presence and before.shift_ends_at_ms == shift_ends_at_ms:
        return
    step.emit(
        AgentPresenceChanged(
            agent_id=agent_id, presence=presence, reason=reason, shift_ends_at_ms=shift_ends_at_ms
        )
    )
    if presence is Presence.AVAILABLE:
        serve(step, agent_id)
    else:
        release(step, agent_id, gone=presence is Presence.OFFLINE)


def release(step: Step, agent_id: str, *, gone: bool) -> None:
    """Takes the agent's offers back and, when it is gone, its consults and contacts too; then gives them on."""
    homeless: list[str] = []
    freed: list[str] = []
    for offer_id in step.agent(agent_id).offer_ids:
        contact_id = step.desk.offers[offer_id].contact_id
        ending.rescind(step, contact_id, "agent_gone")
        homeless.append(contact_id)
    if gone:
        for help_id in step.agent(agent_id).help_ids:
            helping.pass_on(step, step.desk.helps[help_id].contact_id, "agent_gone")
        for contact_id in step.agent(agent_id).contact_ids:
            freed += _lose(step, contact_id)
            if step.contact(contact_id).state is ContactState.QUEUED:
                homeless.append(contact_id)
    for contact_id in homeless:
        _find_home(step, contact_id)
    for one in sorted(set(freed) - {agent_id}):
        serve(step, one)


def _lose(step: Step, contact_id: str) -> list[str]:
    """A contact whose owner is gone waits ahead; one whose talk is over is closed. Answers the agents freed."""
    contact = step.contact(contact_id)
    if contact.state is ContactState.WRAPPING:
        return ending.close(step, contact_id, Outcome.UNSTATED)
    if contact.state is ContactState.AWAITING_CUSTOMER:
        awaiting.leave(step, contact)
        return []
    freed: list[str] = []
    if contact.state in HELP_STATES:
        freed = [helping.end(step, contact_id, HelpResult.CANCELLED)]
    elif contact.state is ContactState.HANDING_OVER:
        freed = ending.end_handover(step, contact_id, "agent_gone")
    queue(step, step.contact(contact_id), ahead=True)
    return [agent_id for agent_id in freed if agent_id]


def _find_home(step: Step, contact_id: str) -> None:
    contact = step.contact(contact_id)
    if contact.state is ContactState.HANDING_OVER:
        if not contact.offer_id:
            offer_handover(step, contact_id)
    elif contact.state in (ContactState.RECEIVED, ContactState.QUEUED):
        place(step, contact_id)
