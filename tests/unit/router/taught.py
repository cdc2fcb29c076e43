"""A desk that learns, for the tests of what it learns: contacts that were served, and days of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from services.contract.desk import DeskPolicy
from services.contract.facts import Outcome
from services.router.policy.memory import VALUE
from tests.unit.router.world import (
    HOUR,
    MINUTE,
    SECOND,
    World,
    agent,
    call,
    desk,
    email,
)


def at_work(*others: str, policy: DeskPolicy | None = None) -> World:
    """A at a desk of three topics; `others` are signed in too."""
    configured = desk(agent("A"), *[agent(one) for one in others])
    world = World(replace(configured, policy=policy))
    world.sign_in("A", *others)
    return world


def labels(world: World, agent_id: str = "A") -> list[float]:
    """Number of results, and their mean label."""
    sums = world.desk.learned.skills.agents.get(agent_id)
    if sums is None:
        return []
    weight = world.desk.learned.today(world.now_ms)
    return [round(sums.n / weight), round(sums.s / sums.n / VALUE, 3)]


def served(world: World, contact_id: str, outcome: Outcome = Outcome.RESOLVED, **changes: str) -> None:
    """A call that is taken at once and ends after four minutes."""
    world.give(call(contact_id, **changes))
    world.wait(4 * MINUTE)
    world.resolve(contact_id, outcome)


def lived_through(world: World, contacts: int) -> World:
    """Days of calls and e-mail with every kind of ending and some repeats."""
    rng = np.random.default_rng(7)
    endings = [Outcome.RESOLVED, Outcome.RESOLVED, Outcome.RESOLVED, Outcome.UNRESOLVED, Outcome.UNSTATED]
    for number in range(contacts):
        body = (call, email)[int(rng.integers(2))]
        topic = ("billing", "delivery", "refund")[int(rng.integers(3))]
        world.tell(body(f"n{number}", topic, customer=f"key-{rng.integers(contacts // 2)}"))
        world.accept(f"n{number}")
        world.wait(int(rng.integers(20, 900)) * SECOND)
        world.resolve(f"n{number}", endings[int(rng.integers(len(endings)))])
        world.wait(int(rng.integers(0, 5)) * HOUR)
    return world
