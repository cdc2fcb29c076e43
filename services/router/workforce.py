"""The agents at work: a map by id, and beside it the same as columns in the roster's order.

The map is the state; the columns follow from it, so that a decision weighs ten thousand agents without asking each
(routing.md 5). All versions share one set of them (loads.py).
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, ValuesView
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import immutables
import numpy as np

from services.router.loads import AWAY as AWAY
from services.router.loads import Loads, Times, Units, Version

if TYPE_CHECKING:
    from services.router.model import AgentState

Map = immutables.Map


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


@dataclass(frozen=True, eq=False, slots=True)
class Workforce:
    """Agents by id, with columns; made by `of`, changed by `set`."""

    by_id: Map[str, AgentState] = field(default_factory=Map)
    seats: Seats = field(default=NO_SEATS, metadata={"derived": True})
    version: Version = field(default_factory=lambda: Version(Loads(NO_SEATS)), metadata={"derived": True})
    """The way to the columns."""

    @classmethod
    def of(cls, seats: Seats, states: dict[str, AgentState]) -> Workforce:
        """Everybody of a configuration; `states` has exactly the agents of `seats`."""
        loads = Loads(seats)
        for agent_id in sorted(states):
            loads.write(None, states[agent_id])
        return cls(Map(states), seats, Version(loads))

    def set(self, agent_id: str, after: AgentState) -> Workforce:
        """The agents with one of them changed."""
        before = self.by_id[agent_id]
        return Workforce(self.by_id.set(agent_id, after), self.seats, self.version.after(before, after))

    # --- columns: to be read at once, for they are written to later (loads.py) ----------------------------------

    @property
    def units(self) -> Units:
        """Used units; AWAY and more unless available."""
        return self.version.loads().units

    @property
    def firm(self) -> Units:
        """The same without the units that a call may interrupt."""
        return self.version.loads().firm

    @property
    def idle_since(self) -> Times:
        """In ms; it counts where no unit is used."""
        return self.version.loads().idle_since

    @property
    def shift_ends(self) -> Times | None:
        """In ms, far in the future where not known; None while nobody's was."""
        return self.version.loads().shift_ends

    @property
    def idle(self) -> int:
        """Available agents that hold nothing."""
        return self.version.loads().idle

    @property
    def idle_counts(self) -> Units:
        """The same by topic and highest level of authority."""
        return self.version.loads().idle_counts

    @property
    def roomy(self) -> Times:
        """Positions of the available agents who have room for a call at the least, or for anything; rising."""
        return self.version.loads().roomy

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
