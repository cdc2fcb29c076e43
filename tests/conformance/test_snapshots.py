"""Snapshots in each log: what is whole and true is loaded, the newest first; everything else is passed over."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from services.contract.codec import encode_decision
from services.contract.topics import DECISIONS, SNAPSHOTS
from services.router.log import seen, shelf
from services.router.log.canonical import canonical, digest, digest_in_steps
from services.router.log.digests import Underway
from services.router.log.fold import fold
from services.router.log.shelf import Placed, Shelf, TooLarge, load, look, write
from services.router.model import PartitionState, changed
from services.runtime.log import LogUnavailable, PositionLost, TopicSpec
from services.runtime.sqlite_log import SqliteLog
from services.runtime.sqlite_retention import expire
from tests.conformance.places import Place, WholeLog
from tests.unit.router.world import World, agent, call, desk

BYTES_MAX = 10_000_000
COMPACTED_SECONDS_MAX = 90.0


class Topics:
    """The log with its own topics, for one broker serves all tests; appends fail once `room` is used up."""

    def __init__(self, log: WholeLog) -> None:
        self._log, self.prefix = log, f"test.{uuid.uuid4().hex[:12]}."
        self.room: int | None = None
        self.appended: list[bytes] = []

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        if self.room is not None:
            if self.room == 0:
                raise LogUnavailable("the disk is full")
            self.room -= 1
        self.appended.append(key + b"!" * (not value))
        return self._log.append(self.prefix + topic, partition, key, value)

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._log, name)
        return lambda topic, *rest: inner(self.prefix + topic, *rest)


class Story:
    """A partition's decisions in the log, and the state after each."""

    def __init__(self, topics: Topics) -> None:
        self.log: Any = topics
        self.world = World(desk(agent("ana"), agent("bor")))
        self.state, self.head_offset, self.next_offset = PartitionState.empty(), -1, 0
        self.shelf = Shelf()

    async def go_on(self, facts: int = 3) -> None:
        """A few calls come, and everything decided so far is appended and folded."""
        for _ in range(facts):
            self.world.tell(call(f"c{self.world.offset}"))
        for record in self.world.records[self.next_offset :]:
            at = await self.log.append(DECISIONS, 0, b"acme", encode_decision(record))
            self.state, self.head_offset, self.next_offset = fold(self.state, record).state, at, at + 1

    @property
    def placed(self) -> Placed:
        return Placed(self.state, self.head_offset, self.next_offset)

    async def keep(self) -> Placed:
        self.shelf = await write(self.log, 0, self.placed, self.shelf, bytes_max=BYTES_MAX)
        return self.placed

    async def loaded(self) -> Placed | None:
        return await load(self.log, 0)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a small state has parts and several chunks of each."""
    monkeypatch.setattr(seen, "BUCKET_FACTS_MAX", 8)
    monkeypatch.setattr(shelf, "CHUNK_BYTES", 700)


@pytest.fixture
async def story(log: WholeLog) -> AsyncIterator[Story]:
    topics = Topics(log)
    await log.create_topics(
        [TopicSpec(topics.prefix + DECISIONS, 1), TopicSpec(topics.prefix + SNAPSHOTS, 1, compacted=True)]
    )
    yield Story(topics)


def same(found: Placed | None, wanted: Placed) -> bool:
    return (
        found is not None
        and (found.head_offset, found.next_offset) == (wanted.head_offset, wanted.next_offset)
        and canonical(found.state) == canonical(wanted.state)
    )


async def test_without_a_snapshot_there_is_none(story: Story) -> None:
    await story.go_on()

    assert await story.loaded() is None
    assert await look(story.log, 0) == Shelf()


async def test_the_newest_of_several_is_loaded(story: Story) -> None:
    for _ in range(4):
        await story.go_on(20)
        wanted = await story.keep()

    found = await story.loaded()

    assert same(found, wanted)
    assert found is not None and len(found.state.seen.runs) > 1
    assert story.shelf.newest is not None and len(story.shelf.newest.chunks) > 1
    assert (story.shelf.newest.slot, story.shelf.older and story.shelf.older.slot) == (1, 0)


async def test_folding_goes_on_behind_it(story: Story) -> None:
    await story.go_on(10)
    await story.keep()
    await story.go_on(10)

    found = await story.loaded()
    assert found is not None
    state = found.state
    for record in story.world.records[found.next_offset :]:
        state = fold(state, record).state

    assert canonical(state) == canonical(story.state)


async def test_nothing_behind_its_head_is_skipped(story: Story) -> None:
    """It was made when rejected records stood there; the log was cut at its head since, and written anew."""
    await story.go_on(10)
    made = story.placed
    await story.go_on(5)
    await write(story.log, 0, replace(made, next_offset=story.next_offset), story.shelf, bytes_max=BYTES_MAX)

    found = await story.loaded()
    assert found is not None and found.next_offset == made.head_offset + 1
    state = found.state
    for record in story.world.records[found.next_offset :]:
        state = fold(state, record).state

    assert canonical(state) == canonical(story.state)


@pytest.mark.parametrize("room", [0, 1, 3])
async def test_one_that_was_not_finished_is_none(story: Story, room: int) -> None:
    """Whoever wrote it died in the middle; the one before it holds, and the next one is written over it."""
    await story.go_on()
    wanted = await story.keep()
    await story.go_on()
    story.log.room = room
    with pytest.raises(LogUnavailable):
        await story.keep()
    story.log.room = None

    assert same(await story.loaded(), wanted)
    last = await story.keep()
    assert same(await story.loaded(), last)


async def test_one_of_another_log_is_passed_over(story: Story) -> None:
    """The decision at its place is not the one that it was made at."""
    await story.go_on()
    wanted = await story.keep()
    foreign = World(desk(agent("eva")))
    strange = Placed(changed(foreign.state, head=4711), story.head_offset, story.next_offset)
    await write(story.log, 0, strange, story.shelf, bytes_max=BYTES_MAX)

    assert same(await story.loaded(), wanted)


async def test_one_beyond_the_end_of_the_decisions_is_passed_over(story: Story) -> None:
    await story.go_on()
    wanted = await story.keep()
    await write(
        story.log,
        0,
        Placed(story.state, story.head_offset, story.next_offset + 5),
        story.shelf,
        bytes_max=BYTES_MAX,
    )

    assert same(await story.loaded(), wanted)


async def test_one_of_another_form_of_the_state_is_passed_over(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer version wrote it: this one takes the one before it, which is of its own form."""
    await story.go_on()
    wanted = await story.keep()
    with monkeypatch.context() as newer:
        newer.setattr(shelf, "state_types", lambda: b"another version's")
        await story.go_on()
        await story.keep()

    assert same(await story.loaded(), wanted)


async def test_one_whose_bytes_changed_is_passed_over(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    await story.go_on()
    wanted = await story.keep()
    with monkeypatch.context() as damaged:
        damaged.setattr(shelf, "_hash", lambda data: b"x" * 16)
        await story.go_on()
        await story.keep()

    assert same(await story.loaded(), wanted)


async def test_one_whose_state_has_another_digest_is_passed_over(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    await story.go_on()
    wanted = await story.keep()
    with monkeypatch.context() as other:
        other.setattr(shelf, "digest_in_steps", lambda state: iter([b"another digest"]))
        await story.go_on()
        await story.keep()

    assert same(await story.loaded(), wanted)


async def test_the_digest_under_way_comes_along(story: Story) -> None:
    """Whoever starts from it tells the same of the earlier state as those who were there, and the rest of it waits for nobody."""
    await story.go_on()
    earlier = story.state
    story.state = changed(earlier, digesting=Underway(digest_in_steps(earlier)))
    wanted = await story.keep()
    found = await story.loaded()

    assert same(found, wanted) and found is not None and found.state.digesting is not None
    assert found.state.digesting.done and wanted.state.digesting is not None
    assert found.state.digesting.found() == wanted.state.digesting.found() == digest(earlier)


async def test_one_whose_digest_under_way_changed_is_passed_over(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    await story.go_on()
    wanted = await story.keep()
    with monkeypatch.context() as damaged:
        damaged.setattr(shelf, "_sealed", lambda digesting, of: b"\x0c" + b"x" * 32)
        await story.go_on()
        story.state = changed(story.state, digesting=Underway.known(b"\x0c" + b"y" * 16))
        await story.keep()

    assert same(await story.loaded(), wanted)


async def test_one_of_a_version_that_knows_no_digest_under_way_is_loaded_and_one_of_this_by_it(
    story: Story,
) -> None:
    """Its manifest has a field less; it reads over one that it does not know."""
    await story.go_on()
    await story.keep()
    assert story.shelf.newest is not None
    fields = msgspec.msgpack.decode(msgspec.msgpack.encode(story.shelf.newest))
    older = msgspec.msgpack.decode(msgspec.msgpack.encode(fields[:-1]), type=shelf.Manifest)
    newer = msgspec.msgpack.decode(msgspec.msgpack.encode([*fields, b"more"]), type=shelf.Manifest)

    assert older == newer == story.shelf.newest
    assert older.digesting == b""


async def test_one_that_does_not_hold_together_is_passed_over(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    await story.go_on()
    await story.keep()

    def apart(*_: object) -> None:
        raise KeyError("an agent that no configuration names")

    monkeypatch.setattr(shelf, "state_from", apart)
    assert await story.loaded() is None


async def test_a_state_above_the_bound_is_not_written(story: Story) -> None:
    await story.go_on()
    wanted = await story.keep()
    with pytest.raises(TooLarge):
        await write(story.log, 0, story.placed, story.shelf, bytes_max=1_000)

    assert same(await story.loaded(), wanted)


async def test_a_part_is_written_once_and_removed_when_no_snapshot_names_it(story: Story) -> None:
    await story.go_on(40)
    await story.keep()
    first = {key for key in story.log.appended if b"/part/" in key}
    story.log.appended.clear()
    await story.keep()
    assert first and not [key for key in story.log.appended if b"/part/" in key]

    for _ in range(3):
        await story.go_on(40)
        await story.keep()
    removed = {key[:-1] for key in story.log.appended if key.endswith(b"!") and b"/part/" in key}
    named = {part.name.encode() for part in story.shelf.parts.values()}

    assert removed and not [key for key in removed if key.split(b"/")[2] in named]
    assert same(await story.loaded(), story.placed)


async def test_two_writers_at_once_leave_one_that_is_whole(story: Story) -> None:
    """An owner that was replaced writes while its successor does; both are true, and one can be loaded."""
    await story.go_on(10)
    await story.keep()
    await story.go_on(10)
    late = story.placed
    await story.go_on(10)

    await asyncio.gather(
        write(story.log, 0, late, story.shelf, bytes_max=BYTES_MAX),
        write(story.log, 0, story.placed, story.shelf, bytes_max=BYTES_MAX),
    )

    found = await story.loaded()
    assert same(found, story.placed) or same(found, late)
    wanted = await story.keep()  # finds that somebody else wrote, and looks anew
    assert same(await story.loaded(), wanted)


async def test_both_slots_stay_when_everything_else_is_compacted_away(
    story: Story, log: WholeLog, place: Place
) -> None:
    kept, manifests = [], []
    for _ in range(5):
        await story.go_on(8)
        kept.append(await story.keep())
        manifests.append(story.shelf.newest)
    first, newest = manifests[0], manifests[-1]
    assert first is not None and newest is not None
    await compacted(story, log, place, first.chunks[0].offset)

    assert same(await story.loaded(), kept[-1])
    await story.log.append(SNAPSHOTS, 0, b"0/%d/0" % newest.slot, b"nothing")
    await compacted(story, log, place, newest.chunks[0].offset)
    assert same(await story.loaded(), kept[-2])


async def compacted(story: Story, log: WholeLog, place: Place, offset: int) -> None:
    """Returns once a value is gone: at once in the embedded log, when the cleaner comes by in Kafka."""
    if isinstance(log, SqliteLog):
        await log._writer.run(lambda connection: expire(connection, 0))
        assert not await _is_there(story, offset)
        return
    await asyncio.to_thread(_compact_soon, place.address, story.log.prefix + SNAPSHOTS)
    deadline = asyncio.get_running_loop().time() + COMPACTED_SECONDS_MAX
    while await _is_there(story, offset):
        assert asyncio.get_running_loop().time() < deadline, "the broker compacted nothing in time"
        await story.log.append(SNAPSHOTS, 0, b"0/other", b"")  # a segment closes with the record after it
        await asyncio.sleep(1)


async def _is_there(story: Story, offset: int) -> bool:
    try:
        await story.log.read_at(SNAPSHOTS, 0, offset)
    except PositionLost:
        return False
    return True


def _compact_soon(bootstrap: str, topic: str) -> None:
    from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        wanted = {"segment.ms": "200", "min.cleanable.dirty.ratio": "0.001", "max.compaction.lag.ms": "500"}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=wanted)])
    finally:
        admin.close()
