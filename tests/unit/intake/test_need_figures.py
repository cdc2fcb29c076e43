"""How much of 192 messages in six languages the rules read right; see tests/data/README.md for what that proves."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from services.intake.canonical import CanonicalEvent, Rating
from services.intake.need.reader import Need
from tests.unit.intake.world import needs

MESSAGES = Path(__file__).resolve().parents[2] / "data/support_messages_unseen.tsv"
LATER = MESSAGES.with_name("support_messages_later.tsv")
HOSTILE_SECONDS_MAX = 0.5


def rows(part: str) -> list[list[str]]:
    lines = MESSAGES.read_text(encoding="utf-8").splitlines()[1:]
    return [row for row in (line.split("\t") for line in lines) if row[0] == part]


def read(text: str, *, public: bool = False, rating: Rating | None = None) -> Need:
    event = CanonicalEvent(
        channel="social",
        medium="whatsapp",
        account="a",
        provider_event_id="1",
        kind="mention" if public else "message",
        text=text,
        public=public,
        rating=rating,
    )
    return needs().read(event)


@pytest.mark.parametrize(("part", "floor"), [("a", 0.95), ("b", 0.95)])
def test_topics_languages_and_moods(part: str, floor: float, capsys: pytest.CaptureFixture[str]) -> None:
    right: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for _, language, topic, complaint, urgent, decision, text in rows(part):
        need = read(text)
        told = need.topics[0].topic_id if need.topics else "-"
        checks = {
            "language": need.language is not None and need.language.code == language,
            f"topic {language}": told == topic,
            "topic": told == topic,
            f"complaint {complaint}": need.complaint == (complaint == "1"),
            f"urgent {urgent}": need.urgent == (urgent == "1"),
        }
        if decision != "-":
            first = need.decisions[0].decision if need.decisions else None
            checks["decision"] = first is not None and first.decision_type == decision
        for name, good in checks.items():
            counts[name] += 1
            right[name] += good
    figures = ", ".join(f"{name} {right[name]}/{counts[name]}" for name in sorted(counts))
    with capsys.disabled():
        sys.stdout.write(f"\nmessages, part {part}: {figures}")

    assert {
        name: right[name] / counts[name] for name in counts if right[name] < floor * counts[name] - 1
    } == {}


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "." * 100_000,
        "? " * 50_000,
        ", " * 50_000,
        " - " * 50_000,
        "1 " * 50_000,
        "1.1" * 50_000,
        "@" * 100_000,
        "€1" * 50_000,
        "refund 5 EUR, " * 10_000,
        "not " * 50_000,
        "\u0301" * 100_000,
        "\u0c4d" * 100_000,
        "љ" * 100_000,
        "\n" * 100_000,
        "don't want " * 10_000,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_hostile_text_takes_no_time(text: str) -> None:
    read(text)
    start = time.thread_time()
    read(text)

    assert time.thread_time() - start < HOSTILE_SECONDS_MAX


@pytest.mark.parametrize("part", ["c", "d"])
def test_topics_of_later_messages(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = LATER.read_text(encoding="utf-8").splitlines()[1:]
    messages = [row for row in (line.split("\t") for line in lines) if row[0] == part]
    right = none = 0
    for _, _, topic, text in messages:
        topics = read(text).topics
        right += bool(topics) and topics[0].topic_id == topic
        none += not topics
    with capsys.disabled():
        sys.stdout.write(f"\nlater messages, part {part}: topic {right}/{len(messages)} right, {none} none")

    assert right >= 0.9 * len(messages)


@pytest.mark.parametrize(
    "text",
    [
        "Guten Tag,\nmein Name ist Anna.\nMit freundlichen Grüßen",
        "Bom dia! Sou a Ana.\nAtenciosamente",
        "Dobro jutro, ja sam Ana. Srdačan pozdrav",
        "Dobro jutro, tukaj Ana. Lep pozdrav",
        "Good morning, this is Ann.\nKind regards",
        "Best regards",
    ],
)
def test_greetings_are_no_praise(text: str) -> None:
    assert read(text).topics == ()


def test_public_complaints_are_found_and_praise_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    lines = MESSAGES.with_name("public_messages.tsv").read_text(encoding="utf-8").splitlines()[1:]
    found = [
        (complaint == "1", read(text, public=True).complaint)
        for complaint, _, text in (line.split("\t") for line in lines)
    ]
    missed, false = found.count((True, False)), found.count((False, True))
    with capsys.disabled():
        sys.stdout.write(
            f"\npublic messages: {missed} complaints missed, {false} false alarms, of {len(found)}"
        )

    assert missed <= 1
    assert false <= 1


def test_trouble_in_public_is_a_complaint_unless_the_stars_are_friendly() -> None:
    assert read("Where is my parcel?", public=True).complaint
    assert not read("Where is my parcel?").complaint
    assert not read("My parcel came late, yet I am happy", public=True, rating=Rating(5, 5)).complaint
