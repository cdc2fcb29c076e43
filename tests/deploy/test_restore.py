"""The cluster is gone and its volumes are restored, as docs/operations.md says: what was acknowledged is there, and work goes on.

A volume's snapshot is what a power cut leaves on the disk; so the broker is killed and its data folder copied. From
the copy alone, with services that start from nothing, the log must be the same and no contact lost or given twice.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from frontdesk.client import AgentDesktop, Backoff, Endpoint, IntakeClient, RouterClient
from frontdesk.v1 import facts_pb2
from services.cli.demo import system
from services.cli.demo.system import Process
from services.contract.codec import to_message
from services.contract.topics import partition_of
from services.router.model import ContactState
from services.runtime import broker
from services.runtime.broker import Broker
from services.runtime.kafka_log import KafkaLog
from tests.e2e.test_lost_replicas import AtWork, desk, folded, values

pytestmark = pytest.mark.slow
DESK, PARTITIONS = "desk-restored", 4
AGENTS, CONTACTS = 3, 12
SECONDS_MAX = 600.0
"""Two starts of broker and services, each within 180 s for a process."""
BACKOFF = Backoff(max_seconds=0.5)


@pytest.fixture
def kafka(kafka_bootstrap: str, kafka_state: Path) -> Iterator[Broker]:
    """One that may be lost; `kafka_bootstrap` skips where none can be started."""
    node = broker.start(kafka_state / "lost", port=0)
    if node.kind == "docker":
        node.stop()
        pytest.skip("its data folder is needed: a broker as a process (Java and Maven), not in a container")
    yield node
    node.stop()


def services(bootstrap: str, folder: Path) -> list[Process]:
    env = {
        **{f"FRONTDESK_{door}_PORT": "0" for door in ("HTTP", "GRPC", "SMTP", "METRICS")},
        "FRONTDESK_PARTITIONS": str(PARTITIONS),
        "FRONTDESK_IDENTITY_KEY": "only-for-this-test-0123456789",
        "FRONTDESK_DEFAULT_DESK": DESK,
    }
    folder.mkdir()
    kafka = ("--log", "kafka", "--bootstrap", bootstrap)
    return [Process((role,), kafka, env, folder / role) for role in ("router", "intake")]


async def started(stack: AsyncExitStack, processes: list[Process]) -> tuple[RouterClient, IntakeClient]:
    for process in processes:
        stack.push_async_callback(process.stop)
        await process.start()
    router, intake = (Endpoint(process.addresses["grpc"]) for process in processes)
    return (
        await stack.enter_async_context(RouterClient(router, deadline_seconds=60, backoff=BACKOFF)),
        await stack.enter_async_context(IntakeClient(intake, deadline_seconds=60, backoff=BACKOFF)),
    )


async def submit(intake: IntakeClient, number: int) -> None:
    contact = facts_pb2.ContactArrived(
        contact_id=f"c{number}",
        channel="CHANNEL_SOCIAL",
        medium="messenger",
        thread_key=f"t{number}",
        text="I was charged twice.",
        language=facts_pb2.LanguageGuess(code="en", script="Latn", confidence=0.9),
        topics=[facts_pb2.TopicWeight(topic_id="billing", weight=0.9)],
    )
    await intake.submit(DESK, request_id=f"c{number}", contact_arrived=contact)


async def at_work(stack: AsyncExitStack, router: Process, settle: asyncio.Event) -> list[AtWork]:
    """Agents who are signed in and take what they are offered once they are let."""
    agents = []
    for number in range(AGENTS):
        desktop = AgentDesktop(
            Endpoint(router.addresses["grpc"]), DESK, f"a{number}", retry_seconds=60, backoff=BACKOFF
        )
        agents.append(AtWork(await stack.enter_async_context(desktop), settle))
        await desktop.send(sign_in=facts_pb2.AgentSignedIn())
        stack.callback(asyncio.ensure_future(agents[-1].work()).cancel)
    return agents


async def written(log: KafkaLog) -> list[bytes]:
    """The decisions of the desk's partition, as they lie in the log."""
    return [value async for value in values(log, partition_of(DESK, PARTITIONS))]


async def test_from_restored_volumes_the_log_is_the_same_and_every_contact_is_settled_once(
    kafka: Broker, kafka_state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "READY_SECONDS_MAX", 180)
    async with asyncio.timeout(SECONDS_MAX):
        async with AsyncExitStack() as stack:
            pods = services(kafka.bootstrap, tmp_path / "before")
            router, intake = await started(stack, pods)
            configured = await router.configure_desk(to_message(desk(DESK)), command_id="1")
            await router.get_agent(DESK, "a0", min_position=configured.position)
            await at_work(stack, pods[0], asyncio.Event())  # nobody accepts: offers stand, others wait
            for number in range(CONTACTS):
                await submit(intake, number)
            log = await KafkaLog.connect(kafka.bootstrap)
            state, _ = await folded(log, partition_of(DESK, PARTITIONS))
            while len(state.desks[DESK].contacts) < CONTACTS:
                state, _ = await folded(log, partition_of(DESK, PARTITIONS))
            before = await written(log)
            await log.close()
            await asyncio.to_thread(kafka.kill)
            restored = kafka_state / "restored"
            restored.mkdir()
            shutil.copytree(kafka.state / "data", restored / "data")
            shutil.rmtree(kafka.state / "data")

        node = await asyncio.to_thread(broker.start, restored, port=0)
        try:
            async with AsyncExitStack() as stack:
                pods = services(node.bootstrap, tmp_path / "after")
                router, intake = await started(stack, pods)
                log = await KafkaLog.connect(node.bootstrap)
                stack.push_async_callback(log.close)
                assert (await written(log))[: len(before)] == before
                for number in range(CONTACTS):
                    assert (await router.get_contact(DESK, f"c{number}")).contact_id == f"c{number}"
                for number in range(CONTACTS):
                    await submit(intake, number)  # a provider that sends again what it was not sure of
                settle = asyncio.Event()
                settle.set()
                agents = await at_work(stack, pods[0], settle)
                while sum(one.released.total() for one in agents) < CONTACTS:
                    await asyncio.sleep(0.05)
                state, _ = await folded(log, partition_of(DESK, PARTITIONS))
        finally:
            await asyncio.to_thread(node.stop)
    known = {f"c{number}" for number in range(CONTACTS)}
    states = {key: one.state for key, one in state.desks[DESK].contacts.items()}
    assert states == dict.fromkeys(known, ContactState.CLOSED)
    assert sum((one.assigned for one in agents), start=Counter()) == dict.fromkeys(known, 1)
