"""A fact as a caller hands it in becomes the fact that is stored: checked field by field, ids and keys set.

`Invalid` names each field by its path ("fact.contact_arrived.channel") and says how to mend it; a value of the
request never stands in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import EncodeError, Message

from services.contract import ids
from services.contract.codec import to_message
from services.contract.facts import Channel, LinkStrength
from services.intake import identity
from services.intake.accounts import Account, Accounts
from services.intake.canonical import CanonicalEvent, Customer
from services.intake.facts import CHANNELS, need_fields
from services.intake.need.reader import NeedReader

ID_CHARS_MAX = 200
STRING_CHARS_MAX = 500
_CHARS_MAX = {"text": 100_000, "subject": 2_000, "name": 300, "request_id": ID_CHARS_MAX}
LIST_LENGTH_MAX = 50
_DESK_ID = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")
_SOURCE = re.compile(r"^[a-z0-9_.-]{1,64}$")
_CHANGE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_SECONDS_MIN, _SECONDS_MAX = -62_135_596_800, 253_402_300_799
_NOT_HERE = {"desk_configured": "is put in force by RouterService.ConfigureDesk, which checks it"}
_CHANNEL_NAMES = {channel: name for name, channel in CHANNELS.items()}
Faults = dict[str, str]


class Invalid(Exception):
    """The request cannot be taken; `fields` maps each field's path to what is wrong with it."""

    def __init__(self, fields: Faults) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Submitted:
    """A fact that may be stored: its encoded record, and what its caller is told of it."""

    fact_id: str
    desk_id: str
    contact_id: str
    kind: str
    """Name of the fact's kind, a label: "ContactArrived" ..."""
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Submissions:
    """Makes facts of requests; pure but for the clock of the need reader's limit.

    A request is completed in place and encoded once: between two protobuf messages a dataclass would cost more than
    all the rest (benchmarks/submit_stream.py).
    """

    accounts: Accounts
    needs: NeedReader
    identity_secret: bytes = field(repr=False)

    def take(self, request: Any, now_ms: int) -> Submitted:
        """The fact of a SubmitRequest or SubmitStreamRequest, whose message is changed; raises Invalid."""
        faults = dict(_faults(request))
        if faults:
            raise Invalid(faults)
        fact = request.fact
        fact.DiscardUnknownFields()
        kind = fact.WhichOneof("body")
        body = getattr(fact, kind)
        fact.fact_id = ids.command_fact_id(fact.desk_id, request.request_id)
        fact.source = fact.source or "grpc"
        if kind == "contact_arrived":
            self._complete(body, fact, request.request_id, "fact.contact_arrived")
        elif kind == "mention_seen":
            self._complete(body.contact, fact, request.request_id, "fact.mention_seen.contact")
        elif kind in ("message_sent", "non_contact_seen"):
            body.thread_key = ""  # only a thread in plain words could be hashed
        elif kind == "identity_linked":
            self._link(body, fact.desk_id)
        if not fact.HasField("occurred_at"):
            _set(fact.occurred_at, now_ms)
        _set(fact.received_at, now_ms)
        try:
            data = fact.SerializeToString(deterministic=True)
        except (ValueError, EncodeError):
            raise Invalid({"fact": "cannot be stored; shorten it"}) from None
        return Submitted(
            fact.fact_id, fact.desk_id, getattr(body, "contact_id", ""), body.DESCRIPTOR.name, data
        )

    def _complete(self, body: Any, fact: Any, request_id: str, path: str) -> None:
        """Canonical customer, need, ids and keys of what may become a contact."""
        account = self.accounts.find(body.account) or Account(fact.desk_id)
        fault = _canonical(body.customer, account.region)
        if fault:
            raise Invalid({f"{path}.customer.value": fault})
        if not body.HasField("language") or not body.topics:
            self._enrich(body, account)
        if not body.contact_id:
            body.contact_id = ids.contact_id(fact.source, fact.desk_id, request_id)
        self._key(body.customer, body.account, fact.desk_id)
        body.thread_key = ids.thread_key(self.identity_secret, fact.desk_id, body.account, body.thread_id)
        body.signature_scheme = body.signature_scheme or "grpc"

    def _key(self, customer: Any, account: str, desk_id: str) -> None:
        value = identity.scoped_value(customer.type, customer.value, account)
        customer.key = ids.identity_key(self.identity_secret, desk_id, customer.type, value)

    def _link(self, body: Any, desk_id: str) -> None:
        """Both identities canonical and with their keys; the link's own id when the caller gives none."""
        for side in ("one", "other"):
            customer = getattr(body, side)
            fault = _canonical(customer, "") or ("" if customer.value else "is required to link")
            if fault:
                raise Invalid({f"fact.identity_linked.{side}.value": fault})
            self._key(customer, "", desk_id)
        if not body.link_id:
            body.link_id = ids.link_id(desk_id, body.one.key, body.other.key, body.statement)

    def _enrich(self, body: Any, account: Account) -> None:
        """Language, topics and the rest where the caller says nothing; what it says stays."""
        event = CanonicalEvent(
            channel=_CHANNEL_NAMES.get(body.channel, "social"),
            medium=body.medium,
            account=body.account,
            provider_event_id="",
            kind="message",
            customer=Customer(type=body.customer.type, value=body.customer.value),
            subject=body.subject,
            text=body.text,
            public=body.public,
            reference=body.reference,
            opted_out=body.opted_out,
            language_hint=body.language.code,
        )
        need = need_fields(self.needs.read(event, account.language))
        for name, value in need.items():
            _fill(body, name, value)


def _fill(body: Any, name: str, value: Any) -> None:
    """Sets one field that the caller left empty."""
    if isinstance(value, tuple):
        if not getattr(body, name):
            getattr(body, name).extend(to_message(one) for one in value)
    elif isinstance(value, bool | str):
        setattr(body, name, getattr(body, name) or value)
    elif value is not None and not body.HasField(name):
        getattr(body, name).CopyFrom(to_message(value))


def _set(stamp: Any, epoch_ms: int) -> None:
    stamp.seconds, stamp.nanos = epoch_ms // 1000, epoch_ms % 1000 * 1_000_000


def _canonical(customer: Any, region: str) -> str:
    """Puts the identifier into its canonical form; what is wrong with it, else ""."""
    if not customer.value:
        customer.absent_reason = customer.absent_reason or "anonymous"
        for name in ("type", "scoped_id", "key"):
            customer.ClearField(name)
        return ""
    if customer.type == "phone":
        found = identity.phone(customer.value, region)
        customer.value = found.e164
        return "" if found.e164 else "is no telephone number; give E.164"
    if customer.type == "email":
        customer.value = identity.mail_address(customer.value)
        return "" if customer.value else "is no mail address; give name@domain"
    return "" if customer.type else "has no type; give customer.type beside it"


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
    for one, value in message.ListFields():
        name = f"{path}.{one.name}"
        if one.is_repeated:
            if len(value) > LIST_LENGTH_MAX:
                yield name, f"has more than {LIST_LENGTH_MAX} entries"
            elif one.message_type is not None:
                for index, part in enumerate(value):
                    yield from _long(part, f"{name}[{index}]")
        elif one.message_type is not None:
            yield from _long(value, name)
        elif isinstance(value, str):
            most = _CHARS_MAX.get(one.name, STRING_CHARS_MAX)
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


def _mention_seen(body: Any, path: str) -> Iterator[tuple[str, str]]:
    if body.kind not in ("mention", "review"):
        yield f"{path}.kind", 'must be "mention" or "review"'
    if not body.HasField("contact"):
        yield f"{path}.contact", "is required: who said what"
        return
    yield from _contact_arrived(body.contact, f"{path}.contact")


def _identity_linked(body: Any, path: str) -> Iterator[tuple[str, str]]:
    for side in ("one", "other"):
        if not body.HasField(side):
            yield f"{path}.{side}", "is required"
    if body.strength == LinkStrength.UNSPECIFIED:
        yield f"{path}.strength", "is required: LINK_STRENGTH_WEAK or LINK_STRENGTH_STRONG"
    if not body.statement:
        yield f"{path}.statement", 'is required: what says so, for example "agent" or "crm"'


def _identity_unlinked(body: Any, path: str) -> Iterator[tuple[str, str]]:
    if not body.link_id:
        yield f"{path}.link_id", "is required"


def _survey_answered(body: Any, path: str) -> Iterator[tuple[str, str]]:
    if not 1 <= body.score <= 5:
        yield f"{path}.score", "must be from 1 to 5"


def _change_marked(body: Any, path: str) -> Iterator[tuple[str, str]]:
    if not _CHANGE.fullmatch(body.change):
        yield f"{path}.change", "must be 1 to 60 of a-z 0-9 - _, a letter or digit first"


_CHECKS: dict[str, Callable[[Any, str], Iterator[tuple[str, str]]]] = {
    "contact_arrived": _contact_arrived,
    "mention_seen": _mention_seen,
    "identity_linked": _identity_linked,
    "identity_unlinked": _identity_unlinked,
    "caller_hung_up": _hung_up,
    "conversation_ended": _about_contact,
    "customer_asked": _about_contact,
    "contact_resolved": _about_contact,
    "authority_used": _about_contact,
    "transfer_asked": _about_contact,
    "help_asked": _about_contact,
    "callback_asked": _about_contact,
    "survey_answered": _survey_answered,
    "change_marked": _change_marked,
}
