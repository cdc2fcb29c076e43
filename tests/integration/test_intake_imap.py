"""Intake reads a mailbox of a real IMAP server over TLS: marked only once durable, restarts, breaks, bounds."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.contract.facts import ContactArrived
from services.intake.build import build
from services.intake.canonical import Known
from services.intake.channels import imap as declared
from services.intake.doors import imap
from services.intake.doors.imap import mailbox_of, recipients_of
from services.intake.doors.imap_client import ImapClient, ImapError, mutf7
from services.intake.settings import IntakeSettings
from services.runtime.clock import WallClock
from services.runtime.log import LogUnavailable
from services.runtime.settings import SettingsError
from tests.integration.dovecot_server import NO_DOVECOT, PASSWORD, PROGRAM, Dovecot, dovecot
from tests.unit.intake.world import MemoryLog, needs, settings

if not PROGRAM:
    if os.environ.get("CI") == "true":
        pytest.fail(NO_DOVECOT, pytrace=False)
    pytest.skip(NO_DOVECOT, allow_module_level=True)


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as started:
        yield started


@pytest.fixture
def inbox(server: Dovecot) -> Dovecot:
    """The server with both mailboxes empty."""
    for user in ("desk@acme.example", "reader@acme.example"):
        with server.person(user) as client:
            client.store("1:*", "+FLAGS", "\\Deleted") if client.search(None, "ALL")[1][0] else None
            client.expunge()
    return server


def mail(number: int, *, to: str = "desk@acme.example", body: str = "Gde je moj paket?") -> bytes:
    return (
        f"From: Ana <ana@x.example>\r\nTo: {to}\r\nSubject: Paket {number}\r\n"
        f"Message-ID: <{number}@x.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    ).encode()


def of(server: Dovecot, user: str = "desk@acme.example", **more: Any) -> IntakeSettings:
    values = {
        declared.ADDRESS.name: (f"localhost:{server.port}",),
        declared.USER.name: (user,),
        declared.PASSWORD.name: (PASSWORD,),
        declared.CA_FILE.name: (str(server.ca_file),),
        declared.POLL_SECONDS.name: ("5",),
    }
    return settings(known=Known(values=values), **more)


@asynccontextmanager
async def reading(
    given: IntakeSettings, log: MemoryLog, pauses: list[float] | None = None
) -> AsyncIterator[None]:
    """The door open, its pauses short."""

    async def pause(seconds: float) -> None:
        (pauses if pauses is not None else []).append(seconds)
        await asyncio.sleep(0.02)

    intake = build(
        given,
        clock=WallClock(),
        appender=log,
        partitions=2,
        registry=CollectorRegistry(),
        needs=needs(),
        pause=pause,
    )
    (run,) = [run for name, run in intake.work if name == "imap"]
    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await intake.close()


async def until(holds: Callable[[], object], *, seconds_max: float = 30.0) -> None:
    async with asyncio.timeout(seconds_max):
        while not holds():
            await asyncio.sleep(0.01)


def flags(server: Dovecot, user: str = "desk@acme.example") -> list[bytes]:
    with server.person(user) as client:
        count = len(client.search(None, "ALL")[1][0].split())
        return [one for one in client.fetch("1:*", "(FLAGS)")[1] if isinstance(one, bytes)] if count else []


async def test_mail_is_taken_marked_and_left_unseen_and_new_mail_is_told_by_idle(inbox: Dovecot) -> None:
    log = MemoryLog()
    inbox.put("desk@acme.example", mail(1))
    async with reading(of(inbox), log):
        await until(lambda: len(log.facts) == 1)
        await asyncio.to_thread(inbox.put, "desk@acme.example", mail(2))
        await until(lambda: len(log.facts) == 2)
        await until(lambda: sum(b"$Frontdesk" in one for one in flags(inbox)) == 2)

    (first, _) = log.facts
    assert isinstance(first.body, ContactArrived)
    assert (first.source, first.body.account, first.body.text) == (
        "imap",
        "desk@acme.example",
        "Gde je moj paket?",
    )
    assert not any(b"\\Seen" in one for one in flags(inbox))


async def test_what_is_marked_is_not_taken_again_after_a_restart_and_what_people_read_is(
    inbox: Dovecot,
) -> None:
    log = MemoryLog()
    inbox.put("desk@acme.example", mail(1))
    async with reading(of(inbox), log):
        await until(lambda: any(b"$Frontdesk" in one for one in flags(inbox)))
    inbox.put("desk@acme.example", mail(2))
    with inbox.person("desk@acme.example") as person:
        person.store("1:*", "+FLAGS", "\\Seen")
    async with reading(of(inbox), log):
        await until(lambda: len(log.facts) == 2)

    assert len({fact.fact_id for fact in log.facts}) == 2


async def test_mark_is_set_only_after_the_append(inbox: Dovecot) -> None:
    log, pauses = MemoryLog(LogUnavailable("away")), list[float]()
    inbox.put("desk@acme.example", mail(1))
    async with reading(of(inbox), log, pauses):
        await until(lambda: len(pauses) >= 3)
        assert not any(b"$Frontdesk" in one for one in flags(inbox))
        assert pauses[:3] == sorted(pauses[:3])
        assert pauses[0] < pauses[2]
        log.fault = None
        await until(lambda: any(b"$Frontdesk" in one for one in flags(inbox)))

    assert len({fact.fact_id for fact in log.facts}) == 1


async def test_mail_over_the_bound_is_a_dead_letter_without_its_body_and_holds_up_nothing(
    inbox: Dovecot,
) -> None:
    log = MemoryLog()
    inbox.put("desk@acme.example", mail(1, body="x" * 20_000))
    inbox.put("desk@acme.example", mail(2))
    async with reading(of(inbox, body_bytes_max=10_000), log):
        await until(lambda: sum(b"$Frontdesk" in one for one in flags(inbox)) == 2)

    assert [(letter.source, letter.reason, letter.data) for letter in log.letters] == [
        ("imap", "too_large", "")
    ]
    assert len(log.facts) == 1


async def test_mailbox_whose_flags_may_not_change_is_read_by_uid(inbox: Dovecot) -> None:
    log = MemoryLog()
    inbox.put("reader@acme.example", mail(1))
    async with reading(of(inbox, "reader@acme.example"), log):
        await until(lambda: len(log.facts) == 1)
        await asyncio.to_thread(inbox.put, "reader@acme.example", mail(2))
        await until(lambda: len(log.facts) == 2)
    async with reading(of(inbox, "reader@acme.example"), log):
        await until(lambda: len(log.facts) == 4)

    assert len({fact.fact_id for fact in log.facts}) == 2
    assert not any(b"$Frontdesk" in one for one in flags(inbox, "reader@acme.example"))


async def test_where_nothing_is_marked_a_start_reads_no_further_back_than_the_router_remembers() -> None:
    marked, unmarked = MemoryLog(), MemoryLog()
    with dovecot() as server:
        for user in ("desk@acme.example", "reader@acme.example"):
            server.put(user, mail(1, to=user), days_old=10)
            server.put(user, mail(2, to=user), days_old=5)
        async with reading(of(server), marked), reading(of(server, "reader@acme.example"), unmarked):
            await until(lambda: len(marked.facts) == 2 and unmarked.facts)
            await asyncio.to_thread(server.put, "reader@acme.example", mail(3, to="reader@acme.example"))
            await until(lambda: len(unmarked.facts) == 2)

    subjects = [fact.body.subject for fact in unmarked.facts if isinstance(fact.body, ContactArrived)]
    assert subjects == ["Paket 2", "Paket 3"]


async def test_server_without_idle_is_polled() -> None:
    log, pauses = MemoryLog(), list[float]()
    with dovecot(idle=False) as server:
        async with reading(of(server), log, pauses):
            await until(lambda: 5 in pauses)
            await asyncio.to_thread(server.put, "desk@acme.example", mail(1))
            await until(lambda: len(log.facts) == 1)


async def test_server_that_goes_and_comes_back_is_read_on(inbox: Dovecot) -> None:
    log = MemoryLog()
    links: list[asyncio.StreamWriter] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", inbox.port)
        links.extend((writer, inner_writer))

        async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(10_000):
                sink.write(data)
            sink.close()

        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer), return_exceptions=True)

    between = await asyncio.start_server(carry, "127.0.0.1", 0)
    port = between.sockets[0].getsockname()[1]
    given = of(inbox)
    values = {**given.known.values, declared.ADDRESS.name: (f"localhost:{port}",)}
    inbox.put("desk@acme.example", mail(1))
    async with reading(settings(known=Known(values=values)), log):
        await until(lambda: len(log.facts) == 1)
        for link in links:
            link.close()
        await asyncio.to_thread(inbox.put, "desk@acme.example", mail(2))
        await until(lambda: len(log.facts) == 2)
    between.close()


async def test_certificate_that_nobody_trusts_gets_no_password(inbox: Dovecot) -> None:
    with pytest.raises(ssl.SSLError):
        await ImapClient.open("localhost", inbox.port, ssl.create_default_context(), literal_bytes_max=1_000)
    client = await ImapClient.open("localhost", inbox.port, inbox.trust, literal_bytes_max=1_000)
    with pytest.raises(ImapError, match="LOGIN refused"):
        await client.login(b"desk@acme.example", "falsches Passwört".encode())
    client.close()


async def scripted(*lines: bytes) -> ImapClient:
    """A client before a server that says these lines."""
    reader = asyncio.StreamReader(limit=1_000)
    reader.feed_data(b"".join(lines))
    reader.feed_eof()

    class Sink:
        def write(self, data: bytes) -> None: ...
        async def drain(self) -> None: ...
        def close(self) -> None: ...

    return ImapClient(reader, Sink(), 100)  # type: ignore[arg-type] # all that it uses of a writer


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"* SEARCH 1",
        b"garbage\r\n",
        b"f9 OK\r\n",
        b"f1 NO refused\r\n",
        b"* BYE\r\n",
        b"* 1 FETCH (UID 7 BODY[] {200}\r\n" + b"x" * 200 + b")\r\nf1 OK\r\n",
        b"* 1 FETCH (UID 7 BODY[] {99999999999}\r\n",
        b"* 1 FETCH (UID 7 BODY[] {50}\r\nshort",
        b"* " + b"x" * 5_000 + b"\r\nf1 OK\r\n",
        b"* 1\r\n" * 30_000 + b"f1 OK\r\n",
    ],
)
async def test_whatever_a_server_says_amiss_is_an_error_with_bounds(lines: bytes) -> None:
    client = await scripted(lines)
    with pytest.raises(ImapError):
        await client.mail(7)


async def test_answer_about_another_mail_is_not_this_ones() -> None:
    other = b"* 1 FETCH (UID 8 BODY[] {1}\r\nx)\r\n* 2 FETCH (FLAGS (\\Seen))\r\nf1 OK\r\n"
    assert await (await scripted(other)).mail(7) is None
    assert await (await scripted(b"* 1 FETCH (BODY[] {1}\r\nx UID 7)\r\nf1 OK\r\n")).mail(7) == b"x"


async def test_answers_are_read_in_any_case_and_a_short_mail_may_be_a_quoted_string() -> None:
    quoted = b'* 1 Fetch (Uid 7 Body[] "From: \\"a\\" \\\\ b")\r\nf1 OK\r\n'
    assert await (await scripted(quoted)).mail(7) == b'From: "a" \\ b'
    assert await (await scripted(b"* 1 fetch (uid 7 rfc822.size 42)\r\nf1 OK\r\n")).size(7) == 42
    assert await (await scripted(b"* 1 FETCH (UID 7 BODY[] NIL)\r\nf1 OK\r\n")).mail(7) is None


async def test_mail_whose_recipients_nobody_can_read_is_the_mailboxs_own(
    inbox: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: object) -> tuple[str, ...]:
        raise RecursionError

    monkeypatch.setattr(imap, "recipients_of", broken)
    log = MemoryLog()
    for number in (1, 2):
        inbox.put("desk@acme.example", mail(number, to="other@acme.example"))
    async with reading(of(inbox), log):
        await until(lambda: len(log.facts) == 2)

    accounts = {fact.body.account for fact in log.facts if isinstance(fact.body, ContactArrived)}
    assert accounts == {"desk@acme.example"}


async def test_mail_that_the_server_does_not_show_is_neither_taken_nor_marked(inbox: Dovecot) -> None:
    log, asked = MemoryLog(), list[int]()

    async def nothing(client: ImapClient, uid: int) -> bytes | None:
        asked.append(uid)
        return None

    for number in (1, 2):
        inbox.put("desk@acme.example", mail(number))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImapClient, "mail", nothing)
        async with reading(of(inbox), log):
            await until(lambda: len(asked) == 2)  # the first is done with by then
    assert log.facts == []
    assert not any(b"$Frontdesk" in one for one in flags(inbox))
    async with reading(of(inbox), log):
        await until(lambda: len(log.facts) == 2)


@pytest.mark.parametrize(
    ("name", "encoded"),
    [("INBOX", b"INBOX"), ("R&D", b"R&-D"), ("Entwürfe", b"Entw&APw-rfe"), ("台北", b"&U,BTFw-")],
)
def test_folder_names_are_modified_utf7(name: str, encoded: bytes) -> None:
    assert mutf7(name) == encoded


def test_recipients_are_those_of_ours() -> None:
    accounts = settings().accounts
    to = "Some One <one@else.example>, Desk <desk+t9@acme.example>"

    assert recipients_of(mail(1, to=to), "desk@acme.example", accounts) == ("desk+t9@acme.example",)
    assert recipients_of(mail(1, to="undisclosed:;"), "desk@acme.example", accounts) == ("desk@acme.example",)
    assert recipients_of(b"\xff\x00", "desk@acme.example", accounts) == ("desk@acme.example",)


@pytest.mark.parametrize(
    "left",
    [
        {declared.USER.name: ()},
        {declared.PASSWORD.name: ()},
        {declared.USER.name: ("bob",)},
        {declared.CA_FILE.name: ("/none",)},
    ],
)
def test_what_is_missing_is_told_at_the_start(left: dict[str, tuple[str, ...]]) -> None:
    whole = {
        declared.ADDRESS.name: ("mail.example",),
        declared.USER.name: ("desk@acme.example",),
        declared.PASSWORD.name: ("p",),
    }
    assert mailbox_of(settings(known=Known(values=whole))) is not None
    assert mailbox_of(settings(known=Known())) is None
    with pytest.raises(SettingsError):
        mailbox_of(settings(known=Known(values={**whole, **left})))
