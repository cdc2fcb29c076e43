"""Twilio: voice, SMS and MMS, WhatsApp and Messenger through Twilio (channels.md 2.1).

A call's states are one contact, whose id is the CallSid; status callbacks come out of order. CallDuration is in
seconds, Duration in billed minutes. A leg (ParentCallSid, outbound-dial) is how we reach an agent, no customer.

A call in a queue tells of it by three more requests, all with QueueSid and CallStatus "in-progress": while it waits
(QueuePosition), when an agent's <Dial><Queue> takes it (DequeingCallSid), and when it has left (QueueResult).
"""

from __future__ import annotations

import re
from dataclasses import replace

from services.intake import identity
from services.intake.canonical import (
    CanonicalEvent,
    Collector,
    Customer,
    Delivery,
    Known,
    Problem,
    ProviderReply,
    Verdict,
)
from services.intake.channels import twilio_signature
from services.intake.channels.adapter import Adapter
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.whatsapp_people import links_of
from services.intake.values import Unreadable, ident, line, load_json, mail_date_ms, seconds, text, whole

TOKENS = ProviderSetting(
    name="FRONTDESK_TWILIO_AUTH_TOKENS",
    says="auth tokens that sign Twilio's webhooks",
    in_cases=("auth_token", "auth_tokens"),
)
VOICE_TWIML = ProviderSetting(
    name="FRONTDESK_TWILIO_VOICE_TWIML",
    says="what Twilio is answered to an incoming call (by default it puts the caller into a queue)",
    secret=False,
    default=('<?xml version="1.0" encoding="UTF-8"?><Response><Enqueue>frontdesk</Enqueue></Response>',),
)
EMPTY = ProviderReply(200, "text/xml", '<?xml version="1.0" encoding="UTF-8"?><Response/>')
_CALL_KINDS = {
    "queued": "call_started",
    "initiated": "call_started",
    "ringing": "call_started",
    "in-progress": "call_connected",
    "answered": "call_connected",
    "completed": "call_ended",
    "busy": "call_ended",
    "failed": "call_ended",
    "no-answer": "call_ended",
    "canceled": "call_ended",
}
_QUEUE_RESULTS = {
    "bridged": "call_connected",
    "bridging-in-process": "call_connected",
    "redirected-from-bridged": "call_connected",
    "hangup": "call_ended",
}
_QUEUE_LEFT = frozenset({"redirected", "leave", "queue-full", "error", "system-error"})
_WITHOUT_STATE = (
    ("RecordingSid", "recording"),
    ("TranscriptionSid", "transcription"),
    ("ConferenceSid", "conference"),
    ("StreamSid", "stream"),
    ("MachineDetectionDuration", "answered_by"),
    ("FaxSid", "fax"),
)
"""What else may be posted about a call, without a CallStatus, and the word under which it is counted."""
_MEDIA = {"whatsapp": ("social", "whatsapp"), "messenger": ("social", "messenger"), "rcs": ("phone", "rcs")}
_RECEIVED = frozenset({"", "received", "receiving"})
_BSUID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
Fields = dict[str, str]


def verify(delivery: Delivery, known: Known) -> Verdict:
    return twilio_signature.verify(delivery, known.of(TOKENS))


def parse_call(delivery: Delivery, known: Known, found: Collector) -> None:
    """One state of one call."""
    fields = _fields(delivery)
    sid, status = ident(fields.get("CallSid")), line(fields.get("CallStatus", "")).lower()
    if not sid:
        raise Unreadable("no CallSid")
    other = "" if status else next((word for name, word in _WITHOUT_STATE if fields.get(name)), "")
    kind, state, dropped = _state(fields, status)
    if other or dropped:
        found.dropped.append(other or dropped)
    elif not kind:
        detail = "CallStatus is none of the documented ones"
        found.problems.append(Problem("unknown_event", detail, delivery.body))
    else:
        found.events.append(_call(fields, sid, kind, state, known))


def _state(fields: Fields, status: str) -> tuple[str, str, str]:
    """Kind and state of the call, or the word under which the request is only counted."""
    result = fields.get("QueueResult", "").lower()
    if result in _QUEUE_LEFT:
        return "", "", "queue_left"
    if result in _QUEUE_RESULTS:
        kind = _QUEUE_RESULTS[result]
        return kind, "dequeued" if kind == "call_connected" else "queue-hangup", ""
    if fields.get("QueueSid") and status in ("in-progress", "ringing"):
        taken = fields.get("DequeingCallSid") or fields.get("DequeuingCallSid")
        return ("call_connected", "dequeued", "") if taken else ("call_queued", "queued-here", "")
    kind = _CALL_KINDS.get(status, "")
    if "DialCallStatus" in fields and kind != "call_ended":
        return "", "", "dial"  # an attempt to reach an agent is over; the caller is still there
    return kind, status, ""


def _call(fields: Fields, sid: str, kind: str, state: str, known: Known) -> CanonicalEvent:
    outbound = fields.get("Direction", "inbound").lower().startswith("outbound")
    ours, theirs = ("From", "To") if outbound else ("To", "From")
    parent = ident(fields.get("ParentCallSid"))
    account, region = _line(fields.get(ours, "").removeprefix("whatsapp:"), known)
    scheme, colon, number = fields.get(theirs, "").partition(":")
    name = fields.get("CallerName", "")
    customer = (
        _on_whatsapp(number, region, name, fields)
        if colon and scheme == "whatsapp"
        else identity.caller(fields.get(theirs, ""), region, name)
    )
    extras: dict[str, int | str | bool | None] = {
        "duration_s": seconds(fields.get("CallDuration")),
        "wait_s": seconds(fields.get("QueueTime")),
    }
    if kind == "call_ended":
        abandoned = state == "queue-hangup"
        extras |= {"status": "abandoned", "abandoned": True} if abandoned else {"status": state}
    return CanonicalEvent(
        channel="phone",
        medium="voice",
        account=account,
        provider_event_id=f"{sid}:{state}",
        state=state,
        contact_ref=sid,
        kind=kind,
        direction="outbound" if outbound else "inbound",
        leg=bool(parent),
        customer=customer,
        thread_id=parent or sid,
        occurred_at_ms=mail_date_ms(fields.get("Timestamp")),
        text=text(fields.get("SpeechResult")),
        extras={name: value for name, value in extras.items() if value is not None},
    )


def parse_message(delivery: Delivery, known: Known, found: Collector) -> None:
    """One message, or the status of one that we sent."""
    fields = _fields(delivery)
    sid = ident(fields.get("MessageSid") or fields.get("SmsSid") or fields.get("SmsMessageSid"))
    if not sid:
        raise Unreadable("no MessageSid")
    if (fields.get("MessageStatus") or fields.get("SmsStatus", "")).lower() not in _RECEIVED:
        found.dropped.append("status")
        return
    scheme, _, sender = fields.get("From", "").rpartition(":")
    channel, medium = _MEDIA.get(scheme.lower(), ("phone", "mms" if _media(fields) else "sms"))
    account, region = _line(fields.get("To", "").rpartition(":")[2], known)
    customer = _sender(scheme, sender, region, fields)
    opt = fields.get("OptOutType", "").upper()
    found.events.append(
        CanonicalEvent(
            channel=channel,
            medium=medium,
            account=account,
            provider_event_id=sid,
            kind="message",
            customer=customer,
            thread_id=f"{account}|{customer.value or sid}",
            in_reply_to=ident(fields.get("OriginalRepliedMessageSid")),
            text=_words(fields),
            opted_out=opt == "STOP",
            opt_word=opt in ("STOP", "START"),
            attachments=_media(fields),
            links=links_of(customer) if medium == "whatsapp" else (),
        )
    )


def _words(fields: Fields) -> str:
    """What was written or pressed; of a place its name and address."""
    place = ", ".join(filter(None, (fields.get("Label", ""), fields.get("Address", ""))))
    return text(fields.get("Body") or fields.get("ButtonText") or place or fields.get("ReferralBody"))


def _fields(delivery: Delivery) -> Fields:
    """The form as a mapping; of a repeated name the first counts."""
    form = twilio_signature.form_of(delivery)
    if form is None:
        return {name: text(value) for name, value in load_json(delivery.body).items()}
    fields: Fields = {}
    for name, value in form:
        fields.setdefault(name, text(value))
    return fields


def _line(raw: str, known: Known) -> tuple[str, str]:
    """Our line and its region: as the settings say, else as its number says. A number that is called by SIP is itself."""
    value = line(raw)
    if value.lower().startswith("sip"):
        number = identity.caller(value)
        value = number.value if number.type == "phone" else value
    region = known.regions.get(value, "") or identity.region_of(value)
    return ident(value), region


def _media(fields: Fields) -> int:
    return min(max(whole(fields.get("NumMedia")) or 0, 0), 1_000)


def _sender(scheme: str, sender: str, region: str, fields: Fields) -> Customer:
    name = fields.get("ProfileName", "")
    if scheme.lower() == "messenger":
        return Customer(type="psid", value=ident(sender), name=line(name))
    if scheme.lower() == "whatsapp":
        return _on_whatsapp(sender, region, name, fields)
    return identity.caller(sender, region, name)


def _on_whatsapp(sender: str, region: str, name: str, fields: Fields) -> Customer:
    """Somebody's number; or his business-scoped id (BSUID), which stands in its place where WhatsApp hides it."""
    if _BSUID.fullmatch(sender):
        return Customer(type="bsuid", value=sender, name=line(name), scoped_id=sender, verified=True)
    found = identity.caller(sender, region, name)
    number = text(fields.get("WaId"), 40)
    if found.absent_reason and number.isdecimal():
        found = Customer(type="phone", value=f"+{number}", name=line(name))
    scoped = line(fields.get("ExternalUserIdentifier", "").removeprefix("whatsapp:"))
    known = found.type == "phone" and _BSUID.fullmatch(scoped)
    return replace(found, scoped_id=scoped) if known else found


def _first_answer(delivery: Delivery, known: Known) -> ProviderReply:
    """The caller waits in Twilio's queue; an empty answer would hang up. Who has waited is not put there again."""
    form = dict(reversed(twilio_signature.form_of(delivery) or []))
    ended = _CALL_KINDS.get(form.get("CallStatus", "")) == "call_ended"
    again = ended or "QueueSid" in form or "QueueResult" in form or "DialCallStatus" in form
    return EMPTY if again else ProviderReply(200, "text/xml", known.one(VOICE_TWIML))


def _empty(delivery: Delivery, known: Known) -> ProviderReply:
    del delivery, known
    return EMPTY


MESSAGES = Adapter("twilio", verify, parse_message, _empty)
VOICE = Adapter("twilio", verify, parse_call, _first_answer)
VOICE_STATUS = Adapter("twilio", verify, parse_call, _empty)
PROVIDER = Provider(
    name="twilio",
    title="Twilio",
    media=("voice", "sms", "mms", "rcs", "whatsapp", "messenger"),
    verified_by="HMAC-SHA1 over the public URL and the form",
    event_id="MessageSid; CallSid and state",
    page="twilio",
    hooks={
        "/hooks/twilio/sms": MESSAGES,
        "/hooks/twilio/sms/status": MESSAGES,
        "/hooks/twilio/voice": VOICE,
        "/hooks/twilio/voice/status": VOICE_STATUS,
    },
    settings=(TOKENS, VOICE_TWIML),
    needs_public_url=TOKENS,
)
