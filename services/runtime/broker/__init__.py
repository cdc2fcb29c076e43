"""A real Apache Kafka of one's own, on loopback: with Docker where an engine answers, else with Java and Maven.

`start(state_dir)` gives a Broker that is ready (one admin call has answered) and can be stopped, killed and
started again on the same port with the same data: what integration tests, fault tests and benchmarks need.
The command line (`python -m services.runtime.broker`) is the same in words.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.runtime.broker import jars
from services.runtime.broker.docker_node import DockerNode, docker
from services.runtime.broker.errors import BrokerError, NothingToRunItWith, NotReady
from services.runtime.broker.java_node import JavaNode
from services.runtime.broker.settings import (
    PORT_DEFAULT,
    PORT_SECONDS_MAX,
    READY_SECONDS_MAX,
)
from services.runtime.ports import free_port, is_free

__all__ = ["Broker", "BrokerError", "NotReady", "NothingToRunItWith", "can_run", "running", "start"]

INSTALL = (
    "no broker can be started here: install Docker (and start its engine), "
    "or Java 17+ and Maven (Debian, Ubuntu: apt install openjdk-17-jre-headless maven; macOS: brew install maven)"
)


def _silent(_: str) -> None:
    """Says nothing."""


@dataclass
class Broker:
    """A broker that was ready when it was handed out. Every method blocks, each within a bound."""

    bootstrap: str
    state: Path
    seconds_to_ready: float
    _node: JavaNode | DockerNode
    _ports: tuple[int, int]

    @property
    def kind(self) -> str:
        """ "java" or "docker"."""
        return self._node.kind

    @property
    def pid(self) -> int:
        """Its process id now, 0 when it is not running."""
        return self._node.pid or 0

    def stop(self) -> None:
        """Ends it in order (SIGTERM, after a bound SIGKILL); no error when it is not running."""
        with _locked(self.state):
            self._node.stop()
            (self.state / "bootstrap").unlink(missing_ok=True)

    def kill(self) -> None:
        """Ends it at once, as a power cut would."""
        with _locked(self.state):
            self._node.kill()

    def restart(self) -> None:
        """Starts it again on the same port with the same data (stopping it first if need be)."""
        with _locked(self.state):
            self._node.stop()
            self.seconds_to_ready = _launch(self._node, self.state, self._ports, _silent)


def can_run() -> bool:
    """Whether this machine has what `start` needs; asks programs, so it takes a moment."""
    if docker() is not None:
        return True
    return jars.java() is not None and (jars.present() or jars.maven() is not None)


def start(
    state_dir: Path | str,
    *,
    port: int | None = None,
    heap: str | None = None,
    properties: Mapping[str, str] | None = None,
    say: jars.Say = _silent,
) -> Broker:
    """A ready broker for the state folder; the one that already runs there is handed out again.

    `port` None takes the folder's last port, else 9092, else any free one; 0 takes the last or any free one,
    which is right for tests: 9092 is where a developer's broker comes and goes. `heap` (KAFKA_HEAP in the
    environment, "1g") gives a benchmark's JVM: that heap and full compilation. `properties` are Kafka keys
    that win over ours. Raises NothingToRunItWith, NotReady, BrokerError.
    """
    state = Path(state_dir).resolve()
    state.mkdir(parents=True, exist_ok=True)
    with _locked(state):
        node = _node(state, heap or os.environ.get("KAFKA_HEAP") or None, properties or {})
        ports = _ports(state, port, running=node.pid is not None)
        seconds = 0.0 if node.pid is not None else _launch(node, state, ports, say)
        if not _answers(node, ports[0], seconds_max=READY_SECONDS_MAX):
            raise NotReady(f"process {node.pid} runs for {state} and does not answer on port {ports[0]}")
        return Broker(f"127.0.0.1:{ports[0]}", state, seconds, node, ports)


def running(state_dir: Path | str) -> Broker | None:
    """The broker that runs for the state folder, or None; starts and waits for nothing."""
    state = Path(state_dir).resolve()
    if not (state / "ports").exists():
        return None
    try:
        node = _node(state, None, {})
    except NothingToRunItWith:
        return None
    if node.pid is None:
        return None
    ports = _ports(state, None, running=True)
    return Broker(f"127.0.0.1:{ports[0]}", state, 0.0, node, ports)


def _node(state: Path, heap: str | None, extra: Mapping[str, str]) -> JavaNode | DockerNode:
    java_node = JavaNode(state, heap=heap, extra=extra)
    if java_node.pid is not None:
        return java_node
    program = docker()
    if program is not None:
        return DockerNode(program, state, heap=heap, extra=extra)
    if jars.java() is None or not (jars.present() or jars.maven()):
        raise NothingToRunItWith(INSTALL)
    return java_node


def _launch(node: JavaNode | DockerNode, state: Path, ports: tuple[int, int], say: jars.Say) -> float:
    """Starts the node and waits until it answers; answers how many seconds that took."""
    if isinstance(node, JavaNode):
        jars.ensure(say)  # a download is not part of the time to be ready
    say("starting the broker")
    began = time.monotonic()
    while not is_free(ports[0]):  # a process that was killed is gone a moment before its port is free
        if time.monotonic() - began > PORT_SECONDS_MAX:
            raise BrokerError(f"port {ports[0]} on 127.0.0.1 has been taken by another program")
        time.sleep(0.05)
    (state / "ports").write_text(f"{ports[0]} {ports[1]}")
    node.start(port=ports[0], controller_port=ports[1], say=say)
    while not _answers(node, ports[0], seconds_max=1.0):
        if node.pid is None or time.monotonic() - began > READY_SECONDS_MAX:
            raise _not_ready(node, time.monotonic() - began)
        time.sleep(0.05)
    (state / "bootstrap").write_text(f"127.0.0.1:{ports[0]}\n")
    return time.monotonic() - began


def _not_ready(node: JavaNode | DockerNode, seconds: float) -> NotReady:
    what = "ended" if node.pid is None else "did not answer"
    if isinstance(node, DockerNode):
        node.save_log()
    with contextlib.suppress(BrokerError):
        node.stop()
    try:
        tail = node.log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
    except OSError:
        tail = []
    lines = "\n".join(f"  {line}" for line in tail) or "  (nothing)"
    return NotReady(f"the broker {what} after {seconds:.0f} s; the end of {node.log}:\n{lines}")


def _answers(node: JavaNode | DockerNode, port: int, *, seconds_max: float) -> bool:
    """Whether this very broker answers an admin call: the proof that it serves, where an open port is none."""
    if is_free(port):
        return False
    from kafka.admin import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        client = KafkaAdminClient(
            bootstrap_servers=f"127.0.0.1:{port}",
            bootstrap_timeout_ms=int(seconds_max * 1000),
            request_timeout_ms=5000,
        )
    except KafkaError:
        return False
    try:
        return node.cluster_id in (None, client.describe_cluster()["cluster_id"])
    except KafkaError:
        return False
    finally:
        client.close()


def _ports(state: Path, wanted: int | None, *, running: bool) -> tuple[int, int]:
    """Port for clients and port of the controller: last time's where they are free, else free ones."""
    last: tuple[int, int] | None = None
    with contextlib.suppress(OSError, ValueError):
        first, second = (state / "ports").read_text().split()
        last = int(first), int(second)
    if running and last is not None:
        return last
    if last is not None and wanted in (None, 0, last[0]) and is_free(last[0]) and is_free(last[1]):
        return last
    if wanted and not is_free(wanted):
        raise BrokerError(f"port {wanted} on 127.0.0.1 is taken; leave the port out to get a free one")
    if wanted is None:
        wanted = PORT_DEFAULT if is_free(PORT_DEFAULT) else 0
    port = wanted or free_port()
    controller_port = free_port()
    return port, controller_port if controller_port != port else free_port()


@contextlib.contextmanager
def _locked(state: Path) -> Iterator[None]:
    """One `up` or `down` at a time for a state folder, across processes."""
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
