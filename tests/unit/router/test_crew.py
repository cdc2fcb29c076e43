"""What is derived of a desk: beliefs and prices in the order of its agents, kept when presence changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from services.contract.facts import Presence
from services.router.crew import Crew
from services.router.eligibility import pool_of
from services.router.policy.settings import DEFAULTS
from services.router.roster import Roster
from services.router.waiting import Fit, Kind, Work
from tests.unit.router.world import agent, desk


def crew() -> Crew:
    return Crew(Roster(desk(agent("B", "billing", billing=0.9), agent("A", "delivery", speed=0.8))))


def test_beliefs_come_from_the_configuration_until_some_are_published() -> None:
    """Agents in the order of their ids; without a certificate half of the topic's prior."""
    found = crew().beliefs

    assert found.version == 0
    assert [list(column) for column in found.resolves] == [[0.4, 0.9], [0.7, 0.35], [0.375, 0.375]]
    assert list(found.speed) == [0.8, 1.0]
    assert list(found.handle_seconds) == [200.0, 240.0, 300.0]
    assert found.approver_free == DEFAULTS.approver_free_first


def test_before_the_first_prices_time_costs_nothing() -> None:
    found = crew().tariff

    assert (found.epoch, list(found.of_agent), found.highest) == (0, [0.0, 0.0], 0.0)


def test_beliefs_and_prices_outlive_a_change_of_presence() -> None:
    before = crew()
    beliefs = replace(before.beliefs, version=7)
    tariff = replace(before.tariff, epoch=3, of_agent=np.array([1.0, 2.0]), highest=2.0)

    after = before.with_beliefs(beliefs).with_tariff(tariff).with_presence("A", Presence.AVAILABLE)

    assert after.beliefs is beliefs
    assert after.tariff is tariff
    assert after.available == ("A",)


def test_what_was_found_of_a_pool_outlives_beliefs_and_prices_and_no_change_of_presence() -> None:
    """What follows from beliefs, such as their rates, is looked up anew."""
    before = crew().with_presence("A", Presence.AVAILABLE)
    work = Work(Kind.CALL, Fit("en", ("billing",), "", "", 0, 100), 1.0, urgent=False)
    barred = work._replace(fit=work.fit._replace(declined=("A",)))
    slow = replace(before.beliefs, speed=2.0 * before.beliefs.speed)
    for one in (work, barred):
        found = before.pool(one)
        said = found.reason, found.exclusions, found.relaxations, found.barred, list(found.at)
        after = before.with_beliefs(slow)
        for later in (
            after,
            after.with_tariff(before.tariff),
        ):  # the second knows it from the one before the first
            again, anew = later.pool(one), pool_of(later.roster, later.presences, one.fit)
            for same in (again, anew):
                assert (same.reason, same.exclusions, same.relaxations, same.barred, list(same.at)) == said
            assert again is not found and again.exclusions is found.exclusions
            assert again.there.rate_sum(later.ledger) < found.there.rate_sum(before.ledger)

    both = before.with_presence("B", Presence.AVAILABLE).pool(work)
    assert (both.relaxations, before.pool(work).relaxations) == ((), ("certificate",))


def test_another_configuration_starts_from_its_own_beliefs() -> None:
    """Its agents may stand in another order."""
    before = crew()
    after = before.with_beliefs(replace(before.beliefs, version=7)).with_roster(Roster(desk(agent("C"))))

    assert after.beliefs.version == 0
    assert len(after.tariff.of_agent) == 1
