"""How long callers wait before they leave, from those who left and those who were answered."""

from __future__ import annotations

import math

import numpy as np
import pytest

from services.router.policy.hazard import GammaPatience, mean_hazard, summed_hazards
from services.router.policy.patience import BIN_MS, BINS, LEFT_MAX, LEFT_MIN, NO_WAITS, Waits, fitted

CALLER = GammaPatience(3, 56 / 3)


def seen(callers: int, seed: int = 1) -> Waits:
    """Callers of the gamma patience, answered after 60 s on average unless they left before."""
    noise = np.random.default_rng(seed)
    patience, answered = noise.gamma(3, 56 / 3, callers), noise.exponential(60.0, callers)
    waits = NO_WAITS
    for stays, answer in zip(patience.tolist(), answered.tolist(), strict=True):
        waits = waits.after(round(1000 * min(stays, answer)), left=stays < answer)
    return waits


def test_the_example_of_kaplan_and_meier_has_their_survival() -> None:
    """Deaths at .8, 3.1, 5.4 and 9.2 months, losses at 1.0, 2.7, 7.0 and 12.1 (1958, section 2): 7/8, then .7, .525
    and .2625. A month is a minute here."""
    waits = NO_WAITS
    for months, left in [
        *[(months, True) for months in (0.8, 3.1, 5.4, 9.2)],
        *[(months, False) for months in (1.0, 2.7, 7.0, 12.1)],
    ]:
        waits = waits.after(round(months * 60_000), left=left)
    patience = fitted(waits, left_min=1, at_risk_min=1)
    assert patience is not None

    survival = [math.exp(-patience.left_share_log(60 * months)) for months in (0.5, 2.0, 4.0, 6.0, 9.5)]
    assert survival == pytest.approx([1.0, 7 / 8, 0.7, 0.525, 0.2625])


def test_twenty_thousand_callers_show_the_patience_they_have() -> None:
    patience = fitted(seen(20_000))
    assert patience is not None

    for seconds in (20.0, 40.0, 60.0, 90.0):
        assert patience.left_share_log(seconds) == pytest.approx(CALLER.left_share_log(seconds), rel=0.04)
    for waited in (10.0, 30.0, 60.0):
        assert mean_hazard(patience, waited, 30.0) == pytest.approx(
            mean_hazard(CALLER, waited, 30.0), rel=0.05
        )


def test_fewer_than_five_hundred_who_left_say_nothing() -> None:
    waits = NO_WAITS
    for number in range(LEFT_MIN - 1):
        waits = waits.after(1_000 + 200 * number, left=True)

    assert fitted(waits) is None
    assert fitted(waits.after(30_000, left=True)) is not None


def test_many_times_at_once_are_each_alone_to_the_last_bit() -> None:
    patience = fitted(seen(5_000))
    assert patience is not None
    times = np.array([0.0, 0.001, 4.999, 5.0, 17.3, 120.0, 599.9, 5_000.0])

    assert patience.left_shares_log(times).tolist() == [
        patience.left_share_log(one) for one in times.tolist()
    ]
    assert summed_hazards(patience, 12.5, times[1:]).tolist() == pytest.approx(
        [mean_hazard(patience, 12.5, one) * one for one in times[1:].tolist()], abs=1e-5
    )


def test_beyond_what_was_seen_it_goes_on_at_the_rate_of_the_last_minute() -> None:
    patience = fitted(seen(20_000))
    assert patience is not None

    late = [mean_hazard(patience, waited, 60.0) for waited in (700.0, 3_000.0)]
    assert late[0] == late[1]
    assert 0.02 < late[0] < 3 / 56


def test_all_who_reached_a_bin_may_leave_in_it() -> None:
    waits = NO_WAITS
    for _ in range(600):
        waits = waits.after(12_000, left=True)
    patience = fitted(waits)
    assert patience is not None

    assert 1.0 < patience.left_share_log(15.0) < 10.0


def test_who_waited_less_than_a_second_did_not_wait() -> None:
    assert NO_WAITS.after(999, left=True) == NO_WAITS.after(0, left=False) == NO_WAITS


def test_longer_waits_than_ten_minutes_count_as_at_risk_until_then() -> None:
    waits = NO_WAITS.after(BINS * BIN_MS, left=True).after(90_000_000, left=False)

    assert (waits.left[-1], waits.answered[-1], waits.gone) == (1, 1, 1)


def test_what_was_long_ago_fades() -> None:
    waits = NO_WAITS.after(7_000, left=False)._replace(
        gone=LEFT_MAX - 1, left=(0, LEFT_MAX - 1, *NO_WAITS.left[2:]), answered=(50, *NO_WAITS.answered[1:])
    )
    after = waits.after(7_000, left=True)

    assert (after.gone, after.left[1], after.answered[0]) == (LEFT_MAX // 2, LEFT_MAX // 2, 25)
