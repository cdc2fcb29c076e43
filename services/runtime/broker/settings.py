"""Versions, bounds and the configuration of a one-node Kafka on loopback."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
POM = ROOT / "deploy" / "kafka" / "pom.xml"
LOGGING = ROOT / "deploy" / "kafka" / "log4j2.properties"
DEFAULT_STATE = ROOT / ".state" / "kafka"
DEFAULT_JARS = ROOT / ".state" / "kafka-lib"

READY_SECONDS_MAX = 120.0
"""A start takes 3 s; on a machine whose cores are taken it took 50 s, and a test that fails for that tells nothing."""
PORT_SECONDS_MAX = 10.0
"""How long the port of a broker that was killed may stay taken; on a busy machine the kernel closes it last."""
STOP_SECONDS_MAX = 20.0
"""How long SIGTERM may take before SIGKILL; the first stop also writes the class archive (about 3 s)."""
MAVEN_SECONDS_MAX = 540.0
PORT_DEFAULT = 9092
HEAP_DEFAULT = "512m"


def kafka_version() -> str:
    """The one pinned version, read from the committed POM so that it stands in one place only."""
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", POM.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{POM} names no kafka.version")
    return found.group(1)


def one_node(
    *, port: int, controller_port: int, bind: str = "127.0.0.1", extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The keys of a node that is broker and controller at once.

    `bind` is the address listened on: loopback for a process, every interface inside a container (which
    publishes the port on the host's loopback only). Clients are always told 127.0.0.1. `extra` wins.
    """
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://{bind}:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        # One node holds the only copy of everything.
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # A node that was killed may register again only when its old session is over (default 9 s).
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "offsets.topic.num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
        "auto.create.topics.enable": "false",
        **(extra or {}),
    }
