"""More partitions by a new generation of the log: desks, words and memory move along, and the old one takes nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.cli import regenerate
from services.contract.codec import encode_fact
from services.contract.desk import Desk
from services.contract.facts import AgentSignedIn, Fact, OfferAnswer, OfferAnswered
from services.contract.topics import DECISIONS, FACTS, partition_of
from services.router.build import Router, build, topics
from services.router.log import origin
from services.router.log.canonical import digest
from services.router.model import DeskState
from services.router.record_ids import random_id
from services.router.regenerate import Regeneration, check_generation
from services.router.serving.cards import Cards
from services.router.settings import Pricing, RouterSettings
from services.runtime.clock import ManualClock
from services.runtime.generation_log import generation_of
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import Log, LogError, LogUnavailable
from services.runtime.sqlite_log import SqliteLog
from tests.conformance.places import Prefixed, eventually
from tests.integration.router_shell import DESK
from tests.unit.router.world import call

DESKS = tuple(replace(DESK, desk_id=name) for name in ("acme", "bikes", "coats", "drums"))
WANTED = 3


class Place:
    """A log with its generations."""

    def __init__(self, log: Log, clock: ManualClock) -> None:
        self.log, self.clock = log, clock
        self.generations = partial(generation_of, log)

    @asynccontextmanager
    async def router(
        self, generation: int, partitions: int
    ) -> AsyncIterator[tuple[Router, asyncio.Task[None]]]:
        settings = RouterSettings("test", partitions, 100, 100, Pricing.OFF, generation=generation)
        log = self.generations(generation)
        router = build(
            settings, clock=self.clock, log=log, registry=CollectorRegistry(), older=self.generations
        )
        running = asyncio.create_task(router.run())
        try:
            await asyncio.wait_for(router.ready(), 30)
            yield router, running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def tell(
        self, desk_id: str, name: str, body: Any, *, generation: int = 1, partitions: int = 1
    ) -> int:
        fact = Fact(fact_id=name, desk_id=desk_id, received_at_ms=self.clock.now_ms(), source="t", body=body)
        log, partition = self.generations(generation), partition_of(desk_id, partitions)
        return await log.append(FACTS, partition, desk_id.encode(), encode_fact(fact))

    def regeneration(self, **changes: Any) -> Regeneration:
        def create(new: Log, partitions: int) -> Any:
            return new.create_topics(topics(partitions))

        made = Regeneration(
            self.generations, 1, WANTED, create, random_id, self.clock.now_ms, drain_seconds_max=10
        )
        return replace(made, **changes)

    async def first_generation(self) -> None:
        """Four desks in one partition, each with a call that its agent was offered."""
        await self.log.create_topics(topics(1))
        async with self.router(1, 1) as (router, _):
            for desk in DESKS:
                await router.api.configure(f"configure-{desk.desk_id}", desk, timeout_seconds=10)
                await self.tell(desk.desk_id, f"in-{desk.desk_id}", AgentSignedIn(agent_id="ana"))
                last = await self.tell(
                    desk.desk_id, f"call-{desk.desk_id}", call(f"c-{desk.desk_id}", "billing")
                )
            await eventually(lambda: router.tail.state(0).last_fact == last)


def desk_of(router: Router, desk: Desk) -> DeskState:
    return router.tail.state(partition_of(desk.desk_id, WANTED)).desks[desk.desk_id]


@asynccontextmanager
async def opened(tmp_path: Path, bootstrap: str | None) -> AsyncIterator[Place]:
    """An embedded log, or topics of one's own in Kafka."""
    clock = ManualClock()
    if bootstrap is None:
        embedded = await SqliteLog.open(tmp_path / "log.db", clock=clock.now_ms)
        place, close = Place(embedded, clock), embedded.close
    else:
        kafka = await KafkaLog.connect(bootstrap, heartbeat_ms=300)
        place, close = Place(Prefixed(kafka), clock), kafka.close
    try:
        await place.first_generation()
        yield place
    finally:
        await close()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with opened(tmp_path, None) as place:
        yield place


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str | None:
    """Kafka's, or none for the embedded log."""
    return None if request.param == "sqlite" else str(request.getfixturevalue("kafka_bootstrap"))


@pytest.fixture
async def either(tmp_path: Path, address: str | None) -> AsyncIterator[Place]:
    async with opened(tmp_path, address) as place:
        yield place


@pytest.mark.parametrize(
    "address", ["sqlite", pytest.param("kafka", marks=[pytest.mark.kafka, pytest.mark.slow])], indirect=True
)
async def test_desks_go_on_in_their_new_partitions(either: Place) -> None:
    place = either
    report = await place.regeneration().run()
    assert (report.generation, report.partitions, report.desks, report.contacts) == (2, WANTED, 4, 4)

    async with place.router(2, WANTED) as (router, _):
        for desk in DESKS:
            state, partition = desk_of(router, desk), partition_of(desk.desk_id, WANTED)
            contact = state.contacts[f"c-{desk.desk_id}"]
            card = await Cards(place.generations(2)).card(partition, contact, state)
            assert (card.text, contact.offered_to_id) == ("Marker words", "ana")
            answer = OfferAnswered(offer_id=contact.offer_id, agent_id="ana", answer=OfferAnswer.ACCEPT)
            await place.tell(desk.desk_id, f"take-{desk.desk_id}", answer, generation=2, partitions=WANTED)
            again = call(f"c-{desk.desk_id}", "billing")
            at = await place.tell(
                desk.desk_id, f"call-{desk.desk_id}", again, generation=2, partitions=WANTED
            )
            await eventually(lambda at=at, p=partition: router.tail.state(p).last_fact >= at)  # type: ignore[misc]
            assert desk_of(router, desk).contacts[f"c-{desk.desk_id}"].owner_id == "ana"
            assert len(desk_of(router, desk).contacts) == 1  # the repeat was known


async def test_the_new_generation_folds_from_nothing_to_the_same_state(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a snapshot, of whatever version, the old generation is folded once more."""
    await place.regeneration().run()
    async with place.router(2, WANTED) as (router, _):
        before = [digest(router.tail.state(p)) for p in range(WANTED)]

    async def none(*_: object) -> None:
        return None

    monkeypatch.setattr(origin, "load", none)
    async with place.router(2, WANTED) as (router, _):
        assert [digest(router.tail.state(p)) for p in range(WANTED)] == before
        assert [router.tail.begun_at(p) for p in range(WANTED)] == [0] * WANTED


async def test_the_old_generation_takes_nothing_more(place: Place) -> None:
    """Its routers end and say what to set; what came too late is carried over."""
    async with place.router(1, 1) as (_, running):
        report = await place.regeneration().run()
        with pytest.raises(ExceptionGroup) as raised:
            await asyncio.wait_for(asyncio.shield(running), 30)
    assert "FRONTDESK_LOG_GENERATION" in str(raised.value.exceptions[0])
    assert report.carried_over == 0
    await place.tell("acme", "too-late", call("late", "billing"))

    assert (await place.regeneration().run()).carried_over == 1
    async with place.router(2, WANTED) as (router, _):
        await eventually(lambda: "late" in desk_of(router, DESKS[0]).contacts)


@pytest.mark.parametrize("room", [1, 3, 6, 9])
async def test_an_interrupted_one_is_taken_up_again(place: Place, room: int) -> None:
    class Broken:
        """The new generation, whose log fails after some appends."""

        def __init__(self, inner: Log) -> None:
            self._inner, self.room = inner, room

        def append(self, *record: Any) -> asyncio.Future[int]:
            self.room -= 1
            if self.room < 0:
                raise LogUnavailable("the disk is full")
            return self._inner.append(*record)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    new: Any = Broken(place.generations(2))
    broken = place.regeneration(generations=lambda g: new if g == 2 else place.generations(g))
    with pytest.raises(LogUnavailable):
        await broken.run()

    assert (await place.regeneration().run()).desks == 4
    async with place.router(2, WANTED) as (router, _):
        assert sum(len(router.tail.state(p).desks) for p in range(WANTED)) == 4


async def test_facts_that_nobody_decided_are_waited_for(place: Place) -> None:
    await place.tell("acme", "undecided", call("new", "billing"))

    with pytest.raises(LogError, match="1 facts of partition 0 are not decided"):
        await place.regeneration(drain_seconds_max=0.3).run()
    assert await place.log.end_offset(DECISIONS, 0) > 0


async def test_a_process_with_other_settings_is_told_what_to_set(place: Place) -> None:
    check = partial(check_generation, place.generations)
    await check(1, 1)
    with pytest.raises(LogError, match="FRONTDESK_PARTITIONS as the log was created"):
        await check(1, 2)
    with pytest.raises(LogError, match="generation 2 of the log was not begun"):
        await check(2, WANTED)

    await place.regeneration().run()

    await check(2, WANTED)
    with pytest.raises(
        LogError, match=f"was ended: set FRONTDESK_LOG_GENERATION=2 and FRONTDESK_PARTITIONS={WANTED}"
    ):
        await check(1, 1)


async def test_the_command_says_what_to_set_and_what_is_wrong(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(tmp_path / "log.db"), "--partitions", str(WANTED), "--drain-seconds", "0"]

    assert await asyncio.to_thread(regenerate.main, [*arguments, "--generation", "2"]) == 1
    assert "frontdesk regenerate: " in capsys.readouterr().err
    assert await asyncio.to_thread(regenerate.main, arguments) == 0
    told = capsys.readouterr().out
    assert "generation 2 is begun: 4 desks with 4 contacts in 3 partitions" in told
    assert "FRONTDESK_LOG_GENERATION=2 FRONTDESK_PARTITIONS=3" in told
