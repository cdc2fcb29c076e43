"""Detail events of Genesys Cloud conversations, as EventBridge brings them; websockets lose events.

A topic is `v2.detail.events.conversation.{id}.acd.start`, with braces or with the id itself. A conversation is one
contact, whatever sessions it has; `direction` says who began it, and `ani` and `dnis` are tel: or sip: addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.intake import identity
from services.intake.canonical import CanonicalEvent, Collector, Customer, Known, Problem
from services.intake.values import Unreadable, dump, epoch_ms, ident, line, mail_date_ms, obj, seconds, whole

TOPIC = "v2.detail.events.conversation."
_KINDS = {
    "customer.start": "call_started",
    "acd.start": "call_queued",
    "user.start": "call_connected",
    "customer.end": "call_ended",
}
_NO_EVENTS = {
    "acd.end": "queue_end",
    "user.end": "agent_end",
    "ivr.start": "ivr",
    "ivr.end": "ivr",
    "flow.start": "flow",
    "flow.end": "flow",
    "voicemail.start": "voicemail",
    "voicemail.end": "voicemail",
    "wrapup": "wrapup",
    "user.acw": "wrapup",
    "acw": "wrapup",
    "attributes": "attributes",
    "outbound": "campaign",
    "contact": "campaign",
}
_MEDIA = {
    "": ("phone", "voice"),
    "voice": ("phone", "voice"),
    "callback": ("phone", "callback"),
    "email": ("email", "email"),
    "chat": ("social", "chat"),
    "message": ("social", "chat"),
    "video": ("social", "video"),
}
_MESSAGES = {
    "sms": ("phone", "sms"),
    "facebook": ("social", "messenger"),
    "instagram": ("social", "instagram"),
    "whatsapp": ("social", "whatsapp"),
    "twitter": ("social", "x_dm"),
    "line": ("social", "line"),
    "open": ("social", "genesys_open"),
    "webmessaging": ("social", "chat"),
    "apple": ("social", "apple_messages"),
}
_WITHOUT_PLUS = frozenset({"sms", "whatsapp"})
"""Media whose numbers may come in full but without their plus."""
_INSIDE = frozenset({"internalmessage", "cobrowse", "screenshare"})
_LENGTHS = ("interactionDurationMs", "connectDurationMs", "durationMs")
_WAITS = ("queueDurationMs", "acdDurationMs", "waitDurationMs")
Fields = Mapping[str, Any]


def event(envelope: Fields, known: Known, found: Collector) -> None:
    """One state of one conversation. Raises Unreadable for an event that names no conversation."""
    detail = obj(envelope.get("detail"))
    topic = line(detail.get("topicName")) or line(envelope.get("detail-type"))
    name = state_of(topic)
    if name in _NO_EVENTS:
        found.dropped.append(_NO_EVENTS[name])
        return
    if name not in _KINDS:
        found.problems.append(Problem("unknown_event", "a topic that is not read here", dump(envelope)))
        return
    body = obj(detail.get("eventBody"))
    conversation = ident(body.get("conversationId"))
    if not conversation:
        raise Unreadable("no conversationId")
    media = line(body.get("mediaType"), 40).lower()
    if media in _INSIDE:
        found.dropped.append("internal")
        return
    found.events.append(_state(envelope, body, name, conversation, known))


def state_of(topic: str) -> str:
    """acd.start of v2.detail.events.conversation.{id}.acd.start; "" for another kind of topic."""
    folded = topic.lower()
    if not folded.startswith(TOPIC):
        return ""
    return folded.removeprefix(TOPIC).partition(".")[2]


def _state(envelope: Fields, body: Fields, name: str, conversation: str, known: Known) -> CanonicalEvent:
    channel, medium = _medium(body)
    outbound = line(body.get("direction"), 40).lower() == "outbound"
    caller, called = _first(body, "ani", "addressFrom"), _first(body, "dnis", "addressTo")
    theirs, ours = (called, caller) if outbound else (caller, called)
    organisation = _organisation(envelope)
    account = _bare(ours) or organisation
    session = ident(body.get("sessionId") or body.get("participantId"))
    return CanonicalEvent(
        channel=channel,
        medium=medium,
        account=ident(account),
        id_scope=organisation or ident(account),
        provider_event_id=ident(envelope.get("id")) or f"{conversation}:{name}:{session}",
        kind=_KINDS[name],
        direction="outbound" if outbound else "inbound",
        state=f"{name}:{session}",
        contact_ref=conversation,
        customer=_customer(channel, medium, theirs, account, known),
        thread_id=conversation,
        occurred_at_ms=epoch_ms(body.get("eventTime")) or mail_date_ms(envelope.get("time")),
        extras=_extras(body, name),
    )


def _extras(body: Fields, name: str) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if name == "user.start":
        agent, wait = ident(body.get("userId")), _duration(body, _WAITS)
        extras = {"agent": agent} if agent else {}
        if wait is not None:
            extras["wait_s"] = wait
    if name == "customer.end":
        length = _duration(body, _LENGTHS)
        extras = {"status": line(body.get("disconnectType"), 40).lower() or "disconnected"}
        if length is not None:
            extras["duration_s"] = length
    return extras


def _duration(body: Fields, names: tuple[str, ...]) -> int | None:
    for name in names:
        millis = whole(body.get(name))
        if millis is not None:
            return seconds(millis // 1000)
    return None


def _medium(body: Fields) -> tuple[str, str]:
    media = line(body.get("mediaType"), 40).lower()
    if media == "message":
        return _MESSAGES.get(line(body.get("messageType"), 40).lower(), _MEDIA[media])
    return _MEDIA.get(media, ("social", "chat"))


def _customer(channel: str, medium: str, address: str, account: str, known: Known) -> Customer:
    if not address:
        return Customer(absent_reason="not_told")
    if channel == "email":
        return identity.writer(_bare(address))
    if channel == "phone" or medium == "whatsapp":
        region = known.regions.get(account.lower(), "") or identity.region_of(account)
        scheme, colon, rest = address.partition(":")
        if medium in _WITHOUT_PLUS and address.isdecimal():
            address = f"+{address}"
        return identity.caller(f"{scheme.lower()}:{rest}" if colon else address, region)
    return Customer(type="external_id", value=ident(_bare(address)))


def _first(body: Fields, *names: str) -> str:
    return next(filter(None, (line(body.get(name)) for name in names)), "")


def _bare(address: str) -> str:
    """Without its scheme and parameters: +49301 of tel:+49301 and of sip:+49301@edge;user=phone."""
    scheme, colon, rest = address.partition(":")
    if not colon or scheme.lower() not in ("tel", "sip", "sips", "mailto"):
        return address
    rest = rest.partition(";")[0]
    user = rest.partition("@")[0]
    return user if scheme.lower().startswith("sip") and user.lstrip("+").isdecimal() else rest


def _organisation(envelope: Fields) -> str:
    """The last but one part of aws.partner/genesys.com/cloud/ORGANISATION/NAME; the AWS account without it."""
    parts = line(envelope.get("source")).split("/")
    return ident(parts[-2]) if len(parts) >= 4 else ident(envelope.get("account"))
