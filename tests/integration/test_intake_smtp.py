"""Intake over real SMTP on loopback: accepted means durable, and everything has a bound."""

from __future__ import annotations

import asyncio
import smtplib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
import structlog
from prometheus_client import CollectorRegistry

from services.contract.facts import ContactArrived
from services.intake.accounts import load_accounts
from services.intake.build import build
from services.intake.settings import IntakeSettings
from services.runtime.clock import ManualClock
from services.runtime.log import LogUnavailable
from tests.unit.intake.world import MemoryLog, needs, settings

MAIL = "From: Špela <spela@x.example>\r\nTo: support@acme.example\r\nSubject: Račun\r\nMessage-ID: <1@x.example>\r\n\r\nKje je moj paket, ki bi moral prispeti v ponedeljek?\r\n"
T = TypeVar("T")


@asynccontextmanager
async def listening(
    log: MemoryLog, given: IntakeSettings | None = None, registry: CollectorRegistry | None = None
) -> AsyncIterator[int]:
    intake = build(
        given or settings(),
        clock=ManualClock(),
        appender=log,
        partitions=2,
        registry=registry or CollectorRegistry(),
        needs=needs(),
    )
    server = await asyncio.get_running_loop().create_server(intake.smtp_factory, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def talk(port: int, what: Callable[[smtplib.SMTP], T]) -> T:
    """A client in a thread, so that the loop is free to serve it."""

    def run() -> T:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            return what(client)

    return await asyncio.to_thread(run)


def send(
    data: bytes, to: str = "support@acme.example", sender: str = "spela@x.example"
) -> Callable[[smtplib.SMTP], object]:
    return lambda client: client.sendmail(sender, [to], data, mail_options=["SMTPUTF8"])


async def test_accepted_mail_is_durable() -> None:
    log = MemoryLog()
    async with listening(log) as port:
        await talk(port, send(MAIL.encode()))

    (fact,) = log.facts
    assert isinstance(fact.body, ContactArrived)
    assert (fact.source, fact.body.subject, fact.body.text) == (
        "smtp",
        "Račun",
        "Kje je moj paket, ki bi moral prispeti v ponedeljek?",
    )
    assert fact.body.language is not None
    assert fact.body.language.code == "sl"


async def test_log_that_is_away_makes_the_client_keep_the_mail() -> None:
    log = MemoryLog(LogUnavailable("away"))
    async with listening(log) as port:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            await talk(port, send(MAIL.encode()))
        log.fault = None
        await talk(port, send(MAIL.encode()))

    assert caught.value.smtp_code == 451
    assert len(log.facts) == 1


async def test_fault_of_ours_makes_the_client_keep_the_mail_and_tells_nobody_a_word(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.intake.smtp.log", structlog.get_logger())  # one that nothing has cached
    log, registry = MemoryLog(ZeroDivisionError("spela@x.example by zero")), CollectorRegistry()

    def dialogue(client: smtplib.SMTP) -> tuple[int, bytes | str]:
        try:
            send(MAIL.encode())(client)
        except smtplib.SMTPDataError as error:
            log.fault = None
            send(MAIL.encode())(client)
            return error.smtp_code, error.smtp_error
        raise AssertionError("accepted")

    with structlog.testing.capture_logs() as told:
        async with listening(log, registry=registry) as port:
            code, text = await talk(port, dialogue)
            await talk(port, lambda client: client.docmd("HELLO", "spela@x.example"))

    assert (code, text) == (451, b"4.3.0 try again later")
    assert len(log.facts) == 1
    counted = {"provider": "smtp", "verdict": "failed"}
    assert registry.get_sample_value("frontdesk_intake_deliveries_total", counted) == 1
    (line,) = [line for line in told if line["event"] == "delivery_failed"]
    assert (line["error"], line["frames"][-1].endswith("in publish")) == ("ZeroDivisionError", True)
    assert not any(word in repr(told) + caplog.text for word in ("spela@x.example", "HELLO"))


async def test_nobodys_mailbox_is_refused_without_a_default_desk() -> None:
    accounts = load_accounts("[[account]]\nid='support@acme.example'\ndesk_id='acme'")
    log = MemoryLog()
    async with listening(log, settings(accounts=accounts)) as port:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            await talk(port, send(MAIL.encode(), to="nobody@acme.example"))
        await talk(port, send(MAIL.encode(), to="Support+t1@ACME.example"))

    assert caught.value.recipients["nobody@acme.example"][0] == 550
    assert len(log.facts) == 1


@pytest.mark.parametrize("line_break", [b"\r\n", b""])
async def test_mail_over_the_bound_is_refused_and_the_connection_goes_on(line_break: bytes) -> None:
    log = MemoryLog()
    long = b"Subject: x\r\n\r\n" + (b"y" * 900 + line_break) * 100

    def dialogue(client: smtplib.SMTP) -> int:
        client.ehlo()
        client.mail("a@x.example")
        client.rcpt("support@acme.example")
        code = client.data(long)[0]
        client.sendmail("spela@x.example", ["support@acme.example"], MAIL.encode(), mail_options=["SMTPUTF8"])
        return code

    async with listening(log, settings(body_bytes_max=50_000)) as port:
        assert await talk(port, dialogue) == 552

    assert [letter.reason for letter in log.letters] == ["too_large"]
    assert len(log.facts) == 1


async def test_long_lines_and_dots_of_real_mails_come_through() -> None:
    log = MemoryLog()
    body = ".hidden\r\n" + "a" * 200_000 + "\r\n.\tdot\r\n"
    data = b"From: a@x.example\r\n\r\n" + body.encode()
    async with listening(log) as port:
        await talk(port, send(data))

    (fact,) = log.facts
    assert isinstance(fact.body, ContactArrived)
    assert fact.body.text.startswith(".hidden\n" + "a" * 1000)


async def test_client_that_goes_away_in_the_middle_leaves_nothing() -> None:
    log = MemoryLog()
    async with listening(log) as port:

        def half() -> None:
            with socket.create_connection(("127.0.0.1", port), 5) as raw:
                raw.recv(100)
                for line in (b"EHLO x", b"MAIL FROM:<a@x.example>", b"RCPT TO:<s@acme.example>", b"DATA"):
                    raw.sendall(line + b"\r\n")
                    raw.recv(1000)
                raw.sendall(b"From: a@x.example\r\n\r\nhalf a mai")

        await asyncio.to_thread(half)
        await talk(port, send(MAIL.encode()))

    assert len(log.facts) == 1


async def test_bounce_from_the_null_sender_is_no_contact() -> None:
    log = MemoryLog()
    bounce = MAIL.replace("Račun", "Undelivered Mail Returned to Sender")
    async with listening(log) as port:
        await talk(port, send(bounce.encode(), sender=""))

    assert type(log.facts[0].body).__name__ == "NonContactSeen"


async def test_one_connection_too_many_is_told_to_come_back() -> None:
    async with listening(MemoryLog(), settings(smtp_connections_max=1)) as port:

        def second(first: smtplib.SMTP) -> int:
            first.ehlo()
            with pytest.raises(smtplib.SMTPConnectError) as caught:
                smtplib.SMTP("127.0.0.1", port, timeout=5)
            return caught.value.smtp_code

        assert await talk(port, second) == 421


async def test_undecodable_mail_is_still_a_contact() -> None:
    log = MemoryLog()
    data = b"From: a@x.example\r\nContent-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe\x80 caf\xe9\r\n"
    async with listening(log) as port:
        await talk(port, send(data))

    assert isinstance(log.facts[0].body, ContactArrived)
