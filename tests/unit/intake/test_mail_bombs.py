"""Mails that are made to cost much: bounded, in proportion to their length, and never unpacked."""

from __future__ import annotations

import gzip
import time
from base64 import b64encode
from collections.abc import Callable

import pytest

from services.intake.mail.delivery import Envelope, read_mail

HEAD = b"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


def nested(depth: int) -> bytes:
    opening = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number)
        for number in range(depth)
    )
    return HEAD + opening + b"\r\nwords\r\n"


def enclosed(depth: int) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"words"


def parts(count: int) -> bytes:
    part = b"--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n"
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * count + b"--b--\r\n"


def page(markup: bytes) -> Callable[[int], bytes]:
    return lambda count: HEAD + b"Content-Type: text/html\r\n\r\n" + markup * count


def field(value: bytes, name: bytes = b"X-Any") -> Callable[[int], bytes]:
    return lambda count: HEAD + name + b": " + value * count + b"\r\n\r\nwords"


BOMBS: dict[str, Callable[[int], bytes]] = {
    "nested multiparts": nested,
    "enclosed mails": enclosed,
    "parts": parts,
    "headers": lambda count: HEAD + b"X-Any: value\r\n" * count + b"\r\nwords",
    "folded header": lambda count: HEAD + b"X-Any: value\r\n" + b" more\r\n" * count + b"\r\nwords",
    "boundary": lambda count: (
        HEAD + b"Content-Type: multipart/mixed; boundary=" + b"b" * (count * 20) + b"\r\n\r\n--b\r\n\r\nx"
    ),
    "references": field(b"<a@b> ", b"References"),
    "addresses": field(b"a <a@b.example>, ", b"Reply-To"),
    "encoded words": field(b"=?utf-8?b?w6k=?= ", b"Subject"),
    "broken encoded words": field(b"=?utf-8?b?w6k", b"Subject"),
    "parameters": field(b"; a*0*=utf-8''x", b"Content-Type"),
    "status fields": lambda count: (
        HEAD
        + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        + b"Final-Recipient: rfc822; a@b\r\n\r\n" * count
        + b"--b--"
    ),
    "soft breaks": lambda count: (
        HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=\r\n=C3" * count
    ),
    "divisions": page(b"<div>"),
    "quotes": page(b"<blockquote type=cite>x</blockquote>"),
    "borders": page(b'<div style="border-top:solid #E1E1E1 1.0pt">x</div>'),
    "blocks": lambda count: HEAD + b"\r\nwords\r\n" + b"From: a\r\nSent: 1.1.2020 10:10\r\n" * count,
    "openings": lambda count: HEAD + b"\r\nwords\r\n" + b"----- x -----\r\n" * count,
    "mojibake": lambda count: HEAD + b"\r\n" + "Ã¼Â ".encode() * count,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_time_in_proportion_to_its_length(name: str) -> None:
    def took(count: int) -> float:
        data = BOMBS[name](count)
        began = time.thread_time()
        reading = read_mail(Envelope("a@b.example", ("s@acme.example",), data, 1))
        assert not reading.problems
        return time.thread_time() - began

    took(10)
    small, large = min(took(1_000), took(1_000)), min(took(10_000), took(10_000))
    assert large < 60 * max(small, 0.002)
    assert large < 5.0


def test_an_archive_is_counted_and_never_unpacked() -> None:
    """Ten megabytes of nothing in ten kilobytes: the mail's event knows of an attachment, no more."""
    bomb = b64encode(gzip.compress(bytes(10_000_000)))
    data = (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\n"
        b"Content-Type: application/gzip\r\nContent-Encoding: gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + bomb
        + b"\r\n--b--\r\n"
    )
    event = read_mail(Envelope("a@b.example", ("s@acme.example",), data, 1)).events[0]

    assert (event.text, event.attachments) == ("words", 1)
