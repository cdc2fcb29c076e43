"""What the machine gives: a network of its own for each router, and a small disk for a broker. Needs root; told if not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NAME = "fdc"
"""What every interface and namespace of a run begins with; then comes the run's process id."""
DISK_BYTES_MIN, BYTES_PER_CONTACT = 512 << 20, 8_000
"""Room for what a broker begins with, and for what a contact writes into both logs, doubled for the snapshots."""


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run(*command: str) -> str | None:
    """What went wrong, or None."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else (done.stderr.strip() or f"status {done.returncode}")


def said(*command: str) -> str:
    """What a command printed; nothing where it is missing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


@dataclass
class Network:
    """A bridge and a namespace for each router; without root everybody is on loopback and nothing can be cut."""

    routers: int
    allowed: bool = False

    @property
    def bridge(self) -> str:
        return f"{NAME}{os.getpid()}"

    @property
    def subnet(self) -> str:
        """Of this run alone, so that what another one left cannot take its packets."""
        return f"10.231.{os.getpid() % 250}"

    @property
    def host(self) -> str:
        """Where routers find the brokers."""
        return f"{self.subnet}.1" if self.allowed else "127.0.0.1"

    def address(self, router: int) -> str:
        """Where a router listens."""
        return f"{self.subnet}.{10 + router}" if self.allowed else "127.0.0.1"

    def prefix(self, router: int) -> Sequence[str]:
        """Before the command of a router."""
        return ("ip", "netns", "exec", self._name(router)) if self.allowed else ()

    def _name(self, router: int) -> str:
        return f"{self.bridge}-{router}"

    def _cable(self, router: int) -> str:
        return f"{self.bridge}h{router}"

    def make(self) -> None:
        remove_what_was_left()
        steps = [
            ("ip", "link", "add", self.bridge, "type", "bridge"),
            ("ip", "addr", "add", f"{self.subnet}.1/24", "dev", self.bridge),
            ("ip", "link", "set", self.bridge, "up"),
        ]
        for router in range(self.routers):
            name, cable = self._name(router), self._cable(router)
            inside = ("ip", "-n", name)
            steps += [
                ("ip", "netns", "add", name),
                ("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name),
                ("ip", "link", "set", cable, "master", self.bridge),
                ("ip", "link", "set", cable, "up"),
                (*inside, "addr", "add", f"{self.subnet}.{10 + router}/24", "dev", "eth0"),
                (*inside, "link", "set", "eth0", "up"),
                (*inside, "link", "set", "lo", "up"),
            ]
        for step in steps:
            wrong = run(*step)
            if wrong is not None:
                say(f"chaos: NO NETWORK CUTS: {' '.join(step)}: {wrong}")
                self.remove()
                return
        self.allowed = True

    def cut(self, router: int) -> str | None:
        return run("ip", "link", "set", self._cable(router), "down")

    def join(self, router: int) -> str | None:
        return run("ip", "link", "set", self._cable(router), "up")

    def remove(self) -> None:
        for router in range(self.routers):
            run("ip", "netns", "del", self._name(router))
            run("ip", "link", "del", self._cable(router))
        run("ip", "link", "del", self.bridge)


def remove_what_was_left() -> None:
    """Namespaces and bridges of runs that were killed."""
    for kind in (("netns", "list"), ("-o", "link", "show", "type", "bridge")):
        for found in set(re.findall(rf"\b({NAME}(\d+)(?:-\d+)?)\b", said("ip", *kind))):
            name, pid = found
            if not Path(f"/proc/{pid}").exists():
                run("ip", *(("netns", "del") if kind[0] == "netns" else ("link", "del")), name)


@dataclass
class Disk:
    """A file system in memory under a broker's data; without root there is none and it cannot fill up."""

    folder: Path
    contacts: float
    """That it must have room for."""
    allowed: bool = False

    def make(self) -> None:
        size = DISK_BYTES_MIN + round(BYTES_PER_CONTACT * self.contacts)
        self.folder.mkdir(parents=True, exist_ok=True)
        wrong = run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(self.folder))
        if wrong is not None:
            say(f"chaos: NO FULL DISK: mount: {wrong}")
        self.allowed = wrong is None

    def fill(self) -> None:
        """Until nothing more fits."""
        with (self.folder / "filler").open("ab", buffering=0) as filler:
            piece = bytes(1 << 20)
            while piece:
                try:
                    filler.write(piece)
                except OSError:
                    piece = piece[: len(piece) // 2]

    def free(self) -> None:
        (self.folder / "filler").unlink(missing_ok=True)

    def remove(self) -> None:
        if self.allowed:
            run("umount", "-l", str(self.folder))
