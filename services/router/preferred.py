"""Whom a customer knows: the agent to whom a contact goes gladly, and waits for within bounds (routing.md 2.7).

Asked for by name, else the one who had it before it was queued again, else the case's owner, else who last settled
something for the customer. A bonus in the score and a bounded wait speak for such an agent; nobody is locked in.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.router.model import Case, Contact, DeskState


def preferred_agents(contact: Contact) -> tuple[str, ...]:
    """Everybody whom the customer asked for, had, or knows; who counts most first, each once."""
    opened = contact.opened
    known = (contact.last_owner_id, opened.preferred_agent_id, opened.familiar_agent_id)
    return tuple(dict.fromkeys([one for one in known if one]))


def familiar_agent(
    desk: DeskState, case: Case | None, customer_key: str, theirs: Sequence[Case] | None = None
) -> str:
    """Who has or had the case, else who last settled something for the customer; empty when nobody of the desk did.

    Cases are remembered for the repeat window, and so is this (model.py, `Case`): the memory has the cases' bound.
    `theirs`: all of the customer's (`cases_of`), where they are known already.
    """
    if case is not None:
        for contact_id in reversed(case.open_contact_ids):
            contact = desk.contacts[contact_id]
            owner_id = contact.owner_id or contact.last_owner_id
            if owner_id in desk.agents:
                return owner_id
        if case.agent_id in desk.agents:
            return case.agent_id
    settled = [
        (known.resolved_at_ms, known.case_id, known.agent_id)
        for known in (cases_of(desk, customer_key) if theirs is None else theirs)
        if known.resolved_at_ms and known.agent_id in desk.agents
    ]
    return max(settled)[2] if settled else ""


def cases_of(desk: DeskState, customer_key: str) -> list[Case]:
    """The cases of all identities of a customer, newest first; none of a withheld identity."""
    if not customer_key:
        return []
    group, cases, customers = desk.links.group(customer_key), desk.cases, desk.customers
    found = [cases[one] for key in group for one in reversed(customers.get(key, ()))]
    if len(group) > 1:
        found.sort(key=lambda case: (case.opened_at_ms, case.case_id), reverse=True)
    return found
