"""Postmark: credentials, and a mail as JSON (channels.md 2.2)."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from services.contract.facts import ContactArrived, NonContactSeen
from services.intake.canonical import Report
from tests.unit.intake.world import interpret, postmark, read


def test_mail_is_read() -> None:
    event = read(postmark(headers={"Message-ID": "<a@x.example>"})).events[0]

    assert event.customer is not None
    assert (event.customer.value, event.account) == ("jane@example.com", "support@acme.example")
    assert (event.provider_event_id, event.thread_id) == ("pm-1", "<a@x.example>")
    assert event.occurred_at_ms == 1_775_217_600_000


@pytest.mark.parametrize("password", ["post:wrong", "", "post"])
def test_wrong_credentials_are_refused(password: str) -> None:
    assert read(postmark(password=password)).reply.status == 403


def test_encoded_text_is_compared_not_what_it_means() -> None:
    delivery = postmark()
    padded = {**delivery.headers, "authorization": delivery.headers["authorization"] + "="}

    assert not read(replace(delivery, headers=padded)).verdict.signature_valid


def test_conversation_is_the_plus_address_then_references_then_in_reply_to() -> None:
    chain = {"References": "<r1@x> <r2@x>", "In-Reply-To": "<r2@x>"}

    assert read(postmark(headers=chain, MailboxHash="t77")).events[0].thread_id == "t77"
    assert read(postmark(headers=chain)).events[0].thread_id == "<r1@x>"
    assert read(postmark(headers={"In-Reply-To": "<r2@x>"})).events[0].thread_id == "<r2@x>"


def test_quoted_words_are_left_out_in_every_language() -> None:
    body = "Hvala, ali i dalje ne radi.\n\npet, 3. apr 2026. u 16:19 Acme <help@acme.example> je napisao/la:\n> Da li radi?\n"

    assert read(postmark(TextBody=body)).events[0].text == "Hvala, ali i dalje ne radi."


def test_html_alone_is_read() -> None:
    html = "<p>Where is it?</p><blockquote type='cite'>It left on Monday.</blockquote>"

    assert read(postmark(TextBody="", HtmlBody=html)).events[0].text == "Where is it?"


@pytest.mark.parametrize(
    ("headers", "subject", "sender", "kind"),
    [
        ({"Auto-Submitted": "auto-replied"}, "Away", "a@x.example", "auto_reply"),
        ({"Auto-Submitted": "no"}, "Abwesenheit meiner Frau", "a@x.example", "message"),
        (
            {"X-Failed-Recipients": "b@y.example", "Auto-Submitted": "auto-replied"},
            "x",
            "a@x.example",
            "bounce",
        ),
        ({}, "Undelivered Mail Returned to Sender", "MAILER-DAEMON@x.example", "bounce"),
        ({"Precedence": "bulk"}, "News", "news@x.example", "auto_reply"),
        ({}, "Fwd: Undelivered Mail Returned to Sender", "a@x.example", "message"),
        ({}, "Samodejni odgovor: naročilo", "a@x.example", "auto_reply"),
        ({"X-Apple-Unsubscribe": "true"}, "Unsubscribe", "a@x.example", "complaint"),
    ],
)
def test_mail_that_is_no_contact_is_told_apart(
    headers: dict[str, str], subject: str, sender: str, kind: str
) -> None:
    found = interpret(postmark(headers=headers, Subject=subject, FromFull={"Email": sender, "Name": ""}))

    assert found.reading.events[0].kind == kind
    assert isinstance(found.facts[0].body, ContactArrived if kind == "message" else NonContactSeen)


def test_no_reply_gives_way_to_reply_to() -> None:
    delivery = postmark(FromFull={"Email": "no-reply@forms.example"}, ReplyTo="Ana <ana@x.example>")
    customer = read(delivery).events[0].customer

    assert customer is not None
    assert (customer.value, customer.name) == ("ana@x.example", "Ana")


@pytest.mark.parametrize(
    ("record", "events", "dropped", "problems"),
    [("Bounce", 1, 0, 0), ("SpamComplaint", 1, 0, 0), ("Open", 0, 1, 0), ("Moon", 0, 0, 1)],
)
def test_other_webhooks_of_postmark_are_known(record: str, events: int, dropped: int, problems: int) -> None:
    reading = read(postmark(RecordType=record, ID=5, Email="a@x.example"))

    assert (len(reading.events), len(reading.dropped), len(reading.problems)) == (events, dropped, problems)


def test_bad_date_is_unknown_and_the_mail_is_kept() -> None:
    assert read(postmark(Date="yesterday-ish")).events[0].occurred_at_ms == 0
    assert interpret(postmark(Date="yesterday-ish")).facts[0].occurred_at_ms > 0


@pytest.mark.parametrize(
    ("kind", "details", "report"),
    [
        ("HardBounce", "smtp;550 5.1.1 user unknown", Report("a@x.example", "failed", "5.1.1")),
        ("Transient", "action: failed", Report("a@x.example", "delayed", "")),
        ("SoftBounce", "smtp; 452 4.2.2 mailbox full", Report("a@x.example", "delayed", "4.2.2")),
    ],
)
def test_bounce_of_a_mail_of_ours_names_recipient_and_status(kind: str, details: str, report: Report) -> None:
    told = postmark(RecordType="Bounce", ID=7, Type=kind, Email="a@x.example", Details=details)
    (event,) = read(told).events

    assert (event.kind, event.reports, event.about_id) == ("bounce", (report,), "pm-1")


def test_bounce_that_comes_as_a_mail_is_read_with_its_report() -> None:
    status = "Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; a@x.example\r\nAction: failed\r\nStatus: 5.2.1\r\n"
    original = "Message-ID: <o1@acme.example>\r\nSubject: Ihre Bestellung\r\n\r\nText"
    attached = [
        {"ContentType": kind, "Content": base64.b64encode(words.encode()).decode()}
        for kind, words in (("message/delivery-status", status), ("message/rfc822", original))
    ]
    delivery = postmark(
        FromFull={"Email": "MAILER-DAEMON@mx.example"}, Subject="Unzustellbar", Attachments=attached
    )
    (event,) = read(delivery).events

    assert (event.kind, event.about_id) == ("bounce", "<o1@acme.example>")
    assert event.reports == (Report("a@x.example", "failed", "5.2.1"),)


@pytest.mark.parametrize(
    ("sides", "direction"),
    [
        ({"To": "Ana <ana@x.example>", "Cc": "support@acme.example"}, "outbound"),
        ({"To": "support@acme.example", "Cc": '"Novak, Ana" <ana@x.example>'}, "outbound"),
        ({"To": "support@acme.example", "Cc": ""}, "inbound"),
    ],
)
def test_a_copy_of_our_own_answer_is_known_as_by_smtp(sides: dict[str, str], direction: str) -> None:
    sender = {"Email": "support@acme.example", "Name": "Acme"}
    changed: dict[str, Any] = {"FromFull": sender, **sides}
    event = read(postmark(headers={"In-Reply-To": "<q@x>"}, **changed)).events[0]

    assert event.direction == direction
    assert event.customer is not None
    assert event.customer.value == ("ana@x.example" if direction == "outbound" else "support@acme.example")
