"""Who stands back at another's record looks a few times whether that one goes on (owning/parting.py). Time is simulated."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import cast

import pytest

from services.contract.topics import FACTS
from services.router.model import PartitionState
from services.router.owning.parting import LOOK_SECONDS, LOOKS_MAX, left_undecided
from services.runtime.log import Log, LogUnavailable, PositionLost
from tests.rivals.virtual import play

END = 10


class Looks:
    """What each look finds, a letter each; the last one stays. All of it comes while the look lasts.

    `w`: another's record; `s`: a fact stands undecided, and nobody comes; `i`: everything is decided, and nobody comes;
    `f`: the same, but a fact has come meanwhile; `o`: as `s`, with another's old record folded before; `a`: the log
    does not say where facts end; `c`: nor can what is in it be folded.
    """

    def __init__(self, found: str, *, due: bool = False) -> None:
        self._found, self._due = found, due
        self.count = 0
        self._others, self._last_fact, self._end = 0, END - 2, END

    @property
    def _now(self) -> str:
        return self._found[min(self.count, len(self._found)) - 1]

    async def caught_up(self) -> None:
        self.count += 1
        self._others += self._now == "o"
        if self._now == "c":
            raise PositionLost("gone")

    async def end_offset(self, topic: str, partition: int) -> int:
        assert (topic, partition) == (FACTS, 3)
        if self._now == "a":
            raise LogUnavailable("away")
        asyncio.get_running_loop().call_later(LOOK_SECONDS / 2, self._come)
        return self._end

    def _come(self) -> None:
        self._others += self._now == "w"
        self._last_fact = self._end - (2 if self._now in "sow" else 1)
        self._end += self._now == "f"

    def _is_due(self, state: PartitionState) -> bool:
        assert state.last_fact == self._last_fact
        return self._due

    async def over(self) -> tuple[bool, float]:
        """Whether to go on, and after how many looks' time."""
        goes_on = await left_undecided(
            cast(Log, self),
            3,
            caught_up=self.caught_up,
            state=lambda: replace(PartitionState.empty(), last_fact=self._last_fact),
            others=lambda: self._others,
            due=self._is_due,
        )
        return goes_on, asyncio.get_running_loop().time() / LOOK_SECONDS


@pytest.mark.parametrize(
    ("found", "looks"),
    [
        ("ss", 2),
        ("oo", 2),  # old records are no sign of life
        ("wss", 3),
        ("wwss", 4),
        ("swss", 4),  # it had gone on in between
        ("iss", 3),
        ("sis", 3),
        ("ass", 3),
        ("aaaaaass", LOOKS_MAX),
        ("css", 3),
        ("sas", 3),
    ],
)
def test_facts_that_stand_undecided_are_decided_by_who_stood_back(found: str, looks: int) -> None:
    assert play(Looks(found).over()) == (True, looks)


@pytest.mark.parametrize(
    ("found", "looks"),
    [
        ("www", 3),
        ("wswsw", 5),
        ("wwiw", 4),
        ("wii", 3),  # all is decided by another
        ("wsii", 4),
        ("iwi", 3),
        ("awww", 4),
        ("a", LOOKS_MAX),
        ("c", LOOKS_MAX),
    ],
)
@pytest.mark.parametrize("due", [True, False])
def test_who_goes_on_is_left_alone(found: str, looks: int, due: bool) -> None:
    """A log that says nothing for so long is not decided by anybody."""
    assert play(Looks(found, due=due).over()) == (False, looks)


@pytest.mark.parametrize("found", ["ii", "ff", "if", "fi"])
@pytest.mark.parametrize("due", [True, False])
def test_where_nothing_waits_it_goes_on_for_a_deadline_that_is_near(found: str, due: bool) -> None:
    assert play(Looks(found, due=due).over()) == (due, 2)
