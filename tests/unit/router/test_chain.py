"""What a hop costs against keeping the customer, to the customer-second (routing.md 2.8, rule 2)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from services.router.policy.chain import hop_cs, keep_cs, wait_seconds


def test_the_wait_is_the_requests_over_the_rate_at_which_people_free() -> None:
    assert wait_seconds(2, [1 / 100, 1 / 300]) == pytest.approx(150.0)
    assert wait_seconds(1, []) == math.inf


def test_a_hop_costs_the_talk_the_failure_and_the_customers_wait() -> None:
    """300 (1.3 + .2) + .2 x 1560 + 20 x 1.3 = 450 + 312 + 26."""
    talk, price, resolves = np.array([300.0]), np.array([0.2]), np.array([0.8])

    cost = hop_cs(talk_seconds=talk, price=price, weight=1.3, resolves=resolves, failure_cs=1560, wait=20)

    assert cost == pytest.approx([788.0])


def test_keeping_it_costs_two_peoples_wait_a_consult_and_the_rest() -> None:
    """(150 + 75)(1 + .2) + 75 x .4 + .25 x 1200 + 20 x 1.2 = 270 + 30 + 300 + 24."""
    cost = keep_cs(
        rest_seconds=150,
        price=0.2,
        consult_seconds=75,
        adviser_price=0.4,
        weight=1,
        resolves=0.75,
        failure_cs=1200,
        wait=20,
    )

    assert cost == pytest.approx(624.0)


def test_waiting_for_nobody_costs_without_bound() -> None:
    keep = keep_cs(
        rest_seconds=0,
        price=0,
        consult_seconds=75,
        adviser_price=0,
        weight=1,
        resolves=1,
        failure_cs=1200,
        wait=math.inf,
    )

    assert keep == math.inf
