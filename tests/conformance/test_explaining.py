"""What was decided about a contact that is known no more, found in each log: what whoever reads all of it finds."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import groupby
from typing import cast

import pytest

from services.contract import decisions as d
from services.contract.chain import Chain
from services.contract.codec import encode_decision
from services.contract.topics import DECISIONS
from services.router.model import PartitionState, changed
from services.router.serving.explaining import from_the_log
from services.router.tail import DecisionTail
from services.router.trail import anchors as trail_anchors
from services.router.trail import recent as trail_module
from services.router.trail import search as trail_search
from services.router.trail.recent import Trail
from services.router.trail.search import Effort, Stretch, TooFarBack
from services.router.verdict import Verdict
from services.runtime.log import Log, PositionLost, Record, TopicSpec
from tests.conformance.places import Prefixed, WholeLog

RECORDS = 500
CONTACTS = 30
BACK = 15
DESK = "acme"
Found = list[tuple[int, d.Decision]]


class ChainTail:
    """Gives verdicts on a list of records as the real one does, by the chain alone, from where it is told to begin."""

    partitions = 1

    def __init__(self, records: list[d.Decision], begin: int) -> None:
        self._records, self._begin, self._told = records, begin, 0
        self._chain = Chain()

    def state(self, partition: int) -> PartitionState:
        chain = self._chain
        return changed(
            PartitionState.empty(), head=chain.head, last_fact=chain.last_fact, count=int(chain.started)
        )

    def next_offset(self, partition: int) -> int:
        return self._told

    def begun_at(self, partition: int) -> int:
        return self._begin

    def listen(self, listener: Callable[[Verdict], None]) -> None:
        self._listener = listener
        self.go_on(self._records)

    def go_on(self, records: list[d.Decision]) -> None:
        for offset, record in enumerate(records, self._told):
            before, accepted = self.state(0), self._chain.accepts(record)
            if accepted:
                self._chain = self._chain.after(record)
            self._told = offset + 1
            if offset >= self._begin:
                self._listener(Verdict(0, offset, record, accepted, self.state(0), before))


@dataclass
class Written:
    """A partition with the lives of contacts, to which rivals append too."""

    rng: random.Random
    records: list[d.Decision] = field(default_factory=list)
    chain: Chain = field(default_factory=Chain)

    def append(self, *events: d.Event, on: Chain | None = None, desk_id: str = DESK) -> None:
        built_on = self.chain if on is None else on
        timer = bool(events) and isinstance(events[0], d.Forgotten)
        record = d.Decision(
            decision_id=self.rng.getrandbits(64) or 1,
            prev_id=built_on.head,
            fact_offset=built_on.last_fact + (not timer),
            desk_id=desk_id,
            cause=d.TimerCause(timer_id="t") if timer else d.FactCause(),
            events=events,
        )
        self.records.append(record)
        if self.chain.accepts(record):
            self.chain = self.chain.after(record)


def written(seed: int) -> Written:
    """Ids of which one begins another, two desks with the same ids, calls that ended before they came, batches that come
    twice; and rivals who write what is true at any time later, too, where it does not count."""
    rng = random.Random(seed)
    out = Written(rng)
    genesis = d.Decision(decision_id=1, cause=d.GenesisCause(log_generation=1, partitions=1))
    out.records.append(genesis)
    out.chain = out.chain.after(genesis)
    steps: dict[str, list[d.Event]] = {
        f"c{number}": [
            d.ContactOpened(contact_id=f"c{number}"),
            d.Assigned(contact_id=f"c{number}", agent_id="ana"),
            d.Closed(contact_id=f"c{number}"),
            d.Forgotten(contact_id=f"c{number}"),
        ]
        for number in range(CONTACTS)
    }
    past: list[tuple[Chain, d.Event]] = []
    while len(out.records) < RECORDS:
        going = [contact_id for contact_id, left in steps.items() if left][:6]
        if rng.random() < 0.3 and going:
            contact_id = rng.choice(going)
            event = steps[contact_id].pop(0)
            if isinstance(event, d.ContactOpened) and rng.random() < 0.3:
                out.append(d.EndedEarly(contact_id=contact_id))
            past.append((out.chain, event))
            out.append(event)
            if rng.random() < 0.3:
                out.append(event, desk_id="other")
        elif rng.random() < 0.3 and past:
            on, event = rng.choice(past)
            out.append(event, on=on)  # whoever stood still since then
        else:
            out.append(d.HeartbeatPassed())
        if rng.random() < 0.1:
            out.records += out.records[-rng.randrange(1, 6) :]
    return out


def counted(records: list[d.Decision], desk_id: str, contact_id: str) -> Found:
    """By reading from the start."""
    chain, found = Chain(), []
    for offset, record in enumerate(records):
        if chain.accepts(record):
            chain = chain.after(record)
            named = {getattr(event, "contact_id", "") for event in record.events}
            if record.desk_id == desk_id and contact_id in named:
                found.append((offset, record))
    return found


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few hundred records are many blocks and more places than are kept."""
    for module, name, value in (
        (trail_anchors, "ANCHOR_EVERY_RECORDS", 10),
        (trail_anchors, "ANCHORS_MAX", 6),
        (trail_anchors, "BLOCK_RECORDS", 60),
        (trail_anchors, "SETTLE_RECORDS", 12),
        (trail_anchors, "BEYOND_RECORDS", 5),
        (trail_search, "BLOCK_RECORDS", 50),
        (trail_search, "READ_RECORDS_MAX", 40),
        (trail_module, "BACK_RECORDS", BACK),
        (trail_module, "CONTACTS_MAX", 3),
    ):
        monkeypatch.setattr(module, name, value)


@pytest.fixture
async def decisions(log: WholeLog) -> AsyncIterator[Log]:
    prefixed = Prefixed(log)
    await prefixed.create_topics([TopicSpec(DECISIONS, 1)])
    yield prefixed


async def put(log: Log, records: list[d.Decision]) -> None:
    for appended in [log.append(DECISIONS, 0, b"d", encode_decision(record)) for record in records]:
        await appended


def trail_of(log: Log, records: list[d.Decision], begin: int) -> Trail:
    return Trail(log, cast(DecisionTail, ChainTail(records, begin)))


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_found_is_what_reading_everything_finds(decisions: Log, seed: int) -> None:
    records = written(seed).records
    await put(decisions, records)
    for begin in (0, RECORDS // 2, len(records)):
        trail = trail_of(decisions, records, begin)
        for contact_id in (*(f"c{number}" for number in range(0, CONTACTS, 3)), "c", "nobody"):
            for desk_id in (DESK, "other"):
                found = await trail.of_contact(0, desk_id, contact_id)
                assert found == counted(records, desk_id, contact_id), (begin, desk_id, contact_id)
    told = [one async for one in from_the_log(decisions, DESK, "c3")]
    assert told == counted(records, DESK, "c3") != []


async def test_a_rivals_opening_is_not_where_a_contact_begins(decisions: Log) -> None:
    """It stands far behind what counts, and is met first by whoever looks back."""
    out = Written(random.Random(1))
    out.append()
    out.records[0] = genesis = d.Decision(decision_id=1, cause=d.GenesisCause(log_generation=1, partitions=1))
    out.chain = before = Chain().after(genesis)
    out.append(d.ContactOpened(contact_id="one"))
    for _ in range(200):
        out.append(d.HeartbeatPassed())
    out.append(d.Closed(contact_id="one"))
    out.append(d.ContactOpened(contact_id="one"), on=before)
    out.append(d.Forgotten(contact_id="one"))
    await put(decisions, out.records)

    found = await trail_of(decisions, out.records, len(out.records)).of_contact(0, DESK, "one")

    assert [at for at, _ in found] == [1, 202, 204]
    assert found == counted(out.records, DESK, "one")


async def test_a_contact_that_came_again_after_its_id_was_forgotten_is_told_from_there_on(
    decisions: Log,
) -> None:
    out = Written(random.Random(1))
    out.append()
    out.records[0] = genesis = d.Decision(decision_id=1, cause=d.GenesisCause(log_generation=1, partitions=1))
    out.chain = Chain().after(genesis)
    for _ in range(2):
        out.append(d.ContactOpened(contact_id="one"))
        for _ in range(2 * BACK):
            out.append(d.HeartbeatPassed())
        out.append(d.Forgotten(contact_id="one"))
    await put(decisions, out.records)

    found = await trail_of(decisions, out.records, len(out.records)).of_contact(0, DESK, "one")

    assert found == counted(out.records, DESK, "one")[1:]  # and what was said in the last BACK records before


async def test_a_question_reads_no_more_than_its_bound(
    decisions: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = written(1).records
    await put(decisions, records)
    trail = trail_of(decisions, records, len(records))
    late, early = (counted(records, DESK, f"c{number}") for number in (CONTACTS - 1, 0))
    assert late[0][0] > len(records) - 130 and early[0][0] < 50
    monkeypatch.setattr(trail_search, "RECORDS_MAX", 350)

    assert await trail.of_contact(0, DESK, f"c{CONTACTS - 1}") == late
    with pytest.raises(TooFarBack) as told:
        await trail.of_contact(0, DESK, "c0")
    assert 350 < told.value.records <= 350 + 40
    monkeypatch.setattr(trail_search, "RECORDS_MAX", 10_000)
    monkeypatch.setattr(trail_search, "BYTES_MAX", 5_000)
    trail = trail_of(decisions, records, len(records))
    with pytest.raises(TooFarBack) as told:
        await trail.of_contact(0, DESK, "c0")
    assert told.value.bytes > 5_000

    monkeypatch.setattr(trail_search, "BYTES_MAX", 10_000_000)
    trail = trail_of(decisions, records, len(records))
    assert await trail.of_contact(0, DESK, "c0") == early
    monkeypatch.setattr(trail_search, "RECORDS_MAX", 0)  # what was found is remembered
    assert await trail.of_contact(0, DESK, "c0") == early


class Reads:
    """Counts the records that questions read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._count, count = 0, Effort.count

        def counting(effort: Effort, read: list[Record]) -> None:
            self._count += len(read)
            count(effort, read)

        monkeypatch.setattr(Effort, "count", counting)

    def since(self) -> int:
        """Since it was asked last."""
        count, self._count = self._count, 0
        return count


async def test_an_id_that_nobody_has_is_looked_for_once_and_then_only_in_what_came_since(
    decisions: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, reads = written(1), Reads(monkeypatch)
    await put(decisions, out.records)
    tail = ChainTail(list(out.records), len(out.records) - 100)
    trail = Trail(decisions, cast(DecisionTail, tail))
    assert trail._forgot
    assert await trail.of_contact(0, DESK, "nobody") == [] and reads.since() == len(out.records)
    for _ in range(3):
        assert await trail.of_contact(0, DESK, "nobody") == [] and reads.since() == 0

    old = len(out.records)
    for events in ([d.HeartbeatPassed()], [d.EndedEarly(contact_id="nobody")], [d.HeartbeatPassed()] * 40):
        out.append(*events)
    assert await _after(tail, decisions, out, old, trail) == counted(out.records, DESK, "nobody") != []
    assert (
        reads.since() < 4 * BACK + 60 + 12
    )  # the three records, and the way to a place where the chain is known


async def test_what_was_folded_here_is_not_looked_through_later_for_an_id_that_was_not_in_it(
    decisions: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail_module, "CONTACTS_MAX", 1_000)
    records, reads = written(1).records, Reads(monkeypatch)
    await put(decisions, records)
    trail = trail_of(decisions, records, len(records) - 100)
    assert await trail.of_contact(0, DESK, "nobody") == [] and reads.since() == len(records) - 100
    trail._forgot = True  # as after many others
    assert await trail.of_contact(0, DESK, "nobody") == [] and reads.since() == 0


async def _after(tail: ChainTail, decisions: Log, out: Written, old: int, trail: Trail) -> Found:
    await put(decisions, out.records[old:])
    tail.go_on(out.records[old:])
    return await trail.of_contact(0, DESK, "nobody")


async def test_what_was_too_far_back_is_not_read_again_unless_the_contact_begins_anew(
    decisions: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, reads = written(1), Reads(monkeypatch)
    await put(decisions, out.records)
    tail = ChainTail(list(out.records), len(out.records))
    trail = Trail(decisions, cast(DecisionTail, tail))
    monkeypatch.setattr(trail_search, "RECORDS_MAX", 350)
    with pytest.raises(TooFarBack) as first:
        await trail.of_contact(0, DESK, "nobody")
    assert reads.since() >= 350
    with pytest.raises(TooFarBack) as again:
        await trail.of_contact(0, DESK, "nobody")
    assert reads.since() == 0
    assert (again.value.records, again.value.bytes) == (first.value.records, first.value.bytes)

    old = len(out.records)
    out.append(d.EndedEarly(contact_id="nobody"))  # it says nothing of what was before
    with pytest.raises(TooFarBack):
        await _after(tail, decisions, out, old, trail)
    assert reads.since() <= 1
    old = len(out.records)
    out.append(d.ContactOpened(contact_id="nobody"))
    assert await _after(tail, decisions, out, old, trail) == counted(out.records, DESK, "nobody")


async def test_what_is_remembered_of_questions_has_a_bound(
    decisions: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail_module, "LOOKED_MAX", 4)
    records = written(1).records
    await put(decisions, records)
    trail = trail_of(decisions, records, len(records))
    for number in range(10):
        assert await trail.of_contact(0, DESK, f"c{number}") == counted(records, DESK, f"c{number}") != []
        assert await trail.of_contact(0, DESK, f"nobody {number}") == []
    assert len(trail._contacts) == trail_module.CONTACTS_MAX == 3
    assert list(trail._looked) == [(DESK, f"nobody {number}") for number in range(6, 10)]


async def test_one_question_at_a_time_reads_and_the_next_finds_what_it_learnt(
    decisions: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = written(1).records
    await put(decisions, records)
    trail = trail_of(decisions, records, len(records))
    reading, read, most, look_back = [], [], [], trail_search.look_back

    async def watched(*args: object, **how: object) -> Stretch | None:
        reading.append(args[3])
        read.append(args[3])
        most.append(len(reading))
        try:
            return await look_back(*args, **how)  # type: ignore[arg-type]
        finally:
            reading.pop()

    monkeypatch.setattr(trail_module, "look_back", watched)
    asked = ["c1", "c2", "c1", "c3", "c2"]
    found = await asyncio.gather(*(trail.of_contact(0, DESK, contact_id) for contact_id in asked))
    assert found == [counted(records, DESK, contact_id) for contact_id in asked]
    assert max(most) == 1
    assert [contact_id for contact_id, _ in groupby(read)] == ["c1", "c2", "c3"]


async def test_the_way_back_to_a_known_place_counts_towards_a_questions_bound(
    decisions: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = written(1).records
    await put(decisions, records)
    trail = trail_of(decisions, records, len(records))

    async def at_once(*_: object, **__: object) -> Stretch:
        return Stretch(240, 250, opens=True)

    monkeypatch.setattr(trail_module, "look_back", at_once)
    monkeypatch.setattr(trail_search, "RECORDS_MAX", 150)  # the contact's own stretch is 26 records
    with pytest.raises(TooFarBack) as told:
        await trail.of_contact(0, DESK, "c9")
    assert 150 < told.value.records <= 150 + 40


async def test_a_log_without_its_beginning_is_said_to_be_one(decisions: Log, log: WholeLog) -> None:
    records = written(1).records
    await put(decisions, records)
    await log.delete_before(cast(Prefixed, decisions)._name(DECISIONS), 0, 10)
    with pytest.raises(PositionLost, match="its first records were deleted"):
        _ = [one async for one in from_the_log(decisions, DESK, "c3")]
