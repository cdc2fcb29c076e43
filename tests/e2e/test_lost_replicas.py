"""Desktops and systems go on while routers are killed, stopped and restarted, on a real Kafka with two replicas.

Afterwards the real log is folded and compared with what each desktop wrote down: every contact was told to one agent,
accepted once and settled once, nothing was told twice, and nothing in the log was kept from whom it concerns.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from benchmarks.replicas import PARTITIONS, Replica, replicas
from frontdesk.client import AgentDesktop, Backoff, Endpoint, RouterClient
from frontdesk.v1 import facts_pb2
from services.contract import decisions as d
from services.contract.codec import decode_decision, encode_fact, to_message
from services.contract.desk import Agent, Desk, Queue, Topic
from services.contract.facts import Channel, ContactArrived, Fact, LanguageGuess, TopicWeight
from services.contract.topics import DECISIONS, FACTS, partition_of
from services.router.log.fold import fold
from services.router.model import ContactState, PartitionState
from services.runtime import broker
from services.runtime.kafka_log import KafkaLog
from tests.properties.invariants import check_history, check_state, check_time

AGENTS = 24
CONTACTS = 60
SECONDS_MAX = 300.0
WORKERS = 12
PAUSE_SECONDS = 0.03
BACKOFF = Backoff(max_seconds=0.5)


@pytest.fixture(scope="module")
def cluster(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Replica]]:
    """Two routers on a broker of their own; `kafka_bootstrap` skips where none can be started."""
    folder = tmp_path_factory.mktemp("replicas")
    node = broker.start(folder / "kafka", port=0)
    try:
        with replicas(node.bootstrap, folder, 2) as found:
            yield found
    finally:
        node.stop()


def desk(desk_id: str) -> Desk:
    """Agents who are offered one message at a time, so that every contact is one offer."""
    people = tuple(
        Agent(
            agent_id=f"a{number}",
            topic_ids=("billing",),
            languages=("en",),
            capacity_units=20,
            speed_factor=1.0,
        )
        for number in range(AGENTS)
    )
    topic = Topic(topic_id="billing", resolution_prior=0.8, handle_seconds=240, level_priors=(1.0,))
    return Desk(desk_id=desk_id, version="1", topics=(topic,), queues=(Queue(queue_id="all"),), agents=people)


@dataclass
class AtWork:
    """One agent: accepts once it is let, settles what it has, and writes everything down."""

    desktop: AgentDesktop
    go: asyncio.Event
    offers: Counter[str] = field(default_factory=Counter)
    assigned: Counter[str] = field(default_factory=Counter)
    released: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)

    async def work(self) -> None:
        async for notice in self.desktop.notices():
            match notice.WhichOneof("message"):
                case "offer":
                    self.offers[notice.offer.offer_id] += 1
                    await self.go.wait()
                    self._note(await self.desktop.accept(notice.offer.offer_id))
                case "assigned":
                    contact_id = notice.assigned.contact.contact_id
                    self.assigned[contact_id] += 1
                    self._note(await self.desktop.resolve(contact_id, notice.assigned.epoch))
                case "released":
                    self.released[notice.released.contact_id] += 1

    def _note(self, response: Any) -> None:
        if not response.reply.accepted:
            self.refused.append(response.reply.reason)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["kill", "stop"])
async def test_offers_in_hand_survive_the_loss_of_their_replica(cluster: list[Replica], way: str) -> None:
    desk_id = f"desk-{way}"
    endpoint = Endpoint([one.address for one in cluster])
    go = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(restarted(cluster))
        log = await KafkaLog.connect(cluster[0].bootstrap)
        stack.push_async_callback(log.close)
        router = await stack.enter_async_context(RouterClient(endpoint, deadline_seconds=60, backoff=BACKOFF))
        await router.configure_desk(to_message(desk(desk_id)), command_id="1")
        desktops = await asyncio.gather(
            *(
                stack.enter_async_context(
                    AgentDesktop(endpoint, desk_id, f"a{number}", retry_seconds=90, backoff=BACKOFF)
                )
                for number in range(AGENTS)
            )
        )
        agents = [AtWork(desktop, go) for desktop in desktops]
        working = [asyncio.ensure_future(one.work()) for one in agents]
        stack.callback(lambda: [task.cancel() for task in working])
        await asyncio.gather(*(one.desktop.send(sign_in=facts_pb2.AgentSignedIn()) for one in agents))
        async with asyncio.timeout(SECONDS_MAX):
            for number in range(CONTACTS):
                await arrive(log, desk_id, number)
            while sum(len(one.offers) for one in agents) < AGENTS:  # everybody has one in hand
                assert not any(task.done() for task in working)
                await asyncio.sleep(0.02)
            await asyncio.to_thread(getattr(cluster[0], way))
            go.set()
            while sum(one.released.total() for one in agents) < CONTACTS:
                assert not any(task.done() for task in working)
                await asyncio.sleep(0.02)
        state, records = await folded(log, partition_of(desk_id, PARTITIONS))
    lost_their_replica = [one for one in agents if one.desktop.reconnects]
    assert lost_their_replica, "no desktop was at the replica that was lost: the test proves nothing"
    check_log(agents, state, records, desk_id)


def check_log(agents: list[AtWork], state: PartitionState, records: list[d.Decision], desk_id: str) -> None:
    events = [event for record in records if record.desk_id == desk_id for event in record.events]
    offered = Counter(event.offer_id for event in events if isinstance(event, d.Offered))
    assigned = Counter(event.contact_id for event in events if isinstance(event, d.Assigned))
    told = sum((one.offers for one in agents), Counter[str]())
    got = sum((one.assigned for one in agents), Counter[str]())
    assert [one.refused for one in agents if one.refused] == []
    assert told == offered and set(told.values()) == {1}
    assert got == assigned and set(got.values()) == {1} and len(got) == CONTACTS
    assert sum((one.released for one in agents), Counter[str]()) == got
    contacts = state.desks[desk_id].contacts
    assert len(contacts) == CONTACTS
    assert {contact.state for contact in contacts.values()} == {ContactState.CLOSED}


@pytest.mark.slow
async def test_a_rolling_restart_under_load_fails_no_call_and_doubles_no_command(
    cluster: list[Replica],
) -> None:
    desk_id = "desk-rolling"
    endpoint = Endpoint([one.address for one in cluster])
    sent: list[str] = []
    reads = 0
    done = asyncio.Event()

    async with AsyncExitStack() as stack:
        stack.enter_context(restarted(cluster))
        log = await KafkaLog.connect(cluster[0].bootstrap)
        stack.push_async_callback(log.close)
        router = await stack.enter_async_context(RouterClient(endpoint, deadline_seconds=60, backoff=BACKOFF))
        await router.configure_desk(to_message(desk(desk_id)), command_id="1")

        async def load(worker: int) -> None:
            nonlocal reads
            agent_id = f"a{worker}"
            number = 0
            while not done.is_set():
                presence = "PRESENCE_BREAK" if number % 2 else "PRESENCE_AVAILABLE"
                command_id = f"{worker}-{number}"
                written = await router.command(
                    desk_id,
                    agent_id,
                    command_id=command_id,
                    set_presence=facts_pb2.AgentStateChanged(presence=presence),
                )
                sent.append(command_id)
                found = await router.get_agent(desk_id, agent_id, min_position=written.position)
                assert facts_pb2.Presence.Name(found.presence.presence) == presence
                reads += 1
                number += 1
                await asyncio.sleep(PAUSE_SECONDS)

        async with asyncio.timeout(SECONDS_MAX), asyncio.TaskGroup() as group:
            for worker in range(WORKERS):
                group.create_task(load(worker))
            for one in cluster:
                before = len(sent)
                assert await asyncio.to_thread(one.stop) == 0
                one.start()
                await asyncio.to_thread(one.ready)
                while len(sent) < before + 50:
                    await asyncio.sleep(0.02)
            done.set()
        _, records = await folded(log, partition_of(desk_id, PARTITIONS))
    changed = [
        event.agent_id
        for record in records
        if record.desk_id == desk_id
        for event in record.events
        if isinstance(event, d.AgentPresenceChanged)
    ]
    assert len(sent) == len(set(sent)) == reads == len(changed)
    assert len(sent) > 300


@contextmanager
def restarted(cluster: list[Replica]) -> Iterator[None]:
    """Leaves all replicas running."""
    try:
        yield
    finally:
        for one in cluster:
            if one.process is None or one.process.poll() is not None:
                one.start()
                one.ready()


async def arrive(log: KafkaLog, desk_id: str, number: int) -> None:
    """A contact comes in, as intake would append it."""
    body = ContactArrived(
        contact_id=f"{desk_id}-c{number}",
        channel=Channel.SOCIAL,
        medium="messenger",
        thread_key=f"{desk_id}-t{number}",
        text="I was charged twice.",
        language=LanguageGuess(code="en", script="Latn", confidence=0.9, source="text"),
        topics=(TopicWeight(topic_id="billing", weight=0.9),),
        urgent=True,
    )
    fact = Fact(
        fact_id=f"fact-{desk_id}-{number}",
        desk_id=desk_id,
        occurred_at_ms=1_775_548_800_000,
        received_at_ms=1_775_548_800_000,
        source="test",
        body=body,
    )
    await log.append(FACTS, partition_of(desk_id, PARTITIONS), desk_id.encode(), encode_fact(fact))


async def folded(log: KafkaLog, partition: int) -> tuple[PartitionState, list[d.Decision]]:
    """The real log from its start, with the rules of design.md checked after every record."""
    state = PartitionState.empty()
    accepted: list[d.Decision] = []
    async for value in values(log, partition):
        record = decode_decision(value)
        found = fold(state, record)
        state = found.state
        if found.accepted:
            accepted.append(record)
            check_state(state)
    check_history(accepted)
    check_time(accepted)
    return state, accepted


async def values(log: KafkaLog, partition: int) -> AsyncIterator[bytes]:
    end, at = await log.end_offset(DECISIONS, partition), 0
    tail = await log.tail(DECISIONS, {partition: 0})
    try:
        while at < end:
            for record in await tail.read():
                at = record.offset + 1
                yield record.value
    finally:
        await tail.close()
