"""Applies every overlay and combination of deploy/k8s to a real Kubernetes API server, twice, and writes down what was proven.

    .venv/bin/python -m scripts.apply_manifests              (make k8s-apiserver)
    .venv/bin/python -m scripts.apply_manifests --if-changed  nothing where deploy/k8s/proven.json still holds

On an empty server with the definitions of custom resources: each rendering by server-side apply (strict fields, a warning is
a fault, so a pod template that pod security would warn of is one too), then once more, which must change nothing; a pod of
each workload through admission; the same pod asking for rights, which pod security must refuse. At last the commands of the
operations guide on top of prod.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scripts import apiserver, fetch_crds, manifests, proven
from scripts.apiserver import Server
from scripts.fetching import ROOT, CannotFetch

Resource = dict[str, Any]
APPLY = ("apply", "--server-side", "--validate=strict", "--warnings-as-errors", "-o", "json", "-f", "-")
GUIDE = ROOT / "docs" / "operations.md"
GUIDED = r"kubectl (-n frontdesk (?:scale|patch|rollout restart) [^`\n]+)"
"""What of its commands needs neither a controller nor a file."""
GUIDED_MIN = 5
"""Scale to nothing, patch, scale back twice, restart."""
WORKLOADS = ("Deployment", "StatefulSet")
COLUMNS = "{:<28} {:>9} {:>7} {:>13} {:>8} {:>7} {:>7}"
HEAD = ("rendering", "resources", "custom", "second apply", "admitted", "refused", "seconds")


@dataclass
class Row:
    """What came of one rendering; faults in words."""

    name: str
    resources: int = 0
    custom: int = 0
    changed: int = 0
    admitted: int = 0
    refused: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        second = f"{self.changed} changes" if self.changed else "no change"
        counts = (self.admitted, self.refused, f"{self.seconds:.1f}")
        return COLUMNS.format(self.name, self.resources, self.custom, second, *counts)


def install_definitions(server: Server, crds: Path) -> int:
    """All custom resource definitions, established; how many."""
    files = sorted(crds.glob("*.yaml"))
    server.kubectl("apply", "--server-side", *(f"--filename={path}" for path in files))
    server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    return len(files)


def check(server: Server, name: str, rendered: str) -> Row:
    """One rendering, applied, applied again and taken away, whatever came of it: the next one begins on an empty server."""
    row, began = Row(name), time.monotonic()
    resources: list[Resource] = [one for one in yaml.safe_load_all(rendered) if one]
    row.resources, row.custom = len(resources), sum(map(manifests.is_custom, resources))
    with told(row.faults):
        before, after = (seen(server.kubectl(*APPLY, given=rendered)) for _ in range(2))
        if len(before) != len(resources):
            row.faults.append(f"{len(resources)} resources were given, {len(before)} were taken")
        changes = [key for key, one in after.items() if before.get(key) != one]
        row.changed = len(changes)
        row.faults += [f"the second apply changed {key}" for key in changes]
        for workload in resources:
            if workload["kind"] in WORKLOADS:
                _admit(server, workload, row)
    with told(row.faults):
        take_away(server, resources)
    row.seconds = time.monotonic() - began
    return row


def follow_the_guide(server: Server, rendered: str) -> list[str]:
    """Runs what docs/operations.md says to restore and to restart what prod has, then applies it again; faults in words."""
    commands = [
        shlex.split(one) for one in re.findall(GUIDED, GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    if len(commands) < GUIDED_MIN:
        return [f"{len(commands)} commands were found in the guide, not {GUIDED_MIN} or more"]
    faults: list[str] = []
    with told(faults):
        server.kubectl(*APPLY, given=rendered)
        for command in commands:
            server.kubectl(*command)
            print(f"apiserver: taken: kubectl {' '.join(command)}", flush=True)
        # A conflict would be a fault: who scales by hand becomes an owner.
        server.kubectl(*APPLY, given=rendered)
    with told(faults):
        take_away(server, [one for one in yaml.safe_load_all(rendered) if one])
    return faults


@contextlib.contextmanager
def told(faults: list[str]) -> Iterator[None]:
    """Puts a refusal within the block into words; what comes after the block goes on."""
    try:
        yield
    except CannotFetch as error:
        faults.append(str(error))


def seen(said: str) -> Mapping[str, Resource]:
    """Resources by kind and name, as the server answers them, fields' owners among them. Not the number of writes: where a
    definition gives a status by default (a Gateway's), the second write stores it, and a reader sees the same."""
    items: list[Resource] = json.loads(said)["items"]
    for one in items:
        del one["metadata"]["resourceVersion"]
    return {manifests.name_of(one): one for one in items}


def _admit(server: Server, workload: Resource, row: Row) -> None:
    """Sends a pod of the workload through admission, and one that asks for rights."""
    template = workload["spec"]["template"]
    namespace, name = workload["metadata"]["namespace"], f"probe-{workload['metadata']['name']}"
    metadata = {**template["metadata"], "name": name, "namespace": namespace}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    create = ("create", "--dry-run=server", "--validate=strict", "-f", "-")
    server.kubectl(*create, given=json.dumps(pod))
    row.admitted += 1
    pod["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    try:
        server.kubectl(*create, given=json.dumps(pod))
        row.faults.append(f"{name}: a privileged pod was admitted")
    except CannotFetch as error:
        if "violates PodSecurity" in str(error):
            row.refused += 1
        else:
            row.faults.append(f"{name}: refused for another reason: {error}")


def take_away(server: Server, resources: list[Resource]) -> None:
    """All but the namespace, which only a controller could take away, and what was never there."""
    gone = [one for one in resources if one["kind"] != "Namespace"]
    server.kubectl("delete", "--ignore-not-found", "--wait=true", "-f", "-", given=yaml.safe_dump_all(gone))


def check_all() -> tuple[int, list[str]]:
    """Prints a row for each rendering as it comes; how many, and all faults. Raises CannotFetch where there is no server."""
    crds = fetch_crds.fetch()
    with apiserver.running() as server:
        said = json.loads(server.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
        print(
            f"apiserver: Kubernetes {said}, {install_definitions(server, crds)} definitions of custom resources"
        )
        print(COLUMNS.format(*HEAD))
        rows = []
        for name, folder in manifests.combinations().items():
            rows.append(check(server, name, manifests.rendered(folder)))
            print(rows[-1], flush=True)
        guided = follow_the_guide(server, manifests.rendered(manifests.combinations()["prod"]))
    faults = [f"{row.name}: {fault}" for row in rows for fault in row.faults]
    return len(rows), faults + [f"{GUIDE.relative_to(ROOT)}: {fault}" for fault in guided]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--if-changed", action="store_true", help="only where something was never proven")
    options = parser.parse_args()
    try:
        changes = proven.changes()
        if options.if_changed and not changes:
            print(
                f"apiserver: not asked: {proven.PLACE.name} holds all that is rendered, as it was taken before"
            )
            return 0
        for change in changes:
            print(f"apiserver: {change}")
        count, faults = check_all()
    except CannotFetch as error:
        print(f"apiserver: {error}", file=sys.stderr)
        return 1
    for fault in faults:
        print(f"apiserver: {fault}", file=sys.stderr)
    if not faults:
        proven.write()
        print(f"apiserver: {count} renderings taken, 0 faults; commit {proven.PLACE.relative_to(ROOT)}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
