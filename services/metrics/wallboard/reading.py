"""Reads the board for the wallboard. Runs on the event loop, which owns the board, and keeps nothing of a contact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.contract.topics import partition_of
from services.metrics.folds.scene import DeskView
from services.metrics.ledger import NO_DESK
from services.metrics.now import DeskNow, Place, now_of
from services.metrics.store import Board
from services.metrics.wallboard.counts import Quarters
from services.metrics.wallboard.days import Day
from services.metrics.wallboard.frame import Line
from services.metrics.wallboard.view import Reading


def read(board: Board, quarters: Quarters, desk_id: str, days: Sequence[Day]) -> Reading:
    """The desk as it stands; an empty `desk_id` means the only desk, or all of them together."""
    desks = sorted({desk for ledger in board.ledgers.values() for desk in ledger.desks if desk != NO_DESK})
    if not desk_id and len(desks) == 1 and len(board.ledgers) == board.partitions:
        desk_id = desks[0]
    state = _state(board, desk_id, desks)
    if state != "live":
        return Reading(state, desk_id, desks)
    if desk_id:
        ledgers = [board.ledgers[partition_of(desk_id, board.partitions)]]
    else:
        ledgers = list(board.ledgers.values())
    standing = [
        (ledger.desks[desk], now_of(desk, ledger.live[desk]))
        for ledger in ledgers
        for desk in ([desk_id] if desk_id else sorted(ledger.live))
    ]
    return Reading(
        state,
        desk_id,
        desks,
        max((ledger.watermark_ms for ledger in ledgers), default=0),
        lines(standing),
        agents(standing),
        any(now.overloaded for _, now in standing),
        len(board.ledgers) < board.partitions and not desk_id,
        any(ledger.heartbeat_ms for ledger in ledgers),
        quarters.of(ledgers, desk_id, days),
        board.oldest_quarter(desk_id),
    )


def _state(board: Board, desk_id: str, desks: Sequence[str]) -> str:
    if not board.ledgers:
        return "recovering"
    if desk_id:
        missing = board.missing(desk_id)
        if any(partition not in board.ledgers for partition in missing):
            return "elsewhere"
    else:
        missing = frozenset(board.ledgers) & board.missing(desk_id)
    if missing:
        return "recovering"
    return "live" if (desk_id in desks if desk_id else desks) else "unconfigured"


def lines(standing: Iterable[tuple[DeskView, DeskNow]]) -> list[Line]:
    """Every queue of the configurations in force by each of its channels, and whoever waits elsewhere."""
    found: dict[Place, Line] = {}
    for view, now in standing:
        for place in dict.fromkeys((*view.pairs, *now.waiting)):
            channel, queue = place
            before = found.get(place) or Line(queue, channel)
            oldest = [at_ms for at_ms in (before.oldest_since_ms, now.oldest_ms.get(place, 0)) if at_ms]
            found[place] = Line(
                queue,
                channel,
                before.waiting + now.waiting.get(place, 0),
                before.past_promise + now.past_target.get(place, 0),
                min(oldest, default=0),
            )
    return list(found.values())


def agents(standing: Iterable[tuple[DeskView, DeskNow]]) -> dict[str, int]:
    """Agents at work by state."""
    found: dict[str, int] = {}
    for _, now in standing:
        for state, amount in now.agents.items():
            found[state] = found.get(state, 0) + amount
    return found
