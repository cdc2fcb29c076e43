"""Kafka as a container; it is kept between `down` and `up`, so that its data survives as it does for Java."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from services.runtime.broker.errors import BrokerError
from services.runtime.broker.jars import Say
from services.runtime.broker.local import answer, run
from services.runtime.broker.settings import STOP_SECONDS_MAX, kafka_version, one_node

PULL_SECONDS_MAX = 600.0


def docker() -> str | None:
    """The `docker` command where an engine answers it, else None (a client alone starts nothing)."""
    program = shutil.which("docker")
    return program if program and answer([program, "info"], seconds_max=10) is not None else None


def environment(keys: Mapping[str, str]) -> list[str]:
    """Kafka's keys as the image wants them: one key by variable replaces all its defaults, so give all."""
    arguments = []
    for key, value in keys.items():
        arguments += ["-e", f"KAFKA_{key.upper().replace('.', '_')}={value}"]
    return arguments


class DockerNode:
    """One container, named after its state folder, with its port published on the host's loopback only."""

    kind = "docker"

    def __init__(self, program: str, state: Path, *, heap: str | None, extra: Mapping[str, str]) -> None:
        self._docker = program
        self._state = state
        self._heap = heap
        self._extra = extra
        self._name = f"frontdesk-kafka-{hashlib.sha256(str(state).encode()).hexdigest()[:10]}"
        self.log = state / "broker.log"

    @property
    def pid(self) -> int | None:
        said = answer([self._docker, "inspect", "-f", "{{.State.Pid}}", self._name])
        return int(said) or None if said and said.strip().isdigit() else None

    @property
    def cluster_id(self) -> None:
        """The image's fixed id says nothing; the container's name tells which one it is."""

    def start(self, *, port: int, controller_port: int, say: Say) -> None:
        label = f"{kafka_version()}:{port}"
        known = answer([self._docker, "inspect", "-f", '{{index .Config.Labels "frontdesk"}}', self._name])
        if known is not None and known.strip() == label:
            self._must("start", self._name)
            return
        if known is not None:
            self._must("rm", "-f", self._name)
        image = f"apache/kafka:{kafka_version()}"
        say(f"starting {image} (Docker fetches it the first time)")
        keys = one_node(port=port, controller_port=controller_port, bind="0.0.0.0", extra=self._extra)  # noqa: S104 - inside the container
        # The image formats without --standalone, which needs the voters by name.
        del keys["controller.quorum.bootstrap.servers"]
        keys["controller.quorum.voters"] = f"1@127.0.0.1:{controller_port}"
        arguments = ["run", "-d", "--name", self._name, "--label", f"frontdesk={label}"]
        arguments += ["-p", f"127.0.0.1:{port}:{port}", *environment(keys)]
        if self._heap:
            arguments += ["-e", f"KAFKA_HEAP_OPTS=-Xms{self._heap} -Xmx{self._heap}"]
        self._must(*arguments, image)

    def stop(self) -> bool:
        if self.pid is None:
            return False
        self._must("stop", "-t", str(int(STOP_SECONDS_MAX)), self._name)
        return True

    def kill(self) -> None:
        if self.pid is not None:
            self._must("kill", self._name)

    def save_log(self) -> None:
        """Writes the container's output where the Java way has it, for the same message on failure."""
        self.log.write_text(answer([self._docker, "logs", "--tail", "200", self._name]) or "")

    def _must(self, *arguments: str) -> None:
        done, said = run([self._docker, *arguments], seconds_max=PULL_SECONDS_MAX)
        if not done:
            raise BrokerError(f"docker {arguments[0]} failed: {said.strip()}")
