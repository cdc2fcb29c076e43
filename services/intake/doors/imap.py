"""Reads a mailbox by IMAP: what is new becomes facts, and is marked only once these are durable.

People read the mailbox too, so \\Seen says nothing. A mail that was taken gets the keyword $Frontdesk; unmarked mail of
the last days is what is left to take, so a restart loses nothing and a UIDVALIDITY of its own changes nothing. Where
the server keeps no keywords, the highest UID is remembered instead, and a start reads the last days again: the facts'
ids make that harmless.

A broken connection is made anew, with growing pauses. A mail over the bound is a dead letter without its body.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import random
from typing import Any

import structlog

from services.intake.accounts import Accounts, fold
from services.intake.backoff import Backoff, Random
from services.intake.canonical import Problem
from services.intake.channels import imap as declared
from services.intake.channels.setting_values import host_port
from services.intake.doors.imap_client import Folder, ImapClient, ImapError
from services.intake.interpret import Interpreter
from services.intake.mail.delivery import Envelope, read_mail
from services.intake.mail.headers import Headers, mailboxes
from services.intake.mail.parse import parse_mail
from services.intake.mail.people import plus_account
from services.intake.publish import Publisher
from services.intake.settings import IntakeSettings
from services.intake.taking import Away, Taker
from services.intake.values import whole
from services.runtime.clock import Clock
from services.runtime.log import LogError
from services.runtime.observe import frames_of
from services.runtime.settings import SettingsError

SOURCE = declared.NAME
KEYWORD = "$Frontdesk"
IDLE_SECONDS = 25 * 60
"""Servers may end an idle connection after 30 minutes (RFC 2177), routers sooner."""
START_DAYS_MAX = 7
"""Days back at most where nothing is marked. The router remembers facts for eight days (services/router/log/seen.py):
older mail would arrive once more at each start."""
ROUND_MAX = 500
"""Mails of one look; the next look goes on."""
TAKEN_MAX = 100_000
"""UIDs remembered of a folder, for a server that does not keep the mark."""
PAUSE_FIRST_MS, PAUSE_LONGEST_MS = 1_000, 300_000
HEAD_BYTES_MAX = 256 * 1024
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RECIPIENT_FIELDS = ("delivered-to", "x-original-to", "envelope-to", "to", "cc")
Pause = Callable[[float], Awaitable[None]]

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """Where the mail is, and how often to look."""

    host: str
    port: int
    user: str
    password: bytes = field(repr=False)
    folder: str
    account: str
    poll_seconds: int
    since_days: int
    tls: ssl.SSLContext = field(repr=False)


def imap_work(
    settings: IntakeSettings,
    interpreter: Interpreter,
    taker: Taker,
    publisher: Publisher,
    clock: Clock,
    pause: Pause = asyncio.sleep,
    random: Random = random,
) -> list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]]:
    """The door's name and run, none without an address; connects nothing yet. Raises SettingsError."""
    mailbox = mailbox_of(settings)
    if mailbox is None:
        return []
    return [("imap", ImapDoor(mailbox, settings, interpreter, taker, publisher, clock, pause, random).run)]


def mailbox_of(settings: IntakeSettings) -> Mailbox | None:
    """What the settings say; None without an address. Raises SettingsError with what is missing or unusable."""
    known = settings.known
    address = host_port(known.one(declared.ADDRESS), declared.PORT)
    if address is None:
        return None
    user, password = known.one(declared.USER), known.one(declared.PASSWORD).encode()
    if not user or not password:
        both = f"{declared.USER.name} and {declared.PASSWORD.name}"
        raise SettingsError([f"{both} are required with {declared.ADDRESS.name}"])
    account = known.one(declared.ACCOUNT) or user
    if "@" not in account:
        raise SettingsError([f"{declared.ACCOUNT.name} is required where the user is no address"])
    try:
        tls = ssl.create_default_context(cafile=known.one(declared.CA_FILE) or None)
    except OSError as error:
        raise SettingsError([f"{declared.CA_FILE.name} cannot be used ({type(error).__name__})"]) from None
    return Mailbox(
        host=address[0],
        port=address[1],
        user=user,
        password=password,
        folder=known.one(declared.FOLDER),
        account=account,
        poll_seconds=whole(known.one(declared.POLL_SECONDS)) or 60,
        since_days=whole(known.one(declared.SINCE_DAYS)) or 14,
        tls=tls,
    )


@dataclass
class ImapDoor:
    """One mailbox; `run` it for ever."""

    mailbox: Mailbox
    settings: IntakeSettings
    interpreter: Interpreter
    taker: Taker
    publisher: Publisher
    clock: Clock
    pause: Pause = asyncio.sleep
    random: Random = random
    _validity: int = -1
    _taken: dict[int, None] = field(default_factory=dict)
    _highest: int = 0

    async def run(self) -> None:
        """Never returns; raises only for a fault of ours."""
        backoff = Backoff(self.random, PAUSE_FIRST_MS, PAUSE_LONGEST_MS)
        while True:
            began = self._rounds
            try:
                await self._session()
            except (ImapError, OSError, TimeoutError, Away, LogError) as error:
                reason = str(error) if isinstance(error, ImapError) else None
                log.warning("imap_broken", error=type(error).__name__, reason=reason)
            if self._rounds > began:
                backoff.succeeded()
            await self.pause(backoff.failed() / 1000)

    _rounds: int = 0

    async def _session(self) -> None:
        box = self.mailbox
        literal_max = self.settings.body_bytes_max + 64 * 1024
        client = await ImapClient.open(box.host, box.port, box.tls, literal_bytes_max=literal_max)
        try:
            await client.login(box.user.encode(), box.password)
            folder = await client.select(box.folder)
            if folder.uid_validity != self._validity:  # UIDs mean other mails now
                self._validity, self._highest = folder.uid_validity, 0
                self._taken.clear()
            log.info("imap_open", keeps_keywords=_keeps_keywords(folder), idle="IDLE" in client.capabilities)
            while True:
                full = await self._look(client, folder)
                self._rounds += 1
                if full:
                    continue
                if "IDLE" in client.capabilities:
                    await client.idle(IDLE_SECONDS)
                else:
                    await self.pause(box.poll_seconds)
                    await client.noop()
        finally:
            client.close()

    async def _look(self, client: ImapClient, folder: Folder) -> bool:
        """Takes what is new; True when there was more than one look takes."""
        marks = _keeps_keywords(folder)
        uids = [uid for uid in await client.search(*self._criteria(marks)) if uid not in self._taken]
        if not marks and self._highest:
            uids = [uid for uid in uids if uid > self._highest]
        for uid in uids[:ROUND_MAX]:
            taken = await self._take(client, uid)
            if marks and taken:
                await self._mark(client, uid)
            self._highest = max(self._highest, uid)
            self._taken[uid] = None
            if len(self._taken) > TAKEN_MAX:
                self._taken.pop(next(iter(self._taken)))
        return len(uids) > ROUND_MAX

    def _criteria(self, marks: bool) -> tuple[bytes, ...]:
        """UIDs count up, so "highest:*" names at least one mail; what was taken is left out by the caller."""
        if not marks and self._highest:
            return (b"UID", b"%d:*" % (self._highest + 1))
        days = self.mailbox.since_days if marks else min(self.mailbox.since_days, START_DAYS_MAX)
        day = datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC) - timedelta(days=days)
        since = f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}".encode()
        unmarked = (b"UNKEYWORD", KEYWORD.encode()) if marks else ()
        return (b"SINCE", since, b"UNDELETED", *unmarked)

    async def _mark(self, client: ImapClient, uid: int) -> None:
        """A server that refuses the mark is remembered for, so that the mail is not taken again and again."""
        try:
            await client.mark(uid, KEYWORD)
        except ImapError as error:
            if "refused" not in str(error):
                raise
            log.warning("imap_not_marked")

    async def _take(self, client: ImapClient, uid: int) -> bool:
        """Whether the mail is durable now, or its dead letter is; raises Away or LogError.

        One that is gone is passed over, and so is one that the server shows in no form that we know: without a mark,
        so that the next start tries again.
        """
        size = await client.size(uid)
        bound = self.settings.body_bytes_max
        now_ms = self.clock.now_ms()
        if size is None:
            log.info("imap_mail_gone")
            return False
        data = await client.mail(uid) if size <= bound else None
        if data is not None and len(data) <= bound:
            envelope = Envelope("-", self._recipients(data), data, now_ms)
            languages = self.settings.languages
            await self.taker.take(
                SOURCE,
                data,
                lambda: self.interpreter.events(SOURCE, read_mail(envelope, languages), data, now_ms),
            )
        elif data is not None or size > bound:
            problem = Problem("too_large", f"the mail is longer than {bound} bytes", b"")
            await self.publisher.letter(SOURCE, problem, now_ms=now_ms)
        else:
            log.warning("imap_mail_not_shown")
            return False
        return True

    def _recipients(self, data: bytes) -> tuple[str, ...]:
        """The mailbox's own address where a fault of ours hides the others: the mail must not hold up its neighbours."""
        try:
            return recipients_of(data, self.mailbox.account, self.interpreter.accounts)
        except Exception as error:
            log.error("imap_recipients_failed", error=type(error).__name__, frames=frames_of(error))
            return (self.mailbox.account,)


def _keeps_keywords(folder: Folder) -> bool:
    return not folder.read_only and ("\\*" in folder.flags or KEYWORD.lower() in folder.flags)


def recipients_of(data: bytes, account: str, accounts: Accounts) -> tuple[str, ...]:
    """Our addresses that a mail in the mailbox was for: its recipients that are listed, else the mailbox's own.

    The header alone tells, and it names strangers too; a default desk does not make them ours. A plus part of the
    mailbox's own address stays, for it is a conversation's token.
    """
    head = data[:HEAD_BYTES_MAX].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    named = _named(parse_mail(head + b"\n\n").headers)
    listed = [one for one in named if _is_listed(one, accounts)]
    own = [one for one in named if plus_account(one) == plus_account(account)]
    return tuple(dict.fromkeys(listed or own or [account]))


def _named(headers: Headers) -> list[str]:
    fields = (value for name in _RECIPIENT_FIELDS for value in headers.all(name))
    return [one.address for value in fields for one in mailboxes(value) if "@" in one.address]


def _is_listed(address: str, accounts: Accounts) -> bool:
    folded = fold(plus_account(address))
    return folded in accounts.by_id or "@" + folded.rpartition("@")[2] in accounts.by_id
