"""Runs a built image as a restricted pod would run it: read-only root, no capabilities, its own numeric user.

The runtime is runc on a bundle made of the image's own configuration (entry point, environment, user); the network is
the machine's, on loopback. Used by `build_image.py --run` and by tests/deploy/test_image.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import buildah
from scripts.buildah import CannotBuild

READY_SECONDS_MAX = 180.0
STOP_SECONDS_MAX = 30.0
"""Less than what the manifests and compose.yaml leave it."""


@dataclass
class Container:
    """A started container and where it listens."""

    name: str
    process: subprocess.Popen[bytes]
    addresses: Mapping[str, str]

    @property
    def pid(self) -> int:
        """The first process inside, as the host numbers it."""
        state = json.loads(_runc(["state", self.name]).stdout)
        return int(state["pid"])

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command in the container."""
        return _runc(["exec", self.name, *command])

    def stop(self) -> tuple[int, float]:
        """SIGTERM; its exit status and how many seconds it took. Raises TimeoutExpired."""
        began = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        status = self.process.wait(STOP_SECONDS_MAX)
        return status, time.monotonic() - began


@contextlib.contextmanager
def running(
    image: str, arguments: Sequence[str], env: Mapping[str, str], files: Mapping[str, Path] | None = None
) -> Iterator[Container]:
    """A container that has said that it is ready; it is removed at the end. `files` are mounted read-only, each at its
    path inside. Raises CannotBuild."""
    if shutil.which("runc") is None:
        raise CannotBuild("missing: runc; as root: apt-get install runc")
    name = f"frontdesk-{uuid.uuid4().hex[:12]}"
    held = buildah.run(["from", image]).strip()
    with tempfile.TemporaryDirectory(prefix="frontdesk-bundle-") as folder:
        process = None
        try:
            root = buildah.run(["mount", held]).strip()
            bundle = Path(folder)
            config = _config(buildah.inspect(image), root, arguments, env)
            config["mounts"] += [_bound(inside, path) for inside, path in (files or {}).items()]
            (bundle / "config.json").write_text(json.dumps(config), encoding="utf-8")
            with (bundle / "log").open("w") as errors:
                process = subprocess.Popen(
                    [*_base(), "run", "--bundle", str(bundle), name],
                    stdout=subprocess.PIPE,
                    stderr=errors,
                )
            yield Container(name, process, _ready(process, bundle / "log"))
        finally:
            if process is not None and process.poll() is None:
                _runc(["kill", name, "KILL"])
                process.wait(10)
            _runc(["delete", "--force", name])
            with contextlib.suppress(CannotBuild):
                buildah.run(["umount", held])
                buildah.run(["rm", held])


def _ready(process: subprocess.Popen[bytes], log: Path) -> Mapping[str, str]:
    """The JSON line that `serve` prints once it is ready."""
    if process.stdout is None:
        raise CannotBuild("the container has no output")
    until = time.monotonic() + READY_SECONDS_MAX
    said = b""
    while time.monotonic() < until and process.poll() is None:
        if select.select([process.stdout], [], [], 0.2)[0]:
            said += os.read(process.stdout.fileno(), 65_536)
        if said.startswith(b"{") and b"\n" in said:
            found: Mapping[str, str] = json.loads(said.splitlines()[0])
            return found
    raise CannotBuild(
        f"the container was not ready:\n{said.decode()}{log.read_text(encoding='utf-8')[-2000:]}"
    )


def _config(
    image: Mapping[str, Any], root: str, arguments: Sequence[str], env: Mapping[str, str]
) -> dict[str, Any]:
    """An OCI runtime configuration with what the manifests' securityContext asks for."""
    user, _, group = str(image["User"]).partition(":")
    none: list[str] = []
    return {
        "ociVersion": "1.0.2",
        "root": {"path": root, "readonly": True},
        "hostname": "frontdesk",
        "process": {
            "terminal": False,
            "user": {"uid": int(user), "gid": int(group or user)},
            "args": [*image["Entrypoint"], *arguments],
            "env": [*image["Env"], *(f"{key}={value}" for key, value in env.items())],
            "cwd": image.get("WorkingDir") or "/",
            "noNewPrivileges": True,
            "capabilities": dict.fromkeys(
                ("bounding", "effective", "permitted", "inheritable", "ambient"), none
            ),
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {
                "destination": "/dev",
                "type": "tmpfs",
                "source": "tmpfs",
                "options": ["nosuid", "mode=755", "size=65536k"],
            },
            _tmpfs("/dev/shm", mib=16),  # noqa: S108 - the container's own, as is the next
            _tmpfs("/tmp", mib=128),  # noqa: S108
            _tmpfs("/var/lib/frontdesk", mib=512),
        ],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]},
    }


def _tmpfs(where: str, *, mib: int) -> dict[str, Any]:
    options = ["nosuid", "nodev", "mode=1777", f"size={mib}m"]
    return {"destination": where, "type": "tmpfs", "source": "tmpfs", "options": options}


def _bound(where: str, path: Path) -> dict[str, Any]:
    options = ["bind", "ro", "nosuid", "nodev"]
    return {"destination": where, "type": "bind", "source": str(path), "options": options}


def _base() -> list[str]:
    return ["runc", "--root", str(buildah.PLACE / "runc")]


def _runc(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*_base(), *arguments], capture_output=True, text=True, check=False, timeout=60)


SETTINGS = {
    "FRONTDESK_HOST": "127.0.0.1",
    "FRONTDESK_IDENTITY_KEY": "only-for-trying-out-the-image",
    "FRONTDESK_DEFAULT_DESK": "acme",
    **{f"FRONTDESK_{door}_PORT": "0" for door in ("HTTP", "GRPC", "SMTP", "METRICS")},
}


def try_out(image: str) -> list[str]:
    """Starts it, asks health by gRPC and HTTP, stops it; a line for each thing that was right. Raises CannotBuild."""
    said = []
    began = time.monotonic()
    with running(image, ["serve"], SETTINGS) as container:
        said.append(f"ready after {time.monotonic() - began:.1f} s, read-only root, {_who(container.pid)}")
        health = subprocess.run(
            [sys.executable, "-m", "services", "health", "--address", container.addresses["grpc"]],
            capture_output=True,
            text=True,
            check=False,
            cwd=buildah.ROOT,
        )
        if health.returncode != 0:
            raise CannotBuild(f"health: {health.stdout}{health.stderr}")
        said.append(health.stdout.strip())
        with urllib.request.urlopen(container.addresses["http"] + "/healthz", timeout=10) as answer:  # noqa: S310
            said.append(f"/healthz: {answer.status}")
        if container.inside("sh", "-c", "echo x > /opt/frontdesk/x").returncode == 0:
            raise CannotBuild("the root file system is not read-only")
        status, seconds = container.stop()
        if status != 0:
            raise CannotBuild(f"SIGTERM: exit status {status} after {seconds:.1f} s")
        said.append(f"SIGTERM: exit status 0 after {seconds:.1f} s")
    return said


def _who(pid: int) -> str:
    """User, capabilities and privileges of a process, as the kernel sees them."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    known = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
    return f"user {known['Uid'][0]}, capabilities {known['CapEff'][0].lstrip('0') or 'none'}, " + (
        "no new privileges" if known["NoNewPrivs"][0] == "1" else "may gain privileges"
    )
