"""Signed deliveries made in advance, each with ids and words of its own: SMS, Messenger, WhatsApp and Slack."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import time
from urllib.parse import quote_plus

PUBLIC = "https://desk.example"
TOKEN, SECRET, SLACK = "bench-twilio-token", "bench-meta-secret", "bench-slack-secret"
NOW_SECONDS = 1_775_217_600
TEXTS = (
    "Where is my parcel? It should have arrived on Monday and the tracking page has not changed since.",
    "Ich warte seit zwei Wochen auf die Erstattung von 49,90 Euro für meine Retoure.",
    "A minha fatura de março foi cobrada duas vezes no cartão, podem verificar por favor?",
    "Zovem već treći put zbog iste reklamacije i niko mi ne odgovara na mejlove.",
    "Не могу да се пријавим на налог, лозинка не ради од јуче.",
    "Prosim za spremembo naslova dostave za naročilo, ki še ni odposlano.",
    "నా ఆర్డర్ ఇంకా రాలేదు, ఎప్పుడు వస్తుందో చెప్పగలరా?",
)


def requests(count: int) -> list[bytes]:
    """Whole HTTP requests: SMS, Messenger, WhatsApp and Slack in turn, each signed and with an id of its own."""
    run_id = f"{time.time_ns():x}"
    rng = random.Random(run_id)
    makers = (_sms, _messenger, _whatsapp, _slack)
    return [
        makers[number % len(makers)](f"{run_id}{number:07x}", rng.choice(TEXTS), number)
        for number in range(count)
    ]


def _post(path: str, kind: str, body: bytes, extra: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: desk.example\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def _sms(unique: str, text: str, number: int) -> bytes:
    fields = {
        "MessageSid": f"SM{unique}",
        "AccountSid": "AC" + "0" * 32,
        "From": f"+49151{number % 10_000_000:07d}",
        "To": "+4930901820",
        "Body": text,
        "NumMedia": "0",
        "FromCountry": "DE",
    }
    signed = PUBLIC + "/hooks/twilio/sms" + "".join(name + fields[name] for name in sorted(fields))
    mac = base64.b64encode(hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode()
    return _post(
        "/hooks/twilio/sms", "application/x-www-form-urlencoded", body, f"X-Twilio-Signature: {mac}\r\n"
    )


def _meta(payload: object) -> bytes:
    body = json.dumps(payload).encode()
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return _post("/hooks/meta", "application/json", body, f"X-Hub-Signature-256: sha256={mac}\r\n")


def _messenger(unique: str, text: str, number: int) -> bytes:
    item = {
        "sender": {"id": f"{7_000_000_000 + number}"},
        "recipient": {"id": "100"},
        "timestamp": 1_775_217_600_000 + number,
        "message": {"mid": f"m_{unique}", "text": text},
    }
    return _meta({"object": "page", "entry": [{"id": "100", "time": 1_775_217_600_000, "messaging": [item]}]})


def _whatsapp(unique: str, text: str, number: int) -> bytes:
    sender = f"49151{number % 10_000_000:07d}"
    message = {
        "from": sender,
        "id": f"wamid.{unique}",
        "timestamp": str(NOW_SECONDS + number),
        "type": "text",
        "text": {"body": text},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "4930901820", "phone_number_id": "277"},
        "contacts": [{"profile": {"name": "A. Customer"}, "wa_id": sender}],
        "messages": [message],
    }
    return _meta(
        {
            "object": "whatsapp_business_account",
            "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
        }
    )


def _slack(unique: str, text: str, number: int) -> bytes:
    event = {
        "type": "message",
        "user": f"U{number:09d}",
        "channel": "C024BE91L",
        "text": text,
        "ts": f"{NOW_SECONDS + number}.{number % 1_000_000:06d}",
    }
    payload = {
        "type": "event_callback",
        "team_id": "T061EG9R6",
        "api_app_id": "A0PNCHHK2",
        "event": event,
        "event_id": f"Ev{unique}",
        "event_time": NOW_SECONDS + number,
    }
    body, at = json.dumps(payload).encode(), str(int(time.time()))
    mac = hmac.new(SLACK.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256).hexdigest()
    extra = f"X-Slack-Request-Timestamp: {at}\r\nX-Slack-Signature: v0={mac}\r\n"
    return _post("/hooks/slack", "application/json", body, extra)
