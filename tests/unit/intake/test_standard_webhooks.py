"""The generic webhook: what the reference library signs is genuine, lately and with either key; nothing else is."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks.webhooks import Webhook

from services.contract.facts import ContactArrived
from services.intake.canonical import Delivery, Known, Reading
from services.intake.channels import PATHS
from services.intake.channels.standard_webhooks import KEYS
from services.intake.settings import IntakeSettings
from services.runtime.settings import SettingsError
from tests.unit.intake.world import NOON_MS, PUBLIC_URL, interpreter

PATH = "/hooks/webhook"
OLD, NEW, OTHER = ("whsec_" + base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2, 3))
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
PUBLIC = "whpk_" + base64.b64encode(PRIVATE.public_key().public_bytes_raw()).decode()
KNOWN = Known(values={KEYS.name: (OLD, NEW, PUBLIC)})
BODY = {
    "type": "contact.message",
    "timestamp": "2026-04-03T12:00:00Z",
    "data": {
        "channel": "social",
        "medium": "webchat",
        "account": "shop",
        "customer": {"type": "visitor", "value": "v7"},
        "text": "Gde je moj paket?",
    },
}


def delivery(
    body: Any = BODY, *, key: str = NEW, message_id: str = "msg_1", at_ms: int = NOON_MS, **changed: str
) -> Delivery:
    """A post that the reference library signed; `changed` headers replace its own, "" leaves one out."""
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_ms // 1000),
        "webhook-signature": Webhook(key).sign(message_id, at, raw.decode()),
        **{f"webhook-{name}": value for name, value in changed.items()},
    }
    return Delivery.of(
        "POST", PUBLIC_URL + PATH, [(name, one) for name, one in headers.items() if one], raw, NOON_MS
    )


def read(given: Delivery, known: Known = KNOWN) -> Reading:
    return PATHS[PATH].read(given, known)


def refused(given: Delivery, known: Known = KNOWN) -> bool:
    reading = read(given, known)
    return (reading.events, reading.problems, reading.reply.status) == ((), (), 403)


@pytest.mark.parametrize("key", [OLD, NEW, NEW.removeprefix("whsec_"), NEW.rstrip("=")])
def test_either_key_verifies_with_and_without_its_prefix(key: str) -> None:
    assert read(delivery(key=key), Known(values={KEYS.name: (OLD, key)})).verdict.signature_valid


def test_one_of_several_signatures_is_enough() -> None:
    good = delivery().headers["webhook-signature"]
    assert read(delivery(signature=f"v1,AAAA v2,x v1 {good}")).verdict.signature_valid


def test_a_public_key_verifies_what_the_private_one_signed() -> None:
    given = delivery()
    signed = f"msg_1.{NOON_MS // 1000}.".encode() + given.body
    signature = "v1a," + base64.b64encode(PRIVATE.sign(signed)).decode()

    assert read(delivery(signature=signature)).verdict.signature_valid
    assert refused(delivery(signature=signature, id="msg_2"))
    assert refused(delivery(signature="v1a,AAAA"))


def test_only_the_one_text_of_a_public_keys_signature_counts() -> None:
    """The last letter of a base64 text carries bits that nobody reads: its neighbour decodes to the same bytes."""
    given = delivery()
    text = base64.b64encode(PRIVATE.sign(f"msg_1.{NOON_MS // 1000}.".encode() + given.body)).decode()
    twin = text[:-3] + chr(ord(text[-3]) + 1) + "=="

    assert base64.b64decode(twin) == base64.b64decode(text)
    assert refused(delivery(signature="v1a," + twin))


@pytest.mark.parametrize(
    "changed",
    [
        {"id": ""},
        {"timestamp": ""},
        {"signature": ""},
        {"id": "msg_2"},
        {"timestamp": str(NOON_MS // 1000 + 1)},
        {"timestamp": "soon"},
        {"timestamp": f"{NOON_MS // 1000}.0"},
        {"timestamp": "-1"},
        {"timestamp": "²"},
        {"signature": "v1,"},
        {"signature": "v2," + base64.b64encode(b"x" * 32).decode()},
    ],
)
def test_a_header_that_is_missing_or_another_is_refused(changed: dict[str, Any]) -> None:
    assert refused(delivery(**changed))


@pytest.mark.parametrize(
    ("seconds", "genuine"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)]
)
def test_a_signature_counts_for_five_minutes(seconds: int, genuine: bool) -> None:
    assert read(delivery(at_ms=NOON_MS + 1_000 * seconds)).verdict.signature_valid is genuine


def test_every_changed_byte_is_noticed() -> None:
    good = delivery()
    for place in range(len(good.body)):
        changed = bytearray(good.body)
        changed[place] ^= 1
        assert refused(Delivery("POST", good.url, good.headers, bytes(changed), NOON_MS))


@pytest.mark.parametrize("keys", [(), ("",), (OTHER,), ("whpk_AAAA",)])
def test_without_the_key_nothing_verifies(keys: tuple[str, ...]) -> None:
    assert refused(delivery(), Known(values={KEYS.name: keys}))


@pytest.mark.parametrize("key", ["whsec_tell-nobody!", "tellnobody", "whsec_dGVsbG5vYm9keQ=="])
def test_a_key_that_is_none_stops_the_start_without_being_shown(key: str) -> None:
    env = {
        "FRONTDESK_IDENTITY_KEY": "sixteen bytes or",
        "FRONTDESK_DEFAULT_DESK": "acme",
        "FRONTDESK_WEBHOOK_SIGNING_KEYS": f"{NEW},{key}",
    }
    with pytest.raises(SettingsError) as caught:
        IntakeSettings.from_env(env)

    assert key not in str(caught.value)


def test_a_message_becomes_a_contact_and_its_repetition_the_same_fact() -> None:
    first, again = (
        interpreter(known=KNOWN).webhook(PATHS[PATH], given).facts
        for given in (delivery(), delivery(key=OLD, at_ms=NOON_MS + 60_000))
    )

    assert isinstance(first[0].body, ContactArrived)
    assert (first[0].body.text, first[0].occurred_at_ms) == ("Gde je moj paket?", NOON_MS)
    assert first[0].fact_id == again[0].fact_id
    assert (
        first[0].fact_id
        != interpreter(known=KNOWN).webhook(PATHS[PATH], delivery(message_id="msg_2")).facts[0].fact_id
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"no JSON", "unreadable"),
        (b"[]", "unreadable"),
        ({"type": "invoice.paid", "data": {}}, "unknown_event"),
        ({"type": ["contact.message"], "data": {}}, "unknown_event"),
        ({"type": "contact.message", "data": []}, "unreadable"),
        ({"type": "contact.message", "data": {"channel": "fax"}}, "unreadable"),
    ],
)
def test_what_is_not_ours_is_a_dead_letter_and_acknowledged(body: Any, reason: str) -> None:
    reading = read(delivery(body))
    assert ([one.reason for one in reading.problems], reading.reply.status) == ([reason], 200)
