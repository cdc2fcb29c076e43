"""The composition root of the wallboard: wires it to a board, connects nothing by itself."""

from __future__ import annotations

import asyncio
import time

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from services.metrics.store import Board
from services.metrics.wallboard.assets import Assets
from services.metrics.wallboard.counts import Quarters
from services.metrics.wallboard.doors import Doors
from services.metrics.wallboard.frame import Frame
from services.metrics.wallboard.reading import read
from services.metrics.wallboard.settings import WallboardSettings
from services.metrics.wallboard.stage import Stage
from services.metrics.wallboard.view import Times, frame_of
from services.runtime.clock import Clock
from services.runtime.ending import ended
from services.runtime.front_door import FrontDoor

SPARE_CONNECTIONS = 50
"""Connections beside the viewers: for the page's own files, and to tell the next one that the house is full."""
DESKS_REMEMBERED_MAX = 50
LOOPBACK = ("127.0.0.1", "::1", "localhost")

log = structlog.get_logger()


class Frames:
    """Makes frames of a board; remembers the sums of quarter hours that are over, for the desks last asked for."""

    def __init__(self, settings: WallboardSettings, board: Board, clock: Clock, assets: str) -> None:
        self._settings, self._board, self._clock, self._assets = settings, board, clock, assets
        self._quarters: dict[str, Quarters] = {}

    def frame(self, desk_id: str) -> Frame:
        times = Times(self._clock.now_ms(), self._settings.time_zone, self._clock.rate, self._settings.weeks)
        quarters = self._quarters.pop(desk_id, None) or Quarters()
        self._quarters[desk_id] = quarters
        if len(self._quarters) > DESKS_REMEMBERED_MAX:
            del self._quarters[next(iter(self._quarters))]
        reading = read(self._board, quarters, desk_id, [times.today, *times.before])
        return frame_of(reading, times, assets=self._assets)


class Wallboard:
    """A wallboard: `open` it once metrics is built, `close` it before."""

    def __init__(
        self,
        settings: WallboardSettings,
        *,
        board: Board,
        clock: Clock,
        registry: CollectorRegistry,
        assets: Assets | None = None,
    ) -> None:
        assets = assets or Assets.load()
        frames = Frames(settings, board, clock, assets.version)
        self._settings = settings
        self.port = settings.port
        self.stage = Stage(frames.frame, settings.viewers_max, settings.frame_ms / 1000, time.monotonic)
        self._doors = Doors(assets, self.stage, settings.tokens, frames.frame)
        Gauge(
            "frontdesk_wallboard_viewers",
            "Browsers that watch the wallboard of this process now.",
            registry=registry,
        ).set_function(lambda: self.stage.viewers)
        ended = Counter(
            "frontdesk_wallboard_connections_ended",
            "Connections that the wallboard ended: too slow, displaced by newer ones in a full house, or refused.",
            ("reason",),
            registry=registry,
        )
        for reason in ("too_slow", "displaced", "refused"):
            ended.labels(reason)
        self._front = FrontDoor(self._doors.answer, ended, settings.viewers_max + SPARE_CONNECTIONS)
        self._showing: asyncio.Task[None] | None = None

    async def open(self, host: str) -> int:
        """Listens; answers the port. Raises OSError."""
        port = await self._front.open(host, self._settings.port)
        self._showing = asyncio.create_task(self.stage.run())
        if host not in LOOPBACK and not self._settings.tokens:
            log.warning(
                "wallboard_without_token", mend="set FRONTDESK_WALLBOARD_TOKENS, or let only a proxy reach it"
            )
        return port

    async def close(self) -> None:
        """Shows everybody out."""
        self._doors.close()
        if self._showing is not None:
            await ended(self._showing)
        await self._front.close()
