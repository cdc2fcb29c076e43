"""Charsets that are not declared, wrong, or doubled; encoded words that are broken (channels.md 3.4; RFC 2047)."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from services.intake.mail.charsets import decode
from services.intake.mail.headers import words
from services.intake.mail.mojibake import mended
from services.intake.mail.parse import parse_mail

DESK = ("en", "de", "pt", "sr", "sl", "te")
SENTENCES = {
    "sl": "Še vedno čakam na pošiljko, sporočite mi, kdaj pride.",
    "sr": "Paket još nije stigao, molim vas da proverite gde je i šta će biti.",
    "de": "Die Rückgabe für die größere Lampe läuft noch nicht.",
    "pt": "Não recebi a confirmação, é a segunda reclamação que faço.",
    "pl": "Proszę o zwrot pieniędzy, paczka nie została doręczona.",
    "sr-Cyrl": "Пакет још није стигао, молим вас да проверите где је.",
    "ru": "Посылка ещё не пришла, проверьте, пожалуйста, где она.",
    "el": "Το δέμα δεν έχει φτάσει ακόμη, παρακαλώ ελέγξτε.",
}
CODECS = {
    "sl": ("cp1250", "iso8859-2"),
    "sr": ("cp1250", "iso8859-2"),
    "de": ("cp1252",),
    "pt": ("cp1252",),
    "pl": ("cp1250", "iso8859-2"),
    "sr-Cyrl": ("cp1251", "iso8859-5"),
    "ru": ("cp1251", "koi8-r"),
    "el": ("cp1253",),
}


@pytest.mark.parametrize(
    ("language", "codec"), [(language, codec) for language, codecs in CODECS.items() for codec in codecs]
)
@pytest.mark.parametrize("desk", [DESK, ()])
def test_an_undeclared_charset_is_the_one_with_real_letters(
    language: str, codec: str, desk: tuple[str, ...]
) -> None:
    sentence = SENTENCES[language]
    assert decode(sentence.encode(codec), "", desk) == sentence


def test_the_desks_first_language_decides_between_equals() -> None:
    assert decode("č".encode("cp1250"), "", ("sl",)) == "č"
    assert decode("è".encode("cp1252"), "", ("it",)) == "è"


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1250", "us-ascii", ""])
def test_well_formed_utf_8_is_believed_before_an_8_bit_declaration(declared: str) -> None:
    assert decode("Šta je s narudžbinom?".encode(), declared) == "Šta je s narudžbinom?"


def test_a_broken_character_does_not_make_utf_8_another_charset() -> None:
    assert decode("Größe geändert, schöne Grüße".encode() + b"\xc3", "utf-8").startswith(
        "Größe geändert, schöne"
    )


def doubled() -> list[tuple[str, str]]:
    """Sentences read as another charset; where that has no character for a byte, it cannot come about."""
    found = []
    for sentence in SENTENCES.values():
        for codec in ("cp1252", "latin-1", "cp1250", "cp1251"):
            with suppress(UnicodeError):
                found.append((sentence.encode().decode(codec), sentence))
    return found


@pytest.mark.parametrize(("twice", "sentence"), doubled())
def test_double_encoding_is_undone(twice: str, sentence: str) -> None:
    assert mended(twice) == sentence


@pytest.mark.parametrize(
    "sound",
    [
        *SENTENCES.values(),
        "PÓŹNO, ŁÓDŹ, KÓŁKO, MÓŻDŻEK",
        "Ој, Њ, Књига и Вељка",
        "ÂME, ÃO, NÃO É «SÃO» – 5 °C",
        "На России, РОССИЯ, СССР",
        "naïve café – “fine” …",
        "ఇంకా రాలేదు.",
    ],
)
def test_sound_text_is_never_mended(sound: str) -> None:
    assert mended(sound) == sound
    assert mended(sound.upper()) == sound.upper()


def test_an_html_page_names_its_charset() -> None:
    page = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=windows-1250"></head>Še čakam'
    mail = parse_mail(b"Content-Type: text/html\r\n\r\n" + page.encode("cp1250"))

    assert "Še čakam" in mail.html


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?b?xaBwZWxh?= =?utf-8?b?broken!?=", "Špela"),
        ("=?utf-8?B?xaA?=x", "Šx"),
        ("=?UTF-8*sl?Q?=C5=A0pela?=", "Špela"),
        ("=?utf-8?q?=C5?= =?utf-8?q?=A0pela?=", "Špela"),
        ('"=?iso-8859-2?Q?=A9pela?=" <s@x.example>', '"Špela" <s@x.example>'),
    ],
)
def test_one_bad_encoded_word_does_not_spoil_the_others(value: str, text: str) -> None:
    assert words(value).startswith(text)


def test_time_is_in_proportion_to_the_text() -> None:
    def took(count: int) -> float:
        began = time.thread_time()
        mended("Ã¼Ã Â" * count)
        decode(b"\xe8\xb9 a" * count)
        return time.thread_time() - began

    took(10)
    assert min(took(40_000), took(40_000)) < 40 * max(took(4_000), 0.002)
