"""SendGrid Inbound Parse: who may post, charsets by field, raw mails, bounds (channels.md 2.2)."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from services.intake.canonical import CanonicalEvent, Known, Report
from services.intake.channels import sendgrid as module
from services.intake.channels.forms import FIELDS_MAX
from tests.unit.intake.mailed import HEADERS, SENDGRID_KNOWN, URL_KEY, ec_public, sendgrid
from tests.unit.intake.world import NOON_MS, read

NOON = NOON_MS // 1000
POLICY = Known(values={module.PUBLIC_KEYS.name: (ec_public(),), module.URL_KEYS.name: (URL_KEY,)})


def event_of(fields: dict[str, Any] | None = None, **more: Any) -> CanonicalEvent:
    (event,) = read(sendgrid(fields, **more), SENDGRID_KNOWN).events
    return event


@pytest.mark.parametrize("encoded", [False, True])
def test_mail_is_read_from_either_kind_of_form(encoded: bool) -> None:
    event = event_of(encoded=encoded)

    assert event.customer is not None
    assert (event.customer.value, event.customer.name) == ("juergen@example.de", "Jürgen Groß")
    assert (event.subject, event.text) == ("Rechnung", "Wo bleibt meine Rechnung vom März?")
    assert (event.provider_event_id, event.account) == ("<m1@example.de>", "support@acme.example")
    assert event.occurred_at_ms == NOON_MS


@pytest.mark.parametrize(
    ("charset", "words"),
    [
        ("windows-1252", "Grüße aus München – „bald“"),
        ("iso-8859-2", "Vraćam pošiljku, račun priložen"),
        ("windows-1250", "Želim reklamirati izdelek"),
        ("windows-1251", "Вратите ми новац за пошиљку"),
        ("koi8-r", "Где мой заказ"),
        ("UTF-8", "నా ఆర్డర్ ఎక్కడ ఉంది"),
        ("utf-16", "Onde está a encomenda"),
        ("klingon", "Onde está a encomenda"),
    ],
)
def test_each_field_has_a_charset_of_its_own(charset: str, words: str) -> None:
    codec = "utf-8" if charset == "klingon" else charset
    charsets = f'{{"text": "{charset}", "subject": "UTF-8"}}'
    event = event_of({"text": words.encode(codec), "subject": "Grüße", "charsets": charsets})

    assert (event.text, event.subject) == (words, "Grüße")


def test_html_alone_is_read_in_its_charset() -> None:
    html = "<p>Gde je moj račun?</p><blockquote type='cite'>Poslat je.</blockquote>"
    event = event_of({"text": None, "html": html.encode("cp1250"), "charsets": '{"html": "windows-1250"}'})

    assert event.text == "Gde je moj račun?"


def test_raw_mail_is_read_as_by_smtp() -> None:
    raw = (
        b"From: =?utf-8?B?0JDQvdCw?= <ana@x.example>\r\nMessage-ID: <r1@x.example>\r\nSubject: =?utf-8?Q?Ra=C4=8Dun?=\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: text/plain; charset=iso-8859-5\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ) + "Где је пакет?".encode("iso-8859-5")
    raw += (
        b"\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b--\r\n"
    )
    event = event_of({"email": raw, "headers": None, "text": None, "subject": None})

    assert event.customer is not None
    assert (event.customer.name, event.subject, event.text) == ("Ана", "Račun", "Где је пакет?")
    assert (event.attachments, event.provider_event_id) == (1, "<r1@x.example>")


def test_attachments_are_counted_and_are_no_text() -> None:
    files = [
        ("attachment1", "a.txt", "text/plain", b"no words"),
        ("attachment2", "b.png", "image/png", b"\x89"),
    ]
    event = event_of({"attachments": "2"}, files=files)

    assert (event.attachments, "no words" in event.text) == (2, False)
    assert event_of({"attachments": "many"}).attachments == 0


def test_mail_without_an_id_has_one_derived_from_envelope_headers_and_body() -> None:
    headers = HEADERS.replace("Message-ID: <m1@example.de>\n", "")
    one, same, other = (
        event_of({"headers": headers, "text": text}).provider_event_id for text in ("a", "a", "b")
    )

    assert one == same != other


def test_account_is_the_envelopes_and_not_the_address_fields() -> None:
    event = event_of(
        {"envelope": '{"to": ["sales+t7@acme.example", "b@acme.example"], "from": "x@y.example"}'}
    )

    assert (event.account, event.also_to, event.thread_id) == (
        "sales@acme.example",
        ("b@acme.example",),
        "t7",
    )
    to = HEADERS.replace("To: support@acme.example", "To: Team: Help <help@acme.example>, b@acme.example;")
    assert event_of({"envelope": "not json", "headers": to}).account == "help@acme.example"


def test_null_envelope_sender_makes_a_delivery_notice_a_bounce() -> None:
    headers = HEADERS.replace("Rechnung", "Undelivered Mail Returned to Sender")
    fields = {"headers": headers, "envelope": '{"to": ["s@acme.example"], "from": ""}', "subject": None}

    assert event_of(fields).kind == "bounce"
    assert (
        event_of({**fields, "envelope": '{"to": ["s@acme.example"], "from": "a@b.example"}'}).kind
        == "message"
    )


def test_url_key_counts_alone_only() -> None:
    assert read(sendgrid(), SENDGRID_KNOWN).verdict.scheme == "url_key"
    assert read(sendgrid(key="wrong"), SENDGRID_KNOWN).reply.status == 403
    assert read(sendgrid(key=f"{URL_KEY}&key={URL_KEY}"), SENDGRID_KNOWN).reply.status == 403
    assert read(sendgrid(key=""), Known()).reply.status == 403
    assert read(sendgrid(), POLICY).reply.status == 403


@pytest.mark.parametrize("pem", [True, False])
def test_signature_of_the_policy_verifies_with_either_form_of_the_key(pem: bool) -> None:
    known = Known(values={module.PUBLIC_KEYS.name: ("nonsense", ec_public(pem=pem))})

    assert read(sendgrid(signed_at=NOON), known).verdict.signature_valid
    delivery = sendgrid(signed_at=NOON)
    changed = delivery.body.replace(b"Rechnung", b"Rechnunh", 1)
    assert read(replace(delivery, body=changed), known).reply.status == 403


@pytest.mark.parametrize(
    ("age", "right"),
    [
        (0, True),
        (3 * 24 * 3_600, True),
        (module.SIGNED_SECONDS_MAX + 1, False),
        (-module.AHEAD_SECONDS_MAX, True),
        (-module.AHEAD_SECONDS_MAX - 1, False),
    ],
)
def test_timestamp_counts_within_the_days_that_sendgrid_repeats(age: int, right: bool) -> None:
    assert read(sendgrid(signed_at=NOON - age), POLICY).verdict.signature_valid == right


@pytest.mark.parametrize("header", ["signature", "timestamp"])
def test_missing_header_is_a_wrong_one(header: str) -> None:
    delivery = sendgrid(signed_at=NOON)
    name = f"x-twilio-email-event-webhook-{header}"
    for value in ("", "%%%", "0", "1e9", "\udcff"):
        assert not read(
            replace(delivery, headers={**delivery.headers, name: value}), POLICY
        ).verdict.signature_valid


def test_bearer_token_counts_where_no_key_is() -> None:
    known = Known(values={module.BEARER_TOKENS.name: ("t-1",), module.URL_KEYS.name: (URL_KEY,)})
    delivery = sendgrid()

    def valid(given: str) -> bool:
        return read(
            replace(delivery, headers={**delivery.headers, "authorization": given}), known
        ).verdict.signature_valid

    assert valid("Bearer t-1")
    assert not any(map(valid, ("", "Bearer", "Bearer t-2", "Basic t-1")))
    assert not read(delivery, known).verdict.signature_valid


@pytest.mark.parametrize("given", ["x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "AAAA"])
def test_key_that_is_none_is_told_at_the_start(given: str) -> None:
    assert module.PUBLIC_KEYS.fault is not None
    assert "P-256" in module.PUBLIC_KEYS.fault((given,))
    assert module.PUBLIC_KEYS.fault((ec_public(), ec_public(pem=False))) == ""


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=text\r\n\r\nhalf"),
        ("multipart/form-data; boundary=b", b"\x00" * 1000),
        ("multipart/form-data; boundary=" + "b" * 5_000, b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nX: 1\r\n\r\n\r\n" * (FIELDS_MAX + 2)),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"X: 1\r\n" * 10_000 + b"\r\n\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n\r\n--b--\r\n"),
        ("application/x-www-form-urlencoded", b"&a=1" * (FIELDS_MAX + 2)),
        ("application/x-www-form-urlencoded", b"%%%zz=%u0000&=&"),
        ("application/json", b"{}"),
        ("multipart/form-data; boundary=b", b"--b--\r\n"),
    ],
)
def test_body_that_is_no_mail_is_one_dead_letter_soon_and_no_line_in_the_log(
    kind: str, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.thread_time()
    delivery = sendgrid()
    reading = read(replace(delivery, headers={"content-type": kind}, body=body), SENDGRID_KNOWN)

    assert ([problem.reason for problem in reading.problems], reading.reply.status) == (["unreadable"], 200)
    assert time.thread_time() - began < 1
    assert caplog.records == []


def test_bounce_in_parts_is_read_with_its_report() -> None:
    status = b"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; a@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    original = b"Message-ID: <o1@acme.example>\r\n\r\nText"
    files = [
        ("attachment1", "report", "message/delivery-status", status),
        ("attachment2", "mail", "message/rfc822", original),
    ]
    headers = HEADERS.replace("Rechnung", "Delivery Status Notification (Failure)")
    event = event_of({"headers": headers, "subject": None}, files=files)

    assert (event.kind, event.about_id) == ("bounce", "<o1@acme.example>")
    assert event.reports == (Report("a@x.example", "failed", "5.1.1"),)
