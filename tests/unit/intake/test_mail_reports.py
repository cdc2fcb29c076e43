"""Bounces and complaints: who, what, why, about which mail (RFC 3464, 5965; channels.md 3.2)."""

from __future__ import annotations

import json
import time

import pytest

from services.intake.canonical import CanonicalEvent, Report
from services.intake.mail.delivery import Envelope, read_mail
from services.intake.mail.reports import recipient_of, status_in

DAEMON = "From: MAILER-DAEMON@mx.example\r\nTo: support@acme.example\r\nSubject: failure notice\r\n"


def event_of(data: str, mail_from: str = "<>") -> CanonicalEvent:
    envelope = Envelope(mail_from, ("support@acme.example",), data.encode(), 1)
    return read_mail(envelope).events[0]


def report(status: str) -> str:
    return (
        f"{DAEMON}Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\n\r\nSorry.\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <7@acme.example>\r\nTo: ana@x.example\r\n\r\n--b--\r\n"
    )


def test_every_recipient_of_a_report_is_told_as_given() -> None:
    found = event_of(
        report(
            "Reporting-MTA: dns; mx.example\r\n\r\n"
            "Final-Recipient: rfc822; ana@x.example\r\nAction: failed (mailbox\r\n full)\r\nStatus: 5.2.2 (full)\r\n\r\n"
            "Original-Recipient: rfc822;bor+2Btag@x.example\r\nAction: Delayed\r\nStatus: 4.4.1\r\n\r\n"
            "Final-Recipient: utf-8; sp\\x{e9}la@x.example\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n unknown\r\n"
        )
    )

    assert found.kind == "bounce"
    assert found.about_id == "<7@acme.example>"
    assert found.reports == (
        Report("ana@x.example", "failed", "5.2.2"),
        Report("bor+2Btag@x.example", "delayed", "4.4.1"),
        Report("spéla@x.example", "failed", "5.1.1"),
    )


@pytest.mark.parametrize(
    ("words", "reports"),
    [
        (
            "Hi. This is the qmail-send program.\n\n<ana@x.example>:\nRemote host said: 550 5.1.1 unknown\n\n"
            "<bor@x.example>:\n192.0.2.25 said: 552 full\n\n--- Below this line is a copy of the message.\n\nFrom: <we@acme.example>\n",
            (Report("ana@x.example", "failed", "5.1.1"), Report("bor@x.example", "failed", "5.0.0")),
        ),
        (
            "The following address failed:\n\n  ana@x.example\n    mailbox is full: retry timeout\n",
            (Report("ana@x.example", "failed", "5.2.2"),),
        ),
        (
            "THIS IS A WARNING MESSAGE ONLY.\nDelivery to the following recipient has been delayed:\n   ana@x.example\n",
            (Report("ana@x.example", "delayed", "4.0.0"),),
        ),
        (
            "Ihre Nachricht konnte nicht zugestellt werden an <ana@x.example>.\nHelp: <help@mx.example>\n",
            (Report("ana@x.example", "failed", "5.0.0"),),
        ),
        (
            "Technical report:\nAction: failed\nFinal-Recipient: rfc822; ana@x.example\nStatus: 5.1.1\n",
            (Report("ana@x.example", "failed", "5.1.1"),),
        ),
    ],
)
def test_without_fields_the_words_tell(words: str, reports: tuple[Report, ...]) -> None:
    assert event_of(f"{DAEMON}\r\n{words}").reports == reports


def test_failed_recipients_of_the_header_count_first() -> None:
    found = event_of(
        f"{DAEMON}X-Failed-Recipients: ana@x.example, bor@x.example\r\n\r\nWrite to <help@mx.example>.\r\n"
    )

    assert [one.recipient for one in found.reports] == ["ana@x.example", "bor@x.example"]


@pytest.mark.parametrize("wrapped", [False, True])
def test_ses_tells_bounces_as_json_in_a_mail_of_sns(wrapped: bool) -> None:
    notice = {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bouncedRecipients": [
                {"emailAddress": "ana@x.example", "action": "failed", "status": "5.1.1"},
                {"emailAddress": "bor@x.example", "diagnosticCode": "smtp; 552 5.2.2 full"},
            ],
        },
        "mail": {"messageId": "0101-ses", "commonHeaders": {"messageId": "<7@acme.example>"}},
    }
    head = "From: AWS <no-reply@sns.amazonaws.com>\r\nSubject: AWS Notification Message\r\n\r\n"
    raw = json.dumps(notice)
    told = json.dumps({"Type": "Notification", "Message": raw}) if wrapped else raw
    found = event_of(head + told + "\r\n\r\n--\r\nTo unsubscribe\r\n", "x@amazonses.com")

    assert (found.kind, found.about_id) == ("bounce", "<7@acme.example>")
    assert found.reports == (
        Report("ana@x.example", "failed", "5.1.1"),
        Report("bor@x.example", "failed", "5.2.2"),
    )


def test_other_notices_of_ses_are_nobodys_question() -> None:
    head = "From: AWS <no-reply@sns.amazonaws.com>\r\nSubject: AWS Notification Message\r\n\r\n"

    assert (
        event_of(head + '{"notificationType":"Delivery","mail":{}}', "x@amazonses.com").kind == "auto_reply"
    )


def test_a_complaint_names_who_complained() -> None:
    data = (
        "From: fbl@isp.example\r\nSubject: FW: hi\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nOriginal-Rcpt-To: <ana@x.example>\r\n\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <7@acme.example>\r\n\r\nHi\r\n--b--\r\n"
    )
    found = event_of(data)

    assert (found.kind, found.about_id) == ("complaint", "<7@acme.example>")
    assert found.reports == (Report("ana@x.example", "abuse"),)


FORWARDED = {
    "as text": "From: Ana <ana@x.example>\r\nSubject: Fwd: Undelivered Mail Returned to Sender\r\n\r\nWhy did this come back?\r\n\r\n> <bor@x.example>: 550 5.1.1\r\n",
    "as attachment": (
        "From: Ana <ana@x.example>\r\nSubject: Undeliverable mail, what now?\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\n\r\nWhy?\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=c\r\n\r\n"
        "--c\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; bor@x.example\r\n--c--\r\n--b--\r\n"
    ),
}


@pytest.mark.parametrize("how", FORWARDED)
def test_a_customer_who_forwards_a_bounce_asks_something(how: str) -> None:
    found = event_of(FORWARDED[how], "ana@x.example")

    assert (found.kind, found.reports) == ("message", ())


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        ("rfc822; ana@x.example", "ana@x.example"),
        ("RFC822;<ana@x.example>", "ana@x.example"),
        ("ana@x.example", "ana@x.example"),
        ("rfc822; ana+40x.example", "ana@x.example"),
        ("utf-8; \\x{448}@x.example", "ш@x.example"),
        ("utf-8; \\x{ffffffff}@x", "\\x{ffffffff}@x"),
        ("", ""),
    ],
)
def test_address_types_are_decoded(raw: str, address: str) -> None:
    assert recipient_of(raw) == address


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("550 5.1.1 unknown", "5.1.1"),
        ("host 192.0.2.25 said: 421 try later", "4.0.0"),
        ("550-5.7.26 x", "5.7.26"),
        ("port 5.1.1.2", ""),
        ("order 5501", ""),
    ],
)
def test_a_status_is_no_address_of_a_host(words: str, status: str) -> None:
    assert status_in(words) == status


def test_a_long_bounce_takes_time_in_proportion() -> None:
    def took(lines: int) -> float:
        data = DAEMON + "\r\n" + "<a@b.example> to: <c@d.example>: 550 550-5 x@y z@" * lines
        began = time.thread_time()
        event_of(data + "\n<ana@x.example>: 5.1.1\n" * lines)
        return time.thread_time() - began

    took(100)
    assert min(took(8_000), took(8_000)) < 40 * max(took(800), 0.005)
