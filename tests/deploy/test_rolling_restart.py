"""Every process is stopped by SIGTERM and started again, one after the other, under load, as a rollout does to pods.

Two replicas each of intake, router and metrics on a real Kafka over mTLS, each service with exactly the rights that its
KafkaUser in deploy/k8s has. Calls come through the client library all the while. Afterwards no call has failed, and by
the log itself and by metrics each contact was taken once, assigned once and settled once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from frontdesk.client import AgentDesktop, Backoff, Endpoint, IntakeClient, RouterClient
from frontdesk.client.calls import Calls
from frontdesk.v1 import facts_pb2, metrics_pb2, metrics_pb2_grpc
from services.cli.demo import system
from services.cli.demo.system import Process
from services.contract import decisions as d
from services.contract.codec import to_message
from services.contract.topics import partition_of
from services.metrics import build as metrics_build
from services.router import build as router_build
from services.router.model import ContactState
from services.runtime import broker
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import LogUnavailable
from services.runtime.ports import free_port
from tests.e2e.test_lost_replicas import AtWork, desk, folded
from tests.integration import secured_kafka
from tests.integration.secured_kafka import Right, Secured

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "router", "metrics")
REPLICAS, PARTITIONS, AGENTS = 2, 4, 12
DESK = "desk-rollout"
CALLS_BETWEEN = 15
"""Calls of each kind that must have been answered after a restart before the next begins."""
PAUSE_SECONDS = 0.15
SECONDS_MAX = 900.0
BACKOFF = Backoff(max_seconds=0.5)


def rights_of(service: str) -> list[Right]:
    """What the KafkaUser of the manifests may do."""
    text = (ROOT / "deploy/k8s/components/strimzi/users.yaml").read_text(encoding="utf-8")
    (user,) = [one for one in yaml.safe_load_all(text) if one["metadata"]["name"] == f"frontdesk-{service}"]
    return [
        (
            acl["resource"]["type"],
            acl["resource"]["patternType"],
            acl["resource"]["name"],
            tuple(operation.lower() for operation in acl["operations"]),
        )
        for acl in user["spec"]["authorization"]["acls"]
    ]


@pytest.fixture
def kafka(kafka_state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secured]:
    monkeypatch.setattr(broker, "READY_SECONDS_MAX", 300.0)
    if not broker.can_run():
        pytest.skip("no real Kafka here: " + broker.INSTALL)
    started = secured_kafka.start(kafka_state / "rollout", {})
    if started.node.kind == "docker":
        started.node.stop()
        pytest.skip(
            "these listeners need the broker as a process (Java and Maven), Docker publishes one port only"
        )
    for service in SERVICES:
        started.let(f"frontdesk-{service}", rights_of(service))
    yield started
    started.node.stop()


class MetricsReader(Calls):
    """GetKpis of one desk, asked again elsewhere where its partition is not folded."""

    async def kpis(self, desk_id: str) -> metrics_pb2.GetKpisResponse:
        stub = metrics_pb2_grpc.MetricsServiceStub(self.channel)  # type: ignore[no-untyped-call] # generated
        request = metrics_pb2.GetKpisRequest(desk_id=desk_id)
        return await self._call(stub.GetKpis, request, metrics_pb2.GetKpisResponse)


@dataclass
class Load:
    """Calls without end; an error of any ends the test."""

    submitted: list[str] = field(default_factory=list)
    reads: int = 0
    asked: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def counts(self) -> tuple[int, int, int]:
        return len(self.submitted), self.reads, self.asked

    async def submit(self, intake: IntakeClient) -> None:
        while not self.done.is_set():
            number = len(self.submitted)
            contact_id = f"c{number}"
            contact = facts_pb2.ContactArrived(
                contact_id=contact_id,
                channel="CHANNEL_SOCIAL",
                medium="messenger",
                thread_key=f"t{number}",
                text="I was charged twice.",
                language=facts_pb2.LanguageGuess(code="en", script="Latn", confidence=0.9),
                topics=[facts_pb2.TopicWeight(topic_id="billing", weight=0.9)],
                urgent=True,
            )
            await intake.submit(DESK, request_id=contact_id, contact_arrived=contact)
            self.submitted.append(contact_id)
            await asyncio.sleep(PAUSE_SECONDS)

    async def read(self, router: RouterClient) -> None:
        while not self.done.is_set():
            await router.get_agent(DESK, f"a{self.reads % AGENTS}")
            self.reads += 1
            await asyncio.sleep(PAUSE_SECONDS)

    async def ask(self, metrics: MetricsReader) -> None:
        while not self.done.is_set():
            await metrics.kpis(DESK)
            self.asked += 1
            await asyncio.sleep(PAUSE_SECONDS)


def processes(kafka: Secured, folder: Path) -> dict[str, list[Process]]:
    """As the manifests start them; each keeps its ports when it is started again."""
    found: dict[str, list[Process]] = {}
    for service in SERVICES:
        for number in range(REPLICAS):
            name = f"frontdesk-{service}-{number}"
            env = {
                **kafka.certificate(f"frontdesk-{service}"),
                "FRONTDESK_KAFKA_BOOTSTRAP": kafka.mtls,
                "FRONTDESK_PARTITIONS": str(PARTITIONS),
                "FRONTDESK_LOG_JSON": "true",
                "FRONTDESK_INSTANCE": name,
                "FRONTDESK_IDENTITY_KEY": "only-for-this-test-0123456789",
                "FRONTDESK_DEFAULT_DESK": DESK,
                "FRONTDESK_METRICS_GROUP_INSTANCE_ID": name if service == "metrics" else "",
                "FRONTDESK_METRICS_SESSION_TIMEOUT_MS": "60000",
                "FRONTDESK_METRICS_STALL_MS": "180000",
                **{
                    f"FRONTDESK_{door}_PORT": str(free_port()) for door in ("GRPC", "METRICS", "HTTP", "SMTP")
                },
            }
            one = Process((service,), ("--log", "kafka"), env, folder / f"{name}.log")
            found.setdefault(service, []).append(one)
    return found


async def topics_made(log: KafkaLog) -> None:
    """As Strimzi makes them, before the services come; a busy broker may need longer than one try lasts."""
    while True:
        try:
            await log.create_topics([*router_build.topics(PARTITIONS), *metrics_build.topics(PARTITIONS)])
        except LogUnavailable:
            await asyncio.sleep(1)
        else:
            return


def endpoint(replicas: list[Process]) -> Endpoint:
    return Endpoint([one.addresses["grpc"] for one in replicas])


async def test_a_rollout_of_all_services_fails_no_call_and_loses_or_doubles_no_contact(
    kafka: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "READY_SECONDS_MAX", 300)
    monkeypatch.setattr(system, "STOP_SECONDS_MAX", 45)  # terminationGracePeriodSeconds less preStop
    pods = processes(kafka, tmp_path)
    load = Load()
    async with AsyncExitStack() as stack, asyncio.timeout(SECONDS_MAX):
        log = await KafkaLog.connect(kafka.node.bootstrap)
        stack.push_async_callback(log.close)
        await topics_made(log)
        for service in SERVICES:
            await asyncio.gather(*(pod.start() for pod in pods[service]))
            for pod in pods[service]:
                stack.push_async_callback(pod.stop)

        router = await stack.enter_async_context(
            RouterClient(endpoint(pods["router"]), deadline_seconds=120, backoff=BACKOFF)
        )
        intake = await stack.enter_async_context(
            IntakeClient(endpoint(pods["intake"]), deadline_seconds=120, backoff=BACKOFF)
        )
        metrics = await stack.enter_async_context(
            MetricsReader(endpoint(pods["metrics"]), deadline_seconds=240, backoff=BACKOFF)
        )
        configured = await router.configure_desk(to_message(desk(DESK)), command_id="1")
        for _ in range(2 * REPLICAS):  # calls go round the replicas: each has folded it now
            await router.get_agent(DESK, "a0", min_position=configured.position)
        let = asyncio.Event()
        let.set()
        agents = [
            AtWork(
                await stack.enter_async_context(
                    AgentDesktop(
                        endpoint(pods["router"]), DESK, f"a{number}", retry_seconds=240, backoff=BACKOFF
                    )
                ),
                let,
            )
            for number in range(AGENTS)
        ]
        await asyncio.gather(*(one.desktop.send(sign_in=facts_pb2.AgentSignedIn()) for one in agents))

        async with asyncio.TaskGroup() as group:
            working = [group.create_task(one.work()) for one in agents]
            calls = [
                group.create_task(one) for one in (load.submit(intake), load.read(router), load.ask(metrics))
            ]
            for service in SERVICES:
                for pod in pods[service]:
                    before = load.counts()
                    assert await pod.stop() == 0, f"{service} did not end in order"
                    await pod.start()
                    while any(
                        now - then < CALLS_BETWEEN for now, then in zip(load.counts(), before, strict=True)
                    ):
                        await asyncio.sleep(0.05)
            load.done.set()
            await asyncio.wait(calls)
            while sum(one.released.total() for one in agents) < len(load.submitted):
                await asyncio.sleep(0.05)
            for task in working:
                task.cancel()

        state, records = await folded(log, partition_of(DESK, PARTITIONS))
        await the_totals_follow(metrics, len(load.submitted))
    events = [event for record in records if record.desk_id == DESK for event in record.events]
    assigned = Counter(event.contact_id for event in events if isinstance(event, d.Assigned))
    contacts = state.desks[DESK].contacts
    assert set(load.submitted) == set(contacts) == set(assigned)
    assert set(assigned.values()) == {1}
    assert {contact.state for contact in contacts.values()} == {ContactState.CLOSED}
    assert len(load.submitted) >= CALLS_BETWEEN * REPLICAS * len(SERVICES)


async def the_totals_follow(metrics: MetricsReader, contacts: int) -> None:
    """Metrics counted each contact once, although its replicas came and went."""
    while True:
        (row,) = (await metrics.kpis(DESK)).rows
        if row.answered >= contacts:
            break
        await asyncio.sleep(0.2)
    assert row.answered == contacts
