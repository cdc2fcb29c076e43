"""What a contact costs at each agent: the terms by hand, whole, with a threshold that comes out by itself."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.policy.cost import Costs, Floats, covered, mixed, rates, weighed
from services.router.policy.settings import DEFAULTS, PolicySettings


class People(NamedTuple):
    """Agents as columns."""

    level: npt.NDArray[np.int8]
    speed: Floats
    price: Floats
    price_max: float
    approver_free: float


def people(level: list[int], speed: list[float], price: list[float], approver_free: float = 0.6) -> People:
    return People(
        np.array(level, dtype=np.int8),
        np.array(speed),
        np.array(price),
        max(price, default=0.0),
        approver_free,
    )


def costs(
    who: People, skill: Floats, seconds: float, covers: Floats, weight: float, settings: PolicySettings
) -> Costs:
    return weighed(
        covers[who.level],
        skill,
        who.speed * seconds,
        weight,
        who.price,
        who.price_max,
        who.approver_free,
        settings,
    )


def term(found: Costs, at: int) -> list[float]:
    return [int(one[at]) / 1e6 for one in found.terms]


def test_each_term_by_hand() -> None:
    """v .9, AHT 300: T 270. w 1.3, lambda .5, lambda_max 2. A = .7, q = .8 (.7 + .3 x .6) = .704.

    talk 270 x 1.3; price 270 x .5; authority .3 (75 (1.3 + .5 + 2) + 120 x 1.3); failure .296 x 1560.
    """
    found = costs(
        people([1, 3], [0.9, 1.0], [0.5, 2.0]),
        np.array([0.8, 0.8]),
        300.0,
        covered([(0, 0.4), (1, 0.3), (2, 0.2), (3, 0.1)], 3),
        1.3,
        DEFAULTS,
    )

    assert term(found, 0) == pytest.approx([351.0, 135.0, 132.3, 461.76])
    assert term(found, 1) == pytest.approx([390.0, 600.0, 0.0, 312.0])
    assert found.covers[0] == pytest.approx(0.7)
    assert found.resolves[0] == pytest.approx(0.704)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.floats(0.3, 3), st.floats(0, 5), st.floats(0, 1)),
        min_size=1,
        max_size=9,
    ),
    st.floats(1, 2),
    st.floats(10, 2000),
)
def test_terms_sum_to_the_cost_to_the_last_digit(
    rows: list[tuple[int, float, float, float]], weight: float, seconds: float
) -> None:
    level, speed, price, skill = ([row[at] for row in rows] for at in range(4))
    found = costs(
        people([int(one) for one in level], speed, price),
        np.array(skill),
        seconds,
        covered([(0, 0.5), (2, 0.5)], 3),
        weight,
        DEFAULTS,
    )

    summed = found.terms[0] + found.terms[1] + found.terms[2] + found.terms[3]
    assert list(summed) == list(found.total)


def test_in_slack_the_likelier_resolver_wins_and_under_load_the_quicker() -> None:
    """.06 more resolution is 72 cs; 40 % more speed on 300 s is 120 s of an agent's time, dear only under load."""
    skill, seconds = np.array([0.86, 0.80]), 100.0
    slack = costs(people([0, 0], [1.0, 0.6], [0.0, 0.0]), skill, seconds, covered([], 0), 1.0, DEFAULTS)
    load = costs(people([0, 0], [1.0, 0.6], [2.0, 2.0]), skill, seconds, covered([], 0), 1.0, DEFAULTS)

    assert slack.total[0] < slack.total[1]
    assert load.total[0] > load.total[1]


def test_topics_are_mixed_by_their_chances() -> None:
    assert list(mixed([(0.75, np.array([0.8, 0.4])), (0.25, np.array([0.4, 0.8]))])) == pytest.approx(
        [0.7, 0.5]
    )


def test_a_need_without_levels_is_covered_by_everybody() -> None:
    assert list(covered([], 2)) == [1.0, 1.0, 1.0]


def test_rates_are_contacts_a_second() -> None:
    assert list(rates(np.array([1.0, 0.5]), 250.0)) == [4_000_000, 8_000_000]
