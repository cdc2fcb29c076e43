"""The rules on strangers' messages: banking77 where its intents are topics of ours, and news, where none fits.

The rows of `_dev` were never looked at while rules were written; those of `_train` were.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from services.intake.canonical import CanonicalEvent
from tests.outside.data import DATA, need_data, told
from tests.unit.intake.world import needs

need_data()
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
        f"rules on banking77's intents that are topics of ours: {right.total() / total:.1%} right, "
        f"{none / total:.1%} none ({shares})",
    )

    assert right.total() / total >= 0.7


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
        "rules on news, where no topic fits, answer: "
        + ", ".join(f"{name} {answered[name] / count:.0%}" for name, count in sorted(counts.items())),
    )

    assert sum(answered.values()) / counts.total() <= 0.3
