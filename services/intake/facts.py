"""From a canonical event to the fact it is, with ids derived from the provider's own.

    inbound message, unsupported, call_started            ContactArrived
    inbound mention, review                               MentionSeen
    inbound call_ended                                    CallerHungUp
    outbound message                                      MessageSent (a person answered; a bot only acknowledged)
    auto_reply, bounce, complaint, reaction, edit,
    deletion, every other state of a call                 NonContactSeen

A call's states share one contact id (channels.md 1, rule 3), and all that begin it are one fact: "initiated" and
"ringing" come by two webhooks, in any order.
"""

from __future__ import annotations

from typing import Any

from services.contract import ids
from services.contract.facts import (
    CallerHungUp,
    Channel,
    ContactArrived,
    CustomerRef,
    DeliveryReport,
    Fact,
    IdentityLinked,
    LinkStrength,
    MentionSeen,
    MessageSent,
    NonContactSeen,
    Rating,
)
from services.intake import identity
from services.intake.accounts import Account
from services.intake.canonical import CanonicalEvent, Customer, Statement
from services.intake.need.reader import Need

CHANNELS = {"phone": Channel.PHONE, "email": Channel.EMAIL, "social": Channel.SOCIAL}
_ARRIVALS = frozenset({"message", "unsupported", "call_started"})
_MENTIONS = frozenset({"mention", "review"})
_MESSAGES = frozenset({"message", "mention", "unsupported"})
_STRENGTHS = {"strong": LinkStrength.STRONG, "weak": LinkStrength.WEAK}
FRIENDLY_SHARE_MIN = 0.8
"""Four of five stars and more are friendly."""
_STARTED = "started"
BOT = "bot"
"""Who wrote a message of ours, under `by` in the event's extras, where a provider says that no person did."""


def fact_of(
    event: CanonicalEvent,
    need: Need,
    account: Account,
    *,
    source: str,
    scheme: str,
    secret: bytes,
    received_at_ms: int,
) -> Fact:
    """The fact; `secret` is the deployment's key for keyed hashes, `scheme` what verified the delivery."""
    thread_key = ids.thread_key(secret, account.desk_id, _scope(event), event.thread_id)
    inbound = event.direction == "inbound"
    body: ContactArrived | MentionSeen | CallerHungUp | MessageSent | NonContactSeen
    if opens_contact(event):
        body = _arrived(event, need, account, source, scheme, secret, thread_key)
    elif inbound and event.kind in _MENTIONS:
        contact = _arrived(event, need, account, source, scheme, secret, thread_key)
        body = MentionSeen(kind=event.kind, contact=contact, positive=_friendly(event, need))
    elif inbound and event.kind == "call_ended" and not event.leg:
        body = CallerHungUp(
            contact_id=contact_id(source, event),
            duration_seconds=int(event.extras.get("duration_s", 0)),
            status=str(event.extras.get("status", "")),
            wait_ms=_wait_ms(event),
        )
    elif not inbound and event.kind in _MESSAGES:
        kind = "ack" if event.extras.get("by") == BOT else "human"
        body = MessageSent(thread_key=thread_key, kind=kind, medium=event.medium, account=event.account)
    else:
        body = _no_contact(event, thread_key, source, account.desk_id, secret)
    return Fact(
        fact_id=fact_id(source, event),
        desk_id=account.desk_id,
        occurred_at_ms=event.occurred_at_ms or received_at_ms,
        received_at_ms=received_at_ms,
        source=source,
        body=body,
    )


def contact_id(source: str, event: CanonicalEvent) -> str:
    """Id of the contact; the states of one call share it."""
    return ids.contact_id(source, _scope(event), event.contact_ref or event.provider_event_id)


def fact_id(source: str, event: CanonicalEvent) -> str:
    """Id of the fact, the same for every delivery of the same event."""
    begins = (event.kind == "call_started" or event.opens) and not event.leg
    state = _STARTED if begins else event.state
    return ids.fact_id(source, _scope(event), event.contact_ref or event.provider_event_id, state)


def _scope(event: CanonicalEvent) -> str:
    return event.id_scope or event.account


def link_facts(
    event: CanonicalEvent | Statement,
    account: Account,
    *,
    source: str,
    secret: bytes,
    received_at_ms: int,
) -> list[Fact]:
    """What an event or a statement says about identities, a fact each; within one desk, for links never cross tenants."""
    found = []
    for link in event.links:
        one, other = (
            customer_ref(side, event.account, account.desk_id, secret) for side in (link.one, link.other)
        )
        if not one.key or not other.key or one.key == other.key:
            continue
        link_id = ids.link_id(account.desk_id, one.key, other.key, link.statement)
        found.append(
            Fact(
                fact_id=ids.fact_id(source, event.account, event.provider_event_id, f"link:{link_id}"),
                desk_id=account.desk_id,
                occurred_at_ms=event.occurred_at_ms or received_at_ms,
                received_at_ms=received_at_ms,
                source=source,
                body=IdentityLinked(
                    link_id=link_id,
                    one=one,
                    other=other,
                    strength=_STRENGTHS.get(link.strength, LinkStrength.UNSPECIFIED),
                    statement=link.statement,
                ),
            )
        )
    return found


def opens_contact(event: CanonicalEvent) -> bool:
    """Whether the event is a customer's contact."""
    return event.direction == "inbound" and (event.kind in _ARRIVALS or event.opens) and not event.leg


def _arrived(
    event: CanonicalEvent,
    need: Need,
    account: Account,
    source: str,
    scheme: str,
    secret: bytes,
    thread_key: str,
) -> ContactArrived:
    return ContactArrived(
        contact_id=contact_id(source, event),
        channel=CHANNELS[event.channel],
        medium=event.medium,
        account=event.account,
        provider_event_id=event.provider_event_id,
        customer=customer_ref(event.customer, event.account, account.desk_id, secret),
        thread_id=event.thread_id,
        thread_key=thread_key,
        in_reply_to=event.in_reply_to,
        subject=event.subject,
        text=event.text,
        public=event.public,
        reference=event.reference,
        signature_scheme=scheme,
        attachment_count=event.attachments,
        rating=Rating(value=event.rating.value, scale=event.rating.scale) if event.rating else None,
        **need_fields(need),
    )


def need_fields(need: Need) -> dict[str, Any]:
    """Fields of ContactArrived that intake read from the words, by name."""
    return {
        "language": need.language,
        "topics": need.topics,
        "decision_wanted": need.decision,
        "decisions_needed": need.decisions,
        "question_id": need.question_id,
        "question": need.question,
        "topic_model": need.topic_model,
        "complaint": need.complaint,
        "urgent": need.urgent,
        "opted_out": need.opted_out,
    }


def customer_ref(customer: Customer | None, account: str, desk_id: str, secret: bytes) -> CustomerRef:
    """The customer with the keyed hash that decisions carry; a withheld one has none."""
    if customer is None:
        return CustomerRef(absent_reason="anonymous")
    key = ids.identity_key(secret, desk_id, customer.type, identity.key_value(customer, account))
    return CustomerRef(
        type=customer.type,
        value=customer.value,
        name=customer.name,
        key=key,
        absent_reason=customer.absent_reason,
        scoped_id=customer.scoped_id,
        verified=customer.verified,
        handle=customer.handle,
    )


def _friendly(event: CanonicalEvent, need: Need) -> bool:
    """By the stars where there are some, else by the words."""
    if event.rating is not None and event.rating.scale > 0:
        return event.rating.value / event.rating.scale >= FRIENDLY_SHARE_MIN
    return not need.complaint and bool(need.topics) and need.topics[0].topic_id == "praise"


def _wait_ms(event: CanonicalEvent) -> int:
    return max(0, int(event.extras.get("wait_s", 0) * 1000))


def _no_contact(
    event: CanonicalEvent, thread_key: str, source: str, desk_id: str, secret: bytes
) -> NonContactSeen:
    call = event.kind.startswith("call_")
    return NonContactSeen(
        kind="call_state" if call else event.kind,
        contact_id=contact_id(source, event) if call else "",
        call_state=event.kind if call else "",
        wait_ms=_wait_ms(event) if call else 0,
        reports=tuple(
            DeliveryReport(
                recipient=report.recipient,
                recipient_key=ids.identity_key(secret, desk_id, "email", report.recipient),
                action=report.action,
                status=report.status,
            )
            for report in event.reports
        ),
        about_id=event.about_id,
        channel=CHANNELS[event.channel],
        medium=event.medium,
        account=event.account,
        provider_event_id=event.provider_event_id,
        thread_key=thread_key,
    )
