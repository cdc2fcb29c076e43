"""The language of what came: from its words, its script, hints and its number (channels.md 5)."""

from __future__ import annotations

import random

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from services.contract.facts import ContactArrived
from services.intake.canonical import CanonicalEvent, Customer
from services.intake.need.detector import Detector
from tests.unit.intake.world import call, interpret, needs


@pytest.mark.parametrize(
    ("text", "code", "source"),
    [
        ("డెలివరీ", "te", "script"),
        ("Ђорђе", "sr", "script"),
        ("Wo bleibt meine Lieferung, bitte?", "de", "text"),
        ("Kada stiže moja porudžbina broj 7731?", "sr", "text"),
        ("Gdje je moja narudžba od prošlog tjedna?", "sr", "text"),
        ("Ainda não recebi o meu pedido", "pt", "text"),
    ],
)
def test_language_is_told_with_its_source(text: str, code: str, source: str) -> None:
    guess = needs().languages.guess(text)

    assert (guess.code, guess.source) == (code, source)


@pytest.mark.parametrize("text", ["", "12345", "👍👍", "https://x.example/a", "a@b.example"])
def test_without_words_there_is_no_language(text: str) -> None:
    assert needs().languages.guess(text).code == ""


def test_short_text_takes_the_first_hint_that_is_served() -> None:
    guess = needs().languages.guess("OK", [("hint", "he"), ("hint", "sr-Latn-RS"), ("account", "de")])

    assert (guess.code, guess.source) == ("sr", "hint")


def test_short_text_without_hints_is_a_weak_guess() -> None:
    assert needs().languages.guess("Body Text").confidence <= 0.3


@pytest.mark.parametrize(
    ("text", "hint", "code"),
    [
        ("Please gift wrap", "sr", "en"),
        ("Geld zurück", "sr", "de"),
        ("Cadê meu pedido?", "de", "pt"),
        ("Dober dan", "sl", "sl"),
        ("Hvala", "sr", "sr"),
        ("Super Service", "de", "de"),
        ("Grazie mille", "it", "it"),
    ],
)
def test_few_words_that_are_clearly_of_another_language_go_against_the_hint(
    text: str, hint: str, code: str
) -> None:
    assert needs().languages.guess(text, [("hint", hint)]).code == code


def test_hint_tells_close_languages_apart() -> None:
    said = "Račun za mart je pogrešan."

    assert needs().languages.guess(said, [("hint", "RS"), ("hint", "sr")]).code == "sr"
    assert needs().languages.guess(said, [("hint", "sl")]).code == "sl"


@pytest.mark.parametrize(
    ("text", "code"), [("Hallo", "de"), ("Hello", "en"), ("Dober dan", "sl"), ("Olá", "pt"), ("OK", "en")]
)
def test_greeting_alone_tells_a_language_that_is_served(text: str, code: str) -> None:
    assert needs().languages.guess(text).code == code


@pytest.mark.parametrize(
    ("subject", "in_reply_to", "text", "code"),
    [
        ("Re: Vaše vprašanje o naročilu", "<ours@acme.example>", "Thanks, that works!", "en"),
        ("Fwd: Undelivered Mail Returned to Sender", "", "Hallo, was bedeutet das?", "de"),
        ("Vprašanje o dostavi naročila", "", "iPhone 15 Pro", "sl"),
        ("Feedback form", "", "Chegou um produto errado e ninguém me responde há duas semanas.", "pt"),
    ],
)
def test_language_is_that_of_the_words_and_of_their_own_subject(
    subject: str, in_reply_to: str, text: str, code: str
) -> None:
    answer = CanonicalEvent(
        channel="email",
        medium="email",
        account="support@acme.example",
        provider_event_id="1",
        kind="message",
        customer=Customer(type="email", value="ann@example.com"),
        in_reply_to=in_reply_to,
        subject=subject,
        text=text,
    )
    language = needs().read(answer).language

    assert language is not None
    assert language.code == code


@pytest.mark.parametrize(
    ("address", "code"), [("a@example.rs", "sr"), ("a@example.si", "sl"), ("a@shop.me", "en")]
)
def test_last_label_of_a_mail_address_is_a_hint_unless_everybody_uses_it(address: str, code: str) -> None:
    mail = CanonicalEvent(
        channel="email",
        medium="email",
        account="support@acme.example",
        provider_event_id="1",
        kind="message",
        customer=Customer(type="email", value=address),
        text="OK",
    )
    language = needs().read(mail).language

    assert language is not None
    assert language.code == code


def test_call_has_the_language_of_its_number_else_of_the_line() -> None:
    german = interpret(call(From="+4930901820")).facts[0].body
    withheld = interpret(call(From="anonymous")).facts[0].body

    assert isinstance(german, ContactArrived)
    assert isinstance(withheld, ContactArrived)
    assert german.language is not None
    assert withheld.language is not None
    assert (german.language.code, german.language.source) == ("de", "hint")
    assert (withheld.language.code, withheld.language.source) == ("sr", "account")


@pytest.mark.parametrize(
    ("hints", "region", "variant"),
    [
        ([("hint", "hr-HR")], "", "hr"),
        ([("hint", "bs")], "", "bs"),
        ([("account", "sr")], "", "sr"),
        ([], "", ""),
    ],
)
def test_variant_of_serbian_comes_from_the_hints(
    hints: list[tuple[str, str]], region: str, variant: str
) -> None:
    guess = needs().languages.guess("Gdje je moja narudžba od prošlog tjedna?", hints, region)

    assert (guess.code, guess.variant) == ("sr", variant)


def test_cyrillic_is_the_serbian_variant() -> None:
    assert needs().languages.guess("Где је моја поруџбина? Ђорђе").variant == "sr"


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("naa parcel inka raledu, eppudu vastundi?", ""),
        ("Dabbu vapasu ivvandi please", ""),
        ("order cancel cheyandi", "IN"),
    ],
)
def test_telugu_in_latin_letters_is_told_by_its_words(text: str, region: str) -> None:
    guess = needs().languages.guess(text, (), region)

    assert (guess.code, guess.script, guess.source) == ("te", "Latn", "words")


def test_detector_scores_as_py3langid_does() -> None:
    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(["en", "de", "sl", "pt"])
    ours = Detector((), ("en", "de", "sl", "pt"))

    for text in (
        "Where is my parcel?",
        "Wo ist mein Paket?",
        "Kje je moj paket, prosim?",
        "ÜBER ALLES",
        "Não sei",
    ):
        theirs = dict(model.rank(text))
        assert ours.shares(text) == pytest.approx(theirs, abs=1e-5)


def test_detector_finds_the_pieces_that_a_walk_byte_by_byte_finds() -> None:
    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    ours = Detector(("en",), ("de",))
    rng = random.Random(3)
    texts = ["", "a", "Ништа не ради, đavola!", "నా ఆర్డర్ ఇంకా రాలేదు", "Wo ist mein Paket? " * 20]
    texts += [
        "".join(chr(rng.choice((rng.randrange(32, 127), rng.randrange(160, 0x3000)))) for _ in range(60))
    ]
    noise = [bytes(rng.randrange(256) for _ in range(rng.randrange(40))) for _ in range(200)]

    for data in (*(text.encode() for text in texts), *noise):
        state, pieces = 0, []
        for letter in data:
            state = model.tk_nextmove[(model.tk_row[state] << 8) + letter]
            pieces.append(model.tk_output[state])
        assert ours.pieces(data) == pieces
