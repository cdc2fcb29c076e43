"""AMI: framing in any portions, and which packets are a call's states."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.contract.facts import CallerHungUp, ContactArrived, Fact, NonContactSeen
from services.intake.accounts import Accounts
from services.intake.asterisk.ami import LINE_BYTES_MAX, PACKET_LINES_MAX, Framer, Packet, action
from services.intake.asterisk.ami_calls import AmiCalls
from services.intake.asterisk.calls import CALLS_MAX, SOURCE
from services.intake.canonical import CanonicalEvent, Collector, Known, ProviderReply, Verdict
from services.intake.interpret import Interpreter
from tests.unit.intake.world import IDENTITY_KEY, NOON_MS, needs

KNOWN = Known(regions={"support": "RS"})


def packet(event: str, uniqueid: str = "100.1", at: float = 0.0, **values: str) -> Packet:
    named = {"Event": event, "Uniqueid": uniqueid, "Linkedid": uniqueid, "Queue": "support", **values}
    if at:
        named["Timestamp"] = f"{NOON_MS / 1000 + at:.6f}"
    return Packet({name.lower(): [value] for name, value in named.items()})


def joined(uniqueid: str = "100.1", at: float = 0.0, number: str = "0641112223") -> Packet:
    return packet("QueueCallerJoin", uniqueid, at, CallerIDNum=number, CallerIDName="Ana")


def read(*packets: Packet, calls: AmiCalls | None = None) -> Collector:
    calls, found = calls or AmiCalls(KNOWN), Collector()
    for one in packets:
        calls.read(one, NOON_MS, found)
    return found


def told(*packets: Packet, **given: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(event.kind, dict(event.extras)) for event in read(*packets, **given).events]


def facts(events: list[CanonicalEvent]) -> list[Fact]:
    found = Collector(events=list(events))
    reading = found.reading(Verdict(True, "ami"), ProviderReply(200))
    interpreter = Interpreter(KNOWN, Accounts({}, "acme"), needs(), IDENTITY_KEY)
    return list(interpreter.events(SOURCE, reading, b"", NOON_MS).facts)


WIRE = (
    b"Asterisk Call Manager/9.0.0\r\nEvent: One\r\nVariable: A=1\r\nVariable: B=2\r\n\r\n"
    b"response: Success\r\nno colon here\r\nEmpty:\r\nMessage: a: b\r\n\r\n\r\nEvent: cut"
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
def test_packets_are_the_same_in_any_portions(size: int) -> None:
    framer, packets = Framer(), []
    for place in range(0, len(WIRE), size):
        packets += framer.feed(WIRE[place : place + size])

    assert framer.banner == "Asterisk Call Manager/9.0.0"
    assert [one.values for one in packets] == [
        {"event": ["One"], "variable": ["A=1", "B=2"]},
        {"response": ["Success"], "empty": [""], "message": ["a: b"]},
    ]


@pytest.mark.parametrize(
    "long",
    [b"A: " + b"x" * (LINE_BYTES_MAX * 3) + b"\r\n", b"A: b\r\n" * (PACKET_LINES_MAX * 2), b"x" * 400_000],
)
def test_a_packet_over_the_bounds_is_skipped_and_its_neighbours_are_not(long: bytes) -> None:
    framer = Framer()
    began = time.thread_time()
    packets = framer.feed(b"Event: a\r\n\r\n")
    for place in range(0, len(long), 100):
        packets += framer.feed(long[place : place + 100])
    packets += framer.feed(b"\r\n\r\nEvent: b\r\n\r\n")

    assert ([one.event for one in packets], framer.skipped) == (["a", "b"], 1)
    assert time.thread_time() - began < 2.0


def test_an_action_carries_no_header_of_its_values() -> None:
    with pytest.raises(ValueError, match="line break"):
        action("Login", Username="a\r\nAction: Originate")


def test_a_call_through_a_queue() -> None:
    found = told(
        joined(at=1),
        packet("QueueCallerLeave"),
        packet("AgentConnect", at=32, HoldTime="31", Interface="PJSIP/201", MemberName="Eva"),
        packet("AgentComplete", at=200, HoldTime="31", TalkTime="168", Reason="caller"),
        packet("Hangup", Cause="16"),
    )
    assert found == [
        ("call_queued", {}),
        ("call_connected", {"wait_s": 31, "agent": "PJSIP/201"}),
        ("call_ended", {"duration_s": 168, "status": "completed"}),
    ]


def test_the_first_state_opens_the_contact_and_the_last_ends_it() -> None:
    found = facts(
        read(joined(), packet("AgentConnect", HoldTime="3"), packet("AgentComplete", TalkTime="9")).events
    )
    assert [type(one.body) for one in found] == [ContactArrived, NonContactSeen, CallerHungUp]
    assert len({one.body.contact_id for one in found}) == 1  # type: ignore[union-attr] # all three have one
    assert isinstance(found[0].body, ContactArrived) and found[0].body.customer is not None
    assert (found[0].body.customer.value, found[0].body.account) == ("+381641112223", "support")


def test_an_abandoned_call_ends_once_though_it_leaves_and_hangs_up_after() -> None:
    abandoned = packet("QueueCallerAbandon", at=44, HoldTime="43", Position="1")
    assert told(joined(at=1), abandoned, packet("QueueCallerLeave"), packet("Hangup", Cause="16")) == [
        ("call_queued", {}),
        ("call_ended", {"wait_s": 43, "status": "abandoned", "abandoned": True}),
    ]


def test_who_leaves_unserved_has_ended_only_by_hanging_up() -> None:
    assert told(joined(), packet("QueueCallerLeave")) == [("call_queued", {})]
    for cause, status in (("16", "hangup"), ("17", "busy"), ("", "hangup")):
        assert told(joined(), packet("QueueCallerLeave"), packet("Hangup", Cause=cause))[1:] == [
            ("call_ended", {"status": status})
        ]


def test_a_second_queue_is_the_same_contact() -> None:
    second = joined()
    second.values["queue"] = ["sales"]
    found = facts(read(joined(), packet("QueueCallerLeave"), second).events)
    assert len({one.fact_id for one in found}) == 1


def test_a_call_that_its_agent_passed_on_goes_on() -> None:
    connected = packet("AgentConnect", HoldTime="3")
    passed = packet("AgentComplete", TalkTime="9", Reason="transfer")
    assert [kind for kind, _ in told(joined(), connected, passed)] == ["call_queued", "call_connected"]
    assert told(joined(), connected, passed, packet("Hangup"))[2:] == [
        ("call_ended", {"status": "completed"})
    ]


def test_a_hangup_before_agent_complete_leaves_the_end_to_it() -> None:
    found = told(joined(), packet("AgentConnect"), packet("Hangup"), packet("AgentComplete", TalkTime="9"))
    assert [kind for kind, _ in found] == ["call_queued", "call_connected", "call_ended"]


def test_the_names_of_older_asterisks_are_known() -> None:
    old = Packet({"event": ["Join"], "queue": ["support"], "uniqueid": ["9.1"], "callerid": ["0641112223"]})
    (event,) = read(old).events
    assert event.customer is not None and event.customer.value == "+381641112223"


@pytest.mark.parametrize("number", ["<unknown>", "", "anonymous", "Restricted"])
def test_a_withheld_caller_is_nobody(number: str) -> None:
    (event,) = read(joined(number=number)).events
    assert event.customer is not None and event.customer.absent_reason == "anonymous"


def test_a_timestamp_counts_and_receipt_without_one() -> None:
    timed, untimed = read(joined(at=1.25)).events + read(joined()).events
    assert (timed.occurred_at_ms, untimed.occurred_at_ms) == (NOON_MS + 1_250, NOON_MS)


def test_after_a_break_who_waits_is_the_same_contact_and_who_is_gone_has_ended() -> None:
    calls = AmiCalls(KNOWN)
    first = read(joined("1.1", at=-60), joined("1.2", at=-50), calls=calls)
    calls.ask_again(NOON_MS)
    again = read(
        packet("QueueEntry", "1.2", CallerIDNum="0641112223", Wait="50"),
        packet("QueueEntry", "1.3", CallerIDNum="0641112224", Wait="7"),
        packet("QueueStatusComplete", ""),
        packet("CoreShowChannel", "1.2"),
        packet("CoreShowChannel", "1.3"),
        packet("CoreShowChannelsComplete", ""),
        calls=calls,
    )
    same, new, gone = again.events
    assert facts([same])[0].fact_id == facts([first.events[1]])[0].fact_id
    assert new.occurred_at_ms == NOON_MS - 7_000
    assert (gone.kind, gone.contact_ref, gone.extras) == ("call_ended", "1.1", {"status": "lost"})


def test_a_call_without_a_queue_counts_in_the_contexts_of_trunks_only() -> None:
    new = packet(
        "Newchannel", "5.1", Context="from-trunk", Exten="+381112345678", CallerIDNum="+381641112223"
    )
    leg = packet("Newchannel", "5.2", Context="from-trunk", Linkedid="5.1")
    answered = packet("DialEnd", "5.1", at=9, DestChannel="PJSIP/201-0018", DialStatus="ANSWER")
    assert told(new, answered, packet("Hangup", "5.1")) == []

    calls = AmiCalls(KNOWN, frozenset({"from-trunk"}))
    assert told(new, leg, answered, packet("Hangup", "5.1", Cause="16"), calls=calls) == [
        ("call_started", {}),
        ("call_connected", {"wait_s": 9, "agent": "PJSIP/201"}),
        ("call_ended", {"status": "completed"}),
    ]


def test_memory_is_bounded() -> None:
    calls = AmiCalls(KNOWN)
    for number in range(CALLS_MAX + 5):
        calls.read(joined(f"1.{number}", number=""), NOON_MS, Collector())
    assert len(calls.calls) == CALLS_MAX


def test_a_packet_without_a_channel_is_counted() -> None:
    found = read(packet("AgentConnect", ""))
    assert (found.events, found.dropped) == ([], ["no_uniqueid"])
