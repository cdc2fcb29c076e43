"""Cursors, back-off and what is remembered."""

from __future__ import annotations

import pytest

from services.intake.backoff import Backoff
from services.intake.interpret import Interpreted
from services.intake.poll import further
from services.intake.seen import Seen
from tests.unit.intake.world import interpret, meta, sms


@pytest.mark.parametrize(
    ("one", "other", "furthest"),
    [
        ("", "1", "1"),
        ("9", "10", "10"),
        ("010", "9", "010"),
        ("1775203200000", "", "1775203200000"),
        ("2026-04-03T08:00:00Z", "2026-04-03T09:00:00Z", "2026-04-03T09:00:00Z"),
        ("", "", ""),
    ],
)
def test_cursors_only_move_forward(one: str, other: str, furthest: str) -> None:
    assert further(one, other) == further(other, one) == furthest


def test_waits_double_up_to_a_bound_and_a_success_starts_anew() -> None:
    backoff = Backoff(lambda: 1.0, 1_000, 60_000)
    assert [backoff.failed() for _ in range(8)] == [
        1_000,
        2_000,
        4_000,
        8_000,
        16_000,
        32_000,
        60_000,
        60_000,
    ]
    assert backoff.failed(at_least_ms=90_000) == 90_000
    backoff.succeeded()
    assert backoff.failed() == 1_000
    assert Backoff(lambda: 0.0, 1_000, 60_000).failed() == 500


def test_what_was_published_is_no_news_and_one_problem_is_told_once() -> None:
    seen, found = Seen(), interpret(sms())
    assert seen.news(found) == found
    seen.remember(found)
    assert seen.news(found).facts == ()

    unreadable = interpret(meta(b"\xff"))
    doubled = Interpreted("meta", unreadable.reading, problems=unreadable.problems * 2)
    assert seen.news(doubled).problems == unreadable.problems
    seen.remember(unreadable)
    assert seen.news(doubled).problems == ()


def test_little_is_remembered() -> None:
    seen = Seen(remembered_max=1)
    one, two = interpret(sms()), interpret(sms(MessageSid="SM2"))
    seen.remember(one)
    seen.remember(two)
    assert (seen.news(one).facts, seen.news(two).facts) == (one.facts, ())
