"""One frame for all viewers; a slow viewer costs nobody anything, and a broken one ends alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import msgspec
import pytest

from services.metrics.wallboard.frame import Frame
from services.metrics.wallboard.stage import BEAT_SECONDS, LAGGING_SECONDS_MAX, Stage


@dataclass(eq=False)
class Watcher:
    desk: str = "acme"
    is_ready: bool = True
    breaks: Exception | None = None
    got: list[bytes] = field(default_factory=list)
    ended: bool = False

    def ready(self) -> bool:
        return self.is_ready

    async def send(self, event: bytes) -> None:
        if self.breaks is not None:
            raise self.breaks
        self.got.append(event)

    def end(self) -> None:
        self.ended = True


@dataclass
class World:
    """A board that changes when told, and a clock that moves when told."""

    seconds: float = 100.0
    decided: int = 0
    made: list[str] = field(default_factory=list)

    def frame(self, desk: str) -> Frame:
        self.made.append(desk)
        return Frame(1, "a", "live", desk, [desk], int(self.seconds * 1000), 1.0, self.decided, 0, 1, "UTC")

    def stage(self, viewers_max: int = 10) -> Stage:
        return Stage(self.frame, viewers_max, 1.0, lambda: self.seconds)


async def entered(stage: Stage, *watchers: Watcher) -> None:
    for watcher in watchers:
        assert await stage.enter(watcher)


async def test_who_enters_is_shown_the_desk_at_once() -> None:
    world, watcher = World(), Watcher()
    await entered(world.stage(), watcher)
    assert len(watcher.got) == 1
    assert watcher.got[0].startswith(b"data: {") and watcher.got[0].endswith(b"}\n\n")
    assert msgspec.json.decode(watcher.got[0][6:])["desk"] == "acme"


async def test_a_frame_is_made_once_for_all_viewers_of_a_desk() -> None:
    world = World()
    stage = world.stage()
    watchers = [Watcher() for _ in range(5)]
    await entered(stage, *watchers)
    world.seconds += 1
    world.decided += 1
    await stage.tick()
    assert world.made == ["acme", "acme"]
    assert len({watcher.got[-1] for watcher in watchers}) == 1
    assert [len(watcher.got) for watcher in watchers] == [2] * 5


async def test_who_enters_later_keeps_no_news_from_the_others() -> None:
    world, first, second = World(), Watcher(), Watcher()
    stage = world.stage()
    await entered(stage, first)
    world.seconds += 1
    world.decided += 1
    await entered(stage, second)
    await stage.tick()
    assert [msgspec.json.decode(event[6:])["watermark_ms"] for event in first.got] == [0, 1]


async def test_frames_that_take_long_to_make_come_more_seldom() -> None:
    """A tenth of a second each leaves 1.9 s for folding, as a twentieth of the time is theirs."""
    world, watcher = World(), Watcher()

    def slow(desk: str) -> Frame:
        world.seconds += 0.1
        return world.frame(desk)

    stage, slept = Stage(slow, 10, 1.0, lambda: world.seconds), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    await entered(stage, watcher)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(asyncio.CancelledError):
        patch.setattr("services.metrics.wallboard.stage.asyncio.sleep", sleep)
        await stage.run()
    assert slept == pytest.approx([1.0, 1.9, 1.9])


async def test_what_says_nothing_new_is_sent_as_a_beat_only() -> None:
    world, watcher = World(), Watcher()
    stage = world.stage()
    await entered(stage, watcher)
    for _ in range(int(BEAT_SECONDS) - 1):
        world.seconds += 1
        await stage.tick()
    assert len(watcher.got) == 1
    world.seconds += 1
    await stage.tick()
    assert len(watcher.got) == 2


async def test_desks_that_nobody_watches_are_not_computed() -> None:
    world, acme, beta = World(), Watcher("acme"), Watcher("beta")
    stage = world.stage()
    await entered(stage, acme, beta)
    stage.leave(acme)
    world.made.clear()
    await stage.tick()
    assert world.made == ["beta"]
    stage.leave(beta)
    world.made.clear()
    await stage.tick()
    assert world.made == []


async def test_a_slow_viewer_misses_frames_and_then_gets_the_newest() -> None:
    world, slow = World(), Watcher()
    stage = world.stage()
    await entered(stage, slow)
    slow.is_ready = False
    for _ in range(3):
        world.seconds += 1
        world.decided += 1
        await stage.tick()
    assert len(slow.got) == 1
    slow.is_ready = True
    world.seconds += 1
    world.decided += 1
    await stage.tick()
    assert [msgspec.json.decode(event[6:])["watermark_ms"] for event in slow.got] == [0, 4]


async def test_a_viewer_who_takes_nothing_for_too_long_is_shown_out() -> None:
    world, stuck, well = World(), Watcher(), Watcher()
    stage = world.stage()
    await entered(stage, stuck, well)
    stuck.is_ready = False
    for _ in range(int(LAGGING_SECONDS_MAX) + 2):
        world.seconds += 1
        world.decided += 1
        await stage.tick()
    assert stuck.ended and not well.ended
    assert stage.viewers == 1


@pytest.mark.parametrize("error", [ConnectionResetError(), RuntimeError("bug")])
async def test_a_viewer_that_breaks_ends_alone(error: Exception) -> None:
    world, broken, well = World(), Watcher(), Watcher()
    stage = world.stage()
    await entered(stage, broken, well)
    broken.breaks = error
    world.seconds += 1
    world.decided += 1
    await stage.tick()
    assert broken.ended and len(well.got) == 2
    assert stage.viewers == 1


async def test_a_full_house_takes_nobody_in() -> None:
    stage = World().stage(viewers_max=2)
    await entered(stage, Watcher(), Watcher())
    assert not await stage.enter(Watcher())
    assert stage.viewers == 2


async def test_a_frame_that_cannot_be_made_does_not_end_the_stage() -> None:
    world, watcher = World(), Watcher()
    stage = Stage(world.frame, 10, 0.001, lambda: world.seconds)
    await entered(stage, watcher)
    whole, failures = world.frame, 0

    def failing(desk: str) -> Frame:
        nonlocal failures
        failures += 1
        if failures < 3:
            raise ValueError("bug")
        world.decided += 1
        return whole(desk)

    stage.frame = failing
    running = asyncio.create_task(stage.run())
    async with asyncio.timeout(30):
        while len(watcher.got) < 2:
            await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert failures >= 3
