"""Slack: signature and its age, messages with their subtypes, reactions, forms (channels.md 2.3)."""

from __future__ import annotations

import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from services.contract.facts import ContactArrived, NonContactSeen
from services.intake.accounts import Accounts
from services.intake.canonical import CanonicalEvent, Delivery, Known, Reading
from services.intake.channels import slack
from services.intake.channels.slack_words import ts_ms
from services.intake.interpret import Interpreted
from tests.unit.intake.world import NOON_MS, PUBLIC_URL, interpreter

SECRET = "sign"
NOON_S = NOON_MS // 1000
KNOWN = Known(values={slack.SIGNING_SECRETS.name: ("older", SECRET)})
TS = f"{NOON_S}.000200"


def signed(body: bytes, kind: str = "application/json", at: str = str(NOON_S), **headers: str) -> Delivery:
    mac = hmac.new(SECRET.encode(), f"v0:{at}:".encode() + body, "sha256").hexdigest()
    sent = {
        "Content-Type": kind,
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": f"v0={mac}",
        **headers,
    }
    return Delivery.of("POST", PUBLIC_URL + "/hooks/slack", sent.items(), body, NOON_MS)


def callback(event: Any, event_id: str = "Ev1", **around: Any) -> bytes:
    body = {
        "type": "event_callback",
        "team_id": "T1",
        "event_id": event_id,
        "event_time": NOON_S,
        "event": event,
        **around,
    }
    return json.dumps(body).encode()


def read(body: bytes) -> Reading:
    return slack.WEBHOOK.read(signed(body), KNOWN)


def form(**fields: str) -> Reading:
    return slack.WEBHOOK.read(
        signed(urlencode(fields).encode(), "application/x-www-form-urlencoded; charset=utf-8"), KNOWN
    )


def event(what: Any, **around: Any) -> CanonicalEvent:
    return read(callback(what, **around)).events[0]


def interpret(body: bytes, **headers: str) -> Interpreted:
    return interpreter(Accounts(default_desk="acme"), KNOWN).webhook(slack.WEBHOOK, signed(body, **headers))


def said(words: str = "It is broken", **changed: Any) -> dict[str, Any]:
    return {"type": "message", "channel": "C1", "user": "U1", "text": words, "ts": TS, **changed}


def test_message_of_a_person() -> None:
    found = event(said("a &lt;b&gt; &amp;lt; <@U99>"))

    assert found.text == "a <b> &lt; <@U99>"
    assert found.customer is not None
    assert (found.customer.type, found.customer.value) == ("slack_user", "T1:U1")
    assert (found.thread_id, found.provider_event_id) == (f"C1:{TS}", "Ev1")
    assert (found.occurred_at_ms, found.public, found.account) == (NOON_MS, False, "T1")


@pytest.mark.parametrize(
    ("stamp", "millis"),
    [
        ("1775214200.000200", 1_775_214_200_000),
        ("1775214200.987654", 1_775_214_200_987),
        ("1775214200.9", 1_775_214_200_900),
        ("1775214200", 1_775_214_200_000),
        ("", 0),
        ("x.y", 0),
        ("-5.1", 0),
        ("9" * 30, 0),
        (None, 0),
    ],
)
def test_stamp_is_read_without_a_float(stamp: Any, millis: int) -> None:
    assert ts_ms(stamp) == millis


def test_messages_of_one_second_are_told_apart_by_microseconds() -> None:
    facts = [interpret(callback(said(ts=f"{NOON_S}.00020{last}"))).facts[0].fact_id for last in "12"]

    assert len(set(facts)) == 2


def test_mention_that_also_comes_as_a_message_is_one_fact() -> None:
    first = interpret(callback(said(), "Ev1")).facts[0]
    again = interpret(callback({**said(), "type": "app_mention"}, "Ev2")).facts[0]

    assert first.fact_id == again.fact_id


def test_retry_is_the_same_fact() -> None:
    headers = {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}

    assert interpret(callback(said())).facts[0].fact_id == (
        interpret(callback(said()), **headers).facts[0].fact_id
    )


@pytest.mark.parametrize("at", ["", "soon", str(NOON_S - 301), str(NOON_S + 301), "9" * 40, "١٢"])
def test_old_or_odd_times_are_refused(at: str) -> None:
    delivery = signed(callback(said()), at=at)
    reading = slack.WEBHOOK.read(delivery, KNOWN)

    assert (reading.reply.status, reading.events, reading.problems) == (403, (), ())


def test_handshake_gives_the_challenge_back_without_more() -> None:
    reading = read(json.dumps({"type": "url_verification", "challenge": "3e\r\nX: y" + "z" * 900}).encode())

    assert (reading.reply.status, reading.reply.content_type, reading.events) == (200, "text/plain", ())
    assert reading.reply.body.startswith("3e")
    assert len(reading.reply.body) == slack.CHALLENGE_CHARS_MAX
    assert read(callback(said(challenge="x"), challenge="x")).reply.body == ""


@pytest.mark.parametrize(
    ("part", "kind", "attachments"),
    [
        ({"subtype": "file_share", "text": "", "files": [{"id": "F1"}, {"id": "F2"}]}, "message", 2),
        ({"subtype": "me_message"}, "message", 0),
        ({"subtype": "thread_broadcast", "thread_ts": "1.2"}, "message", 0),
        ({"subtype": "hologram"}, "unsupported", 0),
        ({"text": ""}, "unsupported", 0),
    ],
)
def test_what_a_person_wrote_is_kept(part: dict[str, Any], kind: str, attachments: int) -> None:
    found = event(said(**part))

    assert (found.kind, found.attachments) == (kind, attachments)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"type": "section", "text": {"type": "mrkdwn", "text": "It is *broken*"}}, "It is *broken*"),
        (
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {"type": "text", "text": "Where is "},
                            {"type": "user", "user_id": "U1"},
                            {"type": "text", "text": "my invoice?", "style": {"bold": True}},
                        ],
                    }
                ],
            },
            "Where is my invoice?",
        ),
    ],
)
def test_message_that_only_has_blocks_says_their_words(block: dict[str, Any], words: str) -> None:
    found = event(said(text="", blocks=[block, {"type": "divider"}, None]))

    assert (found.kind, found.text) == ("message", words)


def test_blocks_in_blocks_end() -> None:
    deep: dict[str, Any] = {"type": "text", "text": "x"}
    for _ in range(400):
        deep = {"elements": [deep]}

    assert event(said(text="", blocks=[deep] * 3)).kind == "unsupported"


@pytest.mark.parametrize(
    ("part", "dropped"),
    [
        ({"subtype": "bot_message", "bot_id": "B1"}, "bot_message"),
        ({"bot_id": "B1"}, "bot_message"),
        ({"user": "USLACKBOT"}, "bot_message"),
        ({"user": "UBOT"}, "bot_message"),
        ({"subtype": "channel_join"}, "service"),
        ({"subtype": "channel_topic"}, "service"),
        ({"subtype": "group_leave"}, "service"),
        ({"subtype": "pinned_item"}, "service"),
        ({"subtype": "huddle_thread"}, "service"),
    ],
)
def test_bots_and_news_of_a_channel_are_no_messages(part: dict[str, Any], dropped: str) -> None:
    ours = [{"team_id": "T1", "user_id": "UBOT", "is_bot": True}]

    assert read(callback(said(**part), authorizations=ours)).dropped == (dropped,)


def test_answer_in_a_thread_names_the_thread_and_its_parent() -> None:
    found = event(said(thread_ts="1.2"))

    assert (found.thread_id, found.in_reply_to) == ("C1:1.2", "C1:1.2")
    assert event(said(thread_ts=TS)).in_reply_to == ""


def changed(words: str, before: str, **message: Any) -> dict[str, Any]:
    inner = {"user": "U1", "ts": TS, "text": words, **message}
    return {
        "type": "message",
        "subtype": "message_changed",
        "channel": "C1",
        "event_ts": f"{NOON_S + 9}.1",
        "message": inner,
        "previous_message": {"user": "U1", "ts": TS, "text": before},
    }


def test_edit_says_what_it_edits() -> None:
    new, edited = interpret(callback(said())), interpret(callback(changed("b", "a", edited={"ts": "5.1"})))
    found = edited.reading.events[0]

    assert (found.kind, found.text, found.about_id) == ("edit", "b", new.reading.events[0].contact_ref)
    assert found.occurred_at_ms == NOON_MS + 9_100
    assert isinstance(edited.facts[0].body, NonContactSeen)
    assert edited.facts[0].fact_id != new.facts[0].fact_id


def test_preview_of_a_link_is_no_edit() -> None:
    preview = [{"from_url": "https://x.example", "text": "x"}]

    assert read(callback(changed("a", "a", attachments=preview))).dropped == ("preview",)


def test_edit_by_a_bot_is_dropped() -> None:
    assert read(callback(changed("a", "b", bot_id="B1"))).dropped == ("bot_message",)


def test_deletion_says_what_is_gone_and_not_its_words() -> None:
    what = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": "C1",
        "deleted_ts": TS,
        "previous_message": {"user": "U1", "text": "secret", "ts": TS},
    }
    tombstone = changed("This message was deleted.", "secret", subtype="tombstone")

    for found in (event(what), event(tombstone)):
        assert (found.kind, found.about_id, found.text) == ("deletion", f"C1:{TS}", "")
        assert found.customer is not None
        assert found.customer.value == "T1:U1"


def test_reaction_says_what_it_is_about() -> None:
    part = {"user": "U1", "reaction": "thumbsdown", "item": {"type": "message", "channel": "C1", "ts": TS}}
    found = [event({"type": f"reaction_{what}", **part}) for what in ("added", "removed")]

    assert [(one.kind, one.about_id) for one in found] == [("reaction", f"C1:{TS}")] * 2
    assert [one.extras["action"] for one in found] == ["added", "removed"]


def test_person_of_another_company_in_a_shared_channel_is_the_customer_and_ours_answers() -> None:
    shared = {"is_ext_shared_channel": True, "authorizations": [{"team_id": "T1", "is_bot": True}]}
    theirs = event(said(user_team="T9", team="T9"), **shared)
    ours = event(said(user_team="T1", team="T1"), **shared)

    assert theirs.customer is not None
    assert (theirs.customer.value, theirs.account, theirs.direction) == ("T9:U1", "T1", "inbound")
    assert ours.direction == "outbound"
    assert event(said(user_team="T1", team="T1")).direction == "inbound"


def test_app_of_a_whole_organisation_has_the_enterprise_as_account() -> None:
    whole = [{"enterprise_id": "E1", "team_id": None, "is_enterprise_install": True}]

    assert event(said(), authorizations=whole).account == "E1"


@pytest.mark.parametrize(
    "name",
    ["app_home_opened", "member_joined_channel", "team_join", "file_shared", "tokens_revoked", "link_shared"],
)
def test_news_of_a_workspace_are_counted(name: str) -> None:
    assert read(callback({"type": name})).dropped == ("workspace_news",)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "unreadable"),
        (b"[]", "unreadable"),
        (b"{}", "unknown_event"),
        (b'{"type":"event_callback"}', "unreadable"),
        (callback({"type": "hologram"}), "unknown_event"),
        (callback(None), "unknown_event"),
        (callback(said(ts=None)), "unreadable"),
        (b'{"type":"app_rate_limited","team_id":"T1"}', "provider_error"),
    ],
)
def test_what_cannot_be_read_is_a_dead_letter_and_a_2xx(body: bytes, reason: str) -> None:
    reading = read(body)

    assert (reading.reply.status, [one.reason for one in reading.problems]) == (200, [reason])


def interaction(name: str, **part: Any) -> Reading:
    return form(
        payload=json.dumps({"type": name, "team": {"id": "T1"}, "user": {"id": "U1", "name": "Ana"}, **part})
    )


def test_pressed_button_says_its_label_in_the_thread_of_its_message() -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Yes &amp; now"}, "action_ts": "5.1"}
    reading = interaction("block_actions", container={"message_ts": TS, "channel_id": "C1"}, actions=[button])
    found = reading.events[0]

    assert (found.text, found.thread_id, reading.reply.body) == ("Yes & now", f"C1:{TS}", "")
    assert found.customer is not None
    assert (found.customer.value, found.customer.name) == ("T1:U1", "Ana")


def test_filled_in_dialogue_says_a_line_a_field() -> None:
    values = {
        "b1": {"a": {"type": "plain_text_input", "value": "Broken screen"}},
        "b2": {"a": {"type": "static_select", "selected_option": {"text": {"text": "Urgent"}, "value": "u"}}},
    }
    reading = interaction("view_submission", view={"id": "V1", "hash": "h", "state": {"values": values}})

    assert reading.events[0].text == "Broken screen\nUrgent"
    assert (
        reading.events
        == interaction("view_submission", view={"id": "V1", "hash": "h", "state": {"values": values}}).events
    )


@pytest.mark.parametrize("name", ["shortcut", "message_action", "view_closed"])
def test_opening_and_closing_are_no_messages(name: str) -> None:
    assert interaction(name).dropped == ("interaction",)


def test_slash_command_says_what_follows_it() -> None:
    fields = {"team_id": "T1", "user_id": "U1", "channel_id": "C1", "trigger_id": "9.1", "command": "/help"}
    found = form(**fields, text="my parcel is lost").events[0]
    contact = interpreter(Accounts(default_desk="acme"), KNOWN)

    assert (found.text, found.kind) == ("my parcel is lost", "message")
    assert isinstance(contact.events("slack", form(**fields), b"", NOON_MS).facts[0].body, ContactArrived)


@pytest.mark.parametrize(
    ("fields", "problems", "dropped"),
    [
        ({"ssl_check": "1"}, [], ("handshake",)),
        ({"x": "1"}, ["unknown_event"], ()),
        ({"payload": "{"}, ["unreadable"], ()),
        ({"payload": '{"type":"hologram"}'}, ["unknown_event"], ()),
        ({"command": "/x"}, ["unreadable"], ()),
        ({str(number): "1" for number in range(300)}, ["unreadable"], ()),
    ],
)
def test_other_forms_do_not_fail(
    fields: dict[str, str], problems: list[str], dropped: tuple[str, ...]
) -> None:
    reading = form(**fields)

    assert (reading.reply.status, [one.reason for one in reading.problems], reading.dropped) == (
        200,
        problems,
        dropped,
    )
