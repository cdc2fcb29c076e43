"""Language, topic, decision, complaint (channels.md 5)."""

from __future__ import annotations

import pytest

from services.contract.facts import ContactArrived, DecisionWanted
from services.intake.canonical import Rating
from services.intake.need.evidence import Evidence, lexicon
from services.intake.need.money import amounts
from services.intake.need.mood import complains, opts_out, urgent
from services.intake.need.topics import TOPICS, topics_of
from services.intake.need.words import sentences_of, words_of
from tests.unit.intake.world import call, interpret, needs, sms


def found(text: str, code: str) -> Evidence:
    return lexicon(code).read(sentences_of(text))


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
    ("text", "code", "topic"),
    [
        ("The courier never came with my parcel", "en", "delivery"),
        ("Bitte stornieren Sie meinen Vertrag", "de", "cancellation"),
        ("Preciso do reembolso da compra", "pt", "refund"),
        ("Cekao sam trideset minuta i niko se ne javlja", "sr", "wait_time"),
        ("Чекао сам тридесет минута и нико се не јавља", "sr", "wait_time"),
        ("Ne morem se prijaviti, geslo ne deluje", "sl", "account_access"),
        ("దయచేసి నా ఆర్డర్ రద్దు చేయండి", "te", "cancellation"),
    ],
)
def test_topic_comes_first(text: str, code: str, topic: str) -> None:
    assert topics_of(found(text, code).topics)[0].topic_id == topic


def test_unsure_topic_is_none() -> None:
    assert topics_of(found("Hello there, John speaking", "en").topics) == ()


def test_shares_leave_room_for_doubt() -> None:
    topics = topics_of(found("refund the parcel that is broken and late", "en").topics)

    assert 0 < sum(topic.weight for topic in topics) < 1
    assert all(topic.topic_id in TOPICS for topic in topics)


@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        ("150 EUR", 15_000, "EUR"),
        ("€150", 15_000, "EUR"),
        ("1.250,00 din", 125_000, "RSD"),
        ("1.250 динара", 125_000, "RSD"),
        ("₹ 2,500", 250_000, "INR"),
        ("Rs. 1,25,000", 12_500_000, "INR"),
        ("R$ 80", 8_000, "BRL"),
        ("R$ 1.234,56", 123_456, "BRL"),
        ("$1,234.5", 123_450, "USD"),
        ("129,00 EUR", 12_900, "EUR"),
        ("129,- €", 12_900, "EUR"),
        ("1 250,50 EUR", 125_050, "EUR"),
        ("¥ 500", 500, "JPY"),
        ("75.00 EUR", 7_500, "EUR"),
    ],
)
def test_amounts_are_read_in_minor_units(text: str, minor: int, currency: str) -> None:
    found = amounts(f"I want {text} back")

    assert [(money.amount_minor, money.currency) for money in found] == [(minor, currency)]


@pytest.mark.parametrize("text", ["order 7731", "call 064 123 456", "at 16:19", "invoice 20418", "3 apples"])
def test_number_without_a_currency_is_no_amount(text: str) -> None:
    assert amounts(text) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "Please refund 95 EUR to my card",
            DecisionWanted(decision_type="refund", amount_minor=9_500, currency="EUR", stated=True),
        ),
        ("Please refund my order of last week", DecisionWanted(decision_type="refund")),
        (
            "Please refund 95 EUR, I paid 120 EUR",
            DecisionWanted(decision_type="refund", amount_minor=12_000, currency="EUR"),
        ),
        ("I paid 95 EUR, where is my parcel?", None),
    ],
)
def test_decision_is_stated_with_one_amount_only(text: str, wanted: DecisionWanted | None) -> None:
    contact = interpret(sms(Body=text)).facts[0].body

    assert isinstance(contact, ContactArrived)
    assert contact.decision_wanted == wanted


@pytest.mark.parametrize(
    ("text", "code", "public", "wanted"),
    [
        ("Das ist eine Frechheit", "de", False, True),
        ("Ово је неприхватљиво", "sr", False, True),
        ("still no answer", "en", False, False),
        ("still no answer", "en", True, True),
        ("This is not a complaint, just a question", "en", True, False),
        ("Keine Beschwerde, nur eine Frage", "de", True, False),
        ("Nije žalba, samo pitanje", "sr", True, False),
        ("Worst service, though I have no complaint about Tom", "en", False, True),
        ("Inaceitavel, exijo falar com o gerente", "pt", False, True),
        ("Pritožujem se, to je nesprejemljivo", "sl", False, True),
        ("Pritozujem se", "sl", False, True),
    ],
)
def test_complaints_in_several_languages(text: str, code: str, public: bool, wanted: bool) -> None:
    assert complains(found(text, code), public=public) is wanted


def test_low_rating_is_a_complaint_whatever_the_words_say() -> None:
    assert complains(Evidence(), public=True, rating=Rating(2, 5))
    assert not complains(Evidence(), public=True, rating=Rating(3, 5))


def test_urgency_in_several_languages() -> None:
    assert urgent(found("Hitno mi treba odgovor", "sr"))
    assert not urgent(found("Danke für die Antwort", "de"))
    assert not urgent(found("It is not urgent", "en"))


def test_opt_out_is_a_word_that_stands_alone() -> None:
    assert opts_out(["stop"], phone=False)
    assert opts_out(["cancel"], phone=True)
    assert not opts_out(["cancel"], phone=False)
    assert not opts_out(words_of("please stop the delivery"), phone=True)


def test_step_after_the_time_limit_is_left_out_and_told() -> None:
    from dataclasses import replace

    ticks = iter(range(100))
    hurried = replace(needs(), time_limit_ms=0.0, monotonic=lambda: float(next(ticks)))
    event = interpret(sms()).reading.events[0]

    assert hurried.read(event).cut_short
    assert hurried.read(event).topics == ()
