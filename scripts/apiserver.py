"""A real Kubernetes API server on loopback: kube-apiserver, etcd and kubectl, built from Go's modules.

Their versions are those that deploy/k8s/apiserver/go.mod pins; the first build takes some ten minutes of two cores and 3.5 GB
of .tools, later ones nothing. There are no controllers and no nodes: what is proven on it is that the API takes something,
not that it runs. scripts/apply_manifests.py uses it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scripts import go_programs
from scripts.fetching import ROOT, CannotFetch
from services.runtime.ports import free_port

MODULE = ROOT / "deploy" / "k8s" / "apiserver"
PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}
BUILD_SECONDS_MAX = 3_600.0
READY_SECONDS_MAX = 180.0
STOP_SECONDS_MAX = 15.0
KUBECTL_SECONDS_MAX = 180.0


@dataclass(frozen=True)
class Programs:
    etcd: Path
    apiserver: Path
    kubectl: Path


def version() -> str:
    """Kubernetes' version, as go.mod pins it."""
    pins = (MODULE / "go.mod").read_text(encoding="utf-8")
    return pins.split("k8s.io/kubernetes ")[1].split()[0]


def programs() -> Programs:
    """All three, built where they are missing or older than their pins. Raises CannotFetch."""
    major, minor = version().removeprefix("v").split(".")[:2]
    names = {"gitVersion": version(), "gitMajor": major, "gitMinor": minor}
    stamped = " ".join(f"-X k8s.io/component-base/version.{key}={value}" for key, value in names.items())
    flags = ("-ldflags", f"-s -w {stamped}")
    etcd, apiserver, kubectl = (
        go_programs.built(name, package, module=MODULE, flags=flags, seconds_max=BUILD_SECONDS_MAX)
        for name, package in PACKAGES.items()
    )
    return Programs(etcd, apiserver, kubectl)


@dataclass(frozen=True)
class Server:
    """A running API server; `kubectl` speaks to it as an administrator."""

    address: str
    token: str
    folder: Path
    program: Path

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """Its output. Raises CannotFetch with what it says, and where it takes too long."""
        told = f"kubectl {' '.join(arguments[:2])}"
        try:
            done = subprocess.run(
                [
                    str(self.program),
                    f"--server={self.address}",
                    f"--token={self.token}",
                    f"--certificate-authority={self.folder / 'certificates' / 'apiserver.crt'}",
                    *arguments,
                ],
                input=given,
                capture_output=True,
                text=True,
                check=False,
                timeout=KUBECTL_SECONDS_MAX,
                env={**os.environ, "KUBECONFIG": str(self.folder / "none"), "HOME": str(self.folder)},
            )
        except subprocess.TimeoutExpired as error:
            raise CannotFetch(f"{told} took more than {KUBECTL_SECONDS_MAX:g} s") from error
        if done.returncode != 0:
            raise CannotFetch(f"{told} failed:\n{(done.stderr or done.stdout)[-3000:]}")
        return done.stdout

    def ready(self) -> bool:
        """Whether it says so itself."""
        try:
            return self.kubectl("get", "--raw=/readyz", "--request-timeout=5s").strip() == "ok"
        except CannotFetch:
            return False


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """An API server on loopback with an etcd of its own; both end with the block. Raises CannotFetch."""
    found = programs()
    with tempfile.TemporaryDirectory(prefix="frontdesk-apiserver-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        etcd_port, peer_port, port = free_port(), free_port(), free_port()
        server = Server(f"https://127.0.0.1:{port}", secrets.token_hex(16), folder, found.kubectl)
        tokens, key = folder / "tokens.csv", folder / "service-accounts.key"
        tokens.touch(mode=0o600)
        tokens.write_text(f'{server.token},admin,admin,"system:masters"\n', encoding="utf-8")
        key.touch(mode=0o600)
        key.write_bytes(_new_key())
        commands = [_etcd(found.etcd, folder, etcd_port, peer_port)]
        commands.append(_apiserver(found.apiserver, folder, etcd_port, port, tokens, key))
        processes = [_start(stack, command, folder) for command in commands]
        until = time.monotonic() + READY_SECONDS_MAX
        while not server.ready():
            if time.monotonic() > until or any(one.poll() is not None for one in processes):
                logs = [path.read_text(encoding="utf-8")[-2000:] for path in sorted(folder.glob("*.log"))]
                raise CannotFetch("the API server does not become ready:\n" + "\n".join(logs))
            time.sleep(0.2)
        yield server


def _new_key() -> bytes:
    """A private key (PEM) that tokens of service accounts would be signed with."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def _etcd(program: Path, folder: Path, port: int, peer_port: int) -> list[str]:
    client = f"http://127.0.0.1:{port}"
    command = [str(program), "--data-dir", str(folder / "etcd"), "--unsafe-no-fsync"]
    command += ["--listen-client-urls", client, "--advertise-client-urls", client]
    return [*command, "--listen-peer-urls", f"http://127.0.0.1:{peer_port}"]


def _apiserver(program: Path, folder: Path, etcd_port: int, port: int, tokens: Path, key: Path) -> list[str]:
    return [
        str(program),
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--cert-dir={folder / 'certificates'}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--authorization-mode=RBAC",
        # As clusters have it, so that pod security is what refuses a privileged pod.
        "--allow-privileged=true",
        f"--token-auth-file={tokens}",
        "--service-account-issuer=https://frontdesk.test",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
    ]


def _start(stack: contextlib.ExitStack, command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
