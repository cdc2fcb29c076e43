"""Readings that tell many desktops how their requests ended: who is told what, and what one of them costs the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import structlog

from services.contract import decisions as d
from services.contract.codec import decode_outline, encode_decision
from services.router.serving import past_ends
from services.router.serving.past_ends import PastEnds
from services.router.serving.sessions_requests import NOTHING_OPEN, Notice, Open
from services.router.trail.recent import Trail
from services.runtime.log import LogUnavailable

Records = dict[int, list[d.Decision]]


@dataclass
class FakeTrail:
    """Accepted records by partition; as the real one, those in which nothing named stands come without their events."""

    records: Records
    readings: list[tuple[int, int, int, list[bytes]]] = field(default_factory=list)
    fault: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    given: int = 0
    closed: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    async def accepted(
        self, partition: int, *, after: int, end: int, naming: Sequence[bytes]
    ) -> AsyncGenerator[tuple[int, d.Decision]]:
        self.readings.append((partition, after, end, list(naming)))
        try:
            await self.gate.wait()
            if self.fault is not None:
                raise self.fault
            for at, record in list(enumerate(self.records[partition]))[after + 1 : end]:
                data = encode_decision(record)
                self.given += 1
                yield at, record if any(one in data for one in naming) else decode_outline(data)
        finally:
            self.closed += 1


def readers(trail: FakeTrail) -> PastEnds:
    return PastEnds(cast(Trail, trail))


def record(*events: d.Event, desk_id: str = "acme") -> d.Decision:
    return d.Decision(decision_id=1, desk_id=desk_id, cause=d.FactCause(), events=events)


def helped(help_id: str = "h", adviser: str = "bor") -> d.ConsultEnded:
    return d.ConsultEnded(help_id=help_id, contact_id="c", adviser_id=adviser)


def kept(contact_id: str = "c", agent_id: str = "ana") -> d.HandoverEnded:
    return d.HandoverEnded(contact_id=contact_id, agent_id=agent_id, reason="unfilled")


def passed(contact_id: str = "c", agent_id: str = "ana") -> d.Transferred:
    return d.Transferred(contact_id=contact_id, from_agent_id=agent_id, to_agent_id="cid")


def asks(*help_ids: str, handovers: Sequence[str] = ()) -> Open:
    return Open(frozenset(help_ids), frozenset(handovers))


def kinds(ends: Sequence[Notice]) -> list[str]:
    return [str(end.WhichOneof("message")) for end in ends]


@pytest.mark.parametrize("company", [0, 20], ids=["alone", "with many others"])
@pytest.mark.parametrize(
    ("event", "asked", "agent_id", "told"),
    [
        (helped(), asks("h"), "ana", ["help_ended"]),
        (helped("h2"), asks("h"), "ana", []),  # another request
        (helped(adviser=""), asks("h"), "ana", ["help_ended"]),  # nobody had joined
        (helped(), asks("h"), "bor", []),  # who advised did not ask
        (helped(), asks(handovers=["h"]), "ana", []),  # an id of the other kind
        (helped(), asks(handovers=["c"]), "ana", []),  # the same contact, another request
        (kept(), asks(handovers=["c"]), "ana", ["handover_ended"]),
        (kept(), asks(handovers=["c2"]), "ana", []),
        (kept(), asks("c"), "ana", []),
        (kept(agent_id="bor"), asks(handovers=["c"]), "ana", []),  # of who had the contact later
        (passed(), asks(handovers=["c"]), "ana", ["released"]),
        (passed(agent_id="bor"), asks(handovers=["c"]), "ana", []),
        (passed(), asks("c"), "ana", []),
        (d.Resolved(contact_id="c", agent_id="ana"), asks(handovers=["c"]), "ana", ["released"]),
        (d.Resolved(contact_id="c", agent_id="bor"), asks(handovers=["c"]), "ana", []),
        (d.Closed(contact_id="c", agent_id="ana"), asks(handovers=["c"]), "ana", ["released"]),
        (d.CallbackPromised(contact_id="c", owner_id="ana"), asks(handovers=["c"]), "ana", ["released"]),
        (d.CallbackPromised(contact_id="c"), asks(handovers=["c"]), "ana", []),
        (d.HelpRequested(help_id="h", contact_id="c"), asks("h"), "ana", []),
    ],
)
async def test_who_is_told_of_an_end(
    event: d.Event, asked: Open, agent_id: str, told: list[str], company: int
) -> None:
    past = readers(FakeTrail({0: [record(event)]}))
    others = [past.of(0, "acme", "ida", asks(f"other {one}"), after=-1, until=0) for one in range(company)]
    ends, *rest = await asyncio.gather(past.of(0, "acme", agent_id, asked, after=-1, until=0), *others)
    assert kinds(ends) == told
    assert rest == [[]] * company


async def test_each_is_told_what_ended_at_its_desk_in_its_partition_after_what_it_saw() -> None:
    trail = FakeTrail(
        {
            0: [
                record(helped("h", "b0")),
                record(helped("h", "b1"), desk_id="other"),
                record(helped("h", "b2")),
                record(passed(), helped("h", "b3")),
                record(helped("h", "b4"), kept("h")),
            ],
            1: [record(helped("h", "b9"))],
        }
    )
    past = readers(trail)
    wanted = [
        (0, "acme", -1, 4, ["b0", "b2", "b3", "b4"]),
        (0, "acme", 0, 4, ["b2", "b3", "b4"]),
        (0, "acme", 1, 2, ["b2"]),
        (0, "acme", 2, 3, ["b3"]),
        (0, "acme", 4, 4, []),  # nothing is after what it saw
        (0, "other", -1, 4, ["b1"]),
        (1, "acme", -1, 0, ["b9"]),
        (1, "other", -1, 0, []),
    ]

    told = await asyncio.gather(
        *(
            past.of(at, desk, "ana", asks("h"), after=after, until=until)
            for at, desk, after, until, _ in wanted
        )
    )

    for (*of, advisers), ends in zip(wanted, told, strict=True):
        assert [end.help_ended.adviser_id for end in ends] == advisers, of
    assert sorted(one[:3] for one in trail.readings) == [(0, -1, 5), (1, -1, 1)]


async def test_only_the_newest_records_are_read_and_only_those_after_what_was_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(past_ends, "RECORDS_MAX", 4)
    trail = FakeTrail({0: [record(helped("h", f"b{at}")) for at in range(10)]})
    past = readers(trail)
    for after, until, first in ((-1, 9, 6), (2, 9, 6), (7, 9, 8), (2, 4, 3)):
        ends = await past.of(0, "acme", "ana", asks("h"), after=after, until=until)
        assert [end.help_ended.adviser_id for end in ends] == [f"b{at}" for at in range(first, until + 1)]
        assert trail.readings[-1][1:3] == (first - 1, until + 1)
    assert await past.of(0, "acme", "ana", NOTHING_OPEN, after=-1, until=9) == []
    assert len(trail.readings) == 4


async def test_what_many_ask_is_looked_up_not_asked_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record concerns those who name what it ends; work follows from ends, not from records times sessions."""
    sessions, looks, end = 300, [], Open.end

    def counted(self: Open, event: d.Event, agent_id: str) -> Notice | None:
        looks.append(agent_id)
        return end(self, event, agent_id)

    monkeypatch.setattr(Open, "end", counted)
    trail = FakeTrail({0: [record(helped(f"h{at}"), kept(f"c{at}", f"a{at}")) for at in range(sessions)]})
    past = readers(trail)

    told = await asyncio.gather(
        *(
            past.of(
                0, "acme", f"a{at}", asks(f"h{at}", "x", handovers=[f"c{at}"]), after=-1, until=sessions - 1
            )
            for at in range(sessions)
        )
    )

    assert [kinds(ends) for ends in told] == [["help_ended", "handover_ended"]] * sessions
    assert len(looks) == 2 * sessions and len(trail.readings) == 1


async def test_the_loop_gets_its_turn_though_all_name_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, stalls, end = [0], [], Open.end

    def counted(self: Open, event: d.Event, agent_id: str) -> Notice | None:
        looked[0] += 1
        return end(self, event, agent_id)

    async def watch() -> None:
        while True:
            stalls.append(looked[0])
            looked[0] = 0
            await asyncio.sleep(0)

    monkeypatch.setattr(Open, "end", counted)
    past = readers(FakeTrail({0: [record(helped())]}))
    watching = asyncio.create_task(watch())
    await asyncio.gather(*(past.of(0, "acme", "ana", asks("h"), after=-1, until=0) for _ in range(1_000)))
    watching.cancel()
    assert sum(stalls) == 1_000 and max(stalls) <= past_ends.YIELD_EVERY_ANSWERS


async def test_who_comes_while_the_log_is_read_is_served_by_the_next_reading_together() -> None:
    trail = FakeTrail({0: [record(helped(f"h{at}")) for at in range(40)]})
    trail.gate.clear()
    past = readers(trail)

    def ask(at: int) -> asyncio.Task[list[Notice]]:
        return asyncio.create_task(past.of(0, "acme", "ana", asks(f"h{at}"), after=-1, until=39))

    first = ask(0)
    await until(lambda: len(trail.readings) == 1)
    later = [ask(at) for at in range(1, 40)]
    await asyncio.sleep(0)
    trail.gate.set()

    ends = await asyncio.gather(first, *later)
    assert [[end.help_ended.help_id for end in one] for one in ends] == [[f"h{at}"] for at in range(40)]
    assert [naming for *_, naming in trail.readings] == [[b"\x02h0"], [b""]]  # by name, then all
    await until(lambda: not past._readers)
    assert not past._coming and not past._waiting


async def test_more_than_may_wait_are_told_no_ends_and_that_is_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(past_ends, "QUESTIONS_MAX", 2)
    trail = FakeTrail({0: [record(helped())]})
    past = readers(trail)
    with structlog.testing.capture_logs() as lines:
        told = await asyncio.gather(
            *(past.of(0, "acme", "ana", asks("h"), after=-1, until=0) for _ in range(5))
        )
    assert [kinds(ends) for ends in told] == [["help_ended"], ["help_ended"], [], [], []]
    assert [(one["event"], one["sessions"]) for one in lines] == [("past_ends_crowded", 3)]
    assert kinds(await past.of(0, "acme", "ana", asks("h"), after=-1, until=0)) == ["help_ended"]


async def test_a_partition_whose_log_hangs_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_ends, "SECONDS_MAX", 0.2)
    trail = FakeTrail({at: [record(helped())] for at in range(4)})
    accepted = trail.accepted

    async def stuck(partition: int, **how: Any) -> AsyncIterator[tuple[int, d.Decision]]:
        if partition == 0:
            await asyncio.Event().wait()
        async for one in accepted(partition, **how):
            yield one

    monkeypatch.setattr(trail, "accepted", stuck)
    past = readers(trail)
    with structlog.testing.capture_logs() as lines:
        told = await asyncio.gather(
            *(past.of(at, "acme", "ana", asks("h"), after=-1, until=0) for at in (0, 0, 0, 1, 2, 3))
        )
        await until(lambda: not past._readers)  # who asked may give up just before the reader does
    assert [kinds(ends) for ends in told] == [[]] * 3 + [["help_ended"]] * 3
    assert [(one["event"], one["partition"], one["sessions"]) for one in lines] == [
        ("past_ends_not_read", 0, 3)
    ]


async def test_no_more_partitions_are_read_at_a_time_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    trail = FakeTrail({at: [record(helped())] for at in range(5)})
    trail.gate.clear()
    past = readers(trail)
    asking = [
        asyncio.create_task(past.of(at, "acme", "ana", asks("h"), after=-1, until=0)) for at in range(5)
    ]
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(trail.readings) == past_ends.READINGS_MAX
    trail.gate.set()
    assert [kinds(ends) for ends in await asyncio.gather(*asking)] == [["help_ended"]] * 5


@pytest.mark.parametrize("fault", [LogUnavailable("away"), ValueError("a fault of ours")])
async def test_a_fault_is_told_once_a_reading_and_the_next_one_is_none_the_worse(fault: Exception) -> None:
    trail = FakeTrail({0: [record(helped())]}, fault=fault)
    past = readers(trail)
    with structlog.testing.capture_logs() as lines:
        told = await asyncio.gather(
            *(past.of(0, "acme", "ana", asks("h"), after=-1, until=0) for _ in range(30))
        )
    assert told == [[]] * 30
    assert [(one["event"], one["sessions"]) for one in lines] == [("past_ends_not_read", 30)]
    trail.fault = None
    assert kinds(await past.of(0, "acme", "ana", asks("h"), after=-1, until=0)) == ["help_ended"]


async def test_a_reading_for_which_nobody_waits_is_not_begun_or_ends() -> None:
    trail = FakeTrail({0: [record(helped()) for _ in range(1_000)]})
    past = readers(trail)

    def ask() -> asyncio.Task[list[Notice]]:
        return asyncio.create_task(past.of(0, "acme", "ana", asks("h"), after=-1, until=999))

    for _ in range(past_ends.READINGS_MAX):
        await past._turns.acquire()
    early = ask()
    await until(lambda: bool(past._waiting))
    early.cancel()
    await asyncio.gather(early, return_exceptions=True)
    for _ in range(past_ends.READINGS_MAX):
        past._turns.release()
    await until(lambda: not past._readers)
    assert trail.readings == []

    trail.gate.clear()
    late = ask()
    await until(lambda: len(trail.readings) == 1)
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    trail.gate.set()
    await until(lambda: not past._readers)
    assert trail.given == 1 and trail.closed == 1
    assert not past._waiting and not past._coming


async def test_at_the_end_what_is_read_ends_and_nobody_waits_for_it() -> None:
    trail = FakeTrail({0: [record(helped())]})
    trail.gate.clear()
    past = readers(trail)
    asking = [asyncio.create_task(past.of(0, "acme", "ana", asks("h"), after=-1, until=0)) for _ in range(3)]
    await until(lambda: len(trail.readings) == 1)
    late = asyncio.create_task(past.of(0, "acme", "ana", asks("h"), after=-1, until=0))
    await asyncio.sleep(0)

    await past.close()

    async with asyncio.timeout(30):
        assert await asyncio.gather(*asking, late) == [[]] * 4
    assert trail.closed == 1 and not past._readers and not past._waiting
    assert await past.of(0, "acme", "ana", asks("h"), after=-1, until=0) == []


async def until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)
