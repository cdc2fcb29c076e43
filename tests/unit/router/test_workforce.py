"""Columns of the agents at work: whichever version asks, they are what its agents say."""

from __future__ import annotations

import random

from services.contract.facts import Presence
from services.router.model import AgentState, changed
from services.router.roster import Roster
from services.router.workforce import Workforce
from tests.unit.router.world import agent, desk


def as_said(one: Workforce) -> tuple[object, ...]:
    """The columns as they stand; shift ends count as unknown where nobody's is known."""
    ends = one.shift_ends
    return (
        one.units.tolist(),
        one.firm.tolist(),
        one.idle_since.tolist(),
        None if ends is None or len(set(ends.tolist())) == 1 else ends.tolist(),
        one.idle,
        one.idle_counts.tolist(),
        one.roomy.tolist(),
    )


def test_every_version_reads_its_own_columns() -> None:
    """Versions branch off at random from any that went before, and are asked in any order."""
    rng = random.Random(3)
    roster = Roster(
        desk(*[agent(f"A{number:02}", "billing", "en", 50 * (number % 3)) for number in range(12)])
    )
    ids = list(roster.agent_ids)
    versions = [Workforce.of(roster.seats, {name: AgentState(name) for name in ids})]
    for _ in range(300):
        base = rng.choice(versions[-5:] + versions[:2])
        name = rng.choice(ids)
        used = rng.choice([0, 20, 50, 100])
        after = changed(
            base[name],
            presence=rng.choice([Presence.AVAILABLE, Presence.AVAILABLE, Presence.BREAK, Presence.OFFLINE]),
            used_units=used,
            soft_units=rng.choice([0, used]),
            idle_since_ms=rng.randrange(5),
            shift_ends_at_ms=rng.choice([0, 0, 7, 9]),
        )
        versions.append(base.set(name, after))
        for one in (versions[-1], rng.choice(versions)):
            assert as_said(one) == as_said(Workforce.of(roster.seats, dict(one.items())))
