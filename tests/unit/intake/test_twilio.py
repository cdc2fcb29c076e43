"""Twilio: signature, calls, messages (channels.md 2.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.contract.facts import CallerHungUp, ContactArrived, NonContactSeen
from services.intake.canonical import Delivery, Known
from services.intake.channels import twilio as module
from tests.unit.intake.world import NOON_MS, PUBLIC_URL, TOKEN, call, interpret, read, sms, twilio


def test_message_is_read_with_its_sender_line_and_words() -> None:
    event = read(sms(NumMedia="0")).events[0]

    assert (event.channel, event.medium, event.kind, event.direction) == (
        "phone",
        "sms",
        "message",
        "inbound",
    )
    assert event.customer is not None
    assert (event.customer.type, event.customer.value) == ("phone", "+381641112223")
    assert event.thread_id == "+381112345678|+381641112223"
    assert event.text == "Gde je moj paket?"


def test_literal_plus_and_umlaut_survive_the_form() -> None:
    assert read(sms(Body='401 + "Paßwort"')).events[0].text == '401 + "Paßwort"'


def test_blank_values_belong_to_the_signature() -> None:
    assert read(sms(FromCity="", ToZip="")).verdict.signature_valid


def test_older_key_still_counts_while_keys_rotate() -> None:
    assert read(
        twilio("/hooks/twilio/sms", {"MessageSid": "SM1", "From": "+4930901820"}, token="old-token")
    ).events


@pytest.mark.parametrize("port", ["", ":443", ":8443"])
def test_url_is_tried_with_and_without_its_port(port: str) -> None:
    host = "https://desk.example"
    delivery = twilio(
        "/hooks/twilio/sms", {"MessageSid": "SM1", "From": "x"}, url=f"{host}{port}/hooks/twilio/sms"
    )
    reached = replace(delivery, url=f"{host}{':8443' if port == ':8443' else ''}/hooks/twilio/sms")

    assert read_at(reached)


def read_at(delivery: Delivery) -> bool:
    return module.MESSAGES.read(
        delivery, Known(values={module.TOKENS.name: (TOKEN,)})
    ).verdict.signature_valid


@pytest.mark.parametrize("header", [None, "", "AAAA", "€"])
def test_missing_or_wrong_signature_is_refused_and_publishes_nothing(header: str | None) -> None:
    headers = {**sms().headers, "x-twilio-signature": header or ""}
    if header is None:
        del headers["x-twilio-signature"]

    reading = read(replace(sms(), headers=headers))

    assert reading.reply.status == 403
    assert not reading.events
    assert not reading.problems


def test_without_a_key_nothing_is_genuine() -> None:
    assert not read(sms(), Known()).verdict.signature_valid
    assert not read(sms(), Known(values={module.TOKENS.name: ("",)})).verdict.signature_valid


def test_json_is_covered_by_the_hash_in_the_url() -> None:
    body = json.dumps(
        {"MessageSid": "SM9", "From": "+381641112223", "To": "+381112345678", "Body": "zdravo"}
    ).encode()
    url = f"{PUBLIC_URL}/hooks/twilio/sms?bodySHA256={hashlib.sha256(body).hexdigest()}"
    signature = base64.b64encode(hmac.new(TOKEN.encode(), url.encode(), "sha1").digest()).decode()
    headers = [("Content-Type", "application/json"), ("X-Twilio-Signature", signature)]
    delivery = Delivery.of("POST", url, headers, body, NOON_MS)

    assert read(delivery).events[0].provider_event_id == "SM9"
    assert not read(replace(delivery, body=body.replace(b"zdravo", b"zdrava"))).verdict.signature_valid
    assert not read(replace(delivery, url=url.partition("?")[0])).verdict.signature_valid


SID = "SM0a1b2c3d4e5f60718293a4b5c6d7e8ff"


@pytest.mark.parametrize(
    "fields",
    [
        {"MessageSid": SID + "NumMedia0To+381112345678"},
        {"MessageSid": SID + "NumMedia", "": ""},
        {"MessageSid": SID[:-1], "fNumMedia0To": "+381112345678"},
        {"MessageSid": "", SID + "NumMedia": "0", "To": "+381112345678"},
        {"SmsSid": SID + "To+381112345678"},
    ],
)
def test_one_signed_request_is_not_many_by_moving_the_borders_between_its_fields(
    fields: dict[str, str],
) -> None:
    """Names and values are signed run together: with another id it would be another contact."""
    whole = {"MessageSid": SID, "NumMedia": "0", "To": "+381112345678"}
    assert read(twilio("/hooks/twilio/sms", whole)).events

    reading = read(twilio("/hooks/twilio/sms", fields))

    assert (reading.reply.status, reading.events, reading.problems) == (403, (), ())
    assert reading.verdict.reason == "the borders between fields were moved"


@pytest.mark.parametrize("sid", ["SM1", "SM_a_tool", "SMS" + "0" * 31, "x" * 300])
def test_id_of_another_form_is_let_be(sid: str) -> None:
    assert read(twilio("/hooks/twilio/sms", {"MessageSid": sid, "NumMedia": "0", "To": "+4930901820"})).events


def test_more_fields_than_twilio_sends_are_not_read() -> None:
    assert not read(replace(sms(), body=b"a&" * 5_000)).verdict.signature_valid


def test_status_of_our_own_message_is_no_event() -> None:
    reading = read(
        twilio("/hooks/twilio/sms", {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+49301"})
    )

    assert (reading.events, reading.dropped) == ((), ("status",))


@pytest.mark.parametrize(
    ("fields", "medium", "channel"),
    [
        ({"From": "whatsapp:+38640123456", "To": "whatsapp:+381112345678"}, "whatsapp", "social"),
        ({"From": "messenger:998", "To": "messenger:100"}, "messenger", "social"),
        ({"NumMedia": "2", "Body": ""}, "mms", "phone"),
    ],
)
def test_medium_stands_in_the_addresses(fields: dict[str, str], medium: str, channel: str) -> None:
    event = read(sms(**fields)).events[0]

    assert (event.medium, event.channel) == (medium, channel)


def test_opt_out_is_an_event_that_is_marked() -> None:
    contact = interpret(sms(Body="STOP", OptOutType="STOP")).facts[0].body

    assert isinstance(contact, ContactArrived)
    assert contact.opted_out
    assert contact.topics[0].topic_id == "opt_out"


def test_stop_is_obeyed_without_the_providers_mark() -> None:
    contact = interpret(sms(Body=" Stop! ")).facts[0].body

    assert isinstance(contact, ContactArrived)
    assert contact.opted_out


@pytest.mark.parametrize("sender", ["anonymous", "+266696687", "", "Restricted", "+7378742833"])
def test_withheld_caller_is_nobody_and_has_no_key(sender: str) -> None:
    contact = interpret(call(From=sender)).facts[0].body

    assert isinstance(contact, ContactArrived)
    assert contact.customer is not None
    assert (contact.customer.value, contact.customer.key) == ("", "")
    assert contact.customer.absent_reason == "anonymous"


@pytest.mark.parametrize("number", ["+447700900123", "+15551234567", "+551199999999"])
def test_number_told_in_full_is_one_even_when_no_plan_has_it(number: str) -> None:
    event = read(sms(From=number)).events[0]

    assert event.customer is not None
    assert (event.customer.type, event.customer.value) == ("phone", number)


@pytest.mark.parametrize("number", ["+1234", "+0123456789", "+4915112345678901", "5551234", "+266696687"])
def test_number_that_cannot_be_one_is_nobodys(number: str) -> None:
    event = read(sms(From=number, To="+18005550199")).events[0]

    assert event.customer is not None
    assert (event.customer.value, bool(event.customer.absent_reason)) == ("", True)


def test_national_number_is_read_by_the_region_of_the_line() -> None:
    customer = read(call(From="064 111 2223")).events[0].customer

    assert customer is not None
    assert customer.value == "+381641112223"


@pytest.mark.parametrize(
    ("sender", "kind", "value"),
    [
        ("sip:+381641112223@pbx.example;user=phone", "phone", "+381641112223"),
        ("sip:%2B381641112223@pbx.example:5060", "phone", "+381641112223"),
        ("sip:ana@PBX.example", "sip", "ana@pbx.example"),
        ("sip:ana%20novak@pbx.example", "sip", "ana%20novak@pbx.example"),
        ("client:ana", "client", "ana"),
    ],
)
def test_caller_may_be_an_address(sender: str, kind: str, value: str) -> None:
    customer = read(call(From=sender)).events[0].customer

    assert customer is not None
    assert (customer.type, customer.value) == (kind, value)


@pytest.mark.parametrize(
    ("called", "account"),
    [
        ("sip:+381112345678@acme.sip.twilio.com;transport=tls", "+381112345678"),
        ("sip:%2B381112345678@acme.sip.twilio.com", "+381112345678"),
        ("sip:support@acme.sip.twilio.com", "sip:support@acme.sip.twilio.com"),
    ],
)
def test_line_that_is_called_by_sip_is_its_number(called: str, account: str) -> None:
    event = read(call(To=called)).events[0]

    assert event.account == account


def test_states_of_a_call_are_one_contact_in_any_order() -> None:
    begun = interpret(call()).facts[0]
    early = interpret(call("/hooks/twilio/voice/status", CallStatus="initiated")).facts[0]
    ended = interpret(
        call("/hooks/twilio/voice/status", CallStatus="completed", CallDuration="431", Duration="8")
    ).facts[0]

    assert isinstance(begun.body, ContactArrived)
    assert isinstance(ended.body, CallerHungUp)
    assert early.fact_id == begun.fact_id
    assert ended.fact_id != begun.fact_id
    assert ended.body.contact_id == begun.body.contact_id
    assert (ended.body.duration_seconds, ended.body.status) == (431, "completed")


def test_answered_call_is_a_state_and_no_contact() -> None:
    fact = interpret(call("/hooks/twilio/voice/status", CallStatus="in-progress")).facts[0]

    assert isinstance(fact.body, NonContactSeen)
    assert fact.body.kind == "call_state"


def test_leg_to_an_agent_is_no_contact_and_ends_none() -> None:
    leg = {"CallSid": "CA2", "ParentCallSid": "CA1", "Direction": "outbound-dial", "CallStatus": "completed"}

    assert isinstance(interpret(call("/hooks/twilio/voice/status", **leg)).facts[0].body, NonContactSeen)


def test_incoming_call_is_kept_in_a_queue() -> None:
    assert "<Enqueue>" in read(call()).reply.body
    assert "<Response/>" in read(call("/hooks/twilio/voice/status")).reply.body


def test_provider_time_is_taken_where_there_is_one() -> None:
    event = read(call("/hooks/twilio/voice/status", Timestamp="Fri, 03 Apr 2026 09:07:31 +0000")).events[0]

    assert event.occurred_at_ms == 1_775_207_251_000


@pytest.mark.parametrize("fields", [{"CallStatus": "teleported"}, {"CallStatus": ""}])
def test_unknown_state_is_a_dead_letter_and_a_2xx(fields: dict[str, str]) -> None:
    reading = read(call(**fields))

    assert reading.reply.status == 200
    assert [problem.reason for problem in reading.problems] == ["unknown_event"]


def test_delivery_without_an_id_is_unreadable() -> None:
    reading = read(twilio("/hooks/twilio/sms", {"Body": "hello"}))

    assert (reading.reply.status, [problem.reason for problem in reading.problems]) == (200, ["unreadable"])


@pytest.mark.parametrize(
    ("fields", "kind", "extras"),
    [
        ({"QueuePosition": "2", "QueueTime": "5"}, "call_queued", {"wait_s": 5}),
        ({"DequeingCallSid": "CA9", "QueueTime": "48"}, "call_connected", {"wait_s": 48}),
        ({"QueueResult": "bridged", "QueueTime": "48"}, "call_connected", {"wait_s": 48}),
        (
            {"QueueResult": "hangup", "QueueTime": "43", "CallStatus": "completed"},
            "call_ended",
            {"wait_s": 43, "status": "abandoned", "abandoned": True},
        ),
    ],
)
def test_a_queue_tells_who_waits_and_how_long(
    fields: dict[str, str], kind: str, extras: dict[str, object]
) -> None:
    given = {"CallStatus": "in-progress", "QueueSid": "QU1", **fields}
    (event,) = read(call("/hooks/twilio/voice/status", **given)).events

    assert (event.kind, dict(event.extras), event.contact_ref) == (kind, extras, "CA1")


def test_each_state_of_a_queue_is_one_fact_however_often_it_is_told() -> None:
    def facts(*told: dict[str, str]) -> set[str]:
        given = [{"CallStatus": "in-progress", "QueueSid": "QU1", **one} for one in told]
        return {interpret(call("/hooks/twilio/voice/status", **one)).facts[0].fact_id for one in given}

    assert len(facts({"QueueTime": "1"}, {"QueueTime": "31"})) == 1
    assert len(facts({"DequeingCallSid": "CA9"}, {"QueueResult": "bridged"})) == 1
    assert len(facts({}, {"QueueResult": "bridged"}, {"QueueResult": "hangup"})) == 3


@pytest.mark.parametrize("result", ["leave", "redirected", "queue-full", "error", "system-error"])
def test_who_left_the_queue_otherwise_is_still_on_the_line(result: str) -> None:
    reading = read(call("/hooks/twilio/voice/status", CallStatus="in-progress", QueueResult=result))

    assert (reading.events, reading.dropped) == ((), ("queue_left",))


def test_who_has_waited_is_not_put_into_the_queue_again() -> None:
    for fields in ({"QueueSid": "QU1"}, {"QueueResult": "leave"}, {"DialCallStatus": "no-answer"}):
        assert "<Response/>" in read(call(CallStatus="in-progress", **fields)).reply.body


def test_an_attempt_to_reach_an_agent_says_nothing_of_the_caller() -> None:
    status = "/hooks/twilio/voice/status"
    over = read(call(status, CallStatus="in-progress", DialCallStatus="no-answer"))
    gone = read(call(status, CallStatus="completed", DialCallStatus="completed", CallDuration="9"))

    assert (over.events, over.dropped) == ((), ("dial",))
    assert gone.events[0].kind == "call_ended"


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("RecordingSid", "recording"),
        ("ConferenceSid", "conference"),
        ("StreamSid", "stream"),
        ("MachineDetectionDuration", "answered_by"),
    ],
)
def test_what_else_is_told_about_a_call_is_counted(name: str, dropped: str) -> None:
    reading = read(twilio("/hooks/twilio/voice/status", {"CallSid": "CA1", name: "X1"}))

    assert (reading.events, reading.problems, reading.dropped) == ((), (), (dropped,))


def test_what_a_caller_says_to_a_menu_is_told_with_the_call() -> None:
    event = read(
        call(CallStatus="in-progress", SpeechResult="I want my money back.", Confidence="0.9")
    ).events[0]

    assert (event.kind, event.text) == ("call_connected", "I want my money back.")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"Label": "Home", "Address": "Trg 1, Ljubljana"}, "Home, Trg 1, Ljubljana"),
        ({"Address": "Trg 1, Ljubljana", "Body": "here"}, "here"),
        ({"Latitude": "46.05", "Longitude": "14.5"}, ""),
    ],
)
def test_place_sent_by_whatsapp_says_its_name_and_address(fields: dict[str, str], words: str) -> None:
    place = {"Body": "", "Latitude": "46.05", "Longitude": "14.5", **fields}
    event = read(sms(From="whatsapp:+38640123456", To="whatsapp:+381112345678", **place)).events[0]

    assert (event.kind, event.text) == ("message", words)


@pytest.mark.parametrize("read_as", [sms, call])
def test_person_on_whatsapp_whose_number_is_hidden_is_the_scoped_id(read_as: Callable[..., Delivery]) -> None:
    event = read(read_as(From="whatsapp:RS.13491208655302741918", To="whatsapp:+381112345678")).events[0]

    assert event.customer is not None
    assert (event.customer.type, event.customer.value) == ("bsuid", "RS.13491208655302741918")
    assert event.customer.verified
    assert event.medium == "voice" or event.thread_id == "+381112345678|RS.13491208655302741918"


def test_scoped_id_beside_a_whatsapp_number_is_linked_to_it() -> None:
    sides = {"From": "whatsapp:+38640123456", "To": "whatsapp:+381112345678"}
    event = read(sms(**sides, ExternalUserIdentifier="SI.134912")).events[0]

    assert event.customer is not None
    assert (event.customer.value, event.customer.scoped_id) == ("+38640123456", "SI.134912")
    assert [(link.other.value, link.strength) for link in event.links] == [("SI.134912", "strong")]


def test_a_whatsapp_call_has_the_number_as_its_customer() -> None:
    event = read(call(From="whatsapp:+38640123456", To="whatsapp:+381112345678")).events[0]

    assert event.customer is not None
    assert (event.account, event.customer.value) == ("+381112345678", "+38640123456")
