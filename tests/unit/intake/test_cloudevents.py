"""CloudEvents: one envelope in five forms, read as the reference library writes it; and our own words inside."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings import http, kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent as Oracle

from services.contract.facts import CallerHungUp, ContactArrived, MentionSeen, MessageSent
from services.intake.canonical import Delivery, Known, Reading
from services.intake.channels import PATHS, contact_events
from services.intake.channels.cloudevents import (
    BEARERS,
    KAFKA_BOOTSTRAP,
    KAFKA_TOPIC,
    SIGNING_KEYS,
    URL_KEYS,
    record,
)
from services.intake.channels.cloudevents_format import BATCH_MAX, CloudEvent, from_http, from_kafka
from services.intake.doors import cloudevents_kafka
from services.intake.values import Unreadable
from tests.unit.intake.world import ACCOUNTS, NOON_MS, PUBLIC_URL, interpreter

PATH = "/hooks/cloudevents"
ROOT = Path(__file__).resolve().parents[3]
KEY = b"0123456789abcdef0123456789abcdef"
WHSEC = "whsec_" + base64.b64encode(KEY).decode()
KNOWN = Known(
    values={BEARERS.name: ("old", "tok"), URL_KEYS.name: ("key",), SIGNING_KEYS.name: (WHSEC,)},
    regions=ACCOUNTS.regions,
)
CONTACT = {
    "channel": "social",
    "medium": "webchat",
    "account": "shop",
    "customer": {"type": "visitor", "value": "v7", "name": "Ana"},
    "text": "Where is my parcel?",
}
ATTRIBUTES = {"id": "1", "source": "/chat/ü", "type": "com.frontdesk.contact.message"}
TRICKY = 'Ž "quoted" 50% – \\ end 😀'


def oracle(data: Any = CONTACT, **changed: Any) -> Oracle:
    instant = datetime(2026, 4, 3, 12, 0, tzinfo=UTC)
    return Oracle({**ATTRIBUTES, "time": instant, "datacontenttype": "application/json", **changed}, data)


def posted(headers: Mapping[str, str], body: bytes, query: str = "?key=key") -> Delivery:
    return Delivery.of("POST", PUBLIC_URL + PATH + query, headers.items(), body, NOON_MS)


def structured(*events: Any, query: str = "?key=key", headers: Mapping[str, str] | None = None) -> Delivery:
    kind = "application/cloudevents-batch+json" if len(events) != 1 else "application/cloudevents+json"
    body = json.dumps(events[0] if len(events) == 1 else list(events)).encode()
    return posted({"Content-Type": kind + "; charset=UTF-8", **(headers or {})}, body, query)


def event(data: Any = CONTACT, **changed: Any) -> dict[str, Any]:
    return {"specversion": "1.0", **ATTRIBUTES, "data": data, **changed}


def read(delivery: Delivery) -> Reading:
    return PATHS[PATH].read(delivery, KNOWN)


def facts(*events: Any) -> list[Any]:
    made = interpreter(known=KNOWN).webhook(PATHS[PATH], structured(*events))
    assert made.problems == ()
    return [fact.body for fact in made.facts]


class TestEnvelope:
    """What the reference library writes is read as it was meant."""

    @pytest.mark.parametrize("subject", ["plain", TRICKY])
    @pytest.mark.parametrize("mode", ["to_binary", "to_structured"])
    def test_http(self, mode: str, subject: str) -> None:
        message = getattr(http, mode)(oracle(subject=subject), JSONFormat())
        headers = {name.lower(): value for name, value in message.headers.items()}
        (found,) = from_http(headers, message.body)

        self.equal(found, subject)

    @pytest.mark.parametrize("subject", ["plain", TRICKY])
    @pytest.mark.parametrize("mode", ["to_binary", "to_structured"])
    def test_kafka(self, mode: str, subject: str) -> None:
        message = getattr(kafka, mode)(oracle(subject=subject), JSONFormat())

        self.equal(from_kafka(message.headers, message.value), subject)

    def test_bytes_travel_as_base64_in_the_structured_form(self) -> None:
        message = http.to_structured(
            oracle(b"\x00\xff", datacontenttype="application/octet-stream"), JSONFormat()
        )
        (found,) = from_http({"content-type": "application/cloudevents+json"}, message.body)

        assert isinstance(found, CloudEvent)
        assert found.data == b"\x00\xff"

    def test_a_kafka_header_is_not_percent_encoded_and_an_http_header_is(self) -> None:
        named = {"id": "a%20b", "source": "s", "type": "t", "specversion": "1.0"}
        by_kafka = from_kafka({f"ce_{name}": value.encode() for name, value in named.items()}, b"")
        (by_http,) = from_http({f"ce-{name}": value for name, value in named.items()}, b"")

        assert isinstance(by_http, CloudEvent)
        assert (by_kafka.id, by_http.id) == ("a%20b", "a b")

    @pytest.mark.parametrize(
        ("headers", "body"),
        [
            ({}, b"{}"),
            ({"ce-specversion": "0.3", "ce-id": "1", "ce-source": "s", "ce-type": "t"}, b"{}"),
            ({"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s"}, b"{}"),
            ({"ce-specversion": "1.0", "ce-id": "%ff", "ce-source": "s", "ce-type": "t"}, b"{}"),
            ({"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t"}, b"{"),
            ({"content-type": "application/cloudevents+json"}, b"[]"),
            ({"content-type": "application/cloudevents+avro"}, b""),
            ({"content-type": "application/cloudevents-batch+json"}, b"{}"),
            (
                {"content-type": "application/cloudevents-batch+json"},
                json.dumps([{}] * (BATCH_MAX + 1)).encode(),
            ),
            (
                {"content-type": "application/cloudevents+json"},
                b'{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"%"}',
            ),
            ({f"ce-x{number}": "1" for number in range(200)}, b""),
        ],
    )
    def test_what_is_no_event_is_unreadable(self, headers: dict[str, str], body: bytes) -> None:
        with pytest.raises(Unreadable):
            from_http(headers, body)

    def equal(self, found: CloudEvent | bytes, subject: str) -> None:
        assert isinstance(found, CloudEvent)
        assert (found.id, found.source, found.type) == tuple(ATTRIBUTES.values())
        assert (found.at_ms, found.data) == (NOON_MS, CONTACT)
        assert found.subject == " ".join(subject.split())


class TestVerification:
    """By a token, a key or a signature; nothing else."""

    @pytest.mark.parametrize(
        ("query", "headers", "genuine"),
        [
            ("?key=key", {}, True),
            ("?key=kez", {}, False),
            ("", {}, False),
            ("", {"Authorization": "Bearer tok"}, True),
            ("", {"Authorization": "bearer old"}, True),
            ("", {"Authorization": "Bearer no"}, False),
            ("", {"Authorization": "Basic tok"}, False),
            ("?key=key", {"Authorization": "Bearer no"}, False),
        ],
    )
    def test_token_and_key(self, query: str, headers: dict[str, str], genuine: bool) -> None:
        reading = read(structured(event(), query=query, headers=headers))
        assert (reading.verdict.signature_valid, reading.reply.status) == (genuine, 202 if genuine else 403)

    @pytest.mark.parametrize(("flip", "genuine"), [(b"", True), (b" ", False)])
    def test_signature(self, flip: bytes, genuine: bool) -> None:
        body = json.dumps(event()).encode()
        at = str(NOON_MS // 1000)
        mac = hmac.new(KEY, b"m1." + at.encode() + b"." + body, hashlib.sha256).digest()
        headers = {
            "content-type": "application/cloudevents+json",
            "webhook-id": "m1",
            "webhook-timestamp": at,
            "webhook-signature": "v1," + base64.b64encode(mac).decode(),
        }
        assert read(posted(headers, body + flip)).verdict.signature_valid is genuine

    def test_without_any_key_nothing_verifies(self) -> None:
        assert not PATHS[PATH].read(structured(event(), query="?key="), Known()).verdict.signature_valid


class TestContacts:
    """Our own words inside."""

    def test_a_message_becomes_a_contact_of_its_customer(self) -> None:
        (body,) = facts(event(time="2026-04-03T11:59:00Z"))

        assert isinstance(body, ContactArrived)
        assert body.customer is not None
        assert (body.medium, body.account, body.text) == ("webchat", "shop", "Where is my parcel?")
        assert (body.customer.type, body.customer.value, body.customer.name) == ("visitor", "v7", "Ana")

    def test_the_same_event_by_http_and_by_kafka_is_one_fact(self) -> None:
        message = kafka.to_binary(oracle(), JSONFormat())
        by_kafka = interpreter(known=KNOWN).events(
            "cloudevents", record(message.headers, message.value, KNOWN), b"", 0
        )
        by_http = interpreter(known=KNOWN).webhook(PATHS[PATH], structured(event()))

        assert [one.fact_id for one in by_kafka.facts] == [one.fact_id for one in by_http.facts]

    def test_two_sources_may_give_the_same_id(self) -> None:
        assert len(facts(event(), event(source="/other"))) == 2

    def test_numbers_and_addresses_get_their_canonical_form(self) -> None:
        line = {"channel": "phone", "medium": "sms", "account": "+381112345678"}
        (sms,) = facts(event({**CONTACT, **line, "customer": {"type": "phone", "value": "064 1112223"}}))
        (mail,) = facts(event({**CONTACT, "customer": {"type": "email", "value": "Ana@Shop.EXAMPLE"}}))

        assert (sms.customer.value, mail.customer.value) == ("+381641112223", "ana@shop.example")

    @pytest.mark.parametrize(
        "customer", [None, {}, {"type": "visitor"}, {"type": "No word", "value": "1"}, "Ana"]
    )
    def test_nobody_is_made_up(self, customer: Any) -> None:
        (body,) = facts(event({**CONTACT, "customer": customer}))
        assert (body.customer.key, body.customer.absent_reason) == ("", "anonymous")

    def test_a_review_has_stars_and_html_becomes_words(self) -> None:
        data = {
            **CONTACT,
            "text": "",
            "html": "<p>Gut<br>so</p>",
            "rating": {"value": 4.5, "scale": 5},
            "public": True,
        }
        (body,) = facts(event(data, type="com.frontdesk.contact.review"))

        assert isinstance(body, MentionSeen)
        assert body.contact is not None
        assert body.contact.rating is not None
        assert (body.contact.rating.value, body.contact.text, body.contact.public) == (4.5, "Gut\nso", True)

    def test_a_calls_states_are_one_contact(self) -> None:
        call = {**CONTACT, "channel": "phone", "medium": "voice", "call_id": "c1", "duration_seconds": 61}
        began, ended = facts(
            event(call, type="com.frontdesk.contact.call_started"),
            event(call, id="2", type="com.frontdesk.contact.call_ended"),
        )

        assert isinstance(ended, CallerHungUp)
        assert (ended.contact_id, ended.duration_seconds) == (began.contact_id, 61)

    def test_an_answer_of_ours_is_no_contact(self) -> None:
        (body,) = facts(event({**CONTACT, "direction": "outbound", "thread_id": "t1"}))
        assert isinstance(body, MessageSent)

    @pytest.mark.parametrize(
        "data",
        [
            None,
            [],
            "text",
            {**CONTACT, "channel": "fax"},
            {**CONTACT, "medium": "Web chat"},
            {**CONTACT, "account": ""},
            {**CONTACT, "direction": "sideways"},
        ],
    )
    def test_data_of_another_shape_is_a_dead_letter_and_acknowledged(self, data: Any) -> None:
        reading = read(structured(event(data)))
        assert ([one.reason for one in reading.problems], reading.reply.status) == (["unreadable"], 202)

    def test_another_type_is_a_dead_letter_and_acknowledged(self) -> None:
        reading = read(structured(event(type="com.example.someevent")))
        assert ([one.reason for one in reading.problems], reading.reply.status) == (["unknown_event"], 202)

    def test_one_bad_entry_of_a_batch_does_not_lose_its_neighbours(self) -> None:
        reading = read(structured(event(), {"id": "1"}, "x", event(id="2", type="t"), event(id="3")))

        assert [found.provider_event_id for found in reading.events] == ["/chat/ü#1", "/chat/ü#3"]
        assert [one.reason for one in reading.problems] == ["unreadable", "unreadable", "unknown_event"]

    def test_an_empty_batch_is_nothing(self) -> None:
        reading = read(structured())
        assert (reading.events, reading.problems, reading.reply.status) == ((), (), 202)


class TestRecords:
    """Kafka's records, whatever they hold."""

    def test_a_tombstone_is_no_event(self) -> None:
        assert record({}, b"", KNOWN).dropped == ("tombstone",)

    @pytest.mark.parametrize(
        ("headers", "value"),
        [
            ({}, b"x"),
            ({"content-type": b"application/cloudevents+json"}, b"\xff"),
            ({"ce_id": b"\xff"}, b"{}"),
        ],
    )
    def test_what_is_no_event_is_a_dead_letter(self, headers: dict[str, bytes], value: bytes) -> None:
        assert [one.reason for one in record(headers, value, KNOWN).problems] == ["unreadable"]


def test_no_topic_is_read_unless_brokers_and_topic_are_set() -> None:
    for names in ((), (KAFKA_TOPIC,), (KAFKA_BOOTSTRAP,)):
        known = Known(values={one.name: ("set",) for one in names})
        assert cloudevents_kafka.work(known, *unused()) == []


def unused() -> Any:
    """What a door that does not open never touches."""
    return None, None, None


def test_the_schema_has_the_fields_and_the_words_that_the_reader_knows() -> None:
    schema = json.loads((ROOT / "docs/channels/contact-event.schema.json").read_text(encoding="utf-8"))
    source = Path(contact_events.__file__).read_text(encoding="utf-8")
    read_fields = {name for name in schema["properties"] if f'body.get("{name}")' in source}

    assert read_fields == set(schema["properties"])
    assert source.count("body.get(") == sum(map(len, (schema["properties"], *self_contained(schema))))
    assert tuple(schema["properties"]["channel"]["enum"]) == contact_events.CHANNELS


def self_contained(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Fields of the objects inside."""
    return [one["properties"] for one in schema["properties"].values() if "properties" in one]
