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


def test_forty_contacts_count_as_much_as_the_configuration() -> None:
    levels = Levels()
    for _ in range(40):
        levels = levels.after("refund", 3, None, TODAY, complaint=False, used=True)

    assert levels.prior("refund", PRIOR, TODAY, complaint=False) == pytest.approx((0.2, 0.15, 0.1, 0.55))
    assert levels.prior("refund", PRIOR, TODAY, complaint=True) == pytest.approx(PRIOR)


def test_words_that_prove_wrong_are_trusted_less() -> None:
    levels = Levels()
    for _ in range(200):
        levels = levels.after("refund", 0, 2, TODAY, complaint=False, used=True)

    assert levels.signal_chance(2, 0, 4, TODAY) > 0.75
    assert posterior(PRIOR, levels, 2, TODAY)[0] > posterior(PRIOR, Levels(), 2, TODAY)[0] + 0.3


def test_silence_teaches_nothing_where_nobody_ever_says_what_he_used() -> None:
    silent = Levels().after("refund", 0, None, TODAY, complaint=False, used=False)
    spoken = silent.after("refund", 2, None, TODAY, complaint=False, used=True)
    later = spoken.after("refund", 0, None, TODAY, complaint=False, used=False)

    assert silent == Levels()
    assert later.needed["refund", False] == (TODAY, 0, TODAY)


def test_levels_beyond_the_eighth_count_as_the_eighth() -> None:
    levels = Levels().after("refund", 99, 42, TODAY, complaint=False, used=True)

    assert levels.needed["refund", False][7] == TODAY
    assert levels.told[7][7] == TODAY
