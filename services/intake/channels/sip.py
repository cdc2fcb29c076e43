"""SIP: calls as a proxy of ours (Kamailio, OpenSIPS) sees them, each message posted as it came (RFC 3261).

The proxy authenticates the trunk; this path only knows a key of ours, in a header or in the URL. A call is its
Call-ID, whichever side sends the BYE. P-Asserted-Identity (RFC 3325), which the trunk vouches for, goes before
From, which the caller's own device writes.
"""

from __future__ import annotations

from urllib.parse import unquote

from services.intake import identity
from services.intake.canonical import (
    CanonicalEvent,
    Collector,
    Customer,
    Delivery,
    Known,
    ProviderReply,
    Verdict,
)
from services.intake.channels.adapter import Adapter
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.query import parameter
from services.intake.channels.signing import any_equal
from services.intake.channels.sip_message import Address, Message, read_message
from services.intake.values import ident, line, mail_date_ms

KEYS = ProviderSetting(
    name="FRONTDESK_SIP_KEYS",
    says="keys that a SIP proxy sends in `x-api-key`, or as `key` in the URL",
    in_cases=("api_key", "url_key"),
)
HEADER = "x-api-key"
_FAILURES = {
    404: "failed",
    408: "no-answer",
    480: "no-answer",
    486: "busy",
    487: "canceled",
    600: "busy",
    603: "declined",
}
_CHALLENGES = (401, 407)


def verify(delivery: Delivery, known: Known) -> Verdict:
    given = delivery.headers.get(HEADER, "") or parameter(delivery, "key")
    right = any_equal(given, known.of(KEYS))
    return Verdict(right, "api_key", "" if right else ("wrong key" if given else "no key"))


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    """One message. Only those that begin, answer or end a call are events."""
    message = read_message(delivery.body)
    kind, status, dropped = meaning(message)
    if dropped:
        found.dropped.append(dropped)
        return
    found.events.append(event(message, kind, status, known))


def meaning(message: Message) -> tuple[str, str, str]:
    """Kind and status of the event that the message is, or the word under which it is only counted."""
    if message.status:
        return _answered(message)
    if message.method == "INVITE":
        return ("", "", "reinvite") if message.called.tag else ("call_started", "", "")
    if message.method == "CANCEL":
        return "call_ended", "canceled", ""
    if message.method == "BYE":
        return "call_ended", "completed", ""
    return "", "", "signalling"


def _answered(message: Message) -> tuple[str, str, str]:
    """A response to an INVITE: 200 connects, a failure ends; a challenge and ringing are only steps."""
    if message.method != "INVITE" or message.status in _CHALLENGES:
        return "", "", "signalling"
    if message.status < 200:
        return "", "", "progress"
    if message.status < 300:
        return "call_connected", "", ""
    if message.status < 400:
        return "", "", "signalling"
    return "call_ended", _FAILURES.get(message.status, "failed"), ""


def event(message: Message, kind: str, status: str, known: Known) -> CanonicalEvent:
    """The event. The side whose user is a line of ours is us; without one, whoever is called."""
    called, caller = unquote(message.called.user), unquote(message.caller.user)
    from_us = line(caller).lower() in known.regions and line(called).lower() not in known.regions
    begun_by_us = from_us and message.method != "BYE"
    account = line(caller if from_us else called)
    theirs = (message.called,) if from_us else (*message.asserted, message.caller)
    state = kind if kind == "call_started" else f"{message.method}:{message.status}"
    return CanonicalEvent(
        channel="phone",
        medium="voice",
        account=ident(account),
        id_scope="sip",
        provider_event_id=ident(
            ":".join((message.call_id, message.caller.tag, message.method, str(message.status)))
        ),
        kind=kind,
        direction="outbound" if begun_by_us else "inbound",
        state=state,
        contact_ref=ident(message.call_id),
        customer=_customer(theirs, account, known),
        thread_id=ident(message.call_id),
        occurred_at_ms=mail_date_ms(message.one("date")),
        subject=line(message.one("subject")),
        extras={name: value for name, value in (("status", status), ("marks", list(message.marks))) if value},
    )


def _customer(sides: tuple[Address, ...], account: str, known: Known) -> Customer:
    """The first side with a number, else the first with an address, else the last one's reason for having none."""
    region = known.regions.get(account.lower(), "") or identity.region_of(account)
    people = [
        identity.caller(
            _plain(side.uri), region, side.name or next((one.name for one in sides if one.name), "")
        )
        for side in sides
    ]
    numbers = [one for one in people if one.type == "phone"]
    named = [one for one in people if one.type]
    return (numbers or named or people)[0] if people else Customer(absent_reason="not_told")


def _plain(uri: str) -> str:
    """With the scheme in lower case, and no %-escapes in a user that is a number."""
    scheme, _, rest = uri.partition(":")
    user, at, host = rest.rpartition("@")
    digits = unquote(user)
    if at and digits.lstrip("+").isdecimal():
        return f"{scheme.lower()}:{digits}@{host}"
    return f"{scheme.lower()}:{rest}"


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    del delivery, known
    return ProviderReply(200)


PROVIDER = Provider(
    name="sip",
    title="SIP (Kamailio, OpenSIPS)",
    media=("voice",),
    verified_by="key in a header or in the URL",
    event_id="Call-ID and state",
    page="sip",
    hooks={"/hooks/sip": Adapter("sip", verify, parse, reply)},
    settings=(KEYS,),
)
