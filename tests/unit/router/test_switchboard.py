"""Who is told of a record, how far a reader may be behind, and what is remembered for one who comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from services.contract import facts as f
from services.router.serving import switchboard
from services.router.serving.switchboard import Feed, Switchboard
from services.router.tail import DecisionTail
from services.router.verdict import Verdict
from services.runtime.rpc import Refusal
from tests.unit.router.world import DESK, World, agent, chat, desk

BREAK, AVAILABLE = f.Presence.BREAK, f.Presence.AVAILABLE


class FakeTail:
    """Tells a world's records as a tail does."""

    partitions = 1

    def __init__(self, world: World) -> None:
        self.world, self.told = world, len(world.records)
        self.start = world.state
        self.listener: Callable[[Verdict], None] = lambda _: None

    def state(self, partition: int) -> Any:
        return self.world.state

    def next_offset(self, partition: int) -> int:
        return len(self.world.records)

    def listen(self, listener: Callable[[Verdict], None]) -> Callable[[], None]:
        self.listener = listener
        return lambda: None

    def tell(self, body: Any) -> int:
        """Decides a fact and tells its record; answers the offset."""
        before = self.world.state
        record = self.world.tell(body)
        offset = len(self.world.records) - 1
        self.listener(Verdict(0, offset, record, True, self.world.state, before))
        return offset


def running(*names: str) -> tuple[FakeTail, Switchboard]:
    return running_world(World(desk(*(agent(name) for name in names))))


def running_world(world: World) -> tuple[FakeTail, Switchboard]:
    tail = FakeTail(world)
    return tail, Switchboard(cast(DecisionTail, tail))


def waiting(feed: Feed) -> list[int]:
    return [told.offset for told, _ in feed._waiting]


def test_an_agent_is_told_what_concerns_it_and_a_watcher_everything() -> None:
    tail, board = running("A", "B")
    with (
        board.agent(DESK, "A", records_max=10) as a,
        board.agent(DESK, "B", records_max=10) as b,
        board.desk(DESK, records_max=10) as everything,
        board.desk("another", records_max=10) as nothing,
    ):
        first = tail.tell(f.AgentSignedIn(agent_id="A"))
        second = tail.tell(chat("c"))
        third = tail.tell(f.AgentSignedIn(agent_id="B"))
        assert waiting(a) == [first, second]
        assert waiting(b) == [third]
        assert waiting(everything) == [first, second, third]
        assert waiting(nothing) == []
        assert board.sessions == 2
    assert board.sessions == 0
    tail.tell(f.AgentStateChanged(agent_id="A", presence=BREAK))
    assert waiting(a) == [first, second]


def test_who_leaves_by_an_error_leaves_nothing_behind() -> None:
    _, board = running("A")
    for listed in (board.agent(DESK, "A", records_max=1), board.desk(DESK, records_max=1)):
        with pytest.raises(ConnectionError), listed:
            raise ConnectionError
    assert (board._agents, board._watchers) == ({DESK: {}}, {})


async def test_a_reader_who_is_too_far_behind_is_ended_and_what_it_left_is_freed() -> None:
    tail, board = running("A")
    ended: list[Refusal] = []
    with board.agent(DESK, "A", records_max=2) as feed:
        feed.on_end = ended.append
        for presence in (AVAILABLE, BREAK, AVAILABLE, BREAK):
            tail.tell(f.AgentStateChanged(agent_id="A", presence=presence))
        assert [refusal.reason for refusal in ended] == ["TOO_SLOW"]
        assert waiting(feed) == []
        with pytest.raises(Refusal, match="2 decisions behind"):
            await feed.next()


async def test_all_readers_are_sent_away_when_the_process_stops_also_those_who_come_late() -> None:
    _, board = running("A")
    with board.agent(DESK, "A", records_max=2) as a, board.desk(DESK, records_max=2) as watcher:
        board.leave()
        with board.agent(DESK, "A", records_max=2) as late:
            for feed in (a, watcher, late):
                with pytest.raises(Refusal) as raised:
                    await feed.next()
                assert raised.value.reason == "GOING_AWAY"


def test_what_an_agent_missed_is_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switchboard, "RECORDS_REMEMBERED", 3)
    tail = FakeTail(World())
    board = Switchboard(cast(DecisionTail, tail))
    tail.listener(Verdict(0, 0, tail.world.records[0], True, tail.world.state, tail.world.state))
    tail.tell(f.DeskConfigured(desk=desk(agent("A"), agent("B"))))
    offsets = [
        tail.tell(f.AgentStateChanged(agent_id=name, presence=presence))
        for name, presence in zip("ABABA", (BREAK, BREAK, AVAILABLE, AVAILABLE, BREAK), strict=True)
    ]
    missed = board.missed(0, DESK, "A", offsets[1])
    assert missed is not None and [told.offset for told in missed] == [offsets[2], offsets[4]]
    assert board.missed(0, DESK, "B", offsets[4]) == []
    assert board.missed(0, DESK, "A", offsets[0]) is None
    assert len(board._missed[DESK, "A"]) == 2


def test_nothing_is_remembered_of_a_log_that_was_taken_up_in_its_middle() -> None:
    tail, board = running("A")
    assert board.missed(0, DESK, "A", 1) is None
    offset = tail.tell(f.AgentSignedIn(agent_id="A"))
    assert board.missed(0, DESK, "A", offset - 1) is None
    assert board.missed(0, DESK, "A", offset) == []
