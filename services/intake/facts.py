"""From a canonical event to the fact it is, with ids derived from the provider's own.

    inbound message, mention, unsupported, call_started   ContactArrived
    inbound call_ended                                    CallerHungUp
    outbound message                                      MessageSent (a person answered)
    auto_reply, bounce, complaint, reaction, edit,
    deletion, every other state of a call                 NonContactSeen

A call's states share one contact id (channels.md 1, rule 3), and all that begin it are one fact: "initiated" and
"ringing" come by two webhooks, in any order.
"""

from __future__ import annotations

from services.contract import ids
from services.contract.facts import (
    CallerHungUp,
    Channel,
    ContactArrived,
    CustomerRef,
    Fact,
    MessageSent,
    NonContactSeen,
)
from services.intake import identity
from services.intake.accounts import Account
from services.intake.canonical import CanonicalEvent, Customer
from services.intake.need.reader import Need

CHANNELS = {"phone": Channel.PHONE, "email": Channel.EMAIL, "social": Channel.SOCIAL}
_ARRIVALS = frozenset({"message", "mention", "unsupported", "call_started"})
_MESSAGES = frozenset({"message", "mention", "unsupported"})
_STARTED = "started"


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
    thread_key = ids.thread_key(secret, account.desk_id, event.account, event.thread_id)
    inbound = event.direction == "inbound"
    body: ContactArrived | CallerHungUp | MessageSent | NonContactSeen
    if inbound and event.kind in _ARRIVALS and not event.leg:
        body = _arrived(event, need, account, source, scheme, secret, thread_key)
    elif inbound and event.kind == "call_ended" and not event.leg:
        body = CallerHungUp(
            contact_id=contact_id(source, event),
            duration_seconds=int(event.extras.get("duration_s", 0)),
            status=str(event.extras.get("status", "")),
        )
    elif not inbound and event.kind in _MESSAGES:
        body = MessageSent(thread_key=thread_key, kind="human", medium=event.medium, account=event.account)
    else:
        body = _no_contact(event, thread_key)
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
    return ids.contact_id(source, event.account, event.contact_ref or event.provider_event_id)


def fact_id(source: str, event: CanonicalEvent) -> str:
    """Id of the fact, the same for every delivery of the same event."""
    state = _STARTED if event.kind == "call_started" and not event.leg else event.state
    return ids.fact_id(source, event.account, event.contact_ref or event.provider_event_id, state)


def opens_contact(event: CanonicalEvent) -> bool:
    """Whether the event is a customer's contact."""
    return event.direction == "inbound" and event.kind in _ARRIVALS and not event.leg


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
        language=need.language,
        topics=need.topics,
        decision_wanted=need.decision,
        complaint=need.complaint,
        public=event.public,
        urgent=need.urgent,
        opted_out=need.opted_out,
        reference=event.reference,
        signature_scheme=scheme,
        attachment_count=event.attachments,
    )


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
    )


def _no_contact(event: CanonicalEvent, thread_key: str) -> NonContactSeen:
    kind = "call_state" if event.kind.startswith("call_") else event.kind
    return NonContactSeen(
        kind=kind,
        channel=CHANNELS[event.channel],
        medium=event.medium,
        account=event.account,
        provider_event_id=event.provider_event_id,
        thread_key=thread_key,
    )
