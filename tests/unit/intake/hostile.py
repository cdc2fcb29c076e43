"""What the tests of hostile deliveries share: readers without their signature, and documents changed node by node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from services.intake.canonical import Delivery, Known, Reading, Verdict
from services.intake.channels import PATHS
from services.intake.measures import DEAD_LETTER_REASONS
from tests.unit.intake.world import NOON_MS, PUBLIC_URL

KINDS: tuple[Any, ...] = (
    [],
    {},
    None,
    True,
    0,
    -1.5,
    10**400,
    "x",
    "",
    [[]],
    {"type": []},
    "\ud83d",
    "9" * 5_000,
)
"""A value of each kind, and some that convert badly."""
JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"


def read(path: str, body: bytes, kind: str = JSON_TYPE) -> Reading:
    """What the path's module makes of a body that verified: its owner may be hostile too."""
    adapter = replace(PATHS[path], verify=lambda delivery, known: Verdict(True, "test"))
    return adapter.read(
        Delivery.of("POST", PUBLIC_URL + path, [("Content-Type", kind)], body, NOON_MS), Known()
    )


def fault_of(reading: Reading) -> str:
    """What is wrong with a reading, "" when nothing is."""
    for problem in reading.problems:
        if problem.reason == "reader_failed" or problem.reason not in DEAD_LETTER_REASONS:
            return f"{problem.reason}: {problem.detail}"
    return ""


def variants(document: Any) -> Iterator[bytes]:
    """The document with each of its nodes replaced by each kind."""
    for other in KINDS:
        place, left = 0, -1
        while left < 0:
            changed, left = replaced(document, place, other)
            yield json.dumps(changed).encode()
            place += 1


def replaced(value: Any, place: int, other: Any) -> tuple[Any, int]:
    """The document with its node number `place` replaced; the number counts down while walking, -1 is done."""
    if place == 0:
        return other, -1
    place -= 1
    if isinstance(value, dict):
        changed = {}
        for name, inner in value.items():
            changed[name], place = replaced(inner, place, other) if place >= 0 else (inner, place)
        return changed, place
    if isinstance(value, list):
        many = []
        for inner in value:
            one, place = replaced(inner, place, other) if place >= 0 else (inner, place)
            many.append(one)
        return many, place
    return value, place
