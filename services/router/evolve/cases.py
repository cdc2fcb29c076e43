"""Cases, and how contacts end: a case outlives its contacts by the repeat window (routing.md 1.2)."""

# ruff: noqa: ARG001 - every event is evolved by a function of one signature

from __future__ import annotations

from services.contract.decisions import (
    Abandoned,
    CaseOpened,
    Closed,
    ContactOpened,
    Forgotten,
    Reopened,
    ResolutionConfirmed,
    Resolved,
)
from services.contract.facts import Outcome
from services.router.cases import Customers
from services.router.evolve.agents import without
from services.router.evolve.contacts import contact_of, given_back, not_handed_over
from services.router.evolve.errors import CorruptLog
from services.router.evolve.work import out_of_lane
from services.router.model import Case, Contact, ContactState, DeskState, changed

CASES_PER_CUSTOMER_MAX = 16
"""Newest cases by which a customer's repeat is found."""
NO_CASE = (Outcome.SPAM, Outcome.DUPLICATE)
"""Endings that say there was nothing to resolve."""
_BLANK = Case("", "", "")
"""Copied for every new case: quicker than a constructor of so many fields."""


def opened(desk: DeskState, event: CaseOpened, at_ms: int) -> DeskState:
    if event.case_id in desk.cases:
        raise CorruptLog(f"case {event.case_id} is open already")
    case = changed(
        _BLANK,
        case_id=event.case_id,
        customer_key=event.customer_key,
        topic_id=event.topic_id,
        opened_at_ms=at_ms,
        deadline_at_ms=at_ms,
    )
    return changed(desk, cases=desk.cases.add(event.case_id, case), customers=with_case(desk.customers, case))


def begun(event: CaseOpened, opened: ContactOpened, at_ms: int) -> Case:
    """A new case once its first contact is opened in it."""
    return changed(
        _BLANK,
        case_id=event.case_id,
        customer_key=event.customer_key,
        topic_id=event.topic_id,
        opened_at_ms=at_ms,
        open_contact_ids=(opened.contact_id,),
        thread_keys=(opened.thread_key,) if opened.thread_key else (),
        first_contact_id=opened.contact_id,
        first_channel=opened.channel,
    )


def with_case(customers: Customers, case: Case) -> Customers:
    """The newest cases of each customer, with one more."""
    key = case.customer_key
    if not key:
        return customers
    return customers.set(key, (*customers.get(key, ()), case.case_id)[-CASES_PER_CUSTOMER_MAX:])


def reopened(desk: DeskState, event: Reopened, at_ms: int) -> DeskState:
    case = _case(desk, event.case_id)
    return changed(
        desk,
        cases=desk.cases.set(event.case_id, changed(case, resolved_at_ms=0, closed_at_ms=0, returned=True)),
    )


def contact_ended(desk: DeskState, event: Resolved | Closed | Abandoned, at_ms: int) -> DeskState:
    """The contact is over: its owner's units are free, its memory ends later, its case may run out."""
    contact = contact_of(desk, event.contact_id)
    if contact.state is ContactState.CLOSED or contact.help_id or contact.offer_id:
        raise CorruptLog(f"contact {event.contact_id} cannot end while {contact.state.name}")
    if contact.state is ContactState.HANDING_OVER and not (contact.handover and contact.handover.units_freed):
        raise CorruptLog(f"contact {event.contact_id} cannot end while it is handed over")
    agents = given_back(desk, contact, at_ms)
    outcome = _outcome(event)
    over = changed(
        contact,
        state=ContactState.CLOSED,
        lane=None,
        handover=None,
        awaited=None,
        waiting_reason=0,
        owner_id="",
        last_owner_id="",
        outcome=outcome,
        deadline_at_ms=at_ms + desk.limits.retention_ms,
    )
    case = _after(desk, _case(desk, contact.case_id), contact, event, at_ms)
    return changed(
        desk,
        agents=agents,
        handover_ids=not_handed_over(desk, contact.contact_id),
        contacts=desk.contacts.set(contact.contact_id, over),
        cases=desk.cases.set(case.case_id, case),
        **out_of_lane(desk, contact),
    )


def confirmed(desk: DeskState, event: ResolutionConfirmed, at_ms: int) -> DeskState:
    """Said once per case; its memory ends with Forgotten."""
    if event.case_id not in desk.cases:
        raise CorruptLog(f"no case {event.case_id}")
    return desk


def forgotten(desk: DeskState, event: Forgotten, at_ms: int) -> DeskState:
    if event.contact_id:
        case_id = contact_of(desk, event.contact_id, ContactState.CLOSED).case_id
        return changed(desk, contacts=desk.contacts.delete(event.contact_id), **_put_away(desk, case_id))
    case, cases = desk.cases.taken(event.case_id)
    if case is None:
        raise CorruptLog(f"no case {event.case_id}")
    if case.open_contact_ids:
        raise CorruptLog(f"case {event.case_id} still has an open contact")
    customers, threads = desk.customers, desk.threads
    if case.customer_key:
        known, without_him = customers.taken(case.customer_key)
        left = tuple([one for one in known or () if one != case.case_id])
        customers = customers.set(case.customer_key, left) if left else without_him
    for key in case.thread_keys:
        known_id, without_it = threads.taken(key)
        threads = without_it if known_id == case.case_id else threads
    return changed(desk, cases=cases, customers=customers, threads=threads)


def _put_away(desk: DeskState, case_id: str) -> dict[str, object]:
    """The case in less room: nothing more is to be expected of it, but its customer may come back."""
    case = desk.cases.fresh.get(case_id)
    return {"cases": desk.cases.put_away(case_id)} if case is not None and not case.open_contact_ids else {}


def _case(desk: DeskState, case_id: str) -> Case:
    case = desk.cases.get(case_id)
    if case is None:
        raise CorruptLog(f"no case {case_id}")
    return case


def _outcome(event: Resolved | Closed | Abandoned) -> Outcome:
    if isinstance(event, Resolved):
        return Outcome.RESOLVED
    return event.outcome if isinstance(event, Closed) else Outcome.ABANDONED


def _after(
    desk: DeskState, case: Case, contact: Contact, event: Resolved | Closed | Abandoned, at_ms: int
) -> Case:
    """The case once one of its contacts is over; settled when the last open one settled it."""
    still_open = without(case.open_contact_ids, contact.contact_id)
    settled = isinstance(event, Resolved)
    handled = not still_open and contact.epoch > 0 and _outcome(event) not in NO_CASE
    tally = event.tally
    first = case.first_contact_id == contact.contact_id
    return changed(
        case,
        open_contact_ids=still_open,
        deadline_at_ms=0 if still_open else at_ms + desk.limits.repeat_window_ms,
        resolved_at_ms=at_ms if settled and not still_open else 0,
        closed_at_ms=at_ms if handled else 0,
        agent_id=case.agent_id if isinstance(event, Abandoned) else event.agent_id or case.agent_id,
        topic_id=(tally.topic_id if tally is not None else "") or case.topic_id,
        first_queue_id=contact.first_queue_id if first else case.first_queue_id,
        first_settled=settled if first else case.first_settled,
        measured=_is_measured(case, contact, event) if first else case.measured,
    )


def _is_measured(case: Case, contact: Contact, event: Resolved | Closed | Abandoned) -> bool:
    """True when the first contact tells of first-contact resolution: had by an agent, attributable, no spam."""
    return contact.epoch > 0 and bool(case.customer_key) and _outcome(event) not in NO_CASE
