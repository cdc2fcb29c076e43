"""We wait for the customer: the owner stays, the clock stands still, fewer units are kept (routing.md 1.1)."""

# ruff: noqa: ARG001 - every event is evolved by a function of one signature

from __future__ import annotations

from services.contract.decisions import CustomerAwaited, CustomerReturned
from services.router.evolve.agents import agent_of, freed, reserved, without
from services.router.evolve.contacts import contact_of, with_contact
from services.router.evolve.errors import CorruptLog
from services.router.evolve.work import kind_of
from services.router.model import Awaited, ContactState, DeskState, changed

SILENT, REMINDED, AGENT_GONE = "silent", "reminded", "agent_gone"
"""Stages after "asked"."""


def awaited(desk: DeskState, event: CustomerAwaited, at_ms: int) -> DeskState:
    """Asked anew the wait starts anew, with no more units than are kept."""
    contact = contact_of(desk, event.contact_id, ContactState.ASSIGNED, ContactState.AWAITING_CUSTOMER)
    before = contact.awaited or Awaited(at_ms, contact.units)
    if event.agent_id != contact.owner_id or event.units > before.units:
        raise CorruptLog(f"contact {event.contact_id} cannot wait for its customer like this")
    asked = event.stage not in (SILENT, REMINDED, AGENT_GONE)
    held = before.held and event.stage != AGENT_GONE
    agents = desk.agents
    if before.held and (not held or event.units < before.units):
        ids = agents[contact.owner_id].contact_ids
        agents = freed(
            agents,
            contact.owner_id,
            before.units - event.units,
            at_ms,
            kind=kind_of(contact.channel, contact.medium),
            contact_ids=ids if held else without(ids, contact.contact_id),
        )
    late = event.stage in (SILENT, REMINDED) or (event.stage == AGENT_GONE and before.late)
    contact = changed(
        contact,
        state=ContactState.AWAITING_CUSTOMER,
        awaited=Awaited(at_ms if asked else before.since_ms, event.units, late, held),
        deadline_at_ms=event.deadline_at_ms,
    )
    return with_contact(desk, contact, agents=agents)


def returned(desk: DeskState, event: CustomerReturned, at_ms: int) -> DeskState:
    """The same assignment goes on: nobody else had it, so its epoch stays."""
    contact = contact_of(desk, event.contact_id, ContactState.AWAITING_CUSTOMER)
    if event.agent_id != contact.owner_id or event.units + contact.held_units != contact.units:
        raise CorruptLog(f"contact {event.contact_id} does not come back to {event.agent_id}")
    ids = agent_of(desk, event.agent_id).contact_ids
    kind = kind_of(contact.channel, contact.medium)
    agents = reserved(
        desk,
        event.agent_id,
        event.units,
        kind=kind,
        contact_ids=ids if contact.held else (*ids, contact.contact_id),
    )
    contact = changed(contact, state=ContactState.ASSIGNED, awaited=None, deadline_at_ms=event.deadline_at_ms)
    return with_contact(desk, contact, agents=agents)
