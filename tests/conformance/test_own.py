from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.runtime.log import Membership
from tests.conformance.places import Driven, Memory, Place, WholeLog, eventually

ALL = frozenset(range(4))
Join = Callable[..., Coroutine[Any, Any, Driven]]


@pytest.fixture
async def join(log: WholeLog, topic: str) -> AsyncIterator[Join]:
    """Joins the group "g" of the topic and reads steadily; whoever is left is closed at the end."""
    joined: list[Driven] = []

    async def join(listener: Any = None, *, via: WholeLog = log) -> Driven:
        joined.append(Driven(await via.own(topic, "g", listener or Memory())))
        return joined[-1]

    yield join
    for driven in joined:
        await driven.close()


async def fill(log: WholeLog, topic: str, count: int) -> None:
    await asyncio.gather(*(log.append(topic, p, b"k", b"%d" % n) for n in range(count) for p in range(4)))


async def test_one_member_owns_everything(join: Join) -> None:
    listener = Memory()
    one = await join(listener)

    await eventually(lambda: one.member.owned == ALL)

    assert listener.told[-1] == ("assigned", (0, 1, 2, 3))


async def test_a_member_knows_how_it_stands_with_its_group(join: Join) -> None:
    one = await join()
    await eventually(lambda: one.member.owned == ALL and one.member.membership is Membership.MEMBER)

    await one.close()

    assert one.member.membership is Membership.LOST


async def test_positions_come_from_the_listener(log: WholeLog, topic: str, join: Join) -> None:
    await fill(log, topic, 10)

    one = await join(Memory({0: 0, 1: 3, 2: 9, 3: 10}))
    await eventually(lambda: len(one.records) >= 18)

    assert {p: [r.offset for r in one.records if r.partition == p] for p in range(4)} == {
        0: list(range(10)),
        1: list(range(3, 10)),
        2: [9],
        3: [],
    }


async def test_what_the_group_remembers_moves_nobody(log: WholeLog, topic: str, join: Join) -> None:
    await fill(log, topic, 10)
    one = await join(Memory(dict.fromkeys(range(4), 10)))
    await eventually(lambda: one.member.owned == ALL)
    await one.member.hint(0, 2)  # behind
    await one.member.hint(1, 10)  # ahead of where the next owner will start
    await one.close()

    two = await join(Memory({0: 5, 1: 5, 2: 10, 3: 10}))
    await eventually(lambda: len(two.records) >= 10)

    assert [r.offset for r in two.records if r.partition == 0] == [5, 6, 7, 8, 9]
    assert [r.offset for r in two.records if r.partition == 1] == [5, 6, 7, 8, 9]


async def test_two_members_share_and_each_partition_has_one_owner(join: Join) -> None:
    one, two = await join(), await join()

    await eventually(lambda: len(one.member.owned) == len(two.member.owned) == 2)

    assert one.member.owned | two.member.owned == ALL


async def test_members_of_two_logs_share(place: Place, join: Join) -> None:
    async with place.log() as other:
        one, two = await join(), await join(via=other)

        await eventually(lambda: len(one.member.owned) == len(two.member.owned) == 2)

        assert one.member.owned | two.member.owned == ALL
        await two.close()
        await eventually(lambda: one.member.owned == ALL)


async def test_the_listener_hears_of_every_change_in_order(join: Join) -> None:
    """What was assigned and not revoked is what is owned, at any time."""
    listener = Memory()
    one = await join(listener)
    await eventually(lambda: one.member.owned == ALL)
    two = await join()
    await eventually(lambda: len(one.member.owned) == len(two.member.owned) == 2)

    held: set[int] = set()
    for what, partitions in listener.told:
        if what == "assigned":
            assert not held & set(partitions)
            held |= set(partitions)
        else:
            assert held >= set(partitions)
            held -= set(partitions)
    assert held == one.member.owned


async def test_a_member_that_closes_hands_over_without_the_session_timeout(join: Join) -> None:
    left = Memory()
    one, two = await join(left), await join()
    await eventually(lambda: len(one.member.owned) == len(two.member.owned) == 2)

    await one.close()

    await eventually(lambda: two.member.owned == ALL, seconds_max=5)
    assert left.told[-1][0] == "revoked"
    assert one.member.owned == frozenset()


async def test_more_members_than_partitions_leave_the_rest_waiting(join: Join) -> None:
    members = [await join() for _ in range(5)]

    await eventually(lambda: sorted(len(m.member.owned) for m in members) == [0, 1, 1, 1, 1])

    owning = next(m for m in members if m.member.owned)
    await owning.close()
    await eventually(lambda: sum(len(m.member.owned) for m in members) == 4)


async def test_a_member_that_joins_again_goes_on_where_the_listener_says(
    log: WholeLog, topic: str, join: Join
) -> None:
    await fill(log, topic, 5)
    one = await join()
    await eventually(lambda: len(one.records) == 20)
    await one.close()
    await fill(log, topic, 5)

    again = await join(Memory(dict.fromkeys(range(4), 5)))
    await eventually(lambda: len(again.records) == 20)

    assert {r.offset for r in again.records} == {5, 6, 7, 8, 9}


async def test_nothing_is_read_twice_or_missed_while_members_come_and_go(
    log: WholeLog, topic: str, join: Join
) -> None:
    """Each listener starts where the records read so far end, as an owner that keeps its own position does."""
    seen: dict[int, list[int]] = {p: [] for p in range(4)}
    members: list[Driven] = []

    class Resume:
        def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
            for member in members:
                collect(member)
            return {p: len(seen[p]) for p in partitions}

        def revoked(self, partitions: Sequence[int]) -> None:
            for member in members:
                collect(member)

    def collect(member: Driven) -> None:
        for record in member.records:
            seen[record.partition].append(record.offset)
        member.records.clear()

    members.append(await join(Resume()))
    for _ in range(3):
        await fill(log, topic, 50)
        members.append(await join(Resume()))
        await eventually(lambda: sum(len(m.member.owned) for m in members) == 4)
    await members.pop(0).close()
    await fill(log, topic, 50)

    def complete() -> bool:
        for member in members:
            collect(member)
        return all(len(offsets) >= 200 for offsets in seen.values())

    await eventually(complete)
    assert all(offsets == list(range(200)) for offsets in seen.values())


async def test_a_paused_partition_is_silent_until_resumed(log: WholeLog, topic: str, join: Join) -> None:
    one = await join()
    await eventually(lambda: one.member.owned == ALL)
    one.member.pause(1)
    await fill(log, topic, 20)

    await eventually(lambda: len(one.records) >= 60)
    assert {r.partition for r in one.records} == {0, 2, 3}

    one.member.resume(1)
    await eventually(lambda: len(one.records) == 80)
    assert [r.offset for r in one.records if r.partition == 1] == list(range(20))


async def test_a_partition_paused_in_the_callback_gives_nothing(log: WholeLog, topic: str) -> None:
    await fill(log, topic, 5)

    class Held(Memory):
        def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
            for partition in partitions:
                if partition != 2:
                    member.pause(partition)
            return super().assigned(partitions)

    member = await log.own(topic, "g", Held())
    driven = Driven(member)
    await eventually(lambda: len(driven.records) >= 5)

    assert {r.partition for r in driven.records} == {2}
    for partition in ALL:
        member.resume(partition)
    await eventually(lambda: len(driven.records) == 20)
    await driven.close()


async def test_seek_goes_back(log: WholeLog, topic: str, join: Join) -> None:
    await fill(log, topic, 5)
    one = await join()
    await eventually(lambda: len(one.records) == 20)

    one.member.seek(2, 3)

    await eventually(lambda: len(one.records) == 22)
    assert [(r.partition, r.offset) for r in one.records[20:]] == [(2, 3), (2, 4)]


async def test_what_a_listener_raises_is_raised_by_the_next_read(log: WholeLog, topic: str) -> None:
    class Broken(Memory):
        def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
            raise ZeroDivisionError(f"no position for {partitions}")

    member = await log.own(topic, "g", Broken())

    async def read_on() -> None:
        while True:
            await member.read(wait_ms=50)

    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(read_on(), 30)
    await member.close()


@asynccontextmanager
async def elsewhere(
    place: Place, topic: str, session_timeout_ms: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A member in a process of its own, which has been assigned something when this begins."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.conformance.member",
        place.kind,
        place.address,
        topic,
        "g",
        str(session_timeout_ms),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.slow
async def test_a_member_that_is_killed_is_replaced_within_the_session_timeout(
    place: Place, topic: str
) -> None:
    session_ms = 6_000 if place.kind == "kafka" else 1_000  # brokers allow 6 s at the least
    async with (
        place.log(session_timeout_ms=session_ms) as log,
        elsewhere(place, topic, session_ms) as process,
    ):
        assert process.stdout is not None
        first = await asyncio.wait_for(process.stdout.readline(), 30)
        assert first.startswith(b"assigned")
        one = Driven(await log.own(topic, "g", Memory()))
        await eventually(lambda: len(one.member.owned) == 2)

        process.kill()
        began = asyncio.get_running_loop().time()
        await eventually(lambda: one.member.owned == ALL, seconds_max=session_ms / 1000 + 10)

        assert asyncio.get_running_loop().time() - began < session_ms / 1000 + 5
        await one.close()


@pytest.mark.slow
async def test_a_member_that_was_stopped_comes_back_as_a_newcomer(place: Place, topic: str) -> None:
    """SIGSTOP beyond the session timeout is a long pause of the machine: others take over, then share again."""
    session_ms = 6_000 if place.kind == "kafka" else 1_000
    async with (
        place.log(session_timeout_ms=session_ms) as log,
        elsewhere(place, topic, session_ms) as process,
    ):
        assert process.stdout is not None
        assert (await asyncio.wait_for(process.stdout.readline(), 30)).startswith(b"assigned")
        one = Driven(await log.own(topic, "g", Memory()))
        await eventually(lambda: len(one.member.owned) == 2)

        process.send_signal(signal.SIGSTOP)
        await eventually(lambda: one.member.owned == ALL, seconds_max=session_ms / 1000 + 10)
        process.send_signal(signal.SIGCONT)

        await eventually(lambda: len(one.member.owned) == 2)
        await one.close()
