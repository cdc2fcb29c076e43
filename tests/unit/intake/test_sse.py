"""Server-sent events, in whatever pieces they come; the examples follow WHATWG HTML 9.2.6."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.sse import EventParser, ServerEvent, TooLong

EXAMPLES: list[tuple[bytes, list[tuple[str, bytes]]]] = [
    (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", b"YHOO\n+2\n10")]),
    (b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
     [("message", b"first event"), ("message", b"second event"), ("message", b" third event")]),
    (b"data\n\ndata\ndata\n\ndata:", [("message", b""), ("message", b"\n")]),
    (b"data:test\n\ndata: test\n\n", [("message", b"test"), ("message", b"test")]),
    (b"event: update\ndata: {}\n\n", [("update", b"{}")]),
    (b"event: update\n\ndata: x\n\n", [("message", b"x")]),
    (b"event: a\nevent: b\ndata: x\n\n", [("b", b"x")]),
    (b"data: cut off\n", []),
    (b"data: cut off", []),
    (b"\xef\xbb\xbfdata: marked\n\n", [("message", b"marked")]),
    (b"\xef\xbb\xbf\xef\xbb\xbfdata: twice\n\n", []),
    (b"data: a\r\n\r\ndata: b\r\rdata: c\n\r\n", [("message", b"a"), ("message", b"b"), ("message", b"c")]),
    (b"data: a:b: c\n\n", [("message", b"a:b: c")]),
    (b"Data: case\ndatax: x\n data: y\n\n", []),
    (b":thump\n:\n\n", []),
    (b"data: \xff\n\n", [("message", b"\xff")]),
    (b"", []),
]  # fmt: skip


def parsed(data: bytes, sizes: list[int] | None = None) -> list[ServerEvent]:
    parser, found = EventParser(), []
    for size in sizes or [len(data)]:
        found += parser.feed(data[:size])
        data = data[size:]
    return found + parser.feed(data)


@pytest.mark.parametrize(("data", "expected"), EXAMPLES)
def test_examples_of_the_standard(data: bytes, expected: list[tuple[str, bytes]]) -> None:
    assert [(event.name, event.data) for event in parsed(data)] == expected


@pytest.mark.parametrize(("data", "expected"), EXAMPLES)
def test_byte_by_byte_is_the_same(data: bytes, expected: list[tuple[str, bytes]]) -> None:
    assert [(event.name, event.data) for event in parsed(data, [1] * len(data))] == expected


ALPHABET = st.sampled_from(
    [b"data", b"event", b"id", b"retry", b":", b" ", b"x", b"\n", b"\r", b"\xef\xbb\xbf", b"7"]
)


@given(st.lists(ALPHABET, max_size=60).map(b"".join), st.lists(st.integers(0, 9), max_size=30))
def test_pieces_never_matter(data: bytes, sizes: list[int]) -> None:
    assert parsed(data, sizes) == parsed(data)


def test_id_and_retry_are_remembered() -> None:
    parser = EventParser()
    parser.feed(b"id: 7\nretry: 2500\ndata: x\n\n")
    assert (parser.last_id, parser.retry_ms) == ("7", 2500)
    parser.feed(b"id: with\x00nul\nretry: soon\nretry: -1\n\n")
    assert (parser.last_id, parser.retry_ms) == ("7", 2500)
    parser.feed(b"id: 8\n")
    assert parser.last_id == "7"
    parser.feed(b"\nid\n\n")
    assert parser.last_id == ""


@pytest.mark.parametrize("piece", [b"x", b"data: x\n", b"data\n", b"id: 1\n", b"\xff" * 1000])
def test_event_without_end_is_refused(piece: bytes) -> None:
    parser = EventParser(bytes_max=10_000)
    with pytest.raises(TooLong):
        for _ in range(20_000):
            parser.feed(piece)


def test_comments_go_on_for_ever() -> None:
    parser = EventParser(bytes_max=100)
    for _ in range(1_000):
        assert parser.feed(b":thump\n") == []
    assert parser.feed(b"data: x\n\n") == [ServerEvent("message", b"x")]


def test_time_is_linear_in_a_long_line_of_small_pieces() -> None:
    parser, began = EventParser(), time.thread_time()
    for _ in range(200_000):
        parser.feed(b"data:")
    assert time.thread_time() - began < 5
