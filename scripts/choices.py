"""Every choice of components of deploy/k8s that can be made, rendered.

The tested combinations in deploy/k8s/tests are those that people use; patches of components could still disturb each other in
others. `monitoring` is left out: it patches nothing, and nothing patches what it brings (a test holds it to that).
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from scripts.fetching import ROOT, TOOLS

ORDER = ("strimzi", "mtls", "network-policies", "autoscaling", "gateway", "grpc-mtls", "gateway-grpc")
"""Components that change what others bring, in the order in which an overlay lists them."""
NEEDS = {"gateway-grpc": {"network-policies", "grpc-mtls"}}
APART = {"monitoring"}


def choices() -> Iterator[tuple[str, ...]]:
    """All of them, the empty one first; none that lacks what one of its components needs."""
    for size in range(len(ORDER) + 1):
        for chosen in itertools.combinations(ORDER, size):
            if all(NEEDS.get(one, set()) <= set(chosen) for one in chosen):
                yield chosen


def rendered(render: Callable[[Path], str]) -> dict[str, str]:
    """YAML of each choice by its components' names; `render` gets a kustomization's folder, and may raise."""
    place = TOOLS / "choices"
    shutil.rmtree(place, ignore_errors=True)
    names = {"+".join(chosen) or "none": chosen for chosen in choices()}
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = list(pool.map(render, (_written(place / name, names[name]) for name in names)))
    return dict(zip(names, found, strict=True))


def _written(folder: Path, chosen: tuple[str, ...]) -> Path:
    """A kustomization with these components; kustomize takes no absolute paths."""
    folder.mkdir(parents=True)
    k8s = Path(os.path.relpath(ROOT / "deploy" / "k8s", folder))
    said = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "frontdesk",
        "resources": [str(k8s / "base")],
        "components": [str(k8s / "components" / one) for one in chosen],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return folder
