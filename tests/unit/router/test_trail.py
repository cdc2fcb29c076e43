"""Whoever goes on in the middle of the log is told what whoever read it from its start was told."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from services.contract.chain import Chain
from services.contract.codec import decode_link, decode_outline, encode_decision
from services.contract.decisions import ContactOpened, Decision, FactCause, GenesisCause, Reply, TimerCause
from services.contract.topics import DECISIONS
from services.router.log.fold import fold
from services.router.model import PartitionState
from services.router.tail import DecisionTail
from services.router.trail import anchors as trail_anchors
from services.router.trail.recent import Trail
from services.router.verdict import Verdict
from services.runtime.log import PositionLost, TopicSpec
from services.runtime.sqlite_log import SqliteLog

RECORDS = 400
SETTLE = 12


class FakeTail:
    """Folds a list of records as the real one folds a partition, from where it is told to begin."""

    partitions = 1

    def __init__(self, records: list[Decision], begin: int) -> None:
        self._records, self._begin, self._told = records, begin, 0
        self._state = PartitionState.empty()

    def state(self, partition: int) -> PartitionState:
        return self._state

    def next_offset(self, partition: int) -> int:
        return self._told

    def begun_at(self, partition: int) -> int:
        return self._begin

    def listen(self, listener: object) -> object:
        for offset, record in enumerate(self._records):
            before, folded = self._state, fold(self._state, record)
            self._state, self._told = folded.state, offset + 1
            if offset >= self._begin:
                listener(Verdict(0, offset, record, folded.accepted, folded.state, before))  # type: ignore[operator]
        return None


def contested(seed: int, *, doubled: bool) -> list[Decision]:
    """A partition to which rivals append as well, on records of any age, for many records in a row, and some batches come twice."""
    rng = random.Random(seed)
    chain, tips = Chain(), [Chain()]
    records = [Decision(decision_id=1, prev_id=0, cause=GenesisCause(log_generation=1, partitions=1))]
    chain = chain.after(records[0])
    tips.append(chain)
    rival = tips[0]
    while len(records) < RECORDS:
        if rng.random() < 0.1:
            rival = rng.choice(tips)
        built_on = rival if rng.random() < 0.4 else chain
        timer = rng.random() < 0.3
        record = Decision(
            decision_id=rng.getrandbits(64) or 1,
            prev_id=built_on.head,
            fact_offset=built_on.last_fact + (not timer),
            cause=TimerCause(timer_id="t") if timer else FactCause(),
        )
        records.append(record)
        if chain.accepts(record):
            chain = chain.after(record)
            tips.append(chain)
        if built_on is rival:
            rival = Chain(record.decision_id, record.fact_offset, False, True)
        if doubled and rng.random() < 0.15:
            records += records[-rng.randrange(1, SETTLE // 2) :]
    return records


def counted(records: list[Decision]) -> list[int]:
    """Offsets of what counts, by reading from the start."""
    chain, offsets = Chain(), []
    for offset, record in enumerate(records):
        if chain.accepts(record):
            chain = chain.after(record)
            offsets.append(offset)
    return offsets


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = await SqliteLog.open(tmp_path / "log.db")
    await log.create_topics([TopicSpec(DECISIONS, 1)])
    yield log
    await log.close()


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few hundred records are many blocks and more places than are kept."""
    for name, value in {
        "ANCHOR_EVERY_RECORDS": 10,
        "ANCHORS_MAX": 6,
        "BLOCK_RECORDS": 30,
        "SETTLE_RECORDS": SETTLE,
        "BEYOND_RECORDS": 5,
    }.items():
        monkeypatch.setattr(trail_anchors, name, value)


async def put(log: SqliteLog, records: list[Decision]) -> None:
    for written in [log.append(DECISIONS, 0, b"d", encode_decision(record)) for record in records]:
        await written


def trail_of(log: SqliteLog, records: list[Decision], begin: int) -> Trail:
    return Trail(log, cast(DecisionTail, FakeTail(records, begin)))


@pytest.mark.parametrize("doubled", [False, True], ids=["rivals", "rivals, batches twice"])
@pytest.mark.parametrize("begin", [0, 150, RECORDS], ids=["from the start", "in the middle", "at the end"])
@pytest.mark.parametrize("seed", range(3))
async def test_what_counts_after_any_position_is_what_counts_from_the_start(
    log: SqliteLog, seed: int, begin: int, doubled: bool
) -> None:
    records = contested(seed, doubled=doubled)
    await put(log, records)
    count = counted(records)
    assert 100 < len(count) < len(records) - 50
    for after in range(-1, len(records), 7):
        trail = trail_of(log, records, begin)
        found = [(at, record) async for at, record in trail.accepted(0, after=after)]
        assert found == [(at, records[at]) for at in count if at > after], after


async def test_the_place_that_one_reader_came_to_serves_the_next(log: SqliteLog) -> None:
    records = contested(7, doubled=True)
    await put(log, records)
    trail = trail_of(log, records, len(records))
    count = counted(records)
    for after in (330, 331, 360, 300):
        assert [at async for at, _ in trail.accepted(0, after=after)] == [at for at in count if at > after]
    assert [anchor.offset for anchor in trail._anchors._walked[0]] == [331, 301]
    assert (await trail._anchors.before(0, 335)).offset == 331


async def test_places_kept_while_folding_have_a_bound_and_even_distances(log: SqliteLog) -> None:
    records = contested(7, doubled=False)
    trail = trail_of(log, records, 0)
    offsets = [anchor.offset for anchor in trail._anchors._folded[0]]
    assert offsets == [0, 80, 160, 240, 320]


async def test_where_the_log_no_longer_holds_what_would_tell_nothing_is_told(log: SqliteLog) -> None:
    records = contested(3, doubled=False)
    await put(log, records)
    await log.delete_before(DECISIONS, 0, 100)
    trail = trail_of(log, records, len(records))
    count = counted(records)
    assert [at async for at, _ in trail.accepted(0, after=150)] == [at for at in count if at > 150]
    with pytest.raises(PositionLost):
        await trail._anchors.before(0, 60)


async def test_a_place_that_the_log_no_longer_holds_is_not_gone_on_from(log: SqliteLog) -> None:
    records = contested(3, doubled=False)
    await put(log, records)
    trail = trail_of(log, records, 0)
    assert [anchor.offset for anchor in trail._anchors._folded[0]] == [0, 80, 160, 240, 320]
    count = counted(records)
    await log.delete_before(DECISIONS, 0, 100)
    for after in range(100 + 2 * SETTLE, 160):
        assert [at async for at, _ in trail.accepted(0, after=after)] == [at for at in count if at > after], (
            after
        )


async def test_near_the_beginning_of_a_shortened_log_nothing_is_told_unless_a_place_is_known(
    log: SqliteLog,
) -> None:
    records = contested(3, doubled=False)
    await put(log, records)
    trail = trail_of(log, records, 0)
    await log.delete_before(DECISIONS, 0, 155)
    for offset in (155, 159):
        with pytest.raises(PositionLost):
            await trail._anchors.before(0, offset)
    assert (await trail._anchors.before(0, 162)).offset == 160


def test_a_link_is_read_from_a_record_without_the_rest_of_it() -> None:
    record = contested(1, doubled=False)[5]
    assert decode_link(encode_decision(record)) == (record.decision_id, record.prev_id)


def test_an_outline_is_the_record_without_what_was_decided() -> None:
    outline = replace(contested(1, doubled=False)[5], fact_id="f", desk_id="d")
    record = replace(outline, events=(ContactOpened(contact_id="one"),), reply=Reply(accepted=True))
    assert decode_outline(encode_decision(record)) == outline
