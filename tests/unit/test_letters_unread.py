"""Which deliveries intake is asked to read again, and why the others are left."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from services.cli.letters_again import sort
from services.intake.again import DAYS_MAX
from services.runtime.dead_letters import DATA_BYTES_MAX, DeadLetter, Request
from tests.unit.test_letters_again import NOW_MS, listed

REQUEST = Request(path="/hooks/meta", scheme="hmac-sha256", headers={"content-type": "application/json"})


def letter(body: bytes = b"{}", **changed: Any) -> DeadLetter:
    said = {
        "source": "meta",
        "reason": "unknown_account",
        "detail": "",
        "received_at_ms": NOW_MS - 1_000,
        "size_bytes": len(body),
        "data": base64.b64encode(body[:DATA_BYTES_MAX]).decode(),
        "request": REQUEST,
    }
    return DeadLetter(**{**said, **changed})


async def test_a_whole_request_is_read_again_in_the_order_of_the_log() -> None:
    told = await sort(listed(letter(), letter(reason="reader_failed")), NOW_MS)

    assert told.unread == [(0, 0), (0, 1)]
    assert not told.left
    assert not told.found


@pytest.mark.parametrize(
    ("left", "desk_id", "why"),
    [
        (letter(request=None), "", "only their sender can repeat them"),
        (letter(b"x" * (DATA_BYTES_MAX + 1)), "", "too long for a letter to hold"),
        (letter(received_at_ms=NOW_MS - DAYS_MAX * 86_400_000 - 1), "", "older than 7 days"),
        (letter(), "acme", "without --desk they are read again"),
    ],
    ids=["part", "long", "old", "desk"],
)
async def test_all_else_is_left_with_its_reason(left: DeadLetter, desk_id: str, why: str) -> None:
    told = await sort(listed(left), NOW_MS, desk_id=desk_id)

    assert not told.unread
    ((said, count),) = told.left.items()
    assert why in said
    assert count == 1


async def test_no_more_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.cli.letters_again.LETTERS_MAX", 1)

    told = await sort(listed(letter(), letter()), NOW_MS)

    assert (len(told.unread), told.over) == (1, 1)
