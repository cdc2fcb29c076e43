"""A contact that comes with a case of its own: three events - case, contact, queue - evolved as one step.

Most records of a busy desk begin so. One event after the other, the desk is copied four times, the case and the contact are
each put into their map twice, and nobody looks at what is between. What is out of the ordinary (an id that is known, a
contact that is not its case's first) is left to the steps of the single events, which say what is wrong with it.
"""

from __future__ import annotations

from typing import NamedTuple

from services.contract.decisions import CaseOpened, ContactOpened, ContactQueued, Event
from services.router.evolve import cases, contacts
from services.router.evolve.prices import with_one_more
from services.router.evolve.work import into_lane
from services.router.model import Case, Contact, DeskState, changed


class Arrival(NamedTuple):
    """A case and its first contact, which the desk does not have yet."""

    case: Case
    contact: Contact


def arrival_of(desk: DeskState, cased: CaseOpened, opened: ContactOpened, at_ms: int) -> Arrival | None:
    """Both as they are once they are opened; None for events that are evolved one by one."""
    if (
        cased.case_id != opened.case_id
        or not opened.first_in_case
        or not opened.contact_id
        or cased.case_id in desk.cases
        or opened.contact_id in desk.contacts
    ):
        return None
    case = cases.begun(cased, opened, at_ms)
    return Arrival(case, contacts.begun(desk, opened, case, at_ms))


def arrived(desk: DeskState, arrival: Arrival, queued: ContactQueued | None, at_ms: int) -> DeskState:
    """The desk with both, and with the contact in its queue where it waits."""
    case, contact = arrival
    opened, threads = contact.opened, desk.threads
    lanes: dict[str, object] = {}
    if opened.thread_key:
        threads = threads.set(opened.thread_key, case.case_id)
    if queued is not None:
        contact = contacts.as_queued(desk, contact, queued)
        lanes = into_lane(desk, contact)
    return changed(
        desk,
        cases=desk.cases.add(case.case_id, case),
        customers=cases.with_case(desk.customers, case),
        threads=threads,
        contacts=desk.contacts.set(opened.contact_id, contact),
        ended_early_ids=contacts.not_ended_early(desk, opened.contact_id),
        live_at_ms=at_ms if contacts.is_live(opened) else desk.live_at_ms,
        arrivals=with_one_more(desk.arrivals, opened, at_ms),
        **lanes,
    )


def first_of(desk: DeskState, events: tuple[Event, ...], at_ms: int) -> tuple[DeskState, int]:
    """The desk after as many events as begin a record in this way, and their number; 0 where none do."""
    cased, opened = events[0], events[1]
    if type(cased) is not CaseOpened or type(opened) is not ContactOpened:
        return desk, 0
    arrival = arrival_of(desk, cased, opened, at_ms)
    if arrival is None:
        return desk, 0
    queued = events[2] if len(events) > 2 else None
    if type(queued) is not ContactQueued or queued.contact_id != opened.contact_id:
        return arrived(desk, arrival, None, at_ms), 2
    return arrived(desk, arrival, queued, at_ms), 3
