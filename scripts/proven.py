"""deploy/k8s/proven.json: what a real API server has taken, by digest, so that it is asked again once something changes.

`make k8s-apiserver` writes it after it found no fault. Building that server takes ten minutes, which a change of something
else need not wait for; `.ci/run` therefore asks it only where a digest differs, and says so either way.

    .venv/bin/python -m scripts.proven    says what differs (make verify); no fault, as the server is asked later
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import yaml

from scripts import apiserver, fetch_crds, go_programs, manifests
from scripts.fetching import ROOT

PLACE = ROOT / "deploy" / "k8s" / "proven.json"


def now() -> dict[str, str]:
    """Digests of the server's pins, the definitions' pins and each rendering. Raises CannotFetch."""
    return {
        "server": f"{apiserver.version()} {go_programs.digest_of_pins(apiserver.MODULE)}",
        "definitions": hashlib.sha256(fetch_crds.pins().encode()).hexdigest(),
        **{name: digest(manifests.rendered(folder)) for name, folder in manifests.combinations().items()},
    }


def digest(rendered: str) -> str:
    """Of what the YAML says, not of how this or that kustomize writes it."""
    said = [one for one in yaml.safe_load_all(rendered) if one]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def read(path: Path = PLACE) -> dict[str, str]:
    """What was proven; nothing where the file is missing."""
    if not path.exists():
        return {}
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def changes(path: Path = PLACE) -> list[str]:
    """What differs from what was proven, a sentence each; [] when all of it still holds."""
    before, after = read(path), now()
    differ = [
        f"{name} {'has changed since it was proven' if name in before else 'was never proven'}"
        for name in after
        if before.get(name) != after[name]
    ]
    return differ + [f"{name} was proven and is gone" for name in before if name not in after]


def hint(path: Path = PLACE) -> str | None:
    """What differs from what was proven and what to do about it; None when all of it still holds."""
    found = changes(path)
    if not found:
        return None
    return f"{path.name} no longer holds: run `make k8s-apiserver` and commit it ({'; '.join(found)})"


def write(path: Path = PLACE) -> None:
    path.write_text(json.dumps(now(), indent=2) + "\n", encoding="utf-8")


def main() -> int:
    if not manifests.can_render():
        print(f"{PLACE.name} was not compared: there is no kustomize before `make k8s`")
        return 0
    print(hint() or f"{PLACE.name} holds all that is rendered")
    return 0


if __name__ == "__main__":
    sys.exit(main())
