"""The agents at work: a map by id, and beside it the same as columns in the roster's order.

The map is the state; the columns follow from it and are kept in step, one copied cell by cell where an agent changes,
so that a decision weighs ten thousand agents without asking each (routing.md 5). Nothing is written to once it is
shared: a change copies the columns that it touches.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, ValuesView
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import immutables
import numpy as np
import numpy.typing as npt

from services.contract.facts import Presence

if TYPE_CHECKING:
    from services.router.model import AgentState

Map = immutables.Map
Units = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]
AWAY = 1 << 24
"""Units of an agent who is not available: more than any capacity."""


@dataclass(frozen=True, eq=False, slots=True)
class Seats:
    """What a configuration says of the agents' columns; shared by all states under it."""

    index: dict[str, int]
    """Agent to position, in the order of the sorted ids."""
    topics: tuple[tuple[int, ...], ...]
    """Per agent, the rows of its topics in `Workforce.idle_counts`."""
    level: tuple[int, ...]
    """Per agent, its highest level of authority."""
    topic_count: int
    capacity: tuple[int, ...]
    """Units that each agent can hold."""
    topic_rows: Times
    """`topics` as a matrix, agents by topics; where an agent has fewer, `topic_count` stands."""
    levels: Times
    """`level` as a column."""

    @classmethod
    def of(
        cls,
        index: dict[str, int],
        topics: tuple[tuple[int, ...], ...],
        level: tuple[int, ...],
        count: int,
        capacity: tuple[int, ...],
    ) -> Seats:
        """With the columns that follow; `count` is the number of topics."""
        most = max((len(rows) for rows in topics), default=0)
        padded = [(*rows, *(count,) * (most - len(rows))) for rows in topics]
        matrix = np.array(padded, dtype=np.int64).reshape(len(topics), most)
        return cls(index, topics, level, count, capacity, matrix, np.array(level, dtype=np.int64))


NO_SEATS = Seats.of({}, (), (), 0, ())


@dataclass(frozen=True, eq=False)
class Workforce:
    """Agents by id, with columns; made by `of`, changed by `set`."""

    by_id: Map[str, AgentState] = field(default_factory=Map)
    seats: Seats = field(default=NO_SEATS, metadata={"derived": True})
    units: Units = field(default_factory=lambda: np.zeros(0, np.int32), metadata={"derived": True})
    """Used units; AWAY and more unless available."""
    firm: Units = field(default_factory=lambda: np.zeros(0, np.int32), metadata={"derived": True})
    """The same without the units that a call may interrupt."""
    idle_since: Times = field(default_factory=lambda: np.zeros(0, np.int64), metadata={"derived": True})
    """In ms; it counts where no unit is used."""
    shift_ends: Times | None = field(default=None, metadata={"derived": True})
    """In ms, far in the future where not known; None while nobody's is."""
    idle: int = field(default=0, metadata={"derived": True})
    """Available agents that hold nothing."""
    idle_counts: Units = field(default_factory=lambda: np.zeros((0, 1), np.int32), metadata={"derived": True})
    """The same by topic and highest level of authority."""
    roomy: Times = field(default_factory=lambda: np.zeros(0, np.int64), metadata={"derived": True})
    """Positions of the available agents who have room for a call at the least, or for anything; rising."""

    @classmethod
    def of(cls, seats: Seats, states: dict[str, AgentState]) -> Workforce:
        """Everybody of a configuration; `states` has exactly the agents of `seats`."""
        count = len(seats.index)
        found = cls(
            Map(states),
            seats,
            np.zeros(count, np.int32),
            np.zeros(count, np.int32),
            np.zeros(count, np.int64),
            None,
            0,
            np.zeros((seats.topic_count, 1 + max(seats.level, default=0)), np.int32),
        )
        for agent_id in sorted(states):
            found._write(seats.index[agent_id], None, states[agent_id])
        rooms = [seats.index[name] for name, one in states.items() if _has_room(one, seats)]
        found.__dict__["roomy"] = np.array(sorted(rooms), dtype=np.int64)
        return found

    def set(self, agent_id: str, after: AgentState) -> Workforce:
        """The agents with one of them changed."""
        before = self.by_id[agent_id]
        copy: Workforce = object.__new__(Workforce)
        cells = copy.__dict__
        cells.update(self.__dict__)
        cells["by_id"] = self.by_id.set(agent_id, after)
        if (
            before.used_units != after.used_units
            or before.presence is not after.presence
            or before.soft_units != after.soft_units
        ):
            cells["units"] = self.units.copy()
            cells["firm"] = self.firm.copy()
            if _is_idle(before) != _is_idle(after):
                cells["idle_counts"] = self.idle_counts.copy()
            room = _has_room(after, self.seats)
            if _has_room(before, self.seats) != room:
                cells["roomy"] = _with_position(self.roomy, self.seats.index[agent_id], there=room)
        if before.idle_since_ms != after.idle_since_ms:
            cells["idle_since"] = self.idle_since.copy()
        if before.shift_ends_at_ms != after.shift_ends_at_ms and self.shift_ends is not None:
            cells["shift_ends"] = self.shift_ends.copy()
        copy._write(self.seats.index[agent_id], before, after)
        return copy

    def _write(self, at: int, before: AgentState | None, after: AgentState) -> None:
        """Brings the cells of one agent up to date, in columns that nobody else has yet."""
        cells = self.__dict__
        away = 0 if after.presence is Presence.AVAILABLE else AWAY
        if (
            before is None
            or before.used_units != after.used_units
            or before.presence is not after.presence
            or before.soft_units != after.soft_units
        ):
            self.units[at] = after.used_units + away
            self.firm[at] = after.used_units - after.soft_units + away
            was, now = before is not None and _is_idle(before), _is_idle(after)
            if was != now:
                step = 1 if now else -1
                cells["idle"] = self.idle + step
                level = self.seats.level[at]
                for row in self.seats.topics[at]:
                    self.idle_counts[row, level] += step
        if before is None or before.idle_since_ms != after.idle_since_ms:
            self.idle_since[at] = after.idle_since_ms
        ends = after.shift_ends_at_ms
        if ends != (before.shift_ends_at_ms if before is not None else 0):
            if self.shift_ends is None:
                cells["shift_ends"] = np.full(len(self.seats.index), _NEVER_MS, np.int64)
            assert self.shift_ends is not None  # noqa: S101 - just made
            self.shift_ends[at] = ends or _NEVER_MS

    # --- as a mapping ------------------------------------------------------------------------------------------

    def __getitem__(self, agent_id: str) -> AgentState:
        return self.by_id[agent_id]

    def get(self, agent_id: str) -> AgentState | None:
        return self.by_id.get(agent_id)

    def __contains__(self, agent_id: object) -> bool:
        return agent_id in self.by_id

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_id)

    def __len__(self) -> int:
        return len(self.by_id)

    def values(self) -> ValuesView[AgentState]:
        return self.by_id.values()  # type: ignore[return-value] # immutables has view types of its own

    def items(self) -> ItemsView[str, AgentState]:
        return self.by_id.items()  # type: ignore[return-value]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Workforce) and self.by_id == other.by_id

    __hash__ = None  # type: ignore[assignment] # a mapping


_NEVER_MS = 1 << 60


def _is_idle(agent: AgentState) -> bool:
    return agent.used_units == 0 and agent.presence is Presence.AVAILABLE


def _has_room(agent: AgentState, seats: Seats) -> bool:
    firm = agent.used_units - agent.soft_units
    return agent.presence is Presence.AVAILABLE and firm < seats.capacity[seats.index[agent.agent_id]]


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
