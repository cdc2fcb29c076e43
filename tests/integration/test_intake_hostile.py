"""Hostile HTTP on real sockets: intake stays up, answers plainly, echoes nothing, and takes the next good delivery."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from services.intake.build import Intake, build
from services.intake.canonical import Delivery
from services.runtime.clock import ManualClock
from services.runtime.observe import configure_logs
from tests.unit.intake.world import PUBLIC_URL, MemoryLog, messenger, meta, needs, said, settings, sms

POST = b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\n"


class Served:
    """A running intake, reached by bare sockets."""

    def __init__(self, intake: Intake, port: int, log: MemoryLog, registry: CollectorRegistry) -> None:
        self.intake, self.port, self.log, self.registry = intake, port, log, registry

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def answer(self, data: bytes) -> bytes:
        """All that is answered to these bytes until the connection closes, or until we have waited enough."""
        reader, writer = await self.connect()
        try:
            async with asyncio.timeout(30):
                with contextlib.suppress(ConnectionError):
                    writer.write(data)
                    await writer.drain()
                return await _rest(reader)
        finally:
            writer.close()

    async def status(self, data: bytes) -> int:
        """The status of the first answer; 0 when the connection was closed without one."""
        words = (await self.answer(data)).split(b" ", 2)
        return int(words[1]) if len(words) > 1 else 0

    async def still_works(self) -> bool:
        before = len(self.log.facts)
        return (
            await self.status(request(sms(MessageSid=f"SM{before}"))) == 200
            and len(self.log.facts) == before + 1
        )

    def count(self, provider: str, verdict: str) -> float:
        labels = {"provider": provider, "verdict": verdict}
        return self.registry.get_sample_value("frontdesk_intake_deliveries_total", labels) or 0.0

    def ended(self, reason: str) -> float:
        name = "frontdesk_intake_connections_ended_total"
        return self.registry.get_sample_value(name, {"reason": reason}) or 0.0


@asynccontextmanager
async def serving(**changed: Any) -> AsyncIterator[Served]:
    registry, log = CollectorRegistry(), MemoryLog()
    intake = build(
        settings(**changed), clock=ManualClock(), appender=log, partitions=3, registry=registry, needs=needs()
    )
    port = await intake.front_door.open("127.0.0.1", 0)
    try:
        yield Served(intake, port, log, registry)
    finally:
        await intake.front_door.close()
        await intake.close()


async def _rest(reader: asyncio.StreamReader) -> bytes:
    """What still comes, also before a connection is reset."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65_536):
            found += piece
    return found


def request(delivery: Delivery, *, close: bool = True, **headers: str) -> bytes:
    """A delivery as bytes on the wire."""
    given = {**delivery.headers, "host": "x", "content-length": str(len(delivery.body)), **headers}
    if close:
        given["connection"] = "close"
    lines = [f"{delivery.method} {delivery.url.removeprefix(PUBLIC_URL)} HTTP/1.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in given.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + delivery.body


async def test_heads_that_dawdle_are_ended_and_do_not_keep_others_out() -> None:
    async with serving(http_connections_max=50) as intake:
        slow = [await intake.connect() for _ in range(50)]
        for _, writer in slow:
            writer.write(POST + b"X-A: b\r\n")
        assert await intake.still_works()  # the house was full: one that dawdled has gone
        assert intake.ended("displaced") == 1

        intake.intake.front_door.sweep(asyncio.get_running_loop().time() + 11)
        assert intake.ended("too_slow") == 49
        assert await asyncio.gather(*(_rest(reader) for reader, _ in slow)) == [b""] * 50
        assert await intake.still_works()
        for _, writer in slow:
            writer.close()


async def test_trickled_head_does_not_win_time() -> None:
    async with serving() as intake:
        reader, writer = await intake.connect()
        loop = asyncio.get_running_loop()
        for byte in POST:
            writer.write(bytes([byte]))
            await writer.drain()
        while intake.intake.front_door.connections == 0:
            await asyncio.sleep(0)
        intake.intake.front_door.sweep(loop.time() + 11)
        assert await _rest(reader) == b""
        writer.close()


async def test_connection_may_idle_between_requests_but_not_for_ever() -> None:
    async with serving() as intake:
        reader, writer = await intake.connect()
        loop = asyncio.get_running_loop()
        for number in range(2):
            writer.write(request(sms(MessageSid=f"SM{number}"), close=False))
            async with asyncio.timeout(30):
                head = await reader.readuntil(b"\r\n\r\n")
                assert b" 200 " in head
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
            intake.intake.front_door.sweep(loop.time() + 60)
        assert len(intake.log.facts) == 2
        intake.intake.front_door.sweep(loop.time() + 80)
        await _rest(reader)
        assert intake.ended("too_slow") == 1
        writer.close()


async def test_full_house_of_deliveries_under_way_refuses_more() -> None:
    async with serving(http_connections_max=3, body_seconds_max=30.0) as intake:
        inside = [await intake.connect() for _ in range(3)]
        for _, writer in inside:
            writer.write(POST + b"Content-Length: 50\r\n\r\n{")
        async with asyncio.timeout(30):
            while intake.intake.front_door.connections < 3 or intake.intake.front_door.waiting:
                await asyncio.sleep(0.001)
        assert await intake.status(request(sms())) == 503
        assert intake.ended("refused") == 1
        for _, writer in inside:
            writer.close()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("ten thousand headers", POST + b"X-A: b\r\n" * 10_000 + b"\r\n"),
        ("a header of 1 MB", POST + b"X-A: " + b"b" * 1_000_000 + b"\r\n\r\n"),
        ("a header name of 1 MB", POST + b"a" * 1_000_000 + b": b\r\n\r\n"),
        ("a line of 1 MB", b"POST /hooks/meta?" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("a method of 1 MB", b"P" * 1_000_000 + b" / HTTP/1.1\r\n\r\n"),
        ("two lengths", POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        ("length and chunks", POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("chunks and length", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
        ("chunks twice", POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        ("chunked, then not", POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        ("misspelled chunks", POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("space before colon", POST + b"Content-Length : 2\r\n\r\n{}"),
        ("folded header", POST + b"X-A: b\r\n c\r\n\r\n"),
        ("negative length", POST + b"Content-Length: -1\r\n\r\n"),
        ("length with sign", POST + b"Content-Length: +2\r\n\r\n{}"),
        ("endless length", POST + b"Content-Length: " + b"9" * 50 + b"\r\n\r\n{}"),
        ("bad chunk size", POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"),
        ("huge chunk size", POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n\r\n"),
        (
            "chunk extension of 1 MB",
            POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 1_000_000 + b"\r\n",
        ),
        ("bare line feeds in a header", POST + b"X-A: b\nX-B: c\r\n\r\n"),
        ("bare carriage return", POST + b"X-A: b\rX-B: c\r\n\r\n"),
        ("NUL in a header", POST + b"X-A: b\x00c\r\n\r\n"),
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00" + b"\x00" * 500),
        ("old HTTP", b"GET /healthz\r\n\r\n"),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("another's mail", b"EHLO evil.example\r\nMAIL FROM:<a@evil.example>\r\n"),
    ],
)
async def test_request_that_is_none_is_refused_and_its_connection_closed(name: str, data: bytes) -> None:
    """Where two servers could read one request differently, it is no request (RFC 9112 6.1, 6.3, 11.2)."""
    smuggled = request(sms(Body="smuggled"))
    async with serving(body_seconds_max=0.2) as intake:
        answer = await intake.answer(data + smuggled)
        assert answer == b"" or answer.split(b" ", 2)[1] in (b"400", b"408", b"413", b"414", b"431"), answer[
            :200
        ]
        assert answer.count(b"HTTP/1.1 ") <= 1
        assert intake.log.records == []
        assert await intake.still_works()


async def test_pipelined_deliveries_are_each_answered_in_their_order() -> None:
    async with serving() as intake:
        many = [request(sms(MessageSid=f"SM{number}"), close=number == 99) for number in range(100)]
        answers = await intake.answer(b"".join(many))
        assert answers.count(b"HTTP/1.1 200 OK") == 100
        assert len({fact.fact_id for fact in intake.log.facts}) == 100


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-unknown", "GZIP "])
async def test_compressed_body_stays_closed(coding: str) -> None:
    bomb = gzip.compress(b"0" * 20_000_000) if "gzip" in coding.lower() else zlib.compress(b"0" * 20_000_000)
    async with serving() as intake:
        assert await intake.status(request(meta(bomb), content_encoding=coding)) == 415
        assert (intake.count("meta", "encoded"), intake.log.records) == (1, [])
        assert await intake.status(request(sms(), content_encoding="identity")) == 200


async def test_chunks_of_one_byte_and_extensions_are_bounded_by_their_sum() -> None:
    small = b"1;ext=value\r\nx\r\n"
    async with serving(body_bytes_max=1_000) as intake:
        head = POST + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert await intake.status(head + small * 5_000 + b"0\r\n\r\n") == 413
        assert await intake.status(head + small * 10 + b"0\r\n\r\n") == 403
        assert await intake.still_works()


@pytest.mark.parametrize(
    "trailer", [b"X-Hub-Signature-256: sha256=00\r\n\r\n", b"X-A: b\r\n" * 5_000 + b"\r\n"]
)
async def test_trailers_are_no_headers(trailer: bytes) -> None:
    async with serving() as intake:
        data = POST + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + trailer
        assert await intake.status(data) in (400, 403)
        assert intake.log.records == []
        assert await intake.still_works()


async def test_doubled_signature_is_a_wrong_one() -> None:
    delivery = messenger(said())
    name = "x-hub-signature-256"
    doubled = f"{name}: sha256=00\r\n".encode()
    async with serving() as intake:
        data = request(delivery)
        assert await intake.status(data.replace(b"host: x\r\n", b"host: x\r\n" + doubled)) == 403
        assert await intake.status(data) == 200


async def test_body_is_asked_for_only_where_there_is_a_door() -> None:
    expect = b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    async with serving() as intake:
        reader, writer = await intake.connect()
        writer.write(POST + expect)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"{}")
        assert b" 403 " in await reader.readline()
        writer.close()
        assert (
            await intake.status(
                POST + b"Connection: close\r\nExpect: the-impossible\r\nContent-Length: 2\r\n\r\n{}"
            )
            == 417
        )


@pytest.mark.parametrize(
    "method", ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"]
)
async def test_other_methods_are_refused_without_an_echo(method: str) -> None:
    async with serving() as intake:
        data = f"{method} /hooks/meta HTTP/1.1\r\nHost: x\r\nX-Echo: hunter2\r\nConnection: close\r\n\r\n"
        answer = await intake.answer(data.encode())
        assert answer.split(b" ", 2)[1] in (b"405", b"404", b"400")
        assert b"hunter2" not in answer


@pytest.mark.parametrize(
    "target",
    [
        *("/", "/hooks/moon<script>", "/hooks/meta//", "/hooks//meta", "//hooks/meta", "/hooks/meta%00"),
        *(
            "/hooks/../hooks/moon",
            "/%2e%2e/%2e%2e/etc/passwd",
            "/hooks/%6Doon",
            "http://evil.example/hunter2",
            "*",
        ),
    ],
)
async def test_unknown_path_is_404_without_an_echo(target: str) -> None:
    async with serving() as intake:
        head = f"POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 7\r\n\r\nhunter2"
        answer = await intake.answer(head.encode())
        assert answer.split(b" ", 2)[1] in (b"404", b"400"), answer
        assert not any(word in answer for word in (b"hunter2", b"moon", b"script", b"passwd"))


@pytest.mark.parametrize(
    "challenge", ["1158%0D%0AX-Evil:%201", "%3Cscript%3Ealert(1)%3C/script%3E", "a" * 7_000]
)
async def test_handshakes_echo_is_plain_text_and_no_header(challenge: str) -> None:
    query = f"hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge={challenge}"
    async with serving() as intake:
        answer = await intake.answer(
            f"GET /hooks/meta?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        head, _, _ = answer.partition(b"\r\n\r\n")
        assert b"\r\nX-Evil" not in head
        if b" 200 " in head:
            assert b"text/plain" in head
            assert b"nosniff" in head


@pytest.mark.parametrize("path", ["/hooks/slack", "/healthz", "/nowhere"])
async def test_no_answer_names_versions(path: str) -> None:
    async with serving() as intake:
        answer = await intake.answer(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head = answer.partition(b"\r\n\r\n")[0].lower()
        assert b"server: frontdesk" in head
        assert not any(word in head for word in (b"aiohttp", b"python"))


async def test_replayed_delivery_has_the_same_fact() -> None:
    async with serving() as intake:
        for _ in range(3):
            assert await intake.status(request(messenger(said()))) == 200
        assert len({fact.fact_id for fact in intake.log.facts}) == 1


def test_outside_words_reach_neither_logs_nor_labels() -> None:
    """Not by paths, headers, ids, hosts or requests that are none; and no line of the log can be forged.

    In a process of its own, because logs are set up once a process.
    """
    code = "import asyncio; from tests.integration.test_intake_hostile import told; asyncio.run(told())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "frontdesk_intake_deliveries_total" in done.stdout
    assert '"event":"delivery"' in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert all(line.startswith("{") for line in done.stderr.splitlines())


async def told() -> None:
    """Prints the measures after words that must not be told; logs go to standard error."""
    configure_logs(as_json=True)
    forged = 'hunter2\n{"event": "forged"}'
    async with serving() as intake:
        await intake.answer(
            b"GET /hunter2%0A%7B%22event%22 HTTP/1.1\r\nHost: hunter2\r\nConnection: close\r\n\r\n"
        )
        await intake.answer(POST + b"X-hunter2\x01: hunter2\r\n\r\n")
        await intake.answer(b"hunter2 hunter2 hunter2\r\n\r\n")
        await intake.answer(POST + b"Content-Length: hunter2\r\n\r\n")
        await intake.answer(request(sms(MessageSid=forged, Body=forged), user_agent="hunter2"))
        await intake.answer(request(messenger(said(forged, mid=forged), kind="hunter2", page="hunter2")))
        await intake.answer(request(meta({"object": "hunter2", "hunter2": "hunter2"})))
        await intake.answer(request(replace(messenger(said()), headers={"x-hub-signature-256": "hunter2"})))
        sys.stdout.write(generate_latest(intake.registry).decode())
