"""Meta: signature, handshake, Messenger, Instagram, comments (channels.md 2.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.contract.facts import ContactArrived, MentionSeen, MessageSent, NonContactSeen
from services.intake.canonical import Delivery, Known
from tests.unit.intake.world import NOON_MS, PUBLIC_URL, interpret, messenger, meta, read, said


def test_escaped_text_is_read_after_the_raw_bytes_were_verified() -> None:
    event = read(messenger(said("naročilo 33871"))).events[0]

    assert event.text == "naročilo 33871"
    assert event.customer is not None
    assert (event.customer.type, event.customer.value) == ("psid", "7")
    assert (event.thread_id, event.account, event.occurred_at_ms) == ("100|7", "100", NOON_MS)


def test_one_changed_byte_publishes_nothing() -> None:
    delivery = messenger(said())

    for place in range(0, len(delivery.body), 17):
        changed = bytearray(delivery.body)
        changed[place] ^= 1
        reading = read(replace(delivery, body=bytes(changed)))
        assert (reading.reply.status, reading.events, reading.problems) == (403, (), ())


def test_sha1_header_is_no_substitute() -> None:
    headers = {name: value for name, value in messenger(said()).headers.items() if "256" not in name}

    assert not read(
        replace(messenger(said()), headers={**headers, "x-hub-signature": "sha1=00"})
    ).verdict.signature_valid


def test_doubled_signature_is_a_wrong_one() -> None:
    delivery = messenger(said())
    twice = [("X-Hub-Signature-256", delivery.headers["x-hub-signature-256"])] * 2

    assert not read(Delivery.of("POST", delivery.url, twice, delivery.body, NOON_MS)).verdict.signature_valid


def test_older_secret_still_counts_while_secrets_rotate() -> None:
    assert read(meta(b'{"object":"page","entry":[]}', secret="old-secret")).verdict.signature_valid


def handshake(query: str) -> Delivery:
    return Delivery.of("GET", f"{PUBLIC_URL}/hooks/meta?{query}", [], b"", NOON_MS)


def test_handshake_gives_the_challenge_back() -> None:
    reading = read(handshake("hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=115"))

    assert (reading.reply.status, reading.reply.body, reading.events) == (200, "115", ())


@pytest.mark.parametrize(
    "query",
    [
        "",
        "hub.mode=subscribe&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=no&hub.challenge=1",
        "hub.verify_token=verify-me&hub.challenge=1",
    ],
)
def test_wrong_handshake_is_refused(query: str) -> None:
    assert read(handshake(query)).reply.status == 403
    assert read(handshake(query), Known()).reply.status == 403


def test_echo_is_our_answer_to_the_recipient() -> None:
    echo = said("Today.", sender={}, is_echo=True)
    echo["sender"], echo["recipient"] = {"id": "100"}, {"id": "7"}

    found = interpret(messenger(echo))

    assert found.reading.events[0].direction == "outbound"
    assert isinstance(found.facts[0].body, MessageSent)
    assert found.facts[0].body.kind == "human"


def test_answer_has_the_thread_of_its_question() -> None:
    echo = {**said("Today.", "m2", is_echo=True), "sender": {"id": "100"}, "recipient": {"id": "7"}}
    asked, answered = interpret(messenger(said(), echo)).facts

    assert isinstance(asked.body, ContactArrived)
    assert isinstance(answered.body, MessageSent)
    assert asked.body.thread_key == answered.body.thread_key != ""


@pytest.mark.parametrize("name", ["read", "delivery", "optin", "pass_thread_control"])
def test_receipts_and_the_like_are_counted_and_no_events(name: str) -> None:
    item = {"sender": {"id": "7"}, "recipient": {"id": "100"}, "timestamp": NOON_MS, name: {"watermark": 1}}

    assert read(messenger(item)).dropped == (name,)


def without_message(**part: Any) -> dict[str, Any]:
    return {"sender": {"id": "7"}, "recipient": {"id": "100"}, "timestamp": NOON_MS, **part}


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (said(is_deleted=True), "deletion"),
        (said("", attachments=[]), "unsupported"),
        (said("", attachments=[{"type": "image"}]), "message"),
        (without_message(message_edit={"mid": "m1", "text": "new", "num_edit": 1}), "edit"),
        (without_message(reaction={"mid": "m1", "action": "react", "emoji": "😮"}), "reaction"),
        (without_message(postback={"mid": "m1", "title": "Talk to us", "payload": "X"}), "message"),
    ],
)
def test_items_have_their_kinds(item: dict[str, Any], kind: str) -> None:
    assert read(messenger(item)).events[0].kind == kind


def test_edit_and_deletion_of_one_message_are_facts_of_their_own() -> None:
    edit = without_message(message_edit={"mid": "m1", "text": "new", "num_edit": 1})
    facts = interpret(messenger(said(), edit, said(is_deleted=True))).facts

    assert len({fact.fact_id for fact in facts}) == 3
    assert [type(fact.body) for fact in facts] == [ContactArrived, NonContactSeen, NonContactSeen]


def test_bad_item_does_not_lose_its_neighbours() -> None:
    found = interpret(messenger(said(mid="m1"), {"hologram": 1}, "text", said(mid=""), said(mid="m2")))

    assert found.reading.reply.status == 200
    assert [event.provider_event_id for event in found.reading.events] == ["m1", "m2"]
    assert [problem.reason for problem in found.problems] == ["unknown_event", "unknown_event", "unreadable"]


def test_person_has_another_key_on_another_page() -> None:
    here, there = (interpret(messenger(said(), page=page)).facts[0].body for page in ("100", "200"))

    assert isinstance(here, ContactArrived)
    assert isinstance(there, ContactArrived)
    assert here.customer is not None
    assert there.customer is not None
    assert here.customer.value == there.customer.value
    assert here.customer.key != there.customer.key


def test_instagram_has_the_same_envelope() -> None:
    event = read(messenger(said("Oi"), kind="instagram")).events[0]

    assert (event.medium, event.customer and event.customer.type) == ("instagram", "igsid")


def change(field: str, **value: Any) -> Delivery:
    """An item of `messaging` that comes as a change."""
    sides = {"sender": {"id": "7"}, "recipient": {"id": "100"}, "timestamp": str(NOON_MS // 1000)}
    changes = [{"field": field, "value": {**sides, **value}}]
    return meta({"object": "instagram", "entry": [{"id": "100", "time": 1, "changes": changes}]})


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("messages", {"message": {"mid": "m1", "text": "Oi"}}, "message"),
        ("messaging_postbacks", {"postback": {"mid": "m1", "title": "Oi", "payload": "p"}}, "message"),
        ("message_reactions", {"reaction": {"mid": "m1", "action": "react"}}, "reaction"),
        ("message_edit", {"message_edit": {"mid": "m1", "text": "Oi", "num_edit": 1}}, "edit"),
    ],
)
def test_message_that_comes_as_a_change_is_read_as_any_other(
    field: str, value: dict[str, Any], kind: str
) -> None:
    event = read(change(field, **value)).events[0]

    assert (event.kind, event.thread_id, event.provider_event_id) == (kind, "100|7", "m1")


@pytest.mark.parametrize(
    ("field", "value", "dropped"),
    [
        ("messaging_seen", {"read": {"mid": "m1"}}, "read"),
        ("messaging_handover", {"pass_thread_control": {}}, "pass_thread_control"),
        ("standby", {"message": {"mid": "m1", "text": "Oi"}}, "standby"),
    ],
)
def test_what_is_no_message_is_none_as_a_change_either(
    field: str, value: dict[str, Any], dropped: str
) -> None:
    reading = read(change(field, **value))

    assert (reading.events, reading.problems, reading.dropped) == ((), (), (dropped,))


def comment(**value: Any) -> Delivery:
    full = {
        "item": "comment",
        "verb": "add",
        "comment_id": "100_9_1",
        "post_id": "100_9",
        "parent_id": "100_9",
        "from": {"id": "55", "name": "Marta"},
        "created_time": NOON_MS // 1000,
        "message": "Terrible support, still no answer.",
        **value,
    }
    return meta(
        {"object": "page", "entry": [{"id": "100", "time": 1, "changes": [{"field": "feed", "value": full}]}]}
    )


def test_comment_is_a_public_complaint_in_seconds() -> None:
    found = interpret(comment())
    event, mention = found.reading.events[0], found.facts[0].body

    assert (event.kind, event.medium, event.thread_id, event.occurred_at_ms) == (
        "mention",
        "facebook_comment",
        "100_9",
        NOON_MS,
    )
    assert isinstance(mention, MentionSeen)
    assert mention.contact is not None
    assert mention.contact.public
    assert mention.contact.complaint
    assert not mention.positive


@pytest.mark.parametrize(
    ("value", "kind", "direction"),
    [
        ({"verb": "edited"}, "edit", "inbound"),
        ({"verb": "remove"}, "deletion", "inbound"),
        ({"item": "reaction", "reaction_type": "angry"}, "reaction", "inbound"),
        ({"from": {"id": "100"}}, "mention", "outbound"),
    ],
)
def test_comments_change_and_may_be_our_own(value: dict[str, Any], kind: str, direction: str) -> None:
    event = read(comment(**value)).events[0]

    assert (event.kind, event.direction) == (kind, direction)
    assert (event.customer is None) == (direction == "outbound")


def test_like_of_the_page_itself_is_only_counted() -> None:
    like = {"item": "like", "verb": "add", "post_id": None, "comment_id": None}
    reading = read(comment(**like))

    assert (reading.events, reading.problems, reading.dropped) == ((), (), ("feed",))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "unreadable"),
        (b"[" * 100_000, "unreadable"),
        (b'"text"', "unreadable"),
        (b"\xff\xfe", "unreadable"),
        (b'{"object":"page"}', "unreadable"),
        (b'{"object":"moon","entry":[{}]}', "unknown_event"),
        (b'{"object":"page","entry":[{"id":"1"}]}', "unknown_event"),
    ],
)
def test_what_cannot_be_read_is_a_dead_letter_and_a_2xx(body: bytes, reason: str) -> None:
    reading = read(meta(body))

    assert reading.reply.status == 200
    assert [problem.reason for problem in reading.problems] == [reason]


def test_lone_surrogate_of_a_cut_emoji_does_not_lose_the_message() -> None:
    raw = b'{"object":"page","entry":[{"id":"100","messaging":[{"sender":{"id":"7"},"recipient":{"id":"100"},"timestamp":1775217600000,"message":{"mid":"m","text":"hi \\ud83d"}}]}]}'
    contact = interpret(meta(raw)).facts[0].body

    assert isinstance(contact, ContactArrived)
    assert contact.text.startswith("hi ")
    contact.text.encode()


@pytest.mark.parametrize(
    "item",
    [
        said(is_deleted=True),
        without_message(message_edit={"mid": "m1", "text": "new", "num_edit": 1}),
        without_message(reaction={"mid": "m1", "action": "unreact"}),
    ],
)
@pytest.mark.parametrize("kind", ["page", "instagram"])
def test_what_changes_a_message_says_which(item: dict[str, Any], kind: str) -> None:
    fact = interpret(messenger(item, kind=kind)).facts[0].body

    assert isinstance(fact, NonContactSeen)
    assert fact.about_id == "m1"


@pytest.mark.parametrize("value", [{"verb": "edited"}, {"verb": "remove"}, {"item": "reaction"}])
def test_what_changes_a_comment_says_which(value: dict[str, Any]) -> None:
    assert read(comment(**value)).events[0].about_id == "100_9_1"


def test_story_that_mentions_us_and_answer_to_ours_are_messages() -> None:
    mention = said("", attachments=[{"type": "story_mention", "payload": {"url": "https://x.example"}}])
    answer = said("Nice", "m2", reply_to={"story": {"id": "s1", "url": "https://x.example"}})
    first, second = read(messenger(mention, answer, kind="instagram")).events

    assert (first.kind, first.attachments, first.public) == ("message", 1, False)
    assert second.in_reply_to == "s1"


def test_instagram_comment_in_a_live_broadcast_is_a_public_mention() -> None:
    value = {
        "id": "c1",
        "text": "Hello?",
        "from": {"id": "55", "username": "marta"},
        "media": {"id": "live1"},
    }
    entry = {"id": "178", "time": 1, "changes": [{"field": "live_comments", "value": value}]}
    event = read(meta({"object": "instagram", "entry": [entry]})).events[0]

    assert (event.kind, event.public, event.thread_id) == ("mention", True, "live1")
    assert event.customer and (event.customer.name, event.customer.handle) == ("marta", "marta")


@pytest.mark.parametrize(
    ("person", "direction"),
    [
        ({"id": "178"}, "outbound"),
        ({"id": "178", "self_ig_scoped_id": "9"}, "outbound"),
        ({"id": "9", "self_ig_scoped_id": "9"}, "inbound"),
    ],
)
def test_our_own_instagram_comment_has_our_id(person: dict[str, Any], direction: str) -> None:
    """Meta's "Self Messaging": of our comment both ids are told. The comment of its portal's test has one twice."""
    value = {"id": "c1", "text": "On its way", "from": person, "media": {"id": "m1"}}
    entry = {"id": "178", "time": 1, "changes": [{"field": "comments", "value": value}]}
    event = read(meta({"object": "instagram", "entry": [entry]})).events[0]

    assert (event.direction, event.customer is None) == (direction, direction == "outbound")


def rated(**value: Any) -> Delivery:
    full = {
        "item": "rating",
        "verb": "add",
        "open_graph_story_id": "r1",
        "reviewer_id": "55",
        "reviewer_name": "Marta",
        "review_text": "Never again.",
        "recommendation_type": "NEGATIVE",
        "created_time": NOON_MS // 1000,
        **value,
    }
    return meta(
        {"object": "page", "entry": [{"id": "100", "changes": [{"field": "ratings", "value": full}]}]}
    )


def test_recommendation_of_the_page_is_a_review_with_stars_only_where_given() -> None:
    event, starred = read(rated()).events[0], read(rated(rating=2)).events[0]

    assert (event.kind, event.medium, event.rating, event.text) == (
        "review",
        "facebook_review",
        None,
        "Never again.",
    )
    assert starred.rating is not None
    assert (starred.rating.value, starred.rating.scale) == (2, 5)
    assert isinstance(interpret(rated()).facts[0].body, MentionSeen)


def test_comment_below_a_recommendation_has_its_thread() -> None:
    said = {"item": "comment", "comment_id": "r1_2", "message": "Still waiting.", "sender_id": "55"}

    assert read(rated(**said)).events[0].thread_id == read(rated()).events[0].thread_id
