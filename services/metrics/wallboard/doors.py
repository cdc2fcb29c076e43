"""The HTTP side of the wallboard: the page, its frames, and who may see them.

/                  the page; /wallboard.css, /wallboard.js, /icon.svg: all that it loads
/frames?desk=ID    frames as server-sent events, for as long as somebody listens
/frame?desk=ID     one frame, as JSON
/healthz           alive

The page itself says nothing of a desk, so it needs no token; frames do where tokens are set. A full house answers 503.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Sequence

import structlog
from aiohttp import web

from services.metrics.wallboard.assets import Assets
from services.metrics.wallboard.frame import Frame, encode
from services.metrics.wallboard.stage import Stage
from services.runtime.observe import frames_of
from services.runtime.settings import Secret

DESK_ID_LENGTH_MAX = 200
RETRY_SECONDS = 15
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Server": "Frontdesk",
}

log = structlog.get_logger()


class Browser:
    """One connection that is shown frames."""

    def __init__(self, desk: str, transport: asyncio.Transport, response: web.StreamResponse) -> None:
        self.desk, self._transport, self._response = desk, transport, response
        self.gone = asyncio.Event()

    def ready(self) -> bool:
        return self._transport.get_write_buffer_size() == 0

    async def send(self, event: bytes) -> None:
        await self._response.write(event)

    def end(self) -> None:
        if not self.ready():
            self._transport.abort()  # what it has not taken, it will not take any more
        self.gone.set()


class Doors:
    """Answers requests; it starts and connects nothing."""

    def __init__(
        self, assets: Assets, stage: Stage, tokens: Sequence[Secret], frame: Callable[[str], Frame]
    ) -> None:
        self._assets, self._stage, self._frame = assets, stage, frame
        self._tokens = [token.encode() for token in tokens]
        self._closing = False
        self._browsers: set[Browser] = set()

    def close(self) -> None:
        """Ends all that is shown; browsers come again by themselves."""
        self._closing = True
        for browser in self._browsers:
            browser.end()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer; for what nobody foresaw 500, without a word of why."""
        try:
            response = await self._answer(request)
        except ConnectionError:
            raise
        except Exception as error:
            log.error("wallboard_request_failed", error=type(error).__name__, frames=frames_of(error))
            response = _plain(500, "internal error")
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if request.method not in ("GET", "HEAD"):
            return _plain(405, "look, do not touch", Allow="GET, HEAD")
        if path in self._assets.by_path:
            return self._asset(request)
        if path == "/healthz":
            return _plain(200, "alive")
        if path not in ("/frame", "/frames"):
            return _plain(404, "no such page; the wallboard is at /")
        if not self._admitted(request):
            return _plain(401, "a token is needed", **{"WWW-Authenticate": "Bearer"})
        desk = request.query.get("desk", "")
        if len(desk) > DESK_ID_LENGTH_MAX:
            return _plain(400, f"desk must have at most {DESK_ID_LENGTH_MAX} characters")
        if path == "/frame" or request.method == "HEAD":
            body = encode(self._frame(desk))
            return web.Response(
                body=body, content_type="application/json", headers={"Cache-Control": "no-store"}
            )
        return await self._frames(request, desk)

    def _asset(self, request: web.BaseRequest) -> web.Response:
        asset = self._assets.by_path[request.path]
        headers = {"Cache-Control": "no-cache", "ETag": asset.etag}
        if request.headers.get("If-None-Match") == asset.etag:
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=asset.body, content_type=asset.content_type, charset="utf-8", headers=headers
        )

    def _admitted(self, request: web.BaseRequest) -> bool:
        if not self._tokens:
            return True
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        offered = given.strip().encode("utf-8", "surrogateescape")
        right = [hmac.compare_digest(offered, token) for token in self._tokens]
        return scheme.lower() == "bearer" and any(right)

    async def _frames(self, request: web.BaseRequest, desk: str) -> web.StreamResponse:
        transport = request.transport
        if self._closing or self._stage.full or transport is None:
            return _plain(503, "too many viewers; come back soon", **{"Retry-After": str(RETRY_SECONDS)})
        response = web.StreamResponse(
            headers={**HEADERS, "Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        browser = Browser(desk, transport, response)
        self._browsers.add(browser)
        try:
            if await self._stage.enter(browser):
                await browser.gone.wait()
        finally:
            self._stage.leave(browser)
            self._browsers.discard(browser)
        return response


def _plain(status: int, text: str, **headers: str) -> web.Response:
    return web.Response(status=status, text=text + "\n", headers={"Cache-Control": "no-store", **headers})
