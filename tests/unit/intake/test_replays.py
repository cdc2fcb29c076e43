"""The guard against replays: taken once, turned away and back, bounded."""

from __future__ import annotations

import pytest

from services.intake.channels import mailgun
from services.intake.replays import KEEP_MS, NEW, TAKEN, TURNED_AWAY, UNDER_WAY, ReplayGuard


def go(guard: ReplayGuard, nonce: str, became: str = "", at_ms: int = 0) -> tuple[str, int]:
    with guard.passing("mailgun", nonce, at_ms) as passage:
        passage.became = became
    return passage.found, passage.first_at_ms


def test_what_was_taken_never_goes_in_again() -> None:
    guard = ReplayGuard()

    assert [go(guard, "a", TAKEN)[0], go(guard, "a")[0], go(guard, "a", TAKEN)[0]] == [NEW, TAKEN, TAKEN]
    assert go(guard, "b")[0] == NEW


def test_what_we_turned_away_is_judged_by_when_it_first_came() -> None:
    guard = ReplayGuard()

    assert go(guard, "a", TURNED_AWAY, 5) == (NEW, 5)
    assert go(guard, "a", "", 900_000) == (TURNED_AWAY, 5)
    assert go(guard, "a", TAKEN, 1_900_000) == (TURNED_AWAY, 5)
    assert go(guard, "a", "", 2_000_000) == (TAKEN, 5)


def test_what_is_not_genuine_leaves_nothing_behind() -> None:
    guard = ReplayGuard(nonces_max=2)
    go(guard, "a", TAKEN)
    for number in range(10):
        go(guard, f"forged {number}")

    assert go(guard, "a")[0] == TAKEN
    with pytest.raises(ZeroDivisionError), guard.passing("mailgun", "b", 0):
        raise ZeroDivisionError
    assert go(guard, "b")[0] == NEW


def test_nonce_is_remembered_for_as_long_as_its_timestamp_counts() -> None:
    assert KEEP_MS > 2 * mailgun.WINDOW_SECONDS_HIGH * 1_000


def test_two_at_once_do_not_both_go_in() -> None:
    guard = ReplayGuard()
    with guard.passing("mailgun", "a", 0) as first, guard.passing("mailgun", "a", 0) as second:
        first.became = TAKEN
        assert (first.found, second.found) == (NEW, UNDER_WAY)

    assert go(guard, "a")[0] == TAKEN


def test_memory_is_bounded_in_number_and_time() -> None:
    guard = ReplayGuard(nonces_max=3)
    for number in range(10):
        go(guard, str(number), TAKEN)
    assert [go(guard, str(number))[0] for number in (5, 9)] == [NEW, TAKEN]

    old = ReplayGuard()
    go(old, "a", TAKEN, 0)
    assert go(old, "a", "", KEEP_MS - 1)[0] == TAKEN
    assert go(old, "a", "", KEEP_MS)[0] == NEW


def test_no_nonce_is_always_new() -> None:
    guard = ReplayGuard()
    assert [go(guard, "", TAKEN)[0] for _ in range(2)] == [NEW, NEW]
