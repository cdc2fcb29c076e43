"""Levels of authority: priors, what intake's words say of them, what was really needed."""

from __future__ import annotations

import pytest

from services.router.policy.levels import Levels, posterior
from services.router.policy.memory import weight_on

TODAY = weight_on(0, 30.0)
PRIOR = (0.4, 0.3, 0.2, 0.1)


def test_without_words_the_prior_holds() -> None:
    assert posterior(PRIOR, Levels(), None, TODAY) == PRIOR


def test_words_are_right_four_times_of_five() -> None:
    """.2 x .8 against .4, .3 and .1 x .2/3."""
    found = posterior(PRIOR, Levels(), 2, TODAY)

    assert found[2] == pytest.approx(0.16 / (0.16 + 0.8 * 0.2 / 3))
    assert sum(found) == pytest.approx(1.0)


def test_a_level_that_the_configuration_excludes_is_possible_once_words_point_at_it() -> None:
    found = posterior((1.0,), Levels(), 2, TODAY)

    assert found[1] == 0.0
    assert 0.0 < found[2] < 0.05


def shown(levels: Levels, count: int, level: int, signal: int | None = None, expected: float = 0.5) -> Levels:
    for _ in range(count):
        levels = levels.after("refund", level, signal, TODAY, complaint=False, expected=expected)
    return levels


def test_forty_contacts_count_as_much_as_the_configuration() -> None:
    levels = shown(Levels(), 40, 3)

    assert levels.prior("refund", PRIOR, TODAY, complaint=False) == pytest.approx((0.2, 0.15, 0.1, 0.55))
    assert levels.prior("refund", PRIOR, TODAY, complaint=True) == pytest.approx(PRIOR)


def test_words_that_prove_wrong_are_trusted_less() -> None:
    levels = shown(shown(Levels(), 200, 0, 2), 200, 2, 2)

    assert levels.signal_chance(2, 0, 4, TODAY) > 0.75
    assert posterior(PRIOR, levels, 2, TODAY)[0] > posterior(PRIOR, Levels(), 2, TODAY)[0] + 0.2


def test_silence_is_no_level_where_nobody_records_what_he_uses() -> None:
    """300 contacts of which 180 were expected to take authority, none of them told."""
    silent = shown(Levels(), 300, 0, 2, expected=0.6)

    assert not silent.believed(TODAY)
    assert silent.prior("refund", PRIOR, TODAY, complaint=False) == pytest.approx(PRIOR)
    assert posterior(PRIOR, silent, 2, TODAY) == posterior(PRIOR, Levels(), 2, TODAY)


@pytest.mark.parametrize(
    ("told", "silent", "believed"),
    [
        (19, 0, False),  # too few to say
        (20, 0, True),
        (50, 150, True),  # 50 of 100 that were expected
        (49, 151, False),  # more than half of them are silent about it
    ],
)
def test_silence_is_level_nought_once_half_of_what_was_expected_is_recorded(
    told: int, silent: int, believed: bool
) -> None:
    levels = shown(shown(Levels(), told, 1), silent, 0)

    assert levels.believed(TODAY) is believed
    changed = levels.prior("refund", PRIOR, TODAY, complaint=False) != pytest.approx(PRIOR)
    assert changed is believed


def test_levels_beyond_the_eighth_count_as_the_eighth() -> None:
    levels = shown(Levels(), 1, 99, 42)

    assert levels.needed["refund", False][7] == TODAY
    assert levels.told[7][7] == TODAY
