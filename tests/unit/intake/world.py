"""What intake's tests share: invented deliveries, signed as their providers sign, and a log in memory."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from services.contract.codec import decode_fact
from services.contract.facts import Fact
from services.contract.topics import DEAD_LETTERS, FACTS
from services.intake.accounts import Account, Accounts
from services.intake.canonical import Delivery, Known, Reading
from services.intake.channels import PATHS
from services.intake.channels import meta as meta_module
from services.intake.channels import postmark as postmark_module
from services.intake.channels import twilio as twilio_module
from services.intake.interpret import Interpreted, Interpreter
from services.intake.need.language import Languages
from services.intake.need.reader import NeedReader
from services.intake.settings import LANGUAGES_DEFAULT, IntakeSettings
from services.runtime.dead_letters import DeadLetter, read_letter
from services.runtime.log import RECORD_BYTES_MAX, RecordTooLarge

PUBLIC_URL = "https://desk.example"
TOKEN, PASSWORD, SECRET = "twilio-token", "post:mark", "meta-secret"
IDENTITY_KEY = b"an identity key of a test"
NOON_MS = 1_775_217_600_000
KNOWN = Known(
    values={
        twilio_module.TOKENS.name: ("old-token", TOKEN),
        postmark_module.BASIC_AUTH.name: (PASSWORD,),
        meta_module.APP_SECRETS.name: ("old-secret", SECRET),
        meta_module.VERIFY_TOKENS.name: ("verify-me",),
    }
)
ACCOUNTS = Accounts({"+381112345678": Account("acme", "RS", "sr")}, "acme")


@cache
def needs() -> NeedReader:
    """One language model for all tests; the time limit is out of the way."""
    return NeedReader(Languages(LANGUAGES_DEFAULT), time_limit_ms=60_000)


def interpreter(accounts: Accounts = ACCOUNTS, known: Known = KNOWN) -> Interpreter:
    return Interpreter(known, accounts, needs(), IDENTITY_KEY)


def settings(**changed: Any) -> IntakeSettings:
    return IntakeSettings(
        **{
            "identity_key": IDENTITY_KEY,
            "known": KNOWN,
            "accounts": ACCOUNTS,
            "public_url": PUBLIC_URL,
            "need_ms_max": 60_000.0,
            **changed,
        }
    )


def read(delivery: Delivery, known: Known = KNOWN) -> Reading:
    """What the module of the delivery's path makes of it."""
    return PATHS[path_of(delivery)].read(delivery, known)


def interpret(delivery: Delivery, accounts: Accounts = ACCOUNTS) -> Interpreted:
    return interpreter(accounts).webhook(PATHS[path_of(delivery)], delivery)


def path_of(delivery: Delivery) -> str:
    return delivery.url.removeprefix(PUBLIC_URL).partition("?")[0]


def twilio(path: str, fields: Mapping[str, str], *, token: str = TOKEN, url: str = "") -> Delivery:
    """A form post, signed."""
    url = url or PUBLIC_URL + path
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    mac = hmac.new(token.encode(), signed.encode(), "sha1").digest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": base64.b64encode(mac).decode(),
    }
    return Delivery.of("POST", PUBLIC_URL + path, headers.items(), urlencode(fields).encode(), NOON_MS)


def sms(**changed: str) -> Delivery:
    fields = {
        "MessageSid": "SM1",
        "From": "+381641112223",
        "To": "+381112345678",
        "Body": "Gde je moj paket?",
    }
    return twilio("/hooks/twilio/sms", {**fields, **changed})


def call(path: str = "/hooks/twilio/voice", **changed: str) -> Delivery:
    fields = {
        "CallSid": "CA1",
        "From": "+381641112223",
        "To": "+381112345678",
        "CallStatus": "ringing",
        "Direction": "inbound",
    }
    return twilio(path, {**fields, **changed})


def meta(body: Any, *, secret: str = SECRET) -> Delivery:
    """A JSON post, signed; bytes are taken as they are."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    mac = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    headers = [("Content-Type", "application/json"), ("X-Hub-Signature-256", f"sha256={mac}")]
    return Delivery.of("POST", PUBLIC_URL + "/hooks/meta", headers, raw, NOON_MS)


def messenger(*items: Any, kind: str = "page", page: str = "100") -> Delivery:
    """A page's entry with items of `messaging`."""
    return meta({"object": kind, "entry": [{"id": page, "time": NOON_MS, "messaging": list(items)}]})


def said(text: str = "Where is my parcel?", mid: str = "m1", **message: Any) -> dict[str, Any]:
    """One item: a person writes to page 100."""
    return {
        "sender": {"id": "7"},
        "recipient": {"id": "100"},
        "timestamp": NOON_MS,
        "message": {"mid": mid, "text": text, **message},
    }


def whatsapp(field: str = "messages", **value: Any) -> Delivery:
    """One change of a WhatsApp Business account."""
    full = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "381112345678", "phone_number_id": "55"},
        "contacts": [{"profile": {"name": "Ana"}, "wa_id": "381641112223", "user_id": "RS.1"}],
        **value,
    }
    entry = {"id": "9", "changes": [{"field": field, "value": full}]}
    return meta({"object": "whatsapp_business_account", "entry": [entry]})


def wrote(kind: str = "text", *, message_id: str = "wamid.1", **part: Any) -> dict[str, Any]:
    """One WhatsApp message of a type."""
    return {
        "from": "381641112223",
        "id": message_id,
        "timestamp": str(NOON_MS // 1000),
        "type": kind,
        kind: part or {"body": "Gde je moj paket?"},
    }


def postmark(
    *, headers: Mapping[str, str] | None = None, password: str = PASSWORD, **changed: Any
) -> Delivery:
    """A mail as Postmark posts it."""
    body = {
        "FromFull": {"Email": "Jane@Example.com", "Name": "Jane"},
        "OriginalRecipient": "support@acme.example",
        "Subject": "My parcel",
        "MessageID": "pm-1",
        "Date": "Fri, 3 Apr 2026 14:00:00 +0200",
        "TextBody": "Where is my parcel? It should have arrived on Monday.\n",
        "HtmlBody": "",
        "StrippedTextReply": "",
        "MailboxHash": "",
        "Headers": [{"Name": name, "Value": value} for name, value in (headers or {}).items()],
        "Attachments": [],
        **changed,
    }
    credentials = base64.b64encode(password.encode()).decode()
    sent = [("Content-Type", "application/json"), ("Authorization", f"Basic {credentials}")]
    raw = json.dumps(body, ensure_ascii=False).encode()
    return Delivery.of("POST", PUBLIC_URL + "/hooks/postmark", sent, raw, NOON_MS)


@dataclass
class MemoryLog:
    """An Appender in memory; `fault` makes every append fail with it."""

    fault: Exception | None = None
    records: list[tuple[str, int, bytes, bytes]] = field(default_factory=list)

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        if len(value) > RECORD_BYTES_MAX:
            raise RecordTooLarge("too large")
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if self.fault is not None:
            future.set_exception(self.fault)
        else:
            self.records.append((topic, partition, key, value))
            future.set_result(len(self.records) - 1)
        return future

    async def close(self) -> None:
        return None

    @property
    def facts(self) -> list[Fact]:
        return [decode_fact(value) for topic, _, _, value in self.records if topic == FACTS]

    @property
    def letters(self) -> list[DeadLetter]:
        return [read_letter(value) for topic, _, _, value in self.records if topic == DEAD_LETTERS]
