"""Overload: since when a desk has more work than time (routing.md 2.9)."""

# ruff: noqa: ARG001 - every event is evolved by a function of one signature

from __future__ import annotations

from services.contract.decisions import OverloadBegan, OverloadEnded
from services.router.evolve.errors import CorruptLog
from services.router.model import DeskState, changed


def began(desk: DeskState, event: OverloadBegan, at_ms: int) -> DeskState:
    if desk.overload_since_ms:
        raise CorruptLog("the desk is overloaded already")
    return changed(desk, overload_since_ms=at_ms)


def ended(desk: DeskState, event: OverloadEnded, at_ms: int) -> DeskState:
    if not desk.overload_since_ms:
        raise CorruptLog("the desk is not overloaded")
    return changed(desk, overload_since_ms=0)
