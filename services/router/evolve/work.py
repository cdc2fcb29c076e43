"""From a contact to its class of work, and the desk's lanes with a contact put in or taken out."""

from __future__ import annotations

from services.contract.facts import Channel
from services.router.evolve.errors import CorruptLog
from services.router.model import Contact, DeskState
from services.router.need import certificates, top_topic
from services.router.policy.settings import PolicySettings
from services.router.score import customer_weight
from services.router.waiting import (
    CALL,
    EMAIL,
    MESSAGE,
    Entry,
    Fit,
    Kind,
    Lane,
    Trace,
    Work,
    joined,
    left,
    refronted,
)

MISSED_TARGET = "target"
"""Promise of the target wait, as contacts remember that it was missed."""
TEXT_MEDIA = frozenset({"sms", "mms", "rcs"})
"""Media of the phone family that are no calls."""
_PHONE, _MAIL = Channel.PHONE, Channel.EMAIL


def kind_of(channel: Channel, medium: str) -> Kind:
    """What kind of waiting a contact of this channel and medium is."""
    if channel is _PHONE and medium not in TEXT_MEDIA:
        return CALL
    return EMAIL if channel is _MAIL else MESSAGE


def work_of(contact: Contact, settings: PolicySettings) -> Work:
    """The class of a contact as it stands now."""
    opened, need = contact.opened, contact.need
    wanted = (opened.preferred_agent_id, contact.last_owner_id)
    had, declined = contact.prior_agent_ids, contact.decliner_ids
    return Work(
        kind_of(opened.channel, opened.medium),
        Fit(
            opened.language,
            certificates(need, settings.topic_weight_min),
            need.decision_type,
            need.currency,
            need.least_level,
            opened.units,
            tuple(sorted([one for one in had if one not in wanted])) if had else (),
            tuple(sorted(declined)) if declined else (),
        ),
        customer_weight(contact, settings),
        opened.urgent,
        contact.last_owner_id or opened.preferred_agent_id,
    )


def into_lane(desk: DeskState, contact: Contact) -> dict[str, object]:
    """`waiting` and `fronts` with a queued contact at its place: who is ahead first, by arrival; else by this
    entry's time."""
    work = contact.lane
    if work is None:
        raise CorruptLog(f"contact {contact.contact_id} is queued in no lane")
    before = desk.waiting.get(work, ())
    return _counted(desk, contact, work, 1, _with_lane(desk, work, before, joined(before, _entry(contact))))


def out_of_lane(desk: DeskState, contact: Contact) -> dict[str, object]:
    """`waiting` and `fronts` without the contact; nothing when it stands in no lane."""
    work = contact.lane
    if work is None:
        return {}
    before = desk.waiting[work]
    return _counted(desk, contact, work, -1, _with_lane(desk, work, before, left(before, _entry(contact))))


def waiting_key(contact: Contact) -> tuple[str, str]:
    """Those who wait for the same people, roughly: likeliest topic and language (N of routing.md 2.4)."""
    return top_topic(contact.need), contact.opened.language


def _counted(
    desk: DeskState, contact: Contact, work: Work, step: int, found: dict[str, object]
) -> dict[str, object]:
    """The lanes found, and the counts of who waits with one more or less."""
    key, counts = waiting_key(contact), desk.live_waiting
    found["trace"] = Trace(desk.trace, work, key)
    found["waiting_count"] = desk.waiting_count + step
    if contact.missed and MISSED_TARGET in contact.missed:
        found["waiting_late"] = desk.waiting_late + step
    if work.kind is CALL or work.urgent:
        count = counts.get(key, 0) + step
        found["live_waiting"] = counts.set(key, count) if count else counts.delete(key)
    return found


def _entry(contact: Contact) -> Entry:
    """Its place in a lane; what it is made of stays the same while the contact waits."""
    since = contact.arrived_at_ms if contact.ahead else contact.queued_at_ms
    return (0 if contact.ahead else 1, since, contact.contact_id)


def _with_lane(desk: DeskState, work: Work, before: Lane, after: Lane) -> dict[str, object]:
    waiting = desk.waiting.set(work, after) if after else desk.waiting.delete(work)
    if before and after and before[0][0] == after[0][0]:
        return {"waiting": waiting}
    slope = work.slope
    was = desk.fronts.get(slope, ())
    front = refronted(was, work, before, after)
    fronts = desk.fronts.set(slope, front) if front else desk.fronts.delete(slope)
    return {"waiting": waiting, "fronts": fronts}
