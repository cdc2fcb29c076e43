"""Telegram: secret, messages and edits, who counts as a customer, and what is only news (channels.md 2.3)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from services.contract.facts import ContactArrived, IdentityLinked, MessageSent, NonContactSeen
from services.intake.accounts import Accounts
from services.intake.canonical import CanonicalEvent, Delivery, Known, Reading
from services.intake.channels import telegram
from services.intake.interpret import Interpreted
from tests.unit.intake.world import NOON_MS, PUBLIC_URL, interpreter

SECRET = "new_secret"
NOON_S = NOON_MS // 1000
KNOWN = Known(values={telegram.SECRETS.name: ("old", f"777:{SECRET}")})
GROUP = -1_001_234_567_890_123


def posted(update: Any, secret: str = SECRET) -> Delivery:
    headers = [("X-Telegram-Bot-Api-Secret-Token", secret)]
    return Delivery.of("POST", PUBLIC_URL + "/hooks/telegram", headers, json.dumps(update).encode(), NOON_MS)


def read(name: str = "message", /, update_id: int = 700001, **part: Any) -> Reading:
    return telegram.WEBHOOK.read(posted({"update_id": update_id, name: part}), KNOWN)


def event(name: str = "message", /, **part: Any) -> CanonicalEvent:
    return read(name, **part).events[0]


def interpret(update: Any) -> Interpreted:
    return interpreter(Accounts(default_desk="acme"), KNOWN).webhook(telegram.WEBHOOK, posted(update))


def said(words: str | None = "Gde je?", /, **changed: Any) -> dict[str, Any]:
    return {
        "message_id": 11,
        "from": {"id": 501, "is_bot": False, "first_name": "Miloš", "last_name": "P", "language_code": "en"},
        "chat": {"id": 501, "type": "private", "first_name": "Miloš"},
        "date": NOON_S,
        **({} if words is None else {"text": words}),
        **changed,
    }


def in_group(words: str | None = "Hi", /, **changed: Any) -> dict[str, Any]:
    return said(words, chat={"id": GROUP, "type": "supergroup", "title": "Acme users"}, **changed)


def test_message_of_a_person() -> None:
    found = event(**said())

    assert (found.kind, found.direction, found.public, found.occurred_at_ms) == (
        "message",
        "inbound",
        False,
        NOON_MS,
    )
    assert (found.account, found.provider_event_id, found.thread_id) == ("777", "700001", "501")
    assert found.customer is not None
    assert (found.customer.type, found.customer.value, found.customer.name) == (
        "telegram_user",
        "501",
        "Miloš P",
    )


def test_language_of_the_app_is_a_hint_that_the_words_overrule() -> None:
    words = "Dobar dan, paket koji sam naručila još uvek nije stigao, molim vas za pomoć."
    contact = interpret({"update_id": 1, "message": said(words)}).facts[0].body

    assert isinstance(contact, ContactArrived)
    assert contact.language is not None
    assert contact.language.code != "en"


@pytest.mark.parametrize("secret", ["", "nope", "777:new_secret", "new_secre", "new_secret "])
def test_wrong_secret_is_answered_401_and_publishes_nothing(secret: str) -> None:
    reading = telegram.WEBHOOK.read(posted({"update_id": 1, "message": said()}, secret), KNOWN)

    assert (reading.reply.status, reading.events, reading.problems) == (401, (), ())


def test_no_secret_verifies_nothing() -> None:
    for known in (Known(), Known(values={telegram.SECRETS.name: ("", "777:")})):
        for secret in ("", "x"):
            assert telegram.WEBHOOK.read(posted({}, secret), known).reply.status == 401


def test_older_secret_still_counts_while_secrets_rotate() -> None:
    reading = telegram.WEBHOOK.read(posted({"update_id": 1, "message": said()}, "old"), KNOWN)

    assert reading.events[0].account == "telegram"


@pytest.mark.parametrize(
    ("given", "sound"),
    [(("abc_-1",), True), (("123:abc",), True), (("a b",), False), (("x:y",), False), (("a" * 257,), False)],
)
def test_setting_has_the_form_telegram_allows(given: tuple[str, ...], sound: bool) -> None:
    assert telegram.SECRETS.fault is not None
    assert (telegram.SECRETS.fault(given) == "") == sound


def test_update_id_that_starts_anew_does_not_hide_a_message() -> None:
    first, again, other = (
        interpret({"update_id": update_id, "message": said(message_id=message_id)}).facts[0].fact_id
        for update_id, message_id in ((1, 11), (9, 11), (1, 12))
    )

    assert first == again != other


def test_edit_says_what_it_edits() -> None:
    new = interpret({"update_id": 1, "message": said()}).reading.events[0]
    edited = interpret({"update_id": 2, "edited_message": said("Gde?", edit_date=NOON_S + 5)})
    found = edited.reading.events[0]

    assert (found.kind, found.about_id, found.occurred_at_ms) == ("edit", new.contact_ref, NOON_MS + 5_000)
    assert isinstance(edited.facts[0].body, NonContactSeen)


@pytest.mark.parametrize(
    ("part", "words", "attachments"),
    [
        ({"photo": [{"file_id": "a"}, {"file_id": "b"}], "caption": "broken"}, "broken", 1),
        ({"document": {"file_id": "a"}}, "", 1),
        ({"animation": {"file_id": "a"}, "document": {"file_id": "a"}}, "", 1),
        ({"sticker": {"emoji": "x"}}, "", 1),
        ({"voice": {"duration": 3}}, "", 1),
        ({"location": {"latitude": 1, "longitude": 2}}, "", 0),
        ({"venue": {"title": "Shop", "address": "Main 1"}}, "Shop, Main 1", 0),
        ({"contact": {"first_name": "Jo", "phone_number": "1"}}, "Jo", 0),
        ({"poll": {"question": "Which?"}}, "Which?", 0),
        ({"web_app_data": {"data": "{}", "button_text": "Order"}}, "{}", 0),
    ],
)
def test_what_has_no_text_is_still_a_message(part: dict[str, Any], words: str, attachments: int) -> None:
    found = event(**said(None, **part))

    assert (found.kind, found.text, found.attachments) == ("message", words, attachments)


def test_rich_message_says_its_words_a_line_a_block() -> None:
    link = {"type": "url", "url": "https://x.example", "text": ["order ", {"type": "bold", "text": "4711"}]}
    item = {"blocks": [{"type": "paragraph", "text": "It is late."}]}
    blocks = [
        {"type": "paragraph", "text": ["Where is ", link, "?"]},
        {"type": "divider"},
        {"type": "list", "items": [item]},
    ]
    found = event(**said(None, rich_message={"blocks": blocks}))

    assert (found.kind, found.text) == ("message", "Where is order 4711?\nIt is late.")


def test_rich_message_is_read_up_to_a_bound() -> None:
    blocks = [{"type": "paragraph", "text": ["a"] * 50}] * 100
    found = event(**said(None, rich_message={"blocks": blocks}))

    assert 1_000 < found.text.count("a") < 2_000


def test_question_to_the_bot_from_a_chat_that_it_is_not_in_is_a_contact() -> None:
    found = interpret({"update_id": 1, "guest_message": in_group(guest_query_id="7")})

    assert isinstance(found.facts[0].body, ContactArrived)


def test_content_of_an_unknown_type_is_kept_and_marked() -> None:
    assert event(**said(None, hologram={"x": 1})).kind == "unsupported"


@pytest.mark.parametrize(
    "part",
    [
        {"new_chat_members": [{"id": 1}]},
        {"left_chat_member": {"id": 1}},
        {"pinned_message": {"message_id": 1}},
        {"forum_topic_created": {"name": "x"}},
        {"video_chat_started": {}},
        {"migrate_to_chat_id": GROUP},
        {"successful_payment": {"currency": "EUR"}},
        {"community_chat_added": {"community": {}}},
    ],
)
def test_news_of_a_chat_is_no_message(part: dict[str, Any]) -> None:
    assert read(**in_group(None, **part)).dropped == ("service",)


def test_topic_of_a_group_is_a_thread_of_its_own() -> None:
    topic = {"message_thread_id": 5, "is_topic_message": True}
    opened = {"message_id": 5, "forum_topic_created": {"name": "x"}}
    found = event(**in_group(**topic, reply_to_message=opened))

    assert (found.thread_id, found.in_reply_to) == (f"{GROUP}:5", "")
    assert event(**in_group()).thread_id == str(GROUP)


def test_reply_names_the_message_it_answers() -> None:
    assert event(**said(reply_to_message={"message_id": 10, "chat": {"id": 501}})).in_reply_to == "501:10"


def test_group_with_a_name_of_its_own_is_public() -> None:
    open_group = {"id": GROUP, "type": "supergroup", "username": "acme_users"}

    assert event(**said(chat=open_group)).public
    assert not event(**in_group()).public


def test_bots_are_not_answered_but_a_person_using_one_is() -> None:
    bot = {"id": 9, "is_bot": True, "first_name": "Bot"}

    assert read(**in_group(**{"from": bot})).dropped == ("bot_message",)
    assert event(**said(via_bot=bot)).kind == "message"


def test_channels_own_posts_are_ours() -> None:
    channel = {"id": GROUP, "type": "channel", "title": "Acme", "username": "acme"}
    post = {"message_id": 4, "sender_chat": channel, "chat": channel, "date": NOON_S, "text": "News"}
    forwarded = in_group("News", **{"from": {"id": 777000}}, sender_chat=channel, is_automatic_forward=True)

    assert (event("channel_post", **post).direction, event("channel_post", **post).public) == (
        "outbound",
        True,
    )
    assert event(**forwarded).direction == "outbound"


def test_administrator_speaking_as_the_group_is_ours_and_another_channel_is_somebody() -> None:
    anonymous = {"from": {"id": 1087968824, "is_bot": True}, "sender_chat": {"id": GROUP}}
    elsewhere = {"from": {"id": 136817688, "is_bot": True}, "sender_chat": {"id": -5, "title": "A blog"}}
    found = event(**in_group(**elsewhere))

    assert event(**in_group(**anonymous)).direction == "outbound"
    assert found.direction == "inbound"
    assert found.customer is not None
    assert (found.customer.type, found.customer.value) == ("telegram_chat", "-5")


def test_business_chat_is_another_than_the_bots_and_knows_our_answers() -> None:
    asked, answered, direct = (
        interpret({"update_id": 1, name: message}).facts[0]
        for name, message in (
            ("business_message", said(business_connection_id="bc")),
            (
                "business_message",
                said("Today.", message_id=12, business_connection_id="bc", **{"from": {"id": 900}}),
            ),
            ("message", said()),
        )
    )

    assert isinstance(asked.body, ContactArrived)
    assert isinstance(answered.body, MessageSent)
    assert isinstance(direct.body, ContactArrived)
    assert asked.body.thread_key == answered.body.thread_key != direct.body.thread_key
    assert asked.fact_id != direct.fact_id


def test_what_a_bot_writes_for_a_business_is_an_acknowledgement() -> None:
    bot = {"id": 5, "is_bot": True, "first_name": "Bot"}
    message = said(
        "We are closed.", business_connection_id="bc", sender_business_bot=bot, **{"from": {"id": 900}}
    )
    body = interpret({"update_id": 1, "business_message": message}).facts[0].body

    assert isinstance(body, MessageSent)
    assert body.kind == "ack"


def test_deleted_business_messages_are_an_event_each() -> None:
    reading = read(
        "deleted_business_messages",
        business_connection_id="bc",
        chat={"id": 501, "type": "private"},
        message_ids=[11, {}, 12],
    )

    assert [(one.kind, one.about_id) for one in reading.events] == [
        ("deletion", "bc:501:11"),
        ("deletion", "bc:501:12"),
    ]
    assert [one.reason for one in reading.problems] == ["unreadable"]


def test_pressed_button_says_its_label() -> None:
    keyboard = {"inline_keyboard": [[{"text": "Track my order", "callback_data": "track:1"}]]}
    message = {**said(), "reply_markup": keyboard}
    query = {"id": "q1", "from": said()["from"], "message": message, "data": "track:1"}
    found = event("callback_query", **query)

    assert (found.kind, found.text, found.thread_id, found.in_reply_to) == (
        "message",
        "Track my order",
        "501",
        "501:11",
    )
    assert event("callback_query", **{**query, "message": {}}).text == "track:1"


def test_reaction_says_what_it_is_about_and_may_be_taken_back() -> None:
    change = {"chat": {"id": 501, "type": "private"}, "message_id": 11, "user": {"id": 501}, "date": NOON_S}
    mark = [{"type": "emoji", "emoji": "👎"}]
    facts = [
        interpret({"update_id": 1, "message_reaction": {**change, "new_reaction": marks}}).facts[0]
        for marks in (mark, [])
    ]

    assert event("message_reaction", **change, new_reaction=mark).about_id == "501:11"
    assert all(isinstance(fact.body, NonContactSeen) for fact in facts)
    assert facts[0].fact_id != facts[1].fact_id


@pytest.mark.parametrize(
    "name",
    ["my_chat_member", "poll_answer", "inline_query", "chat_boost", "poll", "subscription", "managed_bot"],
)
def test_other_updates_are_counted(name: str) -> None:
    reading = read(name, x=1)

    assert (len(reading.dropped), reading.events, reading.problems) == (1, (), ())


def test_own_number_shared_by_its_owner_is_weak_evidence() -> None:
    contact = {"first_name": "Miloš", "phone_number": "381641112223", "user_id": 501}
    mine = interpret({"update_id": 1, "message": said(None, contact=contact)})
    others = interpret({"update_id": 1, "message": said(None, contact={**contact, "user_id": 502})})

    assert [type(fact.body) for fact in mine.facts] == [ContactArrived, IdentityLinked]
    assert [type(fact.body) for fact in others.facts] == [ContactArrived]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "unreadable"),
        (b"[1]", "unreadable"),
        (b'{"update_id":1}', "unknown_event"),
        (b'{"update_id":1,"hologram":{}}', "unknown_event"),
        (b'{"message":{}}', "unreadable"),
        (b'{"update_id":1,"message":{"message_id":1}}', "unreadable"),
    ],
)
def test_what_cannot_be_read_is_a_dead_letter_and_a_2xx(body: bytes, reason: str) -> None:
    reading = telegram.WEBHOOK.read(replace(posted({}), body=body), KNOWN)

    assert (reading.reply.status, [one.reason for one in reading.problems]) == (200, [reason])
