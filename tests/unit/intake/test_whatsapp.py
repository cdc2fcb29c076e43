"""WhatsApp Cloud: messages, echoes, statuses, calls (channels.md 2.1 and 2.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.contract.facts import (
    CallerHungUp,
    ContactArrived,
    IdentityLinked,
    LinkStrength,
    MessageSent,
    NonContactSeen,
)
from services.intake.channels.whatsapp_people import other_form
from tests.unit.intake.world import NOON_MS, call, interpret, read, sms, whatsapp, wrote


def test_number_gets_its_plus_and_the_scoped_id_stands_beside() -> None:
    event = read(whatsapp(messages=[wrote()])).events[0]

    assert event.customer is not None
    assert (event.customer.type, event.customer.value, event.customer.scoped_id) == (
        "phone",
        "+381641112223",
        "RS.1",
    )
    assert (event.thread_id, event.occurred_at_ms) == ("55|381641112223", NOON_MS)


def test_one_number_is_one_identity_by_call_sms_and_whatsapp() -> None:
    """No link is needed, and none is said; a number that is only claimed is a weak one (docs/decisions/0022)."""
    contacts = []
    for delivery in (call(), sms(), sms(From="whatsapp:+381641112223"), whatsapp(messages=[wrote()])):
        contacts += [one.body for one in interpret(delivery).facts if isinstance(one.body, ContactArrived)]

    assert {one.medium for one in contacts} == {"voice", "sms", "whatsapp"}
    assert len({one.customer.key for one in contacts if one.customer}) == 1


def test_person_without_a_number_is_the_scoped_id() -> None:
    message = {key: value for key, value in wrote().items() if key != "from"} | {"from_user_id": "RS.1"}
    event = read(whatsapp(messages=[message], contacts=[{"user_id": "RS.1"}])).events[0]

    assert event.customer is not None
    assert (event.customer.type, event.customer.value, event.thread_id) == ("bsuid", "RS.1", "55|RS.1")


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        (wrote("image", caption="broken", id="1"), "message", "broken"),
        (wrote("audio", id="1"), "message", ""),
        (wrote("button", text="Yes", payload="Y"), "message", "Yes"),
        (
            wrote("interactive", type="list_reply", list_reply={"id": "1", "title": "Billing"}),
            "message",
            "Billing",
        ),
        (
            wrote("interactive", type="button_reply", button_reply={"id": "1", "title": "Help"}),
            "message",
            "Help",
        ),
        (wrote("location", latitude=1, longitude=2, name="Shop"), "message", "Shop"),
        (wrote("reaction", message_id="wamid.0", emoji="😮"), "reaction", ""),
        (wrote("revoke", original_message_id="wamid.0"), "deletion", ""),
        (
            wrote("edit", original_message_id="wamid.0", message={"type": "text", "text": {"body": "new"}}),
            "edit",
            "new",
        ),
        (wrote("unsupported"), "unsupported", ""),
        (wrote("hologram", shape="cube"), "unsupported", ""),
    ],
)
def test_types_have_their_kinds_and_words(message: dict[str, Any], kind: str, text: str) -> None:
    event = read(whatsapp(messages=[message])).events[0]

    assert (event.kind, event.text) == (kind, text)


def test_unsupported_message_is_kept_as_a_contact() -> None:
    assert isinstance(interpret(whatsapp(messages=[wrote("hologram", x=1)])).facts[0].body, ContactArrived)


def test_quoted_message_is_named() -> None:
    assert (
        read(whatsapp(messages=[{**wrote(), "context": {"id": "wamid.0"}}])).events[0].in_reply_to
        == "wamid.0"
    )


def test_status_is_no_event_and_error_is_a_dead_letter() -> None:
    reading = read(whatsapp(statuses=[{"id": "wamid.1", "status": "read"}], errors=[{"code": 131051}]))

    assert (reading.events, reading.dropped) == ((), ("status",))
    assert [problem.reason for problem in reading.problems] == ["provider_error"]


def test_answer_from_the_phone_app_is_ours() -> None:
    echo = {**wrote(), "from": "381112345678", "to": "381641112223"}
    found = interpret(whatsapp("smb_message_echoes", message_echoes=[echo]))

    assert isinstance(found.facts[0].body, MessageSent)
    assert found.reading.events[0].customer is not None
    assert found.reading.events[0].customer.value == "+381641112223"


@pytest.mark.parametrize(
    "field", ["message_template_status_update", "account_update", "history", "flows", "automatic_events"]
)
def test_news_of_the_account_is_no_event(field: str) -> None:
    assert read(whatsapp(field)).dropped == ("account_news",)


def test_message_of_a_conversation_that_another_app_has_is_only_counted() -> None:
    reading = read(whatsapp("standby", messages=[wrote()]))

    assert (reading.events, reading.dropped) == ((), ("standby",))


def test_unknown_field_is_a_dead_letter() -> None:
    assert [problem.reason for problem in read(whatsapp("moon")).problems] == ["unknown_event"]


def ringing(event: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "wacid.1",
        "from": "381641112223",
        "to": "381112345678",
        "event": event,
        "timestamp": str(NOON_MS // 1000),
        "direction": "USER_INITIATED",
        **more,
    }


def test_call_begins_and_ends_as_one_contact() -> None:
    begun = interpret(whatsapp("calls", calls=[ringing("connect")])).facts[0].body
    ended = (
        interpret(whatsapp("calls", calls=[ringing("terminate", duration=40, status=["COMPLETED"])]))
        .facts[0]
        .body
    )

    assert isinstance(begun, ContactArrived)
    assert isinstance(ended, CallerHungUp)
    assert (begun.medium, begun.contact_id) == ("whatsapp_call", ended.contact_id)
    assert (ended.duration_seconds, ended.status) == (40, "completed")


def test_call_of_ours_is_no_contact() -> None:
    call = ringing("connect", direction="BUSINESS_INITIATED", to="381641112223")

    assert isinstance(interpret(whatsapp("calls", calls=[call])).facts[0].body, NonContactSeen)


@pytest.mark.parametrize("system", [{"wa_id": "381649998887"}, {"new_wa_id": "381649998887"}])
def test_changed_number_links_two_identities_and_is_no_contact(system: dict[str, Any]) -> None:
    message = wrote("system", type="user_changed_number", body="changed", **system)
    found = interpret(whatsapp(messages=[message]))

    link = found.facts[0].body
    assert isinstance(link, IdentityLinked)
    assert link.one is not None
    assert link.other is not None
    assert (link.one.value, link.other.value) == ("+381641112223", "+381649998887")
    assert (link.strength, link.statement) == (LinkStrength.STRONG, "number_changed")
    assert (len(found.facts), found.reading.events, found.problems) == (1, (), ())


def test_new_number_brings_a_new_scoped_id_which_takes_the_place_of_the_old() -> None:
    ids = {"wa_id": "381649998887", "user_id": "RS.2", "previous_user_id": "RS.1"}
    message = wrote("system", type="user_changed_number", body="changed", **ids)
    links = [fact.body for fact in interpret(whatsapp(messages=[message])).facts]

    assert [link.statement for link in links if isinstance(link, IdentityLinked)] == ["number_changed"] * 2
    assert [link.one and link.one.value for link in links if isinstance(link, IdentityLinked)] == [
        "+381641112223",
        "RS.1",
    ]


@pytest.mark.parametrize("of_sender", [False, True])
def test_scoped_id_that_changed_is_told_also_where_the_number_is_hidden(of_sender: bool) -> None:
    new = {} if of_sender else {"user_id": "RS.2"}
    message = wrote("system", type="user_changed_user_id", previous_user_id="RS.1", **new)
    del message["from"]
    if of_sender:
        message["from_user_id"] = "RS.2"
    found = interpret(whatsapp(messages=[message], contacts=[]))
    (link,) = (fact.body for fact in found.facts)

    assert isinstance(link, IdentityLinked)
    assert link.one is not None
    assert link.other is not None
    assert (link.one.type, link.one.value, link.other.value) == ("bsuid", "RS.1", "RS.2")
    assert (link.strength, link.statement) == (LinkStrength.STRONG, "number_changed")
    assert found.problems == ()


def test_other_news_of_a_person_are_only_counted() -> None:
    assert read(whatsapp(messages=[wrote("system", type="customer_identity_changed")])).dropped == ("system",)


def test_number_beside_a_scoped_id_links_the_two() -> None:
    facts = interpret(whatsapp(messages=[wrote()])).facts

    assert isinstance(facts[0].body, ContactArrived)
    assert isinstance(facts[1].body, IdentityLinked)
    assert facts[1].body.other is not None
    assert (facts[1].body.other.type, facts[1].body.other.value) == ("bsuid", "RS.1")
    assert (facts[1].body.strength, facts[1].body.statement) == (LinkStrength.STRONG, "scoped_id")


def test_scoped_id_is_vouched_for_and_a_number_that_goes_to_somebody_else_is_not() -> None:
    body = interpret(whatsapp(messages=[wrote()])).facts[1].body

    assert isinstance(body, IdentityLinked)
    assert body.one is not None
    assert body.other is not None
    assert (body.one.type, body.one.verified) == ("phone", False)
    assert (body.other.type, body.other.verified) == ("bsuid", True)


def test_number_alone_links_nothing() -> None:
    contacts = [{"profile": {"name": "Ana"}, "wa_id": "381641112223"}]

    assert len(interpret(whatsapp(messages=[wrote()], contacts=contacts)).facts) == 1


@pytest.mark.parametrize(
    ("number", "other"),
    [
        ("+551187654321", "+5511987654321"),
        ("+5511987654321", ""),
        ("+551133334444", ""),
        ("+5215512345678", "+525512345678"),
        ("+525512345678", ""),
        ("+381641112223", ""),
    ],
)
def test_brazilian_and_mexican_numbers_have_another_form(number: str, other: str) -> None:
    assert other_form(number) == other


@pytest.mark.parametrize("kind", ["reaction", "edit", "revoke"])
def test_what_changes_a_message_says_which(kind: str) -> None:
    part = {"message_id": "wamid.0", "original_message_id": "wamid.0"}
    fact = interpret(whatsapp(messages=[{**wrote(kind), kind: part}])).facts[0].body

    assert isinstance(fact, NonContactSeen)
    assert fact.about_id == "wamid.0"


def test_filled_in_form_says_its_fields_and_not_that_it_was_sent() -> None:
    fields = {"comment_text": "Too late", "rating": "2", "flow_token": "AQAA"}
    reply = {"name": "flow", "body": "Sent", "response_json": json.dumps(fields)}

    assert read(whatsapp(messages=[wrote("interactive", nfm_reply=reply)])).events[0].text == "Too late\n2"


def test_form_s_ticked_boxes_are_a_line() -> None:
    fields = {"topics": ["Refund", "Delay"], "address": {"city": "Niš", "code": 18000}, "flow_token": "AQAA"}
    reply = {"name": "flow", "body": "Sent", "response_json": json.dumps(fields)}
    event = read(whatsapp(messages=[wrote("interactive", nfm_reply=reply)])).events[0]

    assert event.text == "Refund, Delay\nNiš, 18000"


def test_address_is_told_as_its_writer_sees_it() -> None:
    values = {"in_pin_code": "400063", "city": "Mumbai"}
    fields = json.dumps({"saved_address_id": "a1", "values": values})
    reply = {"name": "address_message", "body": "Ravi\n400063, Mumbai", "response_json": fields}
    event = read(whatsapp(messages=[wrote("interactive", nfm_reply=reply)])).events[0]
    del reply["body"]
    alone = read(whatsapp(messages=[wrote("interactive", nfm_reply=reply)])).events[0]

    assert event.text == "Ravi\n400063, Mumbai"
    assert alone.text == "a1\n400063, Mumbai"


def test_permission_to_call_is_no_message() -> None:
    answer = wrote("interactive", type="call_permission_reply", call_permission_reply={"response": "accept"})

    assert read(whatsapp(messages=[answer])).dropped == ("call_permission",)


@pytest.mark.parametrize(
    ("status", "kinds", "dropped"),
    [
        ("RINGING", [], ("status",)),
        ("ACCEPTED", ["call_connected"], ()),
        ("REJECTED", ["call_ended"], ()),
    ],
)
def test_call_of_ours_is_taken_or_not(status: str, kinds: list[str], dropped: tuple[str, ...]) -> None:
    told = {"id": "wacid.1", "type": "call", "status": status, "recipient_id": "381641112223"}
    reading = read(whatsapp("calls", statuses=[told]))

    assert ([event.kind for event in reading.events], reading.dropped) == (kinds, dropped)
    assert all(event.direction == "outbound" for event in reading.events)


def test_person_with_a_username_is_named_by_it() -> None:
    contacts = [{"profile": {"username": "ana.k"}, "user_id": "RS.1"}]
    message = {key: value for key, value in wrote().items() if key != "from"} | {"from_user_id": "RS.1"}
    customer = read(whatsapp(messages=[message], contacts=contacts)).events[0].customer

    assert customer is not None
    assert (customer.name, customer.handle, customer.value) == ("ana.k", "ana.k", "RS.1")
