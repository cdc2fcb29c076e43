"""The HTTP side of intake: bounded bodies, the provider's own reply, and no answer before the durable append.

unknown path        404; a slash behind a known one changes nothing
body too long       413, a dead letter without the body; nobody has verified it, so only a few a minute
body cut or slow    400 or 408, counted
body compressed     415, counted: signatures are over what was sent, no provider compresses, and a bomb stays closed
wrong signature     the provider's reply (403), nothing published
log away, busy      503 with Retry-After: the provider repeats, the facts' ids make that safe
not readable now    the same: what it cannot be read without could not be fetched
all else            the provider's reply, whatever could not be read is a dead letter
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog
from aiohttp import ClientPayloadError, HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError

from services.intake.again import with_request
from services.intake.canonical import Delivery, Problem
from services.intake.channels.adapter import Adapter, no_nonce
from services.intake.gather import Gatherer
from services.intake.interpret import Interpreted, Interpreter
from services.intake.measures import Measures
from services.intake.publish import Publisher
from services.intake.replays import TAKEN, TURNED_AWAY, UNDER_WAY, ReplayGuard
from services.intake.settings import IntakeSettings
from services.intake.taking import RETRY_SECONDS, Away, Taker
from services.intake.unverified import UnverifiedLetters
from services.runtime.clock import Clock
from services.runtime.log import LogError
from services.runtime.observe import frames_of

CHUNK_BYTES = 64 * 1024
HEALTH_PATH = "/healthz"
_METHODS = ("GET", "POST")
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

log = structlog.get_logger()


class NotRead(Exception):
    """The body did not come as it should; `status` and `verdict` say how."""

    def __init__(self, status: int, verdict: str, text: str) -> None:
        super().__init__(text)
        self.status, self.verdict, self.text = status, verdict, text


@dataclass
class Hooks:
    """The handlers; one per process."""

    settings: IntakeSettings
    interpreter: Interpreter
    taker: Taker
    publisher: Publisher
    measures: Measures
    clock: Clock
    gatherer: Gatherer
    paths: Mapping[str, Adapter]
    in_flight: int = 0
    bytes_in_flight: int = field(default=0)
    unverified: UnverifiedLetters = field(default_factory=UnverifiedLetters)
    replays: ReplayGuard = field(default_factory=ReplayGuard)

    def entrance(self) -> Handler:
        """What answers a request, by its path and method; it starts and connects nothing."""
        handlers: dict[str, Handler] = {}
        for path, adapter in self.paths.items():
            # With a slash too, as people write it; a signed URL counts as the provider was given it.
            handlers[path] = handlers[path + "/"] = self._handler(path, adapter)
        return _Entrance(handlers).answer

    def _handler(self, path: str, adapter: Adapter) -> Handler:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            began = time.perf_counter()
            self.in_flight += 1
            try:
                return await self._hook(path, adapter, request)
            except NotRead as error:
                self.measures.deliveries.labels(adapter.source, error.verdict).inc()
                log.warning("delivery_not_read", provider=adapter.source, verdict=error.verdict)
                return _plain(error.status, error.text)
            except Exception:
                self.measures.deliveries.labels(adapter.source, "failed").inc()
                raise
            finally:
                self.in_flight -= 1
                self.measures.seconds.labels(adapter.source).observe(time.perf_counter() - began)

        return handle

    async def _hook(self, path: str, adapter: Adapter, request: web.BaseRequest) -> web.StreamResponse:
        if self.in_flight > self.settings.deliveries_in_flight_max:
            raise NotRead(503, "busy", "too many deliveries at once; come back soon")
        body = bytearray()
        try:
            await self._read(adapter, request, body)
            delivery = Delivery.of(
                request.method,
                self._public_url(request),
                request.headers.items(),
                bytes(body),
                self.clock.now_ms(),
            )
            delivery = await self.gatherer.completed(adapter, delivery)
            found = await self._taken(path, adapter, delivery)
        except Away:
            return _plain(503, "not stored; come back soon")
        finally:
            self.bytes_in_flight -= len(body)
        reply = adapter.refused if found is None else found.reading.reply
        response = web.Response(
            status=reply.status,
            text=reply.body,
            content_type=reply.content_type,
            charset="utf-8",
            headers={"X-Content-Type-Options": "nosniff", **_retry_after(reply.status)},
        )
        if found is not None and found.reading.follow:
            _nameless(response)
            await response.prepare(request)
            await response.write_eof()
            self.gatherer.follow(found.reading.follow)
        return response

    def _read_by(self, path: str, adapter: Adapter, delivery: Delivery) -> Interpreted:
        found = self.interpreter.webhook(adapter, delivery)
        return with_request(path, adapter, delivery, self.interpreter.known, found)

    async def _taken(self, path: str, adapter: Adapter, delivery: Delivery) -> Interpreted | None:
        """What the delivery came to; None for a replay. Raises Away."""
        nonce = adapter.nonce_of(delivery) if adapter.nonce is not no_nonce else ""
        with self.replays.passing(adapter.source, nonce, delivery.received_at_ms) as passage:
            if passage.found == TAKEN:
                self.measures.deliveries.labels(adapter.source, "refused").inc()
                log.warning("delivery_replayed", provider=adapter.source)
                return None
            if passage.found == UNDER_WAY:
                raise NotRead(503, "busy", "the same delivery is under way; come back soon")
            if passage.first_at_ms != delivery.received_at_ms:
                delivery = replace(delivery, received_at_ms=passage.first_at_ms)
            try:
                found = await self.taker.take(
                    adapter.source,
                    delivery.body,
                    lambda: self._read_by(path, adapter, delivery),
                )
            except Away:  # only what is genuine has anything to store
                passage.became = TURNED_AWAY
                raise
            if found.reading.verdict.signature_valid:
                passage.became = TAKEN if found.reading.reply.status < 500 else TURNED_AWAY
        return found

    async def _read(self, adapter: Adapter, request: web.BaseRequest, body: bytearray) -> None:
        """Reads the raw body into `body`, within the bounds of size, time and memory; raises NotRead."""
        if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise NotRead(415, "encoded", "send the body as it is, without a content encoding")
        if (request.content_length or 0) > self.settings.body_bytes_max:
            await self._too_large(adapter)
        if request.content.is_eof() and request.content.exception() is None:
            # It came whole with its head, as most do: nothing to wait for.
            await self._keep(adapter, body, request.content.read_nowait(-1))
            return
        try:
            async with asyncio.timeout(self.settings.body_seconds_max):
                async for chunk in request.content.iter_chunked(CHUNK_BYTES):
                    await self._keep(adapter, body, chunk)
        except TimeoutError:
            raise NotRead(408, "too_slow", "the body took too long") from None
        except (ClientPayloadError, ConnectionError, web.RequestPayloadError, HttpProcessingError):
            raise NotRead(400, "truncated", "the body ends too early or cannot be decoded") from None

    async def _keep(self, adapter: Adapter, body: bytearray, chunk: bytes) -> None:
        """Adds a piece to the body; raises NotRead for what is too long by itself, or with all others."""
        body += chunk
        self.bytes_in_flight += len(chunk)
        if len(body) > self.settings.body_bytes_max:
            await self._too_large(adapter)
        if self.bytes_in_flight > self.settings.bytes_in_flight_max:
            raise NotRead(503, "busy", "too much at once; come back soon")

    async def _too_large(self, adapter: Adapter) -> None:
        text = f"the body is longer than {self.settings.body_bytes_max} bytes"
        now_ms = self.clock.now_ms()
        if self.unverified.allow(adapter.source, now_ms):
            try:
                await self.publisher.letter(adapter.source, Problem("too_large", text, b""), now_ms=now_ms)
            except LogError:
                log.warning("dead_letter_lost", provider=adapter.source, reason="too_large")
        raise NotRead(413, "too_large", text)

    def _public_url(self, request: web.BaseRequest) -> str:
        """The URL as the provider knows it, the query as sent: it may be part of the signature."""
        base = self.settings.public_url or f"{request.scheme}://{request.host}"
        return base + request.raw_path


class _Entrance:
    """Which handler a request is for. The HTTP library's own router and middlewares cost a third more CPU a request."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer; for what nobody foresaw 500, without a word of the delivery in the answer or in the log."""
        path = request.path
        handler = self._handlers.get(path)
        try:
            if "Expect" in request.headers and not await _expected(request):
                response: web.StreamResponse = _plain(417, "unknown expectation")
            elif handler is not None and request.method in _METHODS:
                response = await handler(request)
            elif path == HEALTH_PATH and request.method == "GET":
                response = _plain(200, "alive")
            elif handler is not None or path == HEALTH_PATH:
                response = _plain(405, "this path does not take the method")
                response.headers["Allow"] = ",".join(_METHODS) if handler is not None else "GET"
            else:
                response = _plain(404, "no such path")
        except web.HTTPException:
            raise
        except Exception as error:
            log.error(
                "delivery_failed",
                error=type(error).__name__,
                frames=frames_of(error),
                path_known=handler is not None,
            )
            response = _plain(500, "internal error")
        if not response.prepared:
            _nameless(response)
        return response


async def _expected(request: web.BaseRequest) -> bool:
    """Tells a client that asks first to go on (RFC 9110 10.1.1); False when it asks for something else."""
    if request.version != HttpVersion11:
        return True
    if request.headers["Expect"].lower() != "100-continue":
        return False
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0
    return True


def _nameless(response: web.StreamResponse) -> None:
    """Nobody outside needs to know which versions answer."""
    response.headers["Server"] = "Frontdesk"


def _plain(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text + "\n", headers=_retry_after(status))


def _retry_after(status: int) -> dict[str, str]:
    return {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
