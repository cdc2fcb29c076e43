"""Contacts: opened, waiting, assigned, promised, recorded, closed, forgotten (routing.md 1.1)."""

# ruff: noqa: ARG001 - every event is evolved by a function of one signature

from __future__ import annotations

from services.contract.decisions import (
    Answered,
    AnsweredEarly,
    Assigned,
    CallbackPromised,
    ContactContinued,
    ContactOpened,
    ContactQueued,
    DeadlineMoved,
    EndedEarly,
    Escalated,
    ExceptionGranted,
    MessageDue,
    MessagesRefused,
    Need,
    TargetMissed,
    Transferred,
    WaitingReason,
    WrapUpStarted,
)
from services.contract.facts import TransferReason
from services.router.cases import Threads
from services.router.evolve.agents import freed, without
from services.router.evolve.errors import CorruptLog
from services.router.evolve.levels import level_of
from services.router.evolve.prices import with_one_more
from services.router.evolve.work import MISSED_TARGET, into_lane, kind_of, out_of_lane
from services.router.model import (
    HOPS_MAX,
    REFUSED,
    Case,
    Contact,
    ContactState,
    DeskState,
    EarlyAnswer,
    changed,
)
from services.router.score import MISSED_CALLBACK
from services.router.waiting import CALL
from services.router.workforce import Workforce

ENDED_EARLY_MAX = 256
"""Calls of a desk remembered that ended before they arrived."""
EARLY_THREADS_MAX, EARLY_PER_THREAD_MAX = 512, 4
"""Conversations of a desk whose own answers are remembered before the message comes, and answers of each."""
THREADS_PER_CASE_MAX = 32
"""Newest conversations by which a case is found."""
_BLANK = Contact(ContactOpened(), ContactState.RECEIVED, Need(), 0, 0)
"""Copied for every new contact: quicker than a constructor of so many fields."""
_FREE = (ContactState.RECEIVED, ContactState.PROMISED, ContactState.AWAITING_CUSTOMER)
_QUEUEABLE = (*_FREE, ContactState.ASSIGNED, ContactState.HANDING_OVER)
_QUEUED = ContactState.QUEUED
_PROMISABLE = (
    ContactState.ASSIGNED,
    ContactState.HANDING_OVER,
    ContactState.AWAITING_CUSTOMER,
    ContactState.PROMISED,
)


def contact_of(desk: DeskState, contact_id: str, *states: ContactState) -> Contact:
    """The contact, in one of the states where such an event is possible (all when none is named)."""
    contact = desk.contacts.get(contact_id)
    if contact is None:
        raise CorruptLog(f"no contact {contact_id}")
    if states and contact.state not in states:
        raise CorruptLog(f"contact {contact_id} is {contact.state.name}")
    return contact


def with_contact(desk: DeskState, contact: Contact, **others: object) -> DeskState:
    return changed(desk, contacts=desk.contacts.set(contact.contact_id, contact), **others)


def given_back(desk: DeskState, contact: Contact, at_ms: int) -> Workforce:
    """The agents once the contact's owner holds it no more, nor gets it next; unchanged when he did neither."""
    if not contact.held:
        return _no_longer_next(desk, contact)
    owner = desk.agents[contact.owner_id]
    left = without(owner.contact_ids, contact.contact_id)
    kind = kind_of(contact.channel, contact.medium)
    return freed(desk.agents, contact.owner_id, contact.held_units, at_ms, kind=kind, contact_ids=left)


def _no_longer_next(desk: DeskState, contact: Contact) -> Workforce:
    owner = desk.agents.get(contact.owner_id)
    if owner is None or contact.contact_id not in owner.kept_ids:
        return desk.agents
    left = without(owner.kept_ids, contact.contact_id)
    return desk.agents.set(contact.owner_id, changed(owner, kept_ids=left))


def opened(desk: DeskState, event: ContactOpened, at_ms: int) -> DeskState:
    case = desk.cases.get(event.case_id)
    if event.contact_id in desk.contacts or case is None or not event.contact_id:
        raise CorruptLog(f"contact {event.contact_id} cannot be opened in case {event.case_id}")
    first = (
        {}
        if case.first_contact_id
        else {"first_contact_id": event.contact_id, "first_channel": event.channel}
    )
    threads, keys = desk.threads, case.thread_keys
    if event.thread_key:
        threads = threads.set(event.thread_key, case.case_id)
        keys = keys if event.thread_key in keys else (*keys, event.thread_key)
    if len(keys) > THREADS_PER_CASE_MAX:
        threads, keys = _unthreaded(threads, keys[0], case.case_id), keys[1:]
    case = changed(
        case,
        open_contact_ids=(*case.open_contact_ids, event.contact_id),
        deadline_at_ms=0,
        thread_keys=keys,
        returned=case.returned or not event.first_in_case,
        **first,
    )
    contact = begun(desk, event, case, at_ms)
    return with_contact(
        desk,
        contact,
        cases=desk.cases.set(case.case_id, case),
        threads=threads,
        ended_early_ids=not_ended_early(desk, event.contact_id),
        live_at_ms=at_ms if is_live(event) else desk.live_at_ms,
        arrivals=with_one_more(desk.arrivals, contact.opened, at_ms),
    )


def begun(desk: DeskState, event: ContactOpened, case: Case, at_ms: int) -> Contact:
    """The contact as it is opened in its case."""
    event = _sharing(desk, event, case, at_ms)
    return changed(
        _BLANK,
        opened=event,
        need=event.need or _BLANK.need,
        deadline_at_ms=at_ms,
        queued_at_ms=at_ms,
        fact_offset=event.fact_offset,
        first_said_at_ms=event.occurred_at_ms,
        last_said_at_ms=event.occurred_at_ms,
    )


def is_live(event: ContactOpened) -> bool:
    """It is not deferrable: it cannot wait behind others."""
    return event.urgent or kind_of(event.channel, event.medium) is CALL


def not_ended_early(desk: DeskState, contact_id: str) -> tuple[str, ...]:
    """The contacts that ended before they arrived, without one that may be among them."""
    early = desk.ended_early_ids
    return without(early, contact_id) if contact_id in early else early


def _sharing(desk: DeskState, event: ContactOpened, case: Case, at_ms: int) -> ContactOpened:
    """An equal event that shares what is equal with its case, the instant and other contacts.

    A record read from the log has each value anew, and an open contact keeps them for hours.
    """
    values: dict[str, object] = {}
    if event.case_id is not case.case_id:
        values["case_id"] = case.case_id
    if event.customer_key == case.customer_key and event.customer_key is not case.customer_key:
        values["customer_key"] = case.customer_key
    if event.arrived_at_ms == at_ms and event.arrived_at_ms is not at_ms:
        values["arrived_at_ms"] = at_ms
    if event.occurred_at_ms == at_ms and event.occurred_at_ms is not at_ms:
        values["occurred_at_ms"] = at_ms
    if event.need is not None:
        levels = desk.crew.roster.shared_levels(event.need.levels)
        if levels is not event.need.levels:
            values["need"] = changed(event.need, levels=levels)
    return changed(event, **values) if values else event


def continued(desk: DeskState, event: ContactContinued, at_ms: int) -> DeskState:
    """Words that come late do not hide newer ones; without a time (an older log) the last to come are the newest."""
    contact = contact_of(desk, event.contact_id)
    said_at_ms = event.occurred_at_ms or contact.last_said_at_ms
    if said_at_ms < contact.last_said_at_ms:
        return with_contact(
            desk, changed(contact, first_said_at_ms=min(said_at_ms, contact.first_said_at_ms))
        )
    return with_contact(desk, changed(contact, fact_offset=event.fact_offset, last_said_at_ms=said_at_ms))


def answered_early(desk: DeskState, event: AnsweredEarly, at_ms: int) -> DeskState:
    """Kept until the conversations heard of lately are too many."""
    key, answers = event.thread_key, desk.early_answers
    answer = EarlyAnswer(event.kind, event.occurred_at_ms)
    answers = answers.set(key, (*answers.get(key, ()), answer)[-EARLY_PER_THREAD_MAX:])
    threads = (
        (*without(desk.early_threads, key), key) if key in desk.early_answers else (*desk.early_threads, key)
    )
    if len(threads) > EARLY_THREADS_MAX:
        answers, threads = answers.delete(threads[0]), threads[1:]
    return changed(desk, early_answers=answers, early_threads=threads)


def ended_early(desk: DeskState, event: EndedEarly, at_ms: int) -> DeskState:
    return changed(desk, ended_early_ids=(*desk.ended_early_ids, event.contact_id)[-ENDED_EARLY_MAX:])


def queued(desk: DeskState, event: ContactQueued, at_ms: int) -> DeskState:
    """Waits: after its arrival, after an offer that failed, after its agent was lost, when a promise is due."""
    contact = contact_of(desk, event.contact_id, *_QUEUEABLE)
    agents = given_back(desk, contact, at_ms)
    handovers = not_handed_over(desk, event.contact_id)
    contact = as_queued(desk, contact, event)
    return with_contact(desk, contact, agents=agents, handover_ids=handovers, **into_lane(desk, contact))


def as_queued(desk: DeskState, contact: Contact, event: ContactQueued) -> Contact:
    """The contact once it waits in its lane."""
    contact = changed(
        contact,
        state=_QUEUED,
        handover=None,
        queue_id=event.queue_id,
        first_queue_id=contact.first_queue_id or event.queue_id,
        waiting_reason=event.reason,
        queued_at_ms=contact.queued_at_ms
        if event.queued_at_ms == contact.queued_at_ms
        else event.queued_at_ms,
        deadline_at_ms=_shared(event.deadline_at_ms, contact),
        ahead=event.ahead,
        awaited=None,
        owner_id="",
        last_owner_id=contact.owner_id or contact.last_owner_id,
        owner_kept=event.owner_kept if contact.owner_id else contact.owner_kept,
    )
    return changed(contact, lane=desk.crew.ledger.lane_of(contact))


def _shared(at_ms: int, contact: Contact) -> int:
    """The instant; the very one of the contact's target where it is equal, as most are that begin to wait."""
    target_at_ms = contact.opened.target_at_ms
    return target_at_ms if at_ms == target_at_ms else at_ms


def target_missed(desk: DeskState, event: TargetMissed, at_ms: int) -> DeskState:
    contact = contact_of(desk, event.contact_id)
    missed = (*contact.missed, event.promise)
    if event.promise == MISSED_CALLBACK and contact.lane is not None:
        return _weighs_more(desk, changed(contact, missed=missed, deadline_at_ms=event.deadline_at_ms))
    late = contact.lane is not None and event.promise == MISSED_TARGET and MISSED_TARGET not in contact.missed
    contact = changed(contact, missed=missed, deadline_at_ms=event.deadline_at_ms)
    return with_contact(desk, contact, waiting_late=desk.waiting_late + late)


def _weighs_more(desk: DeskState, contact: Contact) -> DeskState:
    """A breach of a promise counts like a repeat (routing.md 1.2), so it waits among others from here on."""
    desk = changed(desk, **out_of_lane(desk, contact))
    contact = changed(contact, lane=desk.crew.ledger.lane_of(contact))
    return with_contact(desk, contact, **into_lane(desk, contact))


def message_due(desk: DeskState, event: MessageDue, at_ms: int) -> DeskState:
    """Remembered, so that nobody is told the same twice."""
    contact = contact_of(desk, event.contact_id)
    if event.kind in contact.told:
        return desk
    return with_contact(desk, changed(contact, told=(*contact.told, event.kind)))


def messages_refused(desk: DeskState, event: MessagesRefused, at_ms: int) -> DeskState:
    contact = contact_of(desk, event.contact_id)
    return with_contact(desk, changed(contact, told=(*contact.told, REFUSED)))


def deadline_moved(desk: DeskState, event: DeadlineMoved, at_ms: int) -> DeskState:
    contact = contact_of(desk, event.contact_id)
    reason = WaitingReason.__members__.get(event.reason.upper(), contact.waiting_reason)
    return with_contact(desk, changed(contact, deadline_at_ms=event.deadline_at_ms, waiting_reason=reason))


def assigned(desk: DeskState, event: Assigned, at_ms: int) -> DeskState:
    """The reserved units become the owner's; a hand-over's sender gives his back."""
    contact = contact_of(desk, event.contact_id, ContactState.OFFERED, ContactState.HANDING_OVER)
    offer = desk.offers.get(event.offer_id)
    if offer is None or contact.offer_id != event.offer_id or offer.agent_id != event.agent_id:
        raise CorruptLog(f"contact {event.contact_id} was not offered to {event.agent_id}")
    if event.epoch != contact.epoch + 1:
        raise CorruptLog(f"contact {event.contact_id}: epoch {event.epoch} after {contact.epoch}")
    if event.hop and not contact.hops < event.hop <= HOPS_MAX:
        raise CorruptLog(f"contact {event.contact_id}: hop {event.hop} after {contact.hops}")
    agents = given_back(desk, contact, at_ms)
    agent = agents[event.agent_id]
    agents = agents.set(
        event.agent_id,
        changed(
            agent,
            missed_offers=0,
            offer_ids=without(agent.offer_ids, event.offer_id),
            contact_ids=(*agent.contact_ids, event.contact_id),
        ),
    )
    before = contact.owner_id or contact.last_owner_id
    had = contact.prior_agent_ids
    if before and before != event.agent_id and before not in had:
        had = (*had, before)
    contact = changed(
        contact,
        state=ContactState.ASSIGNED,
        owner_id=event.agent_id,
        promised_at_ms=0,
        last_owner_id="",
        owner_kept=False,
        hops=event.hop or contact.hops,
        waited_before_ms=contact.waited_before_ms + _waited_ms(contact, at_ms),
        epoch=event.epoch,
        offer_id="",
        offered_to_id="",
        handover=None,
        ahead=False,
        prior_agent_ids=had,
        assigned_at_ms=at_ms,
        advised=contact.advised and before == event.agent_id,
        deadline_at_ms=event.deadline_at_ms,
    )
    handovers = not_handed_over(desk, event.contact_id)
    offers = desk.offers.delete(event.offer_id)
    return with_contact(desk, contact, agents=agents, offers=offers, handover_ids=handovers)


def transferred(desk: DeskState, event: Transferred, at_ms: int) -> DeskState:
    """Counts the hop; the assignment is an event of its own."""
    contact = contact_of(desk, event.contact_id, ContactState.HANDING_OVER)
    if event.hop != contact.hops + 1:
        raise CorruptLog(f"contact {event.contact_id}: hop {event.hop} after {contact.hops}")
    for_topic = event.reason is TransferReason.WRONG_TOPIC
    return with_contact(desk, changed(contact, hops=event.hop, topic_hops=contact.topic_hops + for_topic))


def escalated(desk: DeskState, event: Escalated, at_ms: int) -> DeskState:
    return with_contact(desk, changed(contact_of(desk, event.contact_id), escalated=True))


def exception_granted(desk: DeskState, event: ExceptionGranted, at_ms: int) -> DeskState:
    """An approval is used up by the grant that it allowed."""
    contact = contact_of(desk, event.contact_id)
    level = max(contact.level_used, level_of(desk, event))
    if not event.approver_id:
        return with_contact(desk, changed(contact, level_used=level))
    theirs = [a for a in contact.approvals if a.approver_id == event.approver_id]
    used = next((a for a in theirs if event.approval in (None, a.decision)), None)
    if used is None:
        raise CorruptLog(f"contact {event.contact_id}: no approval by {event.approver_id}")
    rest = tuple([approval for approval in contact.approvals if approval is not used])
    return with_contact(desk, changed(contact, approvals=rest, level_used=level))


def callback_promised(desk: DeskState, event: CallbackPromised, at_ms: int) -> DeskState:
    """The owner is kept, his units are free until the call-back; who waits already keeps his place."""
    due_at_ms, look_at_ms = event.due_at_ms, event.queue_at_ms or event.due_at_ms
    waiting = contact_of(desk, event.contact_id)
    if waiting.state is ContactState.QUEUED:
        promised = changed(waiting, promised_at_ms=due_at_ms, deadline_at_ms=look_at_ms, released=True)
        return with_contact(desk, promised)
    asked = (ContactState.AWAITING_APPROVAL,) if event.help_id else ()
    contact = contact_of(desk, event.contact_id, *_PROMISABLE, *asked)
    if contact.help_id != event.help_id:
        raise CorruptLog(f"contact {event.contact_id} is promised with help {event.help_id}")
    agents = given_back(desk, contact, at_ms)
    if event.next_for_owner:
        owner = agents[contact.owner_id]
        kept_ids = (*owner.kept_ids, contact.contact_id)
        agents = agents.set(contact.owner_id, changed(owner, kept_ids=kept_ids))
    contact = changed(
        contact,
        state=ContactState.PROMISED,
        awaited=None,
        promised_at_ms=due_at_ms,
        deadline_at_ms=look_at_ms,
        released=True,
        handover=None,
    )
    return with_contact(desk, contact, agents=agents, handover_ids=not_handed_over(desk, event.contact_id))


def not_handed_over(desk: DeskState, contact_id: str) -> tuple[str, ...]:
    """The hand-overs without one that may be among them."""
    if contact_id not in desk.handover_ids:
        return desk.handover_ids
    return tuple([one for one in desk.handover_ids if one != contact_id])


def wrap_up_started(desk: DeskState, event: WrapUpStarted, at_ms: int) -> DeskState:
    contact = contact_of(desk, event.contact_id, ContactState.ASSIGNED)
    return with_contact(
        desk, changed(contact, state=ContactState.WRAPPING, deadline_at_ms=event.deadline_at_ms)
    )


def answered(desk: DeskState, event: Answered, at_ms: int) -> DeskState:
    contact = contact_of(desk, event.contact_id)
    return with_contact(desk, changed(contact, answered=(*contact.answered, event.kind)))


def _waited_ms(contact: Contact, at_ms: int) -> int:
    """How long this queue entry took; who is handed over does not wait in a queue."""
    return max(0, at_ms - contact.queued_at_ms) if contact.state is ContactState.OFFERED else 0


def _unthreaded(threads: Threads, key: str, case_id: str) -> Threads:
    return threads.delete(key) if threads.get(key) == case_id else threads
