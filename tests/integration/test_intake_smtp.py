"""Intake over real SMTP on loopback: accepted means durable, and everything has a bound."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
import structlog
import trustme
from prometheus_client import CollectorRegistry

from services.contract.facts import ContactArrived
from services.intake.accounts import load_accounts
from services.intake.build import build
from services.intake.settings import IntakeSettings
from services.runtime.clock import ManualClock
from services.runtime.log import LogUnavailable
from services.runtime.settings import SettingsError
from tests.unit.intake.world import MemoryLog, needs, settings

MAIL = "From: Špela <spela@x.example>\r\nTo: support@acme.example\r\nSubject: Račun\r\nMessage-ID: <1@x.example>\r\n\r\nKje je moj paket, ki bi moral prispeti v ponedeljek?\r\n"
T = TypeVar("T")


@asynccontextmanager
async def listening(
    log: MemoryLog,
    given: IntakeSettings | None = None,
    registry: CollectorRegistry | None = None,
    *,
    lmtp: bool = False,
) -> AsyncIterator[int]:
    intake = build(
        given or settings(),
        clock=ManualClock(),
        appender=log,
        partitions=2,
        registry=registry or CollectorRegistry(),
        needs=needs(),
    )
    factory = intake.lmtp_factory if lmtp else intake.smtp_factory
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
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
    assert line["error"] == "ZeroDivisionError"
    assert "services/intake/publish.py" in line["frames"][-1]
    assert not any(word in repr(told) + caplog.text for word in ("spela@x.example", "HELLO"))


@pytest.mark.parametrize(
    "data", [b"hello, is anybody there?\n", b"", b"\n\n\n", b"\xff\xd8\xff\xe0 a picture"]
)
async def test_bytes_without_a_single_header_field_are_no_mail(data: bytes) -> None:
    """The client is told for good, the desk keeps the evidence, and nobody becomes a contact."""
    log = MemoryLog()
    async with listening(log) as port:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            await talk(port, send(data))
        await talk(port, send(MAIL.encode()))

    assert (caught.value.smtp_code, len(log.facts)) == (554, 1)
    assert [letter.reason for letter in log.letters] == ["unreadable"]


@pytest.mark.parametrize("head", ["Subject: help", "Subject : help", "\r\nSubject: help", "Received: by x"])
async def test_mail_without_a_sender_is_still_a_contact(head: str) -> None:
    """Mail servers add what is missing rather than refuse (RFC 5321 6.4); words of a customer are not lost for it."""
    log = MemoryLog()
    async with listening(log) as port:
        await talk(port, send(f"{head}\r\n\r\nWhere is my parcel?\r\n".encode()))

    (fact,) = log.facts
    assert isinstance(fact.body, ContactArrived)


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


async def test_lmtp_answers_for_each_recipient_and_stores_one_fact_a_desk() -> None:
    log = MemoryLog()
    accounts = load_accounts("default_desk='acme'\n[[account]]\nid='help@bolt.example'\ndesk_id='bolt'")

    def dialogue(port: int) -> list[bytes]:
        with socket.create_connection(("127.0.0.1", port), 5) as raw, raw.makefile("rwb") as lines:
            answers = [lines.readline()]
            for command in (b"EHLO x", b"HELO x"):
                lines.write(command + b"\r\n")
                lines.flush()
                answers.append(lines.readline())
            lines.write(b"LHLO x\r\n")
            lines.flush()
            while lines.readline()[3:4] == b"-":
                pass
            people = (b"support@acme.example", b"sales@acme.example", b"help@bolt.example")
            commands = [b"MAIL FROM:<a@x.example>", *(b"RCPT TO:<%s>" % one for one in people), b"DATA"]
            for command in commands:
                lines.write(command + b"\r\n")
                lines.flush()
                answers.append(lines.readline())
            lines.write(MAIL.encode() + b".\r\nNOOP\r\n")
            lines.flush()
            return answers[1:3] + [lines.readline() for _ in range(4)]

    async with listening(log, settings(accounts=accounts), lmtp=True) as port:
        *greetings, one, two, three, noop = await asyncio.to_thread(dialogue, port)

    assert [line[:3] for line in greetings] == [b"500", b"500"]
    assert [line[:9] for line in (one, two, three)] == [b"250 2.0.0"] * 3
    assert b"stored" not in noop
    assert [fact.desk_id for fact in log.facts] == ["acme", "bolt"]


async def test_lmtp_client_of_the_standard_library_is_served_and_refused() -> None:
    log = MemoryLog(LogUnavailable("away"))

    def dialogue(port: int) -> int:
        with smtplib.LMTP("127.0.0.1", port) as client:
            try:
                client.sendmail("a@x.example", ["support@acme.example"], MAIL.encode(), ["SMTPUTF8"])
            except smtplib.SMTPDataError as error:
                return error.smtp_code
            return 250

    async with listening(log, lmtp=True) as port:
        assert await asyncio.to_thread(dialogue, port) == 451
        log.fault = None
        assert await asyncio.to_thread(dialogue, port) == 250

    assert len(log.facts) == 1


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls_of(authority: trustme.CA, folder: Path) -> IntakeSettings:
    """Settings with a certificate for localhost, read as a process reads them."""
    certificate = authority.issue_cert("localhost")
    chain, key = folder / "cert.pem", folder / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    read = IntakeSettings.from_env(
        {
            "FRONTDESK_IDENTITY_KEY": "an identity key of a test",
            "FRONTDESK_DEFAULT_DESK": "acme",
            "FRONTDESK_SMTP_TLS_CERT_FILE": str(chain),
            "FRONTDESK_SMTP_TLS_KEY_FILE": str(key),
        }
    )
    return settings(smtp_tls=read.smtp_tls, smtp_connections_max=1)


@pytest.mark.parametrize("lmtp", [False, True])
async def test_mail_comes_over_starttls(authority: trustme.CA, tmp_path: Path, lmtp: bool) -> None:
    log = MemoryLog()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    def dialogue(port: int) -> str:
        client = (smtplib.LMTP if lmtp else smtplib.SMTP)("localhost", port)
        with client:
            client.ehlo("x") if not lmtp else client.ehlo_or_helo_if_needed()
            client.starttls(context=trusting)
            client.sendmail("a@x.example", ["support@acme.example"], MAIL.encode(), ["SMTPUTF8"])
            assert isinstance(client.sock, ssl.SSLSocket)
            return client.sock.version() or ""

    async with listening(log, tls_of(authority, tmp_path), lmtp=lmtp) as port:
        for _ in range(3):  # each ends its place among the connections
            assert await asyncio.to_thread(dialogue, port) in ("TLSv1.2", "TLSv1.3")

    assert len({fact.fact_id for fact in log.facts}) == 1


async def test_handshake_that_fails_is_no_fault_of_ours(authority: trustme.CA, tmp_path: Path) -> None:
    registry = CollectorRegistry()

    def dialogue(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client, pytest.raises(OSError):
            client.starttls(context=ssl.create_default_context())

    async with listening(MemoryLog(), tls_of(authority, tmp_path), registry) as port:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            await asyncio.to_thread(dialogue, port)

    labels = {"provider": "smtp", "verdict": "failed"}
    assert registry.get_sample_value("frontdesk_intake_deliveries_total", labels) == 0


async def test_command_sent_ahead_of_the_handshake_is_not_carried_into_tls(
    authority: trustme.CA, tmp_path: Path
) -> None:
    """RFC 3207 6: what a stranger put into the plain stream must not be taken for the client's."""
    log = MemoryLog()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    def dialogue(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port), 5) as raw:
            until(raw, b"220 ")
            raw.sendall(b"EHLO x\r\n")
            until(raw, b"250 ")
            raw.sendall(b"STARTTLS\r\nMAIL FROM:<evil@x.example>\r\n")
            until(raw, b"220 ")
            with trusting.wrap_socket(raw, server_hostname="localhost") as safe:
                safe.sendall(b"RCPT TO:<support@acme.example>\r\n")
                return safe.recv(1_000)

    async with listening(log, tls_of(authority, tmp_path)) as port:
        assert (await asyncio.to_thread(dialogue, port))[:3] == b"503"


def until(raw: socket.socket, code: bytes) -> None:
    """Reads lines up to the one that begins with the code and a blank."""
    line = b""
    while not (line.startswith(code) and line.endswith(b"\r\n")):
        line = line * (not line.endswith(b"\n")) + raw.recv(1)


def test_certificate_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    env = {"FRONTDESK_IDENTITY_KEY": "an identity key of a test", "FRONTDESK_DEFAULT_DESK": "acme"}
    (tmp_path / "x.pem").write_text("nonsense")
    for given in (
        {"FRONTDESK_SMTP_TLS_CERT_FILE": str(tmp_path / "x.pem")},
        {
            "FRONTDESK_SMTP_TLS_CERT_FILE": str(tmp_path / "x.pem"),
            "FRONTDESK_SMTP_TLS_KEY_FILE": str(tmp_path / "none.pem"),
        },
    ):
        with pytest.raises(SettingsError, match="FRONTDESK_SMTP_TLS_CERT_FILE"):
            IntakeSettings.from_env({**env, **given})
