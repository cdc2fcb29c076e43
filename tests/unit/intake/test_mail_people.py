"""Who wrote, and which conversation it is (channels.md 3.1)."""

from __future__ import annotations

import pytest

from services.intake.canonical import CanonicalEvent
from services.intake.mail.delivery import Envelope, read_mail


def event_of(*fields: str, to: str = "support@acme.example") -> CanonicalEvent:
    data = "\r\n".join((*fields, "Message-ID: <own@x.example>", "", "Words."))
    return read_mail(Envelope("a@x.example", (to,), data.encode(), 1)).events[0]


@pytest.mark.parametrize(
    ("fields", "address", "name"),
    [
        (("From: Ana <Ana@X.example>", "Reply-To: other@y.example"), "ana@x.example", "Ana"),
        (("From: no-reply@shop.example", "Reply-To: Ana <ana@x.example>"), "ana@x.example", "Ana"),
        (("From: Form <wordpress@acme.example>", "Reply-To: ana@x.example"), "ana@x.example", ""),
        (("From: Web <support@acme.example>", "Reply-To: Ana <ana@x.example>"), "ana@x.example", "Ana"),
        (
            ("From: 'Ana Novak' via Support <support@acme.example>", "X-Original-From: ana@x.example"),
            "ana@x.example",
            "Ana Novak",
        ),
        (
            (
                "From: Ana via Users <users@list.example>",
                "X-Original-From: Ana <ana@x.example>",
                "List-Id: <users.list.example>",
            ),
            "ana@x.example",
            "Ana",
        ),
        (("From: Ana <ana@x.example>, Bor <bor@x.example>", "Sender: bor@x.example"), "ana@x.example", "Ana"),
        (
            ("From: Ana <ana@x.example>", "Reply-To: users@list.example", "List-Id: <users.list.example>"),
            "ana@x.example",
            "Ana",
        ),
    ],
)
def test_the_customer_is_who_wrote(fields: tuple[str, ...], address: str, name: str) -> None:
    customer = event_of(*fields).customer

    assert customer is not None
    assert (customer.value, customer.name) == (address, name)


@pytest.mark.parametrize(
    "sender",
    ["jane@example", "<>", "MAILER-DAEMON@mx.example", "no-reply@shop.example", "support@acme.example"],
)
def test_nobody_is_made_up(sender: str) -> None:
    customer = event_of(f"From: {sender}", "Reply-To: no-reply@shop.example").customer

    assert customer is not None
    assert customer.value in ("", sender)


@pytest.mark.parametrize(
    ("fields", "thread"),
    [
        (("References: <a@x> <b@x>", "In-Reply-To: <b@x>"), "<a@x>"),
        (("References: a@x, b@x",), "<a@x>"),
        (("References: <a\r\n @x>\r\n\t<b@x>",), "<a@x>"),
        (("References: (first) <a@x> (last) <b@x>",), "<a@x>"),
        (("References:", "In-Reply-To: <b@x> (Ana's message of Friday)"), "<b@x>"),
        (('In-Reply-To: Message from Ana <ana@x.example> of "Fri, 3 Apr" <b@x>',), "<b@x>"),
        (("In-Reply-To: ",), "<own@x.example>"),
        ((), "<own@x.example>"),
    ],
)
def test_the_thread_is_the_first_mail_that_is_referred_to(fields: tuple[str, ...], thread: str) -> None:
    assert event_of("From: ana@x.example", *fields).thread_id == thread


def test_same_subject_is_no_thread() -> None:
    one = event_of("From: ana@x.example", "Subject: Re: Order")
    data = b"From: bor@x.example\r\nMessage-ID: <other@x>\r\nSubject: Re: Order\r\n\r\nHi"
    other = read_mail(Envelope("a@x.example", ("support@acme.example",), data, 1)).events[0]

    assert one.thread_id != other.thread_id
