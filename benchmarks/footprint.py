"""What a pod of each service takes: memory and CPU, idle and at a modest load, on a real Kafka.

    python -m benchmarks footprint --runs 1

One process of each service, started as the manifests start it. Signed webhooks in six languages come at PER_SECOND; agents
accept and settle each contact at once. CPU is the processes' own time, so other work on the machine does not count. The
requests of deploy/k8s and the sizes of docs/operations.md stand on these figures; what a router holds for each contact is
`python -m benchmarks replica`'s.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.deliveries import PUBLIC, SECRET, SLACK, TOKEN, requests
from benchmarks.http_load import load
from benchmarks.measure import Figure
from frontdesk.client import AgentDesktop, Endpoint, RouterClient
from frontdesk.v1 import facts_pb2
from services.cli.demo.system import Process
from services.contract.codec import to_message
from services.contract.desk import Agent, Desk, Queue, Topic
from services.runtime import broker

SERVICES = ("router", "intake", "metrics")
DESK, AGENTS, CAPACITY_UNITS = "acme", 100, 10_000
LANGUAGES = ("en", "de", "pt", "sr", "sl", "te")
TOPICS = (
    "account_access",
    "billing",
    "cancellation",
    "delivery",
    "order_change",
    "praise",
    "product_defect",
    "refund",
)
PER_SECOND, LOAD_SECONDS = 50, 60
IDLE_SECONDS = 20
SECONDS_MAX = 240.0
SETTLED_SECONDS_MAX = 60.0
"""After the last delivery."""
MIB_OF_KIB = 1 / 1024


@dataclass
class Settled:
    """How many contacts the agents have settled, and whether that is all."""

    wanted: int
    count: int = 0
    all: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, desktop: AgentDesktop) -> None:
        """One agent: accepts what is offered and settles it at once."""
        async for notice in desktop.notices():
            match notice.WhichOneof("message"):
                case "offer":
                    await desktop.accept(notice.offer.offer_id)
                case "assigned":
                    reply = await desktop.resolve(notice.assigned.contact.contact_id, notice.assigned.epoch)
                    self.count += reply.reply.accepted
                    if self.count >= self.wanted:
                        self.all.set()


@dataclass(frozen=True)
class Taken:
    """What a process has taken so far."""

    cpu_seconds: float
    memory_mib: float
    peak_mib: float

    @classmethod
    def by(cls, process: Process) -> Taken:
        """proc(5): fields 14 and 15 of stat; VmRSS and VmHWM of status."""
        folder = Path(f"/proc/{process.pid}")
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        rows = dict(row.split(":", 1) for row in (folder / "status").read_text().splitlines())
        kib = {name: int(rows[name].split()[0]) for name in ("VmRSS", "VmHWM")}
        ticks = int(fields[11]) + int(fields[12])
        return cls(ticks / os.sysconf("SC_CLK_TCK"), kib["VmRSS"] * MIB_OF_KIB, kib["VmHWM"] * MIB_OF_KIB)


async def run(_bootstrap: str) -> list[Figure]:
    """Figures of each service, idle and at the load. Fails when a delivery is refused or a contact is not settled.

    On a log of its own: who wrote in an earlier run would not be new, but go on with what was settled.
    """
    with tempfile.TemporaryDirectory(prefix="frontdesk-footprint-") as name:
        node = await asyncio.to_thread(broker.start, Path(name) / "kafka", port=0, heap="1g")
        try:
            return await _measured(node.bootstrap, Path(name))
        finally:
            await asyncio.to_thread(node.stop)


async def _measured(bootstrap: str, folder: Path) -> list[Figure]:
    async with AsyncExitStack() as stack, asyncio.timeout(SECONDS_MAX):
        found = {
            service: Process((service,), ("--log", "kafka"), _settings(bootstrap), folder / service)
            for service in SERVICES
        }
        for process in found.values():
            stack.push_async_callback(process.stop)
            await process.start()
        settled = await _agents(Endpoint(found["router"].addresses["grpc"]), stack)
        began, before = time.monotonic(), _taken(found)
        await asyncio.sleep(IDLE_SECONDS)
        idle, idle_seconds = _taken(found), time.monotonic() - began
        sent = await load(
            [found["intake"].addresses["http"]], requests(PER_SECOND * LOAD_SECONDS), pace=PER_SECOND
        )
        try:
            async with asyncio.timeout(SETTLED_SECONDS_MAX):
                await settled.all.wait()
        except TimeoutError as error:
            raise RuntimeError(
                f"{settled.count} of {settled.wanted} contacts were settled: is the machine too busy? Offers that nobody "
                "takes in time end, and their agents are taken out"
            ) from error
        busy = _taken(found)
    assert sent.refused == 0, sent.refused
    return [
        figure
        for service in SERVICES
        for figure in _figures(
            service, before[service], idle[service], busy[service], idle_seconds, sent.seconds
        )
    ]


def _figures(
    service: str, before: Taken, idle: Taken, busy: Taken, idle_seconds: float, busy_seconds: float
) -> list[Figure]:
    contacts = PER_SECOND * LOAD_SECONDS
    at_load = busy.cpu_seconds - idle.cpu_seconds
    return [
        Figure(f"{service}: memory, idle", idle.memory_mib, "MiB"),
        Figure(f"{service}: memory, most at the load", busy.peak_mib, "MiB"),
        Figure(
            f"{service}: CPU, idle", (idle.cpu_seconds - before.cpu_seconds) / idle_seconds * 1e3, "mcores"
        ),
        Figure(f"{service}: CPU at {PER_SECOND}/s", at_load / busy_seconds * 1e3, "mcores"),
        Figure(f"{service}: CPU of a contact", at_load / contacts * 1e6, "us"),
    ]


def _taken(processes: dict[str, Process]) -> dict[str, Taken]:
    return {service: Taken.by(process) for service, process in processes.items()}


def _settings(bootstrap: str) -> dict[str, str]:
    """As the manifests have them, on free ports, with the keys that the deliveries are signed by."""
    return {
        **{f"FRONTDESK_{door}_PORT": "0" for door in ("HTTP", "GRPC", "SMTP", "METRICS")},
        "FRONTDESK_KAFKA_BOOTSTRAP": bootstrap,
        "FRONTDESK_PARTITIONS": "32",
        "FRONTDESK_LOG_JSON": "true",
        "FRONTDESK_IDENTITY_KEY": "an identity key for benchmarks only",
        "FRONTDESK_DEFAULT_DESK": DESK,
        "FRONTDESK_PUBLIC_URL": PUBLIC,
        "FRONTDESK_TWILIO_AUTH_TOKENS": TOKEN,
        "FRONTDESK_META_APP_SECRETS": SECRET,
        "FRONTDESK_SLACK_SIGNING_SECRETS": SLACK,
    }


async def _agents(router: Endpoint, stack: AsyncExitStack) -> Settled:
    """A desk whose agents are signed in and at work."""
    settled = Settled(PER_SECOND * LOAD_SECONDS)
    client = await stack.enter_async_context(RouterClient(router, deadline_seconds=60))
    await client.configure_desk(to_message(_desk()), command_id="1")
    for number in range(AGENTS):
        desktop = AgentDesktop(router, DESK, f"a{number}", retry_seconds=60)
        await stack.enter_async_context(desktop)
        await desktop.send(sign_in=facts_pb2.AgentSignedIn())
        stack.callback(asyncio.ensure_future(settled.work(desktop)).cancel)
    return settled


def _desk() -> Desk:
    people = tuple(
        Agent(
            agent_id=f"a{number}",
            topic_ids=TOPICS,
            languages=LANGUAGES,
            capacity_units=CAPACITY_UNITS,
            speed_factor=1.0,
        )
        for number in range(AGENTS)
    )
    topics = tuple(
        Topic(topic_id=topic, resolution_prior=0.8, handle_seconds=240, level_priors=(1.0,))
        for topic in TOPICS
    )
    return Desk(desk_id=DESK, version="1", topics=topics, queues=(Queue(queue_id="all"),), agents=people)
