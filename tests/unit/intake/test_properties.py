"""No reader raises, whatever the bytes; the same bytes are the same facts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contract.codec import decode_fact, encode_fact
from services.intake.canonical import Delivery
from services.intake.interpret import Interpreted
from services.intake.mail.delivery import Envelope, read_mail
from services.intake.mail.newest import newest_words
from services.intake.need.money import amounts
from services.intake.need.words import words_of
from tests.unit.intake.world import (
    NOON_MS,
    call,
    interpret,
    interpreter,
    messenger,
    meta,
    postmark,
    said,
    sms,
    twilio,
    whatsapp,
    wrote,
)

SOME = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.sampled_from(
    [
        "object",
        "entry",
        "id",
        "messaging",
        "changes",
        "field",
        "value",
        "sender",
        "message",
        "mid",
        "text",
        "messages",
        "metadata",
        "phone_number_id",
        "from",
        "type",
        "timestamp",
        "calls",
        "page",
        "item",
        "verb",
        "comment_id",
        "post_id",
    ]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["page", "instagram", "messages", "feed"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=20,
)


def sound(found: Interpreted) -> None:
    """Whatever was read can be stored, and no reader failed."""
    assert "reader_failed" not in [problem.reason for problem in found.problems]
    for fact in found.facts:
        assert decode_fact(encode_fact(fact)) == fact


@SOME
@given(JSON)
def test_meta_reads_any_json(body: Any) -> None:
    sound(interpret(meta(json.dumps(body).encode())))


@SOME
@given(JSON)
def test_meta_reads_any_item_in_its_place(item: Any) -> None:
    sound(interpret(messenger(item)))
    sound(interpret(whatsapp(messages=[item], calls=[item], contacts=[item])))
    sound(interpret(whatsapp(messages=item, metadata=item)))
    for change in (item, {"field": "feed", "value": item}, {"field": "comments", "value": item}):
        entry = {"id": "100", "changes": [change]}
        sound(interpret(meta({"object": "page", "entry": [entry]})))


@SOME
@given(st.dictionaries(st.sampled_from(list(json.loads(postmark().body))), JSON))
def test_postmark_reads_any_fields(changed: dict[str, Any]) -> None:
    sound(interpret(postmark(**changed)))


@SOME
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "MessageSid",
                "CallSid",
                "CallStatus",
                "From",
                "To",
                "Body",
                "Timestamp",
                "CallDuration",
                "NumMedia",
            ]
        ),
        st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30),
    )
)
def test_twilio_reads_any_fields(fields: dict[str, str]) -> None:
    sound(interpret(twilio("/hooks/twilio/sms", fields)))
    sound(interpret(twilio("/hooks/twilio/voice", {"CallSid": "CA1", **fields})))


@SOME
@given(st.binary(max_size=400))
def test_any_bytes_are_answered(body: bytes) -> None:
    for delivery in (sms(), call(), postmark(), messenger(said())):
        assert interpret(replace(delivery, body=body)).reading.reply.status in (200, 403)
    sound(interpret(meta(body)))


@SOME
@given(st.binary(max_size=600))
def test_mail_reads_any_bytes(data: bytes) -> None:
    for mail in (
        data,
        b"From: a@b.example\r\n" + data,
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + data,
    ):
        reading = read_mail(Envelope("", ("s@acme.example",), mail, NOON_MS))
        sound(interpreter().events("smtp", reading, mail, NOON_MS))


@SOME
@given(st.text(max_size=500))
def test_readers_of_text_take_any_text(text: str) -> None:
    newest_words(text)
    words_of(text)
    amounts(text)


@pytest.mark.parametrize(
    "delivery", [sms(), call(), postmark(), messenger(said()), whatsapp(messages=[wrote()])]
)
def test_redelivery_is_the_same_fact(delivery: Delivery) -> None:
    first, again = interpret(delivery), interpret(replace(delivery, received_at_ms=NOON_MS + 60_000))

    assert [fact.fact_id for fact in first.facts] == [fact.fact_id for fact in again.facts]


BASES = [
    messenger(said()),
    messenger(said("x", reply_to={"mid": "m0"}, attachments=[{"type": "image"}])),
    messenger({**said(), "message_edit": {"mid": "m1", "text": "x", "num_edit": 1}}),
    messenger({**said(), "reaction": {"mid": "m1", "action": "react", "emoji": "x"}}),
    whatsapp(messages=[wrote(), wrote("image", caption="x"), wrote("edit", message={"type": "text"})]),
    whatsapp(messages=[wrote("interactive", list_reply={"title": "x"}), wrote("contacts"), wrote("order")]),
    whatsapp("calls", calls=[{"id": "w", "event": "terminate", "status": ["x"], "duration": 1, "from": "1"}]),
]


@pytest.mark.parametrize("other", [[], {}, None, 0, -1.5, "x", [[]], {"type": []}], ids=repr)
def test_meta_reads_each_node_of_another_type(other: Any) -> None:
    for delivery in BASES:
        document, place, left = json.loads(delivery.body), 0, -1
        while left < 0:
            body, left = replaced(document, place, other)
            sound(interpret(meta(json.dumps(body).encode())))
            place += 1


def replaced(value: Any, place: int, other: Any) -> tuple[Any, int]:
    """The document with its node number `place` replaced; the number counts down while walking."""
    if place == 0:
        return other, -1
    place -= 1
    if isinstance(value, dict):
        changed = {}
        for name, inner in value.items():
            changed[name], place = replaced(inner, place, other) if place >= 0 else (inner, place)
        return changed, place
    if isinstance(value, list):
        many = []
        for inner in value:
            one, place = replaced(inner, place, other) if place >= 0 else (inner, place)
            many.append(one)
        return many, place
    return value, place


@SOME
@given(st.sampled_from(BASES), st.integers(0, 60), JSON)
def test_meta_reads_a_delivery_with_any_node_replaced(delivery: Delivery, place: int, other: Any) -> None:
    body, _ = replaced(json.loads(delivery.body), place, other)
    sound(interpret(meta(json.dumps(body).encode())))
