"""What nobody has verified writes a bounded number of dead letters."""

from __future__ import annotations

from services.intake.unverified import MINUTE_MS, UnverifiedLetters
from tests.unit.intake.world import NOON_MS


def test_letters_are_bounded_per_source_and_minute() -> None:
    letters = UnverifiedLetters(per_minute_max=2)

    assert [letters.allow("meta", NOON_MS) for _ in range(4)] == [True, True, False, False]
    assert letters.allow("twilio", NOON_MS)
    assert not letters.allow("meta", NOON_MS + MINUTE_MS - 1)
    assert [letters.allow("meta", NOON_MS + MINUTE_MS) for _ in range(3)] == [True, True, False]
