"""Bid prices: the duals of the program are what a second of a group's time saves (routing.md 2.3)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.prices import desk_program, greedy
from services.router.policy import prices
from services.router.policy.prices import Program, Status, in_force, solve, stepped
from services.router.policy.settings import DEFAULTS


def program(rate: list[float], agents: list[float], edges: list[tuple[int, int, float, float]]) -> Program:
    """Edges are (class, group, seconds, cost)."""
    edges = sorted(edges)
    return Program(
        np.array(rate, float),
        np.array(agents, float),
        np.array([edge[0] for edge in edges], np.intp),
        np.array([edge[1] for edge in edges], np.intp),
        np.array([edge[2] for edge in edges], float),
        np.array([edge[3] for edge in edges], float),
    )


def test_time_in_plenty_costs_nothing() -> None:
    found = solve(program([0.01], [10], [(0, 0, 200, 440)]), DEFAULTS)

    assert found.status is Status.OPTIMAL
    assert found.price.tolist() == [0.0]
    assert found.cost == pytest.approx(0.01 * 440)


def test_full_groups_cost_what_another_second_saves() -> None:
    """10 agents give 9.3 s/s; 0.05 x 200 = 10 are asked for: what is left out costs (2500 - 440) / 200 a second."""
    found = solve(program([0.05], [10], [(0, 0, 200, 440)]), DEFAULTS)

    assert found.price[0] == pytest.approx((2500 - 440) / 200)
    assert found.left_out[0] == pytest.approx(0.05 - 9.3 / 200)


def test_the_empowered_cost_more_while_others_have_time() -> None:
    """Both classes prefer group 1, which has time for one: its price is what the other class would gain by it."""
    able_both = program(
        [0.04, 0.04], [20, 10], [(0, 0, 200, 500), (0, 1, 200, 440), (1, 0, 200, 1400), (1, 1, 200, 440)]
    )
    found = solve(able_both, DEFAULTS)

    assert found.price.tolist() == pytest.approx([0.0, 60 / 200])
    assert found.left_out.sum() == pytest.approx(0.0, abs=1e-12)


def test_nobody_at_work_or_nothing_asked_for_has_no_price() -> None:
    for one in (program([0.05], [0], [(0, 0, 200, 440)]), program([0.0], [5], [(0, 0, 200, 440)])):
        found = solve(one, DEFAULTS)

        assert found.status is Status.EMPTY
        assert found.price.tolist() == [0.0]
        assert found.cost == pytest.approx(2500 * one.rate.sum())


def test_a_class_that_nobody_may_take_is_left_out() -> None:
    found = solve(program([0.01, 0.02], [10], [(0, 0, 200, 440)]), DEFAULTS)

    assert found.left_out.tolist() == pytest.approx([0.0, 0.02])
    assert found.cost == pytest.approx(0.01 * 440 + 0.02 * 2500)


def test_a_program_that_cannot_be_solved_says_so() -> None:
    less_than_no_time = replace(DEFAULTS, capacity_share=-1.0)

    assert solve(program([0.05], [10], [(0, 0, 200, 440)]), less_than_no_time).status is Status.FAILED


@pytest.mark.parametrize("load", [0.6, 0.9, 1.1])
def test_leaving_edges_out_at_first_changes_no_price(load: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Column generation ends at the prices of the whole program, from nothing and from prices that are far off."""
    one = desk_program(30, 8, 2, load=load)
    whole = solve(one, DEFAULTS)
    monkeypatch.setattr(prices, "WHOLE_EDGES_MAX", 0)

    for start in (None, np.zeros(30), np.full(30, 4.0), whole.price):
        found = solve(one, DEFAULTS, start)

        assert found.status is Status.OPTIMAL
        assert found.cost == pytest.approx(whole.cost, rel=1e-5)
        assert found.price == pytest.approx(whole.price, abs=0.02)


def test_a_start_that_leads_nowhere_ends_with_the_whole_program(monkeypatch: pytest.MonkeyPatch) -> None:
    one = desk_program(30, 8, 2)
    whole = solve(one, DEFAULTS)
    monkeypatch.setattr(prices, "WHOLE_EDGES_MAX", 0)
    monkeypatch.setattr(prices, "ROUNDS_MAX", 1)

    found = solve(one, DEFAULTS, np.linspace(0.0, 50.0, 30))

    assert found.rounds == 2
    assert found.price == pytest.approx(whole.price, abs=1e-6)


def test_agents_who_are_all_alike_are_priced_from_few_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every edge costs the same: each class starts with a few groups of its own, not all with the same ones."""
    classes, groups = 40, 40
    pairs = [(c, g, 200.0, 440.0) for c in range(classes) for g in range(groups)]
    alike = program([0.9 * 0.93 / 200] * classes, [1.0] * groups, pairs)
    monkeypatch.setattr(prices, "WHOLE_EDGES_MAX", 0)

    found = solve(alike, DEFAULTS, np.zeros(groups))

    assert (found.status, found.rounds) == (Status.OPTIMAL, 1)
    assert found.left_out.sum() == pytest.approx(0.0, abs=1e-9)


def test_equal_programs_have_equal_prices() -> None:
    one, other = desk_program(40, 10, 4), desk_program(40, 10, 4)

    assert solve(one, DEFAULTS).price.tobytes() == solve(other, DEFAULTS).price.tobytes()


def test_new_prices_are_clipped_and_mixed_with_the_old() -> None:
    by_halves = replace(DEFAULTS, price_smoothing=0.5, price_max=5.0)
    found = in_force(np.array([0.0, 1.0, 40.0]), np.array([1.0, 0.0, 5.0]), by_halves)

    assert found.tolist() == [0.5, 0.5, 5.0]


def test_without_a_solver_prices_follow_how_busy_a_group_is() -> None:
    """One second at 1.0 busy: 0.02 x 0.07; a minute at half: down by 0.02 x 0.43 x 60 = 0.516, not below 0."""
    up = stepped(np.array([1.0]), np.array([1.0]), 1, DEFAULTS)
    down = stepped(np.array([1.0, 0.1]), np.array([0.5, 0.5]), 60, DEFAULTS)

    assert up.tolist() == pytest.approx([1.0014])
    assert down.tolist() == pytest.approx([0.484, 0.0])


@given(st.floats(0, 5), st.floats(0, 1), st.integers(1, 400))
def test_many_seconds_at_once_are_as_many_single_ones(price: float, busy: float, seconds: int) -> None:
    at_once = stepped(np.array([price]), np.array([busy]), seconds, DEFAULTS)
    one_by_one = np.array([price])
    for _ in range(seconds):
        one_by_one = stepped(one_by_one, np.array([busy]), 1, DEFAULTS)

    assert at_once == pytest.approx(one_by_one, abs=1e-9)
    assert 0.0 <= at_once[0] <= DEFAULTS.price_max


Programs = st.builds(
    desk_program,
    groups=st.integers(1, 12),
    topics=st.integers(4, 6),
    languages=st.integers(2, 3),
    seed=st.integers(0, 10**6),
    load=st.floats(0.05, 3.0),
)


@settings(max_examples=60, deadline=None, database=None)
@given(Programs, st.floats(0, 5))
def test_prices_in_force_are_never_negative_nor_above_the_bound(one: Program, before: float) -> None:
    found = in_force(solve(one, DEFAULTS).price, np.full(one.agents.size, before), DEFAULTS)

    assert np.isfinite(found).all()
    assert (found >= 0.0).all() and (found <= DEFAULTS.price_max).all()


@settings(max_examples=60, deadline=None, database=None)
@given(Programs, st.floats(1, 2), st.integers(0, 10**6))
def test_more_demand_never_lowers_the_cost_nor_more_agents_raise_it(
    one: Program, factor: float, which: int
) -> None:
    found = solve(one, DEFAULTS).cost
    more = one.rate.copy()
    more[which % more.size] *= factor
    agents = one.agents.copy()
    agents[which % agents.size] += 1

    assert solve(replace(one, rate=more), DEFAULTS).cost >= found - 1e-6
    assert solve(replace(one, agents=agents), DEFAULTS).cost <= found + 1e-6


@settings(max_examples=30, deadline=None, database=None)
@given(Programs)
def test_no_greedy_pass_is_cheaper_than_the_program(one: Program) -> None:
    assert solve(one, DEFAULTS).cost <= greedy(one) + 1e-6
