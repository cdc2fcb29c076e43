"""A contact that comes with a case of its own: evolved as one step, it leaves the desk as its events do one by one."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from services.contract import decisions as d
from services.contract.codec import decode_decision
from services.contract.facts import Channel, ContactArrived, Fact
from services.router.decide import decide_fact
from services.router.evolve import CorruptLog, evolve_all, evolve_desk
from services.router.evolve.arrivals import first_of
from services.router.log.fold import fold
from services.router.model import ContactState, DeskState, PartitionState
from tests.unit.router.test_golden_log import FORMS, records
from tests.unit.router.world import DAY, DESK, World, agent, call, chat, desk, email


def one_by_one(desk: DeskState, events: tuple[d.Event, ...], at_ms: int) -> DeskState:
    for event in events:
        after = evolve_desk(desk, event, at_ms)
        assert after is not None
        desk = after
    return desk


def assert_equal(one: DeskState, other: DeskState) -> None:
    for part in fields(DeskState):
        if part.name == "trace":
            assert (one.trace.work, one.trace.key) == (other.trace.work, other.trace.key)
        else:
            assert getattr(one, part.name) == getattr(other, part.name), part.name


@pytest.mark.parametrize("form", FORMS)
def test_every_arrival_of_a_golden_log(form: int) -> None:
    state, seen = PartitionState.empty(), 0
    for value in records(form):
        record = decode_decision(value)
        before = state.desks.get(record.desk_id)
        if before is not None and len(record.events) > 1:
            at_once, done = first_of(before, record.events, record.decided_at_ms)
            if done:
                seen += 1
                assert_equal(at_once, one_by_one(before, record.events[:done], record.decided_at_ms))
        state = fold(state, record).state
    assert seen > 20


@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize("body", [email("m", thread="t"), chat("m", urgent=True), call("m", customer="")])
def test_deciding_leaves_the_desk_as_its_events_do(body: ContactArrived, *, free: bool) -> None:
    world = World(desk(agent("A")))
    if free:
        world.sign_in("A")
    before = world.state
    fact = Fact(fact_id="f", desk_id=DESK, received_at_ms=world.now_ms, body=body)
    record = decide_fact(
        before, fact, offset=world.offset + 1, now_ms=world.now_ms, decision_id=99, owner="test"
    )

    decided = fold(before, record).state.desks[DESK]  # what deciding evolved, not evolved anew
    assert_equal(decided, one_by_one(before.desks[DESK], record.events, world.now_ms))
    assert decided.contacts["m"].state is (ContactState.OFFERED if free else ContactState.QUEUED)


@pytest.mark.parametrize(
    ("cased", "opened"),
    [
        ({}, {"case_id": "other"}),
        ({}, {"contact_id": ""}),
        ({}, {"contact_id": "known"}),
        ({"case_id": "known-c"}, {"case_id": "known-c"}),
    ],
)
def test_what_contradicts_the_desk_is_refused(cased: dict[str, Any], opened: dict[str, Any]) -> None:
    before = World(desk(agent("A"))).desk
    known = (
        d.CaseOpened(case_id="known-c", topic_id="billing"),
        d.ContactOpened(contact_id="known", case_id="known-c", channel=Channel.EMAIL, first_in_case=True),
    )
    before = one_by_one(before, known, DAY)
    events = (
        replace(d.CaseOpened(case_id="c", topic_id="billing"), **cased),
        replace(d.ContactOpened(contact_id="m", case_id="c", first_in_case=True), **opened),
    )

    with pytest.raises(CorruptLog):
        evolve_all(before, events, DAY)
