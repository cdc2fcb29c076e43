"""What looking for a contact in the log costs whoever else the process serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.contract.chain import Chain
from services.contract.codec import Undecodable, decode_decision, decode_outline, encode_decision
from services.contract.decisions import (
    Assigned,
    ContactOpened,
    Decision,
    Event,
    FactCause,
    GenesisCause,
    HeartbeatPassed,
)
from services.contract.topics import DECISIONS
from services.router.measures import TailMeasures
from services.router.tail import DecisionTail
from services.router.trail import search as trail_search
from services.router.trail.search import Effort, Stretch, TooFarBack, as_field, counted, look_back
from services.runtime.log import TopicSpec
from services.runtime.sqlite_log import SqliteLog

RECORDS = 1_200


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = await SqliteLog.open(tmp_path / "log.db")
    await log.create_topics([TopicSpec(DECISIONS, 1)])
    yield log
    await log.close()


async def put(log: SqliteLog, *events: Event) -> None:
    """A record each."""
    records = [Decision(decision_id=1, cause=GenesisCause(log_generation=1, partitions=1))]
    for at, event in enumerate(events):
        record = Decision(
            decision_id=at + 2,
            prev_id=at + 1,
            fact_offset=at,
            desk_id="acme",
            fact_id=f"fact-{at}",
            cause=FactCause(),
            events=(event,),
        )
        records.append(record)
    for written in [log.append(DECISIONS, 0, b"acme", encode_decision(record)) for record in records]:
        await written


class Watched:
    """Counts what is decoded, and the most of it between two turns of the event loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.whole = self.most = self._since = 0
        monkeypatch.setattr(trail_search, "decode_decision", self._counting(decode_decision, 1))
        monkeypatch.setattr(trail_search, "decode_outline", self._counting(decode_outline, 0))

    def _counting(self, decode: Callable[[bytes], Decision], whole: int) -> Callable[[bytes], Decision]:
        def counting(data: bytes) -> Decision:
            self.whole += whole
            self._since += 1
            self.most = max(self.most, self._since)
            return decode(data)

        return counting

    async def run(self) -> None:
        while True:
            self._since = 0
            await asyncio.sleep(0)


@pytest.mark.parametrize("how", ["back", "on", "on, outlines"])
async def test_the_event_loop_gets_its_turn_while_records_are_decoded(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    await put(log, *[Assigned(contact_id="one", agent_id="ana")] * RECORDS)
    watched = Watched(monkeypatch)
    turns = asyncio.create_task(watched.run())
    if how == "back":
        found = await look_back(log, 0, "acme", "one", end=RECORDS + 1, effort=Effort())
        assert found == Stretch(1, RECORDS, opens=False) and watched.whole == RECORDS
    else:
        naming = [as_field("one" if how == "on" else "two")]
        records = counted(log, 0, Chain(), at=0, begin=0, end=RECORDS + 1, naming=naming)
        assert len([one async for one in records]) == RECORDS + 1
    turns.cancel()
    assert 0 < watched.most <= trail_search.YIELD_EVERY_RECORDS


async def test_an_id_that_is_part_of_other_texts_is_decoded_only_where_it_is_one(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    others: list[Event] = [ContactOpened(contact_id=f"e-{at}") for at in range(50)]
    await put(log, ContactOpened(contact_id="e"), *others, Assigned(contact_id="e", agent_id="eve"), *others)
    watched = Watched(monkeypatch)
    assert await look_back(log, 0, "acme", "e", end=103, effort=Effort()) == Stretch(1, 52, opens=True)
    assert watched.whole == 2
    found = [
        at
        async for at, _, record in counted(log, 0, Chain(), at=0, begin=0, end=103, naming=[as_field("e")])
        if record.events
    ]
    assert found == [1, 52] and watched.whole == 4


async def test_what_is_decoded_weighs_more_than_what_is_looked_through(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id that stands in every record, as the desk's does, is looked for no longer than any other."""
    await put(log, *[HeartbeatPassed()] * RECORDS)
    monkeypatch.setattr(trail_search, "RECORDS_MAX", 2_000)
    watched = Watched(monkeypatch)
    with pytest.raises(TooFarBack):
        await look_back(log, 0, "acme", "acme", end=RECORDS + 1, effort=Effort())
    assert watched.whole == (2_000 - RECORDS - 1) // trail_search.DECODED_RECORDS
    effort, decoded = Effort(), watched.whole
    with pytest.raises(TooFarBack):
        async for _ in counted(
            log, 0, Chain(), at=0, begin=0, end=RECORDS, naming=[as_field("acme")], effort=effort
        ):
            pass
    assert watched.whole - decoded == (2_000 - effort.records) // trail_search.DECODED_RECORDS
    assert await look_back(log, 0, "acme", "nobody", end=RECORDS + 1, effort=Effort()) is None


async def test_a_router_stops_at_a_record_with_broken_events_so_that_none_continues_it(
    log: SqliteLog,
) -> None:
    """Its outline may be read (codec.decode_outline), and tells no more than what counts up to there."""
    await put(log, HeartbeatPassed(), HeartbeatPassed())
    record = Decision(decision_id=4, prev_id=3, fact_offset=2, desk_id="acme", cause=FactCause())
    whole = encode_decision(replace(record, events=(ContactOpened(contact_id="one"),)))
    opened = as_field("one")
    broken = whole.replace(opened, opened[:-1] + b"\xff")
    assert broken != whole
    await log.append(DECISIONS, 0, b"acme", broken)
    tail = DecisionTail(log, 1, TailMeasures(CollectorRegistry()))
    with pytest.raises(Undecodable):
        await tail.run()
    assert tail.next_offset(0) == 3 and tail.state(0).head == 3
    known = [
        at async for at, _, _ in counted(log, 0, Chain(), at=0, begin=0, end=3, naming=[as_field("two")])
    ]
    assert known == [0, 1, 2]
    with pytest.raises(Undecodable):
        async for _ in counted(log, 0, Chain(), at=0, begin=0, end=4):
            pass


@pytest.mark.parametrize("text", ["e", "x" * 127, "x" * 128, "é" * 200, "x" * 20_000])
def test_a_text_stands_in_a_record_with_its_length(text: str) -> None:
    record = Decision(decision_id=1, cause=FactCause(), events=(ContactOpened(contact_id=text),))
    assert as_field(text) in encode_decision(record)
    longer = Decision(decision_id=1, cause=FactCause(), events=(ContactOpened(contact_id=f"{text}x"),))
    assert as_field(text) not in encode_decision(longer)
