"""What the router's watchdog is told: each condition of engine.md 1.10, and that everything is well."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from services.contract.topics import DECISIONS, FACTS
from services.router.vitals import (
    APPEND,
    NO_MEMBER,
    NOT_DECIDED,
    NOT_FOLDED,
    REBALANCING,
    Limits,
    Vitals,
)
from services.runtime.log import LogUnavailable, Membership
from services.runtime.watchdog import Watchdog


class Patient:
    """A router that stands where the test says, its watchdog with it."""

    partitions = 2
    starting = False

    def __init__(self) -> None:
        self.now = 0.0
        self.ended: list[int] = []
        self.ends = {(topic, p): 10 for topic in (FACTS, DECISIONS) for p in range(2)}
        self.folded, self.decided = [10, 10], [10, 10]
        self.membership: Membership | None = Membership.MEMBER
        self.owned = frozenset({0, 1})
        self.append_seconds = 0.0
        self.away = False
        self.dog = Watchdog(Limits().by_condition(), clock=lambda: self.now, end=self.ended.append)
        self.vitals = Vitals(self, self, self, self.dog, lambda: self.now)  # type: ignore[arg-type] # all in one

    # the log
    async def end_offset(self, topic: str, partition: int) -> int:
        if self.away:
            raise LogUnavailable("away")
        return self.ends[topic, partition]

    # the tail
    def next_offset(self, partition: int) -> int:
        return self.folded[partition]

    def state(self, partition: int) -> Any:
        return SimpleNamespace(last_fact=self.decided[partition] - 1)

    # the owner
    def oldest_append_seconds(self) -> float:
        return self.append_seconds

    async def pass_seconds(self, seconds: int) -> None:
        for second in range(seconds):
            self.now += 1
            self.dog.beat()
            self.vitals.look_at_owner()
            self.vitals.look_at_progress()
            if second % 5 == 0:
                await self.vitals.look_at_partitions()
            self.dog.look()


@pytest.fixture
def patient() -> Patient:
    return Patient()


def told(capfd: pytest.CaptureFixture[str]) -> str:
    return capfd.readouterr().err


async def test_a_router_that_is_well_lives(patient: Patient) -> None:
    await patient.pass_seconds(300)
    patient.membership = None  # it left
    patient.owned = frozenset()
    await patient.pass_seconds(300)
    assert not patient.ended


async def test_a_rebalance_that_lasts_ends_it(patient: Patient, capfd: pytest.CaptureFixture[str]) -> None:
    patient.membership = Membership.JOINING
    await patient.pass_seconds(60)
    assert not patient.ended
    await patient.pass_seconds(2)
    assert patient.ended and REBALANCING in told(capfd)


async def test_a_membership_that_is_lost_ends_it(patient: Patient, capfd: pytest.CaptureFixture[str]) -> None:
    patient.membership = Membership.LOST
    await patient.pass_seconds(30)
    assert not patient.ended
    await patient.pass_seconds(2)
    assert patient.ended and NO_MEMBER in told(capfd)


async def test_an_append_without_an_answer_ends_it(
    patient: Patient, capfd: pytest.CaptureFixture[str]
) -> None:
    patient.append_seconds = 29
    await patient.pass_seconds(60)
    assert not patient.ended
    patient.append_seconds = 31
    await patient.pass_seconds(1)
    assert patient.ended and APPEND in told(capfd)


async def test_facts_that_nobody_decides_end_it(patient: Patient, capfd: pytest.CaptureFixture[str]) -> None:
    patient.ends[FACTS, 1] = 11
    await patient.pass_seconds(30)
    assert not patient.ended
    await patient.pass_seconds(5)
    assert patient.ended and NOT_DECIDED in told(capfd)


async def test_facts_of_partitions_that_others_own_are_not_its_business(patient: Patient) -> None:
    patient.ends[FACTS, 1] = 11
    patient.owned = frozenset({0})
    await patient.pass_seconds(120)
    assert not patient.ended


async def test_decisions_that_are_not_folded_end_it(
    patient: Patient, capfd: pytest.CaptureFixture[str]
) -> None:
    patient.ends[DECISIONS, 0] = 11
    await patient.pass_seconds(36)
    assert patient.ended and NOT_FOLDED in told(capfd)


async def test_a_router_that_still_starts_has_all_the_time_it_needs(patient: Patient) -> None:
    """Reading snapshots, or folding an older generation of the log once more."""
    patient.starting, patient.folded = True, [0, 0]
    await patient.pass_seconds(3_600)
    assert not patient.ended


async def test_slow_progress_is_progress(patient: Patient) -> None:
    """A backlog that is worked off does not end the process, however long it takes."""
    patient.ends[FACTS, 0] = patient.ends[DECISIONS, 0] = 1_000
    for step in range(20):
        patient.folded[0] = patient.decided[0] = 10 + step
        await patient.pass_seconds(25)
    assert not patient.ended


async def test_work_that_comes_after_a_quiet_hour_has_all_its_time(patient: Patient) -> None:
    await patient.pass_seconds(3_600)
    patient.ends[FACTS, 0] = 11
    await patient.pass_seconds(25)
    assert not patient.ended


async def test_a_log_that_is_away_is_no_reason_by_itself(patient: Patient) -> None:
    """The tail has a bound of its own for that; with something left to fold the watchdog is first."""
    await patient.pass_seconds(10)
    patient.away = True
    await patient.pass_seconds(120)
    assert not patient.ended


@pytest.mark.parametrize("moves", ["folded", "decided"])
async def test_a_router_that_moves_lives_while_a_busy_log_does_not_say_where_it_ends(
    patient: Patient, moves: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Looking at all partitions then takes longer than one may stand still."""
    patient.ends = dict.fromkeys(patient.ends, 1_000)
    await patient.vitals.look_at_partitions()
    other = "decided" if moves == "folded" else "folded"
    setattr(patient, other, [1_000, 1_000])
    for _ in range(120):
        patient.now += 1
        getattr(patient, moves)[0] += 1
        getattr(patient, moves)[1] += 1
        patient.dog.beat()
        patient.vitals.look_at_progress()
        patient.dog.look()
    assert not patient.ended
    getattr(patient, moves)[0] = 1_000  # the other one still has something to do, and does not do it
    for _ in range(32):
        patient.now += 1
        patient.dog.beat()
        patient.vitals.look_at_progress()
        patient.dog.look()
    assert patient.ended and (NOT_FOLDED if moves == "folded" else NOT_DECIDED) in told(capfd)


async def test_facts_of_a_partition_that_was_given_away_are_nobodys_here(patient: Patient) -> None:
    patient.ends[FACTS, 1] = 11
    await patient.vitals.look_at_partitions()
    patient.owned = frozenset({0})
    for _ in range(60):
        patient.now += 1
        patient.dog.beat()
        patient.vitals.look_at_progress()
        patient.dog.look()
    assert not patient.ended
