"""Mail: reading what is broken, threads, newest words, HTML, charsets (channels.md 3)."""

from __future__ import annotations

import time

import pytest

from services.contract.facts import ContactArrived, NonContactSeen
from services.intake.accounts import Account, Accounts
from services.intake.canonical import CanonicalEvent
from services.intake.mail.charsets import decode
from services.intake.mail.delivery import Envelope, read_mail
from services.intake.mail.headers import Mailbox, mailboxes, message_ids, words
from services.intake.mail.html import html_to_text
from services.intake.mail.newest import newest_words
from services.intake.mail.parse import parse_mail
from tests.unit.intake.world import NOON_MS, interpreter

PLAIN = b"From: Ana <ana@x.example>\r\nTo: support@acme.example\r\nSubject: Racun\r\nMessage-ID: <1@x.example>\r\n\r\nZdravo\r\n"


def events(
    data: bytes, *, mail_from: str = "ana@x.example", to: tuple[str, ...] = ("support@acme.example",)
) -> tuple[CanonicalEvent, ...]:
    return read_mail(Envelope(mail_from, to, data, NOON_MS)).events


def test_mail_for_several_mailboxes_is_one_event_and_one_fact_a_desk() -> None:
    to = ("support@acme.example", "Sales+7@acme.example", "support+x@acme.example", "help@bolt.example")
    accounts = Accounts({"help@bolt.example": Account("bolt")}, "acme")

    (event,) = events(PLAIN, to=to)
    assert (event.account, event.also_to) == (
        "support@acme.example",
        ("sales@acme.example", "help@bolt.example"),
    )
    found = interpreter(accounts).events("smtp", read_mail(Envelope("", to, PLAIN, 1)), PLAIN, 1)
    bodies = [fact.body for fact in found.facts if isinstance(fact.body, ContactArrived)]
    assert [body.account for body in bodies] == ["support@acme.example", "help@bolt.example"]
    assert [fact.desk_id for fact in found.facts] == ["acme", "bolt"]


def test_mailbox_that_is_nobodys_is_passed_over_when_another_is_a_desks() -> None:
    accounts = Accounts({"help@bolt.example": Account("bolt")})
    read = read_mail(Envelope("", ("else@other.example", "help@bolt.example"), PLAIN, 1))

    found = interpreter(accounts).events("smtp", read, PLAIN, 1)
    assert ([fact.desk_id for fact in found.facts], found.problems) == (["bolt"], ())


def test_same_mail_is_the_same_fact_with_and_without_an_id() -> None:
    for data in (PLAIN, PLAIN.replace(b"Message-ID: <1@x.example>\r\n", b"")):
        twice = [
            interpreter()
            .events("smtp", read_mail(Envelope("", ("s@acme.example",), data, at)), data, at)
            .facts[0]
            for at in (NOON_MS, NOON_MS + 1)
        ]
        assert twice[0].fact_id == twice[1].fact_id


def test_plus_part_of_our_address_is_the_thread_of_a_mail_that_answers_nothing() -> None:
    assert events(PLAIN, to=("support+t9@acme.example",))[0].thread_id == "t9"
    answer = PLAIN.replace(b"\r\n\r\n", b"\r\nReferences: <0@x.example>\r\n\r\n", 1)
    assert events(answer, to=("support+t9@acme.example",))[0].thread_id == "<0@x.example>"


def test_null_sender_with_a_bounces_subject_is_a_bounce() -> None:
    data = PLAIN.replace(b"Racun", b"Undeliverable: Racun")
    fact = (
        interpreter()
        .events("smtp", read_mail(Envelope("<>", ("s@acme.example",), data, 1)), data, 1)
        .facts[0]
    )

    assert isinstance(fact.body, NonContactSeen)
    assert fact.body.kind == "bounce"


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@x> <b@x>", ["<a@x>", "<b@x>"]),
        ("a@x", ["<a@x>"]),
        ("(a comment) <a@x>, <b@x>", ["<a@x>", "<b@x>"]),
        ("", []),
        ("   ", []),
    ],
)
def test_ids_may_lack_brackets_and_carry_comments(value: str, ids: list[str]) -> None:
    assert message_ids(value) == ids


def test_encoded_words_are_decoded_in_names_and_subjects() -> None:
    assert words("=?utf-8?q?=C5=A0pela?= =?iso-8859-1?q?_M=FCller?=") == "Špela Müller"
    assert mailboxes("=?utf-8?q?=C5=A0pela?= <s@x.example>, b@y.example") == [
        Mailbox("Špela", "s@x.example"),
        Mailbox("", "b@y.example"),
    ]
    assert words("=?no-such?q?x?=") == "x"


@pytest.mark.parametrize(
    ("text", "codec", "languages"),
    [
        ("naročilo čaka", "cp1250", ("sl",)),
        ("поруџбина касни", "cp1251", ("sr",)),
        ("Rückgabe größer", "cp1252", ("de",)),
        ("žluťoučký", "utf-8", ()),
    ],
)
def test_undeclared_charset_goes_by_language(text: str, codec: str, languages: tuple[str, ...]) -> None:
    assert decode(text.encode(codec), "", languages) == text


@pytest.mark.parametrize(
    "declared", ["x-unknown", "punycode", "idna", "\x00", "us-ascii", "base64", "unicode_escape"]
)
def test_senseless_charset_never_raises(declared: str) -> None:
    assert "caf" in decode("café".encode(), declared)


def test_part_with_an_unknown_charset_is_still_a_contact() -> None:
    data = (
        PLAIN.replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain; charset=klingon\r\n\r\n", 1)
        + b"\xe8aka\xff"
    )
    fact = (
        interpreter()
        .events("smtp", read_mail(Envelope("a@x.example", ("s@acme.example",), data, 1)), data, 1)
        .facts[0]
    )

    assert isinstance(fact.body, ContactArrived)
    assert "Zdravo" in fact.body.text


@pytest.mark.parametrize(
    ("mail", "newest"),
    [
        (
            "Passt nicht.\n\nAm Fr., 3. Apr. 2026 um 16:19 Uhr schrieb Acme <h@acme.example>:\n> Hallo\n",
            "Passt nicht.",
        ),
        (
            "Não chegou.\n\nEm sex., 3 de abr. de 2026 às 16:19, Acme <h@acme.example> escreveu:\n> Olá\n",
            "Não chegou.",
        ),
        (
            "Še čakam.\n\nV V pet., 3. apr. 2026 ob 16:19 je oseba Acme <h@acme.example> napisala:\n> Živjo\n",
            "Še čakam.",
        ),
        (
            "Не ради.\n\nпет, 3. апр 2026. у 16:19 Acme <h@acme.example> је написао/ла:\n> Здраво\n",
            "Не ради.",
        ),
        ("రాలేదు.\n\nశుక్ర, 3 ఏప్రి, 2026న 4:19 PMకి, Acme <h@acme.example> ఇలా రాసారు:\n> నమస్కారం\n", "రాలేదు."),
        ("No.\n\nOn Dec 16, 2011, at 12:47 PM, John\n<j@x.example>\nwrote:\n\nOld words\n", "No."),
        (
            "Hallo.\n\nVon: Acme <h@acme.example>\nGesendet: Freitag, 3. April 2026 16:19\nAn: Ana\nBetreff: x\n\nAlt\n",
            "Hallo.",
        ),
        ("First.\n> quoted\nSecond.\n> quoted\nThird.", "First.\nSecond.\nThird."),
        ("Words -- not a signature\n-- \nJane\nAcme Ltd", "Words -- not a signature"),
        ("On your host you can run:\ntelnet", "On your host you can run:\ntelnet"),
        ("> all of it\n> is quoted", "all of it\nis quoted"),
        ("Any news?\n\nBest regards,\nJane", "Any news?"),
        ("Da?\n\nPoslano iz moje naprave", "Da?"),
        ("", ""),
    ],
)
def test_newest_words_are_kept_and_quotes_left_out(mail: str, newest: str) -> None:
    assert newest_words(mail) == newest


def test_html_is_text_without_what_it_quotes() -> None:
    html = "<style>p{}</style><p>Hello <b>you</b>,</p><p>it's<br>me</p><div class='gmail_quote'>old</div>"

    assert html_to_text(html) == "Hello you,\nit's\nme" or html_to_text(html) == "Hello you,\n\nit's\nme"
    assert html_to_text("<div class='gmail_quote'>only</div>") == "only"


def test_preformatted_text_keeps_its_lines_and_so_its_quotes() -> None:
    words = "It works now.\n\nOn 3 April 2026, Acme wrote:\n&gt; Does it?\n"

    assert html_to_text(f"<pre>{words}</pre>") == "It works now."
    assert html_to_text(f"<pre><font><code>{words}</code></font></pre>") == "It works now."


def test_cells_of_a_row_stay_words_of_their_own() -> None:
    row = "<table><tr><th>Order</th><td>4711</td></tr><tr><td>Paid</td><td>&nbsp;9 EUR</td></tr></table>"

    assert html_to_text(row) == "Order 4711\nPaid 9 EUR"


HOSTILE = {
    "unclosed tags": b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 200_000,
    "nested quotes": b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n"
    + b"<blockquote type=cite>" * 100_000,
    "parameters": b"Content-Type: text/plain; " + b"a*0*=;" * 200_000 + b"\r\n\r\nx",
    "boundaries": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(63)
    )
    + b"x\r\n" * 500_000,
    "parts": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\n" * 200_000,
    "parentheses": b"From: " + b"(" * 500_000 + b"\r\n\r\nhi",
    "attributions": b"From: a@b.example\r\n\r\n" + b"On 1.1.2020 at 10:10 a@b.c\r\n" * 100_000,
    "digits": b"From: a@b.example\r\n\r\nrefund " + b"1.11" * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_is_read_in_bounded_time(name: str) -> None:
    data = HOSTILE[name]
    began = time.thread_time()
    reading = read_mail(Envelope("a@b.example", ("s@acme.example",), data, NOON_MS))
    interpreter().events("smtp", reading, data, NOON_MS)

    assert not reading.problems
    assert time.thread_time() - began < 3.0


def test_dates_without_a_zone_or_sense_are_told_apart() -> None:
    assert parse_mail(b"Date: Fri, 3 Apr 2026 14:00:00\r\n\r\n").date_ms == 1_775_224_800_000
    assert parse_mail(b"Date: never\r\n\r\n").date_ms == 0
    assert parse_mail(b"Date: Thu, 01 Jan 99999 00:00:00 +0000\r\n\r\n").date_ms == 0


@pytest.mark.parametrize("zone", ["+0200", "+02:00", "GMT+02:00", "UTC+0200", "+0200 (CEST)"])
def test_zone_counts_however_it_is_written(zone: str) -> None:
    assert parse_mail(f"Date: Fri, 3 Apr 2026 14:00:00 {zone}\r\n\r\n".encode()).date_ms == NOON_MS


def test_charset_that_holds_a_nul_loses_no_mail() -> None:
    data = (
        b'From: Ana <ana@x.example>\r\nContent-Type: text/plain; charset="\x00"\r\n'
        b"Content-Transfer-Encoding: 8bit\r\n\r\nHvala \xc5\xa1to ste javili\r\n"
    )

    (event,) = events(data)
    assert event.text == "Hvala što ste javili"
