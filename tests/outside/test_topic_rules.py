"""The default topics, rules and model, on strangers' messages: banking77 where its intents are topics of ours, and news, where none fits.

The rows of `_dev` were never looked at while rules and corpus were written; those of `_train` were.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from services.intake.canonical import CanonicalEvent
from services.intake.need.default_topics import FOLDER, default_topics
from services.intake.need.evidence import lexicon
from services.intake.need.grams import plain_words
from services.intake.need.words import sentences_of
from tests.outside.data import DATA, need_data, told
from tests.unit.intake.world import needs

need_data()
OWN = "text/support_messages_own.tsv"
CORPUS = FOLDER / "corpus"
INTENTS = {
    "delivery": ("card_arrival", "card_delivery_estimate"),
    "refund": ("Refund_not_showing_up", "request_refund"),
    "account_access": ("passcode_forgotten",),
    "billing": (
        "transaction_charged_twice",
        "card_payment_fee_charged",
        "extra_charge_on_statement",
        "cash_withdrawal_charge",
        "transfer_fee_charged",
        "direct_debit_payment_not_recognised",
        "card_payment_not_recognised",
    ),
    "cancellation": ("cancel_transfer", "terminate_account"),
}
TOPIC_OF = {intent: topic for topic, intents in INTENTS.items() for intent in intents}
OURS = {"en", "de", "pt-BR", "pt-PT", "sl", "te", "sr-Latn", "sr-Cyrl"}


def topic_of(text: str) -> str:
    event = CanonicalEvent(
        channel="social", medium="whatsapp", account="a", provider_event_id="1", kind="message", text=text
    )
    topics = needs().read(event).topics
    return topics[0].topic_id if topics else ""


def test_strangers_messages_in_english(capsys: pytest.CaptureFixture[str]) -> None:
    right: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    none = 0
    for line in (DATA / "text/banking77_dev.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        text, intent = line.rsplit("\t", 1)
        if intent in TOPIC_OF:
            found, wanted = topic_of(text), TOPIC_OF[intent]
            counts[wanted] += 1
            right[wanted] += found == wanted
            none += not found
    total = counts.total()
    shares = ", ".join(f"{topic} {right[topic]}/{counts[topic]}" for topic in counts)
    told(
        capsys,
        f"default topics on banking77's intents that are topics of ours: {right.total() / total:.1%} right, "
        f"{none / total:.1%} none ({shares})",
    )

    assert right.total() / total >= 0.8


def test_own_messages_by_the_shipped_model_alone(capsys: pytest.CaptureFixture[str]) -> None:
    model = default_topics().model
    rows = [line.split("\t") for line in (DATA / OWN).read_text(encoding="utf-8").splitlines()[1:]]
    right = 0
    for language, topic, _, text in rows:
        known = lexicon(language[:2])
        concepts = known.names_of(known.read(sentences_of(text)).concepts)
        told_topics = model.told(model.probabilities(text, concepts))
        right += bool(told_topics) and told_topics[0].topic_id == topic
    told(capsys, f"the shipped model alone on our own support messages: {right} of {len(rows)} right")

    assert right / len(rows) >= 0.9


def test_no_text_that_figures_are_measured_on_taught_the_model() -> None:
    lines = [line for path in CORPUS.glob("*.tsv") for line in path.read_text(encoding="utf-8").splitlines()]
    taught = {" ".join(plain_words(line.split("\t")[1])) for line in lines}
    own = [line.split("\t")[3] for line in (DATA / OWN).read_text(encoding="utf-8").splitlines()[1:]]
    bank = (DATA / "text/banking77_dev.tsv").read_text(encoding="utf-8").splitlines()[1:]

    assert not taught & {" ".join(plain_words(text)) for text in own}
    assert len(taught & {" ".join(plain_words(line.rsplit("\t", 1)[0])) for line in bank}) <= 5


def test_news_has_mostly_no_topic(capsys: pytest.CaptureFixture[str]) -> None:
    answered: dict[str, int] = defaultdict(int)
    counts: Counter[str] = Counter()
    for line in (DATA / "text/langid_ntrex.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        language, text = line.split("\t", 1)
        if language in OURS:
            counts[language] += 1
            answered[language] += bool(topic_of(text))
    told(
        capsys,
        "default topics on news, where no topic fits, answer: "
        + ", ".join(f"{name} {answered[name] / count:.0%}" for name, count in sorted(counts.items())),
    )

    assert sum(answered.values()) / counts.total() <= 0.35
