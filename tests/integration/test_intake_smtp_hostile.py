"""Hostile SMTP on real sockets: one mail stays one mail, commands have bounds, and the next good mail is taken."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.integration.test_intake_smtp import MAIL, listening, send, talk
from tests.unit.intake.world import MemoryLog, settings

BEGIN = b"EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<support@acme.example>\r\nDATA\r\n"
HEAD = b"From: a@x.example\r\nMessage-ID: <one@x.example>\r\nSubject: one\r\n\r\nWhere is my parcel?"
SECOND = (
    b"MAIL FROM:<b@x.example>\r\nRCPT TO:<support@acme.example>\r\nDATA\r\nFrom: b@x.example\r\n\r\nsmuggled"
)


async def dialogue(port: int, data: bytes) -> list[bytes]:
    """Replies to all that is sent at once, until the server closes or has nothing more to say."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    replies: list[bytes] = []
    try:
        with contextlib.suppress(ConnectionError):
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(5):
                while line := await reader.readline():
                    replies.append(line)
                    if line.startswith(b"221"):
                        break
    finally:
        writer.close()
    return replies


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n\x00.\r\n", b"\r\n. \r\n"]
)
async def test_only_one_line_with_one_dot_ends_a_mail(end: bytes) -> None:
    """Where servers disagree about the end, a second mail hides in the first (SMTP smuggling, RFC 5321 4.1.1.4)."""
    log = MemoryLog()
    async with listening(log) as port:
        replies = await dialogue(port, BEGIN + HEAD + end + SECOND + b"\r\n.\r\nQUIT\r\n")
        assert sum(line.startswith(b"250 2.0.0") for line in replies) == 1
        assert replies[-1].startswith(b"221")
        assert len(log.facts) == 1


async def test_pipelined_mails_are_each_stored() -> None:
    log, many = MemoryLog(), 20
    mails = [HEAD.replace(b"one@", b"%d@" % number) + b"\r\n.\r\n" for number in range(many)]
    again = BEGIN.partition(b"\r\n")[2]
    async with listening(log) as port:
        replies = await dialogue(port, b"EHLO x\r\n" + b"".join(again + mail for mail in mails) + b"QUIT\r\n")
        assert sum(line.startswith(b"250 2.0.0") for line in replies) == many
        assert len({fact.fact_id for fact in log.facts}) == many


@pytest.mark.parametrize(
    "data",
    [
        b"A" * 1_000_000 + b"\r\n",
        b"EHLO " + b"x" * 1_000_000 + b"\r\n",
        b"EHLO x\r\nMAIL FROM:<" + b"a" * 500_000 + b"@x.example>\r\n",
        b"\x00" * 10_000 + b"\r\n",
        b"\xff\xfe\r\n" * 100,
        b"DANCE\r\n" * 1_000,
        b"\r\n" * 1_000,
        b"NOOP\r\n" * 1_000,
        b"EHLO x\r\nMAIL FROM:<a@x.example>\r\n" + b"RCPT TO:<support@acme.example>\r\n" * 1_000,
        b"EHLO x\r\nMAIL FROM:<a@x.example> SIZE=999999999999\r\n",
        b"EHLO x\r\nMAIL FROM:<a@x.example> BODY=BINARYMIME X=Y\r\n",
        b"EHLO x\r\nRCPT TO:<support@acme.example>\r\nDATA\r\n",
        b"EHLO x\r\nMAIL FROM:<a@x.example>\r\nDATA\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
        b"EHLO x\r\nBDAT 10 LAST\r\n0123456789\r\n",
        b"EHLO x\r\nAUTH PLAIN AGEAYg==\r\n",
    ],
    ids=lambda data: repr(data[:30]),
)
async def test_dialogue_that_is_none_stores_nothing_and_the_next_mail_is_taken(data: bytes) -> None:
    log = MemoryLog()
    async with listening(log) as port:
        replies = await dialogue(port, data + b"QUIT\r\n")
        assert log.records == []
        assert sum(map(len, replies)) < 200_000
        await talk(port, send(MAIL.encode()))
        assert len(log.facts) == 1


async def test_one_mail_has_few_recipients() -> None:
    log = MemoryLog()
    async with listening(log) as port:
        flood = b"RCPT TO:<support@acme.example>\r\n" * 500
        replies = await dialogue(port, b"EHLO x\r\nMAIL FROM:<a@x.example>\r\n" + flood + b"QUIT\r\n")
        assert sum(line.startswith(b"250 2.1.5") for line in replies) == 100
        assert sum(line.startswith(b"452") for line in replies) == 400


async def test_mailboxes_cannot_be_asked_for() -> None:
    async with listening(MemoryLog()) as port:
        replies = await dialogue(port, b"EHLO x\r\nVRFY support@acme.example\r\nEXPN all\r\nQUIT\r\n")
        assert not any(b"acme" in line for line in replies)


async def test_carriage_return_in_an_address_starts_no_command() -> None:
    log = MemoryLog()
    async with listening(log) as port:
        replies = await dialogue(port, b"EHLO x\r\nMAIL FROM:<a@x.example>\rRCPT TO:<b@x>\nDATA\r\nQUIT\r\n")
        assert not any(line.startswith(b"354") for line in replies)
        assert log.records == []


async def test_mails_that_come_at_once_have_a_bound_together_and_room_comes_back() -> None:
    log = MemoryLog()
    part = b"x" * 998 + b"\r\n"
    async with listening(log, settings(bytes_in_flight_max=100_000, body_bytes_max=80_000)) as port:
        links = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for _, writer in links:
            writer.write(BEGIN + HEAD + b"\r\n" + part * 60)
        replies = [reader.read() for reader, _ in links]
        done, held = await asyncio.wait(
            [asyncio.create_task(one) for one in replies], timeout=5, return_when=asyncio.FIRST_COMPLETED
        )
        (refused,) = (task.result() for task in done)
        assert b"\r\n421 4.3.2 too much at once" in refused
        assert len(held) == 1
        for _, writer in links:
            writer.write(b".\r\nQUIT\r\n")
        (kept,) = [await task for task in held]
        assert b"\r\n250 2.0.0" in kept
        await talk(port, send(MAIL.encode() + b"x" * 70_000))
        assert len(log.facts) == 2
        for _, writer in links:
            writer.close()


async def test_flood_of_silent_connections_is_bounded_and_ends_with_their_time() -> None:
    log = MemoryLog()
    async with listening(log, settings(smtp_connections_max=10, smtp_idle_seconds_max=3)) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(30)]
        greetings = [await asyncio.wait_for(reader.readline(), 30) for reader, _ in silent]
        assert sum(line.startswith(b"220") for line in greetings) == 10
        assert sum(line.startswith(b"421") for line in greetings) == 20
        async with asyncio.timeout(30):
            for reader, _ in silent:
                with contextlib.suppress(ConnectionError):
                    await reader.read()
        await talk(port, send(MAIL.encode()))
        assert len(log.facts) == 1
        for _, writer in silent:
            writer.close()
