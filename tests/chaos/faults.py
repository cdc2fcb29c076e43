"""The schedule: every kind of fault in turn, in an order and on victims that the seed chooses."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata, TopicPartition

from services.contract.topics import FACTS
from services.router.owner import GROUP
from tests.chaos.cluster import Cluster
from tests.chaos.ground import Disk, Network, say
from tests.chaos.routers import Router

STOPPED_SECONDS = 15.0
"""Longer than the session timeout of 10 s: the group gives the partitions to others meanwhile."""
CUT_SECONDS = 15.0
DOWN_SECONDS = 2.0
BROKER_DOWN_SECONDS = 4.0
FULL_SECONDS = 5.0
CLOCK_AHEAD_MS, CLOCK_BEHIND_MS = 20_000, -60_000
OFFSETS_MOVED = 5_000


@dataclass
class Struck:
    """One fault that happened."""

    kind: str
    began_ms: int
    ended_ms: int = 0
    taken: list[tuple[str, int]] = field(default_factory=list)
    """Routers that lost their partitions in it, each with the moment."""
    note: str = ""


@dataclass
class Field:
    """What faults act upon."""

    routers: list[Router]
    cluster: Cluster
    network: Network
    rng: random.Random
    partitions: int
    only: frozenset[str] = frozenset()
    """Names of the faults that are to happen; all where it is empty."""
    struck: list[Struck] = field(default_factory=list)

    async def owner(self) -> Router:
        """One that decides something now; any where none says so."""
        counts = [await router.owned() for router in self.routers]
        owners = [router for router, count in zip(self.routers, counts, strict=True) if count]
        return self.rng.choice(owners or self.routers)

    @asynccontextmanager
    async def strike(self, kind: str) -> AsyncIterator[Struck]:
        one = Struck(kind, now_ms())
        self.struck.append(one)
        say(f"  {time.strftime('%H:%M:%S')} {kind}")
        try:
            yield one
        finally:
            one.ended_ms = now_ms()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def kill(field: Field) -> None:
    async with field.strike("kill -9 of an owner") as one:
        victim = await field.owner()
        one.taken.append((victim.name, now_ms()))
        await victim.kill()
        await asyncio.sleep(DOWN_SECONDS)
        await victim.start()


async def stop_and_continue(field: Field) -> None:
    async with field.strike("SIGSTOP for 15 s, then SIGCONT") as one:
        victim = await field.owner()
        one.taken.append((victim.name, now_ms()))
        victim.signal(signal.SIGSTOP)
        await asyncio.sleep(STOPPED_SECONDS)
        victim.signal(signal.SIGCONT)


async def rolling_restart(field: Field) -> None:
    async with field.strike("rolling restart (SIGTERM)") as one:
        for router in field.routers:
            one.taken.append((router.name, now_ms()))
            await router.stop()
            await router.start()
            await asyncio.sleep(1)


async def broker_restart(field: Field) -> None:
    async with field.strike("broker restart (SIGTERM)"):
        number = field.rng.randrange(field.cluster.count)
        await field.cluster.stop(number)
        await asyncio.sleep(1)
        await field.cluster.start_again(number)


async def broker_kill(field: Field) -> None:
    async with field.strike("kill -9 of a broker"):
        number = field.rng.randrange(field.cluster.count)
        await field.cluster.kill(number)
        await asyncio.sleep(BROKER_DOWN_SECONDS)
        await field.cluster.start_again(number)


async def full_disk(field: Field) -> None:
    """A broker whose disk is full ends by itself; somebody frees some room and starts it again."""
    async with field.strike("full disk of a broker") as one:
        number, disk = field.cluster.count - 1, field.cluster.disk
        await asyncio.to_thread(disk.fill)
        for _ in range(300):
            if not field.cluster.running(number):
                break
            await asyncio.sleep(0.1)
        else:
            one.note = "the broker lived on"
        await asyncio.sleep(FULL_SECONDS)
        disk.free()
        if field.cluster.running(number):
            await field.cluster.kill(number)
        await field.cluster.start_again(number)


async def network_cut(field: Field) -> None:
    async with field.strike("network of an owner cut for 15 s") as one:
        victim = await field.owner()
        one.taken.append((victim.name, now_ms()))
        one.note = field.network.cut(victim.number) or ""
        await asyncio.sleep(CUT_SECONDS)
        field.network.join(victim.number)


async def clock_ahead(field: Field) -> None:
    await _clock(field, "clock of a router 20 s ahead", CLOCK_AHEAD_MS)


async def clock_behind(field: Field) -> None:
    await _clock(field, "clock of a router 60 s behind", CLOCK_BEHIND_MS)


async def _clock(field: Field, kind: str, by_ms: int) -> None:
    """It jumps while the process is down, twice: away and back."""
    async with field.strike(kind) as one:
        victim = await field.owner()
        for clock_ms in (by_ms, 0):
            one.taken.append((victim.name, now_ms()))
            await victim.kill()
            victim.clock_ms = clock_ms
            await victim.start()
            await asyncio.sleep(8)


async def offsets_ahead(field: Field) -> None:
    await _offsets(field, "group offsets moved ahead by hand", OFFSETS_MOVED)


async def offsets_behind(field: Field) -> None:
    await _offsets(field, "group offsets moved back by hand", -OFFSETS_MOVED)


async def _offsets(field: Field, kind: str, by: int) -> None:
    """Kafka lets nobody touch them while the group has members, so all routers stop first."""
    async with field.strike(kind) as one:
        for router in field.routers:
            one.taken.append((router.name, now_ms()))
        await asyncio.gather(*(router.stop() for router in field.routers))
        one.note = await asyncio.to_thread(_move, field.cluster.bootstrap, by, field.partitions)
        await asyncio.gather(*(router.start() for router in field.routers))


def _move(bootstrap: str, by: int, partitions: int) -> str:
    """Says what went wrong, or how they were."""
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap.split(","), request_timeout_ms=10_000)
        try:
            for _ in range(20):
                found = admin.list_group_offsets([GROUP])[GROUP]
                before = {p: found[TopicPartition(FACTS, p)].offset for p in range(partitions)}
                wanted = {
                    TopicPartition(FACTS, p): OffsetAndMetadata(max(0, before[p] + by), "", -1)
                    for p in range(partitions)
                }
                said = admin.alter_group_offsets(GROUP, wanted)
                if not any(_is_fault(one) for one in said.values()):
                    return ""
                time.sleep(0.5)
            return f"refused: {said}"
        finally:
            admin.close()
    except (KafkaError, KeyError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"


def _is_fault(said: object) -> bool:
    return said is not None and "NoError" not in str(said)


Fault = Callable[[Field], Awaitable[None]]
ALL: tuple[Fault, ...] = (
    kill,
    stop_and_continue,
    rolling_restart,
    broker_restart,
    network_cut,
    clock_ahead,
    offsets_ahead,
    broker_kill,
    full_disk,
    clock_behind,
    offsets_behind,
)


def possible(field: Field) -> list[Fault]:
    """All that this machine allows; the others were told loudly already."""
    without = set()
    if not field.network.allowed:
        without.add(network_cut)
    if not field.cluster.disk.allowed:
        without.add(full_disk)
    asked_for = [fault for fault in ALL if not field.only or fault.__name__ in field.only]
    return [fault for fault in asked_for if fault not in without]


def refused(only: frozenset[str], network: Network, disk: Disk) -> list[str]:
    """Faults that were asked for by name and cannot happen here, each with why: a run without them would prove nothing."""
    needs = {
        network_cut.__name__: (network.allowed, "the routers have no network of their own"),
        full_disk.__name__: (disk.allowed, "the broker has no small disk of its own"),
    }
    return [
        f"{name}: {why}; see what was told above"
        for name, (allowed, why) in needs.items()
        if name in only and not allowed
    ]


async def strike_until(field: Field, ends_at: float, quiet_seconds: float) -> None:
    """Rounds of every fault, each in an order of its own, with some quiet after each; the last one ends before the end."""
    while True:
        order = possible(field)
        if not order:
            return
        field.rng.shuffle(order)
        for fault in order:
            if time.monotonic() > ends_at - quiet_seconds - STOPPED_SECONDS:
                return
            with contextlib.suppress(asyncio.TimeoutError):
                async with asyncio.timeout(180):
                    await fault(field)
            await asyncio.sleep(quiet_seconds)
