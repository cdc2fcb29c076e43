"""The checks that every command of an owner passes first (routing.md 1, invariant 6; 1.2, "Command refused")."""

from __future__ import annotations

from services.router.decide.refusal import Refuse
from services.router.decide.step import Step
from services.router.model import Contact, ContactState


def owned(step: Step, contact_id: str, agent_id: str, epoch: int, *states: ContactState) -> Contact:
    """The contact that the agent holds; raises Refuse when it does not, or not in one of these states."""
    known_agent(step, agent_id)
    contact = step.desk.contacts.get(contact_id)
    if contact is None:
        raise Refuse("unknown", "no such contact at this desk, or it was closed long ago")
    if contact.state is ContactState.CLOSED:
        raise Refuse("wrong_state", "the contact is closed")
    if contact.owner_id != agent_id:
        if agent_id in contact.prior_agent_ids or agent_id == contact.last_owner_id:
            raise Refuse("prior_owner", "the contact is no longer yours")
        raise Refuse("not_eligible", "the contact is not assigned to this agent")
    if contact.epoch != epoch:
        raise Refuse("stale_epoch", f"the assignment's epoch is {contact.epoch}")
    if contact.state not in states:
        raise Refuse("wrong_state", f"not possible while the contact is {contact.state.name.lower()}")
    return contact


def known_agent(step: Step, agent_id: str) -> None:
    """Raises Refuse unless the desk's configuration names the agent."""
    if agent_id not in step.desk.agents:
        raise Refuse("unknown", "no such agent at this desk; add it to the desk's configuration")
