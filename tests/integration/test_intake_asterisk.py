"""Asterisk's doors against what they will meet: a TCP server that speaks AMI, and a file on disk that rotates."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.contract.facts import CallerHungUp, ContactArrived, NonContactSeen
from services.intake.asterisk.ami import Framer, Packet
from services.intake.asterisk.ami_calls import AmiCalls
from services.intake.asterisk.queue_calls import QueueCalls
from services.intake.build import build
from services.intake.canonical import Known
from services.intake.channels.asterisk import AMI, AMI_SECRET, AMI_USER, QUEUE_LOG
from services.intake.doors.asterisk_ami import AmiDoor, LoginRefused
from services.intake.doors.insisting import Insisting
from services.intake.doors.queue_log_tail import AGE_SECONDS_MAX, BACK_BYTES_MAX, QueueLogDoor
from services.intake.interpret import Interpreter
from services.intake.measures import Measures
from services.intake.publish import Publisher
from services.intake.taking import Taker
from services.runtime.clock import ManualClock
from services.runtime.dead_letters import DeadLetters
from services.runtime.log import LogUnavailable
from services.runtime.settings import SettingsError
from tests.unit.intake.world import ACCOUNTS, IDENTITY_KEY, MemoryLog, needs, settings

SECONDS_MAX = 60.0
SECRET = "ami-secret"
T = 1_775_203_200
KNOWN = Known(regions={"support": "RS"})


@dataclass
class Watched(MemoryLog):
    """A log in memory that tells when something was appended."""

    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        future = super().append(topic, partition, key, value)
        self.changed.set()
        return future


async def until(log: Watched, condition: Callable[[], bool]) -> None:
    """Waits for appends until the condition holds."""
    async with asyncio.timeout(SECONDS_MAX):
        while not condition():
            log.changed.clear()
            await log.changed.wait()


@dataclass
class Pauses:
    """Takes no time, and remembers what was asked for."""

    seconds: list[float] = field(default_factory=list)
    then: Callable[[], None] = lambda: None

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.then()
        await asyncio.sleep(0)


def insisting(log: MemoryLog, clock: ManualClock, pause: Pauses) -> Insisting:
    measures = Measures(CollectorRegistry())
    publisher = Publisher(log, 2, DeadLetters(log, 2), measures)
    interpreter = Interpreter(KNOWN, ACCOUNTS, needs(), IDENTITY_KEY)
    return Insisting("asterisk", "test", interpreter, Taker(publisher, measures, clock), pause, lambda: 1.0)


@dataclass
class FakeAsterisk:
    """A manager interface: each connection logs in and then gets the next script; it ends where the script does."""

    scripts: list[str]
    actions: list[str] = field(default_factory=list)
    silent: bool = False
    """Answers no Ping."""
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.scripts.pop(0) if self.scripts else None
        try:
            await self._talk(reader, writer, script)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, script: str | None
    ) -> None:
        framer = Framer()
        writer.write(b"Asterisk Call Manager/9.0.0\r\n")
        while data := await reader.read(1_000):
            for packet in framer.feed(data):
                self.actions.append(packet.one("Action"))
                self._answer(packet, writer)
                if packet.one("Action") == "CoreShowChannels" and script is not None:
                    writer.write(script.replace("\n", "\r\n").encode())
                    await writer.drain()
                    return

    def _answer(self, packet: Packet, writer: asyncio.StreamWriter) -> None:
        action, action_id = packet.one("Action"), packet.one("ActionID")
        key = hashlib.md5(f"4711{SECRET}".encode(), usedforsecurity=False).hexdigest()
        right = packet.one("Username") == "frontdesk" and packet.one("Key") == key
        said = {
            "Challenge": "Response: Success\r\nChallenge: 4711",
            "Login": "Response: Success" if right else "Response: Error\r\nMessage: Authentication failed",
            "QueueStatus": "Response: Success",
            "CoreShowChannels": "Response: Success",
            "Ping": "" if self.silent else "Response: Success\r\nPing: Pong",
        }[action]
        if said:
            writer.write(f"{said}\r\nActionID: {action_id}\r\n\r\n".encode())


@asynccontextmanager
async def asterisk(*scripts: str, silent: bool = False) -> AsyncIterator[FakeAsterisk]:
    fake = FakeAsterisk(list(scripts), silent=silent)
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()


def ami_door(port: int, log: MemoryLog, pause: Pauses, secret: str = SECRET) -> AmiDoor:
    clock = ManualClock(T * 1000)
    calls = AmiCalls(KNOWN)
    sure = insisting(log, clock, pause)
    return AmiDoor(("127.0.0.1", port), "frontdesk", secret, calls, sure, clock, pause, random=lambda: 1.0)


def event(name: str, uniqueid: str = "1.1", **values: str) -> str:
    named = {"Event": name, "Uniqueid": uniqueid, "Queue": "support", "CallerIDNum": "0641112223", **values}
    return "".join(f"{key}: {value}\n" for key, value in named.items()) + "\n"


@asynccontextmanager
async def running(door: AmiDoor | QueueLogDoor) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(door.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_call_over_ami_is_durable_facts() -> None:
    log, pause = Watched(), Pauses()
    script = (
        event("QueueCallerJoin")
        + event("AgentConnect", HoldTime="31", Interface="PJSIP/201")
        + event("AgentComplete", TalkTime="168")
    )
    async with asterisk(script) as fake, running(ami_door(fake.port, log, pause)):
        await until(log, lambda: len(log.facts) == 3)
        assert fake.actions[:4] == ["Challenge", "Login", "QueueStatus", "CoreShowChannels"]

    assert [type(fact.body) for fact in log.facts] == [ContactArrived, NonContactSeen, CallerHungUp]
    arrived = log.facts[0].body
    assert isinstance(arrived, ContactArrived) and arrived.customer is not None
    assert (arrived.customer.value, arrived.signature_scheme) == ("+381641112223", "test")


async def test_after_a_break_it_asks_who_waits_and_ends_who_is_gone() -> None:
    log, pause = Watched(), Pauses()
    before = event("QueueCallerJoin", "1.1") + event("QueueCallerJoin", "1.2")
    after = (
        event("QueueEntry", "1.2", Wait="0")
        + event("QueueEntry", "1.3", Wait="0")
        + event("CoreShowChannel", "1.2")
        + event("CoreShowChannel", "1.3")
        + "Event: CoreShowChannelsComplete\n\n"
    )
    async with asterisk(before, after) as fake:
        door = ami_door(fake.port, log, pause)
        door.clock.advance_ms(5_000)  # type: ignore[attr-defined] # a ManualClock
        pause.then = lambda: door.clock.advance_ms(1_000)  # type: ignore[attr-defined] # a ManualClock
        async with running(door):
            await until(log, lambda: any(isinstance(fact.body, CallerHungUp) for fact in log.facts))

    contacts = {fact.body.contact_id for fact in log.facts if isinstance(fact.body, ContactArrived)}
    ends = [fact.body for fact in log.facts if isinstance(fact.body, CallerHungUp)]
    assert len(contacts) == 3
    assert [end.status for end in ends] == ["lost"]
    assert (
        len({fact.fact_id for fact in log.facts}) == 4
    )  # the one who still waits was told twice, as one fact


async def test_a_server_that_is_away_is_tried_again_with_growing_pauses() -> None:
    log, pause = Watched(), Pauses()
    async with asterisk() as fake:
        port = fake.port
    door = ami_door(port, log, pause)
    enough = asyncio.Event()
    pause.then = lambda: enough.set() if len(pause.seconds) == 8 else None
    async with running(door), asyncio.timeout(SECONDS_MAX):
        await enough.wait()
    assert pause.seconds[:8] == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_wrong_secret_is_refused_and_never_sent() -> None:
    async with asterisk() as fake:
        with pytest.raises(LoginRefused):
            await ami_door(fake.port, Watched(), Pauses(), "another").session()
        assert fake.actions == ["Challenge", "Login"]


async def test_a_silent_server_is_pinged_and_then_given_up() -> None:
    async with asterisk(silent=True) as fake:
        door = ami_door(fake.port, Watched(), Pauses())
        door.silent_seconds_max = 0.3
        with pytest.raises(TimeoutError):
            await door.session()
        assert fake.actions[-1] == "Ping"
        assert fake.actions.count("Ping") == 1


async def test_what_is_no_manager_interface_ends_the_session_in_time() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        writer.write(b"\x00\xff" * 50_000)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        door = ami_door(server.sockets[0].getsockname()[1], Watched(), Pauses())
        with pytest.raises((EOFError, OSError)):
            await door.session()


async def test_while_the_log_is_away_a_call_is_kept_and_not_lost() -> None:
    log, pause = Watched(), Pauses()
    log.fault = LogUnavailable("away")

    def mended() -> None:
        log.fault = None

    pause.then = mended
    async with asterisk(event("QueueCallerJoin")) as fake, running(ami_door(fake.port, log, pause)):
        await until(log, lambda: len(log.facts) == 1)


def line(at: int, event_name: str, *data: object, call: str = "1.1") -> bytes:
    return f"{T + at}|{call}|support|PJSIP/201|{event_name}|{'|'.join(map(str, data))}\n".encode()


@dataclass
class Tail:
    """A door on a file, with its log and its clock."""

    path: Path
    log: MemoryLog = field(default_factory=MemoryLog)
    clock: ManualClock = field(default_factory=lambda: ManualClock(T * 1000))

    def __post_init__(self) -> None:
        self.pause = Pauses()
        self.door = self.afresh()

    def afresh(self) -> QueueLogDoor:
        """As after a restart."""
        return QueueLogDoor(
            self.path,
            QueueCalls(KNOWN),
            insisting(self.log, self.clock, self.pause),
            self.clock,
            self.pause,
        )

    def write(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)

    async def look(self, after_seconds: int = 0) -> None:
        self.clock.advance_ms(after_seconds * 1000)
        await self.door.look()

    @property
    def kinds(self) -> list[str]:
        return [type(fact.body).__name__ for fact in self.log.facts]


@pytest.fixture
def tail(tmp_path: Path) -> Tail:
    return Tail(tmp_path / "queue_log")


async def test_a_growing_log_is_followed(tail: Tail) -> None:
    await tail.look()  # there is no file yet
    tail.write(line(0, "ENTERQUEUE", "", "0641112223", 1)[:20])
    await tail.look()
    tail.write(line(0, "ENTERQUEUE", "", "0641112223", 1)[20:])
    await tail.look()
    assert tail.kinds == []  # more of that second may come
    await tail.look(5)
    assert tail.kinds == ["ContactArrived"]

    tail.write(line(5, "CONNECT", 5, "1.2", 2) + line(9, "COMPLETEAGENT", 5, 4, 1))
    await tail.look(10)
    assert tail.kinds == ["ContactArrived", "NonContactSeen", "CallerHungUp"]


async def test_lines_of_one_second_are_put_in_order_before_they_are_published(tail: Tail) -> None:
    tail.write(line(0, "ABANDON", 1, 1, 0))
    await tail.look()
    tail.write(line(0, "ENTERQUEUE", "", "0641112223", 1))
    await tail.look(5)
    assert tail.kinds == ["ContactArrived", "CallerHungUp"]


async def test_a_rotation_by_renaming_loses_no_line(tail: Tail) -> None:
    tail.write(line(0, "ENTERQUEUE", "", "0641112223", 1))
    await tail.look()
    old = tail.path.with_suffix(".1")
    tail.path.rename(old)
    with old.open("ab") as file:  # Asterisk writes to the old file until it is told to open the new one
        file.write(line(1, "ABANDON", 1, 1, 1))
    await tail.look()
    tail.write(line(2, "ENTERQUEUE", "", "0641112224", 1, call="2.2"))
    await tail.look(10)
    assert tail.kinds == ["ContactArrived", "CallerHungUp", "ContactArrived"]


async def test_a_rotation_by_copying_and_cutting_loses_no_line(tail: Tail) -> None:
    tail.write(line(0, "ENTERQUEUE", "", "0641112223", 1) + line(1, "ABANDON", 1, 1, 1))
    await tail.look()
    os.truncate(tail.path, 0)
    tail.write(line(2, "ENTERQUEUE", "", "0641112224", 1, call="2.2"))
    await tail.look(10)
    assert tail.kinds == ["ContactArrived", "CallerHungUp", "ContactArrived"]


async def test_a_restart_tells_the_same_facts_again(tail: Tail) -> None:
    tail.write(line(0, "ENTERQUEUE", "", "0641112223", 1) + line(7, "ABANDON", 1, 1, 7))
    await tail.look(10)
    first = [fact.fact_id for fact in tail.log.facts]
    tail.door.close()
    tail.door = tail.afresh()
    await tail.look()
    assert [fact.fact_id for fact in tail.log.facts] == first * 2


async def test_what_is_older_than_a_day_is_not_published(tail: Tail) -> None:
    tail.write(line(0, "ENTERQUEUE", "", "0641112223", 1) + line(7, "ABANDON", 1, 1, 7))
    await tail.look(AGE_SECONDS_MAX + 60)
    assert tail.kinds == []


async def test_only_the_newest_part_of_a_large_log_is_read_again(tail: Tail) -> None:
    tail.write(line(0, "ADDMEMBER", "x" * 90, call="REALTIME") * (BACK_BYTES_MAX // 100))
    tail.write(line(0, "ENTERQUEUE", "", "0641112223", 1))
    size = tail.path.stat().st_size
    assert size > BACK_BYTES_MAX
    await tail.look(5)
    assert (tail.kinds, tail.door.lines.malformed) == (["ContactArrived"], 0)


async def test_malformed_lines_are_counted_and_their_neighbours_are_read(tail: Tail) -> None:
    tail.write(b"\xff\x00\n" + line(0, "ENTERQUEUE", "", "0641112223", 1) + b"rubbish|1|2\n")
    await tail.look(5)
    assert (tail.kinds, tail.door.lines.malformed) == (["ContactArrived"], 2)


async def test_a_line_from_the_future_ends_no_open_call(tail: Tail) -> None:
    tail.write(line(0, "ENTERQUEUE", "", "0641112223", 1) + line(10**7, "ENTERQUEUE", "", "x", 1, call="2.2"))
    tail.write(line(4, "ABANDON", 1, 1, 4))
    await tail.look(10)
    assert (tail.kinds, tail.door.lines.malformed) == (["ContactArrived", "CallerHungUp"], 1)


def built(**values: str) -> list[str]:
    known = Known(values={name: (value,) for name, value in values.items()})
    intake = build(
        settings(known=known),
        clock=ManualClock(),
        appender=MemoryLog(),
        partitions=2,
        registry=CollectorRegistry(),
        needs=needs(),
    )
    return [name for name, _ in intake.work]


async def test_the_doors_open_that_the_settings_ask_for() -> None:
    login = {AMI.name: "127.0.0.1:5038", AMI_USER.name: "frontdesk", AMI_SECRET.name: SECRET}
    assert built() == []
    assert built(**login, **{QUEUE_LOG.name: "/var/log/queue_log"}) == ["asterisk-ami", "asterisk-queue-log"]
    with pytest.raises(SettingsError, match=AMI_SECRET.name):
        built(**{AMI.name: "127.0.0.1:5038"})
