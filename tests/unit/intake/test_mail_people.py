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
        (("From: Our shop <shop@acme.example>", "Reply-To: Ana <ana@x.example>"), "ana@x.example", "Ana"),
        (
            ("From: shop@acme.example", "Reply-To: sales@acme.example, Ana <ana@x.example>"),
            "ana@x.example",
            "Ana",
        ),
        (("From: Acme (Shop) <mailer@shops.example>", "Reply-To: ana@x.example"), "ana@x.example", ""),
        (("From: Site <form-submission@sites.example>", "Reply-To: ana@x.example"), "ana@x.example", ""),
        (
            ("From: Bor <bor@acme.example>", "Reply-To: sales@acme.example"),
            "bor@acme.example",
            "Bor",
        ),
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
        (("From: Ana@Work <ana@x.example>",), "ana@x.example", "Ana@Work"),
        (("From: 'ana@x.example' <ana@x.example>",), "ana@x.example", "ana@x.example"),
        (('From: "Ana Novak <ana@x.example>"',), "ana@x.example", "Ana Novak"),
        (("From: =?utf-8?Q?Ana_Novak_=3Cana=40x.example=3E?=",), "ana@x.example", "Ana Novak"),
        (("From: Ana Novak ana@x.example",), "ana@x.example", "Ana Novak"),
        (("From: =?utf-8?B?QW5h?= <=?utf-8?Q?ana=40x.example?=>",), "ana@x.example", "Ana"),
        (('From: Ana <"Ana Novak"@x.example>',), '"ana novak"@x.example', "Ana"),
        (('From: Ana <"ana"@X.example.>',), "ana@x.example", "Ana"),
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


@pytest.mark.parametrize("domain", ["gmail.com", "hotmail.de", "yahoo.co.uk", "freenet.de", "eunet.rs"])
def test_a_mail_provider_s_domain_makes_nobody_a_form_or_a_colleague(domain: str) -> None:
    asked = event_of(f"From: Ana <ana@{domain}>", "Reply-To: ana@work.example", to=f"acme.shop@{domain}")
    copied = event_of(
        f"From: Ana <ana@{domain}>", "To: bor@law.example", "In-Reply-To: <q@x>", to=f"acme.shop@{domain}"
    )

    for event in (asked, copied):
        assert event.customer is not None
        assert (event.direction, event.customer.value) == ("inbound", f"ana@{domain}")


OURS = ("From: Acme <support@acme.example>", "In-Reply-To: <q@x.example>")


@pytest.mark.parametrize(
    "copies",
    [
        ("To: Ana <Ana@x.example>", "Cc: support@acme.example"),
        ("To: support@acme.example", "Cc: Ana <ana@x.example>"),
        ("To: Support <support+t7@acme.example>, Ana <ana@x.example>", "Reply-To: support@acme.example"),
    ],
)
def test_a_copy_of_what_we_wrote_is_our_answer_and_no_contact(copies: tuple[str, ...]) -> None:
    event = event_of(*OURS, *copies)

    assert (event.kind, event.direction, event.thread_id) == ("message", "outbound", "<q@x.example>")
    assert event.customer is not None
    assert event.customer.value == "ana@x.example"


def test_a_colleague_who_answers_with_us_in_copy_answers_for_us() -> None:
    answer = ("From: Bor <bor@acme.example>", "To: Ana <ana@x.example>", "Cc: Support <support@acme.example>")
    event = event_of(*answer, "References: <q@x.example>")

    assert (event.direction, event.thread_id) == ("outbound", "<q@x.example>")
    assert event.customer is not None
    assert event.customer.value == "ana@x.example"


@pytest.mark.parametrize(
    "fields",
    [
        ("From: bor@acme.example", "To: support@acme.example", "Cc: ana@x.example"),
        ("From: bor@acme.example", "To: eva@acme.example", "Cc: support@acme.example"),
        ("From: bor@acme.example", "To: support@acme.example, ana@x.example"),
        ("From: ana@x.example", "To: bor@y.example", "Cc: support@acme.example"),
        ("From: bor@acme.example", "To: ana@x.example", "Cc: support@acme.example"),
    ],
)
def test_who_writes_to_us_is_a_customer_also_when_he_is_a_colleague(fields: tuple[str, ...]) -> None:
    assert event_of(*fields).direction == "inbound"


LIST = ("To: support@acme.example", "Cc: Ana <ana@x.example>", "List-Id: <support.acme.example>")


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        (
            ("From: Acme form <support@acme.example>", "To: support@acme.example", "Cc: ana@x.example"),
            "ana@x.example",
        ),
        (("From: Ana via Support <support@acme.example>", *LIST), "ana@x.example"),
        (("From: Ana via Support <support@acme.example>", "In-Reply-To: <q@x>", *LIST), "ana@x.example"),
        (("From: Bor via Support <support@acme.example>", *LIST), "support@acme.example"),
        (
            ("From: Ana (via support Mailing List) <support@acme.example>", "In-Reply-To: <q@x>", *LIST),
            "ana@x.example",
        ),
        (
            (
                "From: Ana über Support <support@acme.example>",
                "To: bor@y.example",
                "Cc: support@acme.example",
            ),
            "support@acme.example",
        ),
        (
            ("From: support@acme.example", "To: support@acme.example", "Cc: ana@x.example, bor@y.example"),
            "support@acme.example",
        ),
    ],
)
def test_what_a_form_or_a_list_passes_on_in_our_name_is_a_contact(
    fields: tuple[str, ...], address: str
) -> None:
    """Mailman and Sympa rewrite From for DMARC and put the writer into Cc where answers go to the list."""
    event = event_of(*fields)

    assert event.direction == "inbound"
    assert event.customer is not None
    assert event.customer.value == address


@pytest.mark.parametrize(
    "fields",
    [
        ("To: support@acme.example",),
        ("To: undisclosed-recipients:;",),
        ("To: Ana <ana@x.example>", "Auto-Submitted: auto-replied"),
    ],
)
def test_what_a_form_of_ours_writes_to_nobody_else_is_no_answer(fields: tuple[str, ...]) -> None:
    assert event_of(*OURS, *fields).direction == "inbound"


def test_same_subject_is_no_thread() -> None:
    one = event_of("From: ana@x.example", "Subject: Re: Order")
    data = b"From: bor@x.example\r\nMessage-ID: <other@x>\r\nSubject: Re: Order\r\n\r\nHi"
    other = read_mail(Envelope("a@x.example", ("support@acme.example",), data, 1)).events[0]

    assert one.thread_id != other.thread_id
