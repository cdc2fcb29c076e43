"""An event in Frontdesk's own words, for systems that have no module of their own: one reader for all that carry it.

docs/channels/contact-event.schema.json is its schema; docs/channels/cloudevents.md says what each type becomes. The
type is `com.frontdesk.contact.KIND` or `contact.KIND`. Fields that are absent are empty; fields that nobody knows are
passed over, so that a sender may be newer than we are.
"""

from __future__ import annotations

import re
from typing import Any

from services.intake import identity
from services.intake.canonical import KINDS, CanonicalEvent, Customer, Known, Rating
from services.intake.mail.html import html_to_text
from services.intake.values import (
    SUBJECT_CHARS_MAX,
    TEXT_CHARS_MAX,
    Unreadable,
    epoch_ms,
    ident,
    line,
    mail_date_ms,
    obj,
    seconds,
    text,
    whole,
)

PREFIXES = ("com.frontdesk.contact.", "contact.")
CHANNELS = ("phone", "email", "social")
DIRECTIONS = ("inbound", "outbound")
ATTACHMENTS_MAX = 1_000
SCALE_MAX = 1_000
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
Body = dict[str, Any]


def kind_of(event_type: str) -> str:
    """The kind that a type names; "" for one that is not ours."""
    for prefix in PREFIXES:
        if event_type.startswith(prefix) and event_type.removeprefix(prefix) in KINDS:
            return event_type.removeprefix(prefix)
    return ""


def read_contact(
    kind: str, data: Any, known: Known, *, event_id: str, scope: str = "", at_ms: int = 0
) -> CanonicalEvent:
    """The event. `event_id` is its envelope's and `scope` who gave it, for ids are unique per source only; `at_ms` is
    the envelope's instant. Raises Unreadable naming the field, without its value."""
    body = obj(data)
    channel, medium = text(body.get("channel")), text(body.get("medium"))
    account, direction = ident(body.get("account")), text(body.get("direction")) or "inbound"
    faults = {
        "the data is no object": not body,
        "channel is none of phone, email, social": channel not in CHANNELS,
        "medium is no short word in lower case": not _WORD.fullmatch(medium),
        "account is missing": not account,
        "direction is neither inbound nor outbound": direction not in DIRECTIONS,
    }
    for fault, there in faults.items():
        if there:
            raise Unreadable(fault)
    call = kind.startswith("call_")
    call_id = ident(body.get("call_id"))
    if call and not call_id:
        raise Unreadable("call_id is missing")
    provider_event_id = _scoped(scope, event_id)
    return CanonicalEvent(
        channel=channel,
        medium=medium,
        account=account,
        provider_event_id=provider_event_id,
        kind=kind,
        direction=direction,
        state=kind if call else ident(body.get("state")),
        contact_ref=_scoped(scope, call_id) if call else "",
        customer=_customer(obj(body.get("customer")), known.regions.get(account, "")),
        thread_id=ident(body.get("thread_id")) or call_id or provider_event_id,
        in_reply_to=ident(body.get("in_reply_to")),
        occurred_at_ms=_instant_ms(body.get("occurred_at")) or at_ms,
        subject=line(body.get("subject"), SUBJECT_CHARS_MAX),
        text=text(body.get("text"))
        or html_to_text(text(body.get("html"), 4 * TEXT_CHARS_MAX))[:TEXT_CHARS_MAX],
        language_hint=line(body.get("language"), 40),
        public=body.get("public") is True,
        opted_out=body.get("opted_out") is True,
        reference=ident(body.get("reference")),
        attachments=min(max(whole(body.get("attachments")) or 0, 0), ATTACHMENTS_MAX),
        rating=_rating(obj(body.get("rating"))),
        about_id=ident(body.get("about_id")),
        extras=_call_extras(kind, body) if call else {},
    )


def _scoped(scope: str, name: str) -> str:
    return ident(f"{scope}#{name}") if scope else ident(name)


def _customer(body: Body, region: str) -> Customer:
    """Numbers and addresses in their canonical form; any other type as it comes; nobody without a value."""
    kind, value, name = text(body.get("type")), ident(body.get("value")), line(body.get("name"))
    if kind == "phone":
        return identity.caller(value, region, name)
    if kind == "email":
        return identity.writer(value, name)
    if not value or not _WORD.fullmatch(kind):
        return Customer(name=name, absent_reason="anonymous")
    return Customer(type=kind, value=value, name=name, handle=line(body.get("handle")))


def _rating(body: Body) -> Rating | None:
    value, scale = body.get("value"), whole(body.get("scale"))
    if isinstance(value, bool) or not isinstance(value, int | float) or scale is None:
        return None
    return Rating(value, scale) if 0 <= value <= scale <= SCALE_MAX and scale > 0 else None


def _call_extras(kind: str, body: Body) -> dict[str, Any]:
    durations = {
        "duration_s": seconds(body.get("duration_seconds")),
        "wait_s": seconds(body.get("wait_seconds")),
    }
    extras: dict[str, Any] = {name: value for name, value in durations.items() if value is not None}
    status = line(body.get("status"), 60)
    return extras | ({"status": status} if status and kind == "call_ended" else {})


def _instant_ms(value: Any) -> int:
    """RFC 3339, or a number since 1970."""
    return epoch_ms(value) or mail_date_ms(value)
