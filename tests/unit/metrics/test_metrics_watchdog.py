"""The watchdog ends a process that only looks alive, and forgives one that was stopped as a whole."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from services.metrics import watchdog
from services.metrics.watchdog import Vitals, Watchdog, fault

WELL = Vitals(loop_at=100.0, asked_at=100.0, moved_at=100.0, settled_at=100.0)


def test_a_process_that_reports_is_left_alone() -> None:
    assert fault(WELL, 160.0, stall_seconds=60.0) is None


@pytest.mark.parametrize(
    ("vital", "words"),
    [
        ("loop_at", "the event loop is blocked for 61 s"),
        ("asked_at", "the log does not tell its ends for 61 s"),
        ("moved_at", "records wait and none is folded for 61 s"),
        ("settled_at", "a rebalance does not end for 61 s"),
    ],
)
def test_each_standstill_has_its_reason(vital: str, words: str) -> None:
    vitals = replace(WELL, loop_at=161.0, asked_at=161.0, moved_at=161.0, settled_at=161.0)
    setattr(vitals, vital, 100.0)

    assert fault(vitals, 161.0, stall_seconds=60.0) == words


class Steps:
    """A clock that gives the listed instants, then the last one for ever."""

    def __init__(self, *instants: float) -> None:
        self._instants = list(instants)

    def __call__(self) -> float:
        return self._instants.pop(0) if len(self._instants) > 1 else self._instants[0]


def run(*instants: float, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(watchdog, "CHECK_SECONDS", 0.001)
    reasons: list[str] = []
    ended = threading.Event()

    def end(reason: str) -> None:
        reasons.append(reason)
        ended.set()

    dog = Watchdog(replace(WELL), 0.003, end=end, now=Steps(*instants))
    dog.start()
    ended.wait(0.2)
    dog.stop()
    return reasons


def test_a_blocked_loop_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(100.0, 100.001, 100.002, 100.004, monkeypatch=monkeypatch) == [
        "the event loop is blocked for 0 s"
    ]


def test_a_process_that_was_suspended_gets_another_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGSTOP, or a suspended machine: the thread that checks stood still as well."""
    assert run(100.0, 500.0, monkeypatch=monkeypatch) == []
