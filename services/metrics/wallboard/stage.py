"""One frame for all viewers of a desk, at most so many a second; a viewer who is slow gets the newest, never a queue.

While nobody watches, nothing is computed. A frame that says nothing new is sent every few seconds only, so that a
browser can tell a quiet desk from a connection that is gone. Memory is bounded by the viewers: each has at most one
frame on its way, and who has not taken it for too long is shown out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import structlog

from services.metrics.wallboard.frame import Frame, encode
from services.runtime.observe import frames_of

BEAT_SECONDS = 5.0
"""A frame is sent after that long even if nothing is new."""
SHARE_MAX = 0.05
"""Of the loop's time, for frames of however many desks."""
LAGGING_SECONDS_MAX = 30.0
"""Whoever has not taken a frame for that long is shown out."""

log = structlog.get_logger()


class Viewer(Protocol):
    """A browser, as the stage sees it."""

    desk: str

    def ready(self) -> bool:
        """Whether the frame before has gone out."""
        ...

    async def send(self, event: bytes) -> None:
        """Sends without waiting, as it is ready. Raises ConnectionError when it is gone."""
        ...

    def end(self) -> None:
        """Ends it; it may come again."""
        ...


@dataclass
class Scene:
    """What the viewers of one desk see."""

    event: bytes
    frame: Frame
    sent_at: float


@dataclass
class Stage:
    """Run `run`; viewers `enter` and `leave`. `frame` makes the frame of a desk, `now` is monotonic seconds."""

    frame: Callable[[str], Frame]
    viewers_max: int
    frame_seconds: float
    now: Callable[[], float]
    _viewers: dict[Viewer, float] = field(default_factory=dict)
    """Since when each is owed a frame; 0 when it is owed none."""
    _scenes: dict[str, Scene] = field(default_factory=dict)
    _some: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    @property
    def full(self) -> bool:
        return len(self._viewers) >= self.viewers_max

    async def enter(self, viewer: Viewer) -> bool:
        """Takes a viewer in and shows it the desk at once; False when the house is full."""
        if self.full:
            return False
        self._viewers[viewer] = 0.0
        self._some.set()
        scene = self._scenes.get(viewer.desk)
        if scene is None:
            scene = self._scenes[viewer.desk] = self._scene(viewer.desk)
        elif self.now() - scene.sent_at >= self.frame_seconds:
            scene = self._scene(viewer.desk)  # not remembered: the others have not seen it
        await self._show(viewer, scene.event)
        return True

    def leave(self, viewer: Viewer) -> None:
        self._viewers.pop(viewer, None)
        if not self._viewers:
            self._some.clear()
            self._scenes.clear()

    async def run(self) -> None:
        """Shows frames until cancelled, more seldom where they take long to make: folding comes first."""
        spent = 0.0
        while True:
            await self._some.wait()
            await asyncio.sleep(max(self.frame_seconds, spent * (1 / SHARE_MAX - 1)))
            began = self.now()
            try:
                await self.tick()
            except Exception as error:  # metrics goes on; browsers say that what they show is old
                log.error("wallboard_frame_failed", error=type(error).__name__, frames=frames_of(error))
            spent = self.now() - began

    async def tick(self) -> None:
        """One frame for each desk that is watched, where it says something new or the beat is due."""
        watched = {viewer.desk for viewer in self._viewers}
        for desk in set(self._scenes) - watched:
            del self._scenes[desk]
        for desk in watched:
            before, after = self._scenes.get(desk), self._scene(desk)
            if (
                before is None
                or _news(before.frame, after.frame)
                or after.sent_at - before.sent_at >= BEAT_SECONDS
            ):
                self._scenes[desk] = after
                for viewer in [one for one in self._viewers if one.desk == desk]:
                    await self._show(viewer, after.event)

    def _scene(self, desk: str) -> Scene:
        frame = self.frame(desk)
        return Scene(b"data: " + encode(frame) + b"\n\n", frame, self.now())

    async def _show(self, viewer: Viewer, event: bytes) -> None:
        if not viewer.ready():
            owed_since = self._viewers.get(viewer) or self.now()
            self._viewers[viewer] = owed_since
            if self.now() - owed_since > LAGGING_SECONDS_MAX:
                self._end(viewer)
            return
        try:
            await viewer.send(event)
        except ConnectionError:
            self._end(viewer)
        except Exception as error:  # one broken viewer must not end the others
            log.error("wallboard_viewer_failed", error=type(error).__name__, frames=frames_of(error))
            self._end(viewer)
        else:
            if viewer in self._viewers:
                self._viewers[viewer] = 0.0

    def _end(self, viewer: Viewer) -> None:
        self.leave(viewer)
        viewer.end()


def _news(before: Frame, after: Frame) -> bool:
    """True when more than the time has moved on."""
    return before != msgspec.structs.replace(after, now_ms=before.now_ms)
