"""What stands now at a desk, as the collector and the wallboard read it in other threads: counts and instants.

Ages are made of the instants when somebody asks, so a router that stands still makes them grow, and not stop.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.metrics.desk_measures import UPDATE_MS_MAX
from services.metrics.live import LiveDesk
from services.metrics.measure import OTHER

Place = tuple[str, str]
"""Channel and queue, as labels."""


@dataclass(frozen=True, slots=True)
class DeskNow:
    """A desk at one moment; nobody changes it any more. Instants are epoch milliseconds."""

    desk_id: str = ""
    waiting: Mapping[Place, int] = field(default_factory=dict)
    """Contacts that wait, ringing ones included."""
    oldest_ms: Mapping[Place, int] = field(default_factory=dict)
    """Arrival of the one that waits longest."""
    past_target: Mapping[Place, int] = field(default_factory=dict)
    """Those that wait and whose target wait has passed."""
    unanswered_ms: Mapping[Place, int] = field(default_factory=dict)
    """Arrival of the oldest open contact that is to be answered by a day and had no answer of any kind."""
    states: Mapping[str, int] = field(default_factory=dict)
    """Open contacts by state."""
    deadlines_ms: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Their timers by state, sorted; contacts without one left out."""
    updates_ms: tuple[int, ...] = ()
    """When messages to customers became due that were not sent yet, sorted."""
    agents: Mapping[str, int] = field(default_factory=dict)
    """Agents at work by state."""
    overloaded: bool = False
    changes: Mapping[str, int] = field(default_factory=dict)
    """The newest change marks, to when each took effect."""

    def overdue(self, state: str, at_ms: int) -> int:
        """Contacts in the state whose timer has passed."""
        return bisect_right(self.deadlines_ms.get(state, ()), at_ms)

    def updates_overdue(self, at_ms: int) -> int:
        """Messages that should have been sent."""
        return bisect_right(self.updates_ms, at_ms - UPDATE_MS_MAX)


def now_of(desk_id: str, live: LiveDesk) -> DeskNow:
    """The desk as it stands; one pass over its open contacts."""
    waiting: dict[Place, int] = {}
    oldest: dict[Place, int] = {}
    past_target: dict[Place, int] = {}
    unanswered: dict[Place, int] = {}
    states: dict[str, int] = {}
    deadlines: dict[str, list[int]] = {}
    for contact in live.contacts.values():
        state, place = contact.state, (contact.channel, contact.queue or OTHER)
        states[state] = states.get(state, 0) + 1
        if contact.deadline_ms:
            deadlines.setdefault(state, []).append(contact.deadline_ms)
        if contact.waits:
            waiting[place] = waiting.get(place, 0) + 1
            past_target[place] = past_target.get(place, 0) + contact.has_missed("target")
            oldest[place] = min(oldest.get(place, contact.arrived_ms), contact.arrived_ms)
        if contact.due_ms and not contact.heard:
            unanswered[place] = min(unanswered.get(place, contact.arrived_ms), contact.arrived_ms)
    return DeskNow(
        desk_id,
        waiting,
        oldest,
        past_target,
        unanswered,
        states,
        {state: tuple(sorted(found)) for state, found in deadlines.items()},
        tuple(sorted(live.due.values())),
        {state: agents for state, agents in live.at_work.items() if agents},
        live.overloaded,
        dict(live.changes),
    )
