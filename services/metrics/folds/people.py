"""Agents' time by what they do, overload, marks of changes, topics: measures of a desk as a whole (operations.md 1.2).

Time is accrued at every record of the desk and every heartbeat, never when a state ends: a call of forty minutes is
booked minute by minute. An agent is in one state at a time, so parallel chats cannot add up to more than the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.contract.decisions import ChangeNoted, Closed, OverloadBegan, Resolved
from services.metrics.desk_measures import AGENT_TIME, BY_TOPIC, CHANGES, OVERFLOW
from services.metrics.folds.scene import Scene
from services.metrics.folds.totals import Move, Series, count_desk, total
from services.metrics.live import LiveDesk


def accrued(live: LiveDesk, desk_id: str, duration_ms: int) -> Iterator[Move]:
    """What `duration_ms` adds with the agents as they are."""
    for state, agents in live.at_work.items():
        if agents:
            yield count_desk(AGENT_TIME, desk_id, state, amount=agents * duration_ms)


def overloaded(event: OverloadBegan, scene: Scene) -> Iterator[Move]:
    del event
    yield count_desk(OVERFLOW, scene.desk.desk_id)


def changed(event: ChangeNoted, scene: Scene) -> Iterator[Move]:
    del event
    yield count_desk(CHANGES, scene.desk.desk_id)


def ended(event: Resolved | Closed, scene: Scene) -> Iterator[Move]:
    tally = event.tally
    if tally is not None and tally.handled:
        yield count_desk(BY_TOPIC, scene.desk.desk_id, scene.desk.topic(tally.topic_id))


def result(totals: Mapping[Series, int]) -> dict[str, int]:
    """The parts of GetKpis that speak of people; durations in milliseconds of agents."""
    return {
        **{f"agents_{state}_ms": total(totals, AGENT_TIME, state=state) for state in _TOLD},
        "overloads": total(totals, OVERFLOW),
        "changes": total(totals, CHANGES),
    }


_TOLD = ("contact", "wrapup", "idle", "ringing")
