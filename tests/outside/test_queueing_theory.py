"""The simulator's loop against theory and against another simulator, before any policy's figures are believed."""

from __future__ import annotations

import ciw
import pytest

from simulator.checks.erlang import Queue, steady
from simulator.checks.single_queue import simulated
from simulator.statistics import Estimate, estimate
from tests.outside.data import FIGURES

GARNETT = Queue(arrivals=0.8, service_seconds=60.0, agents=50, patience_seconds=120.0)
"""48 calls a minute of one minute, 50 agents, patience two minutes: Garnett, Mandelbaum & Reiman 2002."""


def test_erlang_c_has_its_published_figures() -> None:
    found = steady(Queue(arrivals=0.8, service_seconds=60.0, agents=50))
    assert round(found.waits, 4) == 0.6945
    assert round(found.wait_seconds, 2) == 20.83
    assert round(found.occupancy, 2) == 0.96


def test_erlang_a_has_its_published_figures() -> None:
    found = steady(GARNETT)
    assert round(found.waits, 3) == 0.468
    assert round(found.leaves, 4) == 0.0309
    assert round(found.wait_seconds, 2) == 3.71
    assert round(found.occupancy, 2) == 0.93


@pytest.mark.parametrize(
    ("calls_per_hour", "wait_seconds", "answered_at_once"),
    [(1400, 2, 0.87), (1550, 48, 0.33), (1580, 154, 0.15), (1585, 214, 0.11)],
)
def test_a_hundred_agents_near_full_load(
    calls_per_hour: int, wait_seconds: int, answered_at_once: float
) -> None:
    found = steady(Queue(arrivals=calls_per_hour / 3600, service_seconds=225.0, agents=100))
    assert round(found.wait_seconds) == wait_seconds
    assert round(1 - found.waits, 2) == answered_at_once


@pytest.mark.parametrize(
    ("load", "leaves", "wait_seconds"), [(0.90, 0.011, 0.6), (1.00, 0.049, 2.7), (1.10, 0.108, 6.1)]
)
def test_seconds_above_the_pooling_floor_are_the_price_of_skills(
    load: float, leaves: float, wait_seconds: float
) -> None:
    """120 agents, 240 s, patience 56 s; the middle wait is 2.746 s."""
    found = steady(Queue(load * 120 / 240.0, service_seconds=240.0, agents=120, patience_seconds=56.0))
    assert round(found.leaves, 3) == leaves
    assert round(found.wait_seconds, 1) == wait_seconds


def test_a_queue_that_grows_without_end_has_no_steady_state() -> None:
    with pytest.raises(ValueError, match="no steady state"):
        steady(Queue(arrivals=1.0, service_seconds=60.0, agents=60))


def test_our_loop_meets_erlang_a() -> None:
    runs = [simulated(GARNETT, 8 * 3600.0, seed) for seed in range(4)]
    theory = steady(GARNETT)
    waits = estimate([run.waits for run in runs])
    leaves = estimate([run.leaves for run in runs])
    seconds = estimate([run.wait_seconds for run in runs])
    note("our loop", leaves, seconds, waits)
    assert waits.holds(theory.waits)
    assert leaves.holds(theory.leaves)
    assert seconds.holds(theory.wait_seconds)
    assert max(leaves.half_width, 0.01) == 0.01, "an interval wide enough holds anything"


@pytest.mark.slow
def test_our_loop_meets_erlang_c() -> None:
    queue = Queue(arrivals=1400 / 3600, service_seconds=225.0, agents=100)
    runs = [simulated(queue, 30 * 3600.0, seed) for seed in range(8)]
    waits = estimate([run.waits for run in runs])
    seconds = estimate([run.wait_seconds for run in runs])
    note("our loop, 1400 calls/h, nobody leaves", estimate([run.leaves for run in runs]), seconds, waits)
    assert waits.holds(steady(queue).waits)
    assert seconds.holds(steady(queue).wait_seconds)
    assert max(waits.half_width, 0.06) == 0.06, "an interval wide enough holds anything"


@pytest.mark.slow
def test_ciw_meets_erlang_a_and_our_loop() -> None:
    runs = [_ciw(GARNETT, 4 * 3600.0, seed) for seed in range(4)]
    leaves, seconds = (estimate([run[at] for run in runs]) for at in (0, 1))
    note("Ciw", leaves, seconds)
    assert leaves.holds(steady(GARNETT).leaves)
    assert seconds.holds(steady(GARNETT).wait_seconds)
    ours = estimate([simulated(GARNETT, 8 * 3600.0, seed).leaves for seed in range(4)])
    assert abs(ours.mean - leaves.mean) < ours.half_width + leaves.half_width


def _ciw(queue: Queue, seconds: float, seed: int) -> tuple[float, float]:
    """Share who leave, and mean wait of all, of one run without its first eighth."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(queue.arrivals)],
        service_distributions=[ciw.dists.Exponential(1 / queue.service_seconds)],
        reneging_time_distributions=[ciw.dists.Exponential(1 / (queue.patience_seconds or 0.0))],
        number_of_servers=[queue.agents],
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(seconds)
    records = [record for record in simulation.get_all_records() if record.arrival_date >= seconds / 8]
    return (
        sum(record.record_type == "renege" for record in records) / len(records),
        sum(record.waiting_time for record in records) / len(records),
    )


def note(who: str, leaves: Estimate, seconds: Estimate, waits: Estimate | None = None) -> None:
    also = f", P(wait) {waits.mean:.3f} +- {waits.half_width:.3f}" if waits else ""
    FIGURES.append(
        f"queueing theory: {who}: leaves {leaves.mean:.2%} +- {leaves.half_width:.2%}, "
        f"waits {seconds.mean:.2f} +- {seconds.half_width:.2f} s{also}"
    )
