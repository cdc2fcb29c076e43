"""WhatsApp Cloud: messages, our own answers from the phone app, and calls (channels.md 2.1 and 2.3).

Instants are strings of seconds. A wa_id is a number without its +; a person with a username may come without
one, then the business-scoped id (BSUID) is the identity. An unknown type is kept and marked, for a person wrote.
"""

from __future__ import annotations

from typing import Any

from services.intake.canonical import CanonicalEvent, Collector, Known, Problem, Statement
from services.intake.channels.whatsapp_people import changed_identity, customer_of, links_of
from services.intake.channels.whatsapp_words import words_of
from services.intake.values import Unreadable, dump, epoch_ms, ident, items, line, obj, seconds, text

_NO_EVENTS = frozenset(
    {
        "smb_app_state_sync",
        "history",
        "user_preferences",
        "group_lifecycle_update",
        "security",
        "flows",
        "partner_solutions",
        "automatic_events",
        "tracking_events",
        "messaging_handovers",
    }
)
_NO_EVENTS_PREFIX = (
    "message_template_",
    "account_",
    "phone_number_",
    "business_",
    "template_",
    "payment_",
    "group_",
)
_NO_MESSAGES = frozenset({"request_welcome", "ephemeral"})
_STATUS_KINDS = {"accepted": "call_connected", "rejected": "call_ended"}
"""What a status says of a call of ours; ringing is no state of its own."""
_CALL_KINDS = {"connect": "call_started", "accept": "call_connected", "terminate": "call_ended"}
Item = dict[str, Any]


def account(entry: Item, known: Known, found: Collector) -> None:
    """One entry of a WhatsApp Business account."""
    del known
    changes = items(entry.get("changes"))
    if not changes:
        raise Unreadable("no changes")
    for change in changes:
        field, value = text(obj(change).get("field")), obj(obj(change).get("value"))
        if field == "standby":  # another app has the conversation
            found.dropped.append("standby")
        elif field in _NO_EVENTS or field.startswith(_NO_EVENTS_PREFIX):
            found.dropped.append("account_news")
        elif not _read_value(value, found):
            found.problems.append(Problem("unknown_event", "change of an unknown field", dump(change)))


def _read_value(value: Item, found: Collector) -> bool:
    """Reads all lists of one change; False when there is none that is known."""
    lists = [
        name
        for name in ("messages", "message_echoes", "calls", "statuses", "errors")
        if items(value.get(name))
    ]
    for name in lists:
        for item in items(value[name]):
            try:
                _read_item(name, obj(item), value, found)
            except Unreadable as error:
                found.problems.append(Problem("unreadable", str(error), dump(item)))
    return bool(lists)


def _read_item(name: str, item: Item, value: Item, found: Collector) -> None:
    if name == "statuses" and item.get("type") == "call":
        _call_status_of_ours(item, value, found)
    elif name == "statuses":
        found.dropped.append("status")
    elif name == "errors":
        found.problems.append(
            Problem("provider_error", "the provider reports an error of its own", dump(item))
        )
    elif name == "calls":
        _call(item, value, found)
    elif item.get("type") == "system":
        _system(item, value, found)
    elif text(item.get("type")) in _NO_MESSAGES:
        found.dropped.append(text(item["type"]))
    elif "call_permission_reply" in obj(item.get("interactive")):
        found.dropped.append("call_permission")
    else:
        found.events.append(_message(item, value, outbound=name == "message_echoes"))


def _system(item: Item, value: Item, found: Collector) -> None:
    """What WhatsApp tells of a person: a new number or BSUID links two identities, all else is only counted."""
    links = changed_identity(item)
    if links:
        statement_id = ident(item.get("id"))
        if not statement_id:
            raise Unreadable("no message id")
        found.statements.append(Statement(_line(value), statement_id, epoch_ms(item.get("timestamp")), links))
    else:
        found.dropped.append("system")


def _message(item: Item, value: Item, *, outbound: bool) -> CanonicalEvent:
    message_id = ident(item.get("id"))
    if not message_id:
        raise Unreadable("no message id")
    line_id = _line(value)
    side = "to" if outbound else "from"
    customer, person = customer_of(ident(item.get(side)), ident(item.get(f"{side}_user_id")), value)
    words = words_of(item)
    group = ident(item.get("group_id"))
    return CanonicalEvent(
        channel="social",
        medium="whatsapp",
        account=line_id,
        provider_event_id=message_id,
        kind=words.kind,
        state=words.state,
        direction="outbound" if outbound else "inbound",
        customer=customer,
        thread_id=f"{line_id}|{group or person or message_id}",
        in_reply_to=ident(obj(item.get("context")).get("id")),
        occurred_at_ms=epoch_ms(item.get("timestamp")),
        text=words.text,
        attachments=words.attachments,
        links=links_of(customer),
        about_id=words.about,
        extras=words.extras,
    )


def _call(item: Item, value: Item, found: Collector) -> None:
    call_id, event = ident(item.get("id")), line(item.get("event"), 40).lower()
    if not call_id:
        raise Unreadable("no call id")
    kind = _CALL_KINDS.get(event)
    if kind is None:
        found.problems.append(Problem("unknown_event", "call event of an unknown name", dump(item)))
        return
    outbound = text(item.get("direction")).upper() == "BUSINESS_INITIATED"
    side = "to" if outbound else "from"
    customer, _ = customer_of(ident(item.get(side)), ident(item.get(f"{side}_user_id")), value)
    extras: Item = {"status": _call_status(item)} if kind == "call_ended" else {}
    duration = seconds(item.get("duration"))
    if duration is not None:
        extras["duration_s"] = duration
    found.events.append(
        CanonicalEvent(
            channel="phone",
            medium="whatsapp_call",
            account=_line(value),
            provider_event_id=call_id,
            kind=kind,
            state=event,
            contact_ref=call_id,
            direction="outbound" if outbound else "inbound",
            customer=customer,
            thread_id=call_id,
            occurred_at_ms=epoch_ms(item.get("timestamp")),
            extras=extras,
        )
    )


def _call_status_of_ours(item: Item, value: Item, found: Collector) -> None:
    """Whether a call of ours was taken."""
    call_id, status = ident(item.get("id")), line(item.get("status"), 40).lower()
    if not call_id:
        raise Unreadable("no call id")
    kind = _STATUS_KINDS.get(status)
    if kind is None:
        found.dropped.append("status")
        return
    customer, _ = customer_of(ident(item.get("recipient_id")), ident(item.get("recipient_user_id")), value)
    found.events.append(
        CanonicalEvent(
            channel="phone",
            medium="whatsapp_call",
            account=_line(value),
            provider_event_id=call_id,
            kind=kind,
            state=status,
            contact_ref=call_id,
            direction="outbound",
            customer=customer,
            thread_id=call_id,
            occurred_at_ms=epoch_ms(item.get("timestamp")),
            extras={"status": status} if kind == "call_ended" else {},
        )
    )


def _call_status(item: Item) -> str:
    """The provider's word for how a call ended: a string, or a list of them."""
    status = item.get("status")
    return line(status[0] if isinstance(status, list) and status else status, 40).lower() or "completed"


def _line(value: Item) -> str:
    found = ident(obj(value.get("metadata")).get("phone_number_id"))
    if not found:
        raise Unreadable("no phone_number_id")
    return found
