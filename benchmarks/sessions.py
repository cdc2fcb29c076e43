"""Agents' sessions over router replicas on real Kafka: memory and CPU a session, and how fast an offer reaches its agent.

The desktops live in this process and share a few connections: a replica sees as many calls, not as many sockets, whose
memory comes on top in reality. Desks have a hundred agents each. A contact is offered to one
of them; its time is from the append of the fact to the notice in the agent's hands: two appends with all
acknowledgements, two fetches, and the stream. Then one of the routers is told to stop, and its agents' sessions go on at
the others, which are offered contacts again.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import grpc

from benchmarks.measure import Figure, percentile
from benchmarks.replicas import PARTITIONS, Replica, replicas
from frontdesk.client import AgentDesktop, Endpoint, RouterClient
from frontdesk.client.endpoint import OPTIONS
from frontdesk.v1 import facts_pb2
from services.contract.codec import encode_fact, to_message
from services.contract.desk import Agent, Desk, Queue, Topic
from services.contract.facts import Channel, ContactArrived, Fact, LanguageGuess, TopicWeight
from services.contract.topics import FACTS, partition_of
from services.runtime import broker
from services.runtime.kafka_log import KafkaLog

SESSIONS = int(os.environ.get("FRONTDESK_BENCH_SESSIONS", "10000"))
REPLICAS = int(os.environ.get("FRONTDESK_BENCH_REPLICAS", "3"))
"""Both are settings, so that a short try and other deployments can be played too."""
AGENTS_PER_DESK = 100
CHANNELS = 20
OPENING = 200
"""Sessions being opened at once."""
CONTACTS, PER_SECOND = 1_500, 50
SECONDS_MAX = 1_200.0
TELL_EVERY = 1_000
"""Sessions opened between two lines of progress."""


@dataclass
class Tally:
    """What the desktops saw."""

    due: dict[str, float] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    offers: Counter[str] = field(default_factory=Counter)
    opened: int = 0
    lost: int = 0
    """Sessions that ended and were to stand again."""
    away_since: dict[int, float] = field(default_factory=dict)
    away_seconds_max: float = 0.0
    back_at: float = 0.0
    """When the last of them stood again."""
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    def offered(self, contact_id: str, offer_id: str) -> None:
        self.offers[offer_id] += 1
        due = self.due.pop(contact_id, None)
        if due is not None:
            self.waits.append(time.perf_counter() - due)
            self.moved.set()

    def connection(self, number: int, stands: bool) -> None:
        """A session was lost, or stands again."""
        now = time.perf_counter()
        if not stands:
            self.lost += 1
            self.away_since[number] = now
        elif (since := self.away_since.pop(number, None)) is not None:
            self.away_seconds_max = max(self.away_seconds_max, now - since)
            self.back_at = now
            self.moved.set()


async def run(_bootstrap: str) -> list[Figure]:
    """Figures of SESSIONS sessions over REPLICAS routers of this run's own.

    They need a log of their own too, whose partitions are not those of other benchmarks; so the one given is not used.
    """
    with tempfile.TemporaryDirectory(prefix="frontdesk-sessions-") as folder:
        node = await asyncio.to_thread(broker.start, Path(folder) / "kafka", port=0, heap="1g")
        running = replicas(node.bootstrap, Path(folder), REPLICAS)
        try:
            found = await asyncio.to_thread(running.__enter__)
            try:
                figures, _ = await measured(
                    found, sessions=SESSIONS, contacts=CONTACTS, stop_one=REPLICAS > 1
                )
            finally:
                await asyncio.to_thread(running.__exit__, None, None, None)
        finally:
            await asyncio.to_thread(node.stop)
    return figures


async def measured(
    found: list[Replica], *, sessions: int, contacts: int, stop_one: bool = False, name: str = "bench"
) -> tuple[list[Figure], Tally]:
    """Opens the sessions, sends the contacts, and tells what that cost the replicas; and the stop of the first one."""
    endpoint, tally = Endpoint([one.address for one in found]), Tally()
    desks = [f"{name}-{number}" for number in range(-(-sessions // AGENTS_PER_DESK))]
    async with asyncio.timeout(SECONDS_MAX), AsyncExitStack() as stack:
        log = await KafkaLog.connect(found[0].bootstrap)
        stack.push_async_callback(log.close)
        router = await stack.enter_async_context(RouterClient(endpoint, deadline_seconds=120))
        for desk_id in desks:
            await router.configure_desk(to_message(desk(desk_id)), command_id="1")
        channels = _channels(endpoint, stack)
        memory = sum(one.memory_kib() for one in found)
        cpu = sum(one.cpu_seconds() for one in found)
        began = time.perf_counter()
        gate = asyncio.Semaphore(OPENING)

        async def opened(number: int) -> None:
            async with gate:
                desktop = AgentDesktop(
                    endpoint,
                    desks[number // AGENTS_PER_DESK],
                    f"a{number % AGENTS_PER_DESK}",
                    retry_seconds=120,
                    channel=channels[number % len(channels)],
                )
                await stack.enter_async_context(desktop)
                await desktop.send(sign_in=facts_pb2.AgentSignedIn())
            desktop.on_connection = partial(tally.connection, number)
            stack.callback(asyncio.ensure_future(_listen(desktop, tally)).cancel)
            tally.opened += 1
            if tally.opened % TELL_EVERY == 0:
                seconds = time.perf_counter() - began
                sys.stderr.write(f"  {tally.opened:,} sessions open after {seconds:.0f} s\n")

        await asyncio.gather(*(opened(number) for number in range(sessions)))
        opening_seconds = time.perf_counter() - began
        opening_cpu = sum(one.cpu_seconds() for one in found) - cpu
        per_session = (sum(one.memory_kib() for one in found) - memory) / sessions
        idle_cpu, idle_from = sum(one.cpu_seconds() for one in found), time.perf_counter()
        await asyncio.sleep(5)
        idle = (sum(one.cpu_seconds() for one in found) - idle_cpu) / (time.perf_counter() - idle_from)
        busy_cpu = sum(one.cpu_seconds() for one in found)
        await _contacts(log, desks, contacts, tally)
        busy = sum(one.cpu_seconds() for one in found) - busy_cpu
        waits = list(tally.waits)
        after_stop = await _stopped(found, sessions, tally) if stop_one else []
        if stop_one:
            tally.waits.clear()
            await _contacts(log, desks, contacts, tally, first=contacts)
            after_stop += [
                Figure(
                    "append to offer in hand with one router less, p50",
                    percentile(tally.waits, 0.5) * 1e3,
                    "ms",
                ),
                Figure(
                    "append to offer in hand with one router less, p99",
                    percentile(tally.waits, 0.99) * 1e3,
                    "ms",
                ),
            ]
    return [
        Figure(f"sessions over {len(found)} replicas", sessions, "sessions"),
        Figure("memory of the replicas, a session", per_session, "KiB"),
        Figure("CPU to open a session and sign in, all replicas", opening_cpu / sessions * 1e6, "us"),
        Figure("time to open all", opening_seconds, "s"),
        Figure("sessions opened and signed in", sessions / opening_seconds, "a second"),
        Figure("CPU while nothing comes, all replicas", idle * 100, "% of a core"),
        Figure(f"CPU of a contact offered and accepted at {PER_SECOND}/s", busy / contacts * 1e6, "us"),
        Figure("append of a contact to its offer in hand, p50", percentile(waits, 0.5) * 1000, "ms"),
        Figure("append of a contact to its offer in hand, p99", percentile(waits, 0.99) * 1000, "ms"),
        *after_stop,
        Figure("contacts that were offered once and no more", _offered_once(tally), "contacts"),
    ], tally


async def _stopped(found: list[Replica], sessions: int, tally: Tally) -> list[Figure]:
    """Tells the first router to stop; returns once its sessions stand at the others."""
    left = found[1:]
    memory, cpu = sum(one.memory_kib() for one in left), sum(one.cpu_seconds() for one in left)
    tally.lost, began = 0, time.perf_counter()
    status = await asyncio.to_thread(found[0].stop)
    if status != 0:
        raise RuntimeError(f"a router that was told to stop ended with {status}")
    while tally.away_since:
        tally.moved.clear()
        await tally.moved.wait()
    seconds = max(0.0, tally.back_at - began)
    return [
        Figure("sessions that moved when a router was told to stop", tally.lost, "sessions"),
        Figure("until the last of them stood elsewhere", seconds, "s"),
        Figure("longest that one of them was away", tally.away_seconds_max, "s"),
        Figure(
            "CPU of those left, a session that moved",
            (sum(one.cpu_seconds() for one in left) - cpu) / max(1, tally.lost) * 1e6,
            "us",
        ),
        Figure(
            "memory of those left, a session of all",
            (sum(one.memory_kib() for one in left) - memory) / sessions,
            "KiB more",
        ),
    ]


def _offered_once(tally: Tally) -> int:
    return sum(count == 1 for count in tally.offers.values())


def desk(desk_id: str) -> Desk:
    """A hundred agents for one topic."""
    people = tuple(
        Agent(
            agent_id=f"a{number}",
            topic_ids=("billing",),
            languages=("en",),
            capacity_units=100,
            speed_factor=1.0,
        )
        for number in range(AGENTS_PER_DESK)
    )
    topic = Topic(topic_id="billing", resolution_prior=0.8, handle_seconds=240, level_priors=(1.0,))
    return Desk(desk_id=desk_id, version="1", topics=(topic,), queues=(Queue(queue_id="all"),), agents=people)


def _channels(endpoint: Endpoint, stack: AsyncExitStack) -> list[grpc.aio.Channel]:
    """Connections that the desktops share, spread over the replicas; each goes on at the next one once its own is gone."""
    listed, found = endpoint.listed, []
    for number in range(CHANNELS):
        at = number % len(listed)
        target = f"ipv4:{','.join([*listed[at:], *listed[:at]])}"
        channel = grpc.aio.insecure_channel(target, options=[*OPTIONS, ("grpc.use_local_subchannel_pool", 1)])
        stack.push_async_callback(channel.close)
        found.append(channel)
    return found


async def _listen(desktop: AgentDesktop, tally: Tally) -> None:
    async for notice in desktop.notices():
        if notice.WhichOneof("message") == "offer":
            tally.offered(notice.offer.contact.contact_id, notice.offer.offer_id)
            await desktop.accept(notice.offer.offer_id)
        elif notice.WhichOneof("message") == "assigned":
            await desktop.resolve(notice.assigned.contact.contact_id, notice.assigned.epoch)


async def _contacts(log: KafkaLog, desks: list[str], count: int, tally: Tally, *, first: int = 0) -> None:
    """Contacts at a steady rate, over all desks; returns once each was offered."""
    began = time.perf_counter()
    for number in range(first, first + count):
        await asyncio.sleep(began + (number - first) / PER_SECOND - time.perf_counter())
        desk_id = desks[number % len(desks)]
        contact_id = f"{desk_id}-c{number}"
        tally.due[contact_id] = time.perf_counter()
        fact = _arrived(desk_id, contact_id)
        await log.append(FACTS, partition_of(desk_id, PARTITIONS), desk_id.encode(), encode_fact(fact))
    while tally.due:
        tally.moved.clear()
        await tally.moved.wait()


def _arrived(desk_id: str, contact_id: str) -> Fact:
    now_ms = time.time_ns() // 1_000_000
    body = ContactArrived(
        contact_id=contact_id,
        channel=Channel.PHONE,
        medium="voice",
        thread_key=contact_id,
        text="",
        language=LanguageGuess(code="en", script="Latn", confidence=0.9, source="text"),
        topics=(TopicWeight(topic_id="billing", weight=0.9),),
    )
    return Fact(
        fact_id=f"fact-{contact_id}",
        desk_id=desk_id,
        occurred_at_ms=now_ms,
        received_at_ms=now_ms,
        source="bench",
        body=body,
    )
