"""SIP messages: what can be read, what is refused, and whose call it is."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.contract.facts import CallerHungUp, ContactArrived, NonContactSeen
from services.intake.accounts import Account, Accounts
from services.intake.canonical import CanonicalEvent, Delivery, Known
from services.intake.channels import PATHS
from services.intake.channels.sip import KEYS
from services.intake.channels.sip_message import MESSAGE_BYTES_MAX, read_message
from services.intake.interpret import Interpreter
from services.intake.values import Unreadable
from tests.unit.intake.world import IDENTITY_KEY, NOON_MS, needs

LINE = "+381112345678"
ACCOUNTS = Accounts({LINE: Account("acme", "RS")})
KNOWN = Known(values={KEYS.name: ("sip-key",)}, regions=ACCOUNTS.regions)
HOOK = PATHS["/hooks/sip"]


def sip(
    start: str = f"INVITE sip:{LINE}@desk.example SIP/2.0", /, cseq: str = "1 INVITE", **headers: str
) -> bytes:
    given = {
        "Via": "SIP/2.0/UDP trunk.example;branch=z9hG4bK1",
        "From": "<sip:+381641112223@trunk.example>;tag=a1",
        "To": f"<sip:{LINE}@desk.example>",
        "Call-ID": "call-1",
        "CSeq": cseq,
    }
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [start, *(f"{name}: {value}" for name, value in given.items() if value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def posted(data: bytes, key: str = "sip-key", query: str = "") -> Delivery:
    headers = [("X-Api-Key", key)] if key else []
    return Delivery.of("POST", "https://desk.example/hooks/sip" + query, headers, data, NOON_MS)


def only(data: bytes) -> CanonicalEvent:
    (event,) = HOOK.read(posted(data), KNOWN).events
    return event


def fact(data: bytes) -> Any:
    (one,) = Interpreter(KNOWN, ACCOUNTS, needs(), IDENTITY_KEY).webhook(HOOK, posted(data)).facts
    return one


def test_the_key_counts_in_the_header_and_in_the_url_and_nowhere_else() -> None:
    for delivery, right in (
        (posted(sip()), True),
        (posted(sip(), "", "?key=sip-key"), True),
        (posted(sip(), "", "?key=other"), False),
        (posted(sip(), ""), False),
    ):
        assert HOOK.read(delivery, KNOWN).verdict.signature_valid is right


@pytest.mark.parametrize(
    ("hops", "marks"),
    [
        ("70", ()),
        ("255", ()),
        ("256", ("max_forwards",)),
        ("0", ("no_hops",)),
        ("0" * 5_000, ("no_hops",)),
        ("0" * 5_000 + "70", ()),
        ("9" * 5_000, ("max_forwards",)),
        ("-1", ("max_forwards",)),
        ("seven", ("max_forwards",)),
    ],
)
def test_hops_are_a_number_however_long_it_is_written(hops: str, marks: tuple[str, ...]) -> None:
    assert read_message(sip(Max_Forwards=hops)).marks == marks


def test_a_call_is_one_contact_whichever_side_ends_it() -> None:
    turned = {"From": f"<sip:{LINE}@desk.example>;tag=b2", "To": "<sip:+381641112223@trunk.example>;tag=a1"}
    facts = [
        fact(sip()),
        fact(sip("SIP/2.0 200 OK", To=f"<sip:{LINE}@desk.example>;tag=b2")),
        fact(sip("BYE sip:x@y SIP/2.0", "2 BYE")),
        fact(sip("BYE sip:x@y SIP/2.0", "7 BYE", **turned)),
        fact(sip("CANCEL sip:x@y SIP/2.0", "1 CANCEL")),
    ]
    assert [type(one.body) for one in facts] == [
        ContactArrived,
        NonContactSeen,
        CallerHungUp,
        CallerHungUp,
        CallerHungUp,
    ]
    assert len({one.body.contact_id for one in facts}) == 1
    assert {one.desk_id for one in facts} == {"acme"}


def test_a_forked_invite_is_the_same_fact() -> None:
    forked = sip(Via="SIP/2.0/UDP trunk.example;branch=z9hG4bK2")
    assert fact(sip()).fact_id == fact(forked).fact_id


def test_a_call_of_ours_opens_no_contact() -> None:
    data = sip(From=f"<sip:{LINE}@desk.example>;tag=1", To="<sip:+381641112223@trunk.example>")
    event = only(data)
    assert (event.direction, event.account) == ("outbound", LINE)
    assert event.customer is not None and event.customer.value == "+381641112223"


@pytest.mark.parametrize(
    ("status", "ended"),
    [(486, "busy"), (487, "canceled"), (480, "no-answer"), (603, "declined"), (503, "failed")],
)
def test_a_refused_call_has_ended(status: int, ended: str) -> None:
    assert only(sip(f"SIP/2.0 {status} ")).extras["status"] == ended


@pytest.mark.parametrize(
    ("data", "dropped"),
    [
        (sip(To=f"<sip:{LINE}@desk.example>;tag=b2"), "reinvite"),
        (sip("SIP/2.0 180 Ringing"), "progress"),
        (sip("SIP/2.0 407 Proxy Authentication Required"), "signalling"),
        (sip("SIP/2.0 200 OK", "2 BYE"), "signalling"),
        (sip("OPTIONS sip:x@y SIP/2.0", "1 OPTIONS"), "signalling"),
        (sip("INV%49TE sip:x@y SIP/2.0", "1 INV%49TE"), "signalling"),
    ],
)
def test_what_begins_and_ends_no_call_is_counted(data: bytes, dropped: str) -> None:
    reading = HOOK.read(posted(data), KNOWN)
    assert (reading.events, reading.dropped, reading.problems) == ((), (dropped,), ())


@pytest.mark.parametrize(
    ("headers", "number", "name"),
    [
        (
            {"P_Asserted_Identity": '"Ana" <sip:ana@trunk.example>, <tel:+381641112299>'},
            "+381641112299",
            "Ana",
        ),
        ({"P_Asserted_Identity": "<sip:064%201112299@trunk.example;user=phone>"}, "+381641112223", ""),
        ({"P_Asserted_Identity": "<SIP:0641112299@trunk.example;user=phone>"}, "+381641112299", ""),
        ({"From": '"Ana \\"A\\" Ilić" <tel:+381641112223>;tag=1'}, "+381641112223", 'Ana "A" Ilić'),
        ({"From": "Ana Ilic <sip:+381641112223@h>;tag=1"}, "+381641112223", "Ana Ilic"),
        ({"From": "sip:+381641112223@h;tag=1"}, "+381641112223", ""),
    ],
)
def test_who_calls(headers: dict[str, str], number: str, name: str) -> None:
    customer = only(sip(**headers)).customer
    assert customer is not None and (customer.value, customer.name) == (number, name)


@pytest.mark.parametrize(
    ("party", "number"),
    [
        ('"Ana" <sip:+381641112299@trunk.example>;party=calling;screen=yes;privacy=off', "+381641112299"),
        ("<sip:+381641112299@trunk.example>", "+381641112299"),
        ("<sip:+381641112299@trunk.example>;party=calling;privacy=full", ""),
        ("<sip:+381641112299@trunk.example>;party=called;privacy=off", ""),
        ("<sip:+381641112299@trunk.example>;Party=Called;Privacy=Off", ""),
        ("<sip:+381641112299@trunk.example>;Party=Calling;Privacy=Off", "+381641112299"),
        ('"Ana" <sip:+381641112299@trunk.example>;privacy=name', "+381641112299"),
        ('<sip:+381641112299@trunk.example>;privacy="name,uri"', ""),
    ],
)
def test_an_older_trunk_says_who_calls_in_its_own_header(party: str, number: str) -> None:
    customer = only(sip(From="<sip:anonymous@anonymous.invalid>;tag=1", Remote_Party_ID=party)).customer

    assert customer is not None
    assert customer.value == number
    assert customer.name == ("Ana" if "screen=yes" in party else "")


def test_a_trunk_may_leave_out_the_plus_of_our_line() -> None:
    data = sip(To=f"<sip:{LINE[1:]}@desk.example>", From="<sip:0641112223@trunk.example>;tag=1")
    customer = only(data).customer

    assert fact(data).desk_id == "acme"
    assert customer is not None
    assert customer.value == "+381641112223"


def test_a_withheld_caller_is_nobody() -> None:
    customer = only(sip(From='"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1')).customer
    assert customer is not None and (customer.value, customer.absent_reason) == ("", "anonymous")


def test_compact_and_folded_headers_are_read() -> None:
    data = (
        b"INVITE sip:+381112345678@desk.example SIP/2.0\r\n"
        b"v: SIP  / 2.0\r\n /UDP trunk.example;branch=z9hG4bK1\r\n"
        b'f : "A\\\\B"\r\n\t<sip:+381641112223@h> ;\r\n  tag = a1\r\n'
        b"t: <sip:+381112345678@desk.example>\r\ni:\r\n call-1\r\nCSeq: 0009\r\n  INVITE\r\nl: 2\r\n\r\nokBYE sip:x@y"
    )
    message = read_message(data)
    assert (message.caller.tag, message.caller.name, message.call_id) == ("a1", "A\\B", "call-1")
    assert (message.body, message.branch, message.marks) == (b"ok", "z9hG4bK1", ())


def test_the_second_request_of_a_datagram_is_ignored() -> None:
    both = sip(Content_Length="0") + sip("BYE sip:x@y SIP/2.0", "2 BYE")
    assert (read_message(both).method, read_message(both).body) == ("INVITE", b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\xff\xfe\x00",
        sip("INVITE sip:x@y SIP/3.0"),
        sip("SIP/2.0 4294967301 better"),
        sip(Call_ID="").replace(b"Call-ID: call-1\r\n", b""),
        sip(From='"Ana <sip:a@b>;tag=1'),
        sip()[:-2] + b"Call-ID: call-2\r\n\r\n",
        b"x" * (MESSAGE_BYTES_MAX + 1),
        b"INVITE sip:x@y SIP/2.0\r\n" + b"a: b\r\n" * 600 + b"\r\n",
    ],
)
def test_what_is_no_message_is_a_dead_letter_and_200(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_message(data)
    reading = HOOK.read(posted(data), KNOWN)
    assert (reading.reply.status, [one.reason for one in reading.problems]) == (200, ["unreadable"])


@pytest.mark.parametrize(
    "value",
    [
        "SIP/2.0/UDP h" + "; a  " * 9_000,
        "<" * 20_000,
        '"\\' * 15_000,
        "a" + " " * 30_000,
        "<a>," * 12_000,
        ";=" * 15_000,
    ],
)
def test_hostile_headers_take_linear_time(value: str) -> None:
    for name in ("Via", "From", "To", "Contact", "P_Asserted_Identity", "Accept", "Require"):
        began = time.thread_time()
        HOOK.read(posted(sip(**{name: value})), KNOWN)
        assert time.thread_time() - began < 2.0
