"""Mailgun: signature and window, mails in parts and raw, what became of our own mails (channels.md 2.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.intake.canonical import CanonicalEvent, Known, Report
from services.intake.channels import mailgun as module
from tests.unit.intake.mailed import MAILGUN_KNOWN, PAIRS, SIGNING_KEY, mailgun, mailgun_event
from tests.unit.intake.world import NOON_MS, read

NOON = NOON_MS // 1000


def event_of(fields: dict[str, Any] | None = None, **more: Any) -> CanonicalEvent:
    (event,) = read(mailgun(fields, **more), MAILGUN_KNOWN).events
    return event


@pytest.mark.parametrize("files", [[], [("attachment-1", "račun.pdf", "application/pdf", b"%PDF\x00\r\n--")]])
def test_mail_is_read_from_either_kind_of_form(files: list[Any]) -> None:
    event = event_of(files=files)

    assert event.customer is not None
    assert (event.customer.value, event.customer.name) == ("ana@x.example", "Ana Petrović")
    assert (event.subject, event.text, event.attachments) == ("Račun", "Gde je moj račun?", len(files))
    assert (event.provider_event_id, event.account) == ("<mg1@x.example>", "support@acme.example")
    assert event.occurred_at_ms == NOON_MS


def test_stripped_text_is_read_only_where_there_is_nothing_else() -> None:
    stripped = {"stripped-text": "Gde je moj", "stripped-html": "<p>Gde</p>"}

    assert event_of(stripped).text == "Gde je moj račun?"
    html = "<p>Gde je moj novi račun?</p><blockquote type=cite>Stari je ovde.</blockquote>"
    assert event_of({"body-plain": "", "body-html": html, **stripped}).text == "Gde je moj novi račun?"
    assert event_of({"body-plain": None, **stripped}).text == "Gde je moj"


def test_raw_mail_is_read_as_by_smtp() -> None:
    raw = "From: Žan <zan@x.example>\r\nContent-Type: text/plain; charset=iso-8859-2\r\nMessage-ID: <r@x.example>\r\n\r\n"
    body = raw.encode() + "Želim vračilo denarja.\r\n".encode("iso-8859-2")
    event = event_of({"body-mime": body, "body-plain": None, "message-headers": None, "subject": "?"})

    assert event.customer is not None
    assert (event.customer.name, event.text) == ("Žan", "Želim vračilo denarja.")
    assert event.provider_event_id == "<r@x.example>"


def test_header_fields_of_the_form_stand_in_for_the_list() -> None:
    fields = {"message-headers": "not json", "Message-Id": "<f@x.example>", "References": "<a@x> <b@x>"}
    event = event_of({**fields, "From": "Ana <ana@x.example>", "Auto-Submitted": "auto-replied"})

    assert (event.provider_event_id, event.thread_id, event.in_reply_to) == (
        "<f@x.example>",
        "<a@x>",
        "<b@x>",
    )
    assert event.kind == "auto_reply"


def test_several_recipients_and_a_plus_address() -> None:
    event = event_of({"recipient": "support+t9@acme.example,  Sales@acme.example"})

    assert (event.account, event.also_to) == ("support@acme.example", ("sales@acme.example",))
    assert event.thread_id == "t9"


def test_mail_without_an_id_has_one_that_a_repeated_post_has_again() -> None:
    pairs = [pair for pair in PAIRS if pair[0] != "Message-Id"]
    first, again = (event_of(pairs=pairs, token=token, at=at) for token, at in (("a", NOON), ("b", NOON - 9)))
    other = event_of({"body-plain": "Nešto drugo"}, pairs=pairs)

    assert first.provider_event_id == again.provider_event_id != other.provider_event_id


def test_null_sender_makes_a_delivery_notice_a_bounce() -> None:
    pairs = [["From", "x@y.example"], ["Subject", "Unzustellbar: Rechnung"]]

    assert event_of({"sender": "", "subject": ""}, pairs=pairs).kind == "bounce"
    assert event_of({"subject": ""}, pairs=pairs).kind == "message"


def test_forged_post_is_answered_406_and_leaves_nothing() -> None:
    good = mailgun()
    forged = [
        mailgun(key="another"),
        mailgun(key=""),
        mailgun({"token": "x" * 50}),
        mailgun({"timestamp": str(NOON + 1)}),
        mailgun({"signature": ""}),
        mailgun({"signature": None}),
        mailgun({"signature": SIGNING_KEY}),
        mailgun(token="t" * 300),
        mailgun(token=""),
        replace(good, body=b""),
        replace(good, body=good.body.replace(b"signature=", b"signature=0")),
        replace(good, headers={"content-type": "application/json"}),
        replace(good, headers={"content-type": "multipart/form-data"}),
        replace(good, headers={"content-type": "application/json"}, body=b'{"signature": []}'),
    ]
    for delivery in forged:
        reading = read(delivery, MAILGUN_KNOWN)
        assert (reading.reply.status, reading.events, reading.problems) == (406, (), ())
    assert read(good, Known()).reply.status == 406


@pytest.mark.parametrize(
    ("age", "right"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)]
)
def test_timestamp_counts_within_the_window(age: int, right: bool) -> None:
    assert read(mailgun(at=NOON - age), MAILGUN_KNOWN).verdict.signature_valid == right
    values = {**MAILGUN_KNOWN.values, module.WINDOW_SECONDS.name: ("3600",)}
    assert read(mailgun(at=NOON - age), Known(values=values)).verdict.signature_valid


@pytest.mark.parametrize(("given", "wrong"), [("300", False), ("0", True), ("43201", True), ("five", True)])
def test_window_has_bounds(given: str, wrong: bool) -> None:
    assert module.WINDOW_SECONDS.fault is not None
    assert bool(module.WINDOW_SECONDS.fault((given,))) == wrong


def test_nonce_is_the_token() -> None:
    assert module.WEBHOOK.nonce_of(mailgun(token="abc")) == "abc"
    assert module.WEBHOOK.nonce_of(mailgun_event({}, token="def")) == "def"
    assert module.WEBHOOK.nonce_of(replace(mailgun(), headers={"content-type": "text/html"})) == ""


def sent(event: str, **more: Any) -> dict[str, Any]:
    return {
        "event": event,
        "id": "ev-1",
        "timestamp": 1_775_217_600.25,
        "recipient": "ana@x.example",
        "message": {"headers": {"message-id": "o1@acme.example", "from": "Acme <support+t1@acme.example>"}},
        **more,
    }


@pytest.mark.parametrize(
    ("more", "report"),
    [
        (
            {"severity": "permanent", "delivery-status": {"code": 550, "message": "5.1.1 no such user"}},
            Report("ana@x.example", "failed", "5.1.1"),
        ),
        (
            {"severity": "temporary", "delivery-status": {"code": 452, "enhanced-code": "4.2.2"}},
            Report("ana@x.example", "delayed", "4.2.2"),
        ),
        ({"severity": "permanent", "delivery-status": {"code": 605}}, Report("ana@x.example", "failed", "")),
        ({}, Report("ana@x.example", "failed", "")),
    ],
)
def test_failure_of_a_mail_of_ours_is_a_bounce_with_its_report(more: dict[str, Any], report: Report) -> None:
    (event,) = read(mailgun_event(sent("failed", **more)), MAILGUN_KNOWN).events

    assert (event.kind, event.reports) == ("bounce", (report,))
    assert (event.about_id, event.account) == ("<o1@acme.example>", "support@acme.example")
    assert (event.provider_event_id, event.occurred_at_ms) == ("ev-1", NOON_MS + 250)


@pytest.mark.parametrize("event", ["delivered", "opened", "clicked", "unsubscribed", "accepted", "stored"])
def test_receipts_are_counted_only(event: str) -> None:
    reading = read(mailgun_event(sent(event)), MAILGUN_KNOWN)

    assert (reading.events, reading.dropped, reading.problems) == ((), (event,), ())


def test_complaint_and_what_nobody_knows() -> None:
    (event,) = read(mailgun_event(sent("complained")), MAILGUN_KNOWN).events
    assert (event.kind, event.reports[0].action) == ("complaint", "abuse")

    def reasons(given: Any) -> tuple[list[str], int]:
        reading = read(mailgun_event(given), MAILGUN_KNOWN)
        return [problem.reason for problem in reading.problems], reading.reply.status

    assert reasons(sent("teleported")) == (["unknown_event"], 200)
    assert reasons(sent("failed", id="")) == (["unreadable"], 200)
    assert reasons([]) == (["unreadable"], 200)


def test_older_webhooks_are_forms_with_an_event() -> None:
    def old(event: str, **more: str) -> dict[str, Any]:
        return {"event": event, "body-plain": None, "recipient": "ana@x.example", **more}

    (event,) = read(mailgun(old("bounced", code="550", error="5.1.1 unknown")), MAILGUN_KNOWN).events
    assert (event.kind, event.reports) == ("bounce", (Report("ana@x.example", "failed", "5.1.1"),))
    assert event.about_id == "<mg1@x.example>"
    assert read(mailgun(old("delivered")), MAILGUN_KNOWN).dropped == ("delivered",)


def test_bounce_in_parts_is_read_with_its_report() -> None:
    status = b"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; a@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    original = b"Message-ID: <o1@acme.example>\r\n\r\nText"
    files = [
        ("attachment1", "report", "message/delivery-status", status),
        ("attachment2", "mail", "message/rfc822", original),
    ]
    pairs = [["From", "MAILER-DAEMON@mx.example"], ["Subject", "Delivery Status Notification (Failure)"]]
    event = event_of({"subject": ""}, files=files, pairs=pairs)

    assert (event.kind, event.about_id) == ("bounce", "<o1@acme.example>")
    assert event.reports == (Report("a@x.example", "failed", "5.1.1"),)
