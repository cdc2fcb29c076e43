"""Somebody spoke about us or rated us: a contact when a rule of the desk says so, else noted (requirement S2.9).

A mention is counted once, whatever its edits. An edit may still make a contact of it (a review that turns bad); an
edit of one that is an open contact is more of that contact.
"""

from __future__ import annotations

import math
from dataclasses import replace

from services.contract.decisions import MentionNoted
from services.contract.desk import MentionRule
from services.contract.facts import ContactArrived, MentionSeen
from services.router.decide import messages
from services.router.decide.arrival import contact_arrived
from services.router.decide.refusal import Malformed
from services.router.decide.step import Step
from services.router.decide.words import checked_ids, word
from services.router.model import ContactState

STARS = 5
"""Ratings of other scales are brought to this one."""
STARS_NEGATIVE_MAX = 3.0
"""Stars that speak against us; four and more are friendly, by intake's word."""
_QUESTION_MARKS = frozenset("?\uff1f\u061f\u037e\u2e2e\u2047\u2048\u2049")
"""Latin, full-width, Arabic, Greek, reversed, doubled; Telugu and Cyrillic text use the Latin one."""


def seen(step: Step, body: MentionSeen) -> None:
    """Notes it, and lets it arrive as a contact when a rule takes it."""
    contact = body.contact
    if contact is None or not contact.contact_id:
        raise Malformed("mention_seen: contact with a contact_id is required")
    checked_ids("mention_seen", contact_id=contact.contact_id, thread_key=contact.thread_key)
    known = step.desk.contacts.get(contact.contact_id)
    if known is not None and known.state is not ContactState.CLOSED:
        contact_arrived(step, contact)
        return
    kind = "review" if body.kind == "review" else "mention"
    addressed = any(takes(rule, kind, contact) for rule in step.desk.desk.mention_rules)
    if known is not None:
        if addressed:  # edited after it was closed, and still worth a person's time: a contact of its own
            _arrive(step, replace(contact, contact_id=step.new_id(contact.contact_id, "m")), kind)
        return
    step.emit(
        MentionNoted(
            contact_id=contact.contact_id,
            channel=contact.channel,
            medium=word(contact.medium),
            kind=kind,
            sentiment=_sentiment(body, contact),
            complaint=contact.complaint,
            stars=stars_of(contact) or 0.0,
            topic_id=_topic(step, contact),
            addressed=addressed,
            again=any(one.contact_id == contact.contact_id for one in step.desk.kept_mentions),
            thread_key=contact.thread_key,
            occurred_at_ms=step.occurred_ms,
        )
    )
    if addressed:
        _arrive(step, contact, kind)
    else:
        messages.mention_answered_before(step, step.desk.kept_mentions[-1])


def takes(rule: MentionRule, kind: str, contact: ContactArrived) -> bool:
    """True when every condition that the rule gives holds."""
    language = contact.language.code if contact.language is not None else ""
    topic_id = contact.topics[0].topic_id if contact.topics else ""
    lists = (
        (rule.kinds, kind),
        (rule.media, contact.medium),
        (rule.languages, language),
        (rule.topic_ids, topic_id),
    )
    if any(allowed and value not in allowed for allowed, value in lists):
        return False
    if (rule.complaint and not contact.complaint) or (rule.asks and not asks(contact)):
        return False
    stars = stars_of(contact)
    return not rule.stars_at_most or (stars is not None and stars <= rule.stars_at_most)


def asks(contact: ContactArrived) -> bool:
    """The words hold a question mark, or want a decision."""
    wanted = contact.decision_wanted
    if wanted is not None and wanted.decision_type:
        return True
    return any(mark in contact.text or mark in contact.subject for mark in _QUESTION_MARKS)


def stars_of(contact: ContactArrived) -> float | None:
    """Stars of five; None when there are none, or what is given is no rating."""
    rating = contact.rating
    if rating is None or rating.scale <= 0 or not math.isfinite(rating.value):
        return None
    return min(max(rating.value * STARS / rating.scale, 0.0), float(STARS))


def _arrive(step: Step, contact: ContactArrived, kind: str) -> None:
    contact_arrived(step, contact, mention=kind)


def _sentiment(body: MentionSeen, contact: ContactArrived) -> str:
    stars = stars_of(contact)
    if contact.complaint or (stars is not None and stars <= STARS_NEGATIVE_MAX):
        return "negative"
    return "positive" if body.positive else "neutral"


def _topic(step: Step, contact: ContactArrived) -> str:
    topic_id = contact.topics[0].topic_id if contact.topics else ""
    return topic_id if topic_id in step.crew.roster.topics else ""
