"""What is fuzzed: every function of intake that reads what strangers send, as a function of bytes.

A target may not raise, whatever the bytes are: that is a crash. The engine calls a run that takes longer than
SECONDS_MAX a hang; inputs are at most BYTES_MAX long, so superlinear time shows there.

Providers are read without their signatures (no fuzzer guesses one) through the very way a server takes:
adapter, need, facts and their encoding. What looks at signatures is a target of its own (verifiers.py).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from urllib.parse import urlsplit

from fuzz import verifiers
from services.contract.codec import encode_fact
from services.intake.accounts import Accounts
from services.intake.asterisk.ami import Framer
from services.intake.asterisk.ami_calls import AmiCalls
from services.intake.asterisk.cdr import CdrReader, calls_of
from services.intake.asterisk.cdr import event as call_event
from services.intake.asterisk.queue_calls import QueueCalls
from services.intake.asterisk.queue_log import Lines, in_order
from services.intake.asterisk.queue_metrics import queue_metrics
from services.intake.canonical import CanonicalEvent, Collector, Delivery, Known, Verdict, Wanted
from services.intake.channels import PROVIDERS
from services.intake.channels.adapter import Adapter
from services.intake.channels.sip import event as call_of_message
from services.intake.channels.sip_message import read_message
from services.intake.doors.imap_client import ImapClient, ImapError
from services.intake.identity import caller, mail_address, phone
from services.intake.interpret import Interpreter
from services.intake.mail.charsets import decode
from services.intake.mail.delivery import Envelope, read_mail
from services.intake.mail.headers import mailboxes, message_ids, words
from services.intake.mail.html import html_to_text
from services.intake.mail.newest import newest_words
from services.intake.need.language import Languages
from services.intake.need.reader import NeedReader
from services.intake.replay import delivery_of
from services.intake.settings import LANGUAGES_DEFAULT
from services.intake.sse import EventParser, TooLong
from services.intake.values import NotNow

BYTES_MAX = 64 * 1024
SECONDS_MAX = 5
NOON_MS = 1_775_217_600_000
CASES = Path(__file__).resolve().parents[1].parent / "shared" / "data"
"""Seeds beside the project; without them a target begins with nothing."""
Target = Callable[[bytes], None]
_MESSAGE = CanonicalEvent(channel="social", medium="chat", account="a", provider_event_id="1", kind="message")


class _Fuzzed:
    """Intake for one process; its language model is loaded once."""

    def __init__(self) -> None:
        needs = NeedReader(Languages(LANGUAGES_DEFAULT), time_limit_ms=60_000)
        self.known = Known()
        self.interpreter = Interpreter(self.known, Accounts(default_desk="fuzz"), needs, b"k" * 32)

    def mail(self, data: bytes) -> None:
        reading = read_mail(Envelope("", ("help@acme.example",), data, NOON_MS), LANGUAGES_DEFAULT)
        assert not any(problem.reason == "reader_failed" for problem in reading.problems), reading.problems
        self._stored(self.interpreter.events("smtp", reading, data, NOON_MS).facts)

    def provider(self, adapter: Adapter, path: str) -> Target:
        """The adapter's parser alone, so that what it did not foresee is seen."""

        def read(data: bytes) -> None:
            head, _, rest = data.partition(b"\n")
            body, _, answer = rest.partition(b"\n\n\n")
            kind = "application/x-www-form-urlencoded" if head[:1] == b"f" else head.decode("latin-1").strip()
            delivery = Delivery.of(
                "POST", f"https://desk.example{path}", [("content-type", kind)], body, NOON_MS
            )
            if answer:
                delivery = replace(delivery, fetched=_Answer(answer))
            found = Collector()
            try:
                adapter.parse(delivery, self.known, found)
            except NotNow:  # what it wants was not fetched
                return
            except ValueError as error:
                assert type(error).__name__ == "Unreadable", error
            reading = found.reading(Verdict(True, "fuzz"), adapter.reply(delivery, self.known))
            self._stored(self.interpreter.events(adapter.source, reading, body, NOON_MS).facts)

        return read

    def need(self, data: bytes) -> None:
        event = replace(_MESSAGE, text=data.decode("utf-8", "replace")[:100_000])
        self.interpreter.needs.read(event, "sr")

    @staticmethod
    def _stored(facts: object) -> None:
        for fact in facts:  # type: ignore[attr-defined] # a tuple of facts
            encode_fact(fact)


class _Answer(dict[str, bytes]):
    """What was fetched: the same from every address."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self._answer = answer

    def get(self, url: str, default: object = None) -> bytes:
        del url, default
        return self._answer


@cache
def _fuzzed() -> _Fuzzed:
    return _Fuzzed()


def _html(data: bytes) -> None:
    html_to_text(data.decode("utf-8", "replace"))


def _newest(data: bytes) -> None:
    newest_words(data.decode("utf-8", "replace"))


def _headers(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    words(text)
    mailboxes(text)
    message_ids(text)


def _charsets(data: bytes) -> None:
    name, _, body = data.partition(b"\n")
    decode(body, name.decode("latin-1"), ("sr", "sl"))


def _identity(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for region in ("", "RS", "DE", "IN"):
        phone(text, region)
        caller(text, region)
    mail_address(text)


def _ami(data: bytes) -> None:
    framer, calls, found = Framer(), AmiCalls(Known(), frozenset({"default", "from-trunk"})), Collector()
    for portion in (data[:100], data[100:], b"\r\n\r\n"):
        for packet in framer.feed(portion):
            calls.read(packet, NOON_MS, found)


def _queue_log(data: bytes) -> None:
    lines, calls, found = Lines(), QueueCalls(Known()), Collector()
    entries = list(in_order([*lines.feed(data[:100]), *lines.feed(data[100:]), *lines.end()]))
    for entry in entries:
        calls.read(entry, found)
    calls.end(found)
    queue_metrics(entries)


def _sip(data: bytes) -> None:
    try:
        message = read_message(data)
    except ValueError as error:
        assert type(error).__name__ == "Unreadable", error
        return
    call_of_message(message, "call_started", "", Known(regions={"+4930901820": "DE"}))


def _cdr(data: bytes) -> None:
    for record in calls_of(CdrReader().read(data.decode("utf-8", "replace").splitlines())).values():
        call_event(record, Known())


def _sse(data: bytes) -> None:
    parser, found = EventParser(), Collector()
    for portion in (data[: len(data) // 2], data[len(data) // 2 :]):
        try:
            for event in parser.feed(portion):
                for stream in (stream for one in PROVIDERS for stream in one.streams):
                    _readable(partial(stream.read, event.name, event.data, Known(), found))
        except TooLong:
            return


_MAILBOX = (
    b"+ go\r\nf1 OK\r\n* CAPABILITY IMAP4rev1 IDLE\r\nf2 OK\r\n* OK [UIDVALIDITY 7] x\r\n"
    b"* OK [PERMANENTFLAGS (\\Seen \\*)] x\r\nf3 OK [READ-WRITE] x\r\n* SEARCH 7 8\r\nf4 OK\r\n"
    b"* 1 FETCH (UID 7 BODY[] {4}\r\nmail)\r\nf5 OK\r\n+ idling\r\n* 2 EXISTS\r\nf6 OK\r\n"
)


def _imap(data: bytes) -> None:
    """A server that says these bytes, whatever it is asked."""

    class Deaf:
        def write(self, data: bytes) -> None: ...
        async def drain(self) -> None: ...

    async def talk() -> None:
        reader = asyncio.StreamReader(limit=BYTES_MAX)
        reader.feed_data(data)
        reader.feed_eof()
        client = ImapClient(reader, Deaf(), BYTES_MAX)  # type: ignore[arg-type] # all that it uses of a writer
        try:
            await client.login(b"user", "Passwort ä".encode())
            await client.select("Entwürfe")
            await client.search(b"ALL")
            await client.mail(7)
            await client.idle(60)
        except ImapError:
            return

    asyncio.run(talk())


def _pages(data: bytes) -> None:
    """A page of each provider that is asked, by the first byte."""
    pollers = [poller for one in PROVIDERS for poller in one.pollers]
    poller = pollers[(data[0] if data else 0) % len(pollers)]
    wanted = Wanted("https://api.example/reviews", "fuzz")
    _readable(partial(poller.read, data[1:], wanted, Known(), "", Collector()))


def _readable(read: Callable[[], object]) -> None:
    """What is no document of the provider's is Unreadable, and nothing else is raised."""
    try:
        read()
    except ValueError as error:
        assert type(error).__name__ == "Unreadable", error


_PLAIN: dict[str, tuple[Target, str]] = {
    "html": (_html, "mail/replies/*.html"),
    "newest": (_newest, "mail/replies/*.txt"),
    "headers": (_headers, "mail/threads/*.eml"),
    "charsets": (_charsets, "mail/replies/own-*.txt"),
    "identity": (_identity, "mail/addresses.tsv"),
    "sip": (_sip, "phone/sip/*/*.dat"),
    "asterisk-ami": (_ami, "phone/asterisk/ami/*.txt"),
    "asterisk-queue-log": (_queue_log, "phone/asterisk/queue_log"),
    "asterisk-cdr": (_cdr, "phone/asterisk/*.csv"),
    "sse": (_sse, "webhooks/streams/*.sse"),
    "imap": (_imap, "mail/addresses.tsv"),
    "pages": (_pages, "webhooks/resources/*.json"),
}
"""Parsers that need nothing else, with their seeds below CASES."""


def names() -> list[str]:
    """Every target, in order."""
    return ["mail", "need", "verifiers", *_PLAIN, *(f"provider-{one.name}" for one in PROVIDERS if one.hooks)]


def target(name: str) -> tuple[Target, list[bytes]]:
    """A target and its seeds; raises KeyError for a name that is none."""
    if name in _PLAIN:
        run, pattern = _PLAIN[name]
        return run, [*_seeds(pattern), *([_MAILBOX] if name == "imap" else [])]
    if name == "verifiers":
        return verifiers.verifiers, verifiers.seeds([delivery for _, delivery in recorded()])
    fuzzed = _fuzzed()
    if name == "mail":
        return fuzzed.mail, _seeds("mail/messages/*.eml") + _seeds("mail/bounces/*.eml")
    if name == "need":
        return fuzzed.need, _seeds("mail/replies/own-*.txt")
    provider = {f"provider-{one.name}": one for one in PROVIDERS}[name]
    readers = [fuzzed.provider(adapter, path) for path, adapter in sorted(provider.hooks.items())]
    return _each(readers), recorded_bodies(set(provider.hooks))


def _each(readers: list[Target]) -> Target:
    """One of several by the first byte, so that one corpus serves all paths of a provider."""

    def read(data: bytes) -> None:
        readers[(data[0] if data else 0) % len(readers)](data[1:])

    return read


def recorded_bodies(paths: set[str]) -> list[bytes]:
    """Bodies of recorded deliveries to these paths, in the form that a provider's target reads."""
    found = []
    for path, delivery in recorded():
        if path in paths:
            kind = delivery.headers.get("content-type", "")
            place = sorted(paths).index(path)
            found.append(bytes([place]) + kind.encode() + b"\n" + delivery.body)
    if "/hooks/google" in paths:
        found += [
            one + b"\n\n\n" + answer for one in found for answer in _bodies("webhooks/resources/*.json")
        ]
    return found


def recorded() -> list[tuple[str, Delivery]]:
    """Recorded deliveries with their paths."""
    cases = [
        json.loads(file.read_text("utf-8")) for file in sorted((CASES / "webhooks/cases").glob("*.json"))
    ]
    return [(urlsplit(case["request"]["url"]).path, delivery_of(case["request"], NOON_MS)) for case in cases]


def _bodies(pattern: str) -> list[bytes]:
    """What recorded resources answer."""
    files = [json.loads(path.read_text("utf-8")) for path in sorted(CASES.glob(pattern))]
    return [json.dumps(one["body"]).encode() for one in files if isinstance(one, dict) and "body" in one]


def _seeds(pattern: str) -> list[bytes]:
    return [path.read_bytes()[:BYTES_MAX] for path in sorted(CASES.glob(pattern))]
