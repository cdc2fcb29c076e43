"""Has intake read once more what it could not read when it came: a webhook of an account that no desk had, or that a reader
of an older version did not know.

What was taken of it then is known by its ids, so reading a letter twice does no harm.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterable

import msgspec

from frontdesk.client import Endpoint, IntakeClient, Refused
from frontdesk.v1 import intake_pb2
from services.contract.topics import DEAD_LETTERS
from services.intake.again import DAY_MS, DAYS_MAX
from services.runtime.dead_letters import DeadLetter, Request, read_letter
from services.runtime.log import Log, PositionLost

READ_SECONDS_MAX = 10.0
Place = tuple[int, int]
"""Partition and offset of a letter."""


def why_left(letter: DeadLetter, now_ms: int, *, one_desk: bool) -> str:
    """Why intake is not asked to read it again; "" when it is. Only by reading it is known which desk it is for."""
    if letter.request is None:
        return "deliveries that intake could not read: only their sender can repeat them"
    if len(base64.b64decode(letter.data)) < letter.size_bytes:
        return "deliveries too long for a letter to hold"
    if now_ms - letter.received_at_ms > DAYS_MAX * DAY_MS:
        return f"deliveries older than {DAYS_MAX} days"
    return "deliveries that had no desk; without --desk they are read again" if one_desk else ""


async def read_again(endpoint: Endpoint, log: Log, places: Iterable[Place]) -> int:
    """Prints a line for each, and answers how many could be read whole. Raises NoAnswer when intake is away."""
    whole = 0
    async with IntakeClient(endpoint, deadline_seconds=READ_SECONDS_MAX) as intake:
        for place in places:
            line: dict[str, object] = {}
            try:
                letter = read_letter((await log.read_at(DEAD_LETTERS, *place)).value)
                line = {"source": letter.source, "reason": letter.reason}
                if letter.request is None:
                    continue  # `why_left` names those
                done = await intake.read_again(_asked(letter, letter.request))
            except PositionLost:
                line["refused"] = "the letter has expired meanwhile"
            except Refused as error:
                line["refused"] = error.message
            else:
                whole += not done.problems
                line |= {"facts": len(done.fact_ids), "contact_ids": list(done.contact_ids)}
                if done.problems:
                    line["problems"] = list(done.problems)
            sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
            sys.stdout.flush()
    return whole


def _asked(letter: DeadLetter, request: Request) -> intake_pb2.ReadAgainRequest:
    asked = intake_pb2.ReadAgainRequest(
        path=request.path,
        scheme=request.scheme,
        headers=request.headers,
        body=base64.b64decode(letter.data),
    )
    asked.received_at.FromMilliseconds(letter.received_at_ms)
    return asked
