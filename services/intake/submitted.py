"""A fact as a caller hands it in becomes the fact that is stored: checked field by field, ids and keys set.

`Invalid` names each field by its path ("fact.contact_arrived.channel") and says how to mend it; a value of the
request never stands in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf.message import Message

from services.contract import ids
from services.contract.codec import Undecodable, from_message
from services.contract.facts import (
    Channel,
    ContactArrived,
    CustomerRef,
    Fact,
    MessageSent,
    NonContactSeen,
)
from services.intake import identity
from services.intake.accounts import Account, Accounts
from services.intake.canonical import CanonicalEvent, Customer
from services.intake.facts import CHANNELS, customer_ref
from services.intake.need.reader import NeedReader

ID_CHARS_MAX = 200
STRING_CHARS_MAX = 500
_CHARS_MAX = {"text": 100_000, "subject": 2_000, "name": 300, "request_id": ID_CHARS_MAX}
LIST_LENGTH_MAX = 50
_DESK_ID = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")
_SOURCE = re.compile(r"^[a-z0-9_.-]{1,64}$")
_SECONDS_MIN, _SECONDS_MAX = -62_135_596_800, 253_402_300_799
_NOT_HERE = {"desk_configured": "is put in force by RouterService.ConfigureDesk, which checks it"}
_CHANNEL_NAMES = {channel: name for name, channel in CHANNELS.items()}
Faults = dict[str, str]


class Invalid(Exception):
    """The request cannot be taken; `fields` maps each field's path to what is wrong with it."""

    def __init__(self, fields: Faults) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


@dataclass(frozen=True)
class Submissions:
    """Makes facts of requests; pure but for the clock of the need reader's limit."""

    accounts: Accounts
    needs: NeedReader
    identity_secret: bytes

    def fact(self, request: Any, now_ms: int) -> Fact:
        """The fact of a SubmitRequest or SubmitStreamRequest; raises Invalid."""
        faults = dict(_faults(request))
        if faults:
            raise Invalid(faults)
        try:
            fact = from_message(request.fact, Fact)
        except (Undecodable, ValueError, OverflowError):
            raise Invalid({"fact": "cannot be read"}) from None
        body = fact.body
        if isinstance(body, ContactArrived):
            body = self._contact(body, fact, request.request_id)
        elif isinstance(body, MessageSent | NonContactSeen):
            body = replace(body, thread_key="")  # only a thread in plain words could be hashed
        return replace(
            fact,
            fact_id=ids.command_fact_id(fact.desk_id, request.request_id),
            source=fact.source or "grpc",
            occurred_at_ms=fact.occurred_at_ms or now_ms,
            received_at_ms=now_ms,
            body=body,
        )

    def _contact(self, body: ContactArrived, fact: Fact, request_id: str) -> ContactArrived:
        account = self.accounts.find(body.account) or Account(fact.desk_id)
        customer = _canonical(body.customer, account.region)
        if isinstance(customer, str):
            raise Invalid({"fact.contact_arrived.customer.value": customer})
        told = Customer(
            type=customer.type,
            value=customer.value,
            name=customer.name,
            scoped_id=customer.scoped_id,
            absent_reason=customer.absent_reason,
        )
        read = self._enriched(body, told, account)
        return replace(
            read,
            contact_id=body.contact_id or ids.contact_id(fact.source or "grpc", fact.desk_id, request_id),
            customer=customer_ref(told, body.account, fact.desk_id, self.identity_secret),
            thread_key=ids.thread_key(self.identity_secret, fact.desk_id, body.account, body.thread_id),
            signature_scheme=body.signature_scheme or "grpc",
        )

    def _enriched(self, body: ContactArrived, customer: Customer, account: Account) -> ContactArrived:
        """Language, topics and the rest where the caller says nothing; what it says stays."""
        if body.language is not None and body.topics:
            return body
        event = CanonicalEvent(
            channel=_CHANNEL_NAMES.get(body.channel, "social"),
            medium=body.medium,
            account=body.account,
            provider_event_id="",
            kind="message",
            customer=customer,
            subject=body.subject,
            text=body.text,
            public=body.public,
            opted_out=body.opted_out,
            language_hint=body.language.code if body.language else "",
        )
        need = self.needs.read(event, account.language)
        return replace(
            body,
            language=body.language or need.language,
            topics=body.topics or need.topics,
            decision_wanted=body.decision_wanted or need.decision,
            complaint=body.complaint or need.complaint,
            urgent=body.urgent or need.urgent,
            opted_out=body.opted_out or need.opted_out,
        )


def _canonical(customer: CustomerRef | None, region: str) -> CustomerRef | str:
    """The customer with its identifier in canonical form, or what is wrong with it."""
    if customer is None or not customer.value:
        reason = (customer.absent_reason if customer else "") or "anonymous"
        return CustomerRef(name=customer.name if customer else "", absent_reason=reason)
    if customer.type == "phone":
        found = identity.phone(customer.value, region)
        return replace(customer, value=found.e164) if found.e164 else "is no telephone number; give E.164"
    if customer.type == "email":
        address = identity.mail_address(customer.value)
        return replace(customer, value=address) if address else "is no mail address; give name@domain"
    return customer if customer.type else "has no type; give customer.type beside it"


# --- what every request must satisfy ----------------------------------------------------------------------


def _faults(request: Any) -> Iterator[tuple[str, str]]:
    if not request.request_id:
        yield "request_id", "is required: your own id of the fact, the same when you repeat it"
    if len(request.request_id) > ID_CHARS_MAX:
        yield "request_id", f"is longer than {ID_CHARS_MAX} characters"
    if not request.HasField("fact"):
        yield "fact", "is required"
        return
    fact = request.fact
    if not fact.desk_id:
        yield "fact.desk_id", "is required: the desk that the fact belongs to"
    elif not _DESK_ID.match(fact.desk_id):
        yield "fact.desk_id", "must be 1 to 128 of A-Z a-z 0-9 . _ : -"
    if fact.source and not _SOURCE.match(fact.source):
        yield "fact.source", "must be 1 to 64 of a-z 0-9 . _ -"
    if (
        not _SECONDS_MIN <= fact.occurred_at.seconds <= _SECONDS_MAX
        or not 0 <= fact.occurred_at.nanos < 10**9
    ):
        yield "fact.occurred_at", "must lie within the years 1 to 9999"
    kind = fact.WhichOneof("body")
    if kind is None:
        yield "fact.body", "is required: say what happened"
        return
    if kind in _NOT_HERE:
        yield f"fact.{kind}", _NOT_HERE[kind]
        return
    body = getattr(fact, kind)
    yield from _long(body, f"fact.{kind}")
    check = _CHECKS.get(kind)
    if check is not None:
        yield from check(body, f"fact.{kind}")


def _long(message: Message, path: str) -> Iterator[tuple[str, str]]:
    """Strings and lists over their bound, at any depth."""
    for field, value in message.ListFields():
        name = f"{path}.{field.name}"
        if field.is_repeated:
            if len(value) > LIST_LENGTH_MAX:
                yield name, f"has more than {LIST_LENGTH_MAX} entries"
            elif field.message_type is not None:
                for index, one in enumerate(value):
                    yield from _long(one, f"{name}[{index}]")
        elif field.message_type is not None:
            yield from _long(value, name)
        elif isinstance(value, str):
            most = _CHARS_MAX.get(field.name, STRING_CHARS_MAX)
            if len(value) > most:
                yield name, f"is longer than {most} characters"


def _contact_arrived(body: Any, path: str) -> Iterator[tuple[str, str]]:
    if body.channel == Channel.UNSPECIFIED:
        yield f"{path}.channel", "is required: CHANNEL_PHONE, CHANNEL_EMAIL or CHANNEL_SOCIAL"
    if not body.medium:
        yield f"{path}.medium", 'is required, for example "chat"'
    if body.attachment_count < 0:
        yield f"{path}.attachment_count", "must not be negative"
    if body.decision_wanted.amount_minor < 0:
        yield f"{path}.decision_wanted.amount_minor", "must not be negative"
    if not 0.0 <= body.language.confidence <= 1.0:
        yield f"{path}.language.confidence", "must lie in [0, 1]"
    for index, topic in enumerate(body.topics):
        if not topic.topic_id or not 0.0 < topic.weight <= 1.0 or math.isnan(topic.weight):
            yield f"{path}.topics[{index}]", "needs a topic_id and a weight in (0, 1]"


def _about_contact(body: Any, path: str) -> Iterator[tuple[str, str]]:
    if not body.contact_id:
        yield f"{path}.contact_id", "is required"


def _hung_up(body: Any, path: str) -> Iterator[tuple[str, str]]:
    yield from _about_contact(body, path)
    if body.duration_seconds < 0:
        yield f"{path}.duration_seconds", "must not be negative"


_CHECKS: dict[str, Callable[[Any, str], Iterator[tuple[str, str]]]] = {
    "contact_arrived": _contact_arrived,
    "caller_hung_up": _hung_up,
    "conversation_ended": _about_contact,
    "contact_resolved": _about_contact,
    "authority_used": _about_contact,
    "transfer_asked": _about_contact,
    "help_asked": _about_contact,
}
