"""Applies every overlay and combination of deploy/k8s to a real Kubernetes API server of its own.

    .venv/bin/python -m scripts.apiserver            (make k8s-apiserver)

kube-apiserver and etcd are built from Go's modules at the versions that deploy/k8s/apiserver/go.mod pins (ten minutes of two
cores the first time, then cached in .tools). On it: the custom resource definitions, then each rendering by server-side
apply with strict fields, again with no change, and a pod of each workload through admission, pod security among it. There are no
controllers and no nodes: what is proven is that the API takes it, not that it runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts import fetch_crds, manifests
from scripts.fetch_crds import CannotFetch
from services.runtime.broker.settings import free_port

MODULE = fetch_crds.ROOT / "deploy" / "k8s" / "apiserver"
PLACE = fetch_crds.TOOLS / "kubernetes"
PROGRAMS = {"etcd": "go.etcd.io/etcd/server/v3", "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver"}
BUILD_SECONDS_MAX = 7_200
READY_SECONDS_MAX = 180.0
VERSION = "k8s.io/component-base/version.git"


def build() -> None:
    """Both programs in .tools/kubernetes; nothing when they are there for these pins. Raises CannotFetch."""
    pins, stamp = (MODULE / "go.mod").read_text(encoding="utf-8"), PLACE / "apiserver-versions"
    if (
        stamp.exists()
        and stamp.read_text(encoding="utf-8") == pins
        and all((PLACE / one).exists() for one in PROGRAMS)
    ):
        return
    PLACE.mkdir(parents=True, exist_ok=True)
    version = pins.split("k8s.io/kubernetes ")[1].split()[0]
    major, minor = version.removeprefix("v").split(".")[:2]
    flags = f"-s -w -X {VERSION}Version={version} -X {VERSION}Major={major} -X {VERSION}Minor={minor}"
    environment = {**fetch_crds.go_environment(), "GOFLAGS": "-mod=readonly -buildvcs=false"}
    for name, package in PROGRAMS.items():
        print(f"apiserver: building {name}", flush=True)
        done = subprocess.run(
            ["go", "build", "-trimpath", "-ldflags", flags, "-o", str(PLACE / name), package],
            cwd=MODULE,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=BUILD_SECONDS_MAX,
        )
        if done.returncode != 0:
            raise CannotFetch(f"building {name} failed:\n{done.stderr[-2000:]}")
    stamp.write_text(pins, encoding="utf-8")


@dataclass
class Server:
    """A running API server; `kubectl` speaks to it as an administrator."""

    address: str
    token: str
    folder: Path

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """Its output. Raises CannotFetch with what it says."""
        done = subprocess.run(
            [
                "kubectl",
                f"--server={self.address}",
                f"--token={self.token}",
                "--insecure-skip-tls-verify",
                *arguments,
            ],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
            env={**os.environ, "KUBECONFIG": str(self.folder / "none"), "HOME": str(self.folder)},
        )
        if done.returncode != 0:
            raise CannotFetch(
                f"kubectl {' '.join(arguments[:2])} failed:\n{(done.stderr or done.stdout)[-3000:]}"
            )
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
    with tempfile.TemporaryDirectory(prefix="frontdesk-apiserver-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        client, peer, port = free_port(), free_port(), free_port()
        server = Server(f"https://127.0.0.1:{port}", secrets.token_hex(16), folder)
        (folder / "tokens.csv").write_text(f'{server.token},admin,admin,"system:masters"\n')
        (folder / "tokens.csv").chmod(0o600)
        key = folder / "service-accounts.key"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], capture_output=True, check=True)
        urls = f"http://127.0.0.1:{client}"
        etcd = [str(PLACE / "etcd"), "--data-dir", str(folder / "etcd"), "--unsafe-no-fsync"]
        etcd += ["--listen-client-urls", urls, "--advertise-client-urls", urls]
        etcd += ["--listen-peer-urls", f"http://127.0.0.1:{peer}"]
        api = [str(PLACE / "kube-apiserver"), f"--etcd-servers={urls}", f"--secure-port={port}"]
        api += [
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--cert-dir={folder / 'certificates'}",
        ]
        api += ["--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=RBAC"]
        api += [
            f"--token-auth-file={folder / 'tokens.csv'}",
            "--service-account-issuer=https://frontdesk.test",
        ]
        api += [f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}"]
        processes = [_start(stack, command, folder) for command in (etcd, api)]
        until = time.monotonic() + READY_SECONDS_MAX
        while not server.ready():
            if time.monotonic() > until or any(one.poll() is not None for one in processes):
                raise CannotFetch(
                    f"the API server is not ready:\n{(folder / 'kube-apiserver.log').read_text()[-2000:]}"
                )
            time.sleep(0.2)
        yield server


def _start(stack: contextlib.ExitStack, command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def install_definitions(server: Server, crds: Path) -> int:
    """All custom resource definitions, established; how many."""
    files = sorted(crds.glob("*.yaml"))
    server.kubectl("apply", "--server-side", *(f"--filename={path}" for path in files))
    server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    return len(files)


def apply_twice(server: Server, rendered: str) -> list[str]:
    """Names of what the second apply has changed; [] is what is wanted."""
    given = ("apply", "--server-side", "--validate=strict", "--force-conflicts", "-o", "json", "-f", "-")
    before, after = (versions(server.kubectl(*given, given=rendered)) for _ in range(2))
    return [name for name, version in after.items() if before[name] != version]


def versions(said: str) -> dict[str, str]:
    """resourceVersion by kind and name."""
    items: list[dict[str, Any]] = json.loads(said)["items"]
    return {manifests.name_of(one): one["metadata"]["resourceVersion"] for one in items}


def admit_pods(server: Server, rendered: str) -> list[str]:
    """Sends a pod of each workload through admission, and one that asks for rights; faults in words."""
    faults = []
    for workload in yaml.safe_load_all(rendered):
        if workload["kind"] not in ("Deployment", "StatefulSet"):
            continue
        template = workload["spec"]["template"]
        namespace = workload["metadata"]["namespace"]
        name = f"probe-{workload['metadata']['name']}"
        metadata = {**template["metadata"], "name": name, "namespace": namespace}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        server.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", given=json.dumps(pod))
        pod["spec"]["containers"][0]["securityContext"] = {"privileged": True}
        try:
            server.kubectl("create", "--dry-run=server", "-f", "-", given=json.dumps(pod))
            faults.append(f"{name}: a privileged pod was admitted")
        except CannotFetch as error:
            if "violates PodSecurity" not in str(error):
                faults.append(f"{name}: refused for another reason: {error}")
    return faults


def main() -> int:
    try:
        if shutil.which("kubectl") is None:
            raise CannotFetch("kubectl is missing: install it")
        crds = fetch_crds.fetch()
        build()
        faults = []
        with running() as server:
            said = json.loads(server.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
            print(f"apiserver: {said}, {install_definitions(server, crds)} definitions installed")
            for name, folder in manifests.combinations().items():
                rendered = manifests.rendered(folder)
                changed = apply_twice(server, rendered)
                faults += [f"{name}: the second apply changed {one}" for one in changed]
                faults += [f"{name}: {fault}" for fault in admit_pods(server, rendered)]
                print(
                    f"apiserver: {name}: applied, {len(changed)} changes by the second apply, pods admitted",
                    flush=True,
                )
    except CannotFetch as error:
        faults = [str(error)]
    for fault in faults:
        print(f"apiserver: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
