"""The SMTP side of intake (RFC 5321): a mail is accepted with 250 only after its facts are durable.

    250   durable
    421   too many connections, or too much held at once; also a client that sends without end
    451   the log is away, or a fault of ours: the client keeps the mail and repeats
    452   too many recipients in one mail
    550   nobody's mailbox, and there is no default desk
    552   too large, a dead letter without the body, of which there are only a few a minute
    554   no mail: not one header field (RFC 5322 3.6 wants two). A server in front adds fields of its own, so only a
          program that speaks to us directly is told this; a few a minute are dead letters

LMTP (RFC 2033) is the same with LHLO in place of EHLO, and with a reply for each recipient after the mail. It is for
a mail server on the same host or network that keeps the queue. STARTTLS (RFC 3207) is offered where there is a
certificate; a client may still do without.

It runs on the caller's event loop, no thread. aiosmtpd speaks the protocol; DATA is read here, because its own
reading refuses the long lines of real mails and keeps an endless line in memory.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, TLSSetupException, syntax

from services.intake.canonical import Problem
from services.intake.interpret import Interpreter
from services.intake.mail import delivery
from services.intake.mail.people import plus_account
from services.intake.measures import Measures
from services.intake.publish import Publisher
from services.intake.settings import IntakeSettings
from services.intake.taking import Away, Taker
from services.intake.unverified import UnverifiedLetters
from services.runtime.clock import Clock
from services.runtime.log import LogError
from services.runtime.observe import frames_of

SOURCE = "smtp"
RECIPIENTS_MAX = 100
OVERFLOW_FACTOR = 20
"""A client that sends this many times the bound is cut off."""
DATA_SECONDS_MAX = 600
IDENT = "Frontdesk"
HEAD_BYTES_LOOKED_AT = 64 * 1024
_FIELD = re.compile(rb"^[!-9;-~]{1,200}[ \t]*:", re.MULTILINE)
"""The name of a header field; white space before the colon is obsolete and still read (RFC 5322 4.5)."""

log = structlog.get_logger()


class TooMuch(Exception):
    """More is held at once than may be."""


@dataclass
class Mailroom:
    """aiosmtpd's handler: who may be written to, and what becomes of a mail."""

    settings: IntakeSettings
    interpreter: Interpreter
    taker: Taker
    publisher: Publisher
    measures: Measures
    clock: Clock
    connections: int = field(default=0)
    bytes_in_flight: int = field(default=0)
    """Of mails that are being received or read."""
    unverified: UnverifiedLetters = field(default_factory=UnverifiedLetters)

    def protocol(self) -> SMTP:
        """A connection's protocol, for `loop.create_server`."""
        _silence()
        return Connection(self)

    def lmtp_protocol(self) -> SMTP:
        """The same for a listener of LMTP."""
        _silence()
        return LmtpConnection(self)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Whether the mailbox is a desk's."""
        del server, session, options
        if self.interpreter.accounts.find(plus_account(address)) is None:
            self.measures.deliveries.labels(SOURCE, "refused").inc()
            return "550 5.1.1 no desk has this mailbox"
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        """The reply to what nobody foresaw: the client keeps its mail, and no word of it is told or logged."""
        if isinstance(error, TLSSetupException):  # a stranger's handshake, or one who does not trust us
            self.measures.deliveries.labels(SOURCE, "truncated").inc()
            return "454 4.7.0 no TLS"
        self.measures.deliveries.labels(SOURCE, "failed").inc()
        log.error("delivery_failed", provider=SOURCE, error=type(error).__name__, frames=frames_of(error))
        return "451 4.3.0 try again later"

    async def taken(self, mail_from: str, recipients: list[str], data: bytes) -> str:
        """The reply to a mail that came whole."""
        began = time.perf_counter()
        if not _FIELD.search(
            data.lstrip()[:HEAD_BYTES_LOOKED_AT].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        ):
            return await self.no_mail(data)
        mail = delivery.Envelope(mail_from, tuple(recipients), data, self.clock.now_ms())
        languages = self.settings.languages
        try:
            await self.taker.take(
                SOURCE,
                data,
                lambda: self.interpreter.events(
                    SOURCE, delivery.read_mail(mail, languages), data, mail.received_at_ms
                ),
            )
        except Away:
            return "451 4.3.0 not stored; try again later"
        finally:
            self.measures.seconds.labels(SOURCE).observe(time.perf_counter() - began)
        return "250 2.0.0 OK, stored"

    async def too_large(self) -> str:
        """The reply to a mail over the bound."""
        bound = self.settings.body_bytes_max
        self.measures.deliveries.labels(SOURCE, "too_large").inc()
        await self._letter(Problem("too_large", f"the mail is longer than {bound} bytes", b""))
        return f"552 5.3.4 the mail is longer than {bound} bytes"

    async def no_mail(self, data: bytes) -> str:
        """The reply to what has no header at all."""
        self.measures.deliveries.labels(SOURCE, "refused").inc()
        await self._letter(Problem("unreadable", "no header field stands before the first blank line", data))
        return "554 5.6.0 no header field: not a mail (RFC 5322)"

    async def _letter(self, problem: Problem) -> None:
        """A dead letter of what its client keeps or drops, whichever it likes; only a few a minute."""
        now_ms = self.clock.now_ms()
        if self.unverified.allow(SOURCE, now_ms):
            try:
                await self.publisher.letter(SOURCE, problem, now_ms=now_ms)
            except LogError:
                log.warning("dead_letter_lost", provider=SOURCE, reason=problem.reason)


def _silence() -> None:
    """Keeps aiosmtpd's logger quiet, which below errors tells addresses and commands."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)


class Connection(SMTP):
    """One connection, with bounds of its own on lines, sizes and times."""

    command_size_limit = 2_048
    line_length_limit = 64 * 1024

    def __init__(self, room: Mailroom) -> None:
        super().__init__(
            room,
            data_size_limit=room.settings.body_bytes_max,
            enable_SMTPUTF8=True,
            ident=IDENT,
            hostname="frontdesk",
            timeout=room.settings.smtp_idle_seconds_max,
            tls_context=room.settings.smtp_tls,
            loop=asyncio.get_running_loop(),
        )
        self._room = room
        self._bytes_max = room.settings.body_bytes_max
        self._counted = False

    def connection_made(self, transport: Any) -> None:
        if self._counted:  # again, over TLS
            super().connection_made(transport)
            return
        if self._room.connections >= self._room.settings.smtp_connections_max:
            self._room.measures.deliveries.labels(SOURCE, "busy").inc()
            transport.write(b"421 4.3.2 too many connections; try again later\r\n")
            transport.close()
            return
        self._room.connections += 1
        self._counted = True
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._counted:
            self._counted = False
            self._room.connections -= 1
            super().connection_lost(error)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:
        """Reads a mail and answers once it is durable."""
        if await self.check_helo_needed():
            return
        envelope = self.envelope
        if arg or envelope is None or not envelope.rcpt_tos:
            await self.push("501 5.5.4 DATA takes no argument" if arg else "503 5.5.1 RCPT comes first")
            return
        await self.push("354 end with <CRLF>.<CRLF>")
        data = bytearray()
        try:
            await self._received(envelope, data)
        finally:
            self._room.bytes_in_flight -= len(data)

    async def _received(self, envelope: Envelope, data: bytearray) -> None:
        """Reads the mail into `data` and answers."""
        try:
            async with asyncio.timeout(DATA_SECONDS_MAX):
                whole = await self._mail(data)
        except TooMuch:
            self._room.measures.deliveries.labels(SOURCE, "busy").inc()
            await self._cut_off("421 4.3.2 too much at once; try again later")
            return
        except TimeoutError:
            self._room.measures.deliveries.labels(SOURCE, "too_slow").inc()
            await self._cut_off("421 4.4.2 the mail took too long")
            return
        except asyncio.CancelledError:  # the client went away before the end; nothing was promised
            self._room.measures.deliveries.labels(SOURCE, "truncated").inc()
            self._writer.close()
            raise
        if not whole:
            await self._cut_off(await self._room.too_large())
            return
        count = len(envelope.rcpt_tos)
        mail_from, recipients = envelope.mail_from or "", list(envelope.rcpt_tos)
        too_large = len(data) > self._bytes_max
        try:
            reply = await (
                self._room.too_large() if too_large else self._room.taken(mail_from, recipients, bytes(data))
            )
        finally:  # also after a fault of ours: the next mail of this connection begins afresh
            self._set_post_data_state()  # type: ignore[no-untyped-call] # aiosmtpd's own gap
            self._reset_timeout()
        await self._answer(reply, count)

    async def _answer(self, reply: str, recipients: int) -> None:
        """One reply to a mail, whatever the number of its recipients."""
        del recipients
        await self.push(reply)

    async def _mail(self, kept: bytearray) -> bool:
        """Reads the mail without its dots (RFC 5321 4.5.2), at most one byte over the bound; False past all patience.

        Raises TooMuch when all mails that come at once are more than may be held.
        """
        total, begins = 0, True
        while True:
            try:
                line = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as error:
                line = await self._reader.read(error.consumed)
            self._reset_timeout()
            if begins and line == b".\r\n":
                return True
            ends = line.endswith(b"\r\n")
            if begins and line.startswith(b"."):
                line = line[1:]
            begins = ends
            total += len(line)
            if total > self._bytes_max * OVERFLOW_FACTOR:
                return False
            line = line[: self._bytes_max + 1 - len(kept)]
            kept += line
            self._room.bytes_in_flight += len(line)
            if self._room.bytes_in_flight > self._room.settings.bytes_in_flight_max:
                raise TooMuch

    async def _cut_off(self, reply: str) -> None:
        await self.push(reply)
        if self.transport is not None:
            self.transport.close()


class LmtpConnection(Connection):
    """A connection that speaks LMTP. All recipients of a mail share its fate, for its facts are stored at once."""

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:
        """The greeting; it answers as EHLO does."""
        await super().smtp_EHLO(arg)

    async def smtp_HELO(self, arg: str) -> None:
        """No command of LMTP (RFC 2033 4.1)."""
        del arg
        await self.push("500 5.5.1 LHLO, please")

    async def smtp_EHLO(self, arg: str) -> None:
        await self.smtp_HELO(arg)

    async def _answer(self, reply: str, recipients: int) -> None:
        """One reply for each recipient that was accepted, in order (RFC 2033 4.2)."""
        for _ in range(recipients):
            await self.push(reply)
