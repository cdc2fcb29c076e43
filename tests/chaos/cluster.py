"""One broker, or three of which each holds a copy: real Kafka processes of this machine."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

from services.runtime.broker import BrokerError, jars
from services.runtime.broker.java_node import JavaNode
from services.runtime.broker.local import run
from services.runtime.broker.settings import LOGGING
from services.runtime.ports import free_port
from tests.chaos.ground import Disk, Network

READY_SECONDS_MAX = 180.0
HEAP = "512m"
"""Given by name, so that the JVM compiles for a run of minutes, not for a quick start (java_node.py)."""


@dataclass
class Cluster:
    """Brokers 1..n; the first is the controller too. Every copy is in sync or the broker says no."""

    count: int
    folder: Path
    network: Network
    disk: Disk
    nodes: list[JavaNode] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    inside_ports: list[int] = field(default_factory=list)
    controller_port: int = 0

    @property
    def bootstrap(self) -> str:
        """For processes of the machine's own network."""
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    @property
    def bootstrap_inside(self) -> str:
        """For routers."""
        ports = self.inside_ports if self.network.allowed else self.ports
        return ",".join(f"{self.network.host}:{port}" for port in ports)

    async def start(self) -> None:
        """Blocks nobody; raises BrokerError."""
        self.controller_port = free_port()
        self.ports = [free_port() for _ in range(self.count)]
        self.inside_ports = [free_port() for _ in range(self.count)]
        self.nodes = [
            JavaNode(self.folder / f"broker-{number + 1}", heap=HEAP, extra=self._keys(number))
            for number in range(self.count)
        ]
        for number in range(self.count):
            (self.folder / f"broker-{number + 1}").mkdir(parents=True, exist_ok=True)
        self.disk.make()
        await asyncio.to_thread(self._launch, 0)
        await self._answers(0)
        for number in range(1, self.count):
            await asyncio.to_thread(self._format, number)
            await asyncio.to_thread(self._launch, number)
        for number in range(1, self.count):
            await self._answers(number)

    def _keys(self, number: int) -> dict[str, str]:
        port, copies = self.ports[number], str(self.count)
        listeners = [f"PLAINTEXT://127.0.0.1:{port}"]
        if self.network.allowed:
            listeners.append(f"INSIDE://{self.network.host}:{self.inside_ports[number]}")
        controller = f"CONTROLLER://127.0.0.1:{self.controller_port}"
        keys = {
            "node.id": str(number + 1),
            "listeners": ",".join([*listeners, *([controller] if number == 0 else [])]),
            "advertised.listeners": ",".join([*listeners, *([controller] if number == 0 else [])]),
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "default.replication.factor": copies,
            "min.insync.replicas": "2" if self.count > 2 else "1",
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "share.coordinator.state.topic.replication.factor": copies,
            "log.segment.bytes": str(64 << 20),
            "replica.lag.time.max.ms": "10000",
            # A broker that gets little of a busy machine is not dead.
            "broker.session.timeout.ms": "9000",
            "broker.heartbeat.interval.ms": "1000",
        }
        if number:
            keys["process.roles"] = "broker"
            keys["advertised.listeners"] = ",".join(listeners)
        return keys

    def _format(self, number: int) -> None:
        """As a member of the first one's cluster, which a node alone does not know by itself."""
        node, library, program = self.nodes[number], jars.ensure(lambda _: None), jars.java()
        state = self.folder / f"broker-{number + 1}"
        properties = state / "format.properties"
        keys = {
            **self._keys(number),
            "log.dirs": str(state / "data"),
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{self.controller_port}",
        }
        properties.write_text("".join(f"{key}={value}\n" for key, value in keys.items()))
        classes = ":".join(str(jar) for jar in sorted(library.glob("*.jar")))
        base = [str(program), f"-Dlog4j2.configurationFile={LOGGING}", "-cp", classes]
        command = [*base, "kafka.tools.StorageTool", "format", "-t", str(self.nodes[0].cluster_id)]
        done, said = run([*command, "-c", str(properties)], seconds_max=60)
        if not done or node.cluster_id is None:
            raise BrokerError(f"broker {number + 1} could not be formatted:\n{said}")

    def _launch(self, number: int) -> None:
        self.nodes[number].start(
            port=self.ports[number], controller_port=self.controller_port, say=lambda _: None
        )

    async def _answers(self, number: int) -> None:
        """Returns once the broker listens; whoever needs more waits for it by itself."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + READY_SECONDS_MAX
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.ports[number])
            except OSError:
                if self.nodes[number].pid is None or loop.time() > ends_at:
                    raise BrokerError(
                        f"broker {number + 1} does not come up: {self.nodes[number].log}"
                    ) from None
                await asyncio.sleep(0.2)
            else:
                writer.close()
                return

    async def stop(self, number: int) -> None:
        """In order, as an upgrade would."""
        await asyncio.to_thread(self.nodes[number].stop)

    async def kill(self, number: int) -> None:
        """As a power cut would."""
        await asyncio.to_thread(self.nodes[number].kill)

    async def start_again(self, number: int) -> None:
        await asyncio.to_thread(self._launch, number)
        await self._answers(number)

    def running(self, number: int) -> bool:
        return self.nodes[number].pid is not None

    def end(self) -> None:
        """All of them, at once; nothing of them is needed any more."""
        for node in self.nodes:
            pid = node.pid
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        self.disk.remove()
