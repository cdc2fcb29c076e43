"""Language, topic, decision, complaint (channels.md 5)."""

from __future__ import annotations

import pytest

from services.contract.facts import ContactArrived, DecisionWanted
from services.intake.need.money import amounts
from services.intake.need.mood import complains, opts_out, urgent
from services.intake.need.topics import TOPICS, scores_of, topics_of
from services.intake.need.words import words_of
from tests.unit.intake.world import call, interpret, needs, sms


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
    assert topics_of(scores_of(words_of(text), code))[0].topic_id == topic


def test_unsure_topic_is_none() -> None:
    assert topics_of(scores_of(words_of("Hello there, John speaking"), "en")) == ()


def test_shares_leave_room_for_doubt() -> None:
    found = topics_of(scores_of(words_of("refund the parcel that is broken and late"), "en"))

    assert 0 < sum(topic.weight for topic in found) < 1
    assert all(topic.topic_id in TOPICS for topic in found)


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


def test_complaints_and_urgency_in_several_languages() -> None:
    assert complains(words_of("Das ist eine Frechheit"), public=False)
    assert complains(words_of("Ово је неприхватљиво"), public=False)
    assert not complains(words_of("still no answer"), public=False)
    assert complains(words_of("still no answer"), public=True)
    assert urgent(words_of("Hitno mi treba odgovor"))
    assert not urgent(words_of("Danke für die Antwort"))


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
