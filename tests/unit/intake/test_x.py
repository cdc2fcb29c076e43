"""X: challenge, signature, the older envelope and the newer one (channels.md 2.3)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from services.contract.facts import ContactArrived, MentionSeen, MessageSent, NonContactSeen
from services.intake.accounts import Accounts
from services.intake.canonical import CanonicalEvent, Delivery, Known, Reading
from services.intake.channels import x
from services.intake.interpret import Interpreted
from tests.unit.intake.world import NOON_MS, PUBLIC_URL, interpreter

SECRET, US, ANA = "x-secret", "4337869213", "3001969357"
KNOWN = Known(values={x.CONSUMER_SECRETS.name: (SECRET,)})
USERS = {ANA: {"id": ANA, "name": "Ana", "screen_name": "ana_k"}, US: {"id": US, "name": "Acme"}}


def posted(body: Any) -> Delivery:
    raw = json.dumps(body).encode()
    headers = [("x-twitter-webhooks-signature", x.sign(SECRET.encode(), raw))]
    return Delivery.of("POST", PUBLIC_URL + "/hooks/x", headers, raw, NOON_MS)


def read(body: Any) -> Reading:
    return x.WEBHOOK.read(posted(body), KNOWN)


def event(body: Any) -> CanonicalEvent:
    return read(body).events[0]


def interpret(body: Any) -> Interpreted:
    return interpreter(Accounts(default_desk="acme"), KNOWN).webhook(x.WEBHOOK, posted(body))


def older(**lists: Any) -> dict[str, Any]:
    return {"for_user_id": US, "users": USERS, **lists}


def newer(event_type: str, payload: Any, **data: Any) -> dict[str, Any]:
    return {"data": {"filter": {"user_id": US}, "event_type": event_type, "payload": payload, **data}}


def direct(sender: str = ANA, recipient: str = US, message_id: str = "9", **data: Any) -> dict[str, Any]:
    return {
        "type": "message_create",
        "id": message_id,
        "created_timestamp": str(NOON_MS + 557),
        "message_create": {
            "target": {"recipient_id": recipient},
            "sender_id": sender,
            "message_data": {"text": "Where is it?", **data},
        },
    }


def tweet(author: str = ANA, post_id: int = 2080765813578191303, **changed: Any) -> dict[str, Any]:
    return {
        "id": float(post_id),
        "id_str": str(post_id),
        "created_at": "Fri Apr 03 12:00:00 +0000 2026",
        "text": "@Acme hi",
        "user": {"id_str": author, "name": "Ana", "screen_name": "ana_k"},
        "lang": "en",
        **changed,
    }


def challenge(token: str) -> Delivery:
    return Delivery.of("GET", f"{PUBLIC_URL}/hooks/x?crc_token={quote(token)}", [], b"", NOON_MS)


def test_challenge_is_answered_as_json_with_the_first_key() -> None:
    reading = x.WEBHOOK.read(challenge("9b45-a0"), KNOWN)

    assert (reading.reply.status, reading.reply.content_type, reading.events) == (200, "application/json", ())
    assert json.loads(reading.reply.body) == {"response_token": x.sign(SECRET.encode(), b"9b45-a0")}


@pytest.mark.parametrize("token", ["", '{"for_user_id":"1"}', "a\r\nSet-Cookie: b", "a" * 257, "{}", '"'])
def test_challenge_signs_nothing_that_could_be_a_body(token: str) -> None:
    assert x.WEBHOOK.read(challenge(token), KNOWN).reply.status == 403


def test_challenge_without_a_key_is_refused() -> None:
    for known in (Known(), Known(values={x.CONSUMER_SECRETS.name: ("",)})):
        assert x.WEBHOOK.read(challenge("1"), known).reply.status == 403


def test_direct_message_is_unescaped_once_and_has_names_from_the_map() -> None:
    found = event(older(direct_message_events=[direct(text="a &amp;lt; b &amp; c &copy")]))

    assert found.text == "a &lt; b & c &copy"
    assert found.customer is not None
    assert (found.customer.type, found.customer.value) == ("x_user", ANA)
    assert (found.customer.name, found.customer.handle) == ("Ana", "ana_k")
    assert (found.medium, found.kind, found.public) == ("x_dm", "message", False)
    assert found.occurred_at_ms == NOON_MS + 557


def test_hostile_character_reference_does_not_raise() -> None:
    words = "&#" + "9" * 5_000 + ";"

    assert event(older(direct_message_events=[direct(text=words)])).text == words


def test_own_message_is_our_answer_in_the_same_thread() -> None:
    asked, answered = interpret(
        older(direct_message_events=[direct(), direct(US, ANA, "10", text="Tomorrow.")])
    ).facts

    assert isinstance(asked.body, ContactArrived)
    assert isinstance(answered.body, MessageSent)
    assert asked.body.thread_key == answered.body.thread_key != ""


def test_media_without_words_is_a_message_and_nothing_at_all_unsupported() -> None:
    kinds = [
        event(older(direct_message_events=[direct(**data)])).kind
        for data in ({"text": "", "attachment": {"type": "media"}}, {"text": ""})
    ]

    assert kinds == ["message", "unsupported"]


def test_post_about_us_is_a_public_mention_with_its_exact_id() -> None:
    found = interpret(older(tweet_create_events=[tweet()]))
    mention = found.reading.events[0]

    assert (mention.kind, mention.medium, mention.public) == ("mention", "x_post", True)
    assert mention.provider_event_id == mention.thread_id == "2080765813578191303"
    assert mention.occurred_at_ms == NOON_MS
    assert isinstance(found.facts[0].body, MentionSeen)


def test_long_post_is_read_whole() -> None:
    cut: dict[str, Any] = {"text": "cut…", "truncated": True}
    assert event(
        older(tweet_create_events=[tweet(**cut, extended_tweet={"full_text": "all &gt;"})])
    ).text == ("all >")
    assert event(newer("post.create", {"id": "1", **cut, "note_tweet": {"text": "all"}})).text == "all"


def test_reply_joins_the_thread_of_what_it_answers() -> None:
    asked = event(older(tweet_create_events=[tweet()]))
    answer = tweet(US, 5, in_reply_to_status_id_str=asked.provider_event_id, in_reply_to_user_id_str=ANA)
    found = event(older(tweet_create_events=[answer]))

    assert (found.direction, found.thread_id, found.in_reply_to) == (
        "outbound",
        asked.thread_id,
        asked.provider_event_id,
    )
    assert found.customer is not None
    assert found.customer.value == ANA


@pytest.mark.parametrize(
    ("change", "kind", "about"),
    [
        ({"retweeted_status": {"id_str": "77"}}, "reaction", "77"),
        ({"quoted_status_id_str": "77", "is_quote_status": True}, "mention", ""),
        ({"in_reply_to_status_id_str": "77"}, "mention", ""),
    ],
)
def test_repost_is_a_reaction_quote_and_reply_are_mentions(
    change: dict[str, Any], kind: str, about: str
) -> None:
    found = event(older(tweet_create_events=[tweet(**change)]))

    assert (found.kind, found.about_id) == (kind, about)
    assert kind == "reaction" or found.in_reply_to == "77"


def test_like_and_deletion_are_no_contacts_and_say_what_they_are_about() -> None:
    like = {
        "id": "a1",
        "timestamp_ms": str(NOON_MS),
        "favorited_status": tweet(US, 77),
        "user": {"id_str": ANA},
    }
    deleted = {"status": {"id": "78", "user_id": ANA}, "timestamp_ms": str(NOON_MS)}
    found = interpret(older(favorite_events=[like], tweet_delete_events=[deleted]))

    assert [(one.kind, one.about_id) for one in found.reading.events] == [
        ("deletion", "78"),
        ("reaction", "77"),
    ]
    assert all(isinstance(fact.body, NonContactSeen) for fact in found.facts)


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("follow_events", "follow"),
        ("block_events", "block"),
        ("mute_events", "mute"),
        ("direct_message_mark_read_events", "read"),
        ("direct_message_indicate_typing_events", "typing"),
    ],
)
def test_receipts_and_the_like_are_counted(name: str, dropped: str) -> None:
    reading = read(older(**{name: [{"x": 1}, {"x": 2}]}))

    assert (reading.dropped, reading.events, reading.problems) == ((dropped, dropped), (), ())


def test_revoked_access_is_no_event() -> None:
    assert read({"user_event": {"revoke": {"source": {"user_id": ANA}}}}).dropped == ("revoke",)
    assert read(newer("oauth.revoke", {"user_id": ANA}, filter={})).dropped == ("revoke",)


def test_end_of_a_replay_is_no_event() -> None:
    assert read(older(replay_event={"job_id": "7"})).dropped == ("replayed",)


def test_bad_item_does_not_lose_its_neighbours() -> None:
    found = read(
        older(
            direct_message_events=[
                direct(),
                {"type": "hologram"},
                direct(message_id=""),
                "x",
                direct(message_id="10"),
            ]
        )
    )

    assert [one.provider_event_id for one in found.events] == ["9", "10"]
    assert [one.reason for one in found.problems] == ["unknown_event", "unreadable", "unknown_event"]


def test_one_post_by_both_envelopes_and_all_subscriptions_is_one_fact() -> None:
    payload = {
        "id": "2080765813578191303",
        "author_id": ANA,
        "text": "@Acme hi",
        "created_at": "2026-04-03T12:00:00.000Z",
    }
    bodies = [
        older(tweet_create_events=[tweet()]),
        newer("post.mention.create", payload, event_uuid="-27811499"),
        newer("post.reply.create", payload, event_uuid="5"),
    ]

    assert len({interpret(body).facts[0].fact_id for body in bodies}) == 1
    assert {event(body).occurred_at_ms for body in bodies} == {NOON_MS}


@pytest.mark.parametrize("wrapped", [True, False])
def test_newer_envelope_names_people_plain_or_in_data(wrapped: bool) -> None:
    user = {"id": ANA, "name": "Ana", "username": "ana_k"}
    users = {"users": [{"data": user} if wrapped else user]}
    payload = {"id": "5", "author_id": ANA, "text": "hi", "conversation_id": "4"}
    inside = event(newer("post.mention.create", payload, includes=users))
    beside = event({**newer("post.mention.create", payload), "includes": users})

    for found in (inside, beside):
        assert found.customer is not None
        assert (found.customer.name, found.customer.handle, found.thread_id) == ("Ana", "ana_k", "4")


def test_newer_direct_message_has_the_thread_of_the_older() -> None:
    payload = {
        "direct_message_events": [direct()],
        "users": {ANA: {"data": {"id": ANA, "username": "ana_k"}}},
    }
    old, new = event(older(direct_message_events=[direct()])), event(newer("dm.received", payload))

    assert (new.thread_id, new.provider_event_id) == (old.thread_id, old.provider_event_id)
    assert new.customer is not None
    assert new.customer.handle == "ana_k"


def test_encrypted_message_is_kept_and_marked() -> None:
    payload = {
        "id": "e4",
        "created_at_msec": str(NOON_MS),
        "sender_id": ANA,
        "conversation_id": f"{ANA}:{US}",
    }
    found = event(newer("chat.received", payload))

    assert (found.kind, found.text, found.occurred_at_ms) == ("unsupported", "", NOON_MS)
    assert found.thread_id == event(older(direct_message_events=[direct()])).thread_id


def test_own_post_by_the_newer_envelope_is_ours() -> None:
    assert event(newer("post.create", {"id": "5", "author_id": US, "text": "hi"})).direction == "outbound"


@pytest.mark.parametrize(("direction", "wanted"), [("inbound", "inbound"), ("outbound", "outbound")])
def test_like_has_the_direction_its_filter_tells(direction: str, wanted: str) -> None:
    payload = {"id": "l", "liked_tweet_id": "77", "liked_tweet_author_id": US}
    found = event(newer("like.create", payload, filter={"user_id": US, "direction": direction}))

    assert (found.kind, found.direction, found.about_id) == ("reaction", wanted, "77")


@pytest.mark.parametrize(
    "name",
    ["dm.read", "dm.indicate_typing", "follow.follow", "block.unblock", "mute.mute", "news.new", "spaces.end",
     "profile.update.bio", "chat.conversation_join", "broadcast.start"],
)  # fmt: skip
def test_news_of_the_account_are_counted(name: str) -> None:
    reading = read(newer(name, {}))

    assert (len(reading.dropped), reading.events, reading.problems) == (1, (), ())


@pytest.mark.parametrize("body", [{}, {"hologram_events": [1]}, {"data": 1}, newer("hologram.create", {})])
def test_unknown_is_a_dead_letter_and_a_2xx(body: Any) -> None:
    reading = read(body)

    assert (reading.reply.status, [one.reason for one in reading.problems]) == (200, ["unknown_event"])
