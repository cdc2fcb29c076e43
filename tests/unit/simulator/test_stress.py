"""The scenarios of routing.md 6.7, each by what it must do to a day."""

from __future__ import annotations

from dataclasses import fields
from functools import cache

import numpy as np
import pytest

from simulator.baselines.filtered import Bullseye
from simulator.baselines.plain import LongestIdle
from simulator.contact import Contact
from simulator.day import Day, draw_day
from simulator.flow import Flow
from simulator.metrics import measure
from simulator.policy import Outcome
from simulator.pool import draw_pool
from simulator.record import Record
from simulator.stress import SCENARIOS, SURGE_FROM_SECONDS, SURGE_TO_SECONDS, TOPIC, Stressed
from simulator.worlds import D


class Watched(LongestIdle):
    """The usual policy, and a list of who worked when on what."""

    def __init__(self) -> None:
        self.works: list[tuple[float, float, int, Contact]] = []
        """Start, end, agent, contact."""

    def ended(self, contact: Contact, agent: int, outcome: Outcome, talk_seconds: float, now: float) -> None:
        self.works.append((now - talk_seconds, now, agent, contact))


@cache
def stressed(name: str) -> Stressed:
    pool = draw_pool(D, 0)
    return SCENARIOS[name](D, pool, draw_day(D, pool, 0), 0)


@cache
def played(name: str) -> tuple[Record, Watched]:
    case, policy = stressed(name), Watched()
    return Flow(case.pool, case.day, policy, strain=case.strain).run(), policy


def test_a_calm_day_is_the_day_without_strain() -> None:
    pool = draw_pool(D, 0)
    plain = Flow(pool, draw_day(D, pool, 0), LongestIdle()).run()
    assert measure(plain).fcr == measure(played("calm")[0]).fcr


def test_in_an_outage_nobody_starts_and_all_are_back_after_it() -> None:
    record, policy = played("outage")
    starts = np.array([start for start, *_ in policy.works])
    assert not ((starts > 10_800.0) & (starts < 11_400.0)).any()
    assert ((starts >= 11_400.0) & (starts < 11_700.0)).sum() >= D.agents
    assert measure(record).abandoned > measure(played("calm")[0]).abandoned


def test_a_seat_that_changes_hands_takes_nothing_new_for_ten_minutes() -> None:
    absences = stressed("shift change").strain.absences
    _, policy = played("shift change")
    assert len(absences) == D.agents // 2
    for away in absences:
        starts = [start for start, _, agent, _ in policy.works if agent == away.agent]
        assert not any(away.from_seconds < start < away.to_seconds for start in starts)


def test_a_surge_triples_one_topic_for_two_hours_and_nothing_else() -> None:
    calm, surge = stressed("calm").day, stressed("topic surge").day

    def share(day: Day) -> int:
        inside = (day.arrival_seconds >= SURGE_FROM_SECONDS) & (day.arrival_seconds < SURGE_TO_SECONDS)
        return int((inside & (day.topic == TOPIC)).sum())

    assert share(surge) == pytest.approx(3 * share(calm), rel=0.25)
    assert len(surge) - len(calm) == share(surge) - share(calm)
    assert (np.diff(surge.arrival_seconds) >= 0).all()
    assert all(len(getattr(surge, field.name)) == len(surge) for field in fields(Day))


def test_a_scarce_language_is_answered_by_its_speakers_only() -> None:
    languages = stressed("scarce language").strain.languages
    assert languages is not None
    assert 2 <= languages.speaks[:, 1].sum() < D.agents / 2
    _, policy = played("scarce language")
    foreign = [(agent, contact) for _, _, agent, contact in policy.works if contact.language == 1]
    assert len(foreign) > 20
    assert all(languages.speaks[agent, 1] for agent, _ in foreign)
    assert all(languages.of_issue[contact.issue] == 1 for _, contact in foreign)


def test_a_topic_falls_and_policies_do_not_know() -> None:
    case = stressed("topic falls")
    believed = case.strain.believed
    assert believed is not None
    assert believed.resolves[:, TOPIC] - case.pool.resolves[:, TOPIC] == pytest.approx(0.2)
    flow = Flow(case.pool, case.day, Bullseye(), strain=case.strain)
    fallen = flow.run()
    assert flow.floor.pool is believed
    calm = Flow(believed, case.day, Bullseye()).run()
    of_topic = case.day.topic == TOPIC
    fall = calm.first_resolved[of_topic].mean() - fallen.first_resolved[of_topic].mean()
    assert 0.08 < fall < 0.3


def test_an_offer_that_rings_out_goes_to_another_with_the_clock_running() -> None:
    record, policy = played("ignoring agents")
    ignored = [(agent, contact) for _, _, agent, contact in policy.works if contact.decliners]
    assert len(ignored) > 20
    assert all(agent not in contact.decliners for agent, contact in ignored)
    first = [contact for _, contact in ignored if contact.attempt == 0 and not contact.hops]
    assert min(record.first_wait_seconds[contact.issue] for contact in first) >= 15.0


def test_an_agent_holds_two_chats_at_once_but_no_call_beside_one() -> None:
    _, policy = played("chats")
    held: set[int] = set()
    for agent in range(D.agents):
        changes = sorted(
            change
            for start, end, who, contact in policy.works
            if who == agent
            for change in ((round(start, 6), contact.units), (round(end, 6), -contact.units))
        )
        held.update(int(units) for units in np.cumsum([units for _, units in changes]))
    assert held == {0, 34, 68, 100}


def test_only_late_outcomes_are_late() -> None:
    late = {name: stressed(name).strain.outcomes_late_seconds for name in SCENARIOS}
    assert late.pop("late outcomes") == 7 * 86_400.0
    assert set(late.values()) == {0.0}
