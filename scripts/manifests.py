"""Renders every overlay and every tested combination of components of deploy/k8s, and checks what comes out.

    .venv/bin/python -m scripts.manifests             all checks (`make k8s`)
    .venv/bin/python -m scripts.manifests prod        one overlay, as YAML

Core kinds are held against Kubernetes' own schemas, strictly, in two versions; custom resources against their
definitions, closed against unknown keys. tests/deploy holds the rest: what the manifests must agree on.
"""

from __future__ import annotations

import argparse
import copy
import functools
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts import choices, conformity, fetch_crds, go_programs
from scripts.fetching import CannotFetch

ROOT = Path(__file__).resolve().parents[1]
K8S = ROOT / "deploy" / "k8s"
VERSIONS = ("1.35", "1.36")
SKIPPED = {
    "CKV_K8S_11": "no CPU limit: throttling a process that answers within milliseconds hurts more than it guards; "
    "requests share the node, and memory is limited",
    "CKV_K8S_14": "the dev overlay names the image by version; prod by digest",
    "CKV_K8S_15": "images are named by version or digest, so pulling them again each time brings nothing",
    "CKV_K8S_43": "the dev overlay has no registry and so no digest; prod has",
}
"""checkov's checks that are skipped, each with its reason."""
Resource = dict[str, Any]


def combinations() -> dict[str, Path]:
    """Overlays by name, combinations as tests/NAME."""
    found = {path.parent.name: path.parent for path in sorted(K8S.glob("overlays/*/kustomization.yaml"))}
    return found | {
        f"tests/{path.parent.name}": path.parent for path in sorted(K8S.glob("tests/*/kustomization.yaml"))
    }


@functools.cache
def rendered(folder: Path) -> str:
    """One kustomization as YAML. Raises CannotFetch with what kustomize says."""
    done = subprocess.run(
        [*_kustomize(), str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode != 0:
        raise CannotFetch(f"{folder.relative_to(ROOT)} does not render:\n{done.stderr.strip()}")
    return done.stdout


def can_render() -> bool:
    """Whether a kustomize is here, so that nothing need be built first."""
    return go_programs.is_built("kustomize") or shutil.which("kubectl") is not None


def _kustomize() -> list[str]:
    """kustomize as deploy/k8s/tools pins it, once `make k8s` has built it; else kubectl's, whatever its version."""
    if go_programs.is_built("kustomize") or shutil.which("kubectl") is None:
        return [str(go_programs.tool("kustomize")), "build"]
    return ["kubectl", "kustomize"]


def resources(folder: Path) -> list[Resource]:
    return [one for one in yaml.safe_load_all(rendered(folder)) if one]


def core_faults(found: Iterable[Resource]) -> list[str]:
    """Against Kubernetes' schemas, unknown keys refused."""
    import kubernetes_validate

    faults = []
    for one in found:
        if is_custom(one):
            continue
        for version in VERSIONS:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    kubernetes_validate.validate(one, version, strict=True)
            except Exception as error:
                said = getattr(error, "message", None) or str(error)
                faults.append(f"{name_of(one)} on {version}: {said}")
    return faults


def is_custom(one: Resource) -> bool:
    """Whether a resource's kind is defined by another project."""
    group = one["apiVersion"].partition("/")[0]
    return ("." in group and not group.endswith(".k8s.io")) or group == "gateway.networking.k8s.io"


def custom_faults(found: Iterable[Resource], crds: Path) -> list[str]:
    """Against the definitions of custom resources, closed."""
    import jsonschema

    schemas = definitions(crds)
    faults = []
    for one in found:
        if not is_custom(one):
            continue
        schema = schemas.get((one["apiVersion"], one["kind"]))
        if schema is None:
            faults.append(f"{name_of(one)}: no definition of {one['apiVersion']} {one['kind']}")
            continue
        errors = jsonschema.Draft202012Validator(schema).iter_errors(one)
        faults += [
            f"{name_of(one)}: {'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors
        ]
    return faults


@functools.cache
def definitions(crds: Path) -> Mapping[tuple[str, str], Resource]:
    """Closed schemas by apiVersion and kind, of versions that are served."""
    found = {}
    for path in sorted(crds.glob("*.yaml")):
        for crd in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            spec = crd["spec"]
            for version in spec["versions"]:
                if version["served"]:
                    schema = closed(version["schema"]["openAPIV3Schema"])
                    schema["properties"]["metadata"] = {"type": "object"}
                    found[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = schema
    return found


def closed(schema: Resource) -> Resource:
    """The schema with unknown keys refused wherever it names its keys, and Kubernetes' own words put into JSON Schema's."""
    schema = copy.deepcopy(schema)
    if schema.pop("x-kubernetes-int-or-string", False):
        return {"type": ["integer", "string"]}
    if schema.pop("nullable", False) and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    if "properties" in schema:
        schema["properties"] = {key: closed(value) for key, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields") and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = closed(schema[key])
    return schema


def name_of(one: Resource) -> str:
    return f"{one['kind']} {one['metadata']['name']}"


def checkov_faults(folder: Path) -> list[str]:
    """checkov's view of one rendering, less what is skipped with a reason."""
    checkov = fetch_crds.deploy_python().parent / "checkov"
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "all.yaml").write_text(rendered(folder), encoding="utf-8")
        done = subprocess.run(
            [
                *(str(checkov.parent / "python"), str(checkov), "--framework", "kubernetes", "-d", scratch),
                *("--quiet", "--compact", "-o", "json", "--skip-download", "--skip-check", ",".join(SKIPPED)),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    if not done.stdout.strip():
        raise CannotFetch(f"checkov said nothing:\n{done.stderr[-1500:]}")
    report = json.loads(done.stdout)
    failed = report["results"]["failed_checks"]
    if not report["summary"]["passed"]:
        raise CannotFetch("checkov found nothing to check")
    return [f"{one['resource']}: {one['check_id']} {one['check_name']}" for one in failed]


def dockerfile_faults() -> list[str]:
    """hadolint's view of the Dockerfile."""
    hadolint = fetch_crds.deploy_python().parent / "hadolint"
    done = subprocess.run(
        [str(hadolint), "deploy/docker/Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 and not done.stdout.strip():
        raise CannotFetch(f"hadolint said nothing:\n{done.stderr[-1500:]}")
    return done.stdout.splitlines()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overlay", nargs="?", choices=[*combinations(), []], help="print this one")
    options = parser.parse_args()
    try:
        if options.overlay:
            sys.stdout.write(rendered(combinations()[options.overlay]))
            return 0
        return _check_all()
    except CannotFetch as error:
        print(f"k8s: {error}", file=sys.stderr)
        return 1


def _check_all() -> int:
    crds = fetch_crds.fetch()
    go_programs.tool("kustomize")
    faults = []
    for name, folder in combinations().items():
        found = resources(folder)
        here = core_faults(found) + custom_faults(found, crds)
        if not name.startswith("tests/"):
            here += checkov_faults(folder)
        faults += [f"{name}: {fault}" for fault in here]
        custom = sum(map(is_custom, found))
        print(f"k8s: {name}: {len(found) - custom} core and {custom} custom resources, {len(here)} faults")
    renderings = {name: rendered(folder) for name, folder in combinations().items()}
    every_choice = choices.rendered(rendered)
    found_too = conformity.faults(renderings | every_choice, VERSIONS, definitions(crds))
    print(
        f"k8s: kubeconform over all of them and every choice of components ({len(every_choice)}):"
        f" {len(found_too)} faults"
    )
    faults += [f"kubeconform: {fault}" for fault in found_too]
    of_image = dockerfile_faults()
    print(f"k8s: hadolint over the Dockerfile: {len(of_image)} faults")
    faults += of_image
    for fault in faults:
        print(f"k8s: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
