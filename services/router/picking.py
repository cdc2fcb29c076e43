"""Which waiting contact a free agent gets next (routing.md 2.5, without prices and hold).

First whoever this very agent had or was asked for by name; then the guard: waiting over three targets, oldest
first; then the dearest waiting, w times the time waited (accumulating priority: Kleinrock 1964; Stanford, Taylor
& Ziedins 2014), live work before deferrable work that is not urgent yet (2.6). Waiting grows without bound, so
nobody starves. Only heads compete: the cost grows with the classes that the agent may not take, not with the
queue.
"""

from __future__ import annotations

from services.contract.desk import DeskLimits
from services.router.model import DeskState
from services.router.waiting import Front, Kind

GUARD_TARGETS = 3
URGENT_SHARE = 0.5
"""Of its target, after which deferrable work competes with live work."""
_MINE, _GUARD, _LIVE, _DEFERRABLE = 0, 1, 2, 3


def target_ms(limits: DeskLimits, kind: Kind) -> int:
    """Target wait tau."""
    if kind is Kind.CALL:
        return limits.target_phone_ms
    return limits.target_email_ms if kind is Kind.EMAIL else limits.target_social_ms


def next_contact_id(desk: DeskState, agent_id: str, room: int, now_ms: int, *, but: str = "") -> str | None:
    """The contact that the agent should be offered, or None; ties by who waits longer, then by id."""
    best: tuple[int, float, int, str] | None = None
    for slope, front in desk.fronts.items():  # any order: the least of total keys is taken
        head = _first(desk, front, agent_id, room, but)
        if head is None:
            continue
        since_ms, contact_id = head
        waited_ms, target = now_ms - since_ms, target_ms(desk.limits, slope.kind)
        if slope.preferred == agent_id:
            key = (_MINE, 0.0, since_ms, contact_id)
        elif waited_ms > GUARD_TARGETS * target:
            key = (_GUARD, 0.0, since_ms, contact_id)
        elif slope.deferrable and waited_ms <= URGENT_SHARE * target:
            key = (_DEFERRABLE, -slope.weight * waited_ms, since_ms, contact_id)
        else:
            key = (_LIVE, -slope.weight * waited_ms, since_ms, contact_id)
        if best is None or key < best:
            best = key
    return best[3] if best is not None else None


def _first(desk: DeskState, front: Front, agent_id: str, room: int, but: str) -> tuple[int, str] | None:
    """(since when, contact) of the first head that the agent may take; inside a slope nobody behind is dearer."""
    pool_of = desk.crew.pool
    for _, since_ms, contact_id, work in front:
        if work.fit.units <= room and contact_id != but and agent_id in pool_of(work).members:
            return since_ms, contact_id
    return None
