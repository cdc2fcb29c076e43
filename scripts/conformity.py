"""kubeconform over every rendering: a second reader of the schemas that scripts/manifests.py reads with Python.

It shares no code with kubernetes-validate and jsonschema, reads YAML as Go does and refuses keys that stand twice. Its
schemas are the ones that these use, written where it can follow their references without a network.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scripts import go_programs
from scripts.fetching import CannotFetch

CORE = "{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json"
CUSTOM = "custom/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"


def faults(
    renderings: Mapping[str, str], versions: Iterable[str], custom: Mapping[tuple[str, str], dict[str, Any]]
) -> list[str]:
    """What it says against the renderings (YAML by name), a sentence each; `custom` are closed schemas by
    apiVersion and kind. Raises CannotFetch when it has not looked at all of them."""
    program = go_programs.tool("kubeconform")
    found = []
    with tempfile.TemporaryDirectory(prefix="frontdesk-kubeconform-") as name:
        scratch = Path(name)
        _write_custom(scratch, custom)
        files = {scratch / f"{number}.yaml": key for number, key in enumerate(renderings)}
        for path, key in files.items():
            path.write_text(renderings[key], encoding="utf-8")
        for version in versions:
            _write_core(scratch, version)
            places = [f"-schema-location={scratch}/{place}" for place in (CORE, CUSTOM)]
            command = [
                str(program),
                "-strict",
                "-output=json",
                "-verbose",
                f"-kubernetes-version={version}.0",
            ]
            done = subprocess.run(
                [*command, *places, *map(str, files)],
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            found += [
                f"{files[Path(one['filename'])]}: {one['kind']} {one['name']} on {version}: {one['msg']}"
                for one in _told(done, renderings)
                if one["status"] != "statusValid"
            ]
    return found


def _told(done: subprocess.CompletedProcess[str], renderings: Mapping[str, str]) -> list[dict[str, str]]:
    """Its verdict on each resource."""
    try:
        told: list[dict[str, str]] = json.loads(done.stdout)["resources"]
    except (json.JSONDecodeError, KeyError) as error:
        raise CannotFetch(f"kubeconform said nothing:\n{done.stderr[-1500:]}") from error
    given = sum(len(re.findall(r"^kind:", text, re.MULTILINE)) for text in renderings.values())
    if len(told) < given:
        raise CannotFetch(f"kubeconform looked at {len(told)} of {given} resources")
    return told


def _write_core(scratch: Path, version: str) -> None:
    """Kubernetes' schemas of one version; they name each other by files beside them instead of by addresses."""
    import kubernetes_validate

    package = Path(kubernetes_validate.__file__).parent
    source = package / "kubernetes-json-schema" / f"v{version}.0-local-strict"
    target = scratch / f"v{version}.0"
    target.mkdir()
    for path in source.glob("*.json"):
        text = path.read_text(encoding="utf-8").replace('"/api/_definitions.json#', '"_definitions.json#')
        schema = json.loads(text)
        schema.pop("$id", None)
        (target / path.name).write_text(json.dumps(schema), encoding="utf-8")


def _write_custom(scratch: Path, custom: Mapping[tuple[str, str], dict[str, Any]]) -> None:
    for (version, kind), schema in custom.items():
        group, _, number = version.partition("/")
        path = scratch / "custom" / group / f"{kind.lower()}_{number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(schema), encoding="utf-8")
