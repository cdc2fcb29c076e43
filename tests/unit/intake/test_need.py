"""Topic, decision, complaint, questions (channels.md 5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contract.facts import ContactArrived, DecisionWanted
from services.intake.canonical import CanonicalEvent, Rating
from services.intake.need.asking import _questions
from services.intake.need.evidence import Evidence, lexicon
from services.intake.need.money import amounts
from services.intake.need.mood import complains, opts_out, urgent
from services.intake.need.topics import TOPICS, topics_of
from services.intake.need.words import sentences_of, words_of
from tests.unit.intake.world import interpret, needs, sms


def found(text: str, code: str) -> Evidence:
    return lexicon(code).read(sentences_of(text))


@pytest.mark.parametrize(
    ("text", "code", "topic"),
    [
        ("Still waiting for my package", "en", "delivery"),
        ("Ich warte seit zwei Wochen auf mein Paket.", "de", "delivery"),
        ("Čekam porudžbinu već dve nedelje.", "sr", "delivery"),
        ("నా పార్సిల్ ఎక్కడ ఉంది?", "te", "delivery"),
        ("Kada će stići moja narudžba? Čekam već tjedan dana.", "sr", "delivery"),
        ("I have been on hold for an hour about my parcel", "en", "wait_time"),
        ("Ich warte seit Tagen auf eine Antwort zu meiner Bestellung.", "de", "wait_time"),
    ],
)
def test_who_waits_for_a_parcel_asks_for_it_and_who_waits_for_us_complains_of_us(
    text: str, code: str, topic: str
) -> None:
    assert topics_of(found(text, code).topics)[0].topic_id == topic


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
            DecisionWanted(decision_type="refund", amount_minor=9_500, currency="EUR"),
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
    ticks = iter(range(100))
    hurried = replace(needs(), time_limit_ms=0.0, monotonic=lambda: float(next(ticks)))
    event = interpret(sms()).reading.events[0]

    assert hurried.read(event).cut_short
    assert hurried.read(event).topics == ()


@pytest.mark.parametrize(
    ("text", "kind", "amount_minor"),
    [
        ("Please refund 95 EUR, I paid 120 EUR last week", "refund", 9_500),
        ("I paid 49,90 € on 3.4.2026 and want 20 € back", "refund", 2_000),
        ("I paid 120 EUR, so please refund the 95 EUR for the lamp", "refund", 9_500),
        ("Bitte erlassen Sie mir die Mahngebühr von 5 Euro", "fee_waiver", 500),
        ("Tražim povraćaj 4.990 dinara", "refund", 499_000),
        ("Тражим повраћај 4.990 динара", "refund", 499_000),
        ("Quero o reembolso de R$ 59,90", "refund", 5_990),
        ("Zahtevam povračilo 40 evrov", "refund", 4_000),
        ("₹499 రీఫండ్ చేయండి", "refund", 49_900),
        ("The screen is broken, please send me a new one", "replacement", 0),
        ("I want to end my contract early without the termination fee", "cancellation_waiver", 0),
        ("Ich hätte gern eine Entschädigung", "compensation", 0),
        ("Uz popust bih ga zadržala", "discount", 0),
        ("Can you make an exception for me?", "exception", 0),
    ],
)
def test_decision_needed_comes_first_with_its_nearest_amount(text: str, kind: str, amount_minor: int) -> None:
    contact = interpret(sms(Body=text)).facts[0].body

    assert isinstance(contact, ContactArrived)
    first = contact.decisions_needed[0].decision
    assert first is not None
    assert (first.decision_type, first.amount_minor) == (kind, amount_minor)
    assert sum(one.weight for one in contact.decisions_needed) <= 1


@pytest.mark.parametrize(
    "text",
    [
        "I want 120 EUR back, you overcharged me.",
        "You charged me twice, I want my 120 EUR back",
        "Please send me back the 120 EUR you took",
        "Ich möchte 120 EUR zurück, Sie haben mir zu viel berechnet!",
        "Cobraram a mais, quero os 120 EUR de volta",
        "Naplatili ste mi dva puta, vratite mi 120 EUR",
        "Наплатили сте ми два пута, вратите ми 120 евра",
        "Preveč ste mi zaračunali, želim 120 EUR nazaj",
    ],
)
def test_refund_is_stated_also_beside_the_charge_that_it_is_for(text: str) -> None:
    contact = interpret(sms(Body=text)).facts[0].body

    assert isinstance(contact, ContactArrived)
    assert contact.decision_wanted == DecisionWanted(
        decision_type="refund", amount_minor=12_000, currency="EUR", stated=True
    )


@pytest.mark.parametrize(
    "text",
    [
        "Why did you charge 45 EUR back in March?",
        "I was charged 45 EUR back in May, please explain",
        "My bank charged back 45 EUR",
        "I need you to call me back, you charged 45 EUR",
        "Please call me back about the 45 EUR you charged twice",
        "Rufen Sie mich bitte zurück wegen der doppelten Abbuchung von 45 EUR",
        "Pokličite me nazaj, dvakrat ste mi zaračunali 45 EUR",
        "Liguem-me de volta, cobraram 45 EUR duas vezes",
        "Sie haben mir 45 EUR doppelt berechnet",
    ],
)
def test_charge_alone_states_no_refund(text: str) -> None:
    contact = interpret(sms(Body=text)).facts[0].body

    assert isinstance(contact, ContactArrived)
    assert contact.decision_wanted is None


@pytest.mark.parametrize(
    "text", ["Are you open on Monday?", "I do not want a refund", "STOP", "Thank you, Tom was so kind"]
)
def test_no_decision_is_needed(text: str) -> None:
    contact = interpret(sms(Body=text)).facts[0].body

    assert isinstance(contact, ContactArrived)
    assert contact.decisions_needed == ()


@pytest.mark.parametrize(
    ("text", "question_id"),
    [
        ("Hello", "what_about"),
        ("Where is my parcel?", "order_number"),
        ("Where is my parcel? Order 77311", ""),
        ("You charged me twice", "amount"),
        ("You charged me 40 EUR twice", ""),
        ("It is broken", "which_product"),
        ("The kettle leaks", ""),
        ("I cannot log in, the password is wrong", "account_email"),
        ("I cannot log in with ana@acme.example, the password is wrong", ""),
        ("Are you open on Monday?", ""),
        ("Thank you, Tom was so kind", ""),
        ("Thanks!", ""),
        ("Hvala!", ""),
        ("STOP", ""),
    ],
)
def test_question_is_asked_for_what_is_missing(text: str, question_id: str) -> None:
    contact = interpret(sms(Body=text)).facts[0].body

    assert isinstance(contact, ContactArrived)
    assert contact.question_id == question_id
    assert bool(contact.question) == bool(question_id)


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("Где је мој пакет? Није стигао.", "Који је број"),
        ("Gde je moj paket? Nije stigao.", "Koji je broj"),
        ("Wo bleibt mein Paket, bitte?", "Wie lautet"),
        ("నా పార్సెల్ ఎక్కడ?", "మీ ఆర్డర్"),
    ],
)
def test_question_is_in_the_language_and_script_of_the_customer(text: str, begins: str) -> None:
    contact = interpret(sms(Body=text)).facts[0].body

    assert isinstance(contact, ContactArrived)
    assert contact.question.startswith(begins)


def test_public_message_is_asked_for_nothing_in_public() -> None:
    event = replace(interpret(sms(Body="Where is my parcel?")).reading.events[0], public=True)

    assert needs().read(event).question_id == "write_privately"


def test_every_question_is_there_in_every_language_and_both_scripts_of_serbian() -> None:
    for texts in _questions().values():
        assert set(texts) == {"en", "de", "pt", "sl", "sr", "sr-Cyrl", "te"}


@pytest.mark.parametrize("text", ["20 km away", "5 ft long", "tel. 064 123 456", "12.04.2026", "at 16:19"])
def test_measures_and_dates_are_no_amounts(text: str) -> None:
    assert amounts(text) == []


def test_amounts_equally_far_from_the_decision_are_no_fault() -> None:
    said = "The kettle was 30 EUR. I want a refund please. Shipping was 5 EUR."
    read = needs().read(
        CanonicalEvent(
            channel="social", medium="chat", account="a", provider_event_id="1", kind="message", text=said
        )
    )

    assert read.decision is not None
    assert (read.decision.amount_minor, read.decision.stated) == (3_000, False)


@pytest.mark.parametrize("text", ["never buying here again", "golpistas!", "worst service asalu konakandi"])
def test_few_public_words_of_anger_are_a_complaint(text: str) -> None:
    event = CanonicalEvent(
        channel="social",
        medium="x_post",
        account="a",
        provider_event_id="1",
        kind="mention",
        text=text,
        public=True,
    )

    assert needs().read(event).complaint


def test_public_love_of_a_product_is_no_complaint() -> None:
    event = CanonicalEvent(
        channel="social",
        medium="x_post",
        account="a",
        provider_event_id="1",
        kind="mention",
        text="love my new lamp @acme",
        public=True,
    )

    assert not needs().read(event).complaint
