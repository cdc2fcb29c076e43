"""A fault at every await of a router's owner and at everything it asks of the log; after each the rules hold (engine.md 7).

One story is told to a router; at one place it is killed, cancelled, stands still while another takes over, or its log
fails. Whoever is left decides the rest, and what must hold after a history (tests/rivals/history.py) holds.
"""

from __future__ import annotations

from functools import partial

import pytest

from tests.rivals.history import Violated
from tests.rivals.mutants import TellsAtTheAcknowledgement, TellsFromAhead
from tests.rivals.replica import Make
from tests.rivals.script import Fault, tell
from tests.rivals.workers import workers

AWAITS_MIN, ASKED_MIN = 150, 60
"""The story is long enough to be worth telling."""
pytestmark = pytest.mark.filterwarnings(
    "ignore:coroutine .* was never awaited"
)  # a task killed before it began


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", [Fault.KILL, Fault.CANCEL, Fault.DELAY], ids=lambda fault: fault.name.lower()
)
def test_the_rules_hold_after_a_fault_at_every_await(fault: Fault) -> None:
    awaits = tell(Fault.NONE).awaits
    assert awaits > AWAITS_MIN
    assert _everywhere(fault, awaits) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", [Fault.AWAY, Fault.LOST, Fault.UNANSWERED], ids=lambda fault: fault.name.lower()
)
def test_the_rules_hold_after_anything_asked_of_the_log_fails(fault: Fault) -> None:
    asked = tell(Fault.NONE).asked
    assert asked > ASKED_MIN
    assert _everywhere(fault, asked) == []


@pytest.mark.parametrize("make", [TellsFromAhead, TellsAtTheAcknowledgement])
def test_a_router_that_tells_too_early_is_found(make: Make) -> None:
    """The story bites: somewhere a command is answered that the log has otherwise."""
    awaits = tell(Fault.NONE).awaits
    for fault in (Fault.LOST, Fault.DELAY):
        for at in range(1, awaits + 1):
            try:
                tell(fault, at, make)
            except Violated:
                return
    pytest.fail(f"{make} was not found")


def _everywhere(fault: Fault, places: int) -> list[str]:
    with workers() as pool:
        found = list(pool.map(partial(_broken, fault), range(1, places + 1), chunksize=8))
    assert (
        sum(struck for struck, _ in found) > 0.9 * places
    )  # fewer where the fault before it shortened the story
    return [broken for _, broken in found if broken]


def _broken(fault: Fault, at: int) -> tuple[bool, str]:
    try:
        return tell(fault, at).struck, ""
    except Exception as error:
        return True, f"{fault.value} at {at}: {type(error).__name__}: {error}"
