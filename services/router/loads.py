"""What agents hold, as columns in the roster's order: one set of columns for all versions of a workforce.

A state is a value, and there are several at a time: the one that stands, those decided on top of it, one that a reader
still holds. A copy of the columns for each would be 160 kB a change with ten thousand agents. So one version has the
columns, and every other one knows the neighbour from which they can be had and what differs there by one agent; who
asks gets them brought to it, one change at a time (Baker's rerooting: Shallow binding makes functional arrays fast,
SIGPLAN Notices 26(8), 1991). Whoever asks reads at once and keeps no column, for it is written to later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from services.contract.facts import Presence

if TYPE_CHECKING:
    from services.router.kernels.arrival import Hands
    from services.router.model import AgentState
    from services.router.workforce import Seats

Units = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]
AWAY = 1 << 24
"""Units of an agent who is not available: more than any capacity."""
_NEVER_MS = 1 << 60


class Loads:
    """The columns; they follow from the agents' states."""

    __slots__ = (
        "_hands",
        "firm",
        "idle",
        "idle_counts",
        "idle_since",
        "roomy",
        "seats",
        "shift_ends",
        "units",
    )

    def __init__(self, seats: Seats) -> None:
        """With nobody written yet."""
        count = len(seats.index)
        self.seats = seats
        self.units: Units = np.full(count, AWAY, np.int32)
        """Used units; AWAY and more unless available."""
        self.firm: Units = np.full(count, AWAY, np.int32)
        """The same without the units that a call may interrupt."""
        self.idle_since: Times = np.zeros(count, np.int64)
        """In ms; it counts where no unit is used."""
        self.shift_ends: Times | None = None
        """In ms, far in the future where not known; None while nobody's was."""
        self.idle = 0
        """Available agents that hold nothing."""
        self.idle_counts: Units = np.zeros((seats.topic_count, 1 + max(seats.level, default=0)), np.int32)
        """The same by topic and highest level of authority."""
        self.roomy: Times = np.zeros(0, np.int64)
        """Positions of the available agents who have room for a call at the least, or for anything; rising."""
        self._hands: Hands | None = None

    @property
    def hands(self) -> Hands:
        """The columns as the compiled way reads them; only where `kernels.COMPILED`."""
        if self._hands is None:
            from services.router.kernels.arrival import Hands

            self._hands = Hands(self.units, self.firm, self.idle_since)
        return self._hands

    def write(self, before: AgentState | None, after: AgentState) -> None:
        """Brings the cells of one agent from one of its states to another; from None where it has none yet."""
        at = self.seats.index[after.agent_id]
        if (
            before is None
            or before.used_units != after.used_units
            or before.presence is not after.presence
            or before.soft_units != after.soft_units
        ):
            away = 0 if after.presence is Presence.AVAILABLE else AWAY
            self.units[at] = after.used_units + away
            self.firm[at] = after.used_units - after.soft_units + away
            was, now = before is not None and _is_idle(before), _is_idle(after)
            if was != now:
                step, level = 1 if now else -1, self.seats.level[at]
                self.idle += step
                for row in self.seats.topics[at]:
                    self.idle_counts[row, level] += step
            had, has = before is not None and self._has_room(before, at), self._has_room(after, at)
            if had != has:
                self.roomy = _with_position(self.roomy, at, there=has)
        if before is None or before.idle_since_ms != after.idle_since_ms:
            self.idle_since[at] = after.idle_since_ms
        ends_ms = after.shift_ends_at_ms
        if ends_ms != (before.shift_ends_at_ms if before is not None else 0):
            if self.shift_ends is None:
                self.shift_ends = np.full(len(self.seats.index), _NEVER_MS, np.int64)
            self.shift_ends[at] = ends_ms or _NEVER_MS

    def _has_room(self, agent: AgentState, at: int) -> bool:
        firm = agent.used_units - agent.soft_units
        return agent.presence is Presence.AVAILABLE and firm < self.seats.capacity[at]


class Version:
    """One version's way to the columns."""

    __slots__ = ("_here", "_loads", "_next", "_there")

    def __init__(self, loads: Loads) -> None:
        self._loads: Loads | None = loads
        """None while another version has them."""
        self._next: Version | None = None
        """The neighbour on the way to them."""
        self._here: AgentState | None = None
        self._there: AgentState | None = None
        """The one agent who differs, as it is in this version and in the next."""

    def loads(self) -> Loads:
        """The columns as they are in this version; read them at once."""
        found = self._loads
        return self._brought() if found is None else found

    def after(self, before: AgentState, after: AgentState) -> Version:
        """The version with one agent changed; it has the columns then."""
        loads = self.loads()
        loads.write(before, after)
        made = Version(loads)
        self._loads, self._next, self._here, self._there = None, made, before, after
        return made

    def _brought(self) -> Loads:
        way: list[Version] = []
        at: Version = self
        while at._loads is None:
            way.append(at)
            assert at._next is not None  # noqa: S101 - it has the columns or knows the way to them
            at = at._next
        loads = at._loads
        for one in reversed(way):
            here, there = one._here, one._there
            assert here is not None and there is not None  # noqa: S101 - as above
            loads.write(there, here)
            at._loads, at._next, at._here, at._there = None, one, there, here
            one._loads, one._next, one._here, one._there = loads, None, None, None
            at = one
        return loads


def _is_idle(agent: AgentState) -> bool:
    return agent.used_units == 0 and agent.presence is Presence.AVAILABLE


def _with_position(positions: Times, at: int, *, there: bool) -> Times:
    """Rising positions with one more, or without one of them."""
    place = int(positions.searchsorted(at))
    found = np.empty(len(positions) + (1 if there else -1), np.int64)
    found[:place] = positions[:place]
    if there:
        found[place] = at
        found[place + 1 :] = positions[place:]
    else:
        found[place:] = positions[place + 1 :]
    return found
