"""Routers that fight over a partition: the real owner, tail and commands in seeded histories (tests/rivals).

`python -m tests.rivals --histories 100000` plays as many as are wanted; here are enough to notice a mistake. Every
broken router of `mutants.py` is found, so the simulation bites.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from services.router.evolve import CorruptLog
from tests.rivals.history import run
from tests.rivals.mutants import MUTANTS
from tests.rivals.workers import CHUNK, play_chunk, workers

HISTORIES = int(os.environ.get("FRONTDESK_RIVAL_HISTORIES", "600"))
FOUND_WITHIN = 40
"""Histories in which each broken router must have been found."""


@pytest.mark.slow
def test_every_rule_holds_in_every_history() -> None:
    """Kills, zombies, two owners at once, clocks that jump, appends lost, doubled, delayed and unanswered."""
    chunks = [range(at, min(at + CHUNK, HISTORIES)) for at in range(0, HISTORIES, CHUNK)]
    total, failures = Counter[str](), list[str]()
    with workers() as pool:
        for counts, failed in pool.map(play_chunk, chunks):
            total.update(counts)
            failures += failed
    assert failures == []
    assert total["histories"] == HISTORIES
    for fought in ("records", "timers", "duplicates", "commands", "kills", "stops", "leaves"):
        assert total[fought] > HISTORIES / 10, fought
    assert total["records"] > 1.2 * total["accepted"]


def test_the_same_seed_plays_the_same_history() -> None:
    assert run(7) == run(7)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_router_that_breaks_a_rule_is_found(name: str) -> None:
    for seed in range(FOUND_WITHIN):
        try:
            run(seed, MUTANTS[name], replay=False)
        except (AssertionError, CorruptLog):
            return
    pytest.fail(f"{name}: not found in {FOUND_WITHIN} histories, the simulation does not bite")
