"""The outside checks of routing.md 6.8 and 4 as figures of the report; the tests hold the same ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

from services.contract import decisions as d
from services.router.log.canonical import digest
from services.router.log.fold import fold
from services.router.model import PartitionState
from simulator.checks.erlang import Queue, steady
from simulator.checks.single_queue import simulated
from simulator.checks.two_agents import Pair, best, hold_from, mean_in_system, weaker_from
from simulator.day import Day, draw_day
from simulator.desk import desk_of
from simulator.drive import Drive
from simulator.pool import draw_pool
from simulator.report.measures import Run
from simulator.routed import EPOCH_MS
from simulator.statistics import estimate
from simulator.tariffs import Pricer, true_forecast
from simulator.worlds import D, World

GARNETT = Queue(arrivals=0.8, service_seconds=60.0, agents=50, patience_seconds=120.0)
"""The published example: Garnett, Mandelbaum & Reiman 2002."""
ERLANG_SECONDS, ERLANG_RUNS = 8 * 3600.0, 8
EVEN = ((1.0, 1.6), (0.9, 0.45))
SLOW = ((1.0, 0.15), (0.9, 0.6))
PAIRS = (
    *(Pair(arrivals, *EVEN) for arrivals in (0.6, 0.9, 1.2)),
    Pair(0.5, (1.0, 1.0), (0.9, 0.3)),
    Pair(0.4, (0.8, 3.0), (0.95, 0.2)),
    *(Pair(arrivals, *SLOW) for arrivals in (0.4, 0.6)),
)
"""The seven cases."""
REPLAYED_WORLD = replace(D, agents=24, email_share=0.2)


def check(name: str) -> Run:
    """Raises KeyError for a name that CHECKS has not."""
    return Run(CHECKS[name]())


def erlang_a() -> dict[str, float]:
    """How far the mean of several days lies from theory, in half-widths of its interval: inside it up to 1."""
    leaves = estimate([simulated(GARNETT, ERLANG_SECONDS, seed).leaves for seed in range(ERLANG_RUNS)])
    theory = steady(GARNETT).leaves
    return {
        "erlang_a_off": abs(leaves.mean - theory) / leaves.half_width,
        "erlang_a_leaves": leaves.mean,
        "erlang_a_half_width": leaves.half_width,
        "erlang_a_theory": theory,
    }


def hold_rule() -> dict[str, float]:
    """By which share the rule's mean number in the system lies above the least that any rule reaches."""
    over = [
        mean_in_system(pair, weaker_from(hold_from(pair)))[0] / mean_in_system(pair, best)[0] - 1.0
        for pair in PAIRS
    ]
    return {"hold_rule_over": max(over)}


def explanations_and_replay(world: World = REPLAYED_WORLD, hours: float = 2.0) -> dict[str, float]:
    """Some hours of a small desk, and once more in another process, whose hashes differ.

    Then the records are folded by a reader who sees nothing but them, to the state that decided them.
    """
    records, state = records_of(world, hours)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
        again, digest_again = other.submit(_played_elsewhere, world, hours).result()
    differs = sum(one != two for one, two in zip(records, again, strict=False)) + abs(
        len(records) - len(again)
    )
    differs += digest(_folded(records)) != digest(state)
    differs += digest(state) != digest_again
    explained = [
        candidate
        for record in records
        for event in record.events
        if isinstance(event, d.Offered) and event.explanation is not None
        for candidate in event.explanation.candidates
    ]
    off = [abs(sum(term.value for term in one.terms) - one.score) for one in explained]
    return {
        "replay_differs": float(differs),
        "replayed_records": float(len(records)),
        "terms_off": max(off, default=float("nan")),
        "explained": float(len(explained)),
    }


def _played_elsewhere(world: World, hours: float) -> tuple[list[d.Decision], bytes]:
    records, state = records_of(world, hours)
    return records, digest(state)


def records_of(world: World, hours: float) -> tuple[list[d.Decision], PartitionState]:
    """All that production decides, and the state that it ends with."""
    pool = draw_pool(world, 0)
    records: list[d.Decision] = []
    drive = Drive(
        pool,
        _first_hours(draw_day(world, pool, 0), hours),
        desk_of(pool),
        forecast=true_forecast(world, pool, EPOCH_MS),
        pricer=Pricer(),
        watch=records.append,
    )
    drive.play()
    return records, drive.state


def _folded(records: list[d.Decision]) -> PartitionState:
    state = PartitionState.empty()
    for record in records:
        folded = fold(state, record)
        if not folded.accepted:
            raise RuntimeError(f"a reader of the log rejects a record: {folded.reason}")
        state = folded.state
    return state


def _first_hours(day: Day, hours: float) -> Day:
    rows = day.arrival_seconds < hours * 3600.0
    return Day(**{name: getattr(day, name)[rows] for name in Day.__dataclass_fields__})


CHECKS: Mapping[str, Callable[[], dict[str, float]]] = {
    "erlang-a": erlang_a,
    "hold-rule": hold_rule,
    "explanations and replay": explanations_and_replay,
}
