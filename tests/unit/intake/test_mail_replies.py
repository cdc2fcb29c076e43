"""The newest words of composed replies: program by language by structure; traps; words unknown to us; time."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.intake.mail.html import html_to_text
from services.intake.mail.newest import newest_words
from services.intake.mail.phrases import phrases
from tests.unit.intake.replies import TEMPLATES, Reply, replies

REPLIES_RIGHT_MIN = 0.99
STRANGE_RIGHT_MIN = 0.90
"""For a language that is left out of quotes.toml: what the shapes alone find."""
LEFT_OUT = ("da", "el", "fi", "he", "hu", "ja", "pt", "ru", "sl", "te", "tr", "zh")
_WITH_PHONES = ("windows mail", "outlook mobile", "samsung", "ios")


def newest_of(reply: Reply) -> str:
    return newest_words(html_to_text(reply.text) if reply.html else reply.text)


def folded(text: str) -> str:
    return " ".join(text.split())


def is_right(reply: Reply) -> bool:
    return folded(newest_of(reply)) in map(folded, (reply.newest, *reply.also))


def test_replies_of_every_program_language_and_structure() -> None:
    wrong = [(one.program, one.language, one.structure) for one in replies() if not is_right(one)]
    count = sum(1 for _ in replies())

    assert count > 2_000
    assert 1 - len(wrong) / count >= REPLIES_RIGHT_MIN, wrong[:20]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Takes a language out of the data."""
    read = tomllib.loads

    def take_out(language: str) -> None:
        def loads(text: str) -> dict[str, Any]:
            return {name: words for name, words in read(text).items() if name != language}

        monkeypatch.setattr(tomllib, "loads", loads)
        phrases.cache_clear()

    yield take_out
    monkeypatch.undo()
    phrases.cache_clear()


@pytest.mark.parametrize("language", LEFT_OUT)
def test_most_replies_in_a_language_that_is_not_in_the_data(
    without: Callable[[str], None], language: str
) -> None:
    """Closings and phones' footers are words, and left out of the count: no shape tells them."""
    tried = [
        one
        for one in replies()
        if one.language == language
        and "closing" not in one.structure
        and "phone" not in one.structure
        and one.program not in _WITH_PHONES
    ]
    without(language)

    assert sum(map(is_right, tried)) / len(tried) >= STRANGE_RIGHT_MIN


KEPT = {
    "greeting in Slovene": "Dober dan,\nlepo pozdravljeni,\nkje je paket",
    "a command": "On your remote host you can run:\n\n  telnet 127.0.0.1\n\nOn this day it failed:\nno route",
    "a form": "Name: Ana Novak\nE-mail: ana@x.example\nDatum: 3.4.2026\nBestellnummer: 4711\nMenge: 2",
    "a form with a block's names": "Nome: Ana Novak\nDe: ana@x.example\nAssunto: Fatura\nData: 03/04/2026\nMensagem: valor errado",
    "a form below its title": "Kontaktformular\n\nVon: ana@x.example\nBetreff: Rechnung\nDatum: 03.04.2026\nNachricht: zu hoch",
    "a form in Serbian": "Нова порука\n\nОд: ana@x.example\nНаслов: Рачун\nДатум: 3.4.2026\nПорука:\nпогрешан износ",
    "a form with an address first": "New:\nFrom: Ana <ana@x.example>\nDate: 3 April 2026 16:19\nTo: A\nSubject: x\nMessage: no",
    "a journey": "Von: Berlin\nAn: Hamburg\nDatum: 3. April 2026, 16:19\n\nBitte umbuchen.",
    "bullets": "Two things:\n- the lamp\n- the cable\n\n* and a plug",
    "dashes in a line": "The lamp -- the new one -- flickers.",
    "own letter": "Am 3. April 2026 um 16:19 schrieb ich Ihnen:\nBitte rufen Sie an.",
    "own letter, English": "On Monday, 3 April 2026 at 16:19 I wrote to help@acme.example:\nPlease call.",
    "an afterthought": "Best regards,\nAna\n\nI forgot: it was bought in your shop in March, with the receipt number 4711.",
    "a price list": "Prices:\n3.50 for one\n10.50 for four:\nis that right?",
    "mailbox quoting": "It worked.\n>From the first day it flickered.\nNow it does not.",
    "a sentence": "It is here.\n\nSent from my desk, this is much easier than by telephone.",
    "thanks alone": "It works now.\nThank you!",
}


@pytest.mark.parametrize("name", KEPT)
def test_own_words_that_look_like_a_quote_are_kept(name: str) -> None:
    assert folded(newest_words(KEPT[name])) == folded(KEPT[name].replace(">From", "From"))


CUT = {
    "banner above": (
        "CAUTION: This email originated from outside of the organization.\nDo not click links.\n\nWhere is it?",
        "Where is it?",
    ),
    "external mark": ("[EXTERNAL]\n\nWhere is it?", "Where is it?"),
    "notice below": (
        "Where is it?\n\nThis e-mail and any attachments are confidential and intended only for the addressee.\nIf not, delete it.",
        "Where is it?",
    ),
    "notice in German": (
        "Wo ist es?\n\nDiese E-Mail enthält vertrauliche Informationen.\nBitte löschen.",
        "Wo ist es?",
    ),
    "name behind the closing": ("Wo ist es?\n\nLG Anna", "Wo ist es?"),
    "thanks and closing": ("Gdje je?\n\nHvala i lijep pozdrav,\nAna", "Gdje je?"),
    "closing without carons": ("Gde je paket?\n\nS postovanjem,\nAna", "Gde je paket?"),
    "closing by a wish": ("Kje je paket?\n\nLep dan želim,\nAna", "Kje je paket?"),
    "Telugu closing": ("పార్సెల్ ఎక్కడ ఉంది?\n\nఇట్లు మీ విధేయుడు,\nరవి", "పార్సెల్ ఎక్కడ ఉంది?"),
    "Telugu notice": (
        "పార్సెల్ ఎక్కడ ఉంది?\n\nఈ ఈమెయిల్‌లోని సమాచారం గోప్యమైనది, గ్రహీతకు మాత్రమే ఉద్దేశించబడింది.",
        "పార్సెల్ ఎక్కడ ఉంది?",
    ),
    "postscript": (
        "Where is it?\n\nBest regards,\nAna\n\nPS: number 4711",
        "Where is it?\n\nPS: number 4711",
    ),
    "attribution after a paragraph": (
        "See you at 10:30\nOn Fri, Apr 3, 2026 at 4:19 PM Acme <h@acme.example> wrote:\n> Hi",
        "See you at 10:30",
    ),
    "behind the colon": (
        "No.\n\nOn Fri, Apr 3, 2026 at 16:19, Acme<h@acme.example> wrote:   Dear Ana",
        "No.",
    ),
    "Lotus Notes": (
        "No.\n\nAcme ---03/04/2026 04:19:33 PM---Dear Ana\n\nFrom:\tAcme/DE\nTo:\tana@x.example",
        "No.",
    ),
    "flat block": (
        "No. \n\nFrom: Acme <h@acme.example> Sent: Friday, April 3, 2026 4:19 PM To: Ana Subject: x\n\nHi",
        "No.",
    ),
    "folded recipients": (
        "No.\n\nFrom: Acme\nSent: Friday, April 3, 2026 4:19 PM\nTo: Ana <ana@x.example>;\n Bor <bor@x.example>\nSubject: x\n\nHi",
        "No.",
    ),
    "old Proton": (
        "No.\n\n‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Friday, April 3rd, 2026 at 4:19 PM, Acme <h@acme.example> wrote:\n\n> Hi",
        "No.",
    ),
    "address broken": (
        'No.\n\nAm 21.04.2026 17:48 schrieb "Acme" <h@acme.example\n>:\n\n> Hallo',
        "No.",
    ),
    "Zoho": ("No.\n\n---- On Wed, 14 Nov 2018 08:14:43 -0200 Acme<h@acme.example> wrote ----\n\nHi", "No."),
    "old Gmail": ("No.\n\n2016-03-03 17:21 GMT+01:00 Acme <h@acme.example>:\n\n> Hi", "No."),
    "day without a year": ("No.\n\nOn Wed, Dec 9, Acme\n<h@acme.example>\nwrote:\n> Hi", "No."),
    "quote that lost a mark": (
        "No.\n> " + "long words " * 7 + "which were\nwrapped by a program\n> and go on\n\nThanks!",
        "No.\n\nThanks!",
    ),
    "address on a line of its own": (
        "No.\n\nFrom: Acme\n<h@acme.example>\nSent: Monday, August 26, 2019 4:37 PM\nTo: Ana\nSubject: x\n\nHi",
        "No.",
    ),
    "line to reply above": (
        "No.\n\n##- Please type your reply above this line -##\n\nYour request (7) was updated.",
        "No.",
    ),
    "block below a signature": (
        "No.\n\nRegards,\nAna\nTel.: 123\n\nFrom: Acme <h@acme.example>\nSent: 3 April 2026 16:19\nTo: Ana\nSubject: x\n\nHi",
        "No.",
    ),
    "block above a quoted form": (
        "No.\n\nFrom: Acme <h@acme.example>\nSent: 3 April 2026 16:19\nTo: Ana\nSubject: x\n\nName: Ana\nMessage: old",
        "No.",
    ),
    "lead-in": ("No.\n\nAcme schrieb:\n> Hi", "No."),
}


@pytest.mark.parametrize("name", CUT)
def test_what_is_not_the_writers_is_left_out(name: str) -> None:
    mail, newest = CUT[name]
    assert newest_words(mail) == newest


@pytest.mark.parametrize(
    "opening", ["Begin forwarded message:\n\n", "---------- Forwarded message ---------\n", ""]
)
def test_a_forward_without_own_words_keeps_its_text(opening: str) -> None:
    mail = f"{opening}From: Acme <h@acme.example>\nDate: 3 April 2026\nTo: Ana\nSubject: x\n\nHi"

    assert newest_words(mail) == mail


def test_html_words_below_a_quote_are_kept() -> None:
    html = "<body><div>On Fri, Apr 3, 2026 at 4:19 PM Acme &lt;h@acme.example&gt; wrote:</div><blockquote type=cite>Hi</blockquote><p>No.</p></body>"

    assert html_to_text(html) == "No."


@pytest.mark.parametrize(
    "unit",
    [
        "On 1.1.2020 at 10:10 a@b.c\n",
        "From: a@b.c\n",
        "Sent: 1.1.2020 10:10\n\n",
        "Best regards,\n",
        "-----Original Message-----\n",
        "Von: Sent: To: Subject: From: ",
        "> x\nOn 1.1.2020 10:10 wrote:\n",
        "this email " * 30,
        "CAUTION external\n",
        "a" * 300 + ":\n",
    ],
)
def test_time_is_in_proportion_to_the_text(unit: str) -> None:
    def took(count: int) -> float:
        began = time.thread_time()
        newest_words(unit * count)
        return time.thread_time() - began

    took(10)
    assert min(took(2_000), took(2_000)) < 40 * max(took(200), 0.002)
    assert set(TEMPLATES) > set(LEFT_OUT)
