"""Genesys Cloud Open Messaging."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from services.contract.facts import ContactArrived, Fact, MessageSent
from services.intake.accounts import Accounts
from services.intake.canonical import Delivery, Known
from services.intake.channels import PATHS
from services.intake.channels.genesys import ENCODING, SECRETS
from services.intake.interpret import Interpreter
from tests.unit.intake.world import IDENTITY_KEY, NOON_MS, needs

SECRET = "gen-s"
KNOWN = Known(values={SECRETS.name: ("old", SECRET)})
HOOK = PATHS["/hooks/genesys"]
CHANNEL = {
    "id": "ch-1",
    "platform": "Open",
    "type": "Private",
    "to": {"id": "ana-77", "idType": "Opaque"},
    "from": {"id": "integ-1"},
    "time": "2026-04-03T10:00:00.000Z",
}
INBOUND = {
    **CHANNEL,
    "to": {"id": "integ-1"},
    "from": {"id": "ana-77", "idType": "Opaque", "firstName": "Ana", "lastName": "Silva"},
}


def posted(key: str = SECRET, hexadecimal: bool = False, **body: Any) -> Delivery:
    full = {
        "id": "b7c1",
        "channel": CHANNEL,
        "type": "Text",
        "text": "Foi enviado.",
        "direction": "Outbound",
        **body,
    }
    raw = json.dumps(full).encode()
    digest = hmac.new(key.encode(), raw, hashlib.sha256).digest()
    signature = digest.hex() if hexadecimal else base64.b64encode(digest).decode()
    headers = [("X-Hub-Signature-256", f"sha256={signature}")]
    return Delivery.of("POST", "https://desk.example/hooks/genesys", headers, raw, NOON_MS)


def fact(delivery: Delivery) -> Fact:
    (one,) = Interpreter(KNOWN, Accounts({}, "acme"), needs(), IDENTITY_KEY).webhook(HOOK, delivery).facts
    return one


def test_an_answer_of_ours_stops_the_clock_of_the_question() -> None:
    asked = fact(posted(id="q", channel=INBOUND, direction="Inbound", text="Onde está o meu pedido?"))
    answered = fact(posted())

    assert isinstance(asked.body, ContactArrived) and isinstance(answered.body, MessageSent)
    assert asked.body.thread_key == answered.body.thread_key
    assert asked.body.customer is not None
    assert (asked.body.customer.value, asked.body.customer.name) == ("ana-77", "Ana Silva")


@pytest.mark.parametrize(("entity", "kind"), [("Human", "human"), ("Bot", "ack"), (None, "human")])
def test_a_bot_only_acknowledges(entity: str | None, kind: str) -> None:
    body = fact(posted(originatingEntity=entity)).body

    assert isinstance(body, MessageSent)
    assert body.kind == kind


def test_hex_counts_only_where_the_setting_says_so() -> None:
    hexadecimal = Known(values={**KNOWN.values, ENCODING.name: ("hex",)})
    assert not HOOK.read(posted(hexadecimal=True), KNOWN).verdict.signature_valid
    assert HOOK.read(posted(hexadecimal=True), hexadecimal).verdict.signature_valid
    assert not HOOK.read(posted(), hexadecimal).verdict.signature_valid


def test_a_wrong_secret_publishes_nothing() -> None:
    reading = HOOK.read(posted("other"), KNOWN)
    assert (reading.reply.status, reading.events, reading.problems) == (403, (), ())


@pytest.mark.parametrize(
    ("body", "dropped"),
    [
        ({"type": "Receipt", "status": "Delivered", "isFinalReceipt": True}, "status"),
        ({"type": "Event", "events": [{"eventType": "Typing", "typing": {"type": "On"}}]}, "typing"),
        ({"type": "Event", "events": [{"eventType": "Presence"}]}, "presence"),
    ],
)
def test_signs_of_life_are_counted(body: dict[str, Any], dropped: str) -> None:
    reading = HOOK.read(posted(**body), KNOWN)
    assert (reading.events, reading.dropped, reading.problems) == ((), (dropped,), ())


@pytest.mark.parametrize("body", [{"type": "Hologram"}, {"type": "Event", "events": [{"eventType": "Wave"}]}])
def test_an_unknown_type_is_a_dead_letter_and_200(body: dict[str, Any]) -> None:
    reading = HOOK.read(posted(**body), KNOWN)
    assert (reading.reply.status, [one.reason for one in reading.problems]) == (200, ["unknown_event"])


def test_structured_content_is_read_and_files_are_counted() -> None:
    content = [
        {"contentType": "Attachment", "attachment": {"mediaType": "Image", "url": "https://x.example/a.png"}},
        {"contentType": "Card", "card": {"title": "Encomenda 4711", "description": "A caminho"}},
    ]
    (event,) = HOOK.read(posted(type="Structured", text="", content=content), KNOWN).events
    assert (event.text, event.attachments) == ("Encomenda 4711\nA caminho", 1)


def test_a_pressed_button_is_what_the_customer_said() -> None:
    content = [
        {"contentType": "ButtonResponse", "buttonResponse": {"text": "Sim", "originatingMessageId": "m0"}}
    ]
    (event,) = HOOK.read(
        posted(type="Structured", text="", content=content, channel=INBOUND, direction="Inbound"), KNOWN
    ).events
    assert (event.text, event.in_reply_to, event.direction) == ("Sim", "m0", "inbound")


@pytest.mark.parametrize(
    ("side", "kind", "value"),
    [
        ({"id": "4915112345678", "idType": "Phone"}, "phone", "+4915112345678"),
        ({"id": "Ana@Example.pt", "idType": "Email"}, "email", "ana@example.pt"),
        ({"id": "ana@example.pt", "idType": "Opaque"}, "external_id", "ana@example.pt"),
    ],
)
def test_an_id_is_what_it_says_it_is(side: dict[str, str], kind: str, value: str) -> None:
    (event,) = HOOK.read(posted(channel={**CHANNEL, "to": side}), KNOWN).events
    assert event.customer is not None and (event.customer.type, event.customer.value) == (kind, value)


@pytest.mark.parametrize("wrong", [None, 7, "x", [], {}, [1], [[]], True, -1.5], ids=repr)
def test_no_node_of_a_wrong_type_is_a_fault_of_ours(wrong: Any) -> None:
    for name in ("id", "channel", "type", "text", "direction", "content", "events", "originatingEntity"):
        reading = HOOK.read(posted(**{name: wrong}), KNOWN)
        assert "reader_failed" not in [one.reason for one in reading.problems], name
    for name in CHANNEL:
        reading = HOOK.read(posted(channel={**CHANNEL, name: wrong}), KNOWN)
        assert "reader_failed" not in [one.reason for one in reading.problems], name
