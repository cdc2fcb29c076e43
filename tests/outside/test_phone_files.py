"""SIP's torture messages and Asterisk's logs, as files; and each of them cut short or with bytes changed."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from services.intake.asterisk.ami import Framer
from services.intake.asterisk.ami_calls import AmiCalls
from services.intake.asterisk.cdr import CdrReader, besides, calls_of
from services.intake.asterisk.queue_calls import QueueCalls
from services.intake.asterisk.queue_log import Entry, Lines, Ordered, in_order
from services.intake.asterisk.queue_metrics import queue_metrics
from services.intake.canonical import CanonicalEvent, Collector, Known
from services.intake.channels.sip_message import read_message
from services.intake.need.reader import Need
from services.intake.replay import event_line
from services.intake.values import Unreadable
from tests.outside.data import DATA, load, need_data, told
from tests.outside.test_webhook_cases import differences

need_data()
SIP = DATA / "phone/sip"
VALID = {path.stem: path.read_bytes() for path in sorted((SIP / "valid").glob("*.dat"))}
INVALID = {path.stem: path.read_bytes() for path in sorted((SIP / "invalid").glob("*.dat"))}
ASTERISK = DATA / "phone/asterisk"
QUEUE_LOG = (ASTERISK / "queue_log").read_bytes()
TOTALS = load("phone/asterisk/queue_log.expected.json")
RUBBISH = [
    b"",
    b"\x00\xff\xfe",
    b"not a line",
    b"1775203290|1775203290.1000|sales|NONE",
    b"1775203290|1775203290.1000|sales|NONE|ENTERQ",
    b"1775203305|1775203290.1000|sales|NONE|ABANDON|1|4",
    b"1775203305|1775203290.1000|sales|NONE|ABANDON|a|b|c",
    b"|".join([b"x"] * 300),
    b"y" * 30_000,
]
VARIANTS = 30


def harmed(data: bytes, seed: str) -> Iterator[bytes]:
    """The data cut short, with a byte changed, with a part doubled."""
    rng = random.Random(seed)
    for _ in range(VARIANTS):
        place = rng.randrange(len(data))
        yield data[:place]
        changed = bytearray(data)
        changed[place] = rng.randrange(256)
        yield bytes(changed)
        yield data[:place] + data[rng.randrange(len(data)) :]


def start_of(data: bytes) -> str:
    return data.partition(b"\r\n")[0].decode("utf-8", "replace")


@pytest.mark.parametrize("name", VALID)
def test_valid_sip_is_read_without_a_mark(name: str) -> None:
    message = read_message(VALID[name])
    start = start_of(VALID[name])

    assert message.marks == ()
    assert message.call_id.startswith(name) or name in ("mpart01",)
    assert message.caller.uri and message.caller.tag
    if message.status:
        assert start.startswith(f"SIP/2.0 {message.status}")
    else:
        assert start.split(" ")[0] == message.method


def test_invalid_sip_is_refused_or_marked(capsys: pytest.CaptureFixture[str]) -> None:
    refused, marked = [], []
    for name, data in INVALID.items():
        try:
            assert read_message(data).marks, name
            marked.append(name)
        except Unreadable:
            refused.append(name)
    told(
        capsys,
        f"phone/sip: {len(VALID)} valid read; of {len(INVALID)} invalid {len(refused)} refused, {len(marked)} marked.",
    )


@pytest.mark.parametrize("name", [*VALID, *INVALID])
def test_harmed_sip_raises_nothing_but_unreadable(name: str) -> None:
    for data in harmed({**VALID, **INVALID}[name], name):
        try:
            read_message(data)
        except Unreadable:
            continue


def entries(*files: bytes, size: int = 4_096) -> list[Entry]:
    """Entries of files, each read in portions."""
    ordered, found = Ordered(), []
    for data in files:
        lines = Lines()
        read = [one for place in range(0, len(data), size) for one in lines.feed(data[place : place + size])]
        for entry in [*read, *lines.end()]:
            found += ordered.push(entry)
    return found + ordered.flush()


def totals_differ(found: list[Entry]) -> dict[str, object]:
    totals = queue_metrics(found)
    return {
        f"{queue}.{name}": (totals[queue][name], value)
        for queue, wanted in TOTALS.items()
        for name, value in wanted.items()
        if totals[queue][name] != value
    }


def test_queue_totals_are_the_true_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert totals_differ(entries(QUEUE_LOG)) == {}
    count = sum(len(queue) for queue in TOTALS.values())
    told(capsys, f"phone/asterisk: {count} of {count} queue totals equal.")


@pytest.mark.parametrize("seed", range(10))
def test_queue_totals_are_the_same_with_rubbish_and_rotation(seed: int) -> None:
    rng = random.Random(seed)
    lines = QUEUE_LOG.splitlines()
    for _ in range(60):
        lines.insert(rng.randrange(len(lines)), rng.choice(RUBBISH))
    cut = rng.randrange(1, len(lines))
    end = rng.choice([b"\n", b"\r\n"])
    first, second = end.join(lines[:cut]), end.join(lines[cut:]) + end

    assert totals_differ(entries(first, second, size=rng.choice([1, 7, 100_000]))) == {}
    assert totals_differ(entries(QUEUE_LOG, second)) == {}  # copies that overlap


def test_each_call_of_the_log_begins_once_and_ends_once() -> None:
    calls, found = QueueCalls(Known()), Collector()
    for entry in entries(QUEUE_LOG):
        calls.read(entry, found)
    calls.end(found)

    for kind in ("call_queued", "call_ended"):
        ids = [event.contact_ref for event in found.events if event.kind == kind]
        assert (len(ids), len(set(ids))) == (120, 120)


def ami_events(data: bytes) -> list[CanonicalEvent]:
    framer, calls, found = Framer(), AmiCalls(Known(), frozenset({"default"})), Collector()
    for packet in [*framer.feed(data), *framer.feed(b"\r\n\r\n")]:
        calls.read(packet, 1_775_210_400_000, found)
    return found.events


def test_ami_events_are_equal(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = load("phone/asterisk/ami/queue_call_events.expected.json")["events"]
    found = ami_events((ASTERISK / "ami/queue_call_events.txt").read_bytes())
    lines = [event_line("asterisk", event, Need(), 0) for event in found]

    assert [differences(line, one) for line, one in zip(lines, wanted, strict=True)] == [{}] * len(wanted)
    told(capsys, f"phone/asterisk: {len(wanted)} of {len(wanted)} AMI events equal.")


@pytest.mark.parametrize("path", sorted((ASTERISK / "ami").glob("*.txt")), ids=lambda path: path.stem)
def test_harmed_ami_raises_nothing(path: object) -> None:
    data = (ASTERISK / "ami" / str(path)).read_bytes()
    ami_events(data)
    for one in harmed(data[:20_000], str(path)[-20:]):
        ami_events(one)


def test_the_record_of_a_call_that_its_queue_tells_of_counts_once() -> None:
    text = (ASTERISK / "cdr_master.csv").read_text(encoding="utf-8")
    (record,) = CdrReader().read(text.splitlines())

    assert (record.name, record.src) == ('Hans "H" Müller', "+4915112345678")
    assert (record.began_at_ms, record.wait_seconds) == (
        1_775_210_400_000,
        31,
    )  # 12:00 in Berlin is 10:00 UTC
    assert besides(calls_of([record]), {record.uniqueid}) == []


def test_harmed_queue_logs_and_records_raise_nothing() -> None:
    text = (ASTERISK / "cdr_master.csv").read_bytes()
    for data in (*harmed(QUEUE_LOG[:4_000], "log"), *harmed(text, "cdr")):
        calls, found = QueueCalls(Known()), Collector()
        for entry in in_order(entries(data)):
            calls.read(entry, found)
        list(CdrReader().read(data.decode("utf-8", "replace").splitlines()))
