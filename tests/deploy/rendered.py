"""Every overlay and combination of deploy/k8s as it is rendered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scripts import manifests

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(manifests.combinations())
WORKLOADS = ("Deployment", "StatefulSet")
PARTITIONS = 32


def resources(name: str) -> list[dict[str, Any]]:
    return manifests.resources(manifests.combinations()[name])


def of_kind(name: str, *kinds: str) -> list[dict[str, Any]]:
    return [one for one in resources(name) if one["kind"] in kinds]


def by_name(name: str, kind: str, of: str) -> dict[str, Any]:
    return next(one for one in of_kind(name, kind) if one["metadata"]["name"] == of)
